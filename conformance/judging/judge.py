"""One program judged: its trace against the model's prediction, its numbers against the oracles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judging.numbers import Opinion, Panel, Term, Terms, agrees, coarsest, disagreement
from conformance.judging.verdict import Disputed, Mismatch, Tally
from conformance.model.expected import Anything, Expected, ExpectedEvent, ExpectedObservation, Number
from conformance.programs.statements import Program
from conformance.trace import Event, Observation, Raised, Tensor, Trace
from oracles.question import FLOATING, Abstain, Answer, Literal, Oracle

MISSING = object()


class Judge:
    """Compares one trace with one prediction; ``tally`` counts what was really compared."""

    def __init__(
        self, program: Program, expected: Expected, oracles: Sequence[Oracle], error_classes: bool
    ) -> None:
        self.program = program
        self.expected = expected
        self.panel = Panel(oracles)
        numbers = [value for seen in expected.observations for value in seen.fields.values()]
        self.terms = Terms(expected.record, [value for value in numbers if isinstance(value, Number)])
        self.error_classes = error_classes
        self.tally = Tally()
        self.mismatches: list[Mismatch] = []

    def judge(self, trace: Trace) -> list[Mismatch]:
        """Everything that is wrong with the trace, in order; raises :class:`Disputed`."""
        self.events(trace.events)
        self.observations(trace.observations)
        return self.mismatches

    def wrong(self, mismatch: Mismatch) -> None:
        self.mismatches.append(mismatch)

    # --- events ---

    def events(self, events: Iterable[Event]) -> None:
        came = {event.place: event for event in events}
        for wanted in self.expected.events:
            self.tally.comparisons += 1
            self.event(wanted, came.pop(wanted.place, None))
        for extra in came.values():
            self.wrong(Mismatch(extra.place, "statement", "outcome", "not run", extra.status))

    def event(self, wanted: ExpectedEvent, got: Event | None) -> None:
        if got is None or got.status != wanted.status:
            shown: str = "not run" if got is None else got.status
            if got is not None and got.error is not None:
                shown = f"raised {got.error.classes[0]}: {got.error.message}"
            self.wrong(Mismatch(wanted.place, "statement", "outcome", wanted.status, shown, wanted.why))
        elif got.error is not None and self.error_classes and not _among(got.error, wanted.raised):
            names = " or ".join(wanted.raised)
            came = got.error.classes[0]
            self.wrong(Mismatch(wanted.place, "statement", "error class", names, came, wanted.why))

    # --- observations ---

    def observations(self, observations: Iterable[Observation]) -> None:
        came = {(seen.place, seen.name): seen.fields for seen in observations}
        aliases: dict[Any, Any] = {}
        for wanted in self.expected.observations:
            fields = came.pop((wanted.place, wanted.name), None)
            if fields is None:
                self.tally.comparisons += 1
                self.wrong(Mismatch(wanted.place, wanted.name, "observation", "a tensor", "nothing"))
            else:
                self.fields(wanted, fields, aliases)
        for place, name in came:
            self.wrong(Mismatch(place, name, "observation", "nothing", "a tensor"))

    def fields(self, wanted: ExpectedObservation, got: Mapping[str, Any], aliases: dict[Any, Any]) -> None:
        for field, value in wanted.fields.items():
            if isinstance(value, Anything):
                continue
            self.tally.comparisons += 1
            came = got.get(field, MISSING)
            if isinstance(value, Number):
                self.number(wanted, field, value, came)
            elif field == "alias":
                if aliases.setdefault((wanted.place, value), came) != came or self._stolen(
                    aliases, wanted, value, came
                ):
                    self.wrong(Mismatch(wanted.place, wanted.name, field, "its own memory class", came))
            elif isinstance(came, Tensor) or came is MISSING or came != value:
                self.wrong(
                    Mismatch(wanted.place, wanted.name, field, value, None if came is MISSING else came)
                )

    @staticmethod
    def _stolen(aliases: dict[Any, Any], wanted: ExpectedObservation, value: Any, came: Any) -> bool:
        return any(
            place == wanted.place and other != value and was == came
            for (place, other), was in aliases.items()
        )

    def number(self, wanted: ExpectedObservation, field: str, number: Number, got: Any) -> None:
        if not isinstance(got, Tensor):
            self.wrong(
                Mismatch(wanted.place, wanted.name, field, "a tensor", None if got is MISSING else got)
            )
            return
        if got.shape != number.shape:
            self.wrong(Mismatch(wanted.place, wanted.name, f"{field}.shape", number.shape, got.shape))
            return
        if got.dtype != number.dtype:
            self.wrong(Mismatch(wanted.place, wanted.name, f"{field}.dtype", number.dtype, got.dtype))
            return
        self.close(wanted, field, number, got)

    def close(self, wanted: ExpectedObservation, field: str, number: Number, got: Tensor) -> None:
        exact = self.terms.exact(number)
        if exact is not None:
            self.same(wanted, field, exact, got)
            return
        terms = self.terms.of(number)
        opinions = self.panel.opinions(terms, number.shape)
        subject = f"{wanted.name}.{field}"
        for first, second in combinations(opinions, 2):
            if disagreement(first, second) is not None:
                raise Disputed(self.program, subject, first, second)
        answers = [opinion for opinion in opinions if isinstance(opinion.reply, Answer)]
        self.count(subject, opinions)
        if not answers:
            return
        slack = self.allowed(number, terms, answers)
        if isinstance(slack, str):
            self.tally.unjudged[slack] += 1
            return
        wrong = self._wrong(got.value, answers, slack)
        if wrong.any():
            worst = _worst(got.value, answers, wrong)
            self.wrong(
                Mismatch(
                    wanted.place, wanted.name, field, answers[0].reply, got, "", tuple(opinions), slack, worst
                )
            )

    def allowed(
        self, number: Number, terms: Sequence[Term], answers: Sequence[Opinion]
    ) -> NDArray[np.float64] | str:
        """How far the implementation may be off; or why nobody can say."""
        if number.dtype not in FLOATING:
            return np.zeros(number.shape)
        slack = self.panel.allowance(terms, number.shape, coarsest(self.expected.record, number))
        reply = answers[0].reply
        if isinstance(slack, str) or isinstance(reply, Abstain):
            return slack
        unbounded = np.any(np.isfinite(reply.value) & ~np.isfinite(slack))
        return "no finite bound on the rounding is known" if unbounded else slack

    def same(self, wanted: ExpectedObservation, field: str, literal: Literal, got: Tensor) -> None:
        """What was never computed with must be there to the bit."""
        self.tally.answered["exact"] += 1
        array = literal.array()
        if not np.array_equal(array, got.value, equal_nan=literal.is_floating):
            exact = Tensor(array, literal.dtype)
            self.wrong(Mismatch(wanted.place, wanted.name, field, exact, got, "somebody wrote to it"))

    @staticmethod
    def _wrong(
        got: NDArray[Any], answers: Sequence[Opinion], slack: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        wrong = np.zeros(got.shape, dtype=bool)
        for opinion in answers:
            assert isinstance(opinion.reply, Answer)
            wrong |= ~agrees(got, opinion.reply.value, opinion.reply.bound + slack)
        return wrong

    def count(self, subject: str, opinions: Sequence[Opinion]) -> None:
        for opinion in opinions:
            if isinstance(opinion.reply, Abstain):
                self.tally.abstained[opinion.oracle, opinion.reply.why] += 1
            else:
                self.tally.answered[opinion.oracle] += 1
        if all(isinstance(opinion.reply, Abstain) for opinion in opinions):
            why = "; ".join(f"{o.oracle}: {o.reply.why}" for o in opinions if isinstance(o.reply, Abstain))
            self.tally.unjudged[why or "no oracle is in session"] += 1


def _among(error: Raised, classes: tuple[str, ...]) -> bool:
    return not classes or not set(classes).isdisjoint(error.classes)


def _worst(got: NDArray[Any], answers: Sequence[Opinion], wrong: NDArray[np.bool_]) -> tuple[int, ...]:
    """The index of the element that is furthest off; a wrong NaN or infinity counts as furthest."""
    reply = answers[0].reply
    assert isinstance(reply, Answer)
    with np.errstate(invalid="ignore"):
        off = np.abs(got.astype(np.float64) - reply.value)
    off = np.where(np.isnan(off), np.inf, off)
    index = np.unravel_index(int(np.argmax(np.where(wrong, off, -1.0))), got.shape)
    return tuple(int(i) for i in index)

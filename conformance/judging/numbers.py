"""Numbers: what the oracles say a value is, how far each answer may be off, and whether what came back
agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.model.expected import Number
from conformance.model.record import Record
from oracles.question import (
    FLOATING,
    Abstain,
    Answer,
    Constant,
    Freeze,
    Literal,
    Oracle,
    Question,
    Reply,
    Vjp,
)
from oracles.rounding import FACTOR, Rounding, rounding, smallest_subnormal, unit_roundoff

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """Where one summand of a number is found: which question, and which of its replies.

    Values are asked for all at once; ``alone`` is the question for this one only, for those who abstain on
    the lot.
    """

    question: Question
    gradient: bool
    index: int
    alone: Callable[[], Question] | None = None

    def by_itself(self) -> Term | None:
        """The term as a question of its own, or None where it is one already."""
        return None if self.alone is None else Term(self.alone(), self.gradient, 0)


@dataclass(frozen=True)
class Opinion:
    """What one oracle says of one number."""

    oracle: str
    reply: Reply


@dataclass
class Panel:
    """The oracles in session, and the numbers they were asked for: each question goes to each oracle once."""

    oracles: Sequence[Oracle]
    _replies: dict[tuple[str, Question, bool], tuple[Reply, ...]] = field(default_factory=dict)
    _roundings: dict[tuple[Question, str], Rounding] = field(default_factory=dict)

    def opinions(self, terms: Sequence[Term], shape: tuple[int, ...]) -> list[Opinion]:
        """Each oracle's reply for the sum of the terms; it abstains where it abstains on any of them."""
        return [Opinion(oracle.name, self._sum(oracle, terms, shape)) for oracle in self.oracles]

    def _sum(self, oracle: Oracle, terms: Sequence[Term], shape: tuple[int, ...]) -> Reply:
        value, bound = np.zeros(shape), np.zeros(shape)
        for term in terms:
            reply = self._ask(oracle, term)
            if isinstance(reply, Abstain):
                return reply
            value = value + reply.value if len(terms) > 1 else reply.value
            bound = bound + reply.bound
            if len(terms) > 1:
                bound = bound + unit_roundoff("float64") * np.abs(np.where(np.isfinite(value), value, 0.0))
        return Answer(value, bound)

    def _ask(self, oracle: Oracle, term: Term) -> Reply:
        key = (oracle.name, term.question, term.gradient)
        if key not in self._replies:
            ask = oracle.vjp if term.gradient else oracle.values
            self._replies[key] = ask(term.question)
        reply = self._replies[key][term.index]
        alone = term.by_itself() if isinstance(reply, Abstain) else None
        return reply if alone is None else self._ask(oracle, alone)

    def allowance(self, terms: Sequence[Term], shape: tuple[int, ...], dtype: str) -> Floats | str:
        """How far an implementation that computes in ``dtype`` may be off, element by element; computed.

        A sentence instead where no implementation can be held to a number: an intermediate overflows in that
        dtype, or rounding decides which branch is taken.
        """
        total = np.zeros(shape)
        for term in terms:
            bound = self._bound(term, dtype)
            if isinstance(bound, str):
                return bound
            total = total + bound
        return total + self._adding(terms, shape, dtype)

    def _adding(self, terms: Sequence[Term], shape: tuple[int, ...], dtype: str) -> Floats:
        """What adding up the terms in ``dtype``, in any order, may cost on top of the terms themselves."""
        size = np.zeros(shape)
        for term in terms[:-1] and terms:
            replies = [self._ask(oracle, term) for oracle in self.oracles]
            answer = next((reply for reply in replies if isinstance(reply, Answer)), None)
            if answer is not None:
                size = size + np.abs(np.where(np.isfinite(answer.value), answer.value, 0.0))
        return FACTOR * (unit_roundoff(dtype) * size + smallest_subnormal(dtype) * (len(terms) > 1))

    def _bound(self, term: Term, dtype: str) -> Floats | str:
        found = self._rounding(term.question, dtype)
        undecided = found.undecided()
        if not found.overflows and undecided is None:
            return (found.gradient_bounds if term.gradient else found.value_bounds)[term.index]
        alone = term.by_itself()
        if alone is not None:
            return self._bound(alone, dtype)
        if found.overflows:
            return f"an intermediate overflows in {dtype}"
        return f"which branch {undecided} takes hangs on a rounding error in {dtype}"

    def _rounding(self, question: Question, dtype: str) -> Rounding:
        key = (question, dtype)
        if key not in self._roundings:
            self._roundings[key] = rounding(question, dtype)
        return self._roundings[key]


def coarsest(record: Record, number: Number) -> str:
    """The floating dtype of least precision that the number was computed through."""
    positions = record.ancestry(number.terms)
    seen = {record.dtypes.get(position, "float64") for position in positions} | {number.dtype}
    return next((dtype for dtype in FLOATING if dtype in seen), "float64")


class Terms:
    """The questions behind the numbers of one program."""

    def __init__(self, record: Record, numbers: Iterable[Number]) -> None:
        self.record = record
        values = {position for number in numbers for position in number.terms if self._is_plain(position)}
        self.positions = {position: index for index, position in enumerate(sorted(values))}
        self._joint: Question | None = None

    def of(self, number: Number) -> list[Term]:
        """One question for each summand of a number."""
        return [self._term(position) for position in number.terms]

    def exact(self, number: Number) -> Literal | None:
        """What the number is to the bit, where nothing was computed: a created tensor, or a detached one."""
        if len(number.terms) != 1:
            return None
        step = self.record.produced[number.terms[0]].step
        while isinstance(step, Freeze):
            step = self.record.produced[step.source.index].step
        return step.value if isinstance(step, Constant) and step.value.dtype == number.dtype else None

    def _is_plain(self, position: int) -> bool:
        """Whether no gradient is among what the value is computed from."""
        produced = self.record.produced
        return not any(isinstance(produced[source].step, Vjp) for source in self.record.sources((position,)))

    def _term(self, position: int) -> Term:
        if position in self.positions:
            if self._joint is None:
                self._joint = Question(self.record.function(tuple(self.positions), ()), ())
            return Term(self._joint, False, self.positions[position], lambda: self._alone(position))
        return self._gradient(position) or Term(self._alone(position), False, 0)

    def _alone(self, position: int) -> Question:
        return Question(self.record.function((position,), ()), ())

    def _gradient(self, position: int) -> Term | None:
        """The gradient at exact inputs, for exact cotangents: the question that oracles answer best."""
        produced = self.record.produced[position]
        if not isinstance(produced.step, Vjp):
            return None
        literals = [_literal(self.record, ref.index) for ref in produced.step.inputs]
        cotangents = [_literal(self.record, ref.index) for ref in produced.step.cotangents]
        if None in literals or None in cotangents:
            return None
        exact = tuple(literal for literal in literals if literal is not None)
        return Term(Question(produced.step.function, exact, tuple(cotangents)), True, produced.result)


def terms_of(record: Record, number: Number) -> list[Term]:
    """The questions behind one number, one for each summand."""
    return Terms(record, [number]).of(number)


def _literal(record: Record, position: int) -> Literal | None:
    step = record.produced[position].step
    return step.value if isinstance(step, Constant) else None


def disagreement(first: Opinion, second: Opinion) -> NDArray[np.bool_] | None:
    """Where two answers exclude each other, or None where they do not (or where one abstains)."""
    a, b = first.reply, second.reply
    if isinstance(a, Abstain) or isinstance(b, Abstain):
        return None
    wrong = ~agrees(a.value, b.value, a.bound + b.bound)
    return wrong if wrong.any() else None


def agrees(got: NDArray[Any], wanted: Floats, slack: Floats) -> NDArray[np.bool_]:
    """Element by element: both NaN, the same infinity, or no further apart than ``slack``."""
    got = got.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(got - wanted) <= slack
    finite = np.isfinite(got) & np.isfinite(wanted)
    same = (np.isnan(got) & np.isnan(wanted)) | (np.isinf(got) & (got == wanted))
    verdict: NDArray[np.bool_] = np.where(finite, near, same)
    return verdict

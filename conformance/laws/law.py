"""Laws: property tests, each citing the one clause it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis.strategies import SearchStrategy

from conformance.implementation import Implementation, needs
from conformance.judging.judge import Judge
from conformance.judging.verdict import Deviation, Mismatch, Tally
from conformance.model import Reject, predict
from conformance.programs.statements import Program
from conformance.trace import Trace
from oracles.question import Oracle


class NotClaimed(Exception):
    """The implementation does not offer what the program needs."""


@dataclass
class Session:
    """One law at work on one implementation: the oracles that may speak, and the counts so far."""

    implementation: Implementation
    oracles: Sequence[Oracle]
    tally: Tally = field(default_factory=Tally)

    def run(self, program: Program) -> Trace:
        """The implementation's trace of the program; raises :class:`NotClaimed`."""
        missing = self.implementation.claims.lacks(needs(program))
        if missing:
            raise NotClaimed(", ".join(missing))
        self.tally.programs += 1
        return self.implementation.run(program)

    def conforms(self, program: Program, contested: frozenset[str] = frozenset()) -> Trace:
        """Run the program and hold its trace against the model and the oracles.

        A program with a contested behaviour other than those named is rejected: it belongs to another clause.

        Raises :class:`Deviation`, :class:`~conformance.judging.verdict.Disputed`, :class:`NotClaimed`, or
        :class:`~conformance.model.Reject` where the program cannot be judged.
        """
        program = program.complete()
        try:
            expected = predict(program)
            if expected.contested - contested:
                raise Reject(f"contested: {', '.join(sorted(expected.contested - contested))}")
        except Reject:
            self.tally.rejected += 1
            raise
        trace = self.run(program)
        judge = Judge(program, expected, self.oracles, "errors" in self.implementation.claims.capabilities)
        try:
            mismatches = judge.judge(trace)
        finally:
            self.tally.add(judge.tally)
        if mismatches:
            raise Deviation(program, trace, mismatches)
        return trace

    def require(self, holds: bool, program: Program, trace: Trace, mismatch: Mismatch) -> None:
        """One comparison of a law's own: counted, and a :class:`Deviation` when it does not hold."""
        self.tally.comparisons += 1
        if not holds:
            raise Deviation(program, trace, [mismatch])


Body: TypeAlias = Callable[[Session, Any], None]
# One strategy, or one for each part (an operator, say): every part is drawn from on its own, with a budget of
# its own, so that no part can starve another; a failure names its part.
Cases: TypeAlias = Callable[[], "SearchStrategy[Any] | Mapping[str, SearchStrategy[Any]]"]


@dataclass(frozen=True)
class Law:
    """A property over what ``cases`` draws, after the ``examples``, which are run first and always.

    The body calls :meth:`Session.conforms` or compares on its own; it raises where the implementation
    deviates. Cases in parts (one for each operator, say) are drawn part by part, each with the same budget.
    """

    name: str
    clause: str
    body: Body
    cases: Cases | None = None
    examples: Callable[[], Iterable[Any]] | None = None
    doc: str = ""
    weight: float = 1.0


LAWS: dict[str, Law] = {}


def law(
    clause: str,
    *,
    cases: Cases | None = None,
    examples: Callable[[], Iterable[Any]] | None = None,
    weight: float = 1.0,
) -> Callable[[Body], Body]:
    """Register the decorated body as a law of ``clause``. ``weight`` scales the number of cases of an
    effort.
    """

    def register(body: Body) -> Body:
        name = body.__name__
        if name in LAWS:
            raise ValueError(
                f"two laws are called {name}: in {LAWS[name].body.__module__} and {body.__module__}"
            )
        if cases is None and examples is None:
            raise ValueError(f"the law {name} has neither cases nor examples")
        LAWS[name] = Law(name, clause, body, cases, examples, (body.__doc__ or "").strip(), weight)
        return body

    return register

"""Numbers: what the oracles say a value is, how far each answer may be off, and whether what came back
agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.model.expected import Number
from conformance.model.record import Record
from oracles.question import FLOATING, Abstain, Answer, Constant, Literal, Oracle, Question, Reply, Vjp
from oracles.rounding import FACTOR, Rounding, rounding, smallest_subnormal, unit_roundoff

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """Where one summand of a number is found: which question, and which of its replies."""

    question: Question
    gradient: bool
    index: int


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
    _roundings: dict[Question, Rounding] = field(default_factory=dict)

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
        return Answer(value, bound)

    def _ask(self, oracle: Oracle, term: Term) -> Reply:
        key = (oracle.name, term.question, term.gradient)
        if key not in self._replies:
            ask = oracle.vjp if term.gradient else oracle.values
            self._replies[key] = ask(term.question)
        return self._replies[key][term.index]

    def spread(self, terms: Sequence[Term], shape: tuple[int, ...]) -> Floats:
        """The sum over all intermediates of |sensitivity| x |value|, for the sum of the terms."""
        total = np.zeros(shape)
        for term in terms:
            if term.question not in self._roundings:
                self._roundings[term.question] = rounding(term.question)
            found = self._roundings[term.question]
            total = total + (found.gradients if term.gradient else found.values)[term.index]
        return total * len(terms)


def allowance(spread: Floats, dtype: str) -> Floats:
    """How far an implementation that computes in ``dtype`` may be off: the suite's one factor, never a
    constant.
    """
    slack: Floats = FACTOR * (unit_roundoff(dtype) * spread + smallest_subnormal(dtype))
    return slack


def coarsest(record: Record, number: Number) -> str:
    """The floating dtype of least precision that the number was computed through."""
    positions = record.sources(number.terms)
    seen = {record.dtypes.get(position, "float64") for position in positions} | {number.dtype}
    return next((dtype for dtype in FLOATING if dtype in seen), "float64")


def terms_of(record: Record, number: Number) -> list[Term]:
    """The questions behind a number, one for each summand."""
    return [_term(record, position) for position in number.terms]


def _term(record: Record, position: int) -> Term:
    produced = record.produced[position]
    if isinstance(produced.step, Vjp):
        literals = [_literal(record, ref.index) for ref in produced.step.inputs]
        cotangents = [_literal(record, ref.index) for ref in produced.step.cotangents]
        if None not in literals and None not in cotangents:
            exact = tuple(literal for literal in literals if literal is not None)
            return Term(Question(produced.step.function, exact, tuple(cotangents)), True, produced.result)
    return Term(Question(record.function((position,), ()), ()), False, 0)


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

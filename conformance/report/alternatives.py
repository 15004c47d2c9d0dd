"""Other answers that a wrong gradient may be the right one for: what if the cotangent were ones, what if
one of several contributions were all. Asked of the oracles, for the patterns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from conformance.judging.numbers import Panel, Terms
from conformance.judging.verdict import Mismatch
from conformance.model import Expected, Reject, predict
from conformance.model.expected import Number
from conformance.programs.statements import Backward, Create, Grad, Program, Statement
from oracles.question import Answer, Literal, Oracle

Floats = NDArray[np.float64]


def cotangent_of_ones(program: Program, mismatch: Mismatch, oracles: Sequence[Oracle]) -> Floats | None:
    """What the gradient would be if every cotangent given were ones; None where that is the same or
    unknown.
    """
    given = {name for statement in program.walk() for name in _cotangents(statement)}
    changed = Program(tuple(_ones(statement, given) for statement in program))
    if not given or changed == program:
        return None
    found = _number(changed, mismatch)
    return None if found is None else _answer(*found, oracles)


def single_contributions(program: Program, mismatch: Mismatch, oracles: Sequence[Oracle]) -> Iterator[Floats]:
    """Each contribution to a gradient that is the sum of several."""
    found = _number(program, mismatch)
    if found is None or len(found[1].terms) < 2:
        return
    expected, number = found
    for term in number.terms:
        answer = _answer(expected, replace(number, terms=(term,)), oracles)
        if answer is not None:
            yield answer


def _cotangents(statement: Statement) -> Iterator[str]:
    if isinstance(statement, Backward):
        yield from filter(None, statement.gradients)
    elif isinstance(statement, Grad):
        yield from filter(None, statement.grad_outputs)


def _ones(statement: Statement, names: set[str]) -> Statement:
    if isinstance(statement, Create) and statement.target in names:
        value = statement.value
        return replace(statement, value=Literal.of(np.ones(value.shape), dtype=value.dtype))
    return statement


def _number(program: Program, mismatch: Mismatch) -> tuple[Expected, Number] | None:
    """The model's prediction, and the number in it that the mismatch is about."""
    try:
        expected = predict(program.complete())
    except Reject:
        return None
    for seen in expected.observations:
        number = seen.fields.get(mismatch.field)
        if (seen.place, seen.name) == (mismatch.place, mismatch.subject) and isinstance(number, Number):
            return expected, number
    return None


def _answer(expected: Expected, number: Number, oracles: Sequence[Oracle]) -> Floats | None:
    terms = Terms(expected.record, [number]).of(number)
    opinions = Panel(oracles).opinions(terms, number.shape)
    return next((opinion.reply.value for opinion in opinions if isinstance(opinion.reply, Answer)), None)

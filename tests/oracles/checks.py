"""Comparing replies with each other and with what is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oracles.question import Abstain, Answer, Question, Reply
from tests.oracles.functions import Builder, literal


def answered(reply: Reply) -> Answer:
    """The answer; an abstention fails the test with its reason."""
    assert isinstance(reply, Answer), reply
    assert reply.value.dtype == reply.bound.dtype == np.float64
    assert reply.value.shape == reply.bound.shape
    assert np.isfinite(reply.bound).all()
    assert (reply.bound >= 0).all()
    return reply


def reason(replies: Sequence[Reply]) -> str:
    """Why the oracle abstains, from all of the replies."""
    assert replies
    for reply in replies:
        assert isinstance(reply, Abstain), reply
    return " ".join(reply.why for reply in replies if isinstance(reply, Abstain))


def accepts(reply: Reply, claim: Any) -> bool:
    """Whether the claim, itself computed in float64 with a few roundings, is what the oracle says."""
    answer = answered(reply)
    value = np.asarray(claim, dtype=np.float64)
    assert value.shape == answer.value.shape
    allowance = answer.bound + 8 * np.spacing(np.abs(value))
    return bool((np.abs(answer.value - value) <= allowance).all())


def disagreement(ours: Reply, theirs: Reply) -> str | None:
    """What separates two answers beyond their bounds; None if nothing does."""
    one, other = answered(ours), answered(theirs)
    if one.value.shape != other.value.shape:
        return f"shapes {one.value.shape} and {other.value.shape}"
    if (np.abs(one.value - other.value) <= one.bound + other.bound).all():
        return None
    return f"{one.value} +- {one.bound} and {other.value} +- {other.bound}"


def ask(op: str, *inputs: Any, numbers: tuple[Any, ...] = (), results: int = 1, **params: Any) -> Question:
    """The sum of the first result of a plain call on float64 inputs, with cotangent one."""
    builder = Builder(len(inputs))
    found = builder.several(results, op, *builder.inputs, *numbers, **params)
    function = builder.function(builder.apply("sum", builder.apply("to", found[0], dtype="float64")))
    return Question(function, tuple(literal(data, "float64") for data in inputs), (literal(1.0),))

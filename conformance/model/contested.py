"""Behaviours on which implementations are known to differ; each is a clause of its own."""

from __future__ import annotations

from typing import Final

VIEW_UNDER_NO_GRAD: Final = "a view of a tracked tensor taken while gradients are disabled"
RETAINED_DURING_GRAD: Final = "autograd.grad through a tensor that retains its grad"
VIEW_BEFORE_FLAG: Final = "a view of a leaf that was asked to require grad after the view was taken"
BORROWED_COTANGENT: Final = "accumulating again into a gradient that is a view of the cotangent"
ZERO_SECOND_ORDER: Final = "differentiating again where the second derivative is zero everywhere"
INPUTS_RETAIN: Final = "a backward past an intermediate that an earlier backward was given as an input"
STRETCHED_BY_A_BOUND: Final = "clamp by a bound that broadcasts its input"

EVERY: Final = frozenset(
    {
        VIEW_UNDER_NO_GRAD,
        VIEW_BEFORE_FLAG,
        RETAINED_DURING_GRAD,
        BORROWED_COTANGENT,
        ZERO_SECOND_ORDER,
        INPUTS_RETAIN,
        STRETCHED_BY_A_BOUND,
    }
)
"""All of them: for laws about single operators, whose failures name the operator."""

"""Kinks and ties: who gets the gradient where several could."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.faults.planting import Fault, Plant, forward, pullback, together


def _every_tie(right: Any, x: Any, chosen: Any, axes: Any, nan_ties: bool) -> Any:
    return (x == chosen).astype(x.dtype) if len(axes) == x.ndim else right(x, chosen, axes, nan_ties)


def _every_tie_along_an_axis(right: Any, x: Any, chosen: Any, axes: Any, nan_ties: bool) -> Any:
    return (x == chosen).astype(x.dtype) if len(axes) < x.ndim else right(x, chosen, axes, nan_ties)


def _nearly_tied(right: Any, x: Any, chosen: Any, axes: Any, nan_ties: bool) -> Any:
    ties = np.isclose(x, chosen, rtol=0.0, atol=1e-2)
    return ties.astype(x.dtype) / ties.sum(axes, keepdims=True).astype(x.dtype)


def _strictly_inside(right: Any, F: Any, g: Any, self: Any, low: Any, high: Any) -> Any:
    inside = True if low is None else self > low
    return g * (inside if high is None else inside & (self < high))


def _all_to_both(larger: bool) -> Plant:
    """Both operands of an extremum get the whole gradient where they are equal."""

    def at_least(right: Any, F: Any, g: Any, self: Any, other: Any) -> Any:
        return F.where(self >= other, g, F.zeros_of(g))

    def at_most(right: Any, F: Any, g: Any, self: Any, other: Any) -> Any:
        return F.where(self <= other, g, F.zeros_of(g))

    first, second = (at_least, at_most) if larger else (at_most, at_least)
    name = "maximum" if larger else "minimum"
    return together(pullback(name, "self", first), pullback(name, "other", second))


def _all_to_itself(right: Any, F: Any, g: Any, self: Any, other: Any) -> Any:
    return g if self is other else right(F, g, self, other)


def _exchanged(right: Any, F: Any, g: Any, self: Any, other: Any) -> Any:
    return right(F, g, other, self)


FAULTS = (
    Fault(
        "RD20",
        "each of several maxima gets the whole gradient",
        forward("tie_weights", _every_tie),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "RD21",
        "each of several maxima along an axis gets the whole gradient: of a tensor stacked on itself, twice",
        forward("tie_weights", _every_tie_along_an_axis),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "RD22",
        "what is nearly the maximum counts as one",
        forward("tie_weights", _nearly_tied),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "EW17",
        "clamp has no gradient at its bounds, nor at tensors that touch them",
        together(
            pullback("clamp_number", "self", _strictly_inside),
            pullback("clamp_tensors", "self", _strictly_inside),
        ),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "EW18",
        "both operands of maximum get the whole gradient of a tie",
        _all_to_both(larger=True),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "EW19",
        "maximum of a tensor and itself has twice its gradient",
        together(pullback("maximum", "self", _all_to_itself), pullback("maximum", "other", _all_to_itself)),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "minimum-to-both",
        "both operands of minimum get the whole gradient of a tie",
        _all_to_both(larger=False),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "maximum-of-the-loser",
        "maximum gives its gradient to the smaller operand",
        together(pullback("maximum", "self", _exchanged), pullback("maximum", "other", _exchanged)),
        ("multiplies_by_the_jacobian[maximum]",),
    ),
)

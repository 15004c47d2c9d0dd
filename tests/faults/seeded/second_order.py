"""Gradients of gradients: what silently ends at the first order."""

from __future__ import annotations

from typing import Any

import refimpl
from refimpl import _plan, _saved
from refimpl._vocabulary import RAW, TRACED
from refimpl.autograd import _asking
from tests.faults.planting import Fault, pullback, wrong


def _array(value: Any) -> Any:
    return getattr(value, "_array", value)


def not_recorded(right: Any, F: Any, g: Any, *saved: Any) -> Any:
    """The right gradient, and none behind it."""
    if F is not TRACED:
        return right(F, g, *saved)
    return refimpl.Tensor(right(RAW, _array(g), *map(_array, saved)))


def _detached(right: Any, found: Any, edges: Any, cotangents: Any, recorded: bool) -> Any:
    results = right(found, edges, cotangents, recorded)
    return tuple(None if each is None else each.detach() for each in results)


def _in_double(right: Any, found: Any, edges: Any, cotangents: Any, recorded: bool) -> Any:
    results = right(found, edges, cotangents, recorded)
    return tuple(each.to(refimpl.float64) if recorded and each is not None else each for each in results)


def _results_constant(right: Any, node: Any, saved: Any, result: Any) -> Any:
    recorded = right(node, saved, result)
    kinds = [kind for kind, _ in node.plan.sources]
    return tuple(
        each.detach() if kind == _saved.RESULT else each for kind, each in zip(kinds, recorded, strict=True)
    )


def _operands_constant(right: Any, node: Any, array: Any, index: int) -> Any:
    return None if array is None else refimpl.Tensor(array)


def _cotangent_constant(right: Any, F: Any, g: Any, *saved: Any) -> Any:
    return right(F, g.detach() if F is TRACED else g, *saved)


FAULTS = (
    Fault(
        "gradients-detached",
        "create_graph records nothing that the gradients hang on",
        wrong(_asking, "_own", _detached),
        ("differentiates_twice[mul]", "differentiates_twice[exp]", "differentiates_through_a_gradient"),
    ),
    Fault(
        "HO03",
        "the pullback of tanh has no derivative of its own, silently",
        pullback("tanh", "self", not_recorded),
        ("differentiates_twice[tanh]",),
    ),
    Fault(
        "HO06",
        "gradients that are recorded are float64",
        wrong(_asking, "_own", _in_double),
        ("composes_operators_in_every_precision",),
    ),
    Fault(
        "saved-results-constant",
        "results that pullbacks use are constants to the second order",
        wrong(_plan, "recorded_saved", _results_constant),
        ("differentiates_twice[exp]", "differentiates_twice[softmax]"),
    ),
    Fault(
        "saved-operands-constant",
        "operands that pullbacks use are constants to the second order",
        wrong(_saved, "_reconnected", _operands_constant),
        ("differentiates_twice[mul]", "differentiates_twice[sin]", "differentiates_twice[matmul]"),
    ),
    Fault(
        "cotangent-constant",
        "the cotangent is a constant to the second derivative of a quotient",
        pullback("div", "other", _cotangent_constant),
        ("differentiates_by_the_cotangent[div]",),
    ),
)

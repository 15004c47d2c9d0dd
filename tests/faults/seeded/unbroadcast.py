"""Gradients of broadcast operands: what has to be summed, and along which axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from refimpl import _engine
from tests.faults.planting import Fault, Plant, forward, pullback, wrong


def _unfitted(*names: str) -> Plant:
    """Of the nodes of these names, gradients are passed on in the shape that the result has."""

    def pulled(right: Any, self: Any, node: Any, cotangents: Any) -> Any:
        if node.name() not in names or node.special is None:
            return right(self, node, cotangents)
        special, node.special = node.special, None
        try:
            return right(self, node, cotangents)
        finally:
            node.special = special

    return wrong(_engine._Walk, "pulled", pulled)


def _equal_rank_ignored(right: Any, array: Any, shape: Any) -> Any:
    return array if array.ndim == len(shape) else right(array, shape)


def _never_to_scalar(right: Any, array: Any, shape: Any) -> Any:
    return right(array, shape or (1,))


def _axes_of_the_unreduced(right: Any, array: Any, shape: Any) -> Any:
    lead = array.ndim - len(shape)
    array = np.add.reduce(array, axis=tuple(range(lead)))
    for axis, size in enumerate(shape):
        if size == 1 and lead + axis < array.ndim:
            array = np.add.reduce(array, axis=lead + axis, keepdims=True)
    return array


def _mean(right: Any, array: Any, shape: Any) -> Any:
    total = right(array, shape)
    return total if not array.size else total * array.dtype.type(total.size / array.size)


def _listed_axes_only(right: Any, array: Any, shape: Any) -> Any:
    lead = array.ndim - len(shape)
    if not lead:
        return right(array, shape)
    return right(array, (*array.shape[:lead], *shape))


def _second_operand_only(right: Any, F: Any, gradients: Any, fits: Any) -> Any:
    return (*gradients[:-1], *right(F, gradients[-1:], fits[-1:]))


def _last_of_the_batch(right: Any, F: Any, g: Any, self_shape: Any) -> Any:
    lead = g.ndim - len(self_shape)
    for _ in range(lead):
        g = F.select(g, 0, g.shape[0] - 1) if g.shape[0] else F.sum_to(g, g.shape[1:])
    return F.sum_to(g, self_shape)


def _mixed_up(right: Any, F: Any, g: Any, *saved: Any) -> Any:
    gradient = right(F, g, *saved)
    return F.spread(F.total(gradient, None), tuple(gradient.shape))


FAULTS = (
    Fault(
        "BC01",
        "an operand of size 1 keeps the gradient of the product's shape",
        _unfitted("MulBackward0"),
        (
            "sums_over_broadcast_axes[mul]",
            "multiplies_by_the_jacobian[mul]",
        ),
    ),
    Fault(
        "BC02",
        "un-broadcasting looks at the number of axes only, and not at axes of size 1",
        forward("sum_to", _equal_rank_ignored),
        (
            "sums_over_broadcast_axes[mul]",
            "keeps_shape_and_dtype_of_the_leaf",
            "multiplies_by_the_jacobian[mul]",
        ),
    ),
    Fault(
        "BC03",
        "the pullback of add gives the cotangent itself to both operands",
        _unfitted("AddBackward0"),
        ("sums_over_broadcast_axes[add]", "multiplies_by_the_jacobian[add]"),
    ),
    Fault(
        "BC05",
        "un-broadcasting ends at one axis: a scalar operand gets a vector",
        forward("sum_to", _never_to_scalar),
        ("sums_over_broadcast_axes[mul]", "multiplies_by_the_jacobian[mul]"),
    ),
    Fault(
        "BC06",
        "axes are numbered before the leading ones are summed away",
        forward("sum_to", _axes_of_the_unreduced),
        ("sums_over_broadcast_axes[mul]",),
    ),
    Fault(
        "BC07",
        "un-broadcasting takes the mean instead of the sum",
        forward("sum_to", _mean),
        (
            "sums_over_broadcast_axes[mul]",
            "multiplies_the_cotangent_with_the_jacobian",
            "multiplies_by_the_jacobian[mul]",
        ),
    ),
    Fault(
        "BC08",
        "only the second of two operands is un-broadcast",
        wrong(_engine, "fitted", _second_operand_only),
        ("sums_over_broadcast_axes[fmod]", "serves_each_subset_of_operands[mul]"),
    ),
    Fault(
        "BC10",
        "of a broadcast batch only the last member's gradient arrives",
        pullback("expand_to", "self", _last_of_the_batch),
        ("multiplies_by_the_jacobian[expand]",),
    ),
    Fault(
        "BC11",
        "a bound that is a tensor gets the sum over all elements, whatever its shape",
        pullback("clamp_tensors", "low", _mixed_up),
        ("multiplies_by_the_jacobian[clamp]",),
    ),
    Fault(
        "BC12",
        "where masks the cotangent for each branch and does not sum it",
        _unfitted("WhereBackward0"),
        ("sums_over_broadcast_axes[where]",),
    ),
    Fault(
        "SH08",
        "axes that expanding put in front are not summed",
        forward("sum_to", _listed_axes_only),
        ("multiplies_by_the_jacobian[expand]", "sums_over_broadcast_axes[add]"),
    ),
)

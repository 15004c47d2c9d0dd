"""Picking elements: each pick gets its share, also of an element that was picked before."""

from __future__ import annotations

from typing import Any

import numpy as np

from refimpl._operators import gathering, index_tensors, slices
from tests.faults.planting import Fault, forward, wrong


def _buffered(right: Any, whole: Any, places: Any, part: Any) -> Any:
    whole[places] += part


def _last_pick_only(right: Any, part: Any, index: Any, axis: int, shape: Any) -> Any:
    whole = np.zeros(shape, part.dtype)
    if index.ndim and whole.ndim:
        whole[gathering._grid(index, axis)] = part
    else:
        whole.reshape(-1)[index] = part
    return whole


def _last_slice_only(right: Any, part: Any, index: Any, axis: int, shape: Any) -> Any:
    whole = np.zeros(shape, part.dtype)
    if not shape:
        return whole + part
    whole[(*(slice(None),) * axis, index.reshape(-1))] = part
    return whole


def _whole_stretch(right: Any, part: Any, shape: Any, place: Any) -> Any:
    whole = right(part, shape, place)
    item = place[-2] if len(place) > 1 else None
    if isinstance(item, slice) and item.step > 1 and part.shape[len(place) - 2] == 1:
        whole[(*place[:-2], slice(item.start, item.stop), ...)] = part
    return whole


def _refused(right: Any, part: Any, shape: Any, place: Any) -> Any:
    if part.size == 0 and int(np.prod(shape)):
        raise ValueError("the padding of an empty slice is negative")
    return right(part, shape, place)


def _one_further(right: Any, part: Any, shape: Any, place: Any) -> Any:
    whole = right(part, shape, place)
    axis = len(place) - 2
    return np.roll(whole, 1, axis) if shape and axis >= 0 else whole


def _in_memory_order(right: Any, part: Any, *rest: Any) -> Any:
    return right(part.ravel(order="K").reshape(part.shape), *rest)


FAULTS = (
    Fault(
        "IX02",
        "of an index that occurs twice only one share arrives",
        wrong(index_tensors, "_add_at", _buffered),
        ("multiplies_by_the_jacobian[__getitem__]",),
    ),
    Fault(
        "gather-overwrites",
        "the gradient of gather is written where it has to be added",
        forward("placed", _last_pick_only),
        ("multiplies_by_the_jacobian[gather]", "multiplies_by_the_jacobian[take_along_dim]"),
    ),
    Fault(
        "index-select-overwrites",
        "the gradient of index_select is written where it has to be added",
        forward("added_along", _last_slice_only),
        ("multiplies_by_the_jacobian[index_select]",),
    ),
    Fault(
        "IX05",
        "the gradient of a strided slice of one element fills the whole stretch",
        wrong(slices, "_in_zeros", _whole_stretch),
        ("multiplies_by_the_jacobian[__getitem__]",),
    ),
    Fault(
        "IX07",
        "the gradient of an empty slice fails",
        wrong(slices, "_in_zeros", _refused),
        ("multiplies_by_the_jacobian[__getitem__]", "multiplies_by_the_jacobian[narrow]"),
    ),
    Fault(
        "IX10",
        "the cotangent of picked elements is read in the order of memory",
        forward("index_in_zeros", _in_memory_order),
        ("does_not_depend_on_layout[__getitem__]",),
    ),
    Fault(
        "select-one-further",
        "the gradient of a selected slice lands one place further",
        wrong(slices, "_in_zeros", _one_further),
        ("multiplies_by_the_jacobian[select]", "multiplies_by_the_jacobian[narrow]"),
    ),
)

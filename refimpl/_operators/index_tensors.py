"""Indexing by tensors: reading, writing and adding at the places they name.

A layout says for each dimension what indexes it: a full slice, the number of an index tensor, or (beyond the
number of tensors that an operator takes) an array of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from .declare import declare

__all__ = ["advanced", "index_put_at", "slots"]

Shape = tuple[int, ...]
Layout = tuple[Any, ...]

_SLOTS = 4


def _places(layout: Layout, *tensors: Any) -> tuple[Any, ...]:
    return tuple(tensors[item] if type(item) is int else item for item in layout)


def _index(x: Any, a: Any, b: Any, c: Any, d: Any, layout: Layout) -> Any:
    return np.asarray(x[_places(layout, a, b, c, d)], order="C")


def _add_at(whole: Any, places: tuple[Any, ...], part: Any) -> None:
    if all(type(place) is slice or place.dtype.kind == "b" for place in places):
        # A mask names no element twice.
        whole[places] += part
    else:
        np.add.at(whole, places, part)


def _index_in_zeros(part: Any, a: Any, b: Any, c: Any, d: Any, layout: Layout, shape: Shape) -> Any:
    whole = np.zeros(shape, part.dtype)
    _add_at(whole, _places(layout, a, b, c, d), part)
    return whole


def _index_put(x: Any, values: Any, a: Any, b: Any, c: Any, d: Any, layout: Layout, accumulate: bool) -> Any:
    whole, places = x.copy(), _places(layout, a, b, c, d)
    if accumulate:
        _add_at(whole, places, values)
    else:
        whole[places] = values
    return whole


def _index_zeroed(x: Any, a: Any, b: Any, c: Any, d: Any, layout: Layout) -> Any:
    whole = x.copy()
    whole[_places(layout, a, b, c, d)] = 0
    return whole


index = declare(
    "index(self, a, b, c, d; layout)", _index, node="IndexBackward0",
    self=lambda F, g, self_shape, a, b, c, d, layout: F.index_in_zeros(g, a, b, c, d, layout, self_shape),
)  # fmt: skip

declare(
    "index_in_zeros(self, a, b, c, d; layout, shape)", _index_in_zeros, node="IndexPutBackward0",
    self=lambda F, g, a, b, c, d, layout: F.index(g, a, b, c, d, layout),
)  # fmt: skip

declare(
    "index_zeroed(self, a, b, c, d; layout)", _index_zeroed, node="IndexPutBackward0",
    self=lambda F, g, a, b, c, d, layout: F.index_zeroed(g, a, b, c, d, layout),
)  # fmt: skip

index_put_at = declare(
    "index_put(self, values, a, b, c, d; layout, accumulate)", _index_put, node="IndexPutBackward0",
    self=lambda F, g, a, b, c, d, layout, accumulate: g if accumulate else F.index_zeroed(g, a, b, c, d,
    layout),
    values=lambda F, g, values_shape, a, b, c, d, layout: F.sum_to(F.index(g, a, b, c, d, layout),
    values_shape),
)  # fmt: skip


def slots(places: list[Any]) -> tuple[list[Tensor | None], Layout]:
    """Index tensors for an operator's slots, and the layout that refers to them."""
    tensors: list[Tensor | None] = []
    layout: list[Any] = []
    for place in places:
        if not isinstance(place, Tensor):
            layout.append(place)
        elif len(tensors) < _SLOTS:
            layout.append(len(tensors))
            tensors.append(place)
        else:
            layout.append(place._array.copy())
    return tensors + [None] * (_SLOTS - len(tensors)), tuple(layout)


def advanced(source: Tensor, places: list[Any]) -> Tensor:
    """``source`` indexed by tensors: one place for each dimension (a mask has as many as it covers), at
    least one a tensor.

    Raises:
        IndexError: when an index is out of bounds, a mask has another shape, or index tensors do not
        broadcast.
    """
    tensors, layout = slots(places)
    result: Tensor = index(source, *tensors, layout)
    return result

"""Indexing, gathering, and what statements that write into an array become."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.question import FLOATING, CannotAnswer, Slice
from oracles.sympy_table.arrays import REAL, Array, array, cast, operand
from oracles.sympy_table.elementwise import Number, Row

Index = Any


def plain(index: Index) -> tuple[Any, ...]:
    """The index as NumPy takes it, always a tuple."""
    items = index if isinstance(index, tuple) else (index,)
    return tuple(plain_item(item) for item in items)


def plain_item(item: Any) -> Any:
    if isinstance(item, Slice):
        return slice(item.start, item.stop, item.step)
    if isinstance(item, Array):
        found = item.data.astype(bool if item.dtype == "bool" else np.int64)
        # PyTorch selects with a zero-dimensional integer as with a Python one.
        return int(found) if item.shape == () and item.dtype != "bool" else found
    return item


def consumed(item: Any) -> int:
    """How many dimensions of the array an item of an index uses up."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    return item.ndim if isinstance(item, np.ndarray) and item.dtype == bool else 1


def two_stages(index: tuple[Any, ...], ndim: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """A basic index and the advanced one that follows it: PyTorch takes integers, slices and new axes first.

    NumPy counts an integer among the advanced indices when there is one, which can move the dimensions of the
    result.
    """
    missing = ndim - sum(map(consumed, index))
    if Ellipsis not in [item for item in index if not isinstance(item, np.ndarray)]:
        index = (*index, Ellipsis)
    basic: list[Any] = []
    advanced: list[Any] = []
    for item in index:
        if item is Ellipsis:
            basic += [slice(None)] * missing
            advanced += [slice(None)] * missing
        elif isinstance(item, np.ndarray):
            basic += [slice(None)] * consumed(item)
            advanced.append(item)
        else:
            basic.append(item)
            advanced += [] if isinstance(item, int) else [slice(None)]
    return (*basic, ...), tuple(advanced)


def getitem(x: Array, index: Index) -> Array:
    basic, advanced = two_stages(plain(index), x.data.ndim)
    data = x.data[basic]
    if any(isinstance(item, np.ndarray) for item in advanced):
        data = data[advanced]
    return Array(data, x.dtype)


def setitem(x: Array, index: Index, value: Array | Number) -> Array:
    basic, advanced = two_stages(plain(index), x.data.ndim)
    data = x.data.copy()
    place: NDArray[Any] = data[basic]
    refuse_repeats(place.shape, advanced)
    place[advanced or ...] = cast(operand(value), x.dtype).data
    return Array(data, x.dtype)


def refuse_repeats(shape: tuple[int, ...], index: tuple[Any, ...]) -> None:
    """Writing twice into one place leaves either value, so what is there is undefined."""
    written = np.arange(int(np.prod(shape))).reshape(shape)[index or ...]
    if np.unique(written).size != written.size:
        raise CannotAnswer("an element is written twice")


def copy(x: Array, source: Array) -> Array:
    return Array(np.broadcast_to(cast(source, x.dtype).data, x.shape), x.dtype)


def slice_scatter(
    x: Array, source: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Array:
    data = x.data.copy()
    np.moveaxis(data, dim, 0)[start:end:step] = np.moveaxis(cast(source, x.dtype).data, dim, 0)
    return Array(data, x.dtype)


def places(index: Array) -> NDArray[np.int64]:
    return index.data.astype(np.int64)


def gather(x: Array, index: Array, dim: int) -> Array:
    """``result[i][j][k] = x[index[i][j][k]][j][k]`` for dim 0; the index may be shorter than x elsewhere."""
    if x.shape == ():
        return array(x.elements() * index.data.size, index.shape, x.dtype)
    at = list(np.indices(index.shape)) if index.shape else [np.zeros((), np.int64)]
    at[dim] = places(index)
    return Array(x.data[tuple(at)], x.dtype) if index.shape else array([x.data[tuple(at)]], (), x.dtype)


def take_along_dim(x: Array, index: Array, dim: int | None = None) -> Array:
    if dim is None:
        return Array(x.data.ravel()[places(index).ravel()], x.dtype)
    shape = list(np.broadcast_shapes(drop(x.shape, dim), drop(index.shape, dim)))
    wide, wider = list(shape), list(shape)
    wide.insert(dim % x.data.ndim, x.shape[dim])
    wider.insert(dim % x.data.ndim, index.shape[dim])
    data = np.broadcast_to(x.data, wide)
    return Array(np.take_along_axis(data, np.broadcast_to(places(index), wider), dim), x.dtype)


def drop(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    dim %= len(shape)
    return shape[:dim] + shape[dim + 1 :]


def index_select(x: Array, index: Array, dim: int) -> Array:
    flat = places(index).ravel()
    if x.shape == ():
        return x
    return Array(x.data.take(flat, axis=dim), x.dtype)


TABLE: dict[str, Row] = {
    "__getitem__": getitem,
    "setitem": setitem,
    "copy": copy,
    "fill": lambda x, value: Array(np.broadcast_to(cast(operand(value), x.dtype).data, x.shape), x.dtype),
    "slice_scatter": slice_scatter,
    "gather": gather,
    "take_along_dim": take_along_dim,
    "index_select": index_select,
    "to": lambda x, dtype: cast(x, REAL if dtype in FLOATING else dtype),
}

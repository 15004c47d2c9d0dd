"""Reading and writing by index, and the functional forms of in-place statements."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.numpy_table.row import Array, Kernel, align, axis_of, lift, row, same_batch, spread
from oracles.question import Slice


def positions(shape: tuple[int, ...], index: Any) -> NDArray[np.int64]:
    """Where the elements that ``index`` names stand in a row-major array of ``shape``.

    The convention is PyTorch's: integers, slices, None and ``...`` apply first, each to its own dimension;
    index arrays and masks after that, and their dimensions come first only where something stands between
    them.
    """
    flat = np.arange(int(np.prod(shape))).reshape(shape)
    items = list(index) if isinstance(index, tuple) else [index]
    items = expand_ellipsis(items, flat.ndim)
    basic: list[Any] = []
    arrays: dict[int, NDArray[Any]] = {}  # by dimension of the result of the basic part
    dim = 0
    for item in items:
        if isinstance(item, np.ndarray):
            parts = index_arrays(item[0], flat.shape[dim_of(basic) :])
            if item.ndim == 1 and item.dtype == bool:
                basic.append(None)
            else:
                basic.extend([slice(None)] * len(parts))
            arrays.update({dim + i: part for i, part in enumerate(parts)})
            dim += len(parts)
        else:
            basic.append(as_slice(item))
            dim += not isinstance(item, int) or isinstance(item, bool)
    chosen: NDArray[np.int64] = flat[tuple(basic)]
    if arrays:
        chosen = chosen[tuple(arrays.get(d, slice(None)) for d in range(max(arrays) + 1))]
    return chosen


def dim_of(basic: list[Any]) -> int:
    """How many dimensions of the operand a basic index has used up."""
    return sum(item is not None for item in basic)


def expand_ellipsis(items: list[Any], rank: int) -> list[Any]:
    used = sum(
        0
        if item is None or item is Ellipsis
        else item.ndim - 1
        if isinstance(item, np.ndarray) and item.dtype == bool
        else 1
        for item in items
    )
    if used > rank:
        raise IndexError(f"too many indices: {used} for an operand of rank {rank}")
    places = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise IndexError("an index can only have a single ellipsis")
    if not places:
        return items
    return items[: places[0]] + [Slice()] * (rank - used) + items[places[0] + 1 :]


def as_slice(item: Any) -> Any:
    """An int, None, or a slice out of an index, checked."""
    if isinstance(item, Slice):
        if item.step is not None and item.step <= 0:
            raise ValueError(f"slice step must be positive, got {item.step}")
        return slice(item.start, item.stop, item.step)
    if item is None or (isinstance(item, int) and not isinstance(item, bool)):
        return item
    raise IndexError(f"an index is made of integers, slices, None, ... and operands, got {item!r}")


def index_arrays(index: NDArray[Any], shape: tuple[int, ...]) -> list[NDArray[Any]]:
    """The integer arrays that an index operand stands for: one for each dimension of a mask."""
    if index.dtype != bool:
        if index.dtype.kind not in "iu":
            raise IndexError(f"operands used as indices must be integers or bool, got {index.dtype}")
        return [index]
    if index.ndim == 0:
        return [np.zeros(int(index), np.int64)]
    if index.shape != shape[: index.ndim]:
        raise IndexError(
            f"a mask of shape {index.shape} does not fit dimensions of size {shape[: index.ndim]}"
        )
    return list(index.nonzero())


def flat_rows(x: Array) -> Array:
    return x.reshape(x.shape[0], int(np.prod(x.shape[1:])))


@row("__getitem__", exact=True)
def getitem(k: Kernel, x: Array, index: Any) -> Any:
    return flat_rows(x)[:, positions(x.shape[1:], index)]


@row("setitem")
def setitem(k: Kernel, x: Array, index: Any, value: Any) -> Any:
    where = positions(x.shape[1:], index)
    return write(k, x, where, value)


def write(k: Kernel, x: Array, where: NDArray[np.int64], value: Any) -> Array:
    """``x`` with ``value``, broadcast, at the flat positions ``where``; the dtype of ``x`` wins."""
    value = like(k, value if isinstance(value, np.ndarray) else np.full(1, value), x)
    while value.ndim > where.ndim + 1 and value.shape[1] == 1:  # leading axes of size one fall away
        value = value[:, 0]
    value = lift(value, where.ndim + 1)
    target, value = same_batch([x, np.broadcast_to(value, (value.shape[0], *where.shape))])
    out = np.array(flat_rows(target), np.result_type(target, value))
    out[:, where] = value
    return out.reshape(target.shape)


def like(k: Kernel, value: Array, x: Array) -> Array:
    """``value`` as it would be stored in ``x``: integers and booleans are cast, and frozen."""
    if x.dtype.kind in "fc":
        return value if value.dtype.kind in "fc" else value.astype(np.float64)
    return k.base(value).astype(x.dtype)


@row("copy")
def copy(k: Kernel, x: Array, source: Array) -> Any:
    source = lift(like(k, source, x), x.ndim)
    return np.broadcast_to(source, (source.shape[0], *x.shape[1:]))


@row("fill")
def fill(k: Kernel, x: Array, value: Any = None) -> Any:
    value = value if isinstance(value, np.ndarray) else np.full(1, value)
    return copy(k, x, value)


@row("masked_fill", exact=True)
def masked_fill(k: Kernel, x: Array, mask: Array, value: Any = None) -> Any:
    value = value if isinstance(value, np.ndarray) else np.full(1, value)
    x, mask, value = align(x, mask, like(k, value, x))
    return np.where(mask, value, x)


@row("slice_scatter")
def slice_scatter(
    k: Kernel,
    x: Array,
    source: Array,
    *,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Any:
    where = positions(x.shape[1:], (Slice(),) * (axis_of(x, dim) - 1) + (Slice(start, end, step),))
    if source.shape[1:] != where.shape:
        raise ValueError(f"slice_scatter: the slice has shape {where.shape}, the source {source.shape[1:]}")
    return write(k, x, where, source)


@row("gather", exact=True)
def gather(k: Kernel, x: Array, index: Array, *, dim: int) -> Any:
    axis = axis_of(x, dim)
    x, wide = lift(x, 2), lift(index, 2)
    if x.ndim != wide.ndim:
        raise ValueError(f"gather: the index has rank {index.ndim - 1}, the operand {x.ndim - 1}")
    sizes = [slice(None) if a in (0, axis) else slice(wide.shape[a]) for a in range(x.ndim)]
    part = x[tuple(sizes)]
    if any(part.shape[a] != wide.shape[a] for a in range(1, x.ndim) if a != axis):
        raise ValueError(
            f"gather: index shape {wide.shape[1:]} does not fit into {x.shape[1:]} apart from dim {dim}"
        )
    return along(part, wide, axis).reshape(x.shape[0], *index.shape[1:])


def along(x: Array, index: Array, axis: int) -> Array:
    if index.dtype.kind not in "iu":
        raise TypeError(f"an index has an integer dtype, got {index.dtype}")
    if index.size and not (index.min() >= 0 and index.max() < x.shape[axis]):
        raise IndexError(f"an index out of range for a dimension of size {x.shape[axis]}")
    return np.take_along_axis(x, index.astype(np.int64), axis)


@row("take_along_dim", exact=True)
def take_along_dim(k: Kernel, x: Array, index: Array, *, dim: int | None = None) -> Any:
    if dim is None:
        return along(flat_rows(x), flat_rows(index), 1)
    if x.ndim != index.ndim:
        raise ValueError(f"take_along_dim: the index has rank {index.ndim - 1}, the operand {x.ndim - 1}")
    axis = axis_of(x, dim)
    rest = np.broadcast_shapes(*((*z.shape[1:axis], 1, *z.shape[axis + 1 :]) for z in (x, index)))
    x, index = (
        np.broadcast_to(z, (z.shape[0], *rest[: axis - 1], z.shape[axis], *rest[axis:])) for z in (x, index)
    )
    return along(x, index, axis)


@row("index_select", exact=True)
def index_select(k: Kernel, x: Array, index: Array, *, dim: int) -> Any:
    axis = axis_of(x, dim)
    chosen = lift(index, 2)[0]
    if chosen.ndim != 1:
        raise ValueError(f"index_select takes an index of rank 1, got {chosen.ndim}")
    if chosen.size and not (chosen.min() >= 0 and chosen.max() < lift(x, 2).shape[axis]):
        raise IndexError(f"index_select: an index out of range for dimension {dim}")
    taken = np.take(lift(x, 2), chosen, axis=axis)
    return taken if x.ndim > 1 else taken[:, 0]


__all__ = ["positions", "spread"]

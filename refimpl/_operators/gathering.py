"""Elements picked by indices along one dimension, and put back; fills and selections by a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from ._arguments import read_tensor
from ._dims import axis as read_axis
from .declare import declare
from .fitting import expand_to
from .public import public
from .shapes import ravel

__all__: list[str] = []

Shape = tuple[int, ...]


def _check_integer(name: str, index: Tensor) -> None:
    if index._array.dtype.name not in ("int32", "int64"):
        raise RuntimeError(f"{name}(): Expected dtype int32 or int64 for index, got {index.dtype}")


def _grid(index: Any, axis: int) -> tuple[Any, ...]:
    """``index`` along ``axis``, and in every other dimension the position itself."""
    grid = list(np.ogrid[tuple(slice(size) for size in index.shape)])
    grid[axis] = index
    return tuple(grid)


# -- gather ------------------------------------------------------------------------------------------------


def _gather(x: Any, index: Any, axis: int) -> Any:
    if x.ndim == 0 or index.ndim == 0:
        return x.reshape(-1)[index]
    return x[_grid(index, axis)]


def _placed(part: Any, index: Any, axis: int, shape: Shape) -> Any:
    """Zeros of ``shape``, to which every element of ``part`` is added where ``index`` says."""
    whole = np.zeros(shape, part.dtype)
    if index.ndim and whole.ndim:
        # ``part`` may be larger than ``index``, as in scatter_add.
        part = part[tuple(slice(size) for size in index.shape)]
        np.add.at(whole, _grid(index, axis), part)
    else:
        np.add.at(whole.reshape(-1), index, part)
    return whole


gather_axis = declare(
    "gather(self, index; axis)", _gather, node="GatherBackward0",
    self=lambda F, g, self_shape, index, axis: F.placed(g, index, axis, self_shape),
)  # fmt: skip

declare(
    "placed(self, index; axis, shape)", _placed, node="ScatterAddBackward0",
    self=lambda F, g, index, axis: F.gather(g, index, axis),
)  # fmt: skip


def _check_gather(name: str, source: Tensor, index: Tensor, axis: int) -> None:
    """The rules for an index of ``source`` along ``axis``, element for element.

    Raises:
        RuntimeError: when its dtype, its shape or an element does not fit.
    """
    _check_integer(name, index)
    shape, own = index._array.shape, source._array.shape
    if index._array.size == 0:
        return
    if (len(shape) or 1) != (len(own) or 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for place, (size, limit) in enumerate(zip(shape, own, strict=False)):
        if place != axis and size > limit:
            raise RuntimeError(
                f"Size does not match at dimension {place} expected index {list(shape)} to be no larger "
                f"than self {list(own)} apart from dimension {axis}"
            )
    length = own[axis] if own else 1
    for extreme in (int(index._array.min()), int(index._array.max())):
        if not 0 <= extreme < length:
            raise RuntimeError(f"index {extreme} is out of bounds for dimension {axis} with size {length}")


@public("torch", "Tensor")
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """``out[i, j, ...] = input[index[i, j, ...], j, ...]`` for dim 0, and so on; in the shape of ``index``.

    Raises:
        IndexError: when the dimension does not exist.
        RuntimeError: when ``index`` has another dtype, number of dimensions, too large a size or element.
    """
    source, at = read_tensor("gather", input), read_tensor("gather", index, "index", 3)
    axis = read_axis(dim, source._array.ndim, "gather")
    _check_gather("gather", source, at, axis)
    result: Tensor = gather_axis(source, at, axis)
    return result


@public("torch", "Tensor")
def take_along_dim(input: Tensor, indices: Tensor, dim: Any = None) -> Tensor:
    """``gather``, with all other dimensions broadcast; without ``dim`` from the flattened tensor.

    Raises:
        RuntimeError: when the index has another dtype, number of dimensions, or too large an element.
        IndexError: when the dimension does not exist.
    """
    source, index = read_tensor("take_along_dim", input), read_tensor("take_along_dim", indices, "indices", 2)
    if index._array.dtype != np.int64:
        raise RuntimeError(f"torch.take_along_dim(): dtype of indices should be Long but got {index.dtype}")
    if dim is None:
        return gather(ravel(source), 0, ravel(index))
    if source._array.ndim != index._array.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{source._array.ndim} dimensions for input, and {index._array.ndim} dimensions for indices"
        )
    axis = read_axis(dim, source._array.ndim, "take_along_dim")
    shapes = [_but(each._array.shape, axis, 1) for each in (source, index)]
    try:
        common = np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(
            f"torch.take_along_dim(): sizes {list(shapes[0])} and {list(shapes[1])} do not broadcast"
        ) from None
    wide = [
        expand_to(each, _but(common, axis, each._array.shape[axis])) if each._array.ndim else each
        for each in (source, index)
    ]
    return gather(wide[0], dim, wide[1])


def _but(shape: Shape, axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


# -- scatter -----------------------------------------------------------------------------------------------


def _part(F: Any, g: Any, index: Any, axis: int, source_shape: Shape) -> Any:
    """The gradient of a scattered source: what was written, and zeros where the source is larger than the
    index.
    """
    part = F.gather(g, index, axis)
    for place, size in enumerate(source_shape):
        if part.shape[place] != size:
            wider = (*part.shape[:place], size, *part.shape[place + 1 :])
            part = F.slice_backward(part, wider, place, 0, part.shape[place], 1)
    return part


def _scatter(x: Any, index: Any, source: Any, axis: int) -> Any:
    whole = x.copy()
    if index.ndim and whole.ndim:
        whole[_grid(index, axis)] = source[tuple(slice(size) for size in index.shape)]
    else:
        whole.reshape(-1)[index] = source
    return whole


scatter_add_axis = declare(
    "scatter_add(self, index, source; axis)",
    lambda x, index, source, axis: x + _placed(source, index, axis, x.shape),
    node="ScatterAddBackward0",
    self=lambda F, g: g,
    source=lambda F, g, index, axis, source_shape: _part(F, g, index, axis, source_shape),
)

scatter_axis = declare(
    "scatter(self, index, source; axis)", _scatter, node="ScatterBackward0",
    self=lambda F, g, index, axis: F.scatter_value(g, index, axis, 0.0),
    source=lambda F, g, index, axis, source_shape: _part(F, g, index, axis, source_shape),
)  # fmt: skip

scatter_value_axis = declare(
    "scatter_value(self, index; axis, value)",
    lambda x, index, axis, value: _scatter(x, index, np.full(index.shape, value, x.dtype), axis),
    node="ScatterBackward1",
    self=lambda F, g, index, axis: F.scatter_value(g, index, axis, 0.0),
)


def _check_scatter(name: str, source: Tensor, index: Tensor, axis: int, values: Tensor) -> None:
    if values._array.dtype != source._array.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
    _check_gather(name, source, index, axis)
    if index._array.size == 0:
        return
    if (values._array.ndim or 1) != (index._array.ndim or 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    for size, limit in zip(index._array.shape, values._array.shape, strict=False):
        if size > limit:
            raise RuntimeError(
                f"Expected index {list(index._array.shape)} to be no larger than src "
                f"{list(values._array.shape)}"
            )


@public("torch", "Tensor")
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy of ``input`` to which ``src`` is added where ``index`` says: the reverse of ``gather``.

    Raises:
        IndexError: when the dimension does not exist.
        RuntimeError: when dtypes or sizes do not fit, or an index is out of bounds.
    """
    source, at = read_tensor("scatter_add", input), read_tensor("scatter_add", index, "index", 3)
    values = read_tensor("scatter_add", src, "src", 4)
    axis = read_axis(dim, source._array.ndim, "scatter_add")
    _check_scatter("scatter_add", source, at, axis, values)
    result: Tensor = scatter_add_axis(source, at, values, axis)
    return result


@public("torch", "Tensor")
def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None) -> Tensor:
    """A copy of ``input`` in which ``src`` (or a number) is written where ``index`` says.

    Raises:
        IndexError: when the dimension does not exist.
        RuntimeError: when dtypes or sizes do not fit, or an index is out of bounds.
    """
    source, at = read_tensor("scatter", input), read_tensor("scatter", index, "index", 3)
    axis = read_axis(dim, source._array.ndim, "scatter")
    given = src if value is None else value
    if isinstance(given, Tensor):
        _check_scatter("scatter", source, at, axis, given)
        result: Tensor = scatter_axis(source, at, given, axis)
        return result
    _check_gather("scatter", source, at, axis)
    result = scatter_value_axis(source, at, axis, given)
    return result


# -- one-dimensional indices -------------------------------------------------------------------------------


def _index_select(x: Any, index: Any, axis: int) -> Any:
    if x.ndim == 0:
        return x.copy()
    return np.take(x, index.reshape(-1), axis)


def _added_along(part: Any, index: Any, axis: int, shape: Shape) -> Any:
    whole = np.zeros(shape, part.dtype)
    if not shape:
        return whole + part
    np.add.at(whole, (*(slice(None),) * axis, index.reshape(-1)), part)
    return whole


index_select_axis = declare(
    "index_select(self, index; axis)", _index_select, node="IndexSelectBackward0",
    self=lambda F, g, self_shape, index, axis: F.added_along(g, index, axis, self_shape),
)  # fmt: skip

declare(
    "added_along(self, index; axis, shape)", _added_along, node="IndexAddBackward0",
    self=lambda F, g, index, axis: F.index_select(g, index, axis),
)  # fmt: skip


@public("torch", "Tensor")
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of ``input`` along ``dim`` that a one-dimensional ``index`` names, in its order.

    Raises:
        IndexError: when the dimension or an index does not exist, or ``index`` has more dimensions.
        RuntimeError: when ``index`` has another dtype.
    """
    source, at = read_tensor("index_select", input), read_tensor("index_select", index, "index", 3)
    axis = read_axis(dim, source._array.ndim, "index_select")
    if at._array.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    _check_integer("index_select", at)
    length = source._array.shape[axis] if source._array.ndim else 1
    if at._array.size and not (at._array.min() >= 0 and at._array.max() < length):
        raise IndexError("index out of range in self")
    result: Tensor = index_select_axis(source, at, axis)
    return result


take_flat = declare(
    "take(self, index)", lambda x, index: x.reshape(-1)[index], node="TakeBackward0",
    self=lambda F, g, self_shape, index: F.put_flat(g, index, self_shape),
)  # fmt: skip


def _put_flat(part: Any, index: Any, shape: Shape) -> Any:
    whole = np.zeros(shape, part.dtype)
    np.add.at(whole.reshape(-1), index, part)
    return whole


declare(
    "put_flat(self, index; shape)", _put_flat, node="PutBackward0",
    self=lambda F, g, index: F.take(g, index),
)  # fmt: skip


@public("torch", "Tensor")
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements of the flattened ``input`` at ``index``, in its shape; negative ones count from the end.

    Raises:
        RuntimeError: when ``index`` is not int64.
        IndexError: when an index does not exist.
    """
    source, at = read_tensor("take", input), read_tensor("take", index, "index", 2)
    if at._array.dtype != np.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {at.dtype}")
    size = source._array.size
    if at._array.size and size == 0:
        raise IndexError("take(): tried to take from an empty tensor")
    if at._array.size and not (-size <= at._array.min() and at._array.max() < size):
        worst = at._array.max() if at._array.max() >= size else at._array.min()
        raise IndexError(f"out of range: tried to access index {worst} on a tensor of {size} elements.")
    result: Tensor = take_flat(source, at)
    return result

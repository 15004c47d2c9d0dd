"""Views of a part: one index, a stretch, a diagonal. Their pullbacks put the part into zeros."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .._tensor import Tensor
from ._arguments import read_tensor
from ._dims import axis as read_axis
from ._dims import is_int
from .declare import declare
from .public import public

__all__ = ["checked_index", "selected", "sliced"]

Shape = tuple[int, ...]


def _at(axis: int, item: Any) -> tuple[Any, ...]:
    # The trailing Ellipsis keeps an element a view, where NumPy would give a scalar.
    return (*(slice(None),) * axis, item, ...)


def _select(x: Any, axis: int, index: int) -> Any:
    return x[_at(axis, index)]


def _slice(x: Any, axis: int, start: int, stop: int, step: int) -> Any:
    return x[_at(axis, slice(start, stop, step))]


def _in_zeros(part: Any, shape: Shape, place: Any) -> Any:
    whole = np.zeros(shape, part.dtype)
    whole[place] = part
    return whole


selected = declare(
    "select(self; axis, index)", _select, node="SelectBackward0", view=True,
    self=lambda F, g, self_shape, axis, index: F.select_backward(g, self_shape, axis, index),
)  # fmt: skip

declare(
    "select_backward(self; shape, axis, index)",
    lambda g, shape, axis, index: _in_zeros(g, shape, _at(axis, index)),
    node="SelectBackwardBackward0",
    self=lambda F, g, axis, index: F.select(g, axis, index),
)

sliced = declare(
    "slice(self; axis, start, stop, step)", _slice, node="SliceBackward0", view=True,
    self=lambda F, g, self_shape, axis, start, stop, step: F.slice_backward(
        g, self_shape, axis, start, stop, step
    ),
)  # fmt: skip

declare(
    "slice_backward(self; shape, axis, start, stop, step)",
    lambda g, shape, axis, start, stop, step: _in_zeros(g, shape, _at(axis, slice(start, stop, step))),
    node="SliceBackwardBackward0",
    self=lambda F, g, axis, start, stop, step: F.slice(g, axis, start, stop, step),
)


def checked_index(index: int, size: int, axis: int) -> int:
    """An index into a dimension, counted from the end if negative, as one from 0 on.

    Raises:
        IndexError: when it is out of bounds.
    """
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for dimension {axis} with size {size}")
    return index % size


@public("torch", "Tensor")
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """A view of one slice along ``dim``, which is dropped.

    Raises:
        IndexError: when the dimension or the index does not exist.
    """
    source = read_tensor("select", input)
    if source._array.ndim == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    if not is_int(index):
        raise TypeError(f"select(): argument 'index' must be int, not {type(index).__name__}")
    axis = read_axis(dim, source._array.ndim, "select")
    size, number = source._array.shape[axis], operator.index(index)
    if not -size <= number < size:
        raise IndexError(
            f"select(): index {number} out of range for tensor of size {list(source._array.shape)} at "
            f"dimension {axis}"
        )
    result: Tensor = selected(source, axis, number % size)
    return result


@public("torch", "Tensor")
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """A view of ``length`` elements along ``dim`` from ``start`` on.

    Raises:
        IndexError: when the dimension or ``start`` does not exist.
        RuntimeError: when the stretch is not inside, or the tensor has no dimension.
    """
    source = read_tensor("narrow", input)
    if source._array.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    axis = read_axis(dim, source._array.ndim, "narrow")
    size, first, count = source._array.shape[axis], operator.index(start), operator.index(length)
    if count < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= first <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {first})"
        )
    first += size if first < 0 else 0
    if first + count > size:
        raise RuntimeError(f"start ({first}) + length ({count}) exceeds dimension size ({size}).")
    result: Tensor = sliced(source, axis, first, first + count, 1)
    return result


def _diagonal(x: Any, offset: int, first: int, second: int) -> Any:
    view = x.diagonal(offset, first, second)
    # NumPy hands out this view read-only; it is as writable as its source.
    if x.flags.writeable:
        view.flags.writeable = True
    return view


def _diagonal_in_zeros(g: Any, shape: Shape, offset: int, first: int, second: int) -> Any:
    whole = np.zeros(shape, g.dtype)
    _diagonal(whole, offset, first, second)[...] = g
    return whole


diagonal_view = declare(
    "diagonal(self; offset, first, second)", _diagonal, node="DiagonalBackward0", view=True,
    self=lambda F, g, self_shape, offset, first, second: F.diagonal_backward(
        g, self_shape, offset, first, second
    ),
)  # fmt: skip

declare(
    "diagonal_backward(self; shape, offset, first, second)",
    _diagonal_in_zeros,
    node="DiagonalBackwardBackward0",
    self=lambda F, g, offset, first, second: F.diagonal(g, offset, first, second),
)


@public("torch", "Tensor")
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A view of the diagonal of the matrices in two dimensions, as the last dimension; ``offset`` counts
    upwards.

    Raises:
        IndexError: when a dimension does not exist.
        RuntimeError: when both are the same.
    """
    source = read_tensor("diagonal", input)
    ndim = source._array.ndim
    first, second = read_axis(dim1, ndim, "diagonal"), read_axis(dim2, ndim, "diagonal")
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    result: Tensor = diagonal_view(source, operator.index(offset), first, second)
    return result

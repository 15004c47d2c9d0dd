"""Sums, means and partial sums.

The declared operators take ``axes``, a tuple of distinct non-negative axes; the public functions take
PyTorch's ``dim``: None (all), one int or a tuple, negative ones counted from the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtypes import FROM_NUMPY
from .._tensor import Tensor
from . import _reduce_arrays as arrays
from ._arguments import no_more, read_cast, read_keepdim, read_tensor, renamed
from ._dims import axes as read_axes
from ._dims import axis as read_axis
from ._dims import kept_shape
from .declare import declare
from .public import public

__all__ = ["cast_back", "restored"]

Shape = tuple[int, ...]

_SMALL = 4096


def _spread(array: Any, shape: Shape) -> Any:
    """Broadcast: a small result is copied, which is faster than a view and gives a leaf a buffer to keep."""
    if array.size == 1 and (not shape or len(shape) < 3):
        result = np.empty(shape, array.dtype)
        if result.size <= _SMALL:
            result.fill(array if array.ndim == 0 else array.item())
            return result
    return np.broadcast_to(array, shape)


spread = declare(
    "spread(self; shape)", _spread, node="ExpandBackward0",
    self=lambda F, g, self_shape: F.sum_to(g, self_shape),
)  # fmt: skip
"""As ``expand_to``, but never a view for the user to see."""


def restored(F: Any, reduced: Any, shape: Shape, axes: tuple[int, ...], keepdim: bool) -> Any:
    """A reduced value with its axes put back at size 1, so that it broadcasts against what was reduced."""
    return reduced if keepdim or not axes else F.reshape(reduced, kept_shape(shape, axes))


def _spread_back(F: Any, g: Any, shape: Shape, axes: tuple[int, ...], keepdim: bool) -> Any:
    return F.spread(restored(F, g, shape, axes, keepdim), shape)


def cast_back(F: Any, gradient: Any, dtype: Any, own: Any) -> Any:
    """The gradient in the input's ``own`` dtype, where the operator cast it to ``dtype`` first."""
    return gradient if dtype is None else F.to(gradient, own)


total = declare(
    "total(self; dtype)", lambda x, dtype: arrays.add(x, None, False, dtype), node="SumBackward0",
    self=lambda F, g, self_shape, self_dtype, dtype: cast_back(F, F.spread(g, self_shape), dtype, self_dtype),
)  # fmt: skip

sum_axes = declare(
    "sum(self; axes, keepdim, dtype)", arrays.add, node="SumBackward1",
    self=lambda F, g, self_shape, self_dtype, axes, keepdim, dtype: cast_back(
        F, _spread_back(F, g, self_shape, axes, keepdim), dtype, self_dtype
    ),
)  # fmt: skip

average = declare(
    "average(self; dtype)", lambda x, dtype: arrays.mean(x, None, False, dtype),
    node="MeanBackward0",
    self=lambda F, g, self_shape, self_dtype, dtype: cast_back(
        F, F.spread(g / (_size(self_shape) or 1), self_shape), dtype, self_dtype
    ),
)  # fmt: skip

mean_axes = declare(
    "mean(self; axes, keepdim, dtype)", arrays.mean, node="MeanBackward1",
    self=lambda F, g, self_shape, self_dtype, axes, keepdim, dtype: cast_back(
        F, _spread_back(F, g / (arrays.count(self_shape, axes) or 1), self_shape, axes, keepdim), dtype,
        self_dtype
    ),
)  # fmt: skip


def _size(shape: Shape) -> int:
    size = 1
    for each in shape:
        size *= each
    return size


@public("torch", "Tensor")
def sum_(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **aliases: Any
) -> Tensor:
    """The sum over ``dim``, in ``dtype``; ints and bools are summed as int64.

    Raises:
        IndexError: when a dimension does not exist.
        RuntimeError: when one is named twice.
    """
    source = read_tensor("sum", input)
    if dim is None and dtype is None and keepdim is False and not aliases:
        result: Tensor = total(source, None)
        return result
    kind = read_cast("sum", source, dtype)
    if aliases:
        dim = renamed("sum", aliases, "dim", "axis", dim)
    keepdim = read_keepdim("sum", keepdim, aliases)
    if dim is None and not keepdim:
        result = total(source, kind)
        return result
    result = sum_axes(source, read_axes(dim, source._array.ndim, "sum"), keepdim, kind)
    return result


@public("torch", "Tensor")
def mean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **aliases: Any
) -> Tensor:
    """The mean over ``dim``, in ``dtype``; nan over no elements.

    Raises:
        IndexError: when a dimension does not exist.
        RuntimeError: when one is named twice, or the dtype is not floating.
    """
    source = read_tensor("mean", input)
    if dim is None and dtype is None and keepdim is False and not aliases and source._array.dtype.kind == "f":
        plain: Tensor = average(source, None)
        return plain
    kind = read_cast("mean", source, dtype)
    taken = source._array.dtype if kind is None else kind
    if taken.kind != "f":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be floating point, or dtype= be given. "
            f"Got: {FROM_NUMPY[taken]}"
        )
    if aliases:
        dim = renamed("mean", aliases, "dim", "axis", dim)
    keepdim = read_keepdim("mean", keepdim, aliases)
    if dim is None and not keepdim:
        result: Tensor = average(source, kind)
        return result
    result = mean_axes(source, read_axes(dim, source._array.ndim, "mean"), keepdim, kind)
    return result


# -- partial sums ------------------------------------------------------------------------------------------


def _cumsum_back(F: Any, g: Any, axis: int) -> Any:
    """Partial sums from the end."""
    if not len(g.shape):
        return g
    return F.flip(F.cumsum(F.flip(g, (axis,)), axis, None), (axis,))


cumsum_axis = declare(
    "cumsum(self; axis, dtype)", arrays.cumulative, node="CumsumBackward0",
    self=lambda F, g, self_dtype, axis, dtype: cast_back(F, _cumsum_back(F, g, axis), dtype, self_dtype),
)  # fmt: skip


@public("torch", "Tensor")
def cumsum(input: Tensor, dim: Any = None, *, dtype: Any = None, **aliases: Any) -> Tensor:
    """The partial sums along ``dim``, in the shape of ``input``; ints and bools as int64.

    Raises:
        TypeError: without ``dim``.
        IndexError: when the dimension does not exist.
    """
    source = read_tensor("cumsum", input)
    kind = read_cast("cumsum", source, dtype)
    dim = renamed("cumsum", aliases, "dim", "axis", dim)
    no_more("cumsum", aliases)
    if dim is None:
        raise TypeError('cumsum() missing 1 required positional arguments: "dim"')
    result: Tensor = cumsum_axis(source, read_axis(dim, source._array.ndim, "cumsum"), kind)
    return result


# -- truth -------------------------------------------------------------------------------------------------


def _truth(name: str, reduce: Any, input: Any, dim: Any, keepdim: Any, aliases: dict[str, Any]) -> Tensor:
    source = read_tensor(name, input)._array
    dim = renamed(name, aliases, "dim", "axis", dim)
    keepdim = read_keepdim(name, keepdim, aliases)
    result = reduce(source != 0, axis=read_axes(dim, source.ndim, name), keepdims=keepdim)
    # PyTorch answers uint8 for uint8, from the days before it had bool.
    return Tensor(np.asarray(result, np.uint8 if source.dtype == np.uint8 else np.bool_))


@public("torch", "Tensor")
def all_(input: Tensor, dim: Any = None, keepdim: bool = False, **aliases: Any) -> Tensor:
    """Whether all elements over ``dim`` are non-zero; True over none. Never recorded."""
    return _truth("all", np.logical_and.reduce, input, dim, keepdim, aliases)


@public("torch", "Tensor")
def any_(input: Tensor, dim: Any = None, keepdim: bool = False, **aliases: Any) -> Tensor:
    """Whether any element over ``dim`` is non-zero; False over none. Never recorded."""
    return _truth("any", np.logical_or.reduce, input, dim, keepdim, aliases)

"""Reshaping: a view wherever strides allow, else a copy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtypes import dtype as Dtype
from .._tensor import Tensor
from ._arguments import read_tensor
from ._dims import axis as read_axis
from ._dims import read_shape
from .declare import declare
from .public import public

__all__ = ["back_to_shape", "completed", "read_sizes", "reshaped"]

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]


# -- reshape -----------------------------------------------------------------------------------------------


def back_to_shape(F: Any, g: Any, self_shape: Shape) -> Any:
    """The pullback of every operator that only changes the shape."""
    return F.reshape(g, self_shape)


reshape_view = declare(
    "reshape(self; shape)",
    lambda x, shape: x.reshape(shape),
    node="ViewBackward0",
    view=True,
    self=back_to_shape,
)

reshape_alias = declare(
    "reshape_alias(self; shape)",
    lambda x, shape: x.reshape(shape),
    node="ReshapeAliasBackward0",
    view=True,
    self=back_to_shape,
)
"""How PyTorch names a view by reshape of what does not lie in order."""

unsafe_view = declare(
    "unsafe_view(self; shape)",
    lambda x, shape: x.reshape(shape),
    node="UnsafeViewBackward0",
    self=back_to_shape,
)
"""A reshape of memory that nobody else has, and so no view for the user."""

contiguous_copy = declare(
    "contiguous_copy(self)", lambda x: x.copy(order="C"), node="CloneBackward0", self=lambda F, g: g
)


def completed(shape: Shape, size: int) -> Shape:
    """A shape in which one -1 stands for whatever fits ``size`` elements.

    Raises:
        RuntimeError: when there is more than one -1, another negative size, or no way to fit.
    """
    if -1 in shape:
        rest = math.prod(each for each in shape if each != -1)
        if shape.count(-1) > 1:
            raise RuntimeError("only one dimension can be inferred")
        if rest == 0 and size == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
                "dimension size -1 can be any value and is ambiguous"
            )
        if rest > 0 and size % rest == 0:
            shape = tuple(size // rest if each == -1 else each for each in shape)
    if any(each < -1 for each in shape):
        raise RuntimeError(f"invalid shape dimension {min(shape)}")
    if -1 in shape or math.prod(shape) != size:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    return shape


def _as_view(x: Array, shape: Shape) -> Array | None:
    """``x`` in another shape without a copy, or None where its strides do not allow that."""
    try:
        return x.reshape(shape, copy=False)
    except TypeError:  # NumPy before 2.1 has no copy=
        view = x.view()
        try:
            view.shape = shape
        except AttributeError:
            return None
        return view
    except ValueError:
        return None


def reshaped(source: Tensor, shape: Shape) -> Tensor:
    """A view where that is possible, else a copy in order, as PyTorch's reshape."""
    shape = completed(shape, source._array.size)
    if source._array.flags.c_contiguous:
        result: Tensor = reshape_view(source, shape)
    elif _as_view(source._array, shape) is not None:
        result = reshape_alias(source, shape)
    else:
        result = unsafe_view(contiguous_copy(source), shape)
    return result


@public("Tensor", names=("reshape",))
def _reshape_method(self: Tensor, *shape: Any, **named: Any) -> Tensor:
    """The same elements in another shape, given as ints or a tuple; see ``refimpl.reshape``."""
    sizes = read_sizes("reshape", shape, named, "shape")
    return reshaped(self, sizes)


@public("torch")
def reshape(input: Tensor, shape: Any) -> Tensor:
    """The same elements in another shape; one size may be -1. A view of ``input`` where strides allow.

    Raises:
        TypeError: when the shape is no tuple of ints.
        RuntimeError: when it does not fit the number of elements.
    """
    source = read_tensor("reshape", input)
    if not isinstance(shape, (tuple, list)):
        raise TypeError(
            f"reshape(): argument 'shape' (position 2) must be tuple of ints, not {type(shape).__name__}"
        )
    return reshaped(source, read_shape((shape,), "reshape", "shape"))


def read_sizes(name: str, given: tuple[Any, ...], named: dict[str, Any], keyword: str) -> Shape:
    """Sizes given as ints, as one tuple, or by keyword."""
    if keyword in named:
        given = (*given, named.pop(keyword))
    if named:
        raise TypeError(f"{name}() got an unexpected keyword argument '{min(named)}'")
    if not given:
        raise TypeError(f'{name}() missing 1 required positional arguments: "{keyword}"')
    return read_shape(given, name, keyword)


@public("Tensor")
def view(self: Tensor, *shape: Any, **named: Any) -> Tensor:
    """A view in another shape; one size may be -1. (A dtype instead of a shape reads the memory anew.)

    Raises:
        RuntimeError: when the shape does not fit, or no view of these strides has it.
    """
    if len(shape) == 1 and isinstance(shape[0], Dtype):
        return _as_dtype(self, shape[0])
    sizes = completed(read_sizes("view", shape, named, "size"), self._array.size)
    if _as_view(self._array, sizes) is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension "
            "spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    result: Tensor = reshape_view(self, sizes)
    return result


as_dtype = declare("view_dtype(self; dtype)", lambda x, dtype: x.view(dtype), view=True)


def _as_dtype(self: Tensor, dtype: Dtype) -> Tensor:
    if dtype.numpy == self._array.dtype:
        same: Tensor = reshape_view(self, self._array.shape)
        return same
    if dtype.itemsize != self._array.itemsize and (
        not self._array.ndim or not self._array.flags.c_contiguous
    ):
        raise RuntimeError(
            "view(dtype) with another element size needs a contiguous tensor of at least one dimension"
        )
    result: Tensor = as_dtype(self, dtype.numpy)
    return result


@public("Tensor")
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """A view in the shape of ``other``."""
    return view(self, read_tensor("view_as", other, "other")._array.shape)


@public("Tensor")
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """``reshape`` to the shape of ``other``."""
    return reshaped(self, read_tensor("reshape_as", other, "other")._array.shape)


@public("torch", "Tensor")
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from ``start_dim`` to ``end_dim``, both included, as one.

    Raises:
        IndexError: when a dimension does not exist.
        RuntimeError: when they come in the wrong order.
    """
    source = read_tensor("flatten", input)
    shape = source._array.shape
    start = read_axis(start_dim, len(shape), "flatten")
    end = read_axis(end_dim, len(shape), "flatten")
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshaped(source, (1,))
    if start == end:
        return source
    merged = math.prod(shape[start : end + 1])
    return reshaped(source, (*shape[:start], merged, *shape[end + 1 :]))


@public("torch", "Tensor")
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension."""
    return reshaped(read_tensor("ravel", input), (-1,) if input._array.size else (0,))


@public("torch", "Tensor")
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """One dimension as several, of ``sizes``; one of them may be -1.

    Raises:
        RuntimeError: when their product is not the dimension's size.
    """
    source = read_tensor("unflatten", input)
    shape = source._array.shape
    at = read_axis(dim, len(shape), "unflatten")
    parts = read_shape((sizes,), "unflatten", "sizes")
    if not parts:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        parts = completed(parts, shape[at])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(parts)} don't multiply up to the size of dim {at} "
            f"({shape[at]}) in the input tensor"
        ) from None
    return reshaped(source, (*shape[:at], *parts, *shape[at + 1 :]))


# -- memory ------------------------------------------------------------------------------------------------


@public("Tensor")
def contiguous(self: Tensor) -> Tensor:
    """The tensor itself if its elements lie in order without gaps, else a copy in which they do."""
    if self._array.flags.c_contiguous:
        return self
    result: Tensor = contiguous_copy(self)
    return result

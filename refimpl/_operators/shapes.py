"""Reshaping, expanding, and dimensions of size 1: views wherever PyTorch's are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtypes import dtype as Dtype
from .._tensor import Tensor
from ._arguments import read_tensor
from ._dims import axis as read_axis
from ._dims import distinct_axes, insertion_axis, is_int, read_shape
from .declare import declare
from .fitting import expand_to
from .public import public

__all__ = ["completed", "read_sizes", "reshaped"]

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]


# -- reshape -----------------------------------------------------------------------------------------------


def _back_to_shape(F: Any, g: Any, self_shape: Shape) -> Any:
    return F.reshape(g, self_shape)


reshape_view = declare(
    "reshape(self; shape)",
    lambda x, shape: x.reshape(shape),
    node="ViewBackward0",
    view=True,
    self=_back_to_shape,
)

reshape_alias = declare(
    "reshape_alias(self; shape)",
    lambda x, shape: x.reshape(shape),
    node="ReshapeAliasBackward0",
    view=True,
    self=_back_to_shape,
)
"""How PyTorch names a view by reshape of what does not lie in order."""

unsafe_view = declare(
    "unsafe_view(self; shape)",
    lambda x, shape: x.reshape(shape),
    node="UnsafeViewBackward0",
    self=_back_to_shape,
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


# -- dimensions of size 1 ----------------------------------------------------------------------------------

unsqueezed = declare(
    "unsqueeze(self; axis)", lambda x, axis: np.expand_dims(x, axis), node="UnsqueezeBackward0", view=True,
    self=lambda F, g, axis: F.reshape(g, g.shape[:axis] + g.shape[axis + 1 :]),
)  # fmt: skip


def _declare_squeeze(name: str, node: str) -> Any:
    return declare(
        f"{name}(self; axes)", lambda x, axes: x.squeeze(axes), node=node, view=True, self=_back_to_shape
    )


squeezed_all = _declare_squeeze("squeeze_all", "SqueezeBackward0")
squeezed_one = _declare_squeeze("squeeze", "SqueezeBackward1")
squeezed_some = _declare_squeeze("squeeze_some", "SqueezeBackward2")
squeezed_last = _declare_squeeze("squeeze_product", "SqueezeBackward4")
"""How PyTorch names the squeeze inside a product of a vector and a matrix."""


@public("torch", "Tensor")
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A view with a dimension of size 1 put in at ``dim``.

    Raises:
        IndexError: when there is no such place.
    """
    source = read_tensor("unsqueeze", input)
    result: Tensor = unsqueezed(source, insertion_axis(dim, source._array.ndim, "unsqueeze"))
    return result


@public("torch", "Tensor")
def squeeze(input: Tensor, *dim: Any, **named: Any) -> Tensor:
    """A view without its dimensions of size 1, or without those of them that ``dim`` names.

    Raises:
        IndexError: when a dimension does not exist.
        RuntimeError: when one is named twice.
    """
    source = read_tensor("squeeze", input)
    given = (*dim, *(named[name] for name in ("dim", "axis") if name in named))
    shape = source._array.shape
    if not given:
        result: Tensor = squeezed_all(source, _ones(shape, range(len(shape))))
    elif len(given) == 1 and is_int(given[0]):
        result = squeezed_one(source, _ones(shape, (read_axis(given[0], len(shape), "squeeze"),)))
    else:
        dims = given[0] if len(given) == 1 else given
        result = squeezed_some(source, _ones(shape, distinct_axes(dims, len(shape), "squeeze")))
    return result


def _ones(shape: Shape, axes: Any) -> Shape:
    return tuple(axis for axis in axes if shape and shape[axis] == 1)


# -- expanding ---------------------------------------------------------------------------------------------


def _expanded_shape(shape: Shape, wanted: Shape) -> Shape:
    """``wanted`` with each -1 filled in from ``shape``, checked against it."""
    lead = len(wanted) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.FloatTensor{list(shape)}, size={list(wanted)}): the number of sizes provided "
            f"({len(wanted)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
        )
    result = []
    for place, size in enumerate(wanted):
        own = shape[place - lead] if place >= lead else None
        if size == -1 and own is None:
            raise RuntimeError(
                "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension "
                f"{place}"
            )
        if size < -1:
            raise RuntimeError(f"expand: a size must be -1 or not negative, got {size} at dimension {place}")
        chosen = own if size == -1 and own is not None else size
        if own not in (None, 1, chosen):
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) must match the existing size ({own}) at "
                f"non-singleton dimension {place}.  Target sizes: {list(wanted)}.  Tensor sizes: "
                f"{list(shape)}"
            )
        result.append(chosen)
    return tuple(result)


@public("Tensor")
def expand(self: Tensor, *size: Any, **named: Any) -> Tensor:
    """A view in which dimensions of size 1 are repeated without a copy; -1 leaves a dimension as it is.

    Raises:
        RuntimeError: when a size does not broadcast.
    """
    if not size and not named:
        size = ((),)
    wanted = read_sizes("expand", size, named, "size")
    result: Tensor = expand_to(self, _expanded_shape(self._array.shape, wanted))
    return result


@public("Tensor")
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """``expand`` to the shape of ``other``."""
    return expand(self, read_tensor("expand_as", other, "other")._array.shape)


@public("torch")
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """``expand``, with the sizes in one tuple."""
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"broadcast_to(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    return expand(read_tensor("broadcast_to", input), tuple(size))


@public("Tensor", names=("broadcast_to",))
def _broadcast_to_method(self: Tensor, *size: Any) -> Tensor:
    """``expand``."""
    return expand(self, *size)


@public("torch")
def broadcast_shapes(*shapes: Any) -> Shape:
    """The shape that tensors of ``shapes`` broadcast to.

    Raises:
        RuntimeError: when they do not.
    """
    from .._size import Size

    try:
        return Size(np.broadcast_shapes(*shapes))
    except ValueError as problem:
        raise RuntimeError(
            f"Shape mismatch: objects cannot be broadcast to a single shape: {problem}"
        ) from None


@public("torch")
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """All tensors expanded to their common shape.

    Raises:
        RuntimeError: when there is none.
    """
    shape = broadcast_shapes(*[read_tensor("broadcast_tensors", each)._array.shape for each in tensors])
    return tuple(each if each._array.shape == shape else expand(each, shape) for each in tensors)


# -- memory ------------------------------------------------------------------------------------------------


@public("Tensor")
def contiguous(self: Tensor) -> Tensor:
    """The tensor itself if its elements lie in order without gaps, else a copy in which they do."""
    if self._array.flags.c_contiguous:
        return self
    result: Tensor = contiguous_copy(self)
    return result

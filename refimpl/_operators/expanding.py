"""Dimensions of size 1: adding, dropping and expanding them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._size import Size
from .._tensor import Tensor
from ._arguments import read_tensor
from ._dims import axis as read_axis
from ._dims import distinct_axes, insertion_axis, is_int
from .declare import declare
from .fitting import expand_to
from .public import public
from .shapes import back_to_shape, read_sizes

__all__: list[str] = []

Shape = tuple[int, ...]


unsqueezed = declare(
    "unsqueeze(self; axis)", lambda x, axis: np.expand_dims(x, axis), node="UnsqueezeBackward0", view=True,
    self=lambda F, g, axis: F.reshape(g, g.shape[:axis] + g.shape[axis + 1 :]),
)  # fmt: skip


def _declare_squeeze(name: str, node: str) -> Any:
    return declare(
        f"{name}(self; axes)", lambda x, axes: x.squeeze(axes), node=node, view=True, self=back_to_shape
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

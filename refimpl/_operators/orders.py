"""The order of dimensions and of elements: transposing, permuting, flipping, repeating."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._tensor import Tensor
from ._arguments import read_tensor
from ._dims import axis as read_axis
from ._dims import distinct_axes, is_int, read_shape
from .declare import declare
from .public import public
from .shapes import read_sizes

__all__ = ["inverse_permutation"]

Shape = tuple[int, ...]


# -- the order of dimensions -------------------------------------------------------------------------------


def inverse_permutation(order: Shape) -> Shape:
    """The permutation that undoes ``order``."""
    inverse = [0] * len(order)
    for position, axis in enumerate(order):
        inverse[axis] = position
    return tuple(inverse)


permute_axes = declare(
    "permute(self; order)", lambda x, order: x.transpose(order), node="PermuteBackward0", view=True,
    self=lambda F, g, order: F.permute(g, inverse_permutation(order)),
)  # fmt: skip

swap_axes = declare(
    "transpose(self; first, second)", lambda x, first, second: x.swapaxes(first, second) if x.ndim else
    x.view(),
    node="TransposeBackward0", view=True,
    self=lambda F, g, first, second: F.transpose(g, first, second),
)  # fmt: skip

matrix_transpose = declare("t(self)", lambda x: x.T, node="TBackward0", view=True, self=lambda F, g: F.t(g))


@public("torch", "Tensor", names=("transpose", "swapaxes", "swapdims"))
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """A view with two dimensions exchanged.

    Raises:
        IndexError: when one does not exist.
    """
    source = read_tensor("transpose", input)
    ndim = source._array.ndim
    result: Tensor = swap_axes(source, read_axis(dim0, ndim, "transpose"), read_axis(dim1, ndim, "transpose"))
    return result


@public("torch", "Tensor")
def t(input: Tensor) -> Tensor:
    """A view of a matrix with its dimensions exchanged; of fewer dimensions the tensor as it is.

    Raises:
        RuntimeError: for more than two dimensions.
    """
    source = read_tensor("t", input)
    if source._array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {source._array.ndim}D")
    result: Tensor = matrix_transpose(source)
    return result


@public("Tensor", names=("permute",))
def _permute_method(self: Tensor, *dims: Any, **named: Any) -> Tensor:
    """A view with its dimensions in another order, given as ints or a tuple."""
    return permute(self, read_sizes("permute", dims, named, "dims"))


@public("torch")
def permute(input: Tensor, dims: Any) -> Tensor:
    """A view with its dimensions in another order.

    Raises:
        RuntimeError: when ``dims`` does not name every dimension once.
        IndexError: when one does not exist.
    """
    source = read_tensor("permute", input)
    order = read_shape((dims,), "permute", "dims")
    ndim = source._array.ndim
    if len(order) != ndim:
        raise RuntimeError(
            f"permute(): expected one dimension for each of the {ndim} of the input, but got {len(order)}: "
            f"{list(order)}"
        )
    axes = tuple(read_axis(dim, ndim, "permute") for dim in order)
    if len(set(axes)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    result: Tensor = permute_axes(source, axes)
    return result


def _reversed(self: Tensor) -> Tensor:
    """A view with its dimensions in reverse order; deprecated, as in PyTorch, for any but matrices."""
    if self._array.ndim != 2:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated "
            "and it will throw an error in a future release. Consider `x.mT` to transpose batches of "
            "matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a "
            "tensor.",
            UserWarning,
            stacklevel=2,
        )
    result: Tensor = permute_axes(self, tuple(range(self._array.ndim))[::-1])
    return result


def _matrices_transposed(self: Tensor) -> Tensor:
    """A view with its last two dimensions exchanged.

    Raises:
        RuntimeError: for one dimension.
    """
    if self._array.ndim == 0:
        warnings.warn(
            "Tensor.mT is deprecated on 0-D tensors. This function is the identity in these cases.",
            UserWarning,
            stacklevel=2,
        )
        return self
    if self._array.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {self._array.ndim}-D "
            "tensor."
        )
    return transpose(self, -2, -1)


setattr(Tensor, "T", property(_reversed))  # noqa: B010 - a class outside its body
setattr(Tensor, "mT", property(_matrices_transposed))  # noqa: B010 - a class outside its body


@public("torch", "Tensor", names=("movedim", "moveaxis"))
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """A view with some dimensions moved, and the others left in their order.

    Raises:
        RuntimeError: when a dimension is named twice, or the numbers of dimensions differ.
        IndexError: when one does not exist.
    """
    tensor = read_tensor("movedim", input)
    ndim = tensor._array.ndim
    origins = (source,) if is_int(source) else tuple(source)
    targets = (destination,) if is_int(destination) else tuple(destination)
    if len(origins) != len(targets):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source and destination must have the same "
            f"number of elements, got {len(origins)} and {len(targets)}"
        )
    found = distinct_axes(origins, ndim, "movedim"), distinct_axes(targets, ndim, "movedim")
    moved = dict(zip(found[1], found[0], strict=True))
    left = iter(axis for axis in range(ndim) if axis not in found[0])
    result: Tensor = permute_axes(
        tensor, tuple(moved[place] if place in moved else next(left) for place in range(ndim))
    )
    return result


# -- copies in another order --------------------------------------------------------------------------------

flipped = declare(
    "flip(self; axes)", lambda x, axes: np.flip(x, axes).copy(), node="FlipBackward0",
    self=lambda F, g, axes: F.flip(g, axes),
)  # fmt: skip


@public("torch")
def flip(input: Tensor, dims: Any) -> Tensor:
    """A copy with the order of elements reversed along ``dims``.

    Raises:
        IndexError: when a dimension does not exist.
        RuntimeError: when one is named twice.
    """
    if not isinstance(dims, (tuple, list)):
        raise TypeError(
            f"flip(): argument 'dims' (position 2) must be tuple of ints, not {type(dims).__name__}"
        )
    source = read_tensor("flip", input)
    axes = distinct_axes(read_shape((dims,), "flip", "dims"), source._array.ndim, "flip")
    result: Tensor = flipped(source, axes if source._array.ndim else ())
    return result


@public("Tensor", names=("flip",))
def _flip_method(self: Tensor, *dims: Any, **named: Any) -> Tensor:
    """``refimpl.flip``, with the dimensions as ints or a tuple."""
    return flip(self, read_sizes("flip", dims, named, "dims"))


@public("torch", "Tensor")
def fliplr(input: Tensor) -> Tensor:
    """``flip`` along the second dimension; needs two."""
    if read_tensor("fliplr", input)._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


@public("torch", "Tensor")
def flipud(input: Tensor) -> Tensor:
    """``flip`` along the first dimension; needs one."""
    if read_tensor("flipud", input)._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))


def _repeat_back(F: Any, g: Any, self_shape: Shape, repeats: Shape) -> Any:
    """Fold each repeated dimension into (repeat, size) and sum over the repeats."""
    lead = len(repeats) - len(self_shape)
    padded = (1,) * lead + self_shape
    folded: tuple[int, ...] = ()
    for repeat, size in zip(repeats, padded, strict=True):
        folded += (repeat, size)
    sums = F.sum(F.reshape(g, folded), tuple(range(0, len(folded), 2)), False, None)
    return F.reshape(sums, self_shape)


repeated = declare(
    "repeat(self; repeats)", lambda x, repeats: np.tile(x, repeats), node="RepeatBackward0", self=_repeat_back
)


@public("Tensor")
def repeat(self: Tensor, *repeats: Any, **named: Any) -> Tensor:
    """A copy laid side by side ``repeats`` times along each dimension; further ones are put in front.

    Raises:
        RuntimeError: when there are fewer numbers than dimensions, or one is negative.
    """
    if not repeats and not named:
        repeats = ((),)
    counts = read_sizes("repeat", repeats, named, "repeats")
    if len(counts) < self._array.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    if any(count < 0 for count in counts):
        raise RuntimeError(f"Trying to create tensor with negative dimension: repeats {list(counts)}")
    result: Tensor = repeated(self, counts)
    return result


@public("torch", "Tensor")
def tile(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """``repeat``, where missing numbers in front count as 1."""
    source = read_tensor("tile", input)
    counts = read_sizes("tile", dims, named, "dims")
    return repeat(source, (1,) * (source._array.ndim - len(counts)) + counts)

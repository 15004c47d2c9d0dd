"""Joining tensors into one: cat, stack, and their relatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtypes import PROMOTE
from .._tensor import Tensor
from ._arguments import no_more, read_tensor, renamed
from ._dims import axis as read_axis
from ._dims import insertion_axis
from .declare import declare
from .expanding import unsqueeze
from .public import public
from .shapes import reshaped

__all__ = ["numpy_dtype"]

Shape = tuple[int, ...]


# -- cat ---------------------------------------------------------------------------------------------------


def _cat_back(F: Any, g: Any, needed: tuple[bool, ...], axis: int, kinds: Any) -> tuple[Any, ...]:
    """The stretch of ``g`` that each tensor filled, in its shape and dtype."""
    gradients, start = [], 0
    for wanted, (shape, dtype) in zip(needed, kinds, strict=True):
        skipped = shape == (0,)
        length = 0 if skipped else shape[axis]
        piece = None
        if wanted:
            stretch = (g, axis, start, start + length) if not skipped else (_flat(F, g), 0, 0, 0)
            piece = F.slice(*stretch, 1)
            piece = F.to(piece, dtype) if numpy_dtype(piece) != dtype else piece
        gradients.append(piece)
        start += length
    return tuple(gradients)


def _flat(F: Any, g: Any) -> Any:
    return F.reshape(g, (int(np.prod(g.shape, dtype=np.int64)),))


def numpy_dtype(value: Any) -> Any:
    """The NumPy dtype of an array or a tensor: of a value in either reading of the vocabulary."""
    return getattr(value, "_array", value).dtype


def _cat(pieces: list[Any], axis: int, kinds: Any) -> Any:
    dtype = pieces[0].dtype
    for piece in pieces[1:]:
        dtype = PROMOTE[dtype, piece.dtype]
    whole = [piece for piece in pieces if piece.shape != (0,)] or pieces[:1]
    return np.concatenate([piece.astype(dtype, copy=False) for piece in whole], axis)


cat_axis = declare("cat(*tensors; axis, kinds)", _cat, node="CatBackward0", joint=_cat_back)


def _read_tensors(name: str, tensors: Any) -> list[Tensor]:
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'tensors' must be tuple of Tensors, not {type(tensors).__name__}"
        )
    for position, each in enumerate(tensors):
        if not isinstance(each, Tensor):
            kind = type(each).__name__
            raise TypeError(f"expected Tensor as element {position} in argument 0, but got {kind}")
    if not tensors:
        error = RuntimeError if name == "stack" else ValueError
        raise error(f"{name}(): expected a non-empty list of Tensors")
    return list(tensors)


@public("torch", names=("cat", "concat", "concatenate"))
def cat(tensors: Any, dim: Any = 0, **aliases: Any) -> Tensor:
    """The tensors one after the other along ``dim``, promoted to one dtype.

    All sizes but that of ``dim`` must agree; a tensor of shape (0,) fits everything, as it always has in
    PyTorch.

    Raises:
        TypeError: when an element is no tensor.
        ValueError: for an empty list.
        IndexError: when ``dim`` does not exist.
        RuntimeError: when numbers of dimensions or sizes differ, or there are none to join along.
    """
    pieces = _read_tensors("cat", tensors)
    dim = renamed("cat", aliases, "dim", "axis", dim, 0)
    no_more("cat", aliases)
    return _joined(pieces, dim)


def _joined(pieces: list[Tensor], dim: Any) -> Tensor:
    shapes = [piece._array.shape for piece in pieces]
    for position, shape in enumerate(shapes):
        if not shape:
            raise RuntimeError(f"zero-dimensional tensor (at position {position}) cannot be concatenated")
    model = next((shape for shape in shapes if shape != (0,)), shapes[0])
    axis = read_axis(dim, len(model), "cat")
    for position, shape in enumerate(shapes):
        if shape != (0,):
            _check_fits(model, shape, axis, position)
    kinds = tuple((piece._array.shape, piece._array.dtype) for piece in pieces)
    result: Tensor = cat_axis(pieces, axis, kinds)
    return result


def _check_fits(model: Shape, shape: Shape, axis: int, position: int) -> None:
    if len(shape) != len(model):
        raise RuntimeError(f"Tensors must have same number of dimensions: got {len(model)} and {len(shape)}")
    for place, (expected, size) in enumerate(zip(model, shape, strict=True)):
        if place != axis and expected != size:
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {axis}. Expected size {expected} but "
                f"got size {size} for tensor number {position} in the list."
            )


# -- stack -------------------------------------------------------------------------------------------------


def _stack_back(F: Any, g: Any, needed: tuple[bool, ...], axis: int, dtypes: Any) -> tuple[Any, ...]:
    gradients = []
    for position, (wanted, dtype) in enumerate(zip(needed, dtypes, strict=True)):
        piece = F.select(g, axis, position) if wanted else None
        gradients.append(piece if piece is None or numpy_dtype(piece) == dtype else F.to(piece, dtype))
    return tuple(gradients)


def _stack(pieces: list[Any], axis: int, dtypes: Any) -> Any:
    return _cat([np.expand_dims(piece, axis) for piece in pieces], axis, None)


stack_axis = declare("stack(*tensors; axis, dtypes)", _stack, node="StackBackward0", joint=_stack_back)


@public("torch")
def stack(tensors: Any, dim: int = 0) -> Tensor:
    """The tensors side by side along a new dimension ``dim``, promoted to one dtype.

    Raises:
        TypeError: when an element is no tensor.
        IndexError: when there is no such place.
        RuntimeError: for an empty list, or when shapes differ.
    """
    pieces = _read_tensors("stack", tensors)
    axis = insertion_axis(dim, pieces[0]._array.ndim, "stack")
    first = pieces[0]._array.shape
    for position, piece in enumerate(pieces):
        if piece._array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(piece._array.shape)} at entry {position}"
            )
    result: Tensor = stack_axis(pieces, axis, tuple(piece._array.dtype for piece in pieces))
    return result


def _at_least(tensor: Tensor, ndim: int) -> Tensor:
    """Dimensions of size 1 put in front, and for three dimensions behind, as in NumPy."""
    own = tensor._array.ndim
    if own >= ndim:
        return tensor
    if own == 0:
        return reshaped(tensor, (1,) * ndim)
    if ndim == 2:
        return unsqueeze(tensor, 0)
    return unsqueeze(tensor, -1) if own == 2 else unsqueeze(unsqueeze(tensor, 0), -1)


def _declare_at_least(ndim: int) -> None:
    def at_least(*tensors: Any) -> Any:
        given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
        made = tuple(_at_least(read_tensor(f"atleast_{ndim}d", each), ndim) for each in given)
        return made[0] if len(tensors) == 1 and isinstance(tensors[0], Tensor) else made

    at_least.__doc__ = f"Each tensor with at least {ndim} dimensions: missing ones have size 1."
    public("torch", names=(f"atleast_{ndim}d",))(at_least)


for _ndim in (1, 2, 3):
    _declare_at_least(_ndim)


@public("torch", names=("hstack",))
def hstack(tensors: Any) -> Tensor:
    """``cat`` along the second dimension, or along the only one."""
    pieces = [_at_least(each, 1) for each in _read_tensors("hstack", tensors)]
    return _joined(pieces, 0 if pieces[0]._array.ndim == 1 else 1)


@public("torch", names=("vstack", "row_stack"))
def vstack(tensors: Any) -> Tensor:
    """``cat`` along the first of at least two dimensions."""
    return _joined([_at_least(each, 2) for each in _read_tensors("vstack", tensors)], 0)


@public("torch", names=("dstack",))
def dstack(tensors: Any) -> Tensor:
    """``cat`` along the third of at least three dimensions."""
    return _joined([_at_least(each, 3) for each in _read_tensors("dstack", tensors)], 2)

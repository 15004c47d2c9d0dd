"""Taking a tensor apart into several views."""

from __future__ import annotations

import operator
from typing import Any

from .._tensor import Tensor
from ._arguments import no_more, read_tensor
from ._dims import axis as read_axis
from ._dims import is_int
from .declare import declare
from .joining import numpy_dtype
from .public import public

__all__: list[str] = []

Shape = tuple[int, ...]


def _split(x: Any, axis: int, sizes: Shape) -> tuple[Any, ...]:
    before = (slice(None),) * axis
    pieces, start = [], 0
    for size in sizes:
        pieces.append(x[(*before, slice(start, start + size))])
        start += size
    return tuple(pieces)


def _split_back(F: Any, g: Any, axis: int) -> Any:
    kinds = tuple((tuple(piece.shape), numpy_dtype(piece)) for piece in g)
    # A shape of (0,) would be skipped by cat, which is right: such a piece has no element.
    return F.cat(list(g), axis, kinds)


def _declare_split(name: str, node: str) -> Any:
    return declare(f"{name}(self; axis, sizes)", _split, node=node, several=True, view=True, self=_split_back)


split_evenly = _declare_split("split", "SplitBackward0")
split_into = _declare_split("split_with_sizes", "SplitWithSizesBackward0")


def _even_sizes(length: int, size: int) -> Shape:
    """``length`` in stretches of ``size``, the last one shorter; at least one stretch."""
    count = max((length + size - 1) // size, 1) if size else 1
    return tuple(min(size, length - number * size) for number in range(count))


@public("torch", "Tensor")
def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of stretches of given sizes along ``dim``.

    Raises:
        RuntimeError: when the sizes do not add up, one is negative, or the tensor has no dimension.
        IndexError: when the dimension does not exist.
    """
    source = read_tensor("split_with_sizes", input)
    if source._array.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = read_axis(dim, source._array.ndim, "split")
    sizes = tuple(operator.index(size) for size in split_sizes)
    length = source._array.shape[axis]
    if any(size < 0 for size in sizes):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got {sizes}"
        )
    if sum(sizes) != length:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at "
            f"dimension {axis}), but got split_sizes={list(sizes)}"
        )
    results: tuple[Tensor, ...] = split_into(source, axis, sizes)
    return results


@public("torch", "Tensor")
def split(
    tensor: Tensor, split_size_or_sections: Any = None, dim: int = 0, **named: Any
) -> tuple[Tensor, ...]:
    """Views of stretches along ``dim``: of one size (the last one shorter), or of the sizes in a list.

    Raises:
        RuntimeError: when sizes do not add up, are negative, or the tensor has no dimension.
        IndexError: when the dimension does not exist.
    """
    source = read_tensor("split", tensor, "tensor")
    given = split_size_or_sections if split_size_or_sections is not None else named.pop("split_size", None)
    no_more("split", named)
    if isinstance(given, (tuple, list)):
        return split_with_sizes(source, given, dim)
    if not is_int(given):
        raise TypeError(
            f"split(): argument 'split_size' must be int or tuple of ints, not {type(given).__name__}"
        )
    if source._array.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = read_axis(dim, source._array.ndim, "split")
    size, length = operator.index(given), source._array.shape[axis]
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and length:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
        )
    results: tuple[Tensor, ...] = split_evenly(source, axis, _even_sizes(length, size))
    return results


@public("torch", "Tensor")
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most ``chunks`` views of equal stretches along ``dim``, the last one shorter.

    Raises:
        RuntimeError: when ``chunks`` is not positive or the tensor has no dimension.
        IndexError: when the dimension does not exist.
    """
    source = read_tensor("chunk", input)
    if source._array.ndim == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if not is_int(chunks):
        raise TypeError(f"chunk(): argument 'chunks' must be int, not {type(chunks).__name__}")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    axis = read_axis(dim, source._array.ndim, "chunk")
    length = source._array.shape[axis]
    if length == 0:
        return split_with_sizes(source, (0,) * chunks, dim)
    size = -(-length // chunks)
    results: tuple[Tensor, ...] = split_evenly(source, axis, _even_sizes(length, size))
    return results


# -- unbind ------------------------------------------------------------------------------------------------


def _unbind(x: Any, axis: int) -> tuple[Any, ...]:
    before = (slice(None),) * axis
    # The trailing Ellipsis keeps an element a view, where NumPy would give a scalar.
    return tuple(x[(*before, number, ...)] for number in range(x.shape[axis]))


def _unbind_back(F: Any, g: Any, axis: int) -> Any:
    return F.stack(list(g), axis, tuple(numpy_dtype(piece) for piece in g))


unbound = declare(
    "unbind(self; axis)", _unbind, node="UnbindBackward0", several=True, view=True, self=_unbind_back
)


@public("torch", "Tensor")
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of all slices along ``dim``, which is dropped.

    Raises:
        IndexError: when the dimension does not exist.
    """
    source = read_tensor("unbind", input)
    if source._array.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    results: tuple[Tensor, ...] = unbound(source, read_axis(dim, source._array.ndim, "unbind"))
    return results

"""Operators that rearrange elements: shapes, axes, joining and splitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oracles.numpy_table.row import Array, Kernel, axes_of, axis_of, lift, row, same_batch


@row("reshape", exact=True)
def reshape(k: Kernel, x: Array, *, shape: int | Sequence[int]) -> Any:
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    return x.reshape(x.shape[0], *sizes)


@row("flatten", exact=True)
def flatten(k: Kernel, x: Array, *, start_dim: int = 0, end_dim: int = -1) -> Any:
    first, last = axis_of(x, start_dim), axis_of(x, end_dim)
    if first > last:
        raise ValueError(f"flatten: start_dim {start_dim} lies after end_dim {end_dim}")
    size = int(np.prod(x.shape[first : last + 1]))
    return x.reshape(*x.shape[:first], size, *x.shape[last + 1 :])


@row("transpose", exact=True)
def transpose(k: Kernel, x: Array, *, dim0: int, dim1: int) -> Any:
    first, second = axis_of(x, dim0), axis_of(x, dim1)
    return x if x.ndim == 1 else x.swapaxes(first, second)


@row("T", exact=True)
def reverse_axes(k: Kernel, x: Array) -> Any:
    return x.transpose(0, *range(x.ndim - 1, 0, -1))


@row("mT", exact=True)
def matrix_transpose(k: Kernel, x: Array) -> Any:
    if x.ndim < 3:
        raise ValueError(f"mT takes matrices, got rank {x.ndim - 1}")
    return x.swapaxes(-1, -2)


@row("permute", exact=True)
def permute(k: Kernel, x: Array, *, dims: Sequence[int]) -> Any:
    return x.transpose(0, *(axis_of(x, dim) for dim in dims))


@row("movedim", exact=True)
def movedim(k: Kernel, x: Array, *, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    ends = [(dims,) if isinstance(dims, int) else tuple(dims) for dims in (source, destination)]
    return np.moveaxis(x, *([axis_of(x, dim) for dim in dims] for dims in ends))


@row("squeeze", exact=True)
def squeeze(k: Kernel, x: Array, *, dim: int | Sequence[int] | None = None) -> Any:
    if isinstance(dim, (tuple, list)) and not dim:
        return x
    axes = axes_of(x, dim)
    return x.squeeze(tuple(axis for axis in axes if x.shape[axis] == 1))


@row("unsqueeze", exact=True)
def unsqueeze(k: Kernel, x: Array, *, dim: int) -> Any:
    return np.expand_dims(x, axis_of(x, dim, extra=1))


@row("expand", exact=True)
def expand(k: Kernel, x: Array, *, sizes: Sequence[int]) -> Any:
    if len(sizes) < x.ndim - 1:
        raise ValueError(f"expand: {len(sizes)} sizes for an operand of rank {x.ndim - 1}")
    x = lift(x, len(sizes) + 1)
    kept = [old if new == -1 else new for old, new in zip(x.shape[1:], sizes, strict=True)]
    return np.broadcast_to(x, (x.shape[0], *kept))


@row("cat", exact=True)
def cat(k: Kernel, tensors: Sequence[Array], *, dim: int = 0) -> Any:
    if any(x.ndim == 1 for x in tensors):
        raise ValueError("cat takes operands of rank 1 or more, got a zero-dim one")
    # PyTorch lets an operand of shape (0,) stand beside any rank
    proper = [x for x in tensors if x.shape[1:] != (0,)] or list(tensors)
    return np.concatenate(same_batch(proper), axis=axis_of(proper[0], dim))


@row("stack", exact=True)
def stack(k: Kernel, tensors: Sequence[Array], *, dim: int = 0) -> Any:
    return np.stack(same_batch(tensors), axis=axis_of(tensors[0], dim, extra=1))


@row("split", exact=True)
def split(k: Kernel, x: Array, *, split_size_or_sections: int | Sequence[int], dim: int = 0) -> Any:
    axis, size = axis_and_size(x, dim)
    if isinstance(split_size_or_sections, int):
        step = split_size_or_sections
        if step < 0 or (step == 0 and size > 0):
            raise ValueError(f"split: the size of a part must be positive, got {step}")
        parts = max(-(-size // step), 1) if step else 1
        sections = [step] * (parts - 1) + [size - step * (parts - 1)]
    else:
        sections = list(split_size_or_sections)
        if sum(sections) != size or min(sections, default=0) < 0:
            raise ValueError(
                f"split: sections {sections} do not add up to the size {size} of dimension {dim}"
            )
    return tuple(np.split(x, np.cumsum(sections)[:-1], axis=axis))


@row("chunk", exact=True)
def chunk(k: Kernel, x: Array, *, chunks: int, dim: int = 0) -> Any:
    if chunks < 1:
        raise ValueError(f"chunk: the number of chunks must be positive, got {chunks}")
    _, size = axis_and_size(x, dim)
    if size == 0:
        return split(k, x, split_size_or_sections=(0,) * chunks, dim=dim)
    return split(k, x, split_size_or_sections=-(-size // chunks), dim=dim)


@row("unbind", exact=True)
def unbind(k: Kernel, x: Array, *, dim: int = 0) -> Any:
    axis_and_size(x, dim)
    return tuple(np.moveaxis(x, axis_of(x, dim), 0))


def axis_and_size(x: Array, dim: int) -> tuple[int, int]:
    if x.ndim == 1:
        raise ValueError("expected an operand of rank 1 or more, got a zero-dim one")
    axis = axis_of(x, dim)
    return axis, x.shape[axis]


@row("select", exact=True)
def select(k: Kernel, x: Array, *, dim: int, index: int) -> Any:
    axis, size = axis_and_size(x, dim)
    if not -size <= index < size:
        raise IndexError(f"select: index {index} is out of range for dimension {dim} of size {size}")
    return np.take(x, index, axis=axis)


@row("narrow", exact=True)
def narrow(k: Kernel, x: Array, *, dim: int, start: int, length: int) -> Any:
    axis, size = axis_and_size(x, dim)
    first = start + size if start < 0 else start
    if not (0 <= first <= size and 0 <= length <= size - first):
        raise IndexError(
            f"narrow: {length} elements from {start} do not lie in dimension {dim} of size {size}"
        )
    return x[(slice(None),) * axis + (slice(first, first + length),)]


@row("diagonal", exact=True)
def diagonal(k: Kernel, x: Array, *, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return np.diagonal(x, offset, axis_of(x, dim1), axis_of(x, dim2))


@row("flip", exact=True)
def flip(k: Kernel, x: Array, *, dims: int | Sequence[int]) -> Any:
    if isinstance(dims, Sequence) and not dims:
        return x
    return np.flip(x, axes_of(x, dims))


@row("repeat", exact=True)
def repeat(k: Kernel, x: Array, *, repeats: int | Sequence[int]) -> Any:
    times = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    if len(times) < x.ndim - 1:
        raise ValueError(f"repeat: {len(times)} numbers for an operand of rank {x.ndim - 1}")
    return np.tile(lift(x, len(times) + 1), (1, *times))

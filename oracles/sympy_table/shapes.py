"""Rearrangements: every element of the result is an element of an operand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.sympy_table.arrays import Array, array, cast, promoted
from oracles.sympy_table.elementwise import Row

Data = NDArray[Any]


def rearranged(function: Callable[..., Any]) -> Row:
    """A row for a rearrangement of one array; parameters go to ``function``."""

    def row(x: Array, **params: Any) -> Array:
        data = function(x.data, **params)
        # NumPy gives the element itself where a rearrangement leaves no axis.
        return Array(data, x.dtype) if isinstance(data, np.ndarray) else array([data], (), x.dtype)

    return row


def pieces(function: Callable[..., Sequence[Data]]) -> Row:
    """A row for an operator that cuts one array into several."""

    def row(x: Array, **params: Any) -> tuple[Array, ...]:
        return tuple(Array(piece, x.dtype) for piece in function(x.data, **params))

    return row


def joined(function: Callable[..., Data]) -> Row:
    """A row for an operator that makes one array of several."""

    def row(arrays: Sequence[Array], dim: int = 0) -> Array:
        dtype = promoted(*arrays)
        return Array(function([cast(a, dtype).data for a in arrays], dim), dtype)

    return row


def flatten(x: Data, start_dim: int = 0, end_dim: int = -1) -> Data:
    if x.ndim == 0:
        return x.reshape(1)
    start, end = start_dim % x.ndim, end_dim % x.ndim
    merged = int(np.prod(x.shape[start : end + 1]))
    return x.reshape(*x.shape[:start], merged, *x.shape[end + 1 :])


def squeeze(x: Data, dim: int | tuple[int, ...] | None = None) -> Data:
    dims = range(x.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    if x.ndim == 0:
        return x
    return np.squeeze(x, tuple(d % x.ndim for d in dims if x.shape[d] == 1))


def unsqueeze(x: Data, dim: int) -> Data:
    return np.expand_dims(x, dim)


def expand(x: Data, sizes: Sequence[int]) -> Data:
    padded = (1,) * (len(sizes) - x.ndim) + x.shape
    return np.broadcast_to(x, [old if new == -1 else new for new, old in zip(sizes, padded, strict=True)])


def cat(arrays: list[Data], dim: int) -> Data:
    # PyTorch skips one-dimensional empty tensors, whatever the shape of the others.
    return np.concatenate([a for a in arrays if a.shape != (0,)] or arrays[:1], axis=dim)


def split(x: Data, split_size_or_sections: int | Sequence[int], dim: int = 0) -> list[Data]:
    if isinstance(split_size_or_sections, int):
        cuts = range(split_size_or_sections, x.shape[dim], max(split_size_or_sections, 1))
        return np.split(x, list(cuts), axis=dim)
    return np.split(x, np.cumsum(split_size_or_sections)[:-1].tolist(), axis=dim)


def chunk(x: Data, chunks: int, dim: int = 0) -> list[Data]:
    """Pieces of one size, rounded up, the last one smaller; fewer than asked for where elements run out."""
    if x.shape[dim] == 0:
        return [x] * chunks
    return split(x, -(-x.shape[dim] // chunks), dim)


def unbind(x: Data, dim: int = 0) -> list[Data]:
    return [np.moveaxis(x, dim, 0)[i, ...] for i in range(x.shape[dim])]


def diagonal(x: Data, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Data:
    return x.diagonal(offset, dim1, dim2)


def narrow(x: Data, dim: int, start: int, length: int) -> Data:
    start = start % x.shape[dim] if start < 0 else start
    return np.moveaxis(np.moveaxis(x, dim, 0)[start : start + length], 0, dim)


def transpose(x: Data, dim0: int, dim1: int) -> Data:
    return x.swapaxes(dim0, dim1) if x.ndim else x


TABLE: dict[str, Row] = {
    "reshape": rearranged(lambda x, shape: x.reshape(shape)),
    "flatten": rearranged(flatten),
    "transpose": rearranged(transpose),
    "permute": rearranged(lambda x, dims: x.transpose(dims)),
    "squeeze": rearranged(squeeze),
    "unsqueeze": rearranged(unsqueeze),
    "expand": rearranged(expand),
    "T": rearranged(lambda x: x.T),
    "mT": rearranged(lambda x: x.swapaxes(-1, -2)),
    "cat": joined(cat),
    "stack": joined(lambda arrays, dim: np.stack(arrays, axis=dim)),
    "split": pieces(split),
    "chunk": pieces(chunk),
    "unbind": pieces(unbind),
    "select": rearranged(lambda x, dim, index: np.moveaxis(x, dim, 0)[index, ...]),
    "narrow": rearranged(narrow),
    "diagonal": rearranged(diagonal),
    "flip": rearranged(lambda x, dims: np.flip(x, dims)),
    "movedim": rearranged(lambda x, source, destination: np.moveaxis(x, source, destination)),
    "repeat": rearranged(lambda x, repeats: np.tile(x, repeats)),
}

"""Reductions along dimensions, running sums, and the functions made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from oracles.numpy_table.arithmetic import power
from oracles.numpy_table.elementary import root
from oracles.numpy_table.piecewise import magnitude, maximum, minimum
from oracles.numpy_table.row import Array, Kernel, as_real, axes_of, axis_of, row

Dim = int | Sequence[int] | None


def cast(x: Array, dtype: str | None) -> Array:
    if dtype is None or (np.dtype(dtype).kind == "f" and x.dtype.kind in "fc"):
        return x
    return x.astype(np.float64 if np.dtype(dtype).kind == "f" else dtype)


@row("sum")
def sum_(k: Kernel, x: Array, *, dim: Dim = None, keepdim: bool = False, dtype: str | None = None) -> Any:
    return np.asarray(cast(x, dtype).sum(axis=axes_of(x, dim), keepdims=keepdim))


@row("mean")
def mean(k: Kernel, x: Array, *, dim: Dim = None, keepdim: bool = False, dtype: str | None = None) -> Any:
    axes = axes_of(x, dim)
    return as_real(cast(x, dtype)).sum(axis=axes, keepdims=keepdim) / count(x, axes)


def count(x: Array, axes: tuple[int, ...]) -> Any:
    """How many elements are reduced into one, as a float64 that divides by zero quietly."""
    return np.float64(math.prod(x.shape[axis] for axis in axes))


@row("prod")
def prod(
    k: Kernel, x: Array, *, dim: int | None = None, keepdim: bool = False, dtype: str | None = None
) -> Any:
    axes = axes_of(x, dim)
    x = cast(x, dtype)
    value = np.asarray(x.prod(axis=axes, keepdims=keepdim))
    if not k.noisy or x.dtype.kind not in "fc" or x.shape[0] == 1:
        return value
    return noisy_product(k, value, last(x, axes), restored_to=value.shape)


def noisy_product(k: Kernel, value: Array, factors: Array, restored_to: tuple[int, ...]) -> Array:
    """A product over the last axis with the rounding of its partial products, and of its derivatives.

    A pullback that divides the result by each factor has derivatives of its own that cancel.
    """
    anchor = k.anchor(factors)
    partial = np.cumprod(anchor, axis=-1)
    rounded = np.divide(k(partial), partial, out=np.ones_like(partial), where=partial != 0).prod(axis=-1)
    relative = np.divide(factors - anchor, anchor, out=np.zeros_like(factors), where=anchor != 0)
    terms = anchor.prod(axis=-1)[..., None] * np.square(relative)
    noise = k.carry(np.zeros_like(terms), terms).sum(axis=-1)
    return np.asarray(value * rounded.reshape(restored_to) + noise.reshape(restored_to))


def last(x: Array, axes: tuple[int, ...]) -> Array:
    """``axes`` moved to the end and joined into one."""
    kept = tuple(axis for axis in range(x.ndim) if axis not in axes)
    shape = tuple(x.shape[axis] for axis in kept)
    return x.transpose(kept + axes).reshape(*shape, math.prod(x.shape[axis] for axis in axes))


def restored(x: Array, like: Array, axes: tuple[int, ...], keepdim: bool) -> Array:
    """The result of a reduction with the reduced axes put back, where they are kept."""
    if not keepdim:
        return x
    return x.reshape(x.shape[0], *(1 if axis in axes else like.shape[axis] for axis in range(1, like.ndim)))


Best = Callable[..., Any]


def choose(k: Kernel, rows: Array, best: Best, what: str, derivative: bool = True) -> tuple[Array, Array]:
    """The best of the last axis at the base point, and where it stands; a NaN is the best."""
    index = best(k.base(rows), axis=-1)[..., None]
    value = np.take_along_axis(rows, index, -1)
    if k.perturbed and rows.shape[-1] > 1:
        distance = np.array(rows - value)
        np.put_along_axis(distance, index, 1.0, -1)
        (k.kink if derivative else k.threshold)(distance, what)
    return value[..., 0], index[..., 0]


def shared(k: Kernel, rows: Array, value: Array) -> Array:
    """The best of the last axis with its tangent shared evenly among ties, as PyTorch does; that rounds."""
    base = k.base(rows)
    tied = base == k.base(value)[..., None]
    count = tied.sum(axis=-1)
    if not k.noisy or rows.dtype.kind not in "fc" or rows.shape[0] == 1 or count.max(initial=0) < 2:
        return value
    moves = np.where(tied, rows - k.anchor(rows), 0.0)
    return np.asarray(k.anchor(value) + k(k(moves) / count[..., None]).sum(axis=-1))


def extreme(name: str, best: Best) -> Callable[..., Any]:
    def apply(k: Kernel, x: Array, *, dim: Dim = None, keepdim: bool = False) -> Any:
        axes = axes_of(x, dim)
        rows = last(x, axes)
        value, _ = choose(k, rows, best, name)
        return restored(shared(k, rows, value), x, axes, keepdim)

    return row(name, exact=True)(apply)


amax = extreme("amax", np.argmax)
amin = extreme("amin", np.argmin)


def extreme_with_index(name: str, best: Best, binary: Callable[..., Any]) -> None:
    def apply(
        k: Kernel, x: Array, other: Array | None = None, *, dim: int | None = None, keepdim: bool = False
    ) -> Any:
        if other is not None:
            return binary(k, x, other)
        axes = axes_of(x, dim)
        rows = last(x, axes)
        value, index = choose(k, rows, best, name)
        if dim is None:
            return restored(shared(k, rows, value), x, axes, keepdim)
        return restored(value, x, axes, keepdim), restored(index, x, axes, keepdim)

    row(name, exact=True)(apply)


extreme_with_index("max", np.argmax, maximum)
extreme_with_index("min", np.argmin, minimum)


def position(name: str, best: Best) -> None:
    def apply(k: Kernel, x: Array, *, dim: int | None = None, keepdim: bool = False) -> Any:
        axes = axes_of(x, dim)
        _, index = choose(k, last(x, axes), best, name, derivative=False)
        return restored(index, x, axes, keepdim)

    row(name, exact=True)(apply)


position("argmax", np.argmax)
position("argmin", np.argmin)


@row("var")
def var(k: Kernel, x: Array, *, dim: Dim = None, correction: float = 1, keepdim: bool = False) -> Any:
    axes = axes_of(x, dim)
    size = count(x, axes)
    middle = k(x.sum(axis=axes, keepdims=True) / size)
    centred = k(x - middle)
    # sum((x - m)**2) is sum((x - m) * (x - c)) for every c, with all derivatives; a frozen m imitates a
    # pullback that leaves the derivative of the mean out, because its terms add up to zero
    squares = centred * (x - k.base(middle)) if k.perturbed else np.square(centred)
    return k(squares).sum(axis=axes, keepdims=keepdim) / np.maximum(size - correction, 0.0)


@row("std")
def std(k: Kernel, x: Array, *, dim: Dim = None, correction: float = 1, keepdim: bool = False) -> Any:
    return root(k, k(var(k, x, dim=dim, correction=correction, keepdim=keepdim)), "std")


@row("norm")
def norm(k: Kernel, x: Array, *, p: float | str | None = 2, dim: Dim = None, keepdim: bool = False) -> Any:
    axes = axes_of(x, dim)
    order = 2.0 if p is None or p == "fro" else float(p)
    if order == 2.0:
        return root(k, k(np.square(x).sum(axis=axes, keepdims=keepdim)), "norm")
    if order == 0.0:
        k.kink(x, "norm with p=0")
        return (k.base(x) != 0).sum(axis=axes, keepdims=keepdim).astype(np.float64)
    size = magnitude(k, x, f"norm with p={p}") if order < 3.0 or math.isinf(order) else smooth_magnitude(k, x)
    if order == 1.0:
        return size.sum(axis=axes, keepdims=keepdim)
    if math.isinf(order):
        return (amax if order > 0 else amin)(k, size, dim=dim, keepdim=keepdim)
    total = power(k, size, order).sum(axis=axes, keepdims=keepdim)
    k.kink(total, "norm")
    return power(k, total, 1.0 / order)


def smooth_magnitude(k: Kernel, x: Array) -> Array:
    """``|x|`` where it stands under a power of three or more, which is smooth enough at zero."""
    return np.where(k.base(x) < 0, -x, x)


@row("logsumexp")
def logsumexp(k: Kernel, x: Array, *, dim: Dim, keepdim: bool = False) -> Any:
    axes = axes_of(x, dim)
    kept = log_of_sum(k, as_real(x), axes, reads_result=True)
    if keepdim:
        return kept
    return kept.reshape(kept.shape[0], *(x.shape[axis] for axis in range(1, x.ndim) if axis not in axes))


def log_of_sum(k: Kernel, x: Array, axes: tuple[int, ...], reads_result: bool = False) -> Array:
    """``log(sum(exp(x)))``, shifted by the largest element of the base point; reduced axes are kept.

    ``reads_result``: the pullback is ``exp(x - result)``, in whose exponent the rounding of the result is
    absolute. That is the derivative where each weight in the sum is a little less, and the value stays.
    """
    shift = peak(k, x, axes)
    total = k(k(np.exp(x - shift)).sum(axis=axes, keepdims=True))
    if reads_result and k.noisy and x.shape[0] > 1:
        start = k.anchor(total)
        total = total - (total - start) * (k(np.ones_like(start)) - 1.0) * (np.log(start) + shift)
    return np.log(total) + shift


def peak(k: Kernel, x: Array, axes: tuple[int, ...]) -> Array:
    """The largest element at the base point, zero where that is infinite."""
    largest = k.base(x).max(axis=axes, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(largest), largest, 0.0)


@row("softmax")
def softmax(k: Kernel, x: Array, *, dim: int, dtype: str | None = None) -> Any:
    axes = axes_of(x, dim)
    x = as_real(cast(x, dtype))
    weights = k(np.exp(x - peak(k, x, axes)))
    return weights / k(weights.sum(axis=axes, keepdims=True))


@row("log_softmax")
def log_softmax(k: Kernel, x: Array, *, dim: int, dtype: str | None = None) -> Any:
    x = as_real(cast(x, dtype))
    return x - k(log_of_sum(k, x, axes_of(x, dim)))


@row("cumsum")
def cumsum(k: Kernel, x: Array, *, dim: int, dtype: str | None = None) -> Any:
    axis = axis_of(x, dim)
    x = cast(x, dtype)
    return x if x.ndim == 1 else np.cumsum(x, axis=axis)


@row("matmul")
def matmul(k: Kernel, a: Array, b: Array) -> Any:
    if a.ndim == 1 or b.ndim == 1:
        raise ValueError("matmul takes operands of rank 1 or more, got a zero-dim one")
    left, right = a.ndim == 2, b.ndim == 2
    a = a[:, None, :] if left else a
    b = b[:, :, None] if right else b
    rank = max(a.ndim, b.ndim)
    product = np.matmul(stacked(a, rank), stacked(b, rank))
    product = product[..., 0, :] if left else product
    return product[..., 0] if right else product


def stacked(x: Array, rank: int) -> Array:
    """The matrices with axes of size one after the batch axis until there are ``rank`` axes."""
    return x.reshape(x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:])

"""Reductions on arrays: the forwards of :mod:`.reductions` and :mod:`.statistics`.

Half precision is reduced in single precision and rounded once, as PyTorch does. NumPy's reductions return
scalars where no dimension is left; all functions here return arrays. ``axes`` is always a tuple of distinct,
non-negative axes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__: list[str] = []

# Bound once, which is faster; Any, since NumPy's stubs take no positional ``keepdims``.
_add: Any = np.add.reduce
_multiply: Any = np.multiply.reduce
_largest: Any = np.maximum.reduce
_smallest: Any = np.minimum.reduce

Array = npt.NDArray[Any]
Axes = tuple[int, ...]

_SINGLE, _DOUBLE, _HALF, _INT64 = (np.dtype(name) for name in ("float32", "float64", "float16", "int64"))


def working(x: Array) -> Array:
    """``x`` in the dtype in which it is reduced."""
    return x.astype(np.float32) if x.dtype == _HALF else x


def wide(x: Array) -> Array:
    """``x`` in double precision if it is in single: what PyTorch accumulates variances in."""
    return x.astype(np.float64) if x.dtype != _DOUBLE else x


def summed(x: Array, dtype: Any) -> Array:
    """``x`` as a sum or product reads it: cast to ``dtype``; ints and bools without one become int64."""
    if dtype is None:
        return x.astype(np.int64) if x.dtype.kind in "biu" else x
    return x.astype(dtype)


def count(shape: tuple[int, ...], axes: Axes) -> int:
    """How many elements each element of a reduction over ``axes`` is made of."""
    return math.prod([shape[axis] for axis in axes])


def add(x: Array, axes: Axes | None, keepdim: bool, dtype: Any) -> Array:
    """The sum."""
    if dtype is not None or x.dtype.kind in "biu":
        x = summed(x, dtype)
    kind = _SINGLE if x.dtype == _HALF else x.dtype
    result = np.asarray(_add(x, axes, kind, None, keepdim))
    return result.astype(np.float16) if x.dtype == _HALF else result


def mean(x: Array, axes: Axes | None, keepdim: bool, dtype: Any) -> Array:
    """The sum over the count; nan where there is nothing to average."""
    if dtype is not None:
        x = summed(x, dtype)
    kind = _SINGLE if x.dtype == _HALF else x.dtype
    total = _add(x, axes, kind, None, keepdim)
    number = x.size if axes is None else count(x.shape, axes)
    result = np.asarray(total / number if number else np.full_like(total, math.nan))
    return result.astype(np.float16) if x.dtype == _HALF else result


def multiply(x: Array, axes: Axes | None, keepdim: bool, dtype: Any) -> Array:
    """The product."""
    x = summed(x, dtype)
    kind = _SINGLE if x.dtype == _HALF else x.dtype
    return np.asarray(_multiply(x, axes, kind, None, keepdim)).astype(x.dtype, copy=False)


def variance(x: Array, axes: Axes, keepdim: bool, correction: float) -> Array:
    """Squared distances from the mean, over the count less ``correction`` (never less than 0)."""
    deviation = wide(x)
    number = count(x.shape, axes)
    if number:
        deviation = deviation - _add(deviation, axes, None, None, True) / number
    squares = np.asarray(_add(deviation * deviation, axes, None, None, keepdim))
    result: Array = np.true_divide(squares, np.float64(max(number - correction, 0)))
    return result


def cumulative(x: Array, axis: int, dtype: Any) -> Array:
    """Partial sums along ``axis``."""
    x = summed(x, dtype)
    if x.ndim == 0:
        return x.copy()
    kind = _SINGLE if x.dtype == _HALF else x.dtype
    return np.asarray(np.add.accumulate(x, axis, kind), x.dtype, order="C")


def _peak(x: Array, axes: Any) -> Array:
    """The largest element, kept, to be taken off before exp; 0 where it is infinite or there is none."""
    peak = _largest(x, axes, None, None, True, initial=-np.inf)
    return np.asarray(np.where(np.isfinite(peak), peak, x.dtype.type(0)))


def log_sum_exp(x: Array, axes: Axes, keepdim: bool) -> Array:
    """log(sum(exp(x))), without overflow."""
    work = working(x)
    peak = _peak(work, axes)
    result = np.log(_add(np.exp(work - peak), axes, None, None, True)) + peak
    if not keepdim:
        result = result.reshape([size for axis, size in enumerate(x.shape) if axis not in axes])
    return np.asarray(result, dtype=x.dtype)


def softmax(x: Array, axis: int) -> Array:
    """exp(x) over its sum along ``axis``."""
    work = working(x)
    if x.size == 0:
        return x.copy()
    over = axis if x.ndim else ()
    exponentials = np.exp(work - _largest(work, over, None, None, True))
    exponentials = exponentials / _add(exponentials, over, None, None, True)
    return np.asarray(exponentials, x.dtype, order="C")


def log_softmax(x: Array, axis: int) -> Array:
    """x less log(sum(exp(x))) along ``axis``."""
    work = working(x)
    if x.size == 0:
        return x.copy()
    over = axis if x.ndim else ()
    shifted = work - _largest(work, over, None, None, True)
    shifted = shifted - np.log(_add(np.exp(shifted), over, None, None, True))
    return np.asarray(shifted, x.dtype, order="C")


def vector_norm(x: Array, axes: Axes, keepdim: bool, order: float) -> Array:
    """(sum |x|^order)^(1/order), with its limits for orders 0 (the count of non-zeros) and plus and minus
    infinity.
    """
    size = np.abs(working(x))
    if math.isinf(order):
        pick = _largest if order > 0 else _smallest
        result = pick(size, axes, None, None, keepdim)
    elif order == 0:
        result = _add(size != 0, axes, size.dtype, None, keepdim)
    elif order == 1:
        result = _add(size, axes, None, None, keepdim)
    elif order == 2:
        result = np.sqrt(_add(size * size, axes, None, None, keepdim))
    else:
        result = _add(size**order, axes, None, None, keepdim) ** (1.0 / order)
    return np.asarray(result, dtype=x.dtype)


def tie_weights(x: Array, chosen: Array, axes: Axes, nan_ties: bool) -> Array:
    """For each element its share of the gradient of an extremum: 1 over the number of elements that reach it.

    ``chosen`` is the extremum, with the reduced axes kept. With ``nan_ties`` the nans share where it is nan;
    without, no element equals it and all shares are nan.
    """
    reached = x == chosen
    if nan_ties:
        reached |= np.isnan(x) & np.isnan(chosen)
    shares = reached / _add(reached, axes, np.float64, None, True)
    return np.asarray(shares, dtype=x.dtype)

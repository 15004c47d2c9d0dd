"""Tensors made of sizes: constants, ranges and identity matrices.

Sizes are given as ints, as one tuple, or as ``size=``; ``dtype`` None is the default dtype (for ``full`` and
``arange``: what the numbers given ask for). All results are leaves. Errors common to all: TypeError for an
argument of the wrong type, RuntimeError for a negative size and for ``requires_grad`` on a dtype that is not
floating.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arguments import read_device, read_dtype, read_int, read_requires_grad, read_sizes, within_range
from ._dtypes import BOOL, FLOATING, FROM_NUMPY, dtype, float16, int64, scalar_dtype
from ._from_data import cast_array, leaf
from ._tensor import Tensor

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]

Array = npt.NDArray[Any]


def empty(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **size_keyword: Any
) -> Tensor:
    """A tensor whose values are whatever the memory held."""
    shape, kind, tracked = _read("empty", size, dtype, device, requires_grad, size_keyword)
    return leaf(np.empty(shape, kind.numpy), tracked)


def zeros(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **size_keyword: Any
) -> Tensor:
    """A tensor of zeros."""
    shape, kind, tracked = _read("zeros", size, dtype, device, requires_grad, size_keyword)
    return leaf(np.zeros(shape, kind.numpy), tracked)


def ones(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **size_keyword: Any
) -> Tensor:
    """A tensor of ones."""
    shape, kind, tracked = _read("ones", size, dtype, device, requires_grad, size_keyword)
    array = np.empty(shape, kind.numpy)
    array.fill(1)
    return leaf(array, tracked)


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of one value; ``size`` is a tuple, the dtype that of ``fill_value`` when None.

    Raises:
        RuntimeError: when the dtype cannot hold the value.
    """
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}"
        )
    shape = read_sizes("full", (size,))
    read_device("full", device)
    value = _read_number("full", "fill_value", fill_value)
    kind = read_dtype("full", dtype, scalar_dtype(value))
    tracked = read_requires_grad("full", requires_grad, kind)
    filled = np.full(shape, within_range(value, kind, strict=True), _wide(kind))
    return leaf(cast_array(filled, kind), tracked)


def _wide(kind: dtype) -> Any:
    """What a Python number is stored as before it is cast."""
    return np.float64 if kind is float16 else kind.numpy


def arange(
    *bounds: Any,
    start: Any = None,
    end: Any = None,
    step: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``arange(end)``, ``arange(start, end)`` or ``arange(start, end, step)``: the half-open range.

    A one-dimensional tensor of ceil((end - start) / step) elements; int64 where all numbers are ints.

    Raises:
        RuntimeError: when the step is zero or points away from ``end``, or a bound is not finite.
    """
    first, last, stride = _read_range(bounds, start, end, step)
    read_device("arange", device)
    whole = all(scalar_dtype(number).category != FLOATING for number in (first, last, stride))
    kind = read_dtype("arange", dtype, int64 if whole else None)
    if kind.category == BOOL:
        raise NotImplementedError("arange is not implemented for torch.bool; use an integer dtype")
    tracked = read_requires_grad("arange", requires_grad, kind)
    if kind.category != FLOATING:
        first, last, stride = int(first), int(last), int(stride)
    if stride == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first} -> {last}")
    if (last - first) * stride < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    count = math.ceil((last - first) / stride)
    steps = np.arange(count, dtype=np.int64 if kind.category != FLOATING else np.float64)
    return leaf(cast_array(first + steps * stride, kind), tracked)


def linspace(
    start: Any, end: Any, steps: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A one-dimensional tensor of ``steps`` values at equal distances from ``start`` to ``end`` inclusive.

    Raises:
        RuntimeError: when ``steps`` is negative.
    """
    read_device("linspace", device)
    first, last = _read_number("linspace", "start", start), _read_number("linspace", "end", end)
    count = read_int("linspace", "steps", steps)
    if count < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {count}")
    kind = read_dtype("linspace", dtype)
    tracked = read_requires_grad("linspace", requires_grad, kind)
    return leaf(_evenly_spaced(first, last, count, kind), tracked)


def _evenly_spaced(first: Any, last: Any, count: int, kind: dtype) -> Array:
    """Counted from both ends in the dtype itself, so that the end is hit exactly and symmetrically."""
    work = kind.numpy
    if kind.category != FLOATING:
        work, first, last = np.dtype(np.float64), int(first), int(last)
    if count < 2:
        return cast_array(np.full(count, first, work), kind)
    low, high = work.type(first), work.type(last)
    step = (high - low) / work.type(count - 1)
    position = np.arange(count)
    values = np.where(
        position < count // 2,
        low + step * position.astype(work),
        high - step * (count - 1 - position).astype(work),
    )
    return cast_array(values, kind)


def eye(
    n: Any, m: Any = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """An ``n`` by ``m`` matrix (square when ``m`` is None) with ones on its diagonal.

    Raises:
        RuntimeError: when a size is negative.
    """
    read_device("eye", device)
    rows = read_int("eye", "n", n)
    columns = rows if m is None else read_int("eye", "m", m)
    for name, size in (("n", rows), ("m", columns)):
        if size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
    kind = read_dtype("eye", dtype)
    return leaf(np.eye(rows, columns, dtype=kind.numpy), read_requires_grad("eye", requires_grad, kind))


def empty_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """:func:`empty` in the shape, the dtype and the memory order of ``input``."""
    kind, tracked = read_like("empty_like", input, dtype, device, requires_grad)
    return leaf(np.empty_like(input._array, kind.numpy), tracked)


def zeros_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """:func:`zeros` in the shape, the dtype and the memory order of ``input``."""
    kind, tracked = read_like("zeros_like", input, dtype, device, requires_grad)
    return leaf(np.zeros_like(input._array, kind.numpy), tracked)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """:func:`ones` in the shape, the dtype and the memory order of ``input``."""
    kind, tracked = read_like("ones_like", input, dtype, device, requires_grad)
    return leaf(np.ones_like(input._array, kind.numpy), tracked)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """:func:`full` in the shape, the dtype and the memory order of ``input``."""
    kind, tracked = read_like("full_like", input, dtype, device, requires_grad)
    value = within_range(_read_number("full_like", "fill_value", fill_value), kind, strict=True)
    return leaf(np.full_like(input._array, value, kind.numpy), tracked)


# -- reading arguments -------------------------------------------------------------------------------------


def _read(
    name: str,
    size: tuple[Any, ...],
    given_dtype: Any,
    device: Any,
    requires_grad: Any,
    size_keyword: dict[str, Any],
) -> tuple[tuple[int, ...], dtype, bool]:
    """The shape, dtype and ``requires_grad`` of a factory function."""
    unknown = size_keyword.keys() - {"size"}
    if unknown:
        raise TypeError(f"{name}() got an unexpected keyword argument '{min(unknown)}'")
    shape = read_sizes(name, size, size_keyword.get("size"))
    read_device(name, device)
    kind = read_dtype(name, given_dtype)
    return shape, kind, read_requires_grad(name, requires_grad, kind)


def read_like(name: str, input: Any, given_dtype: Any, device: Any, requires_grad: Any) -> tuple[dtype, bool]:
    """The dtype (of ``input`` unless given) and ``requires_grad`` of a ``*_like`` function."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    read_device(name, device)
    kind = read_dtype(name, given_dtype, FROM_NUMPY[input._array.dtype])
    return kind, read_requires_grad(name, requires_grad, kind)


def _read_number(name: str, argument: str, given: Any) -> Any:
    """A Python number out of a number or a zero-dimensional tensor."""
    if isinstance(given, Tensor):
        if given._array.ndim:
            raise RuntimeError(
                f"{name} only supports 0-dimensional {argument} tensors, "
                f"but got {given._array.ndim} dimension(s)"
            )
        return given._array.item()
    if isinstance(given, (bool, int, float)):
        return given
    if isinstance(given, np.generic) and given.dtype.kind in "biuf":
        return given.item()
    raise TypeError(f"{name}(): argument '{argument}' must be Number, not {type(given).__name__}")


def _read_range(bounds: tuple[Any, ...], start: Any, end: Any, step: Any) -> tuple[Any, Any, Any]:
    names = ["end"] if len(bounds) == 1 and start is None and end is None else ["start", "end", "step"]
    if start is not None:
        names = ["end", "step"]
    given = {"start": start, "end": end, "step": step}
    for name, bound in zip(names, bounds, strict=False):
        if given[name] is not None:
            raise TypeError(f"arange() got multiple values for argument '{name}'")
        given[name] = bound
    if len(bounds) > len(names) or given["end"] is None or (given["start"] is None and step is not None):
        raise TypeError(
            "arange() received an invalid combination of arguments; expected end, start and end, "
            "or start, end and step"
        )
    filled = (("start", 0), ("end", None), ("step", 1))
    numbers = [
        default if given[name] is None else _scalar_bound(name, given[name]) for name, default in filled
    ]
    return numbers[0], numbers[1], numbers[2]


def _scalar_bound(name: str, given: Any) -> Any:
    if isinstance(given, Tensor) and given._array.ndim:
        raise TypeError(f"arange(): argument '{name}' must be Number, not Tensor")
    return _read_number("arange", name, given)

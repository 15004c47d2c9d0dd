"""Reading the arguments that factory functions share: sizes, dtypes, devices, numbers and ``requires_grad``.

Every reader takes the function's name for its message and raises before anything is made.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ._dtypes import BOOL, FLOATING, bool_, dtype, float64, get_default_dtype, int64

__all__ = ["read_device", "read_dtype", "read_int", "read_requires_grad", "read_sizes", "within_range"]

_PYTHON_TYPES = {float: float64, int: int64, bool: bool_}


def read_dtype(name: str, given: object, default: dtype | None = None) -> dtype:
    """``given`` as a dtype; Python's float, int and bool name float64, int64 and bool; None is the default.

    Raises:
        TypeError: for anything else.
    """
    if given is None:
        return get_default_dtype() if default is None else default
    if isinstance(given, dtype):
        return given
    if isinstance(given, type) and given in _PYTHON_TYPES:
        return _PYTHON_TYPES[given]
    raise TypeError(f"{name}(): argument 'dtype' must be torch.dtype, not {type(given).__name__}")


def read_device(name: str, given: object) -> None:
    """Accept the CPU, which is the only device here.

    Raises:
        RuntimeError: for any other device.
    """
    if given is not None and str(given).split(":")[0] != "cpu":
        raise RuntimeError(f"{name}(): argument 'device' must be 'cpu' or None here, got {given!r}")


def read_requires_grad(name: str, given: object, kind: dtype) -> bool:
    """``requires_grad`` as a bool, checked against the dtype of the tensor to be made.

    Raises:
        TypeError: when it is neither a bool nor None.
        RuntimeError: when a tensor of this dtype cannot require grad.
    """
    if given is None or given is False:
        return False
    if given is not True:
        raise TypeError(f"{name}(): argument 'requires_grad' must be bool, not {type(given).__name__}")
    if kind.category != FLOATING:
        raise RuntimeError(
            "Only Tensors of floating point and complex dtype can require gradients, "
            f"but this one would be of dtype {kind}"
        )
    return True


def read_int(name: str, argument: str, given: object) -> int:
    """``given`` as an int; bools and floats are no ints.

    Raises:
        TypeError: for anything that is no int.
    """
    if not isinstance(given, (bool, np.bool_)):
        try:
            return operator.index(given)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise TypeError(f"{name}(): argument '{argument}' must be int, not {type(given).__name__}")


def read_sizes(name: str, sizes: tuple[Any, ...], keyword: Any = None) -> tuple[int, ...]:
    """A shape given as ints, as one tuple or list of ints, or as the keyword ``size``.

    Raises:
        TypeError: without sizes, or when one is no int.
        RuntimeError: when one is negative.
    """
    if keyword is not None:
        sizes = (keyword, *sizes)
    if not sizes:
        raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
    if isinstance(sizes[0], (tuple, list)):
        if len(sizes) > 1:
            raise TypeError(
                f"{name}() takes the sizes as ints or as one tuple, but {len(sizes)} arguments were given"
            )
        sizes = tuple(sizes[0])
    for item in sizes:
        if type(item) is not int:
            sizes = tuple(_size(name, each, position) for position, each in enumerate(sizes, 1))
            break
    shape = sizes
    if shape and min(shape) < 0:
        raise RuntimeError(f"{name}: Dimension size must be non-negative, got {list(shape)}")
    return shape


def _size(name: str, item: Any, position: int) -> int:
    if not isinstance(item, (bool, np.bool_)):
        try:
            return operator.index(item)
        except TypeError:
            pass
    kind = type(item).__name__
    raise TypeError(f"{name}(): argument 'size' (position {position}) must be tuple of ints, not {kind}")


def within_range(value: Any, kind: dtype, strict: bool = False) -> Any:
    """A Python number as one that ``kind`` can hold: truncated, wrapped or rounded as PyTorch does.

    A negative number wraps around in an unsigned dtype. ``strict`` refuses finite floats that would become
    infinite.

    Raises:
        RuntimeError: when the value does not fit.
    """
    if kind.category == BOOL:
        return bool(value)
    if kind.category == FLOATING:
        number = float(value)
        if strict and abs(number) != np.inf and abs(number) > float(np.finfo(kind.numpy).max):
            raise RuntimeError(f"value {value} cannot be converted to type {kind.name} without overflow")
        return number
    limits = np.iinfo(kind.numpy)
    lowest = limits.min if kind.is_signed else -limits.max
    # The comparison is false for nan, which has no integer.
    if not lowest <= value <= limits.max:
        raise RuntimeError(f"value {value} cannot be converted to type {kind.name} without overflow")
    number = int(value)
    return number if kind.is_signed else number % (limits.max + 1)

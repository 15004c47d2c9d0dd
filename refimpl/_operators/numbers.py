"""Python numbers as arguments of operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _dtypes
from .._tensor import Tensor

__all__ = ["as_kind_of", "is_number", "plain"]


def is_number(value: Any) -> bool:
    """Whether ``value`` is a bool, int or float, of Python or NumPy."""
    return isinstance(value, (int, float, np.number, np.bool_))


def as_kind_of(number: Any, tensor: Tensor) -> Tensor:
    """``tensor``, in the dtype in which an operation on it and ``number`` computes.

    Only integer and bool tensors ever change, and these have no gradient, so the cast is not recorded.
    """
    array = tensor._array
    if array.dtype.kind == "f":
        return tensor
    dtype = _dtypes.scalar_result(array.dtype, number)
    return tensor if dtype == array.dtype else Tensor(array.astype(dtype))


def plain(number: Any) -> Any:
    """A number of NumPy as the Python number that it counts as; any other as it is."""
    return number.item() if isinstance(number, np.generic) else number

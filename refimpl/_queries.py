"""Questions about tensors that are no operators: their kind, their size, and what promotion would give."""

from __future__ import annotations

from typing import Any

from ._dtypes import dtype, result_of
from ._tensor import Tensor, is_tensor

__all__ = ["is_floating_point", "is_tensor", "numel", "result_type"]


def _read(name: str, given: Any) -> Tensor:
    if not isinstance(given, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(given).__name__}")
    return given


def numel(input: Tensor) -> int:
    """The number of elements."""
    return int(_read("numel", input)._array.size)


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating-point one."""
    return bool(_read("is_floating_point", input)._array.dtype.kind == "f")


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype of an operation on two tensors or numbers.

    Raises:
        TypeError: when an argument is neither.
    """
    return result_of(tuple(each._array if isinstance(each, Tensor) else each for each in (tensor1, tensor2)))

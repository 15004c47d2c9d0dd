"""Functions of ``torch.nn.functional``: those published there, and thin spellings of others."""

from __future__ import annotations

import warnings
from typing import Any

from .._operators.public import NAMESPACES
from .._tensor import Tensor

__all__ = ["log_softmax", "relu", "sigmoid", "softmax", "tanh"]

globals().update(NAMESPACES["nn.functional"])

_torch = NAMESPACES["torch"]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``input`` where it is positive, else 0; the derivative at 0 is 0."""
    result: Tensor = input.relu_() if inplace else _torch["relu"](input)
    return result


def sigmoid(input: Tensor) -> Tensor:
    """``1 / (1 + exp(-input))``."""
    result: Tensor = _torch["sigmoid"](input)
    return result


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    result: Tensor = _torch["tanh"](input)
    return result


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """``exp(input) / exp(input).sum(dim)``, without overflow."""
    result: Tensor = _torch["softmax"](input, _dim_of("softmax", input, dim, _stacklevel), dtype=dtype)
    return result


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of ``softmax``, without cancellation."""
    dim = _dim_of("log_softmax", input, dim, _stacklevel)
    result: Tensor = _torch["log_softmax"](input, dim, dtype=dtype)
    return result


def _dim_of(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    """The dimension, or the one that PyTorch chooses with a warning: 0 for 0, 1 or 3 dimensions, else 1."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an "
        "argument.",
        UserWarning,
        stacklevel=stacklevel,
    )
    return 0 if input._array.ndim in (0, 1, 3) else 1

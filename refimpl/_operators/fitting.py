"""Un-broadcasting and casts: how a gradient gets the shape and dtype of its input. Both are operators
themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .declare import declare
from .public import public

__all__ = ["expand_to", "sum_to", "to"]

Shape = tuple[int, ...]


def _sum_to(array: Any, shape: Shape) -> Any:
    """Sum over the axes along which ``shape`` broadcasts to the array's shape; float16 adds up in float32."""
    lead = array.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(
        lead + i for i, size in enumerate(shape) if size == 1 and array.shape[lead + i] != 1
    )
    if not axes:
        return array
    wide = np.float32 if array.dtype == np.float16 else array.dtype
    total = np.add.reduce(array, axis=axes, dtype=wide, keepdims=True)
    return total.astype(array.dtype, copy=False).reshape(shape)


sum_to = declare(
    "sum_to(self; shape)", _sum_to, node="SumToSizeBackward0",
    self=lambda F, g, self_shape: F.expand_to(g, self_shape),
)  # fmt: skip

expand_to = declare(
    "expand_to(self; shape)", np.broadcast_to, node="ExpandBackward0", view=True,
    self=lambda F, g, self_shape: F.sum_to(g, self_shape),
)  # fmt: skip


def _cast(array: Any, dtype: np.dtype[Any]) -> Any:
    """In another dtype; PyTorch reaches half precision through single, and so rounds twice."""
    if dtype == np.float16 and array.dtype != np.float32:
        array = array.astype(np.float32)
    return array.astype(dtype)


to = declare(
    "to(self; dtype)", _cast, node="ToCopyBackward0",
    self=lambda F, g, self_dtype: F.to(g, self_dtype),
)  # fmt: skip
"""The cast; ``dtype`` is a NumPy dtype."""


def _clone(array: Any) -> Any:
    """In the same order of axes; memory that several elements share becomes contiguous, as in PyTorch."""
    return array.copy("K" if all(array.strides) else "C")


clone = public("torch", "Tensor", names=("clone",))(
    declare("clone(self)", _clone, node="CloneBackward0", self=lambda F, g: g)
)

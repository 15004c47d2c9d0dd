"""Fills and selections by a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arguments import within_range
from .._dtypes import FLOATING, FROM_NUMPY, scalar_dtype
from .._tensor import Tensor
from ._arguments import read_tensor
from .declare import declare
from .fitting import expand_to
from .public import public

__all__ = ["check_mask"]

Shape = tuple[int, ...]


def _masked_fill_value(x: Any, mask: Any, value: Any) -> Any:
    return np.where(mask, np.asarray(value, x.dtype), x)


masked_fill_number = declare(
    "masked_fill(self, mask; value)", _masked_fill_value, node="MaskedFillBackward0",
    self=lambda F, g, mask, self_shape: F.sum_to(F.masked_fill(g, mask, 0.0), self_shape),
)  # fmt: skip

masked_fill_tensor = declare(
    "masked_fill_tensor(self, mask, value)", lambda x, mask, value: np.where(mask, value.astype(x.dtype), x),
    node="MaskedFillBackward1",
    self=lambda F, g, mask, self_shape: F.sum_to(F.masked_fill(g, mask, 0.0), self_shape),
    value=lambda F, g, mask, value_dtype: F.to(F.total(F.where(mask, g, 0.0), None), value_dtype),
)  # fmt: skip


def check_mask(name: str, source: Tensor, mask: Tensor) -> None:
    if mask._array.dtype.kind != "b":
        raise RuntimeError(f"{name} only supports boolean masks, but got mask with dtype {mask.dtype}")
    try:
        np.broadcast_shapes(source._array.shape, mask._array.shape)
    except ValueError:
        raise RuntimeError(
            f"The size of tensor a {list(source._array.shape)} must match the size of tensor b "
            f"{list(mask._array.shape)}: the mask does not broadcast"
        ) from None


@public("torch", "Tensor")
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """A copy of ``input``, broadcast with ``mask``, that holds ``value`` (a number or 0-d tensor) where it
    is True.

    Raises:
        RuntimeError: when the mask is not bool or does not broadcast, or the value is no single number that
            the dtype can hold.
    """
    source, where = read_tensor("masked_fill", input), read_tensor("masked_fill", mask, "mask", 2)
    check_mask("masked_fill", source, where)
    kind = FROM_NUMPY[source._array.dtype]
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                "masked_fill only supports a 0-dimensional value tensor, but got tensor with "
                f"{value._array.ndim} dimension(s)."
            )
        if value._array.dtype.kind == "f" and kind.category < FLOATING:
            raise RuntimeError(f"result type {value.dtype} can't be cast to the desired output type {kind}")
        result: Tensor = masked_fill_tensor(source, where, value)
        return result
    scalar_dtype(value)
    result = masked_fill_number(source, where, within_range(value, kind, strict=True))
    return result


def _masked_put(part: Any, mask: Any, shape: Shape) -> Any:
    whole = np.zeros(shape, part.dtype)
    whole[mask] = part
    return whole


masked_select_flat = declare(
    "masked_select(self, mask)", lambda x, mask: x[mask], node="MaskedSelectBackward0",
    self=lambda F, g, mask, self_shape: F.masked_put(g, mask, self_shape),
)  # fmt: skip

declare(
    "masked_put(self, mask; shape)", _masked_put, node="MaskedScatterBackward0",
    self=lambda F, g, mask: F.masked_select(g, mask),
)  # fmt: skip


@public("torch", "Tensor")
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where ``mask``, broadcast with ``input``, is True, in one dimension.

    Raises:
        RuntimeError: when the mask is not bool or does not broadcast.
    """
    source, where = read_tensor("masked_select", input), read_tensor("masked_select", mask, "mask", 2)
    if where._array.dtype.kind != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {where.dtype}")
    check_mask("masked_select", source, where)
    shape = np.broadcast_shapes(source._array.shape, where._array.shape)
    wide = [each if each._array.shape == shape else expand_to(each, shape) for each in (source, where)]
    result: Tensor = masked_select_flat(wide[0], wide[1])
    return result

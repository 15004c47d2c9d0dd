"""Products over dimensions, with gradients that are right at zeros, to any order."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from . import _reduce_arrays as arrays
from ._arguments import read_cast, read_keepdim, read_tensor
from ._dims import axis as read_axis
from .declare import declare
from .public import public
from .reductions import cast_back, restored

__all__: list[str] = []


def _shift(array: Any, axis: int, by: int, fill: float) -> Any:
    """Move along ``axis`` by ``by`` places; what moves in is ``fill``."""
    result = np.full_like(array, fill)
    size = array.shape[axis]
    if abs(by) < size:
        source = slice(0, size - by) if by > 0 else slice(-by, None)
        target = slice(by, None) if by > 0 else slice(0, size + by)
        before = (slice(None),) * axis
        result[(*before, target)] = array[(*before, source)]
    return result


shift = declare(
    "shift(self; axis, by, fill)", _shift, node="ShiftBackward0",
    self=lambda F, g, axis, by: F.shift(g, axis, -by, 0.0),
)  # fmt: skip


def _products_of_the_others(F: Any, x: Any, axis: int) -> Any:
    """For each element the product of all others along ``axis``.

    Only shifts and products, so that it is right at zeros, and so are its derivatives of all orders. Each
    side is an exclusive prefix product by doubling, in log2(n) steps.
    """
    sides = []
    for direction in (1, -1):
        side = F.shift(x, axis, direction, 1.0)
        step = 1
        while step < x.shape[axis]:
            side = side * F.shift(side, axis, direction * step, 1.0)
            step *= 2
        sides.append(side)
    return sides[0] * sides[1]


def _prod_pullback(F: Any, g: Any, x: Any, result: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    shape = tuple(x.shape)
    if not shape:
        return g
    g = restored(F, g, shape, axes, keepdim)
    values = getattr(x, "_array", x)
    if values.all():
        return g * (restored(F, result, shape, axes, keepdim) / x)
    if len(axes) == 1:
        return g * _products_of_the_others(F, x, axes[0])
    flat = F.reshape(x, (values.size,))
    return g * F.reshape(_products_of_the_others(F, flat, 0), shape)


def _prod_back(
    F: Any, g: Any, x: Any, result: Any, axes: tuple[int, ...], keepdim: bool, dtype: Any, own: Any
) -> Any:
    if dtype is not None:
        x = F.to(x, dtype)
    return cast_back(F, _prod_pullback(F, g, x, result, axes, keepdim), dtype, own)


product = declare(
    "product(self; dtype)", lambda x, dtype: arrays.multiply(x, None, False, dtype), node="ProdBackward0",
    self=lambda F, g, self, result, dtype, self_dtype: _prod_back(
        F, g, self, result, tuple(range(len(self.shape))), False, dtype, self_dtype
    ),
)  # fmt: skip

prod_axis = declare(
    "prod(self; axes, keepdim, dtype)", arrays.multiply, node="ProdBackward1",
    self=lambda F, g, self, result, axes, keepdim, dtype, self_dtype: _prod_back(
        F, g, self, result, axes, keepdim, dtype, self_dtype
    ),
)  # fmt: skip


@public("torch", "Tensor")
def prod(input: Tensor, *dim: Any, keepdim: bool = False, dtype: Any = None, **aliases: Any) -> Tensor:
    """The product of all elements, or over one dimension (``prod(dim, keepdim)``); ints and bools as int64.

    Its gradient is right where elements are zero, and so are its higher derivatives.

    Raises:
        TypeError: when ``dim`` is no int.
        IndexError: when the dimension does not exist.
    """
    source = read_tensor("prod", input)
    kind = read_cast("prod", source, dtype)
    over = list(dim)
    for alias in ("dim", "axis"):
        if alias in aliases:
            over.insert(0, aliases.pop(alias))
    if len(over) > 1:
        keepdim = over.pop()
    keepdim = read_keepdim("prod", keepdim, aliases)
    if not over:
        result: Tensor = product(source, kind)
        return result
    axis = read_axis(over[0], source._array.ndim, "prod")
    result = prod_axis(source, (axis,) if source._array.ndim else (), keepdim, kind)
    return result

"""Addition, subtraction, multiplication, division."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from .declare import declare
from .public import public, result_of

__all__: list[str] = []

add = declare(
    "add(self, other)", np.add, node="AddBackward0", elementwise=True,
    self=lambda F, g: g,
    other=lambda F, g: g,
)  # fmt: skip

sub = declare(
    "sub(self, other)", np.subtract, node="SubBackward0", elementwise=True,
    self=lambda F, g: g,
    other=lambda F, g: -g,
)  # fmt: skip

mul = declare(
    "mul(self, other)", np.multiply, node="MulBackward0", elementwise=True,
    self=lambda F, g, other: g * other,
    other=lambda F, g, self: g * self,
)  # fmt: skip

div = declare(
    "div(self, other)", np.true_divide, node="DivBackward0", elementwise=True, floating=True,
    self=lambda F, g, other: g / other,
    other=lambda F, g, self, other: -g * (self / other) / other,
)  # fmt: skip


public("Tensor", names=("__add__", "__radd__"))(add)
public("Tensor", names=("__sub__",))(sub)
public("Tensor", names=("__mul__", "__rmul__"))(mul)
public("Tensor", names=("__truediv__",))(div)


@public("torch", "Tensor", names=("add",))
def _add(self: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``self + alpha * other``, broadcast and promoted."""
    return result_of("add", add(self, other if alpha == 1 else mul(other, alpha)), self, other)

"""Functions of one number, applied to every element."""

from __future__ import annotations

import numpy as np

from .declare import declare

__all__: list[str] = []

neg = declare("neg(self)", np.negative, node="NegBackward0", elementwise=True, self=lambda F, g: -g)

exp = declare(
    "exp(self)", np.exp, node="ExpBackward0", elementwise=True, floating=True,
    self=lambda F, g, result: g * result,
)  # fmt: skip

sin = declare(
    "sin(self)", np.sin, node="SinBackward0", elementwise=True, floating=True,
    self=lambda F, g, self: g * F.cos(self),
)  # fmt: skip

cos = declare(
    "cos(self)", np.cos, node="CosBackward0", elementwise=True, floating=True,
    self=lambda F, g, self: -g * F.sin(self),
)  # fmt: skip

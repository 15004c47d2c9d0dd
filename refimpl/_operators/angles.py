"""The angle of a point.

Derivative: PyTorch's ``atan2_backward``, in which the reciprocal of a square that is 0, or that underflows to
0, counts as 0: the origin has gradient 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from .declare import declare
from .public import public

__all__: list[str] = []


def _over_square(F: Any, g: Any, self: Any, other: Any) -> Any:
    square = self * self + other * other
    return F.where(square == 0, F.zeros_of(g), g / square)


atan2 = declare(
    "atan2(self, other)", np.arctan2, node="Atan2Backward0", elementwise=True, floating=True,
    self=lambda F, g, self, other: _over_square(F, g, self, other) * other,
    other=lambda F, g, self, other: _over_square(F, g, self, other) * -self,
)  # fmt: skip


@public("torch", "Tensor", names=("atan2", "arctan2"))
def _atan2(input: Any, other: Any) -> Tensor:
    """The angle of the point with ordinate ``input`` and abscissa ``other``, from -pi to pi.

    Raises:
        TypeError: when one is no tensor.
    """
    for position, (name, value) in enumerate((("input", input), ("other", other)), 1):
        if not isinstance(value, Tensor):
            kind = type(value).__name__
            raise TypeError(f"atan2(): argument '{name}' (position {position}) must be Tensor, not {kind}")
    result: Tensor = atan2(input, other)
    return result

"""Powers in all forms.

Conventions at the edges are PyTorch's: x**0 has derivative 0 everywhere; the derivative in the exponent is 0
where the base is 0 and the exponent is not negative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from .._tensor import Tensor
from .declare import declare
from .elementwise import published
from .numbers import as_kind_of, is_number, plain
from .public import public, result_of

__all__ = ["pow_number", "pow_of_number", "pow_tensors"]


def _power(x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return np.power(x, y)
    if x.dtype.kind == "b":
        raise NotImplementedError('"pow" is not implemented for bool tensors')
    # NumPy refuses negative exponents; of integers only 1 and -1 have an integer inverse, PyTorch gives 0 for
    # others.
    negative = np.less(y, 0)
    powers = np.power(x, np.where(negative, np.mod(y, 2), y))
    return np.where(negative & (np.abs(x) != 1), 0, powers).astype(x.dtype)


def _power_number(x: Any, exponent: Any) -> Any:
    if x.dtype.kind == "f":
        shortcut = _SHORTCUTS.get(exponent)
        return shortcut(x) if shortcut is not None else np.power(x, x.dtype.type(exponent))
    if x.dtype.kind == "b":
        return x.copy() if exponent else np.ones_like(x)
    if exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return _power(x, x.dtype.type(exponent))


_SHORTCUTS: Final[dict[float, Callable[[Any], Any]]] = {
    -2: lambda x: np.reciprocal(x * x),
    -1: np.reciprocal,
    -0.5: lambda x: np.reciprocal(np.sqrt(x)),
    0.5: np.sqrt,
    1: np.array,
    2: lambda x: x * x,
    3: lambda x: x * x * x,
}
"""What PyTorch computes without its pow, which differs in speed, and for roots at -0 and -inf."""


def _number_power(x: Any, base: Any) -> Any:
    return _power(x.dtype.type(base), x)


def _pull_base_of_number(F: Any, g: Any, self: Any, exponent: Any) -> Any:
    if exponent == 0:
        return F.zeros_of(g)
    # Nothing shorter for 1 and 2: PyTorch's gradient of a gradient of x**2 still has a history.
    return g * (exponent * F.pow_number(self, exponent - 1))


def _pull_base(F: Any, g: Any, self: Any, exponent: Any) -> Any:
    # The cotangent inside the choice: where the exponent is 0 not even a NaN passes.
    gradient = g * (exponent * F.pow_tensors(self, exponent - 1))
    return F.where(exponent == 0, F.zeros_of(gradient), gradient)


def _pull_exponent(F: Any, g: Any, self: Any, exponent: Any, result: Any) -> Any:
    slope = result * F.log(self)
    return g * F.where((self == 0) & (exponent >= 0), F.zeros_of(slope), slope)


def _pull_exponent_of_number(F: Any, g: Any, self: Any, base: Any, result: Any) -> Any:
    slope = result * _log_of_number(base)
    return g * (F.where(self >= 0, F.zeros_of(slope), slope) if base == 0 else slope)


def _log_of_number(base: Any) -> float:
    return float(np.log(base)) if base > 0 else (-np.inf if base == 0 else np.nan)


pow_number = declare(
    "pow_number(self; exponent)",
    _power_number,
    node="PowBackward0",
    elementwise=True,
    self=_pull_base_of_number,
)

pow_tensors = declare(
    "pow_tensors(self, exponent)", _power, node="PowBackward1", elementwise=True,
    self=_pull_base, exponent=_pull_exponent,
)  # fmt: skip

pow_of_number = declare(
    "pow_of_number(self; base)",
    _number_power,
    node="PowBackward2",
    elementwise=True,
    self=_pull_exponent_of_number,
)


@public("Tensor", names=("__pow__",))
def _pow(self: Any, exponent: Any) -> Any:
    if type(exponent) is int and isinstance(self, Tensor) and self._array.dtype.kind == "f":
        return pow_number(self, exponent)
    if is_number(exponent):
        return (
            pow_number(as_kind_of(exponent, self), plain(exponent))
            if isinstance(self, Tensor)
            else NotImplemented
        )
    if isinstance(exponent, Tensor) and is_number(self):
        return pow_of_number(as_kind_of(self, exponent), plain(self))
    return pow_tensors(self, exponent)


@public("Tensor", names=("__rpow__",))
def _reflected_pow(self: Tensor, base: Any) -> Any:
    return _pow(base, self)


@public("torch", "Tensor", names=("pow",))
def _pow_of(input: Any, exponent: Any) -> Tensor:
    """``input ** exponent``, broadcast and promoted; either may be a number.

    Raises:
        RuntimeError: for integers with a negative exponent.
    """
    return result_of("pow", _pow(input, exponent), input, exponent)


published(lambda x: pow_number(as_kind_of(2, x), 2), ("square",))

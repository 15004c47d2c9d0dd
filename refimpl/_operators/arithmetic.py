"""The four arithmetic operations, and what is left over by division.

Derivatives: PyTorch's ``derivatives.yaml``. What rounds has derivative zero wherever it has one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from .._vocabulary import TRACED
from .declare import declare
from .numbers import as_kind_of, is_number, plain
from .public import public, result_of

__all__ = ["add", "div", "mul", "sub"]


def _refuse_bools(*operands: Any) -> None:
    kinds = [np.asarray(operand).dtype.kind for operand in operands]
    if "b" in kinds:
        which = "two bool tensors" if kinds == ["b", "b"] else "a bool tensor"
        raise RuntimeError(
            f"Subtraction, the `-` operator, with {which} is not supported. If you are trying to invert a "
            "mask, use "
            "the `~` or `logical_not()` operator instead."
        )


def _refuse_zero(x: Any, y: Any) -> None:
    if x.dtype.kind in "iub" and not np.all(y):
        raise RuntimeError("ZeroDivisionError: an integer cannot be divided by zero")


def _floor_divide(x: Any, y: Any) -> Any:
    _refuse_zero(x, y)
    if x.dtype.kind != "f":
        return np.floor_divide(x, y)
    # NumPy gives NaN where something is divided by zero, PyTorch the infinity.
    return np.where(np.equal(y, 0), np.true_divide(x, y), np.floor_divide(x, y))


def _truncated_divide(x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return np.trunc(np.true_divide(x, y))
    _refuse_zero(x, y)
    down = np.floor_divide(x, y)
    inexact_below_zero = (down < 0) & (down * y != x)
    return down + inexact_below_zero.astype(down.dtype)


def _remainder(x: Any, y: Any) -> Any:
    _refuse_zero(x, y)
    if x.dtype.kind != "f":
        return np.remainder(x, y)
    # NumPy's remainder, but a remainder of zero keeps the sign of x, as PyTorch's does.
    left = np.fmod(x, y)
    return np.where((left != 0) & (np.less(y, 0) != (left < 0)), left + y, left)


def _fmod(x: Any, y: Any) -> Any:
    _refuse_zero(x, y)
    return np.fmod(x, y)


add = declare(
    "add(self, other)", np.add, node="AddBackward0", elementwise=True,
    self=lambda F, g: g,
    other=lambda F, g: g,
)  # fmt: skip

add_scaled = declare(
    "add_scaled(self, other; alpha)", lambda x, y, alpha: x + alpha * y, node="AddBackward0",
    elementwise=True,
    self=lambda F, g: g,
    other=lambda F, g, alpha: g * alpha,
)  # fmt: skip

sub = declare(
    "sub(self, other)", np.subtract, check=_refuse_bools, node="SubBackward0", elementwise=True,
    self=lambda F, g: g,
    other=lambda F, g: -g,
)  # fmt: skip

sub_scaled = declare(
    "sub_scaled(self, other; alpha)", lambda x, y, alpha: x - alpha * y, check=_refuse_bools,
    node="SubBackward0", elementwise=True,
    self=lambda F, g: g,
    other=lambda F, g, alpha: -g * alpha,
)  # fmt: skip

rsub = declare(
    "rsub(self, other)", lambda x, y: np.subtract(y, x), check=_refuse_bools, node="RsubBackward0",
    elementwise=True,
    self=lambda F, g: -g,
    other=lambda F, g: g,
)  # fmt: skip

subtract_from = declare(
    "subtract_from(self; number)", lambda x, number: np.subtract(number, x), node="RsubBackward1",
    elementwise=True,
    self=lambda F, g: -g,
)  # fmt: skip

mul = declare(
    "mul(self, other)", np.multiply, node="MulBackward0", elementwise=True,
    self=lambda F, g, other: g * other,
    other=lambda F, g, self: g * self,
)  # fmt: skip

div = declare(
    "div(self, other)", np.true_divide, node="DivBackward0", elementwise=True, floating=True,
    self=lambda F, g, other: g / other,
    other=lambda F, g, self, other: -g * (self / other / other),
)  # fmt: skip

floor_quotient = declare(
    "floor_quotient(self, other)", _floor_divide, node="DivBackward2", elementwise=True,
    self=lambda F, g: F.zeros_of(g),
    other=lambda F, g: F.zeros_of(g),
)  # fmt: skip

truncated_quotient = declare(
    "truncated_quotient(self, other)", _truncated_divide, node="DivBackward2", elementwise=True,
    self=lambda F, g: F.zeros_of(g),
    other=lambda F, g: F.zeros_of(g),
)  # fmt: skip


def _undefined(F: Any, g: Any) -> Any:
    raise RuntimeError("derivative for aten::floor_divide is not implemented")


floor_divide = declare(
    "floor_divide(self, other)", _floor_divide, node="torch::autograd::NotImplemented", elementwise=True,
    self=_undefined, other=_undefined,
)  # fmt: skip

remainder = declare(
    "remainder(self, other)", _remainder, node="RemainderBackward1", elementwise=True,
    self=lambda F, g: g,
    other=lambda F, g, self, other: -g * F.floor_quotient(self, other),
)  # fmt: skip

remainder_of_number = declare(
    "remainder_of_number(self; other)", _remainder, node="RemainderBackward0", elementwise=True,
    self=lambda F, g: g,
)  # fmt: skip

fmod = declare(
    "fmod(self, other)", _fmod, node="FmodBackward1", elementwise=True,
    self=lambda F, g: g,
    other=lambda F, g, self, other: -g * F.truncated_quotient(self, other),
)  # fmt: skip

fmod_of_number = declare(
    "fmod_of_number(self; other)", _fmod, node="FmodBackward0", elementwise=True,
    self=lambda F, g: g,
)  # fmt: skip


# -- public names ------------------------------------------------------------------------------------------

public("Tensor", names=("__add__", "__radd__"))(add)
public("Tensor", names=("__sub__",))(sub)
public("Tensor", names=("__mul__", "__rmul__"))(mul)
public("Tensor", names=("__truediv__",))(div)


@public("torch", "Tensor", names=("add",))
def _add(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """``input + alpha * other``, broadcast and promoted."""
    _check_alpha(alpha, input, other)
    result = add(input, other) if _is_one(alpha) else add_scaled(input, other, plain(alpha))
    return result_of("add", result, input, other)


@public("torch", "Tensor", names=("sub", "subtract"))
def _sub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """``input - alpha * other``, broadcast and promoted."""
    _check_alpha(alpha, input, other)
    result = sub(input, other) if _is_one(alpha) else sub_scaled(input, other, plain(alpha))
    return result_of("sub", result, input, other)


@public("torch", names=("rsub",))
def _rsub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """``other - alpha * input``, broadcast and promoted."""
    subtracted = input if _is_one(alpha) else mul(input, alpha)
    return result_of("rsub", _reflected_sub(subtracted, other), input, other)


@public("Tensor", names=("__rsub__",))
def _reflected_sub(self: Tensor, other: Any) -> Any:
    if isinstance(other, Tensor):
        return rsub(self, other)
    if not is_number(other):
        return NotImplemented
    if self._array.dtype.kind != "f" or isinstance(other, (bool, np.bool_)):
        _refuse_bools(other, self._array)
    return subtract_from(as_kind_of(other, self), plain(other))


@public("torch", "Tensor", names=("mul", "multiply"))
def _mul(input: Any, other: Any) -> Tensor:
    """``input * other``, broadcast and promoted."""
    return result_of("mul", mul(input, other), input, other)


@public("torch", "Tensor", names=("div", "divide"))
def _div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """``input / other``, broadcast and promoted; the quotient may be rounded: None, "trunc" or "floor".

    Raises:
        RuntimeError: for any other rounding mode.
    """
    if rounding_mode is None:
        return result_of("div", div(input, other), input, other)
    if rounding_mode == "floor":
        return result_of("div", floor_quotient(input, other), input, other)
    if rounding_mode == "trunc":
        return result_of("div", truncated_quotient(input, other), input, other)
    raise RuntimeError(
        f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
    )


@public("torch", "Tensor", names=("true_divide",))
def _true_divide(input: Any, other: Any) -> Tensor:
    """``input / other``, broadcast and promoted."""
    return result_of("true_divide", div(input, other), input, other)


@public("Tensor", names=("__rtruediv__", "__rdiv__"))
def _reflected_div(self: Tensor, other: Any) -> Any:
    return mul(TRACED.reciprocal(self), other)


@public("torch", "Tensor", names=("floor_divide",))
def _floor_divide_of(input: Any, other: Any) -> Tensor:
    """The floor of ``input / other``; it has no derivative in PyTorch."""
    return result_of("floor_divide", floor_divide(input, other), input, other)


public("Tensor", names=("__floordiv__",))(floor_divide)


@public("Tensor", names=("__rfloordiv__",))
def _reflected_floor_divide(self: Tensor, other: Any) -> Any:
    return floor_divide(other, self)


@public("torch", "Tensor", names=("remainder",))
def _remainder_of(input: Any, other: Any) -> Tensor:
    """What is left of ``input`` by floor division: it has the sign of ``other``."""
    return result_of("remainder", _mod(input, other), input, other)


@public("Tensor", names=("__mod__",))
def _mod(self: Any, other: Any) -> Any:
    if isinstance(self, Tensor) and is_number(other):
        return remainder_of_number(as_kind_of(other, self), plain(other))
    return remainder(self, other)


@public("Tensor", names=("__rmod__",))
def _reflected_mod(self: Tensor, other: Any) -> Any:
    return remainder(other, self)


@public("torch", "Tensor", names=("fmod",))
def _fmod_of(input: Any, other: Any) -> Tensor:
    """What is left of ``input`` by truncated division: it has the sign of ``input``."""
    if isinstance(input, Tensor) and is_number(other):
        return result_of("fmod", fmod_of_number(as_kind_of(other, input), plain(other)), input, other)
    return result_of("fmod", fmod(input, other), input, other)


def _check_alpha(alpha: Any, *operands: Any) -> None:
    if not is_number(alpha):
        raise TypeError(f"argument 'alpha' must be a number, not {type(alpha).__name__}")
    if isinstance(alpha, (float, np.floating)):
        values = [each._array if isinstance(each, Tensor) else np.asarray(each) for each in operands]
        if all(value.dtype.kind in "iub" for value in values):
            raise RuntimeError(
                "For integral input tensors, argument alpha must not be a floating point number."
            )


def _is_one(alpha: Any) -> bool:
    return is_number(alpha) and bool(alpha == 1)

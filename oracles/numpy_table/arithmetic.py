"""Arithmetic: sums, products, quotients, powers and remainders."""

from __future__ import annotations

from typing import Any

import numpy as np

from oracles.numpy_table.row import (
    Array,
    Kernel,
    Operand,
    align,
    are_integral,
    as_real,
    jump,
    real_part,
    row,
    with_imaginary,
)


@row("add")
def add(k: Kernel, a: Operand, b: Operand, *, alpha: float = 1) -> Any:
    a, b = align(a, b)
    return np.add(a, b if alpha == 1 else np.multiply(b, alpha))


@row("sub")
def sub(k: Kernel, a: Operand, b: Operand, *, alpha: float = 1) -> Any:
    a, b = align(a, b)
    return np.subtract(a, b if alpha == 1 else np.multiply(b, alpha))


@row("mul")
def mul(k: Kernel, a: Operand, b: Operand) -> Any:
    return np.multiply(*align(a, b))


@row("div")
def div(k: Kernel, a: Operand, b: Operand, *, rounding_mode: str | None = None) -> Any:
    a, b = align(a, b)
    if rounding_mode is None:
        return np.divide(a, b)
    if rounding_mode not in ("floor", "trunc"):
        raise ValueError(f"rounding_mode is 'floor', 'trunc' or None, got {rounding_mode!r}")
    return rounded_quotient(k, a, b, rounding_mode)


def rounded_quotient(k: Kernel, a: Any, b: Any, mode: str) -> Any:
    """``a / b`` rounded down or towards zero, frozen at the base point."""
    a, b = real_part(a), real_part(b)
    quotient = np.divide(a, b)
    whole = np.floor_divide(a, b) if mode == "floor" else np.trunc(quotient)
    if are_integral(a, b):
        if np.any(np.equal(b, 0)):
            raise ZeroDivisionError("integers divided by zero")
        return whole.astype(np.result_type(a, b))
    jump(k, quotient, f"div with rounding_mode {mode}")
    return k.base(whole)


@row("neg", exact=True)
def neg(k: Kernel, x: Array) -> Any:
    return np.negative(x)


@row("clone", exact=True)
def clone(k: Kernel, x: Array) -> Any:
    return x


@row("square")
def square(k: Kernel, x: Array) -> Any:
    return np.square(x)


@row("reciprocal")
def reciprocal(k: Kernel, x: Array) -> Any:
    return np.divide(1.0, x)


@row("pow", exact=True)  # marks its own roundings: a rounded exponent is no integer any more
def pow_(k: Kernel, x: Operand, y: Operand) -> Any:
    x, y = align(x, y)
    if are_integral(x, y):
        return np.power(x, y)
    return power(k, x, y)


def power(k: Kernel, x: Operand, y: Operand) -> Array:
    """``x ** y`` for real or complex operands of one rank, or Python scalars."""
    rank = max(np.ndim(x), np.ndim(y))
    x, y = (as_real(z) if isinstance(z, np.ndarray) else np.full((1,) * rank, float(z)) for z in (x, y))
    moving = varies(y)
    if not moving and bool(np.all((y == np.rint(y.real)) & (np.abs(y.real) < 100))):
        return k(np.power(k(x), y.real))
    y = y if not moving and bool(np.all(y == np.rint(y.real))) else k(y)
    x = k(x)
    # under a negative base an exponent that was computed is an integer all the same
    kept = (k.base(x) < 0) & (k.base(y) == np.rint(k.base(y)))
    base, exponent = x.real, np.where(kept, k.base(y), y.real)
    k.kink(base if moving else np.where(exponent == np.rint(exponent), 1.0, base), "pow")
    value = np.power(base, exponent)
    if x.dtype.kind == "c" or y.dtype.kind == "c":
        # the imaginary part of y log(x); a negative base stands under an integer exponent
        angle = np.where(x.imag == 0, 0.0, exponent * (x.imag / base))
        if moving:
            angle = angle + np.where(y.imag == 0, 0.0, y.imag * np.log(base))
        value = with_imaginary(value, value * angle)
    return k(value)


def varies(x: Array) -> bool:
    """Whether a value is perturbed anywhere in the batch."""
    if x.dtype.kind == "c" and bool(x.imag.any()):
        return True
    return x.shape[0] > 1 and not bool(np.all((x.real == x[:1].real) | (x != x)))


@row("remainder")
def remainder(k: Kernel, a: Any, b: Any) -> Any:
    return modulo(k, a, b, np.remainder, np.floor, "remainder")


@row("fmod")
def fmod(k: Kernel, a: Any, b: Any) -> Any:
    return modulo(k, a, b, np.fmod, np.trunc, "fmod")


def modulo(k: Kernel, a: Any, b: Any, plain: Any, whole: Any, what: str) -> Any:
    """``a - n b`` with the integer ``n`` of the base point."""
    a, b = align(a, b)
    if not k.perturbed or are_integral(a, b):
        return plain(a, b)
    quotient = np.divide(real_part(a), real_part(b))
    jump(k, quotient, what)
    return a - k.base(whole(quotient)) * b

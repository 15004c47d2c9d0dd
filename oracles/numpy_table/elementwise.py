"""Elementwise operators: arithmetic, elementary functions, and the piecewise ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oracles.numpy_table.row import (
    Array,
    Kernel,
    Operand,
    Scalar,
    align,
    as_real,
    real_part,
    row,
    with_imaginary,
)


def elementary(function: Callable[[Any], Any], x: Array) -> Array:
    """A NumPy function of one variable that takes complex numbers.

    A complex step is so small that the real part is the real function's, which NumPy computes with more care
    than the real part of the complex one.
    """
    value: Array = np.asarray(function(x))
    if x.dtype.kind == "c":
        value.real = function(x.real)
    return value


def enter_elementary(name: str, function: Callable[[Any], Any]) -> None:
    def apply(k: Kernel, x: Array) -> Any:
        return elementary(function, as_real(x))

    row(name)(apply)


def from_result(
    k: Kernel, x: Array, function: Callable[[Any], Any], addition: Callable[[Array, Array], Array]
) -> Array:
    """An elementary function whose pullback reads the rounded result, and cancels where it saturates.

    ``addition(f(a), d)`` is ``f(a + d)``: put the rounded ``f(a)`` there, and the derivatives in ``d`` are
    those that a pullback computes.
    """
    value = elementary(function, x)
    if not k.noisy or x.shape[0] == 1:
        return value
    anchor = k.anchor(x)
    start, delta = elementary(function, anchor), x - anchor
    noise = addition(k(start), delta) - addition(start, delta)
    return np.where(noise == 0, value, value + noise)  # a sum would lose the sign of a zero


for _name, _function in {
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
}.items():
    enter_elementary(_name, _function)


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


def are_integral(*operands: Operand) -> bool:
    """Whether all operands are integers or booleans."""
    return all(x.dtype.kind in "biu" if isinstance(x, np.ndarray) else isinstance(x, int) for x in operands)


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


@row("log")
def log(k: Kernel, x: Array) -> Any:
    return logarithm(k, as_real(x), "log")


@row("log1p")
def log1p(k: Kernel, x: Array) -> Any:
    return logarithm(k, as_real(x), "log1p", np.log1p, 1.0)


def logarithm(
    k: Kernel, x: Array, name: str, function: Callable[[Any], Any] = np.log, shift: float = 0.0
) -> Any:
    k.kink(x + shift, name)
    if x.dtype.kind != "c":
        return function(x)
    value = np.log(x + shift)  # NumPy's complex log1p is no better
    value.real = function(x.real)
    return value


@row("sqrt")
def sqrt(k: Kernel, x: Array) -> Any:
    return root(k, as_real(x), "sqrt")


@row("rsqrt")
def rsqrt(k: Kernel, x: Array) -> Any:
    return np.divide(1.0, k(root(k, as_real(x), "rsqrt")))


def root(k: Kernel, x: Array, what: str) -> Any:
    """The square root, NaN off its domain; at zero, the end of the domain, ``what`` has no derivative."""
    k.kink(x, what)
    return elementary(np.sqrt, x)


@row("expm1")
def expm1(k: Kernel, x: Array) -> Any:
    return from_result(k, as_real(x), np.expm1, lambda y, d: y + (1.0 + y) * np.expm1(d))


@row("tanh")
def tanh(k: Kernel, x: Array) -> Any:
    return from_result(k, as_real(x), np.tanh, lambda y, d: (y + np.tanh(d)) / (1.0 + y * np.tanh(d)))


@row("sigmoid")
def sigmoid(k: Kernel, x: Array) -> Any:
    return from_result(k, as_real(x), logistic, lambda y, d: y / (y + (1.0 - y) * np.exp(-d)))


def logistic(x: Array) -> Array:
    """``1 / (1 + exp(-x))``, without overflow on either side."""
    positive = x.real > 0
    small = np.exp(np.where(positive, -x, x))
    return np.where(positive, 1.0, small) / (1.0 + small)


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
    base, exponent = x.real, y.real
    k.kink(base if moving else np.where(exponent == np.rint(exponent), 1.0, base), "pow")
    value = np.power(base, exponent)
    if x.dtype.kind == "c" or y.dtype.kind == "c":
        # the imaginary part of y log(x); a negative base stands under an integer exponent
        angle = exponent * (x.imag / base)
        if moving:
            angle = angle + np.where(y.imag == 0, 0.0, y.imag * np.log(base))
        value = with_imaginary(value, value * angle)
    return k(value)


def varies(x: Array) -> bool:
    """Whether a value is perturbed anywhere in the batch."""
    if x.dtype.kind == "c" and bool(x.imag.any()):
        return True
    return x.shape[0] > 1 and not bool(np.all((x.real == x[:1].real) | (x != x)))


@row("atan2")
def atan2(k: Kernel, y: Array, x: Array) -> Any:
    y, x = align(as_real(one_batch(y)), as_real(one_batch(x)))
    value = np.arctan2(y.real, x.real)
    k.kink(np.hypot(y.real, x.real), "atan2")
    k(np.square(y) + np.square(x))  # a pullback divides by it
    k.kink(np.where(x.real < 0, y.real, 1.0), "atan2")  # the branch cut
    if y.dtype.kind != "c" and x.dtype.kind != "c":
        return value
    steep = np.abs(k.base(y)) > np.abs(k.base(x))
    flat = np.where(
        steep | (x == 0), 1.0, x
    )  # at the origin there is no derivative, and none is as good as any
    with_cut = np.where(steep, -np.arctan(x / np.where(steep, y, 1.0)), np.arctan(y / flat))
    return with_imaginary(value, with_cut.imag)


@row("abs", exact=True)
def abs_(k: Kernel, x: Array) -> Any:
    if x.dtype.kind in "biu":
        return np.abs(x)
    return magnitude(k, x, "abs")


def magnitude(k: Kernel, x: Array, what: str) -> Any:
    """``|x|`` as the sign at the base point times ``x``."""
    k.kink(x, what)
    return np.where(np.signbit(k.base(x)), -x, x)


@row("sign", exact=True)
def sign(k: Kernel, x: Array) -> Any:
    k.kink(x, "sign")
    return np.sign(k.base(x))


@row("nn.functional.relu", exact=True)
def relu(k: Kernel, x: Array) -> Any:
    k.kink(x, "relu")
    base = k.base(x)
    return np.where((base >= 0) | (base != base), x, x.dtype.type(0))


@row("maximum", exact=True)
def maximum(k: Kernel, a: Array, b: Array) -> Any:
    return pick(k, np.greater_equal, a, b, "maximum")


@row("minimum", exact=True)
def minimum(k: Kernel, a: Array, b: Array) -> Any:
    return pick(k, np.less_equal, a, b, "minimum")


def one_batch(operand: Any) -> Array:
    """A Python number as an array of nothing but a batch axis; an array as it is."""
    return operand if isinstance(operand, np.ndarray) else np.asarray([operand])


def pick(k: Kernel, better: Callable[[Any, Any], Any], a: Any, b: Any, what: str) -> Any:
    """The better of two at the base point; a NaN wins."""
    a, b = align(one_batch(a), one_batch(b))
    k.kink(np.subtract(a, b, dtype=np.result_type(a, b, np.int8)), what)
    first, second = k.base(a), k.base(b)
    return np.where(better(first, second) | (first != first), a, b)


@row("clamp", exact=True)
def clamp(
    k: Kernel,
    x: Array,
    lo: Any = None,
    hi: Any = None,
    *,
    min: Scalar | None = None,
    max: Scalar | None = None,
) -> Any:
    low, high = (min if lo is None else lo), (max if hi is None else hi)
    if low is None and high is None:
        raise ValueError("clamp needs a lower or an upper bound")
    # the upper bound wins where they cross, as in PyTorch
    for bound, better in ((low, np.greater_equal), (high, np.less_equal)):
        if bound is not None:
            bound = bound if isinstance(bound, np.ndarray) else np.full((1,), bound)
            x = pick(k, better, x, bound, "clamp")
    return x


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


def jump(k: Kernel, x: Array, what: str) -> None:
    """Records that ``what`` jumps where ``x`` is an integer."""
    k.kink(x - np.rint(k.base(x)), what)


def stepwise(name: str, function: Callable[[Any], Any]) -> None:
    """Enters a function that is constant between the integers."""

    def apply(k: Kernel, x: Array) -> Any:
        if x.dtype.kind in "biu":
            return x
        jump(k, x.real, name)
        return function(k.base(x))

    row(name, exact=True)(apply)


stepwise("floor", np.floor)
stepwise("ceil", np.ceil)


@row("trunc", exact=True)
def trunc(k: Kernel, x: Array) -> Any:
    if x.dtype.kind in "biu":
        return x
    jump(k, np.where(np.rint(k.base(x)) == 0, 0.5, x.real), "trunc")
    return np.trunc(k.base(x))


@row("round", exact=True)
def round_(k: Kernel, x: Array, *, decimals: int = 0) -> Any:
    if x.dtype.kind in "biu":
        return x
    jump(k, x.real * 10.0**decimals - 0.5, "round")
    return np.round(k.base(x), decimals)


@row("where", exact=True)
def where(k: Kernel, condition: Array, a: Any, b: Any) -> Any:
    condition, a, b = align(condition, a, b)
    return np.where(condition, a, b)


_COMPARISONS = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def comparison(name: str, function: Any) -> None:
    def apply(k: Kernel, a: Any, b: Any) -> Any:
        a, b = align(a, b)
        if k.perturbed:
            k.threshold(np.subtract(a, b, dtype=np.result_type(a, b, np.float64)), name)
        return function(*(k.base(z) if isinstance(z, np.ndarray) else z for z in (a, b)))

    row(name, exact=True)(apply)


for _name, _compare in _COMPARISONS.items():
    comparison(_name, _compare)


@row("logical_not", exact=True)
def logical_not(k: Kernel, x: Array) -> Any:
    k.threshold(x, "logical_not")
    return np.logical_not(k.base(x))


@row("isnan", exact=True)
def isnan(k: Kernel, x: Array) -> Any:
    return np.isnan(k.base(x))


@row("to", exact=False)
def to(k: Kernel, x: Array, *, dtype: str) -> Any:
    """A cast; between floating dtypes it is the identity, and its rounding belongs to the rounding bound."""
    target = np.dtype(dtype)
    if target.kind == "f":
        return as_real(x)
    if x.dtype.kind in "fc" and target.kind in "iu":
        jump(k, x.real, "a cast to integers")
    elif x.dtype.kind in "fc":
        k.threshold(x, "a cast to bool")
    return k.base(x).astype(target)

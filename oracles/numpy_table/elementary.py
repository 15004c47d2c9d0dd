"""Elementary functions of one variable, and the angle of two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oracles.numpy_table.row import (
    Array,
    Kernel,
    align,
    as_real,
    one_batch,
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

"""Elementwise operators that are put together from pieces: absolute values, bounds, steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oracles.numpy_table.row import (
    Array,
    Kernel,
    Scalar,
    align,
    jump,
    one_batch,
    row,
)


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
    return pick(k, np.greater_equal, a, b, "maximum", shares=True)


@row("minimum", exact=True)
def minimum(k: Kernel, a: Array, b: Array) -> Any:
    return pick(k, np.less_equal, a, b, "minimum", shares=True)


def pick(
    k: Kernel, better: Callable[[Any, Any], Any], a: Any, b: Any, what: str, shares: bool = False
) -> Any:
    """The better of two at the base point; a NaN wins. Where it ``shares``, a tie goes to both by halves."""
    a, b = align(one_batch(a), one_batch(b))
    k.kink(np.subtract(a, b, dtype=np.result_type(a, b, np.int8)), what)
    first, second = k.base(a), k.base(b)
    picked = np.where(better(first, second) | (first != first), a, b)
    if shares and k.perturbed and picked.dtype.kind in "fc":
        tied = (first == second) & np.isfinite(first)
        return np.where(tied, 0.5 * a + 0.5 * b, picked) if tied.any() else picked
    return picked


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

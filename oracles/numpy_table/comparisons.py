"""Choices, comparisons and casts."""

from __future__ import annotations

from typing import Any

import numpy as np

from oracles.numpy_table.row import (
    Array,
    Kernel,
    align,
    as_real,
    jump,
    row,
)


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

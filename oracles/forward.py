"""The independent NumPy forward: what a program computes, without any derivative.

Real numbers are float64 whatever dtype a program gives them; integers and booleans are themselves. The suite
decides shapes, branches and loop counts with :func:`apply`, never with the implementation under test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from oracles.numpy_table import PLAIN, TABLE, Array, Kernel, Row
from oracles.question import Argument, CannotAnswer, Function, Literal

OPERATORS = frozenset(TABLE)


class Unsupported(CannotAnswer):
    """The table has no row for the operator."""


def row_of(op: str) -> Row:
    """The row of an operator. Raises :class:`Unsupported` when there is none."""
    try:
        return TABLE[op]
    except KeyError:
        raise Unsupported(f"the NumPy table has no row for {op!r}") from None


def call(kernel: Kernel, row: Row, args: Sequence[Any], params: Mapping[str, Any]) -> tuple[Array, ...]:
    """The results of a row on batched operands."""
    results = row.function(kernel, *args, **params)
    return results if isinstance(results, tuple) else (results,)


def apply(op: str, args: Sequence[Argument], params: Mapping[str, Argument]) -> tuple[Array, ...]:
    """``op(*args, **params)`` on plain arrays, of any shape; floating results are float64.

    Raises :class:`Unsupported` for an unknown operator, and ValueError, IndexError or TypeError, as NumPy
    does, for operands that do not fit.
    """
    row = row_of(op)
    with np.errstate(all="ignore"):
        results = call(
            PLAIN, row, [batched(arg) for arg in args], {name: batched(arg) for name, arg in params.items()}
        )
    return tuple(np.asarray(result[0]) for result in results)


def batched(argument: Argument) -> Any:
    """The argument with a batch axis of one in front of each array in it."""
    if isinstance(argument, (np.ndarray, np.generic)):
        return real(np.asarray(argument))[None]
    if isinstance(argument, tuple):
        return tuple(batched(item) for item in argument)
    return argument


def real(array: Array) -> Array:
    """Floating dtypes as float64, all others as they are."""
    return array.astype(np.float64) if array.dtype.kind == "f" and array.dtype != np.float64 else array


class Forward:
    """The :class:`oracles.question.Ops` of plain arrays: values only; a gradient inside a function is
    refused.
    """

    def constant(self, value: Literal) -> Array:
        return real(value.array())

    def apply(self, op: str, args: tuple[Argument, ...], params: Mapping[str, Argument]) -> Sequence[Array]:
        return apply(op, args, params)

    def stop_gradient(self, value: Array) -> Array:
        return value

    def vjp(
        self, function: Function, inputs: Sequence[Array], cotangents: Sequence[Array], wrt: Sequence[int]
    ) -> Sequence[Array]:
        raise Unsupported("the NumPy forward computes no gradients; finite differences do")

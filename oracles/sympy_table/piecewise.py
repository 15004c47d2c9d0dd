"""Operators that choose between smooth pieces by comparing numbers, and those whose derivative is zero.

The piece is chosen from the value. Where two pieces meet and a derivative is asked for, mathematics has none
(or one that depends on the side), so the oracle abstains; which values are acceptable there is for the suite
to say.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from sympy import atan2 as sympy_atan2

from oracles.question import CannotAnswer
from oracles.sympy_table.arrays import REAL, Array, cast, elementwise, operand, promoted, real
from oracles.sympy_table.elementwise import QUOTIENT, Number, Row
from oracles.sympy_table.scalars import MP, Elementary, Jet, Scalar, X, Y, mul, neg, primal, spell, sub

ATAN2 = Elementary(sympy_atan2(X, Y), (X, Y))


def refuse_kink(what: str, *scalars: Scalar) -> None:
    """Abstain if any of the scalars carries a derivative.

    Raises:
        CannotAnswer: it does, and ``what`` is the reason.
    """
    if any(type(s) is Jet for s in scalars):
        raise CannotAnswer(f"no derivative {what} at {spell(map(primal, scalars))}")


def number(scalar: Scalar) -> Any:
    """The number to compare.

    Raises:
        CannotAnswer: it is NaN, and which piece is meant is a matter of floating point.
    """
    value = primal(scalar)
    if MP.isnan(value):
        raise CannotAnswer("NaN has no order")
    return value


def absolute(x: Scalar) -> Scalar:
    at = number(x)
    if at == 0:
        refuse_kink("of the absolute value", x)
    return neg(x) if at < 0 else x


def relu(x: Scalar) -> Scalar:
    at = number(x)
    if at == 0:
        refuse_kink("of the positive part", x)
    return x if at > 0 else type(at)(0)


def larger(x: Scalar, y: Scalar) -> Scalar:
    a, b = number(x), number(y)
    if a == b:
        refuse_kink("where both operands are equal,", x, y)
    return x if a >= b else y


def smaller(x: Scalar, y: Scalar) -> Scalar:
    a, b = number(x), number(y)
    if a == b:
        refuse_kink("where both operands are equal,", x, y)
    return x if a <= b else y


def steps(value: Callable[[Any], Any], jumps: Callable[[Any], bool]) -> Row:
    """A row for a piecewise constant function: what it is and where it jumps; integers stay as they are."""

    def scalar(x: Scalar) -> Any:
        at = number(x)
        if jumps(at):
            refuse_kink("at a jump,", x)
        return MP.mpf(value(at))

    return lambda x: elementwise(scalar, x) if x.is_real else x


def sign(x: Array) -> Array:
    if x.is_real:
        result: Array = steps(MP.sign, lambda at: at == 0)(x)
        return result
    return elementwise(lambda at: (at > 0) - (at < 0), x, dtype=x.dtype)


def selects(choose: Callable[[Scalar, Scalar], Scalar]) -> Row:
    """A row for a function that returns one of its two operands."""

    def row(x: Array | Number, y: Array | Number) -> Array:
        dtype = promoted(x, y)
        return elementwise(choose, cast(operand(x), dtype), cast(operand(y), dtype), dtype=dtype)

    return row


def clamp(x: Array, min: Array | Number | None = None, max: Array | Number | None = None) -> Array:
    if min is not None:
        x = selects(larger)(x, min)
    return x if max is None else selects(smaller)(x, max)


def where(condition: Array, x: Array | Number, y: Array | Number) -> Array:
    dtype = promoted(x, y)
    return elementwise(
        lambda c, a, b: a if c else b,
        cast(condition, "bool"), cast(operand(x), dtype), cast(operand(y), dtype), dtype=dtype,
    )  # fmt: skip


def masked_fill(x: Array, mask: Array, value: Array | Number) -> Array:
    filler = cast(operand(value), x.dtype)
    return elementwise(lambda m, a, b: b if m else a, mask, x, filler, dtype=x.dtype)


def atan2(y: Scalar, x: Scalar) -> Scalar:
    if primal(y) == 0 and primal(x) <= 0:
        raise CannotAnswer(f"the angle jumps at {spell((primal(y), primal(x)))}")
    return ATAN2(y, x)


def whole_quotient(rounding: Callable[[Any], Any], x: Scalar, y: Scalar) -> Any:
    """``x / y`` rounded to a whole number, a constant.

    Raises:
        CannotAnswer: at a jump, if a derivative is asked for, and at a divisor of zero.
    """
    a, b = number(x), number(y)
    if b == 0:
        raise CannotAnswer("division by zero")
    whole = rounding(a / b)
    smooth = rounding is truncate and whole == 0 and abs(a) < abs(b)
    if whole * b == a and not smooth:
        refuse_kink("where the quotient is whole,", x, y)
    return whole


def truncate(x: Any) -> Any:
    return MP.floor(x) if x >= 0 else MP.ceil(x)


def residue(rounding: Callable[[Any], Any]) -> Callable[[Scalar, Scalar], Scalar]:
    """``x - y * round(x / y)``."""
    return lambda x, y: sub(x, mul(y, whole_quotient(rounding, x, y)))


def by_dtype(on_reals: Callable[..., Scalar], on_integers: Callable[..., int]) -> Row:
    """A row for a function of two operands that rounds, so that integers have it too."""

    def integers(x: int, y: int) -> int:
        if y == 0:
            raise CannotAnswer("integer division by zero")
        return on_integers(x, y)

    def row(x: Array | Number, y: Array | Number) -> Array:
        dtype = promoted(x, y)
        function = on_reals if dtype == REAL else integers
        return elementwise(function, cast(operand(x), dtype), cast(operand(y), dtype), dtype=dtype)

    return row


def truncated_quotient(x: int, y: int) -> int:
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


ROUNDED_QUOTIENT: dict[str, Row] = {
    "floor": by_dtype(lambda x, y: whole_quotient(MP.floor, x, y), operator.floordiv),
    "trunc": by_dtype(lambda x, y: whole_quotient(truncate, x, y), truncated_quotient),
}


def div(x: Array | Number, y: Array | Number, rounding_mode: str | None = None) -> Array:
    if rounding_mode is None:
        return elementwise(QUOTIENT, real(x), real(y))
    result: Array = ROUNDED_QUOTIENT[rounding_mode](x, y)
    return result


def compares(relation: Callable[[Any, Any], bool]) -> Row:
    """A row for a comparison: bools, without a derivative."""
    return lambda x, y: elementwise(
        lambda a, b: bool(relation(primal(a), primal(b))), operand(x), operand(y), dtype="bool"
    )


TABLE: dict[str, Row] = {
    "abs": lambda x: elementwise(absolute, x, dtype=x.dtype),
    "nn.functional.relu": lambda x: elementwise(relu, x, dtype=x.dtype),
    "maximum": selects(larger),
    "minimum": selects(smaller),
    "clamp": clamp,
    "where": where,
    "masked_fill": masked_fill,
    "atan2": lambda y, x: elementwise(atan2, real(y), real(x)),
    "div": div,
    "remainder": by_dtype(residue(MP.floor), operator.mod),
    "fmod": by_dtype(residue(truncate), lambda x, y: int(math.fmod(x, y))),
    "sign": sign,
    "floor": steps(MP.floor, MP.isint),
    "ceil": steps(MP.ceil, MP.isint),
    "trunc": steps(truncate, lambda at: at != 0 and MP.isint(at)),
    "round": steps(MP.nint, lambda at: MP.isint(2 * at) and not MP.isint(at)),
    "eq": compares(operator.eq),
    "ne": compares(operator.ne),
    "lt": compares(operator.lt),
    "le": compares(operator.le),
    "gt": compares(operator.gt),
    "ge": compares(operator.ge),
    "logical_not": lambda x: elementwise(lambda a: not primal(a), x, dtype="bool"),
    "isnan": lambda x: elementwise(lambda a: bool(MP.isnan(primal(a))), x, dtype="bool"),
}

"""Functions of one or two numbers, applied element by element."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import sympy
from sympy import Expr, cos, exp, log, sin, sqrt, tan, tanh
from sympy.codegen.cfunctions import expm1, log1p

from oracles.question import CannotAnswer
from oracles.sympy_table.arrays import REAL, Array, cast, elementwise, operand, promoted, real
from oracles.sympy_table.scalars import ZERO, Elementary, Jet, Scalar, X, Y, add, mul, neg, primal, sub

Row = Callable[..., Any]
Number = Any  # a Python number where an operand may stand

QUOTIENT = Elementary(X / Y, (X, Y))
EXP = Elementary(exp(X), at_infinity=True)
LOG = Elementary(log(X))
SQRT = Elementary(sqrt(X))
POWER = Elementary(X**Y, (X, Y))


def unary(expression: Expr) -> Row:
    """A row for a function of one real variable."""
    function = Elementary(expression)
    return lambda x: elementwise(function, real(x))


def binary(expression: Expr) -> Row:
    """A row for a function of two real variables."""
    function = Elementary(expression, (X, Y))
    return lambda x, y: elementwise(function, real(x), real(y))


def ring(on_numbers: Callable[..., Scalar], on_bools: Callable[[bool, bool], bool]) -> Row:
    """A row for a sum or a product, which integers and bools have too; ``alpha`` multiplies ``y``."""

    def row(x: Array | Number, y: Array | Number, alpha: Number = 1) -> Array:
        dtype = promoted(x, y)
        x, y = cast(operand(x), dtype), cast(operand(y), dtype)
        if alpha != 1:
            y = elementwise(mul, y, cast(operand(alpha), dtype), dtype=dtype)
        return elementwise(on_bools if dtype == "bool" else on_numbers, x, y, dtype=dtype)

    return row


def no_bools(x: bool, y: bool) -> bool:
    raise CannotAnswer("bools have no difference")


def same_dtype(function: Callable[[Scalar], Scalar]) -> Row:
    """A row for a function of one number that maps integers to integers."""

    def row(x: Array) -> Array:
        return elementwise(function, x, dtype=x.dtype)

    return row


@lru_cache(maxsize=64)
def monomial(exponent: int) -> Elementary:
    return Elementary(X ** sympy.Integer(exponent))


def power(base: Scalar, exponent: Scalar) -> Scalar:
    """``base ** exponent`` of real scalars; whole constant exponents take any base that is not a pole.

    Raises:
        CannotAnswer: a base below zero whose exponent is not whole or varies; a base of zero whose exponent
            varies or, unless it is whole, whose derivatives are asked for.
    """
    number, varies = primal(exponent), type(exponent) is Jet
    whole = not varies and abs(number) <= 64 and number == int(number)
    if whole:
        return monomial(int(number))(base)
    at = primal(base)
    if at == 0 and type(base) is not Jet and number > 0:
        return ZERO  # whatever the exponent, as long as it is positive
    if (at < 0 and varies) or (at == 0 and (varies or type(base) is Jet)):
        raise CannotAnswer(f"x**y has no derivative that SymPy can give at x = {at}, y = {number}")
    return POWER(base, exponent)


def pow_row(x: Array | Number, exponent: Array | Number) -> Array:
    dtype = promoted(x, exponent)
    if dtype == REAL:
        return elementwise(power, real(x), real(exponent))
    return elementwise(integer_power, operand(x), operand(exponent), dtype=dtype)


def integer_power(base: int, exponent: int) -> int:
    if exponent < 0:
        raise CannotAnswer("integers have no negative powers")
    return int(pow(base, exponent))


def square(x: Scalar) -> Scalar:
    return mul(x, x)


TABLE: dict[str, Row] = {
    "add": ring(add, lambda x, y: x or y),
    "sub": ring(sub, no_bools),
    "mul": ring(mul, lambda x, y: x and y),
    "neg": same_dtype(neg),
    "square": same_dtype(square),
    "clone": same_dtype(lambda x: x),
    "pow": pow_row,
    "exp": lambda x: elementwise(EXP, real(x)),
    "expm1": unary(expm1(X)),
    "log": unary(log(X)),
    "log1p": unary(log1p(X)),
    "sqrt": unary(sqrt(X)),
    "rsqrt": unary(1 / sqrt(X)),
    "reciprocal": unary(1 / X),
    "sin": unary(sin(X)),
    "cos": unary(cos(X)),
    "tan": unary(tan(X)),
    "tanh": unary(tanh(X)),
    "sigmoid": unary(1 / (1 + exp(-X))),
}

"""Operators that act on each element."""

from __future__ import annotations

from conformance.catalogue.domains import (
    ABOVE_MINUS_ONE,
    AT_BOUNDS,
    AT_HALVES,
    AT_INTEGERS,
    AT_ZERO,
    BOTH_ZERO,
    EQUAL_OPERANDS,
    INTEGRAL_QUOTIENT,
    NONZERO,
    POSITIVE,
    POWER,
    REAL,
    ROUNDED_QUOTIENT,
    Domain,
    Kink,
)
from conformance.catalogue.row import Accepts, Operand, Param, Row, X

# An integer operand stays an integer, or takes the default floating-point type.
KEPT, REAL_VALUED = "first", "promote to floating"


def _unary(
    name: str,
    dtype: str = REAL_VALUED,
    domain: Domain = REAL,
    kinks: tuple[Kink, ...] = (),
    accepts: Accepts = "any",
) -> Row:
    operand = Operand("input", domain)
    return Row(name, (operand,), "one", kinks=kinks, analytic=not kinks, dtype=dtype, accepts=accepts)


def _binary(
    name: str,
    params: tuple[Param, ...] = (),
    kinks: tuple[Kink, ...] = (),
    dtype: str = "promote",
    divisor: Domain = REAL,
    scalar: tuple[bool, bool] = (True, True),
    analytic: bool = True,
) -> Row:
    operands = (Operand("input", scalar=scalar[0]), Operand("other", divisor, scalar=scalar[1]))
    return Row(name, operands, "broadcast", params, kinks, analytic, dtype, accepts="numbers", mixed=True)


def _comparison(name: str) -> Row:
    operands = (X, Operand("other", scalar=True))
    return Row(name, operands, "broadcast", dtype="bool", accepts="numbers", mixed=True, differentiable=False)


_BOUND = Operand("bound", optional=True)

ROWS = (
    _binary("add"),
    _binary("sub"),
    _binary("mul"),
    _binary(
        "div",
        params=(Param("rounding_mode", "choice", choices=("floor", "trunc")),),
        kinks=(ROUNDED_QUOTIENT,),
        dtype="divide",
        divisor=NONZERO,
    ),
    Row(
        "pow",
        (Operand("input", scalar=True), Operand("exponent", role="exponent", scalar=True)),
        "broadcast",
        kinks=(POWER,),
        dtype="promote",
        accepts="numbers",
        mixed=True,
    ),
    _binary("maximum", kinks=(EQUAL_OPERANDS,), scalar=(False, False), analytic=False),
    _binary("minimum", kinks=(EQUAL_OPERANDS,), scalar=(False, False), analytic=False),
    # PyTorch has remainder of a scalar by a tensor, but no derivative of it.
    _binary("remainder", kinks=(INTEGRAL_QUOTIENT,), divisor=NONZERO, scalar=(False, True), analytic=False),
    _binary("fmod", kinks=(INTEGRAL_QUOTIENT,), divisor=NONZERO, scalar=(False, True), analytic=False),
    _binary("atan2", kinks=(BOTH_ZERO,), dtype=REAL_VALUED, scalar=(False, False)),
    _unary("neg", KEPT, accepts="numbers"),
    _unary("abs", KEPT, kinks=(AT_ZERO,), accepts="numbers"),
    _unary("exp"),
    _unary("expm1"),
    _unary("log", domain=POSITIVE),
    _unary("log1p", domain=ABOVE_MINUS_ONE),
    _unary("sqrt", domain=POSITIVE),
    _unary("rsqrt", domain=POSITIVE),
    _unary("reciprocal", domain=NONZERO),
    _unary("square", KEPT, accepts="numbers"),
    _unary("sin"),
    _unary("cos"),
    _unary("tan"),
    _unary("tanh"),
    _unary("sigmoid"),
    _unary("nn.functional.relu", KEPT, kinks=(AT_ZERO,), accepts="numbers"),
    _unary("sign", KEPT, kinks=(AT_ZERO,), accepts="numbers"),
    _unary("floor", KEPT, kinks=(AT_INTEGERS,), accepts="numbers"),
    _unary("ceil", KEPT, kinks=(AT_INTEGERS,), accepts="numbers"),
    _unary("trunc", KEPT, kinks=(AT_INTEGERS,), accepts="numbers"),
    _unary("round", KEPT, kinks=(AT_HALVES,), accepts="numbers"),
    _unary("clone", KEPT),
    Row("to", (X,), "one", (Param("dtype", "other dtype", required=True),), dtype="to dtype", accepts="any"),
    Row(
        "clamp",
        (X, _BOUND, _BOUND),
        "broadcast",
        (Param("min", "number"), Param("max", "number")),
        kinks=(AT_BOUNDS,),
        analytic=False,
        dtype="promote with bounds",
        accepts="numbers",
        mixed=True,
    ),
    Row(
        "where",
        (Operand("condition", role="mask"), Operand("input", scalar=True), Operand("other", scalar=True)),
        "broadcast",
        dtype="promote the branches",
        accepts="numbers",
        mixed=True,
    ),
    Row(
        "masked_fill",
        (X, Operand("mask", role="mask")),
        "broadcast",
        (Param("value", "number", required=True),),
        accepts="floating",
    ),
    *map(_comparison, ("eq", "ne", "lt", "le", "gt", "ge")),
    Row("logical_not", (X,), "one", dtype="bool", accepts="any", differentiable=False),
    Row("isnan", (X,), "one", dtype="bool", accepts="any", differentiable=False),
)

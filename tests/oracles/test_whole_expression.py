"""Composing derivatives operator by operator gives what SymPy gets from the whole expression."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import sympy

from oracles.question import Function, Question, Ref
from oracles.symbolic import oracle
from tests.oracles.checks import answered
from tests.oracles.functions import Builder, literal, second_order

POINT = (0.75, 1.5, 0.625, 2.25)  # inside the domain of every operator below
SYMBOLS = sympy.symbols("a b c d", real=True)

UNARY: dict[str, Callable[[Any], Any]] = {
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tanh": sympy.tanh,
    "exp": sympy.exp,
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "square": lambda x: x**2,
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
}


def small(seed: int) -> tuple[Function, sympy.Expr]:
    """Four numbers and three operators, as a function and as an expression."""
    rng = random.Random(seed)
    builder = Builder(4)
    known: list[tuple[Ref, sympy.Expr]] = list(zip(builder.inputs, SYMBOLS, strict=True))
    for _ in range(3):
        if rng.random() < 0.5:
            name = rng.choice(sorted(UNARY))
            ref, x = rng.choice(known)
            known.append((builder.apply(name, ref), UNARY[name](x)))
        else:
            name = rng.choice(sorted(BINARY))
            (left, x), (right, y) = rng.choice(known), rng.choice(known[:4])
            known.append((builder.apply(name, left, right), BINARY[name](x, y)))
    ref, expression = known[-1]
    return builder.function(ref), expression


def at_point(expression: sympy.Expr, point: dict[sympy.Symbol, float]) -> sympy.Float:
    exact = {symbol: sympy.Rational(number) for symbol, number in point.items()}
    return sympy.N(expression.subs(exact), 40, maxn=400)


def check(question: Question, expressions: list[sympy.Expr], point: dict[sympy.Symbol, float]) -> None:
    for reply, expression in zip(oracle().vjp(question), expressions, strict=True):
        answer = answered(reply)
        assert abs(sympy.Rational(answer.value.item()) - at_point(expression, point)) <= answer.bound.item()


@pytest.mark.parametrize("seed", range(60))
def test_first_and_second_order(seed: int) -> None:
    function, expression = small(seed)
    inputs = tuple(map(literal, POINT))
    weight = sympy.Symbol("w", real=True)
    point = {**dict(zip(SYMBOLS, POINT, strict=True)), weight: 1.25}
    gradient = [weight * sympy.diff(expression, symbol) for symbol in SYMBOLS]
    question = Question(function, inputs, (literal(1.25),))
    check(question, gradient, point)
    again = second_order(question)
    directions = [cotangent.data[0] for cotangent in again.cotangents if cotangent is not None]
    contracted = sum(sympy.Rational(v) * g for v, g in zip(directions, gradient, strict=True))
    check(again, [sympy.diff(contracted, symbol) for symbol in (*SYMBOLS, weight)], point)

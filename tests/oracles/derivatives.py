"""Derivatives that everybody knows, and the mistakes that are made in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import cos, cosh, exp, log, sin, sqrt, tan, tanh
from numpy.typing import NDArray

from oracles.question import Question
from tests.oracles.checks import ask

Real = NDArray[np.floating[Any]]

X = np.array([0.75, 1.25, 2.5])
Y = np.array([1.5, 0.625, -0.875])
S = 1 / (1 + exp(-X))
E = exp(X) / exp(X).sum()
ONES = np.ones(3)


@dataclass(frozen=True)
class Known:
    """A question, the gradient of each input, and false gradients of the first input."""

    name: str
    question: Question
    true: tuple[Any, ...]
    false: tuple[Any, ...]


def unary(op: str, true: Real, *false: Real, numbers: tuple[Any, ...] = (), **params: Any) -> Known:
    return Known(op, ask(op, X, numbers=numbers, **params), (true,), false)


def binary(op: str, of_x: Real, of_y: Real, *false: Real, **params: Any) -> Known:
    return Known(op, ask(op, X, Y, **params), (of_x, of_y), false)


NORM = sqrt((X**2).sum())

KNOWN = [
    unary("neg", -ONES, ONES),
    unary("exp", exp(X), X * exp(X), -exp(X)),
    unary("expm1", exp(X), exp(X) - 1),
    unary("log", 1 / X, X, 1 / (1 + X)),
    unary("log1p", 1 / (1 + X), 1 / X),
    unary("sqrt", 0.5 / sqrt(X), 1 / sqrt(X), 0.5 * sqrt(X)),
    unary("rsqrt", -0.5 * X**-1.5, 0.5 * X**-1.5, -0.5 * X**-0.5),
    unary("reciprocal", -1 / X**2, 1 / X**2, -1 / X),
    unary("square", 2 * X, X, X**2),
    unary("sin", cos(X), -cos(X), sin(X)),
    unary("cos", -sin(X), sin(X), cos(X)),
    unary("tan", 1 + tan(X) ** 2, 1 - tan(X) ** 2, tan(X) ** 2),
    unary("tanh", 1 / cosh(X) ** 2, 1 + tanh(X) ** 2, 1 - tanh(X)),
    unary("sigmoid", S * (1 - S), S * (1 + S), S),
    unary("pow", 3 * X**2, 2 * X**2, 3 * X**3, numbers=(3,)),
    unary("pow", 2.5 * X**1.5, 1.5 * X**2.5, numbers=(2.5,)),
    unary("sum", ONES, np.array([1.0, 1.0, 0.0])),
    unary("mean", ONES / 3, ONES),
    unary("prod", X.prod() / X, X.prod() * ONES),
    unary("var", X - X.mean(), 2 * (X - X.mean()) / 3),
    unary("var", 2 * (X - X.mean()) / 3, X - X.mean(), correction=0),
    unary("std", (X - X.mean()) / 2 / X.std(ddof=1), (X - X.mean()) / 2 / X.std()),
    unary("norm", X / NORM, X / NORM**2, 2 * X),
    unary("norm", ONES, X, p=1),
    unary("logsumexp", E, E * (1 - E), dim=0),
    unary("log_softmax", 1 - 3 * E, 1 - E, dim=0),
    unary("softmax", np.zeros(3), E * (1 - E), dim=0),
    unary("cumsum", np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0]), dim=0),
    unary("max", np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]), ONES / 3),
    unary("abs", ONES, -ONES),
    unary("clamp", np.array([0.0, 1.0, 0.0]), ONES, np.array([1.0, 0.0, 1.0]), min=1.0, max=2.0),
    binary("add", ONES, ONES, -ONES),
    binary("sub", ONES, -ONES, -ONES),
    binary("mul", Y, X, X),
    binary("div", 1 / Y, -X / Y**2, -1 / Y, X / Y**2),
    binary("maximum", (X > Y) * 1.0, (X < Y) * 1.0, (X < Y) * 1.0),
    binary("atan2", Y / (X**2 + Y**2), -X / (X**2 + Y**2), -X / (X**2 + Y**2)),
    binary("matmul", Y, X, X),
    binary("pow", Y * X ** (Y - 1), X**Y * log(X), X**Y * log(X), Y * X**Y),
]
NAMES = [f"{known.name}-{place}" for place, known in enumerate(KNOWN)]

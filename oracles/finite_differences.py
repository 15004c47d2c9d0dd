"""The third oracle: derivatives by differences of the NumPy forward, and no calculus.

Where every operator is analytic, a complex step gives the derivative without truncation error (W. Squire and
G. Trapp, "Using complex variables to estimate derivatives of real functions", 1998). Everywhere else, and at
second order, central differences are extrapolated (C. Ridders, "Accurate computation of F'(x) and F'(x)
F''(x)", 1982). A piecewise operator keeps the branch it takes at the point, so no difference straddles a
kink; a point on a kink, or within rounding of one, gets no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.forward import OPERATORS
from oracles.perturbation import Analysis, Perturbed, analyse, has_real_differences, stencil_gain
from oracles.question import Abstain, Answer, Cached, CannotAnswer, Question, Reply
from oracles.rounding import FACTOR, unit_roundoff

Real = NDArray[np.float64]

LEVELS = 6  # step sizes, each half the one before
SCALES = (1.0, 2.0**-6, 2.0**6, 2.0**-12, 2.0**-24)  # of the first step, tried until all derivatives are good
CHECKS = 2.0 ** np.array([-12, -24, -36])  # more step sizes, to see what large ones pass over
SAFETY = 4.0  # on the difference of successive extrapolants
SHRINKS = (0.5, 0.8125, 1.4375)  # of the steps of differences inside values, to see what depends on them
GOOD = 1e-9  # relative: no smaller steps are tried below it


class FiniteDifferences:
    """The oracle. Stateless but for a bounded cache of replies."""

    name = "finite-differences"
    version = f"NumPy {np.__version__}"
    operators = OPERATORS

    def values(self, question: Question) -> tuple[Reply, ...]:
        """The outputs, each with its rounding bound."""
        return _values(question)

    def vjp(self, question: Question) -> tuple[Reply, ...]:
        """The gradient of each input. Raises ValueError when there is not one cotangent for each output."""
        return _vjp(question)


def oracle() -> FiniteDifferences:
    return FiniteDifferences()


def _answer_values(question: Question) -> tuple[Reply, ...]:
    plain = Question(question.function, question.inputs)
    try:
        found = analyse(plain)
        why = _unsure(found, plain)
    except (CannotAnswer, ArithmeticError) as error:
        why = str(error)
    if why is not None:
        return (Abstain(why),) * len(question.function.outputs)
    with np.errstate(all="ignore"):
        wobble = _wobble(plain, found)
    return tuple(map(_value, found.values, found.value_noise, wobble))


def _wobble(question: Question, found: Analysis) -> list[Real]:
    """How far the values move with the steps of the real differences inside them: truncation, and rounding.

    Differences that are taken by complex steps have neither.
    """
    nothing = [np.zeros_like(value) for value in found.values]
    if not has_real_differences(question.function):
        return nothing
    inputs = [literal.array().astype(np.float64)[None] for literal in question.inputs]
    for shrink in SHRINKS:
        moved = question.function(Perturbed(1, shrink=shrink), *inputs)
        for place, (value, other) in enumerate(zip(found.values, moved, strict=True)):
            nothing[place] = np.maximum(nothing[place], np.abs(value - other[0].real))
    return [SAFETY * each for each in nothing]


def _unsure(found: Analysis, question: Question) -> str | None:
    """Why float64 cannot tell the outputs."""
    roundoff = FACTOR * unit_roundoff("float64")
    for decision in found.decisions:
        if decision.is_unsure(roundoff):
            return f"{decision.what} hangs on a rounding error"
    if not all(np.all(np.isfinite(value)) for value in found.values):
        inputs = [literal.array().astype(np.float64)[None] for literal in question.inputs]
        with np.errstate(all="ignore", over="raise"):  # an infinity out of an overflow is no exact one
            question.function(Perturbed(1), *inputs)
    return None


def _value(value: Real, noise: Real, wobble: Real) -> Reply:
    special = ~np.isfinite(value)
    bound = FACTOR * unit_roundoff("float64") * noise + np.where(special, 0.0, wobble)
    if np.any(special & (noise != 0)) or not np.all(np.isfinite(bound)):
        return Abstain("a rounding error away, the value is finite, or is not")
    return Answer(value.astype(np.float64), bound)


def _answer_vjp(question: Question) -> tuple[Reply, ...]:
    try:
        found = analyse(question)
        why = _obstacle(found)
        if why is not None:
            return (Abstain(why),) * len(question.inputs)
        if found.exact:
            truncation: Any = tuple(np.zeros_like(gradient) for gradient in found.gradients)
            gradients = found.gradients
        else:
            gradients, truncation = _extrapolated(question, found)
    except (CannotAnswer, ArithmeticError) as error:
        return (Abstain(str(error)),) * len(question.inputs)
    floored = [bound + floor for bound, floor in zip(truncation, found.gradient_floor, strict=True)]
    return tuple(map(_gradient, gradients, floored, found.gradient_noise))


def _obstacle(found: Analysis) -> str | None:
    """Why there is no derivative to be had at this point."""
    roundoff = FACTOR * unit_roundoff("float64")
    for decision in found.decisions:
        if not decision.has_derivative(roundoff):
            return f"stands on a kink of {decision.what}, or within rounding of it"
    if not all(np.all(np.isfinite(value)) for value in found.values):
        return "the function is not finite here"
    return None


def _gradient(value: Real, truncation: Real, noise: Real) -> Reply:
    bound = truncation + FACTOR * unit_roundoff("float64") * noise
    if not (np.all(np.isfinite(value)) and np.all(np.isfinite(bound))):
        return Abstain("the derivative is not finite, or no step stays inside the domain")
    return Answer(value, bound)


@dataclass(frozen=True, eq=False)
class _Estimate:
    """Derivatives along all directions, and a bound on truncation and on the rounding of the differences."""

    value: Real
    bound: Real

    def better(self, other: _Estimate) -> _Estimate:
        mine = np.isfinite(self.bound) & ~(other.bound < self.bound)
        return _Estimate(np.where(mine, self.value, other.value), np.where(mine, self.bound, other.bound))


def _extrapolated(question: Question, found: Analysis) -> tuple[tuple[Real, ...], tuple[Real, ...]]:
    with np.errstate(all="ignore"):
        best = _search(question, found, shrink=1.0)
        if has_real_differences(question.function):
            # inner differences have a truncation error of their own
            other = _search(question, found, shrink=0.5)
            best = _Estimate(best.value, best.bound + other.bound + SAFETY * np.abs(best.value - other.value))
    sizes = np.cumsum([len(literal.data) for literal in question.inputs])[:-1]
    shapes = [literal.shape for literal in question.inputs]

    def by_input(flat: Real) -> tuple[Real, ...]:
        return tuple(part.reshape(shape) for part, shape in zip(np.split(flat, sizes), shapes, strict=True))

    return by_input(best.value), by_input(best.bound)


def _search(question: Question, found: Analysis, shrink: float) -> _Estimate:
    """The best estimate for each direction, with smaller steps for as long as one is not good."""
    best = _estimate(question, found, SCALES[0], shrink)
    for scale in SCALES[1:]:
        if np.all(best.bound <= GOOD * (np.abs(best.value) + found.contracted_noise)):
            break
        best = best.better(_estimate(question, found, scale, shrink))
    return best


def _estimate(question: Question, found: Analysis, scale: float, shrink: float) -> _Estimate:
    flat = np.concatenate([literal.array().astype(np.float64).ravel() for literal in question.inputs])
    first = scale * 2.0 ** np.round(np.log2(2.0**-3 * np.clip(np.abs(flat), 2.0**-3, 1.0)))
    steps = first * np.append(2.0 ** -np.arange(LEVELS), CHECKS)[:, None]
    central = _central(question, flat, steps, shrink)
    values, errors, levels = _neville(central[:LEVELS])
    # the weights of an extrapolant add up to less than two
    unit = FACTOR * unit_roundoff("float64") * stencil_gain(question.function)
    roundoff = 2.0 * unit * found.contracted_noise / steps
    bounds = SAFETY * errors + roundoff[levels]
    # large steps can agree on what is not there, on both sides of a pole, say
    for check, rounded in zip(central[LEVELS:], roundoff[LEVELS:], strict=True):
        bounds = np.where(np.abs(values - check) <= bounds + rounded, bounds, np.inf)
    chosen = np.argmin(bounds, axis=0), np.arange(flat.size)
    return _Estimate(values[chosen], bounds[chosen])


def _central(question: Question, flat: Real, steps: Real, shrink: float) -> Real:
    """Central differences of the sum of cotangent times output, of shape ``(levels, directions)``."""
    size = flat.size
    moves = np.zeros((len(steps), 2, size, size))
    index = np.arange(size)
    moves[:, 0, index, index], moves[:, 1, index, index] = steps, -steps
    rows = np.concatenate([flat[None], (flat + moves).reshape(2 * len(steps) * size, size)])
    ends = np.cumsum([len(literal.data) for literal in question.inputs])[:-1]
    inputs = [
        part.reshape(len(rows), *literal.shape)
        for part, literal in zip(np.split(rows, ends, axis=1), question.inputs, strict=True)
    ]
    outputs = question.function(Perturbed(1, rows=len(rows), shrink=shrink), *inputs)
    total = np.zeros(steps.shape)
    for y, cotangent in zip(outputs, question.cotangents, strict=True):
        if cotangent is not None and y.shape[0] > 1:
            moved = y[1:].reshape(len(steps), 2, size, y[0].size)
            total += ((moved[:, 0] - moved[:, 1]) / (2.0 * steps[..., None])) @ cotangent.array().ravel()
    return total


def _neville(estimates: Real) -> tuple[Real, Real, list[int]]:
    """Every extrapolant to step zero, its larger distance to the two it is made of, and its smallest step."""
    line = [estimates[0]]
    found: list[tuple[Real, Real, int]] = []
    for level in range(1, len(estimates)):
        coarser, line = line, [estimates[level]]
        for order in range(1, level + 1):
            ratio = 4.0**order
            value = (ratio * line[-1] - coarser[order - 1]) / (ratio - 1.0)
            error = np.maximum(np.abs(value - line[-1]), np.abs(value - coarser[order - 1]))
            found.append((value, error, level))
            line.append(value)
    values, errors, levels = zip(*found, strict=True)
    return np.stack(values), np.stack(errors), list(levels)


_values = Cached(_answer_values)
_vjp = Cached(_answer_vjp)

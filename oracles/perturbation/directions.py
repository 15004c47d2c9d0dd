"""Which way inputs move: complex steps, and the stencil of real ones where a complex step cannot go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oracles.forward import row_of
from oracles.numpy_table import Array
from oracles.question import Function, Vjp

RELATIVE_STEP, NEAR, FAR = 2.0**-6, 2.0**-3, 1.0  # of the stencil: beside the size of x between NEAR and FAR

# Central differences of eighth order (B. Fornberg, "Generation of finite difference formulas", 1988)
STENCIL = np.array([1, 2, 3, 4, -1, -2, -3, -4], np.float64)
_WEIGHTS = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280, -4 / 5, 1 / 5, -4 / 105, 1 / 280])


def is_analytic(function: Function) -> bool:
    """Whether the whole function can be evaluated at complex numbers."""
    return not any(isinstance(step, Vjp) for step in function.steps) and all(
        row_of(op).analytic for op in function.operators
    )


def has_real_differences(function: Function) -> bool:
    """Whether a derivative inside the function is taken by real steps and not by complex ones."""
    inner = [step.function for step in function.steps if isinstance(step, Vjp)]
    return any(not is_analytic(other) or has_real_differences(other) for other in inner)


def stencil_gain(function: Function) -> float:
    """How much more inner derivatives round than an evaluation does; 1 where none is a real difference."""
    inner = [step.function for step in function.steps if isinstance(step, Vjp)]
    gains = (
        stencil_gain(each) * (1.0 if is_analytic(each) else 2.0 / (RELATIVE_STEP * NEAR)) for each in inner
    )
    return max(gains, default=1.0)


def complex_steps(base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Complex steps: their squares vanish beside intermediates, their products with a derivative do not."""
    return np.asarray(np.where(base == 0, 2.0**-200, np.ldexp(1.0, np.frexp(base)[1] - 100)))


def stencil_steps(base: NDArray[np.float64], shrink: float) -> NDArray[np.float64]:
    """Real steps for the eighth-order stencil: small beside the scale on which functions of ``base`` vary."""
    return shrink * RELATIVE_STEP * np.clip(np.abs(base), NEAR, FAR)


def directions(steps: NDArray[np.float64], first: int, count: int, imaginary: bool) -> NDArray[np.float64]:
    """How far an input moves in each of ``count`` rows; its own directions start at row ``first``."""
    size = len(steps)
    delta = np.zeros((count, size))
    if imaginary:
        delta[first + np.arange(size), np.arange(size)] = steps
        return delta
    moves = len(STENCIL)
    for i in range(size):
        delta[first + moves * i : first + moves * (i + 1), i] = STENCIL * steps[i]
    return delta


def differences(rows: Array, steps: NDArray[np.float64]) -> Array:
    """The Jacobian, of shape ``(batch, directions, elements)``, out of the rows of the stencil."""
    batch, _, size = rows.shape
    stencil = rows.reshape(batch, len(steps), len(STENCIL), size)
    return np.tensordot(stencil, _WEIGHTS, axes=([2], [0])) / steps[:, None]

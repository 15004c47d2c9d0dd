"""How much rounding may change the values and the gradients of a question, in a computation of a given dtype.

The bound of an element is ``FACTOR * unit_roundoff(dtype)`` times an estimate of the sum, over all
intermediates of the forward and the backward computation, of |sensitivity| x |value|;
:mod:`oracles.perturbation` says how that is found without a table of derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oracles.perturbation import Decision, Precision, analyse, analyse_as
from oracles.question import FLOATING, Question

Real = NDArray[np.float64]

# What separates the estimate, a root mean square over a few noise patterns, from the largest error ever seen.
FACTOR = 8.0

MARGIN = 2.0**20  # how far above the smallest normal number of a dtype underflow begins to be looked for


def unit_roundoff(dtype: str) -> float:
    """Half the distance from 1.0 to the next larger number. Raises ValueError for a dtype that is not
    floating.
    """
    if dtype not in FLOATING:
        raise ValueError(f"{dtype} has no unit roundoff; expected one of {', '.join(FLOATING)}")
    return float(np.finfo(dtype).eps) / 2


def smallest_subnormal(dtype: str) -> float:
    """The absolute error that gradual underflow may add to any result."""
    return float(np.finfo(dtype).smallest_subnormal)


@dataclass(frozen=True, eq=False)
class Rounding:
    """Sums of |sensitivity| x |value|: one array for each output, and one for each input's gradient.

    ``gradients`` is empty when the question has no cotangents. An element is NaN or infinite where the
    computation is: nothing but the same NaN or infinity can then be compared.
    """

    values: tuple[Real, ...]
    gradients: tuple[Real, ...]
    decisions: tuple[Decision, ...]
    largest: float  # of all intermediates and gradients, in size
    dtype: str

    @property
    def overflows(self) -> bool:
        """Whether an intermediate is too large for the dtype."""
        return self.largest > float(np.finfo(self.dtype).max)

    @cached_property
    def value_bounds(self) -> tuple[Real, ...]:
        """The allowance for each output, element by element."""
        return tuple(map(self._bound, self.values))

    @cached_property
    def gradient_bounds(self) -> tuple[Real, ...]:
        """The allowance for the gradient of each input, element by element."""
        return tuple(map(self._bound, self.gradients))

    def undecided(self) -> str | None:
        """The operator whose branch, choice or comparison hangs on a rounding error; None if none does.

        A tie between exact values is no such case: everybody sees it.
        """
        roundoff = FACTOR * unit_roundoff(self.dtype)
        for decision in self.decisions:
            if decision.is_unsure(roundoff):
                return decision.what
        return None

    def _bound(self, total: Real) -> Real:
        bound = FACTOR * unit_roundoff(self.dtype) * total
        return np.asarray(np.where(total == 0, 0.0, bound + smallest_subnormal(self.dtype)))


def rounding(question: Question, dtype: str = "float64") -> Rounding:
    """The rounding bound of a program whose coarsest floating dtype is ``dtype``.

    Raises :class:`oracles.question.CannotAnswer` for an operator without a row in the NumPy table, and
    ValueError for a dtype that is not floating.
    """
    precision = _precision(dtype)
    if dtype == "float16":
        found = analyse_as(question, precision)
    else:
        found = analyse(question)
        if found.smallest < precision.floor * MARGIN:
            found = analyse_as(question, precision)
    return Rounding(found.value_noise, found.gradient_noise, found.decisions, found.largest, dtype)


def _precision(dtype: str) -> Precision:
    """The arithmetic of a dtype.

    float16 is computed in float32 and stored, so it underflows gradually; its noise is as large as its
    rounding, because that is not small enough for first order to be all.
    """
    roundoff, floor = unit_roundoff(dtype), float(np.finfo(dtype).smallest_normal)
    if dtype == "float16":
        return Precision(roundoff, noise=roundoff, floor=floor)
    return Precision(roundoff, floor=floor, gradual=False)

"""The noise that imitates rounding: how large, how drawn, and what it means for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

PATTERNS = 12
POOL = PATTERNS << 11  # columns of noise, used from the first one again when they run out


@dataclass(frozen=True, slots=True)
class Precision:
    """The arithmetic whose rounding is imitated.

    ``noise`` is far above the rounding of float64, and no further below that of the imitated dtype than it
    takes to be linear. Below ``floor``, the smallest normal number, results are rounded absolutely, or, where
    not ``gradual``, may vanish: vector instructions and libraries often flush what is subnormal. A floor of
    zero looks for none.
    """

    roundoff: float = 2.0**-53
    noise: float = 2.0**-25
    floor: float = 0.0
    gradual: bool = True

    @property
    def flush(self) -> float:
        """The noise of a number below the floor, in units of the unit roundoff times the floor."""
        return 1.0 if self.gradual else 1.0 / self.roundoff


DOUBLE = Precision()


@lru_cache(maxsize=2)
def factors(noise: float) -> NDArray[np.float64]:
    """``1 + noise * g`` for every pattern, after a row of ones for the clean block.

    The columns come in groups that are orthogonal, one random rotation each: a few sources of noise then add
    up in squares exactly, where independent numbers would now and then conspire to cancel.
    """
    draw = np.random.Generator(np.random.PCG64(20))
    rotations, _ = np.linalg.qr(draw.standard_normal((POOL // PATTERNS, PATTERNS, PATTERNS)))
    g = np.concatenate(rotations, axis=1) * np.sqrt(PATTERNS)
    return np.concatenate([np.ones((1, POOL)), 1.0 + noise * g])


@dataclass(frozen=True, slots=True)
class Decision:
    """How far a piecewise operator stood from deciding otherwise, element by element.

    ``error`` is the noise of ``distance``, in units of the unit roundoff. ``kink``: there is no derivative,
    or another one, where ``distance`` is zero.
    """

    what: str
    kink: bool
    distance: NDArray[np.float64]
    error: NDArray[np.float64]

    def is_unsure(self, roundoff: float) -> bool:
        """Whether rounding by up to ``roundoff`` may turn it; a tie of exact values it cannot."""
        return bool(np.any((self.distance <= roundoff * self.error) & (self.error > 0)))

    def has_derivative(self, roundoff: float) -> bool:
        """Whether the function is differentiable here: no tie stands, nor one within rounding."""
        return not (self.is_unsure(roundoff) or (self.kink and bool(np.any(self.distance == 0))))


def spread(points: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    """The noise of values of shape ``(blocks, ...)``, clean block first, in units of the unit roundoff.

    It is zero where all blocks hold the same infinity or NaN, and infinite where only some do.
    """
    difference = np.abs(points[1:] - points[0])
    total = np.add.reduce(difference * difference, axis=0)
    if not (total.min(initial=1.0) > 1e-250 and total.max(initial=1.0) < np.inf):
        return _spread_of_extremes(points, difference) / noise
    return np.asarray(np.sqrt(total / len(difference)) / noise)


def _spread_of_extremes(points: NDArray[np.float64], difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """The root mean square of differences whose squares are zero, underflow, or are not finite."""
    same = (points[1:] == points[0]) | (np.isnan(points[1:]) & np.isnan(points[0]))
    difference = np.where(same, 0.0, np.where(np.isnan(difference), np.inf, difference))
    largest = difference.max(axis=0, initial=0.0)
    unit = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    mean = np.square(difference / unit).mean(axis=0)
    return np.asarray(np.sqrt(mean) * np.where(largest == np.inf, 1.0, largest))

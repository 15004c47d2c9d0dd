"""Where an argument may lie, and where an operator is not differentiable: sets of real numbers with a
distance.

A generator stays away from the edge of a domain and from a kink by a margin of its own choice; here stands
only how far away a given value is. A distance is infinite where there is nothing to keep away from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Distances: TypeAlias = Callable[[Array], Array]


@dataclass(frozen=True)
class Domain:
    """A set of real numbers; ``inside`` gives each number's distance to the outside, negative out there."""

    name: str
    meaning: str
    inside: Distances


REAL = Domain("real", "every real number", lambda x: np.full(x.shape, np.inf))
NONZERO = Domain("nonzero", "x != 0", np.abs)
POSITIVE = Domain("positive", "x > 0", lambda x: x)
ABOVE_MINUS_ONE = Domain("above -1", "x > -1", lambda x: x + 1)
ABOVE_ONE = Domain("above 1", "x > 1", lambda x: x - 1)
OPEN_UNIT = Domain("unit interval", "0 < x < 1", lambda x: np.minimum(x, 1 - x))
OPEN_SIGNED_UNIT = Domain("signed unit interval", "-1 < x < 1", lambda x: 1 - np.abs(x))

DOMAINS = (REAL, NONZERO, POSITIVE, ABOVE_MINUS_ONE, ABOVE_ONE, OPEN_UNIT, OPEN_SIGNED_UNIT)

Arguments: TypeAlias = tuple[Any, ...]
Params: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Kink:
    """Where an operator has no derivative.

    ``distance(args, params)`` is the least distance of a call to the kink, args being float64 arrays and
    scalars. ``joint`` marks a kink that depends on more than one element, so that no single value can be
    called safe.
    """

    where: str
    distance: Callable[[Arguments, Params], float]
    joint: bool = False


def least(distances: Any) -> float:
    """The smallest of some distances; infinite when there are none, zero where one is NaN."""
    array = np.asarray(distances, dtype=np.float64)
    return float(np.nan_to_num(array, nan=0.0).min()) if array.size else np.inf


def _each(distances: Distances) -> Callable[[Arguments, Params], float]:
    return lambda args, params: least(distances(np.asarray(args[0], dtype=np.float64)))


def _to_integer(x: Array) -> Array:
    return np.abs(x - np.round(x))


AT_ZERO = Kink("x = 0", _each(np.abs))
AT_INTEGERS = Kink("x an integer", _each(_to_integer))
AT_HALVES = Kink("x halfway between two integers", _each(lambda x: _to_integer(x - 0.5)))


def _equal_operands(args: Arguments, params: Params) -> float:
    return least(np.abs(np.subtract(args[0], args[1])))


def _integral_quotient(args: Arguments, params: Params) -> float:
    # Measured in the dividend: that is the distance which the dividend has to move.
    quotient = np.divide(args[0], args[1])
    return least(np.minimum(_to_integer(quotient), _to_integer(quotient) * np.abs(args[1])))


def _rounded_quotient(args: Arguments, params: Params) -> float:
    return np.inf if params.get("rounding_mode") is None else _integral_quotient(args, params)


def _bounds(args: Arguments, params: Params) -> float:
    bounds = [*args[1:], params.get("min"), params.get("max")]
    away = [least(np.abs(np.subtract(args[0], bound))) for bound in bounds if bound is not None]
    given = [bound for bound in bounds if bound is not None]
    if len(given) == 2:
        away.append(least(np.abs(np.subtract(given[0], given[1]))))
    return min(away, default=np.inf)


def _both_zero(args: Arguments, params: Params) -> float:
    return least(np.hypot(args[0], args[1]))


def _power(args: Arguments, params: Params) -> float:
    base, exponent = args
    # A whole power that is no variable is a polynomial or its reciprocal, which takes negative bases too.
    whole = isinstance(exponent, int | float) and float(exponent).is_integer()
    return least(np.abs(base) if whole else np.asarray(base))


EQUAL_OPERANDS = Kink("two operands equal", _equal_operands, joint=True)
INTEGRAL_QUOTIENT = Kink("a quotient that is an integer", _integral_quotient, joint=True)
ROUNDED_QUOTIENT = Kink("a quotient that is an integer, where it is rounded", _rounded_quotient, joint=True)
AT_BOUNDS = Kink("x equal to a bound, or the bounds equal", _bounds, joint=True)
BOTH_ZERO = Kink("both operands zero", _both_zero, joint=True)
POWER = Kink(
    "base <= 0, or base = 0 where the exponent is a whole number that is no tensor", _power, joint=True
)


def reduced_axes(shape: tuple[int, ...], dim: Any) -> tuple[int, ...]:
    """The axes that ``dim`` names, counted from the front; all of them for None."""
    if dim is None:
        return tuple(range(len(shape)))
    dims = dim if isinstance(dim, tuple) else (dim,)
    return tuple(sorted({axis % max(len(shape), 1) for axis in dims})) if shape else ()


def groups(x: Array, dim: Any) -> Array:
    """The array as (number of groups, elements reduced together)."""
    axes = reduced_axes(x.shape, dim)
    count = int(np.prod([x.shape[axis] for axis in axes], dtype=np.int64))
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    rows = int(np.prod([x.shape[axis] for axis in kept], dtype=np.int64))
    return np.transpose(x, (*kept, *axes)).reshape(rows, count)


def _runner_up(x: Array) -> float:
    # How far the largest of each group is from the one below it.
    if x.shape[1] < 2:
        return np.inf
    ordered = np.sort(x, axis=1)
    return least(ordered[:, -1] - ordered[:, -2])


def _tied_largest(args: Arguments, params: Params) -> float:
    return _runner_up(groups(np.asarray(args[0], dtype=np.float64), params.get("dim")))


def _tied_smallest(args: Arguments, params: Params) -> float:
    return _runner_up(-groups(np.asarray(args[0], dtype=np.float64), params.get("dim")))


def _no_spread(args: Arguments, params: Params) -> float:
    x = groups(np.asarray(args[0], dtype=np.float64), params.get("dim"))
    return least(x.std(axis=1)) if x.size else np.inf


def _norm(args: Arguments, params: Params) -> float:
    x = np.abs(groups(np.asarray(args[0], dtype=np.float64), params.get("dim")))
    p = params.get("p", 2)
    if p in (None, "fro", 2):
        return least(np.sqrt((x * x).sum(axis=1)))
    return min(least(x), _runner_up(x) if p == float("inf") else np.inf)


TIED_LARGEST = Kink("the largest element occurs twice", _tied_largest, joint=True)
TIED_SMALLEST = Kink("the smallest element occurs twice", _tied_smallest, joint=True)
NO_SPREAD = Kink("all elements equal", _no_spread, joint=True)
NORM = Kink(
    "the zero vector; for p = inf also a tie of the largest, for p other than 2 any zero element",
    _norm,
    joint=True,
)

"""Sums, means, norms and extremes along dimensions, and functions of a whole lane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate as running
from typing import Any

from oracles.question import FLOATING, CannotAnswer
from oracles.sympy_table.arrays import REAL, Array, Dim, along, cast, reduced
from oracles.sympy_table.elementwise import EXP, LOG, POWER, QUOTIENT, SQRT, Row, power, square
from oracles.sympy_table.piecewise import absolute, number, refuse_kink
from oracles.sympy_table.scalars import MP, Scalar, add, mul, primal, product, sub, total


def summed_dtype(x: Array, dtype: str | None) -> Array:
    """``x`` in the dtype that a sum has: the one asked for, and int64 for bools and integers."""
    if dtype is not None:
        return cast(x, REAL if dtype in FLOATING else dtype)
    return x if x.is_real else cast(x, "int64")


def folds(function: Callable[[list[Scalar]], Scalar]) -> Row:
    """A row for a sum or a product."""

    def row(x: Array, dim: Dim = None, keepdim: bool = False, dtype: str | None = None) -> Array:
        x = summed_dtype(x, dtype)
        whole = function if x.is_real else lambda lane: int(function(lane))
        return reduced(whole, x, dim, keepdim, x.dtype)

    return row


def average(lane: Sequence[Scalar]) -> Scalar:
    if not lane:
        raise CannotAnswer("no element to average")
    return mul(total(lane), 1 / MP.mpf(len(lane)))


def mean(x: Array, dim: Dim = None, keepdim: bool = False, dtype: str | None = None) -> Array:
    return reduced(average, cast(x, dtype or x.dtype), dim, keepdim)


def variance(correction: float) -> Callable[[list[Scalar]], Scalar]:
    def of(lane: list[Scalar]) -> Scalar:
        freedom = len(lane) - MP.mpf(correction)
        if freedom <= 0:
            raise CannotAnswer(f"{len(lane)} elements leave no degree of freedom at correction {correction}")
        centre = average(lane)
        return mul(total(square(sub(x, centre)) for x in lane), 1 / freedom)

    return of


def spread(finish: Callable[[Scalar], Scalar]) -> Row:
    """A row for the variance or something of it."""

    def row(x: Array, dim: Dim = None, correction: float = 1, keepdim: bool = False) -> Array:
        of = variance(correction)
        return reduced(lambda lane: finish(of(lane)), x, dim, keepdim)

    return row


def p_norm(order: float) -> Callable[[list[Scalar]], Scalar]:
    """The norm of a lane: (sum |x|^p)^(1/p), its limits at infinity, and the count of non-zeros at p = 0."""
    if order == 0:
        return lambda lane: MP.mpf(sum(primal(x) != 0 for x in lane))
    if order == 1:
        return lambda lane: total(map(absolute, lane))
    if order == 2:
        return lambda lane: SQRT(total(map(square, lane)))
    if order == MP.inf:
        return lambda lane: extreme(list(map(absolute, lane)), max)
    if order == -MP.inf:
        return lambda lane: extreme(list(map(absolute, lane)), min)
    p = MP.mpf(order)
    return lambda lane: POWER(total(power(absolute(x), p) for x in lane), 1 / p)


def norm(
    x: Array, p: float | str = 2, dim: Dim = None, keepdim: bool = False, dtype: str | None = None
) -> Array:
    order = 2 if p == "fro" else p
    if isinstance(order, str):
        raise CannotAnswer(f"no row for the norm {order!r}")
    return reduced(p_norm(order), cast(x, dtype or x.dtype), dim, keepdim)


def extreme(lane: list[Scalar], pick: Callable[..., Any]) -> Scalar:
    """The largest or smallest scalar of a lane (``pick`` is max or min).

    Raises:
        CannotAnswer: none at all, a NaN, or a tie if a derivative is asked for.
    """
    place = where_extreme(lane, pick)
    best = primal(lane[place])
    ties = [x for x in lane if primal(x) == best]
    if len(ties) > 1:
        refuse_kink("of the extreme where it is tied,", *ties)
    return lane[place]


def where_extreme(lane: list[Scalar], pick: Callable[..., Any]) -> int:
    """The first index of the extreme."""
    if not lane:
        raise CannotAnswer("no element to choose")
    numbers = list(map(number, lane))
    return numbers.index(pick(numbers))


def extremes(pick: Callable[..., Any]) -> Row:
    """A row for amax or amin."""

    def row(x: Array, dim: Dim = None, keepdim: bool = False) -> Array:
        return reduced(lambda lane: extreme(lane, pick), x, dim, keepdim, x.dtype)

    return row


def places(pick: Callable[..., Any]) -> Row:
    """A row for argmax or argmin."""

    def row(x: Array, dim: int | None = None, keepdim: bool = False) -> Array:
        return reduced(lambda lane: where_extreme(lane, pick), x, dim, keepdim, "int64")

    return row


def extreme_and_place(pick: Callable[..., Any]) -> Row:
    """A row for max or min: of everything, or values and indices along a dimension."""

    def row(x: Array, dim: int | None = None, keepdim: bool = False) -> Array | tuple[Array, Array]:
        values: Array = extremes(pick)(x, dim, keepdim)
        return values if dim is None else (values, places(pick)(x, dim, keepdim))

    return row


def log_sum_exp(lane: list[Scalar]) -> Scalar:
    """``m + log(sum exp(x - m))`` for any element m; the largest, so that a tiny one is not lost beside 1."""
    largest = lane[where_extreme(lane, max)]
    return add(largest, LOG(total(EXP(sub(x, largest)) for x in lane)))


def soft_max(lane: list[Scalar]) -> list[Scalar]:
    powers = list(map(EXP, lane))
    whole = total(powers)
    return [QUOTIENT(x, whole) for x in powers]


def log_soft_max(lane: list[Scalar]) -> list[Scalar]:
    whole = log_sum_exp(lane)
    return [sub(x, whole) for x in lane]


def lane_function(function: Callable[[list[Scalar]], list[Scalar]]) -> Row:
    """A row for a function of a lane of real numbers."""

    def row(x: Array, dim: int, dtype: str | None = None) -> Array:
        return along(function, cast(x, dtype or REAL), dim)

    return row


def cumsum(x: Array, dim: int, dtype: str | None = None) -> Array:
    x = summed_dtype(x, dtype)
    return along(lambda lane: list(running(lane, add)), x, dim, x.dtype)


TABLE: dict[str, Row] = {
    "sum": folds(total),
    "prod": folds(product),
    "mean": mean,
    "var": spread(lambda v: v),
    "std": spread(SQRT),
    "norm": norm,
    "amax": extremes(max),
    "amin": extremes(min),
    "max": extreme_and_place(max),
    "min": extreme_and_place(min),
    "argmax": places(max),
    "argmin": places(min),
    "logsumexp": lambda x, dim, keepdim=False: reduced(log_sum_exp, cast(x, REAL), dim, keepdim),
    "softmax": lane_function(soft_max),
    "log_softmax": lane_function(log_soft_max),
    "cumsum": cumsum,
}

"""Values that a person can read: short decimals that every floating-point type represents exactly.

Elements of one array differ from each other, so that a permuted result shows; no value is zero, and no
cotangent is one, so that neither a lost factor nor a forgotten cotangent can hide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

import numpy as np

from conformance.catalogue.domains import REAL, Domain, Kink
from conformance.dtypes import category
from conformance.programs.strategies.draws import Draws, composite
from oracles.question import Literal

MARGIN: Final = 1 / 32
"""How far generated values stay away from kinks and from the edge of a domain."""

SHAPES: Final[tuple[tuple[int, ...], ...]] = (
    *(
        (2,),
        (3,),
        (1,),
        (),
        (2, 3),
        (3, 2),
        (2, 2),
        (1, 3),
        (3, 1),
        (4,),
        (1, 1),
        (2, 1, 3),
        (2, 3, 2),
        (3, 3),
    ),
    *(
        (1, 2, 3),
        (3, 2, 1),
        (2, 2, 2),
        (1, 1, 2),
        (2, 1, 2, 3),
        (1, 2, 3, 1),
        (2, 3, 1, 2),
        (2, 2, 2, 2),
        (6,),
    ),
    *(
        (0,),
        (2, 0),
        (0, 3),
        (0, 0),
        (1, 0, 2),
        (2, 0, 1, 3),
        (0, 1),
        (3, 0, 2),
        (4, 1),
        (5,),
        (2, 4),
        (1, 1, 1, 1),
    ),
)
"""Ranks 0 to 4, with axes of size one and of size zero; the simplest first."""


def _readable(value: float) -> tuple[bool, int, float]:
    # Positive before negative, whole before halves before quarters, small before large.
    return value < 0, abs(value).as_integer_ratio()[1], abs(value)


@cache
def lattice(dtype: str, shifted: bool = False) -> tuple[float, ...]:
    """The values of a dtype, the simplest first; ``shifted`` gives others, none of which is among the former.

    float16 has a narrower range with a finer step, so that products of a few stay far from its limits.
    """
    if dtype == "bool":
        return (True, False)
    if category(dtype) == 1:
        return tuple(sorted([*range(1, 10), *(range(-9, 0) if dtype != "uint8" else ())], key=_readable))
    step, least, greatest = (1 / 16, 0.5, 2.25) if dtype == "float16" else (1 / 8, 1 / 8, 3.75)
    sizes = np.arange(least, greatest + step / 2, step) + (step / 2 if shifted else 0.0)
    return tuple(sorted(map(float, [*sizes, *-sizes]), key=_readable))


@cache
def table(
    dtype: str, domain: Domain = REAL, kinks: tuple[Kink, ...] = (), shifted: bool = False
) -> tuple[float, ...]:
    """The lattice's values that lie in a domain, and off those kinks which a single element can meet.

    An integer has no derivative that a kink could break.
    """
    kinks = kinks if category(dtype) == 2 else ()

    def allowed(value: float) -> bool:
        point = np.asarray(value, dtype=np.float64)
        away = (kink.distance((point,), {}) for kink in kinks if not kink.joint)
        return bool(domain.inside(point) >= MARGIN) and all(distance >= MARGIN for distance in away)

    return tuple(value for value in lattice(dtype, shifted) if allowed(value))


@cache
def strides(size: int) -> tuple[int, ...]:
    """The step widths that visit every entry of a table before they visit one again."""
    return tuple(step for step in range(1, size) if math.gcd(step, size) == 1) or (1,)


def walk(values: tuple[float, ...], start: int, step: int, count: int) -> tuple[float, ...]:
    """``count`` entries of a table: all different as long as the table lasts."""
    size = len(values)
    return tuple(values[(start + position * step) % size] for position in range(count))


def draw_walk(d: Draws, values: tuple[float, ...], count: int) -> tuple[float, ...]:
    """Entries of a table, in two choices however many they are."""
    # Two for an empty array as well: fewer would make it simpler than one with elements.
    start = d.below(len(values))
    return walk(values, start, d.choice(strides(len(values))), count)


@cache
def cotangent_table(dtype: str) -> tuple[float, ...]:
    """Cotangents: never 0 or 1 in size, of both signs from the second on."""
    sizes = [value for value in (*lattice(dtype), *lattice(dtype, shifted=True)) if value > 0 and value != 1]
    signed = [
        value for pair in zip(sizes[::2], (-size for size in sizes[1::2]), strict=False) for value in pair
    ]
    return tuple(signed)


def draw_cotangent(d: Draws, shape: tuple[int, ...], dtype: str) -> Literal:
    return Literal(dtype, shape, draw_walk(d, cotangent_table(dtype), math.prod(shape)))


def draw_literal(
    d: Draws, shape: tuple[int, ...], dtype: str, domain: Domain = REAL, kinks: Iterable[Kink] = ()
) -> Literal:
    return Literal(dtype, shape, draw_walk(d, table(dtype, domain, tuple(kinks)), math.prod(shape)))


def draw_shape(d: Draws, fits: Callable[[tuple[int, ...]], bool], extent: int = 36) -> tuple[int, ...]:
    """A shape that fits, with at most ``extent`` elements; one in eight has no elements at all."""
    empty, filled = _by_extent(extent)
    if d.chance(1) and (fitting := [shape for shape in empty if fits(shape)]):
        return d.choice(fitting)
    return d.choice([shape for shape in filled if fits(shape)])


@cache
def _by_extent(extent: int) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    """The shapes without elements, and those with at most so many."""
    empty = tuple(shape for shape in SHAPES if 0 in shape)
    return empty, tuple(shape for shape in SHAPES if 1 <= math.prod(shape) <= extent)


@composite
def shapes(d: Draws, least_rank: int = 0, greatest_rank: int = 4) -> tuple[int, ...]:
    """Shapes of ranks 0 to 4, with axes of size one and zero."""
    return draw_shape(d, lambda shape: least_rank <= len(shape) <= greatest_rank)


@composite
def literals(
    d: Draws,
    shape: tuple[int, ...],
    dtype: str = "float64",
    domain: Domain = REAL,
    kinks: Iterable[Kink] = (),
) -> Literal:
    """Arrays of short decimals inside a domain and off the kinks, different as long as there are enough."""
    return draw_literal(d, shape, dtype, domain, kinks)


@composite
def cotangents(d: Draws, shape: tuple[int, ...], dtype: str = "float64") -> Literal:
    """Cotangents that hurt: not zero, not one, of both signs, all different as long as there are enough."""
    return draw_cotangent(d, shape, dtype)

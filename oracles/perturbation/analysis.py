"""One perturbed evaluation of a question: its results, and how much noise there is in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.perturbation.batch import Perturbed
from oracles.perturbation.directions import complex_steps, is_analytic
from oracles.perturbation.noise import DOUBLE, PATTERNS, Decision, Precision, spread
from oracles.question import Cached, CannotAnswer, Question

Real = NDArray[np.float64]

CHUNK = 1 << 18  # numbers in one batch of one operand, at most
MOST = 1 << 10  # input elements that are moved one by one, at most: a second or two, and no more


@dataclass(frozen=True, eq=False)
class Analysis:
    """One perturbed evaluation: the clean results, and the noise of each in units of the unit roundoff."""

    values: tuple[Real, ...]
    value_noise: tuple[Real, ...]
    gradients: tuple[Real, ...]
    gradient_noise: tuple[Real, ...]
    gradient_floor: tuple[Real, ...]  # an absolute error below which the clean gradients know nothing
    contracted_noise: float  # of the sum of cotangent times output
    decisions: tuple[Decision, ...]
    smallest: float  # of all intermediates and gradients, in size, zeros left out
    largest: float  # of the same
    exact: bool  # the gradients carry no truncation error


def _analyse(question: Question, precision: Precision = DOUBLE) -> Analysis:
    with np.errstate(all="ignore"):
        points = [literal.array().astype(np.float64) for literal in question.inputs]
        seeds = _seeds(question)
        directions = sum(point.size for point in points) if seeds is not None else 0
        if directions > MOST:
            raise CannotAnswer(f"{directions} input elements are too many to move one by one; {MOST} are not")
        complete = directions > 0 and is_analytic(question.function)
        widest = max((point.size for point in points), default=1)
        chunk = max(1, CHUNK // ((PATTERNS + 1) * max(widest, 1)))
        parts = [
            _Pass(question, points, range(start, min(start + chunk, directions)), complete, precision)
            for start in range(0, max(directions, 1), chunk)
        ]
    sizes = np.cumsum([point.size for point in points])[:-1]
    gradients = np.concatenate([part.gradient for part in parts]) if seeds is not None else None
    noise = np.concatenate([part.gradient_noise for part in parts])
    floors = np.concatenate([part.gradient_floor for part in parts])

    def by_input(flat: Real) -> tuple[Real, ...]:
        pieces = np.split(flat, sizes)
        return tuple(piece.reshape(point.shape) for piece, point in zip(pieces, points, strict=True))

    first = parts[0]
    smallest, largest = first.kernel.extent(*points, *(() if gradients is None else [gradients]))
    return Analysis(
        values=first.values,
        value_noise=first.value_noise,
        gradients=() if gradients is None else by_input(gradients),
        gradient_noise=() if gradients is None else by_input(noise),
        gradient_floor=() if gradients is None else by_input(floors),
        contracted_noise=first.contracted_noise,
        decisions=tuple(first.kernel.decisions),
        smallest=smallest,
        largest=largest,
        exact=complete,
    )


def _seeds(question: Question) -> tuple[Real | None, ...] | None:
    """The cotangents, flat; None when the question has none."""
    if not question.cotangents:
        return None
    if len(question.cotangents) != len(question.function.outputs):
        expected = len(question.function.outputs)
        raise ValueError(f"{expected} outputs need as many cotangents, got {len(question.cotangents)}")
    return tuple(None if c is None else c.array().astype(np.float64).ravel() for c in question.cotangents)


class _Pass:
    """The function along some of the directions, under all noise patterns."""

    def __init__(
        self,
        question: Question,
        points: Sequence[Real],
        directions: range,
        complete: bool,
        precision: Precision,
    ) -> None:
        count = 1 + len(directions)
        blocks = PATTERNS + 1
        self.kernel = Perturbed(blocks, *((1, count) if complete else (count, 1)), precision=precision)
        inputs, steps = _moved(points, directions, complete, blocks)
        outputs = question.function(self.kernel, *inputs)
        results = [_by_block(y, blocks, count) for y in outputs]
        shapes = [y.shape[1:] for y in outputs]
        bases = [y[:, 0].real for y in results]
        self.values = tuple(base[0].reshape(shape) for base, shape in zip(bases, shapes, strict=True))
        self.value_noise = tuple(
            (spread(base, precision.noise) if base.dtype.kind == "f" else np.zeros(base.shape[1])).reshape(
                shape
            )
            for base, shape in zip(bases, shapes, strict=True)
        )
        self._contract(_seeds(question), results, steps, complete)

    def _contract(
        self, seeds: Sequence[Real | None] | None, results: Sequence[Real], steps: Real, complete: bool
    ) -> None:
        sums = np.zeros((self.kernel.blocks, len(steps)))
        absolute = np.zeros(len(steps))
        largest = np.zeros(len(steps))
        scalar = np.zeros(self.kernel.blocks)
        for y, seed in zip(results, seeds or (), strict=seeds is not None):
            if seed is None or y.dtype.kind not in "fc":
                continue
            moved = y[:, 1:].imag if complete else y[:, 1:] - y[:, :1]
            tangents = moved / steps[:, None]
            sums += tangents @ seed
            terms = np.abs(tangents[0] * seed)
            absolute += terms.sum(axis=-1)
            largest = np.maximum(largest, terms.max(axis=-1, initial=0.0))
            scalar += y[:, 0].real @ seed
        self.gradient = sums[0]
        precision = self.kernel.precision
        noise = spread(sums, precision.noise)
        self.contracted_noise = float(spread(scalar, precision.noise)) + abs(float(scalar[0]))
        if not complete:
            # what real steps are too coarse to see
            noise += 2.0**-53 * self.contracted_noise / steps
        # one contribution is handed on as it is; several are added up
        noise += np.where((noise > 0) | (absolute > largest), absolute, 0.0)
        if precision.floor:
            reach = np.broadcast_to(self.kernel.reach, 1 + len(steps))[1:]
            noise += precision.floor * precision.flush * reach / steps
        # a pullback may well know what the differences do not
        self.gradient_noise = np.where(np.isnan(self.gradient), np.inf, noise)
        # what underflows on its way through a complex step, and what its square leaves behind
        self.gradient_floor = 2.0**-1012 / steps + 2.0**40 * steps**2 if complete else np.zeros(len(steps))


def _noise(points: NDArray[Any], noise: float) -> Real:
    """The noise of an output; integers and booleans have none."""
    return spread(points, noise) if points.dtype.kind == "f" else np.zeros(points.shape[1])


def _moved(
    points: Sequence[Real], directions: range, complete: bool, blocks: int
) -> tuple[list[NDArray[Any]], Real]:
    """Every input in every row, and the real step of each direction."""
    flat = np.concatenate([point.ravel() for point in points]) if points else np.zeros(0)
    count, chosen = 1 + len(directions), np.arange(directions.start, directions.stop)
    here = flat[chosen]
    steps = complex_steps(here) if complete else 2.0**-10 * np.clip(np.abs(here), 2.0**-4, 1.0)
    rows = np.tile(flat.astype(np.complex128 if complete else np.float64), (count, 1))
    diagonal = 1 + np.arange(len(chosen)), chosen
    if complete:
        rows.imag[diagonal] = steps
    else:
        rows[diagonal] += steps
    moved = np.tile(rows, (blocks, 1))
    pieces = np.split(moved, np.cumsum([point.size for point in points])[:-1], axis=1) if points else []
    return [
        piece.reshape(len(moved), *point.shape) for piece, point in zip(pieces, points, strict=True)
    ], steps


def _by_block(y: Real, blocks: int, count: int) -> Real:
    """An output as ``(blocks, rows, elements)``."""
    size = int(np.prod(y.shape[1:]))
    if y.shape[0] == 1:
        return np.broadcast_to(y.reshape(1, 1, size), (blocks, count, size))
    return y.reshape(blocks, count, size)


analyse = Cached(_analyse, size=256)


@lru_cache(maxsize=64)
def analyse_as(question: Question, precision: Precision) -> Analysis:
    return _analyse(question, precision)

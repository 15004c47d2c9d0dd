"""Many perturbed copies of one function, evaluated at once.

Two kinds of perturbation share a batch. *Directions* move an input: by a complex step, or by real ones.
*Noise* multiplies every intermediate, and every operand of an operator that rounds, by ``1 + noise * g`` with
fixed pseudo-random ``g`` of unit variance, the value and its tangent independently. To first order the result
then moves by ``noise * sum(g * sensitivity * value)`` over all intermediates of the forward computation, and,
since the tangents are the transposed cotangents, of the backward computation as well: the root mean
square over a few such patterns tells how much rounding errors of relative size one would change a result. The
idea is that of stochastic arithmetic (J. Vignes, "A stochastic arithmetic for reliable scientific
computation", 1993) with a linear noise in place of random rounding.

A batch is laid out as ``(blocks, rows, inner)``: one clean block and one for each noise pattern; rows of real
directions; an inner axis of imaginary ones. Row 0 of everything is the base point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.forward import call, real, row_of
from oracles.numpy_table import Array, Kernel
from oracles.numpy_table.row import with_imaginary
from oracles.question import Argument, CannotAnswer, Function, Literal, Vjp

RELATIVE_STEP, NEAR, FAR = 2.0**-6, 2.0**-3, 1.0  # of the stencil: beside the size of x between NEAR and FAR
PATTERNS = 12
POOL = PATTERNS << 11  # columns of noise, used from the first one again when they run out

# Central differences of eighth order (B. Fornberg, "Generation of finite difference formulas", 1988)
_STENCIL = np.array([1, 2, 3, 4, -1, -2, -3, -4], np.float64)
_WEIGHTS = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280, -4 / 5, 1 / 5, -4 / 105, 1 / 280])


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
def _factors(noise: float) -> NDArray[np.float64]:
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


class Perturbed(Kernel):
    """The :class:`oracles.question.Ops` of batches; see the module for their layout."""

    perturbed = True

    def __init__(
        self,
        blocks: int,
        rows: int = 1,
        inner: int = 1,
        precision: Precision = DOUBLE,
        shrink: float = 1.0,
    ) -> None:
        self.blocks, self.rows, self.inner = blocks, rows, inner
        self.noisy = blocks > 1
        self.shrink = shrink  # of the real steps of inner derivatives
        self.precision = precision
        self.decisions: list[Decision] = []
        self.reach: Any = 0.0  # sum of |step x tangent| over all results, row by row, where there is a floor
        self._sizes: list[Array] = []  # of everything rounded, at the base point
        self._offset = 0
        self._scopes = 0

    @property
    def batch(self) -> int:
        return self.blocks * self.rows * self.inner

    # Ops

    def constant(self, value: Literal) -> Array:
        return real(value.array())[None]

    def apply(self, op: str, args: tuple[Argument, ...], params: Mapping[str, Argument]) -> Sequence[Array]:
        row = row_of(op)
        if self.blocks == 1:
            return call(self, row, args, params)
        if not row.exact:
            args = tuple(self._rounded(arg) for arg in args)
        results = call(self, row, args, params)
        if not row.exact or any(map(_is_rounded_scalar, (*args, *params.values()))):
            results = tuple(self(result) for result in results)
        return results

    def stop_gradient(self, value: Array) -> Array:
        if value.shape[0] == 1 or value.dtype.kind not in "fc":
            return value
        blocks = value.reshape(self.blocks, self.rows * self.inner, *value.shape[1:])
        return np.array(np.broadcast_to(blocks[:, :1].real, blocks.shape)).reshape(value.shape)

    def vjp(
        self, function: Function, inputs: Sequence[Array], cotangents: Sequence[Array], wrt: Sequence[int]
    ) -> Sequence[Array]:
        if any(x.dtype.kind == "c" for x in (*inputs, *cotangents)):
            raise CannotAnswer("a derivative inside a complex step")
        sizes = [inputs[i][0].size for i in wrt]
        imaginary = is_analytic(function)
        moves = 1 if imaginary else len(_STENCIL)
        count = 1 + moves * sum(sizes)
        bases = [self.base(inputs[i]).ravel() for i in wrt]
        steps = [complex_steps(base) if imaginary else _steps(base, self.shrink) for base in bases]
        every = np.concatenate([*steps, np.zeros(0)])
        outer = self.batch
        moved = list(inputs)
        for i, x in enumerate(inputs):
            if i in wrt:
                place = list(wrt).index(i)
                delta = _directions(steps[place], 1 + moves * sum(sizes[:place]), count, imaginary)
                flat = x.reshape(x.shape[0], 1, delta.shape[1])
                flat = with_imaginary(flat, delta) if imaginary else np.where(delta == 0, flat, flat + delta)
                flat = np.broadcast_to(flat, (outer, count, delta.shape[1]))
                moved[i] = flat.reshape(outer * count, *x.shape[1:])
            elif x.shape[0] > 1:
                moved[i] = np.repeat(x, count, axis=0)
        with self._scope(count, imaginary):
            outputs = function(self, *moved)
        total = np.zeros((outer, sum(sizes)))
        for y, cotangent in zip(outputs, cotangents, strict=True):
            if y.shape[0] > 1:
                flat = y.reshape(outer, count, y[0].size)[:, 1:]
                jacobian = flat.imag / every[:, None] if imaginary else _differences(flat, every)
                weights = self._rounded(cotangent)
                total = total + np.matmul(jacobian, weights.reshape(weights.shape[0], y[0].size, 1))[..., 0]
        parts = np.split(self(total), np.cumsum(sizes)[:-1], axis=1)
        return [part.reshape(outer, *inputs[i].shape[1:]) for i, part in zip(wrt, parts, strict=True)]

    @contextmanager
    def _scope(self, count: int, imaginary: bool) -> Iterator[None]:
        saved = self.rows, self.inner
        self._scopes += 1
        if imaginary:
            self.inner *= count
        else:
            self.rows, self.inner = self.rows * self.inner * count, 1
        try:
            yield
        finally:
            self.rows, self.inner = saved
            self._scopes -= 1

    # Kernel

    def __call__(self, value: Array) -> Array:
        if self.blocks == 1 or value.dtype.kind not in "fc":
            return value
        self._sizes.append(value[0].real.ravel())
        parts = self._parts(value)
        head = self._draw(parts.shape[3])
        if self.rows == 1:
            noisy = parts * head
        else:
            tail = self._draw(parts.shape[3])
            noisy = parts * tail + parts[:, :1] * (head - tail)
        if self.precision.floor:
            noisy = self._underflow(noisy, 2 if value.dtype.kind == "c" else 1)
        return self._whole(noisy, value)

    def anchor(self, value: Array) -> Array:
        return self.stop_gradient(value)

    def carry(self, value: Array, *terms: Array) -> Array:
        if self.blocks == 1 or value.shape[0] == 1:
            return value
        total = self._parts(value)
        for term in terms:
            parts = self._parts(term)
            head = parts[:, :1]
            total = total + (parts - head) * (self._draw(parts.shape[3]) - 1.0)
            if term.dtype.kind == "c":
                tangent = head * (self._draw(parts.shape[3]) - 1.0)
                tangent[..., 0::2] = 0.0
                total = total + tangent
        return self._whole(total, value)

    def kink(self, distance: Array, what: str) -> None:
        self._decide(distance, what, True)

    def threshold(self, distance: Array, what: str) -> None:
        self._decide(distance, what, False)

    def _decide(self, distance: Array, what: str, kink: bool) -> None:
        if not self.noisy or distance.dtype.kind not in "fc" or distance.size == 0:
            return
        if distance.shape[0] == 1:
            base = distance.real.ravel()
            self.decisions.append(Decision(what, kink, np.abs(base), np.zeros_like(base)))
            return
        points = distance.reshape(self.blocks, self.rows * self.inner, -1)[:, 0].real
        self.decisions.append(Decision(what, kink, np.abs(points[0]), self.spread(points)))

    def extent(self, *others: Array) -> tuple[float, float]:
        """The smallest and the largest size of all that is rounded and of ``others``; no zeros, no NaN."""
        sizes = np.abs(np.concatenate([np.zeros(0), *self._sizes, *(np.ravel(other) for other in others)]))
        sizes = sizes[sizes > 0]
        return float(sizes.min(initial=np.inf)), float(sizes.max(initial=0.0))

    # noise

    def _parts(self, value: Array) -> NDArray[np.float64]:
        """The value as ``(blocks, rows, inner, real and imaginary parts of the elements)``."""
        value = np.ascontiguousarray(value)
        flat = value.reshape(-1).view(np.float64)
        if value.shape[0] == 1:
            return flat.reshape(1, 1, 1, flat.size)
        return flat.reshape(self.blocks, self.rows, self.inner, flat.size // self.batch)

    def _whole(self, parts: NDArray[np.float64], like: Array) -> Array:
        shape = (self.blocks, self.rows, self.inner, parts.shape[3])
        full = parts if parts.shape == shape else np.broadcast_to(parts, shape)
        return np.ascontiguousarray(full).reshape(-1).view(like.dtype).reshape(self.batch, *like.shape[1:])

    def _draw(self, width: int) -> NDArray[np.float64]:
        """Fresh factors for ``width`` numbers, of shape ``(blocks, 1, 1, width)``."""
        pool = _factors(self.precision.noise)
        if self._offset + width > pool.shape[1]:
            self._offset = (self._offset + 1009) % max(pool.shape[1] - width, 1)
        drawn = pool[:, self._offset : self._offset + width]
        if drawn.shape[1] < width:
            drawn = np.resize(pool.T, (width, pool.shape[0])).T
        self._offset += width
        return drawn[:, None, None, :]

    def _rounded(self, argument: Argument) -> Any:
        if isinstance(argument, np.ndarray):
            return self(argument)
        return tuple(self._rounded(item) for item in argument) if isinstance(argument, tuple) else argument

    def _underflow(self, parts: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
        """Adds the noise of numbers below the floor, and sums the tangents up.

        Tangents get the relative noise of the value, because a pullback may read the rounded result.
        """
        if not self._scopes:
            tangents = parts[0, :, :, 1::2] if stride == 2 else parts[0] - parts[0, :1]
            self.reach = self.reach + np.abs(tangents).sum(axis=-1).ravel()
        floor = self.precision.floor
        size = np.abs(parts[:1, :1, :1, ::stride])
        below = (size > 0) & (size < floor)
        if not below.any():
            return parts
        all_of_it = 1.0 / self.precision.roundoff
        relative = np.minimum(np.divide(floor, size), all_of_it) if self.precision.gradual else all_of_it
        relative = np.repeat(np.where(below, relative, 0.0), stride, axis=3)
        head, tail = (relative * (self._draw(parts.shape[3]) - 1.0) for _ in range(2))
        return parts * (1.0 + tail) + parts[:, :1] * (head - tail)

    def spread(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The noise of values of shape ``(blocks, ...)``, in units of the unit roundoff."""
        difference = np.abs(points[1:] - points[0])
        largest = difference.max(axis=0, initial=0.0)
        if not np.isfinite(largest).all():  # the same infinity, or NaN, in every row is no noise
            same = (points[1:] == points[0]) | (np.isnan(points[1:]) & np.isnan(points[0]))
            difference[same] = 0.0
            largest = difference.max(axis=0, initial=0.0)
        difference /= np.where(largest > 0, largest, 1.0)  # squares would underflow
        mean = np.add.reduce(difference * difference, axis=0) / len(difference)
        return np.asarray(np.sqrt(mean) * (largest / self.precision.noise))


def _is_rounded_scalar(argument: Argument) -> bool:
    """Whether a Python number in an operand's place changes when it takes a narrow dtype."""
    return isinstance(argument, float) and argument == argument and float(np.float16(argument)) != argument


def complex_steps(base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Complex steps: their squares vanish beside intermediates, their products with a derivative do not."""
    return np.asarray(np.where(base == 0, 2.0**-200, np.ldexp(1.0, np.frexp(base)[1] - 100)))


def _steps(base: NDArray[np.float64], shrink: float) -> NDArray[np.float64]:
    """Real steps for the eighth-order stencil: small beside the scale on which functions of ``base`` vary."""
    return shrink * RELATIVE_STEP * np.clip(np.abs(base), NEAR, FAR)


def _directions(steps: NDArray[np.float64], first: int, count: int, imaginary: bool) -> NDArray[np.float64]:
    """How far an input moves in each of ``count`` rows; its own directions start at row ``first``."""
    size = len(steps)
    delta = np.zeros((count, size))
    if imaginary:
        delta[first + np.arange(size), np.arange(size)] = steps
        return delta
    moves = len(_STENCIL)
    for i in range(size):
        delta[first + moves * i : first + moves * (i + 1), i] = _STENCIL * steps[i]
    return delta


def _differences(rows: Array, steps: NDArray[np.float64]) -> Array:
    """The Jacobian, of shape ``(batch, directions, elements)``, out of the rows of the stencil."""
    batch, _, size = rows.shape
    stencil = rows.reshape(batch, len(steps), len(_STENCIL), size)
    return np.tensordot(stencil, _WEIGHTS, axes=([2], [0])) / steps[:, None]

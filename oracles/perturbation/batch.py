"""The operators on a whole batch of perturbed points; :mod:`oracles.perturbation` says how it is laid out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.forward import call, real, row_of
from oracles.numpy_table import Array, Kernel
from oracles.numpy_table.row import with_imaginary
from oracles.perturbation.directions import (
    STENCIL,
    complex_steps,
    differences,
    directions,
    is_analytic,
    stencil_steps,
)
from oracles.perturbation.noise import DOUBLE, Decision, Precision, factors, spread
from oracles.question import Argument, CannotAnswer, Function, Literal


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
        moves = 1 if imaginary else len(STENCIL)
        count = 1 + moves * sum(sizes)
        bases = [self.base(inputs[i]).ravel() for i in wrt]
        steps = [complex_steps(base) if imaginary else stencil_steps(base, self.shrink) for base in bases]
        every = np.concatenate([*steps, np.zeros(0)])
        outer = self.batch
        moved = list(inputs)
        for i, x in enumerate(inputs):
            if i in wrt:
                place = list(wrt).index(i)
                delta = directions(steps[place], 1 + moves * sum(sizes[:place]), count, imaginary)
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
                jacobian = flat.imag / every[:, None] if imaginary else differences(flat, every)
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
        self.decisions.append(Decision(what, kink, np.abs(points[0]), spread(points, self.precision.noise)))

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
        pool = factors(self.precision.noise)
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


def _is_rounded_scalar(argument: Argument) -> bool:
    """Whether a Python number in an operand's place changes when it takes a narrow dtype."""
    return isinstance(argument, float) and argument == argument and float(np.float16(argument)) != argument

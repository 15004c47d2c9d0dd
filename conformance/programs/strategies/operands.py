"""Operands for a call: tensors that the program has already, or fresh leaves made to measure.

A fresh operand is a recipe rather than a value. When a call turns out to lie on a kink, its recipes are
turned to their next values without another choice, so that hardly any call is lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from conformance.catalogue.domains import REAL
from conformance.catalogue.row import Operand, Row
from conformance.dtypes import category
from conformance.programs.strategies.draws import Draws
from conformance.programs.strategies.leaves import LAYOUTS, Array, Bound, Fresh, Layout, Scalar, Shape, Tensor
from conformance.programs.strategies.values import MARGIN, draw_shape, strides, table

SCALARS: tuple[float | int, ...] = (2.0, 3, 0.5, -1.5, -2, 1.5, 2.5, 1, -0.75, -1, 2)
EXPONENTS: tuple[float | int, ...] = (2, 3, 0.5, -1, 2.0, 1.5, 1, -2, 0, -0.5)
SHIFTED_SCALARS: tuple[float, ...] = (0.5625, 1.0625, -0.5625, 2.0625, 1.5625, -1.0625, -1.5625)


@dataclass(frozen=True)
class Style:
    """How operands are chosen, in eighths: of mixed dtypes, of Python scalars, of odd layouts, of operands
    used twice.

    ``reuse`` is the share of operands that are taken from the program where one fits; ``tracked`` the share
    of fresh floating leaves that require a gradient; ``shapes``, where there are any, the shapes that fresh
    leaves have where the operator takes one of them; ``extent`` the most elements that one may have;
    ``others`` further dtypes, which only mixed operands have.
    """

    dtypes: tuple[str, ...] = ("float64",)
    casts: tuple[str, ...] = ("float64", "float32", "float16")
    mixed: int = 0
    scalars: int = 2
    layouts: int = 1
    repeats: int = 1
    reuse: int = 7
    tracked: int = 5
    extent: int = 36
    shapes: tuple[Shape, ...] = ()
    others: tuple[str, ...] = ()


@dataclass
class Operands:
    """Where an operator's operands come from: ``pool`` and fresh leaves, which gather in ``fresh``."""

    d: Draws
    row: Row
    style: Style
    pool: Sequence[Bound] = ()
    fresh: list[Fresh] = field(default_factory=list)
    dtype: str = ""

    def __post_init__(self) -> None:
        self.dtype = self.dtype or self.d.choice(self.style.dtypes)

    def first(self, operand: Operand) -> Tensor:
        """A tensor of any shape that the row takes; the one that decides what the others must look like."""
        low, high = self.row.rank
        least = self.row.least

        def fits(shape: Shape) -> bool:
            return low <= len(shape) <= high and max(shape, default=1) >= least

        found = self._pooled(operand, [each for each in self.pool if fits(each.shape)])
        if found is not None:
            self.dtype = found.dtype
            return found
        known = [shape for shape in self.style.shapes if fits(shape)]
        if known:
            return self.make(operand, self.d.choice(known))
        return self.make(operand, draw_shape(self.d, fits, self.style.extent))

    def shaped(self, operand: Operand, shape: Shape) -> Tensor:
        """A tensor of exactly this shape."""
        found = self._pooled(operand, [each for each in self.pool if each.shape == shape])
        return found or self._again(operand, shape) or self.make(operand, shape)

    def partner(self, operand: Operand, shape: Shape) -> Tensor:
        """A tensor that broadcasts with this shape, in whichever direction."""
        wide = max(math.prod(shape), self.style.extent)
        fitting = [each for each in self.pool if _broadcasts(each.shape, shape, wide)]
        found = self._pooled(operand, fitting)
        if found is not None:
            return found
        wanted = partner_shape(self.d, shape)
        return self._again(operand, wanted) or self.make(operand, wanted)

    def mask(self, shape: Shape) -> Tensor:
        """A bool tensor of this shape, all False at its simplest."""
        fitting = [each for each in self.pool if each.dtype == "bool" and each.shape == shape]
        if fitting and self.d.usually(self.style.reuse):
            return self.d.choice(fitting)
        bits = self.d.below(64)
        pattern = tuple(bool(bits >> position % 6 & 1) for position in range(math.prod(shape)))
        return self._keep(Fresh(shape, "bool", pattern=pattern))

    def index(self, shape: Shape, size: int, signed: bool = False, distinct: bool = False) -> Tensor:
        """An int64 tensor of positions in an axis of this size; ``signed`` may count them from the end."""
        count = math.prod(shape)
        start = self.d.below(size) if count else 0
        steps = strides(size) if distinct else range(size)
        step = self.d.choice(steps) if count > 1 else 0
        shift = size if signed and self.d.chance(2) else 0
        pattern = tuple((start + step * position) % size - shift for position in range(count))
        return self._keep(Fresh(shape, "int64", pattern=pattern))

    def scalar(self, operand: Operand) -> Scalar:
        """A Python scalar inside the operand's domain."""
        offered: tuple[float | int, ...] = EXPONENTS if operand.role == "exponent" else SCALARS
        if self.row.joint and operand.role == "number":
            offered = SHIFTED_SCALARS if self.fresh else (*SCALARS, *SHIFTED_SCALARS)
        inside = [value for value in offered if operand.domain.inside(np.asarray(float(value))) >= MARGIN]
        return Scalar(tuple(inside), self.d.below(len(inside)))

    def make(self, operand: Operand, shape: Shape, dtype: str | None = None) -> Fresh:
        """A fresh leaf of this shape with values in the operand's domain."""
        dtype = dtype or self._dtype()
        floating = category(dtype) == 2
        shifted = floating and self.row.joint and len(self.fresh) % 2 == 1
        kinks = self.row.kinks if len(self.row.operands) == 1 else ()
        values = table(dtype, operand.domain, kinks, shifted)
        # Chosen for an empty leaf too: fewer choices would make it simpler than one with elements.
        start, step = self.d.below(len(values)), self.d.choice(strides(len(values)))
        tracked = floating and self.d.usually(self.style.tracked)
        layout = self._layout(shape)
        return self._keep(Fresh(shape, dtype, values, start, step, requires_grad=tracked, layout=layout))

    def _dtype(self) -> str:
        if self.style.mixed and self.row.mixed and self.d.chance(self.style.mixed):
            return self.d.choice(self.accepted())
        return self.dtype

    def accepted(self) -> tuple[str, ...]:
        """The dtypes that the row's numbers may have, within the style's."""
        extra = {"floating": (), "numbers": ("int64", "int32"), "any": ("int64", "int32", "bool")}[
            self.row.accepts
        ]
        return (*self.style.dtypes, *self.style.others, *extra)

    def _layout(self, shape: Shape) -> Layout:
        if (
            not math.prod(shape)
            or not shape
            or not self.style.layouts
            or not self.d.chance(self.style.layouts)
        ):
            return "contiguous"
        return self.d.choice([layout for layout in LAYOUTS if layout != "transposed" or len(shape) > 1])

    def _keep(self, leaf: Fresh) -> Fresh:
        self.fresh.append(leaf)
        return leaf

    def _again(self, operand: Operand, shape: Shape) -> Tensor | None:
        """An operand that the call has already, a second time."""
        if self.row.joint or not self.style.repeats:
            return None
        fitting = [leaf for leaf in self.fresh if leaf.shape == shape and leaf.pattern is None]
        fitting = [leaf for leaf in fitting if operand.domain is REAL]
        return self.d.choice(fitting) if fitting and self.d.chance(self.style.repeats) else None

    def _pooled(self, operand: Operand, fitting: list[Bound]) -> Bound | None:
        accepted = self.accepted() if self.row.mixed and self.style.mixed else (self.dtype,)
        usable = [each for each in fitting if each.dtype in accepted and _inside(operand, each.array)]
        if not usable or not self.d.usually(self.style.reuse):
            return None
        return self.d.early(usable[:100])


def _inside(operand: Operand, array: Array) -> bool:
    if operand.domain is REAL or not array.size:
        return True
    return bool(operand.domain.inside(array).min() >= MARGIN)


def _broadcasts(first: Shape, second: Shape, extent: int) -> bool:
    try:
        return math.prod(np.broadcast_shapes(first, second)) <= extent
    except ValueError:
        return False


def partner_shape(d: Draws, shape: Shape) -> Shape:
    """A shape that broadcasts with another: at its simplest equal, else of lower rank, thinner, or wider."""
    form = d.below(6)
    if form == 0 or (form < 4 and not shape):
        return shape
    if form == 1:
        return shape[1 + d.below(len(shape)) :]
    if form in (2, 3):
        thin = d.below(2 ** len(shape))
        thinned = tuple(1 if thin >> axis & 1 else size for axis, size in enumerate(shape))
        return thinned[d.below(len(shape) + 1) :] if form == 3 else thinned
    # Widen the axes of size one and thin some of the others, so that both sides broadcast; form 5 also adds
    # an axis in front, where rank 4 is not yet reached.
    thin = d.below(2 ** len(shape))
    widened = tuple(
        d.choice((2, 3)) if size == 1 else 1 if thin >> axis & 1 else size for axis, size in enumerate(shape)
    )
    return (2, *widened) if form == 5 and len(shape) < 4 else widened

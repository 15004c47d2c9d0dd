"""What stands in an operand's place: a tensor of the program, a fresh leaf to be made, or a Python scalar.

A fresh leaf is a recipe rather than a value: it can be turned to other values without another choice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias
from typing import Literal as OneOf

from numpy.typing import NDArray

from conformance.programs.statements import Apply, Create, Statement, Var
from conformance.programs.strategies.values import walk
from oracles.question import Literal, Slice

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Layout: TypeAlias = OneOf["contiguous", "transposed", "strided", "offset", "expanded"]
LAYOUTS: tuple[Layout, ...] = ("transposed", "strided", "offset", "expanded")


@dataclass(frozen=True)
class Bound:
    """A tensor that the program has already, with its value in the widest type of its category."""

    name: str
    array: Array
    dtype: str

    @property
    def shape(self) -> Shape:
        return self.array.shape


@dataclass(frozen=True)
class Turn:
    """One of several ways to fill a fresh leaf: how far on in its table, whether contiguous, whether
    positive, and out of which half of the table: the small values or the large ones.
    """

    shift: int = 0
    plain: bool = False
    positive: bool = False
    half: OneOf["small", "large"] | None = None


def _half(values: tuple[float, ...], half: str) -> tuple[float, ...]:
    middle = sorted(map(abs, values))[len(values) // 2]
    return tuple(value for value in values if (abs(value) < middle) == (half == "small")) or values


@dataclass(eq=False)
class Fresh:
    """A leaf to be made: which table its elements come from, where in it they start and how they go on.

    ``pattern`` holds the elements of a mask or an index, which do not turn.
    """

    shape: Shape
    dtype: str
    values: tuple[float, ...] = ()
    start: int = 0
    step: int = 1
    pattern: tuple[float, ...] | None = None
    requires_grad: bool = False
    layout: Layout = "contiguous"

    def elements(self, turn: Turn, shape: Shape) -> tuple[float, ...]:
        """The elements of a leaf with that many of them, at this turn."""
        if self.pattern is not None:
            return self.pattern
        values = self.values if turn.half is None else _half(self.values, turn.half)
        step = self.step if math.gcd(self.step, len(values)) == 1 else 1
        found = walk(values, (self.start + turn.shift) % len(values), step, math.prod(shape))
        return tuple(map(abs, found)) if turn.positive else found


@dataclass(frozen=True)
class Scalar:
    """A Python scalar in an operand's place."""

    values: tuple[float | int, ...]
    start: int

    def at(self, turn: int) -> float | int:
        return self.values[(self.start + turn) % len(self.values)]


Tensor: TypeAlias = "Bound | Fresh"


def made(name: str, leaf: Fresh, turn: Turn) -> Iterator[Statement]:
    """The statements that make a leaf, the last of which binds the operand."""
    layout = "contiguous" if turn.plain else leaf.layout
    base = _base_shape(layout, leaf.shape)
    yield Create(name, Literal(leaf.dtype, base, leaf.elements(turn, base)), leaf.requires_grad)
    if layout != "contiguous":
        op, args, params = _VIEWS[layout](leaf.shape)
        yield Apply((f"{name}_{layout[0]}",), op, (Var(name), *args), params)


def _base_shape(layout: Layout, shape: Shape) -> Shape:
    if layout == "transposed":
        return (*shape[:-2], shape[-1], shape[-2])
    if layout == "strided":
        return (*shape[:-1], 2 * shape[-1] - 1)
    if layout == "offset":
        return (shape[0] + 1, *shape[1:])
    return (1, *shape[1:]) if layout == "expanded" else shape


_VIEWS: dict[Layout, Any] = {
    "transposed": lambda shape: ("transpose", (), (("dim0", -2), ("dim1", -1))),
    "strided": lambda shape: ("__getitem__", ((Ellipsis, Slice(None, None, 2)),), ()),
    "offset": lambda shape: ("__getitem__", (Slice(1, None, None),), ()),
    "expanded": lambda shape: ("expand", (), (("sizes", shape),)),
}

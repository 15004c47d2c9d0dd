"""Subscripts: integers, slices, None, Ellipsis, positions and masks, in every mixture that PyTorch takes."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from conformance.programs.strategies.leaves import Bound, Fresh, Shape
from conformance.programs.strategies.operands import Operands
from oracles.question import Slice

Entry: TypeAlias = Any


def subscript(ask: Operands, shape: Shape, distinct: bool = False) -> Entry:
    """An index into a tensor of this shape; a position at its simplest, else a slice, else a tuple.

    With ``distinct`` no element is picked twice, so that a write through the index is well defined.
    """
    d = ask.d
    form = d.below(5)
    if form == 4 and shape:
        return ask.mask(shape[: 1 + d.below(len(shape))])
    if form == 3 and shape and shape[0]:
        size = shape[0]
        count = min(size, 1 + d.below(3)) if distinct else 1 + d.below(3)
        # One axis or two: positions may be a matrix.
        index_shape = (count, 2) if not distinct and d.chance(2) else (count,)
        return ask.index(index_shape, size, signed=True, distinct=distinct)
    if form < 2 and shape:
        return _slice(ask, shape[0]) if form or not shape[0] else _position(ask, shape[0])
    return _entries(ask, shape, distinct)


def _entries(ask: Operands, shape: Shape, distinct: bool) -> tuple[Entry, ...]:
    d = ask.d
    entries: list[Entry] = []
    arrays = 0
    used = d.below(len(shape) + 1)
    # An ellipsis stands for the axes that no entry takes; it may also stand for none.
    dots = d.below(used + 1) if d.chance(3) else None
    axes = (
        list(range(used)) if dots is None else [*range(dots), *range(len(shape) - (used - dots), len(shape))]
    )
    for place, axis in enumerate(axes):
        if place == dots:
            entries.append(Ellipsis)
        if len(entries) < 3 and d.chance(1):
            entries.append(None)
        entry = _entry(ask, shape[axis], distinct, arrays)
        arrays += isinstance(entry, Fresh)
        entries.append(entry)
    if dots == len(axes):
        entries.append(Ellipsis)
    return tuple(entries)


def _entry(ask: Operands, size: int, distinct: bool, arrays: int) -> Entry:
    form = ask.d.below(4)
    if form == 0 or not size:
        return _slice(ask, size)
    if form < 3 or (distinct and arrays):
        return _position(ask, size) if form < 2 or distinct else _slice(ask, size)
    # All index tensors of one subscript have two positions, so that they broadcast against each other.
    count = min(2, size) if distinct else 2
    return ask.index((count,), size, signed=True, distinct=distinct)


def _position(ask: Operands, size: int) -> int:
    place = ask.d.below(size)
    return place - size if ask.d.chance(2) else place


def _slice(ask: Operands, size: int) -> Slice:
    d = ask.d
    # More with a step than without: where a step takes one element of a longer stretch, mistakes hide.
    form = d.below(8)
    if form == 0:
        return Slice()
    start = d.below(size + 1)
    stop = start + d.below(size - start + 1)
    if form == 1:
        return Slice(start, None, None)
    if form == 2:
        return Slice(None, stop, None)
    if form == 3:
        return Slice(None, None, 2)
    if form == 4:
        return Slice(start - size if start < size else start, stop, None)
    if form == 5:
        return Slice(start, stop, d.choice((2, 1, 3)))
    return Slice(d.below(2), None, d.choice((2, 3)))


def subscripted(shape: Shape, index: Entry) -> Shape:
    """The shape that a subscript picks; as in PyTorch, a position takes its axis before any array counts."""
    entries = index if isinstance(index, tuple) else (index,)
    taken = sum(_axes(entry) for entry in entries)
    rest = len(shape) - taken
    if not any(entry is Ellipsis for entry in entries):
        entries = (*entries, Ellipsis)
    dimensions: list[int | None] = []
    arrays: list[Shape] = []
    axis = 0
    for entry in entries:
        if entry is Ellipsis:
            dimensions.extend(shape[axis : axis + rest])
            axis += rest
        elif entry is None:
            dimensions.append(1)
        elif isinstance(entry, Slice):
            dimensions.append(len(range(*slice(entry.start, entry.stop, entry.step).indices(shape[axis]))))
            axis += 1
        elif isinstance(entry, int):
            axis += 1
        else:
            arrays.append(_picked(entry))
            dimensions.append(None)
            axis += _axes(entry)
    return _placed(dimensions, arrays)


def _axes(entry: Entry) -> int:
    if entry is None or entry is Ellipsis:
        return 0
    return len(entry.shape) if isinstance(entry, Fresh | Bound) and entry.dtype == "bool" else 1


def _picked(entry: Any) -> Shape:
    """The shape of an index tensor, or of the positions where a mask is True."""
    if entry.dtype != "bool":
        return tuple(entry.shape)
    pattern = entry.array.ravel() if isinstance(entry, Bound) else entry.pattern
    return (sum(map(bool, pattern)),)


def _placed(dimensions: list[int | None], arrays: list[Shape]) -> Shape:
    # Where the arrays stand side by side their axes come in their place, otherwise at the front.
    plain = [size for size in dimensions if size is not None]
    if not arrays:
        return tuple(plain)
    places = [place for place, size in enumerate(dimensions) if size is None]
    together = places == list(range(places[0], places[0] + len(places)))
    at = places[0] if together else 0
    common = np.broadcast_shapes(*arrays)
    return (*plain[:at], *common, *plain[at:])

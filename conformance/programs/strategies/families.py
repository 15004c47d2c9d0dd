"""One strategy for each shape family of the catalogue: which operands a call has, and how they fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from conformance.catalogue.row import Operand
from conformance.programs.strategies.leaves import Shape, Tensor
from conformance.programs.strategies.operands import Operands, partner_shape
from conformance.programs.strategies.subscripts import subscript, subscripted

# Tensors (bound or fresh), scalars and plain values, nested as the arguments of the call.
Drawn: TypeAlias = Any


@dataclass(frozen=True)
class Chosen:
    """The arguments of a call, the shape its parameters go by, and the parameters chosen along with them."""

    args: tuple[Drawn, ...]
    shape: Shape
    params: dict[str, Any] = field(default_factory=dict)
    closed: bool = False


def _one(ask: Operands) -> Chosen:
    x = ask.first(ask.row.operands[0])
    return Chosen((x,), x.shape)


def _broadcast(ask: Operands) -> Chosen:
    operands = ask.row.operands
    scalar = _scalar_places(ask, operands)
    left_out = {i for i, operand in enumerate(operands) if operand.optional}
    if left_out and ask.d.chance(3):
        left_out -= set(ask.d.some(sorted(left_out), least=1))
        bounds_given = True
    else:
        bounds_given = False
    args: list[Drawn] = [None] * len(operands)
    shape: Shape | None = None
    # Numbers before masks, so that the values decide the shape and a mask follows.
    for place in sorted(range(len(operands)), key=lambda place: operands[place].role == "mask"):
        operand = operands[place]
        if place in scalar:
            args[place] = ask.scalar(operand)
        elif place not in left_out:
            tensor = _next(ask, operand, shape)
            shape = tensor.shape if shape is None else np.broadcast_shapes(shape, tensor.shape)
            args[place] = tensor
    kept = (
        args
        if bounds_given
        else [arg for arg, operand in zip(args, operands, strict=True) if not operand.optional]
    )
    return Chosen(tuple(kept), shape or (), closed=bounds_given)


def _scalar_places(ask: Operands, operands: tuple[Operand, ...]) -> set[int]:
    places = [place for place, operand in enumerate(operands) if operand.scalar]
    if not places or not ask.d.chance(ask.style.scalars):
        return set()
    # The right one first: that is the plainer call.
    return {ask.d.choice(places[::-1])}


def _next(ask: Operands, operand: Operand, shape: Shape | None) -> Tensor:
    if operand.role == "mask":
        assert shape is not None
        return ask.mask(partner_shape(ask.d, shape))
    return ask.first(operand) if shape is None else ask.partner(operand, shape)


def _matmul(ask: Operands) -> Chosen:
    left, right = ask.row.operands
    a = ask.first(left)
    inner = a.shape[-1]
    form = ask.d.below(4)
    if form == 0:
        shape: Shape = (inner,)
    elif form == 1 or len(a.shape) < 3:
        shape = (inner, ask.d.choice((2, 3, 1)))
        shape = (2, *shape) if form == 3 else shape
    else:
        shape = (*partner_shape(ask.d, a.shape[:-2])[-2:], inner, ask.d.choice((2, 3, 1)))
    return Chosen((a, ask.shaped(right, shape)), a.shape)


def _cat(ask: Operands) -> Chosen:
    (operand,) = ask.row.operands
    first = ask.first(operand)
    rank = len(first.shape)
    axis = ask.d.below(rank)
    tensors = [first]
    for _ in range(ask.d.choice((1, 2, 0))):
        size = ask.d.choice((first.shape[axis], 1, 2, 3, 0))
        tensors.append(ask.shaped(operand, (*first.shape[:axis], size, *first.shape[axis + 1 :])))
    params = {} if axis == 0 and not ask.d.chance(2) else {"dim": axis - rank if ask.d.chance(3) else axis}
    return Chosen((tuple(tensors),), first.shape, params, closed=True)


def _stack(ask: Operands) -> Chosen:
    (operand,) = ask.row.operands
    first = ask.first(operand)
    rest = [ask.shaped(operand, first.shape) for _ in range(ask.d.choice((1, 2, 0)))]
    return Chosen(((first, *rest),), first.shape)


def _subscript(ask: Operands) -> Chosen:
    x = ask.first(ask.row.operands[0])
    return Chosen((x, subscript(ask, x.shape)), x.shape)


def _positions(ask: Operands) -> tuple[Tensor, int]:
    """The first operand and one of its axes, as ``dim`` counts it from the front."""
    x = ask.first(ask.row.operands[0])
    return x, ask.d.below(max(len(x.shape), 1))


def _given(ask: Operands, axis: int, shape: Shape) -> dict[str, Any]:
    return {"dim": axis - max(len(shape), 1) if ask.d.chance(3) else axis}


def _gather(ask: Operands) -> Chosen:
    x, axis = _positions(ask)
    size = x.shape[axis] if x.shape else 1
    shape = tuple(
        ((2, 1, 3)[ask.d.below(3)] if size else 0)
        if place == axis
        else extent - (extent > 1 and ask.d.chance(2))
        for place, extent in enumerate(x.shape)
    )
    return Chosen((x, ask.index(shape, size)), x.shape, _given(ask, axis, x.shape))


def _select(ask: Operands) -> Chosen:
    x, axis = _positions(ask)
    count = ask.d.choice((2, 1, 3)) if x.shape[axis] else 0
    return Chosen((x, ask.index((count,), x.shape[axis])), x.shape, _given(ask, axis, x.shape))


def _along(ask: Operands) -> Chosen:
    x, axis = _positions(ask)
    count = ask.d.choice((2, 1, 3)) if x.shape[axis] else 0
    thin = ask.d.below(2 ** len(x.shape)) if ask.d.chance(2) else 0
    shape = tuple(
        count if place == axis else 1 if thin >> place & 1 else size for place, size in enumerate(x.shape)
    )
    return Chosen((x, ask.index(shape, x.shape[axis])), x.shape, _given(ask, axis, x.shape))


def _narrower(ask: Operands, shape: Shape) -> Shape:
    """A shape that broadcasts to this one without widening it."""
    thin = ask.d.below(2 ** min(len(shape), 6))
    thinned = tuple(1 if thin >> axis & 1 else size for axis, size in enumerate(shape))
    return thinned[ask.d.below(len(shape) + 1) :] if ask.d.chance(3) else thinned


def _copy(ask: Operands) -> Chosen:
    x = ask.first(ask.row.operands[0])
    return Chosen((x, ask.shaped(ask.row.operands[1], _narrower(ask, x.shape))), x.shape)


def _fill(ask: Operands) -> Chosen:
    x = ask.first(ask.row.operands[0])
    value = ask.row.operands[1]
    return Chosen((x, ask.scalar(value) if ask.d.chance(4) else ask.shaped(value, ())), x.shape)


def _write(ask: Operands) -> Chosen:
    x = ask.first(ask.row.operands[0])
    index = subscript(ask, x.shape, distinct=True)
    value = ask.row.operands[2]
    if ask.d.chance(2):
        return Chosen((x, index, ask.scalar(value)), x.shape)
    return Chosen((x, index, ask.shaped(value, _narrower(ask, subscripted(x.shape, index)))), x.shape)


FAMILIES: dict[str, Callable[[Operands], Chosen]] = {
    "one": _one,
    "broadcast": _broadcast,
    "matmul": _matmul,
    "cat": _cat,
    "stack": _stack,
    "subscript": _subscript,
    "gather": _gather,
    "select": _select,
    "along": _along,
    "copy": _copy,
    "fill": _fill,
    "write": _write,
}

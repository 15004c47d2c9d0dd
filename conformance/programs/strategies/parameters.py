"""One way of choosing a value for each kind of parameter, from the shape of the first operand."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from conformance.catalogue.domains import reduced_axes
from conformance.catalogue.row import Param, ParamKind, Row
from conformance.programs.strategies.draws import Draws
from conformance.programs.strategies.operands import SCALARS, SHIFTED_SCALARS

Shape: TypeAlias = tuple[int, ...]
Chosen: TypeAlias = dict[str, Any]
Choose: TypeAlias = Callable[[Draws, Row, Param, Shape, Chosen], Any]


def draw_params(
    d: Draws, row: Row, shape: Shape, chosen: Chosen, dtypes: tuple[str, ...], dtype: str
) -> Chosen:
    """All parameters of a call: those chosen already, the required ones, and some of the others.

    ``shape`` and ``dtype`` are those of the first operand, ``dtypes`` what a dtype parameter may be.
    """
    chosen = dict(chosen)
    pair = True
    for param in row.params:
        wanted = param.required or (pair if param.kind == "other dim" else d.chance(3))
        if param.kind == "dim":
            pair = wanted
        if param.name in chosen or not wanted or (param.name == "keepdim" and not _keeps(row, chosen)):
            continue
        if param.kind in ("dtype", "other dtype"):
            # A cast to its own dtype gives back the operand itself, which is no operation at all.
            offered = [each for each in dtypes if param.kind == "dtype" or each != dtype]
            chosen[param.name] = d.choice(offered)
        else:
            chosen[param.name] = CHOOSE[param.kind](d, row, param, shape, chosen)
    return _enough(row, shape, _bounded(d, row, chosen))


def _keeps(row: Row, chosen: Chosen) -> bool:
    # Most operators refuse keepdim without dim.
    return "dim" in chosen


def _bounded(d: Draws, row: Row, chosen: Chosen) -> Chosen:
    """Give at least one of several optional numbers where none came as an operand."""
    numbers = [param for param in row.params if param.kind == "number" and not param.required]
    if numbers and not any(param.name in chosen for param in numbers):
        chosen[d.choice(numbers).name] = d.choice(SHIFTED_SCALARS)
    return chosen


def _enough(row: Row, shape: Shape, chosen: Chosen) -> Chosen:
    """Reduce along the longest axis where the choice would leave a group with too few elements."""
    if row.least and shape and row.param("dim") is not None:
        axes = reduced_axes(shape, chosen.get("dim", 0 if row.results == "pieces" else None))
        if math.prod(shape[axis] for axis in axes) < row.least:
            chosen["dim"] = shape.index(max(shape))
    return chosen


def _signed(d: Draws, axis: int, rank: int) -> int:
    """An axis or a position, sometimes counted from the end."""
    return axis - max(rank, 1) if d.chance(3) else axis


def _dim(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    axes = [axis for axis, size in enumerate(shape) if size >= row.least] or [0]
    return _signed(d, d.choice(axes), len(shape))


def _start_dim(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    return _signed(d, d.below(len(shape) - 1), len(shape))


def _end_dim(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    rank = len(shape)
    after = rank - 1 - int(chosen.get("start_dim", 0)) % rank
    return _signed(d, rank - 1 - d.below(after), rank)


def _other_dim(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    taken = next(chosen[other.name] for other in row.params if other.kind == "dim") % len(shape)
    axes = [axis for axis in range(len(shape)) if axis != taken] or [taken]
    return _signed(d, d.choice(axes), len(shape))


def _any_dim(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    return _signed(d, len(shape) - 1 - d.below(len(shape)), len(shape))


def _new_dim(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    return _signed(d, d.below(len(shape) + 1), len(shape) + 1)


def _dims(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> tuple[int, ...]:
    return tuple(_signed(d, axis, len(shape)) for axis in d.some(range(len(shape))))


def _one_or_more(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> Any:
    if not shape or d.below(2) == 0:
        return _signed(d, d.below(max(len(shape), 1)), len(shape))
    return tuple(_signed(d, axis, len(shape)) for axis in d.some(range(len(shape)), least=1))


def _one_or_two(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> Any:
    dims = _one_or_more(d, row, param, shape, chosen)
    return dims[:2] if isinstance(dims, tuple) else dims


def _permutation(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> tuple[int, ...]:
    return tuple(_signed(d, axis, len(shape)) for axis in d.some(range(len(shape)), least=len(shape)))


def _number(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> Any:
    if not row.joint:
        return d.choice(SCALARS)
    # The bounds of an interval in order: nothing is learned from an empty one.
    above = chosen.get("min", -math.inf)
    return d.choice([value for value in SHIFTED_SCALARS if value > above] or [above + 1.5])


@cache
def factorisations(count: int, rank: int = 3) -> tuple[Shape, ...]:
    """The shapes of rank up to ``rank`` with this many elements, the fewest axes first."""
    if count == 0:
        return ((0,), (2, 0), (0, 3), (1, 0, 2))
    found: list[Shape] = [()] if count == 1 else []
    found += [(count,), (1, count)]
    if rank >= 2:
        divisors = [size for size in range(2, count) if count % size == 0]
        found += [(size, count // size) for size in divisors]
        found += [(a, b, count // a // b) for a in (1, *divisors) for b in divisors if count % (a * b) == 0]
    return tuple(dict.fromkeys(found))


def _shape(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> Shape:
    wanted = list(d.choice(factorisations(math.prod(shape))[:100]))
    if wanted and 0 not in shape and d.chance(2):
        wanted[d.below(len(wanted))] = -1
    return tuple(wanted)


def _sizes(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> Shape:
    front = (2,) if len(shape) < 4 and d.chance(4) else ()
    kept = d.chance(2)
    return (*front, *(d.choice((2, 3, 1)) if size == 1 else (-1 if kept else size) for size in shape))


def _repeats(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> Shape:
    front = (2,) if len(shape) < 3 and d.chance(3) else ()
    return (*front, *(d.choice((1, 2)) for _ in shape))


def _sections(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> Any:
    size = shape[chosen.get("dim", 0)]
    if d.below(2) == 0:
        return 1 + d.below(size + 1)
    first = d.below(size + 1)
    second = d.below(size - first + 1)
    return (first, second, size - first - second)


def _count(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    return 1 + d.below(3)


def _position(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    size = shape[chosen["dim"]]
    return _signed(d, d.below(size), size)


def _start(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    size = shape[chosen["dim"]]
    start = d.below(size + 1)
    return start - size if start < size and d.chance(2) else start


def _length(d: Draws, row: Row, param: Param, shape: Shape, chosen: Chosen) -> int:
    size = shape[chosen["dim"]]
    start = int(chosen["start"])
    return (
        size
        - (start + size if start < 0 else start)
        - d.below(size - (start + size if start < 0 else start) + 1)
    )


CHOOSE: dict[ParamKind, Choose] = {
    "dim": _dim,
    "start dim": _start_dim,
    "end dim": _end_dim,
    "other dim": _other_dim,
    "destination": _any_dim,
    "new dim": _new_dim,
    "dims": _dims,
    "one or more dims": _one_or_more,
    "one or two dims": _one_or_two,
    "permutation": _permutation,
    "flag": lambda d, row, param, shape, chosen: True,
    "choice": lambda d, row, param, shape, chosen: d.choice(param.choices),
    "number": _number,
    "shape": _shape,
    "sizes": _sizes,
    "repeats": _repeats,
    "sections": _sections,
    "count": _count,
    "position": _position,
    "start": _start,
    "length": _length,
    "offset": lambda d, row, param, shape, chosen: d.choice((0, 1, -1)),
}

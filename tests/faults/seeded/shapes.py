"""Operators that only move elements: each gradient has to go back where it came from."""

from __future__ import annotations

from typing import Any

import numpy as np

from refimpl._operators import orders
from tests.faults.planting import Fault, forward, joint, pullback, wrong


def _forward_order(right: Any, order: Any) -> Any:
    return tuple(order)


def _from_the_end_wrongly(right: Any, order: Any) -> Any:
    return tuple(-1 - axis for axis in reversed(right(order)))


def _equal_parts(right: Any, F: Any, g: Any, needed: Any, axis: int, kinds: Any) -> Any:
    sizes = {shape for shape, _ in kinds}
    if len(sizes) == 1:
        return right(F, g, needed, axis, kinds)
    pieces = []
    start = g.shape[axis]
    for shape, _ in kinds:
        # Pieces are cut from the other end.
        length = 0 if shape == (0,) else shape[axis]
        start -= length
        pieces.append(F.slice(g, axis, start, start + length, 1) if shape != (0,) else None)
    return tuple(piece if want else None for piece, want in zip(pieces, needed, strict=True))


def _along_the_first(right: Any, F: Any, g: Any, needed: Any, axis: int, kinds: Any) -> Any:
    return right(F, g, needed, 0 if len({shape for shape, _ in kinds}) == 1 else axis, kinds)


def _each_tensor_once(right: Any, F: Any, g: Any, needed: Any, axis: int, kinds: Any) -> Any:
    gradients = list(right(F, g, needed, axis, kinds))
    return (
        *(None if gradient is None else F.zeros_of(gradient) for gradient in gradients[:-1]),
        gradients[-1],
    )


def _interleaved(right: Any, F: Any, g: Any, self_shape: Any, repeats: Any) -> Any:
    lead = len(repeats) - len(self_shape)
    folded: tuple[int, ...] = ()
    for count, size in zip(repeats, (1,) * lead + self_shape, strict=True):
        folded += (size, count)
    sums = F.sum(F.reshape(g, folded), tuple(range(1, len(folded), 2)), False, None)
    return F.reshape(sums, self_shape)


def _unturned(right: Any, F: Any, g: Any, *saved: Any) -> Any:
    return g


def _pieces_reversed(right: Any, F: Any, g: Any, axis: int) -> Any:
    shapes = {tuple(piece.shape) for piece in g}
    return right(F, tuple(reversed(g)) if len(shapes) == 1 else g, axis)


def _memory_order(right: Any, F: Any, g: Any, self_shape: Any) -> Any:
    if isinstance(g, np.ndarray):
        return g.ravel(order="K").reshape(self_shape)
    return right(F, g, self_shape)


def _beside_the_diagonal(right: Any, g: Any, shape: Any, offset: int, first: int, second: int) -> Any:
    return np.flip(right(g, shape, offset, first, second), second)


FAULTS = (
    Fault(
        "SH02",
        "permute takes the inverse of its order for negative axes wrongly",
        wrong(orders, "inverse_permutation", _from_the_end_wrongly),
        ("multiplies_by_the_jacobian[permute]",),
    ),
    Fault(
        "RD24",
        "a permutation is undone by applying it again",
        wrong(orders, "inverse_permutation", _forward_order),
        ("multiplies_by_the_jacobian[permute]", "multiplies_by_the_jacobian[movedim]"),
    ),
    Fault(
        "SH04",
        "the gradient of cat is split along the first axis",
        joint("cat", _along_the_first),
        ("multiplies_by_the_jacobian[cat]",),
    ),
    Fault(
        "SH05",
        "the gradient of cat of uneven pieces is cut from the other end",
        joint("cat", _equal_parts),
        ("multiplies_by_the_jacobian[cat]",),
    ),
    Fault(
        "SH06",
        "of the pieces of cat only the last gets a gradient",
        joint("cat", _each_tensor_once),
        ("adds_up_over_repeated_operands[cat]", "multiplies_by_the_jacobian[cat]"),
    ),
    Fault(
        "SH07",
        "the gradient of repeat is summed as if elements had been interleaved",
        pullback("repeat", "self", _interleaved),
        ("multiplies_by_the_jacobian[repeat]",),
    ),
    Fault(
        "flip-unturned",
        "the gradient of flip is not turned back",
        pullback("flip", "self", _unturned),
        ("multiplies_by_the_jacobian[flip]",),
    ),
    Fault(
        "unbind-reversed",
        "the gradients of unbound slices are stacked from the last to the first",
        pullback("unbind", "self", _pieces_reversed),
        ("multiplies_by_the_jacobian[unbind]",),
    ),
    Fault(
        "split-reversed",
        "the gradients of equal pieces of split are joined from the last to the first",
        pullback("split", "self", _pieces_reversed),
        ("multiplies_by_the_jacobian[split]", "multiplies_by_the_jacobian[chunk]"),
    ),
    Fault(
        "reshape-in-memory-order",
        "reshape reads its cotangent in the order of memory",
        pullback("reshape", "self", _memory_order),
        ("does_not_depend_on_layout[reshape]",),
    ),
    Fault(
        "diagonal-flipped",
        "the gradient of a diagonal lands on the one that runs the other way",
        forward("diagonal_backward", _beside_the_diagonal),
        ("multiplies_by_the_jacobian[diagonal]",),
    ),
)

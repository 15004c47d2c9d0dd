"""What a node keeps for its pullback, and whether it may still be used.

Saved arrays are guarded by the version counters of the tensors they came from. No version is noted down:
nodes and in-place changes draw from one clock, so an array is stale when its counter changed after the node
was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _graph
from ._graph import Edge, Meta, Node, Output, VersionCounter, edges_of
from ._tensor import Tensor, version_of
from ._vocabulary import TRACED

if TYPE_CHECKING:
    from ._plan import Plan

__all__ = ["check_saved", "fitted", "keep", "recorded_saved"]

INPUT, INPUTS, RESULT, SHAPE, DTYPE, PARAMETER = range(6)
"""Where a saved value comes from: an input's array, all inputs' arrays, a result, an input's shape or dtype,
a
parameter."""


def keep(
    plan: Plan, tensors: Any, arrays: Any, parameters: Any, results: tuple[Tensor, ...]
) -> tuple[tuple[Any, ...], tuple[VersionCounter, ...] | None]:
    """The values that a plan's pullback takes, and the version counters of those that are tensors' arrays."""
    saved: list[Any] = []
    guard: list[VersionCounter] = []
    for kind, index in plan.sources:
        if kind == PARAMETER:
            saved.append(parameters[index])
        elif kind == SHAPE:
            saved.append(None if arrays[index] is None else arrays[index].shape)
        elif kind == DTYPE:
            saved.append(arrays[index].dtype)
        elif kind == INPUT:
            saved.append(arrays[index])
            _guard(guard, tensors[index])
        elif kind == INPUTS:
            saved.append(tuple(arrays))
            for tensor in tensors:
                _guard(guard, tensor)
        else:
            saved.append(results[index]._array)
            _guard(guard, results[index])
    return tuple(saved), tuple(guard) if plan.saves_tensors else None


def _guard(guard: list[VersionCounter], tensor: Any) -> None:
    if isinstance(tensor, Tensor):
        guard.append(version_of(tensor))


def check_saved(node: Node) -> None:
    """Raise what PyTorch raises when a node's saved values were freed, or changed since it was made."""
    if node.saved is None:
        raise RuntimeError(
            "Trying to backward through the graph a second time (or directly access saved tensors after "
            "they have "
            "already been freed). Saved intermediate values of the graph are freed when you call "
            ".backward() or "
            "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second "
            "time or "
            "if you need to access saved tensors after calling backward."
        )
    guard = node.guard
    if guard is None or node.seq > _graph.last_change:
        return
    for counter in (guard,) if isinstance(guard, VersionCounter) else guard:
        if counter.changed_at > node.seq:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace "
                "operation: "
                f"a tensor saved by {node.name()} is at version {counter.value} by now, later than when it "
                "was "
                "saved. Clone it before changing it, or change it out of place."
            )


def recorded_saved(node: Node, saved: tuple[Any, ...], result: Edge) -> tuple[Any, ...]:
    """Values saved by ``node`` as tensors that continue the graph: what a recorded walk gives to pullbacks.

    ``result`` is where the gradient of the node's (first) result goes.
    """
    plan = node.plan
    recorded: list[Any] = []
    for value, (kind, index) in zip(saved, plan.sources, strict=True):
        if kind == INPUT:
            recorded.append(_reconnected(node, value, index))
        elif kind == INPUTS:
            recorded.append(tuple(_reconnected(node, each, i) for i, each in enumerate(value)))
        elif kind == RESULT:
            recorded.append(Tensor(value, Output(node, index) if plan.several else result, True))
        else:
            recorded.append(value)
    return tuple(recorded)


def _reconnected(node: Node, array: Any, index: int) -> Tensor | None:
    if array is None:
        return None
    position = node.plan.position(index)
    if position is None:
        return Tensor(array)
    edge = edges_of(node)[position]
    fits = None if node.special is None else node.special.fits
    if fits is not None and (dtype := fits[position][1]) != array.dtype:
        # The operation computed in a wider type than this input has: the way back goes through a cast.
        original: Tensor = TRACED.to(Tensor(array.astype(dtype), edge, True), array.dtype)
        return original
    return Tensor(array, edge, True)


def fitted(F: Any, gradients: tuple[Any, ...], fits: tuple[Meta, ...]) -> tuple[Any, ...]:
    """Gradients summed over the axes that their inputs were broadcast along, and cast to their dtypes."""
    return tuple(
        _fitted(F, gradient, shape, dtype) for gradient, (shape, dtype) in zip(gradients, fits, strict=True)
    )


def _fitted(F: Any, gradient: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    if gradient is None:
        return None
    if gradient.shape != shape:
        gradient = F.sum_to(gradient, shape)
    array = gradient._array if isinstance(gradient, Tensor) else gradient
    return gradient if array.dtype == dtype else F.to(gradient, dtype)

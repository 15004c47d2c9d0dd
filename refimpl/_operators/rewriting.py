"""Rewritten histories: the nodes that an in-place change through a view hangs on the base and on its views.

``CopySlices`` stands for "the base, with this part replaced by what the operation made of it": its pullback
takes the part's gradient out of the base's, runs the operation's own pullback on it, and puts the result back
in its place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._graph import Edge, Node, edges_of
from .._plan import Plan
from .._saved import fitted, recorded_saved
from .._views import Step, path, replay
from .declare import declare
from .operator import OPERATORS

__all__ = ["CopySlices", "taken_anew"]


def _put(whole: Any, part: Any, last: Step) -> Any:
    result = np.array(whole)
    view = replay(result, last)
    if view.flags.writeable and np.may_share_memory(view, result):
        view[...] = part
    else:
        # In this memory layout the steps copy: find out by numbering the elements where they lead.
        places = replay(np.arange(result.size).reshape(result.shape), last)
        result.flat[places] = part
    return result


def _pull_steps(F: Any, g: Any, last: Step) -> Any:
    for step in path(last):
        g = step.pull(F, g)
    return g


declare("part_of(self; last)", replay, node="AsStridedBackward0", self=_pull_steps)

declare(
    "put_part(self, part; last)", _put, node="AsStridedScatterBackward0",
    self=lambda F, g, last: F.put_part(g, F.zeros_of(F.part_of(g, last)), last),
    part=lambda F, g, last: F.part_of(g, last),
)  # fmt: skip


def taken_anew(base: Edge, last: Step) -> Node:
    """The history of a view that is taken again from its changed base, whose gradient goes to ``base``."""
    operator = OPERATORS["part_of"]
    return operator.node_class(operator.plan((True,)), (base,), (last,), None, None)


class CopySlices(Node):
    """A base after one of its views was changed in place."""

    __slots__ = ()

    full_name = "torch::autograd::CopySlices"

    def __init__(self, base: Edge | None, last: Step, change: Node) -> None:
        edges = edges_of(change)[1:] if change.plan.mask[0] else edges_of(change)
        super().__init__(
            _SlicePlan(base is not None, last, change),
            edges if base is None else (base, *edges),
            change.saved,
            # Freed by a walk like any saved array, as in PyTorch, even where the change saved none.
            () if change.guard is None else change.guard,
            None,
        )
        change.saved = ()


class _SlicePlan(Plan):
    """The plan of one CopySlices: that of the operation that changed the view, between taking and putting."""

    __slots__ = ("change", "last")

    def __init__(self, base_requires_grad: bool, last: Step, change: Node) -> None:
        of_change: Plan = change.plan
        self.last, self.change = last, change
        self.mask = (base_requires_grad, *of_change.mask[1:])
        self.shown = (base_requires_grad, *of_change.shown[1:])
        self.sources, self.saves_tensors = of_change.sources, of_change.saves_tensors
        self.several, self.materialize, self.runs_without_cotangent = False, True, False

    def recorded(self, node: Node) -> tuple[Any, ...]:
        return recorded_saved(self.change, node.saved, taken_anew(node, self.last))

    def pull(self, F: Any, g: Any, *saved: Any) -> Any:
        """A method, so that the plan does not hold a function that holds the plan."""
        part = F.part_of(g, self.last)
        change = self.change
        results = change.plan.pull(F, part, *saved)
        if type(change.edges) is not tuple:
            results = (results,)
        if change.special is not None and change.special.fits is not None:
            results = fitted(F, results, change.special.fits)
        own, others = (results[0], results[1:]) if change.plan.mask[0] else (None, results)
        if self.mask[0]:
            own = F.zeros_of(part) if own is None else own
            others = (F.put_part(g, own, self.last), *others)
        return others[0] if len(others) == 1 else tuple(others)

"""The backward walk: from cotangents at the roots to ``.grad`` at the leaves.

The walk is PyTorch's. A first pass counts how many gradients will arrive at each edge target. Then whatever
has received all of its gradients is *ready*: leaves accumulate at once, and of the ready nodes the youngest
(largest sequence number) runs next. A node is younger than everything it was computed from.

Cotangents are plain arrays, or tensors when the walk itself is recorded (``create_graph``); pullbacks do not
know the difference, since all they use is the vocabulary ``F`` they are given. Everything a walk knows lives
in its own call: walks may nest, and run in as many threads as there are graphs.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import _graph, _hooks
from ._accumulate import accumulate, is_new
from ._grad_mode import recording
from ._graph import AccumulateGrad, Edge, Node, Output, edges_of
from ._quiet import enter, quietly
from ._saved import check_saved, fitted
from ._vocabulary import RAW, TRACED

__all__ = ["walk"]

_add = np.add


def walk(
    roots: Sequence[Edge],
    cotangents: Sequence[Any],
    *,
    retain_graph: bool,
    create_graph: bool,
    wanted: Iterable[Edge] | None = None,
    accumulates: bool = False,
) -> dict[Edge, Any]:
    """Carry ``cotangents`` from ``roots`` through the graph.

    Without ``wanted`` every leaf that is reached accumulates. With it only what leads to a wanted edge runs;
    the cotangents that arrive at the wanted edges are returned, or with ``accumulates`` the leaves among them
    accumulate. Cotangents are arrays, or tensors under ``create_graph``.

    Raises:
        RuntimeError: when a node's saved values were freed, or changed in place since they were saved.
    """
    state = _Walk(roots, retain_graph, create_graph, wanted, accumulates)
    mode = recording.get()
    recording.set(create_graph)
    try:
        state.run(roots, cotangents)
    finally:
        recording.set(mode)
    return state.captured


def _arrivals(roots: Iterable[Edge]) -> dict[Edge, int]:
    """How many gradients will arrive at each edge target reachable from the roots."""
    counts: dict[Edge, int] = {}
    count_of = counts.get
    found: list[tuple[Edge, ...]] = [tuple(roots)]
    while found:
        for target in found.pop():
            while (count := count_of(target)) is None:
                counts[target] = 1
                edges = target.edges
                if type(edges) is tuple:
                    if edges:
                        found.append(edges)
                    break
                target = edges  # along a straight line without the stack
            else:
                counts[target] = count + 1
    return counts


def _leading_to(wanted: Iterable[Edge], reachable: Iterable[Edge]) -> set[Edge]:
    """The reachable edge targets from which a wanted one can be reached, the wanted ones included."""
    needed = set(wanted)
    for target in sorted(reachable, key=_age):
        if any(edge in needed for edge in edges_of(target)):
            needed.add(target)
    return needed


def _age(target: Edge) -> tuple[int, int]:
    """Sorts targets so that each comes after those its gradient flows on to."""
    if isinstance(target, Output):
        return (target.node.seq, 1)
    return (-1 if isinstance(target, AccumulateGrad) else target.seq, 0)


class _Walk:
    """The state of one walk.

    ``pending`` holds what has arrived so far at each target. ``owned`` names the targets whose pending
    gradient is an array that nobody else holds: more may be added to it in place, and a leaf may keep it.
    """

    __slots__ = (
        "F", "accumulates", "captured", "counts", "create_graph", "free", "needed", "owned", "pending",
        "ready", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        roots: Sequence[Edge],
        retain_graph: bool,
        create_graph: bool,
        wanted: Iterable[Edge] | None,
        accumulates: bool,
    ) -> None:
        self.F = TRACED if create_graph else RAW
        self.create_graph = create_graph
        self.free = not retain_graph
        self.counts = _arrivals(roots)
        self.wanted = None if wanted is None else frozenset(wanted)
        self.needed = None if self.wanted is None else _leading_to(self.wanted, self.counts)
        self.accumulates = accumulates or wanted is None
        self.captured: dict[Edge, Any] = {}
        self.pending: dict[Edge, Any] = {}
        self.owned: set[Edge] = set()
        self.ready: list[tuple[int, Node]] = []

    def run(self, roots: Sequence[Edge], cotangents: Sequence[Any]) -> None:
        """Deliver the cotangents to the roots, then run the youngest ready node until none is left."""
        pending, counts, ready, F, free = self.pending, self.counts, self.ready, self.F, self.free
        plain = self.wanted is None and not self.create_graph
        deliver = self.deliver if self.wanted is None else self.deliver_needed
        if len(roots) == 1 and roots[0].runs:
            node: Any = roots[0]
            pending[node] = cotangents[0]
        else:
            node = deliver(roots, cotangents, None, cotangents)
        while node is not None:
            cotangent = pending.pop(node, None)
            while True:
                saved = node.saved
                if plain and node.special is None and cotangent is not None:
                    if saved is None or node.seq < _graph.last_change:
                        check_saved(node)
                    try:
                        result = enter(node.plan.pull, F, cotangent, *saved)
                    except RuntimeError:
                        result = quietly(node.plan.pull, F, cotangent, *saved)
                else:
                    result = self.evaluate(node, cotangent)
                    saved = result if type(node.edges) is tuple else (result,)  # so that none counts as new
                if free and node.guard is not None:
                    node.saved = node.guard = None
                target = node.edges
                if type(target) is tuple:
                    node = deliver(target, result, cotangent, saved)
                    break
                # While one node is ready and the next waits for nothing else, there is nothing to look up or
                # to keep.
                if ready or counts[target] != 1 or not target.runs or (pending and target in pending):
                    node = deliver((target,), (result,), cotangent, saved)
                    break
                node, cotangent = target, result

    def deliver(
        self, edges: Sequence[Edge], results: Sequence[Any], cotangent: Any, saved: Any
    ) -> Node | None:
        """Add ``results``, computed from ``cotangent`` and ``saved``, to what is pending at ``edges``.

        Leaves that have all of their gradients accumulate at once. Returns the node to run next.
        """
        counts, pending, owned = self.counts, self.pending, self.owned
        next_node: Any = None
        for target, given in zip(edges, results):  # noqa: B905 - the check costs as much as the loop's head
            left = counts[target] - 1
            if left:
                counts[target] = left
            if given is not None:
                if target in owned:
                    before = pending[target]
                    try:
                        enter(_add, before, given, before)
                    except RuntimeError:
                        quietly(_add, before, given, before)
                elif target in pending:
                    self.add(target, given)
                else:
                    pending[target] = given
            if left:
                continue
            if target.runs:
                node: Any = target
            else:
                if (
                    given is not None
                    and pending[target] is given
                    and is_new(given, cotangent, saved, results)
                ):
                    owned.add(target)
                node = self.finish(target)
            if next_node is None:
                next_node = node
            elif node is not None:
                heapq.heappush(self.ready, (-node.seq, node))
        return self.youngest(next_node) if self.ready else next_node

    def add(self, target: Edge, given: Any) -> None:
        """Add a second gradient to what is pending at ``target``: the sum is an array of this walk's own."""
        before = self.pending[target]
        if self.create_graph:
            self.pending[target] = before + given
            return
        self.pending[target] = total = quietly(_add, before, given)
        if type(total) is np.ndarray:
            self.owned.add(target)

    def deliver_needed(
        self, edges: Sequence[Edge], results: Sequence[Any], cotangent: Any, saved: Any
    ) -> Node | None:
        """As ``deliver``, to those edges that lead to a wanted one."""
        needed: Any = self.needed
        kept = [(edge, result) for edge, result in zip(edges, results, strict=True) if edge in needed]
        return self.deliver([edge for edge, _ in kept], [result for _, result in kept], cotangent, saved)

    def youngest(self, node: Node | None) -> Node | None:
        """The youngest of the nodes that are ready, and of ``node``, which is not among them yet."""
        if node is None:
            return heapq.heappop(self.ready)[1]
        return heapq.heappushpop(self.ready, (-node.seq, node))[1]

    def finish(self, target: Edge) -> Node | None:
        """All gradients of a leaf, or of one of several outputs, are there. Returns the node that this makes
        ready.
        """
        gradient = self.pending.pop(target, None)
        if not isinstance(target, AccumulateGrad):
            assert isinstance(target, Output)
            return self.collect(target, gradient)
        leaf, owned = target.variable, target in self.owned
        if gradient is not None and (rare := leaf._rare) is not None and rare.hooks:
            gradient, owned = _hooks.on_tensor(rare.hooks, gradient, self.create_graph), False
        if not self.accumulates:
            self.captured[target] = gradient
        elif target.special is not None:
            _hooks.around(target, gradient, self.create_graph)
        elif gradient is not None:
            accumulate(leaf, gradient, owned, self.create_graph)
        return None

    def collect(self, output: Output, gradient: Any) -> Node | None:
        """One output of a node that has several is complete; the node is ready once all of them are."""
        node = output.node
        gradient = self.hooked(node, output.number, gradient)
        if self.wanted is not None and output in self.wanted:
            self.captured[output] = gradient
        if self.needed is not None and node not in self.needed:
            return None
        if gradient is not None:
            self.pending.setdefault(node, {})[output.number] = gradient
        left = self.counts[node] = self.counts[node] - 1
        return None if left else node

    def hooked(self, node: Node, number: int, gradient: Any) -> Any:
        """The gradient of one output after the hooks of its tensor, kept where the tensor retains it."""
        if gradient is None or node.special is None or (hooks := node.special.hooks) is None:
            return gradient
        if number in hooks.of_outputs:
            gradient = _hooks.on_tensor(hooks.of_outputs[number], gradient, self.create_graph)
        if self.accumulates and number in hooks.retained:
            _hooks.keep_gradient(hooks.retained[number](), gradient, self.create_graph)
        return gradient

    def evaluate(self, node: Node, cotangent: Any) -> Any:
        """Run a node in the general case: hooks, wanted edges, recorded walks, several outputs, no cotangent.

        Returns one gradient for a node with one edge, else as many as there are edges.
        """
        if not node.plan.several:
            cotangent = self.hooked(node, 0, cotangent)
            if self.wanted is not None and node in self.wanted:
                self.captured[node] = cotangent
        edges = edges_of(node)
        if self.needed is not None and not any(edge in self.needed for edge in edges):
            return (None,) * len(edges) if type(node.edges) is tuple else None
        check_saved(node)
        cotangents = node.plan.cotangents(node, cotangent)
        hooks = None if node.special is None else node.special.hooks
        if hooks is not None:
            cotangents = _hooks.before_node(hooks.pre, cotangents, self.create_graph)
        results = self.pulled(node, cotangents)
        if hooks is not None:
            results = _hooks.after_node(node, hooks.post, results, cotangents, self.create_graph)
        return results if type(node.edges) is tuple else results[0]

    def pulled(self, node: Node, cotangents: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the node's edges, as many as it has; None where nothing flows."""
        plan = node.plan
        if all(each is None for each in cotangents) and not plan.runs_without_cotangent:
            return (None,) * len(edges_of(node))
        given = plan.given(node, cotangents, self.create_graph)
        if self.create_graph:
            result = plan.pull(self.F, given, *plan.recorded(node))
        elif plan.calls_user:
            result = plan.pull(self.F, given, *node.saved)
        else:
            result = quietly(plan.pull, self.F, given, *node.saved)
        results = tuple(result) if type(node.edges) is tuple else (result,)
        fits = None if node.special is None else node.special.fits
        if fits is None:
            return results
        return fitted(self.F, results, fits) if self.create_graph else quietly(fitted, self.F, results, fits)

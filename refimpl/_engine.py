"""The backward walk: from cotangents at the roots to ``.grad`` at the leaves.

The walk is PyTorch's. A first pass counts how many gradients will arrive at each edge target. Then whatever has
received all of its gradients is *ready*: leaves accumulate at once, and of the ready nodes the youngest (largest
sequence number) runs next. A node is younger than everything it was computed from.

Cotangents are plain arrays, or tensors when the walk itself is recorded (``create_graph``); pullbacks do not
know the difference, since all they use is the vocabulary ``F`` they are given. Everything a walk knows lives in
its own call: walks may nest, and run in as many threads as there are graphs.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any

from . import _graph, _hooks
from ._accumulate import accumulate, is_new
from ._grad_mode import recording
from ._graph import AccumulateGrad, Edge, Node, Output
from ._saved import check_saved, fitted, recorded_saved
from ._vocabulary import RAW, TRACED

__all__ = ["walk"]


def walk(
    roots: Sequence[Edge],
    cotangents: Sequence[Any],
    *,
    retain_graph: bool,
    create_graph: bool,
    wanted: Iterable[Edge] | None = None,
) -> dict[Edge, Any]:
    """Carry ``cotangents`` from ``roots`` through the graph.

    Without ``wanted`` every leaf that is reached accumulates. With it only what leads to a wanted edge runs, no
    leaf accumulates, and the cotangents that arrived at the wanted edges are returned. Cotangents are arrays, or
    tensors under ``create_graph``.

    Raises:
        RuntimeError: when a node's saved values were freed, or changed in place since they were saved.
    """
    state = _Walk(roots, retain_graph, create_graph, wanted)
    mode = recording.get()
    recording.set(create_graph)
    try:
        state.deliver(roots, cotangents, None, ())
        state.run()
    finally:
        recording.set(mode)
    return state.captured


def _arrivals(roots: Iterable[Edge]) -> dict[Edge, int]:
    """How many gradients will arrive at each edge target reachable from the roots."""
    counts: dict[Edge, int] = {}
    found: list[Edge] = []
    targets: Iterable[Edge] = roots
    while True:
        for target in targets:
            if target in counts:
                counts[target] += 1
            else:
                counts[target] = 1
                found.append(target)
        if not found:
            return counts
        targets = found.pop().edges


def _leading_to(wanted: Iterable[Edge], reachable: Iterable[Edge]) -> set[Edge]:
    """The reachable edge targets from which a wanted one can be reached, the wanted ones included."""
    needed = set(wanted)
    for target in sorted(reachable, key=_age):
        if any(edge in needed for edge in target.edges):
            needed.add(target)
    return needed


def _age(target: Edge) -> tuple[int, int]:
    """Sorts targets so that each comes after those its gradient flows on to."""
    if isinstance(target, Output):
        return (target.node.seq, 1)
    return (-1 if isinstance(target, AccumulateGrad) else target.seq, 0)


class _Walk:
    """The state of one walk.

    ``pending`` holds what has arrived so far at each target. ``owned`` names the targets whose pending gradient is
    an array that nobody else holds: more may be added to it in place, and a leaf may keep it.
    """

    def __init__(
        self, roots: Sequence[Edge], retain_graph: bool, create_graph: bool, wanted: Iterable[Edge] | None
    ) -> None:
        self.F = TRACED if create_graph else RAW
        self.create_graph = create_graph
        self.free = not retain_graph
        self.counts = _arrivals(roots)
        self.wanted = None if wanted is None else frozenset(wanted)
        self.needed = None if self.wanted is None else _leading_to(self.wanted, self.counts)
        self.captured: dict[Edge, Any] = {}
        self.pending: dict[Edge, Any] = {}
        self.owned: set[Edge] = set()
        self.ready: list[tuple[int, Node]] = []

    def run(self) -> None:
        """Run the youngest ready node until none is left."""
        ready, pending, counts, F, free = self.ready, self.pending, self.counts, self.F, self.free
        plain = self.wanted is None and not self.create_graph
        while ready:
            node = heapq.heappop(ready)[1]
            cotangent = pending.pop(node, None)
            while True:
                saved = node.saved
                if plain and node.plan.plain and node.hooks is None and cotangent is not None:
                    if saved is None or node.seq < _graph.last_change:
                        check_saved(node)
                    result = node.plan.pull(F, cotangent, *saved)
                    if node.fits is not None:
                        result = fitted(F, result, node.fits)
                else:
                    result = self.evaluate(node, cotangent)
                if free and node.guard is not None:
                    node.saved = node.guard = None
                edges = node.edges
                if len(edges) != 1:
                    self.deliver(edges, result, cotangent, saved)
                    break
                target = edges[0]
                # While a single node is ready, and waits for nothing else, it needs neither heap nor dictionary.
                if ready or not target.runs or counts[target] != 1 or target in pending:
                    self.deliver(edges, (result,), cotangent, saved)
                    break
                node, cotangent = target, result  # type: ignore[assignment]

    def deliver(self, edges: Sequence[Edge], results: Sequence[Any], cotangent: Any, saved: Any) -> None:
        """Add ``results``, computed from ``cotangent`` and ``saved``, to what is pending at ``edges``."""
        counts, pending = self.counts, self.pending
        for target, given in zip(edges, results, strict=True):
            if self.needed is not None and target not in self.needed:
                continue
            left = counts[target] = counts[target] - 1
            if given is not None:
                before = pending.get(target)
                if before is not None:
                    pending[target] = self.added(target, before, given)
                else:
                    pending[target] = given
                    if left == 0 and not target.runs and is_new(given, cotangent, saved, results):
                        self.owned.add(target)
            if left == 0:
                self.arrived(target)

    def added(self, target: Edge, before: Any, given: Any) -> Any:
        """The sum of two gradients of one target, in place where the first is already such a sum."""
        if target in self.owned:
            before += given
            return before
        total = before + given
        if not self.create_graph and total.ndim:
            self.owned.add(target)
        return total

    def arrived(self, target: Edge) -> None:
        """All gradients of ``target`` are there: a node becomes ready, a leaf accumulates at once."""
        if isinstance(target, AccumulateGrad):
            self.finish(target, self.pending.pop(target, None))
        elif isinstance(target, Output):
            self.collect(target, self.pending.pop(target, None))
        else:
            heapq.heappush(self.ready, (-target.seq, target))

    def finish(self, end: AccumulateGrad, gradient: Any) -> None:
        """Hooks of the leaf, then capture or accumulation, then its post-accumulation hooks."""
        leaf = end.variable
        owned = end in self.owned
        if gradient is not None and (rare := leaf._rare) is not None and rare.hooks:
            gradient, owned = _hooks.on_tensor(rare.hooks, gradient, self.create_graph), False
        if self.wanted is not None:
            if end in self.wanted:
                self.captured[end] = gradient
        elif gradient is not None:
            if end.hooks is not None:
                (gradient,), owned = _hooks.before_node(end.hooks.pre, (gradient,), self.create_graph), False
            accumulate(leaf, gradient, owned, self.create_graph)
            if (rare := leaf._rare) is not None and rare.post_hooks:
                for hook in list(rare.post_hooks.values()):
                    hook(leaf)
            if end.hooks is not None:
                _hooks.after_node(end.hooks.post, (), (gradient,), self.create_graph)

    def collect(self, output: Output, gradient: Any) -> None:
        """One output of a node that has several is complete; the node runs once all of them are."""
        node = output.node
        gradient = self.hooked(node, output.number, gradient)
        if self.wanted is not None and output in self.wanted:
            self.captured[output] = gradient
        if self.needed is not None and node not in self.needed:
            return
        if gradient is not None:
            self.pending.setdefault(node, {})[output.number] = gradient
        left = self.counts[node] = self.counts[node] - 1
        if left == 0:
            self.arrived(node)

    def hooked(self, node: Node, number: int, gradient: Any) -> Any:
        """The gradient of one output after the hooks of its tensor, kept where the tensor retains it."""
        if gradient is None or (hooks := node.hooks) is None:
            return gradient
        if number in hooks.of_outputs:
            gradient = _hooks.on_tensor(hooks.of_outputs[number], gradient, self.create_graph)
        if number in hooks.retained:
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
        edges = node.edges
        if self.needed is not None and not any(edge in self.needed for edge in edges):
            return None if len(edges) == 1 else (None,) * len(edges)
        check_saved(node)
        cotangents = node.plan.cotangents(node, cotangent)
        if node.hooks is not None:
            cotangents = _hooks.before_node(node.hooks.pre, cotangents, self.create_graph)
        results = self.pulled(node, cotangents)
        if node.hooks is not None:
            results = _hooks.after_node(node.hooks.post, results, cotangents, self.create_graph)
        return results[0] if len(edges) == 1 else results

    def pulled(self, node: Node, cotangents: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the node's edges, as many as it has; None where nothing flows."""
        plan = node.plan
        if all(each is None for each in cotangents) and not plan.runs_without_cotangent:
            return (None,) * len(node.edges)
        saved = recorded_saved(node) if self.create_graph else node.saved
        result = plan.pull(self.F, plan.given(node, cotangents, self.create_graph), *saved)
        if node.fits is not None:
            result = fitted(self.F, result, node.fits)
        return (result,) if len(node.edges) == 1 else tuple(result)

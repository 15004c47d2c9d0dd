"""How gradients meet: at nodes with several consumers, at leaves, and over several walks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from refimpl import _engine
from refimpl._accumulate import accumulate
from refimpl._operators import fast, recording
from refimpl._plan import Plan
from tests.faults.planting import Fault, together, wrong


def _overwritten(right: Any, self: Any, edges: Any, results: Any, cotangent: Any, saved: Any) -> Any:
    if len(edges) == 1:
        self.pending.pop(edges[0], None)
        self.owned.discard(edges[0])
    return right(self, edges, results, cotangent, saved)


@contextmanager
def _last_leaf_only() -> Iterator[None]:
    walks: list[list[Any]] = []

    def run(right: Any, self: Any, roots: Any, cotangents: Any) -> None:
        walks.append([])
        right(self, roots, cotangents)
        for arguments in walks.pop()[-1:]:
            accumulate(*arguments)

    plant = together(
        wrong(_engine._Walk, "run", run),
        wrong(_engine, "accumulate", lambda right, *arguments: walks[-1].append(arguments)),
    )
    with plant():
        yield


def _counted_once(right: Any, roots: Any) -> Any:
    return dict.fromkeys(right(roots), 1)


@contextmanager
def _leaves_by_value() -> Iterator[None]:
    by_value: WeakValueDictionary[Any, Any] = WeakValueDictionary()

    def edge(right: Any, tensor: Any) -> Any:
        array = tensor._array
        return right(
            by_value.setdefault((array.shape, array.tobytes()), tensor) if tensor.is_leaf else tensor
        )

    with together(wrong(fast, "gradient_edge", edge), wrong(recording, "gradient_edge", edge))():
        yield


@contextmanager
def _left_over() -> Iterator[None]:
    left: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def deliver(right: Any, self: Any, edges: Any, results: Any, cotangent: Any, saved: Any) -> Any:
        for target, given in zip(edges, results, strict=True):
            if target.runs and given is not None:
                left[target] = np.array(getattr(given, "_array", given))
        return right(self, edges, results, cotangent, saved)

    def begin(right: Any, self: Any, *arguments: Any) -> None:
        right(self, *arguments)
        if not self.create_graph:
            self.pending.update({node: left.pop(node) for node in self.counts if node.runs and node in left})

    with together(wrong(_engine._Walk, "deliver", deliver), wrong(_engine._Walk, "__init__", begin))():
        yield


def _own_seed_lost(right: Any, self: Any, roots: Any, cotangents: Any) -> Any:
    kept = [None if self.counts[root] > 1 else given for root, given in zip(roots, cotangents, strict=True)]
    return right(self, roots, kept if len(roots) > 1 else cotangents)


def _grad_replaced(right: Any, leaf: Any, gradient: Any, owned: bool, create_graph: bool) -> None:
    leaf.grad = None
    right(leaf, gradient, owned, create_graph)


def _first_stays(right: Any, leaf: Any, gradient: Any, owned: bool, create_graph: bool) -> None:
    if leaf._grad is None:
        right(leaf, gradient, owned, create_graph)


class _ByName(dict[Any, Any]):
    """What has arrived, kept by the name of the node instead of by the node."""

    @staticmethod
    def _key(target: Any) -> Any:
        return target.name() if target.runs else target

    def get(self, target: Any, default: Any = None) -> Any:
        return super().get(self._key(target), default)

    def pop(self, target: Any, default: Any = None) -> Any:
        return super().pop(self._key(target), default)

    def setdefault(self, target: Any, default: Any = None) -> Any:
        return super().setdefault(self._key(target), default)

    def __getitem__(self, target: Any) -> Any:
        return super().__getitem__(self._key(target))

    def __setitem__(self, target: Any, value: Any) -> None:
        super().__setitem__(self._key(target), value)

    def __contains__(self, target: Any) -> bool:
        return super().__contains__(self._key(target))


def _first_result_only(right: Any, self: Any, node: Any, arrived: Any) -> Any:
    cotangents = right(self, node, arrived)
    return (cotangents[0], *(None for _ in cotangents[1:]))


def _by_name(right: Any, self: Any, *arguments: Any) -> None:
    right(self, *arguments)
    self.pending = _ByName()


FAULTS = (
    Fault(
        "AC01",
        "an operator with one operand overwrites what has arrived at it instead of adding",
        wrong(_engine._Walk, "deliver", _overwritten),
        ("composes_operators", "multiplies_the_cotangent_with_the_jacobian"),
    ),
    Fault(
        "AC02",
        "of all leaves only the last one reached gets a gradient",
        _last_leaf_only,
        ("gives_the_first_exercise", "serves_each_subset_of_operands[add]", "fills_the_grad_of_leaves_only"),
    ),
    Fault(
        "AC06",
        "a node runs when the first of its gradients arrives, and later ones are lost",
        wrong(_engine, "_arrivals", _counted_once),
        ("adds_up_several_uses", "composes_operators"),
    ),
    Fault(
        "AC09",
        "leaves of equal value are one leaf to the graph",
        _leaves_by_value,
        ("fills_the_grad_of_leaves_only",),
    ),
    Fault(
        "AC10",
        "what arrived at nodes in an earlier walk is still there in the next",
        _left_over,
        ("keeps_a_retained_graph",),
    ),
    Fault(
        "AC12",
        "a root inside the graph of another loses its own cotangent",
        wrong(_engine._Walk, "run", _own_seed_lost),
        ("adds_up_several_roots",),
    ),
    Fault(
        "grad-replaced",
        "a further backward replaces the gradient instead of adding to it",
        wrong(_engine, "accumulate", _grad_replaced),
        (
            "adds_up_several_backwards",
            "adds_the_second_exercise_to_the_first",
            "survives_long_histories",
        ),
    ),
    Fault(
        "grad-once",
        "a leaf that has a gradient takes no other",
        wrong(_engine, "accumulate", _first_stays),
        ("adds_up_several_backwards", "adds_the_second_exercise_to_the_first"),
    ),
    Fault(
        "HO05",
        "gradients on their way are kept by the name of the node",
        wrong(_engine._Walk, "__init__", _by_name),
        ("differentiates_through_a_gradient",),
    ),
    Fault(
        "several-results",
        "of a node's several results only the first has a gradient",
        wrong(Plan, "cotangents", _first_result_only),
        ("multiplies_by_the_jacobian[unbind]", "multiplies_by_the_jacobian[split]"),
    ),
)

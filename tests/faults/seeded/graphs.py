"""What is recorded: nodes, their edges, and the course that the program took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import refimpl
from refimpl._graph import Node
from tests.faults.planting import Fault, together, wrong, wrong_property


@contextmanager
def _one_node_for_equal_calls() -> Iterator[None]:
    seen: WeakKeyDictionary[Any, WeakValueDictionary[Any, Any]] = WeakKeyDictionary()

    def twice(name: str) -> Any:
        def operation(right: Any, self: Any, other: Any) -> Any:
            result = right(self, other)
            if result.grad_fn is not None:
                key = (name, id(other) if isinstance(other, refimpl.Tensor) else other)
                result._edge = seen.setdefault(self, WeakValueDictionary()).setdefault(key, result._edge)
            return result

        return operation

    names = ("__mul__", "__add__", "__sub__")
    with together(*(wrong(refimpl.Tensor, name, twice(name)) for name in names))():
        yield


def _round_forgotten(right: Any, self: Any, other: Any) -> Any:
    """The node of a product by a number of a product by the same number is that of the first."""
    result = right(self, other)
    before = self.grad_fn
    again = before is not None and before.name() == "MulBackward0" and not isinstance(other, refimpl.Tensor)
    if again and before.plan is result.grad_fn.plan and before.saved and before.saved[0] == other:
        result._edge = before
    return result


@contextmanager
def _replayed() -> Iterator[None]:
    recorded: dict[Any, Any] = {}

    def operation(right: Any, self: Any, other: Any) -> Any:
        result = right(self, other)
        node = result.grad_fn
        if node is not None and node.saved:
            key = (id(node.plan), tuple((each.shape, each.dtype) for each in node.saved if each is not None))
            node.saved = recorded.setdefault(key, node.saved)
        return result

    with wrong(refimpl.Tensor, "__mul__", operation)():
        yield


def _second_edge_hidden(right: Any, self: Any) -> Any:
    return right(self)[:1]


def _leads_to_itself(right: Any, self: Any) -> Any:
    edges = right(self)
    return (*edges, (self, 0)) if self.name() == "SinBackward0" else edges


def _both_or_none(right: Any, self: Any, other: Any) -> Any:
    result = right(self, other)
    if isinstance(other, refimpl.Tensor) and self.requires_grad != other.requires_grad:
        return result.detach()
    return result


def _flagged(right: Any, self: Any, *arguments: Any, **named: Any) -> Any:
    result = right(self, *arguments, **named)
    result._requires_grad = result._requires_grad or self._requires_grad
    return result


def _always_recorded(right: Any, *operands: Any) -> Any:
    result = right(*operands)
    if not result.requires_grad and result.is_floating_point() and refimpl.is_grad_enabled():
        result._requires_grad = True
    return result


FAULTS = (
    Fault(
        "AC17",
        "a product replays what an earlier product of these shapes saved",
        _replayed,
        ("follows_what_ran", "composes_operators", "multiplies_the_cotangent_with_the_jacobian"),
    ),
    Fault(
        "loop-recorded-once",
        "a doubling of a doubling is recorded once",
        lambda: wrong(refimpl.Tensor, "__mul__", _round_forgotten)(),
        ("gives_the_doubling_example",),
    ),
    Fault(
        "nodes-shared",
        "equal operations on the same operands share one node",
        _one_node_for_equal_calls,
        ("makes_one_function_for_each_operation",),
    ),
    Fault(
        "edge-hidden",
        "a node shows only the first of its edges",
        wrong_property(Node, "next_functions", _second_edge_hidden),
        ("reaches_every_leaf_without_a_cycle",),
    ),
    Fault(
        "edge-to-itself",
        "the node of sin has an edge to itself",
        wrong_property(Node, "next_functions", _leads_to_itself),
        ("reaches_every_leaf_without_a_cycle",),
    ),
    Fault(
        "GR13",
        "comparisons and positions require grad where their operand does",
        together(
            *(wrong(refimpl.Tensor, name, _flagged) for name in ("__gt__", "__eq__")),
            wrong(refimpl, "argmax", _flagged),
        ),
        ("tracks_exactly_what_depends_on_tracked",),
    ),
    Fault(
        "tracked-by-all",
        "a product is tracked only if both operands are",
        wrong(refimpl.Tensor, "__mul__", _both_or_none),
        ("serves_each_subset_of_operands[mul]", "tracks_exactly_what_depends_on_tracked"),
    ),
    Fault(
        "tracked-always",
        "results require grad, whatever their operands do",
        together(
            *(
                wrong(refimpl.Tensor, f"__{name}__", _always_recorded)
                for name in ("add", "mul", "sub", "truediv")
            ),
            *(
                wrong(refimpl, name, _always_recorded)
                for name in ("sin", "cos", "exp", "tanh", "sigmoid", "neg")
            ),
        ),
        ("tracks_exactly_what_depends_on_tracked", "has_a_grad_fn_exactly_where_recorded"),
    ),
)

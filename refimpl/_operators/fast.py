"""The short ways of operators with one tensor, and of elementwise operators with two.

They do what ``apply_elementwise`` does, for the case that makes up nearly all calls: operands that need
neither promotion nor broadcasting, and a plan that saves at most one array, which is at hand. There a call is
the array function, a tensor, and a node; whatever else is met goes the general way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._grad_mode import recording
from .._graph import Node, VersionCounter, next_sequence_number
from .._quiet import enter, quietly
from .._saved import DTYPE, INPUT, PARAMETER, RESULT, SHAPE, keep
from .._scalars import scalar_array
from .._tensor import Tensor, gradient_edge
from .._views import note_view

if TYPE_CHECKING:
    from .operator import Operator

__all__ = ["binary", "unary"]

Function = Callable[..., Any]

new_node: Callable[[type[Node]], Node] = object.__new__
"""Nodes are made here without their constructor, which costs as much as all of its assignments."""

_NO_GUARD: tuple[VersionCounter, ...] = ()
"""For saved numbers: nothing can change them, but they are freed like any saved array."""


def unary(operator: Operator, general: Function) -> Function:
    """The function on tensors of an operator with one tensor and one result."""
    forward, node_class, plan = operator.forward, operator.node_class, operator.plan((True,))
    floating, view, is_recording = operator.floating, operator.view, recording.get
    sources, saves_nothing = plan.sources, not plan.sources
    numbers = tuple((PARAMETER, i) for i in range(len(operator.parameters)))
    saves_self, saves_result = sources == ((INPUT, 0), *numbers), sources == ((RESULT, 0),)
    saves_facts = not plan.saves_tensors

    def call(self: Tensor, *parameters: Any) -> Any:
        array = self._array
        if floating and array.dtype.kind != "f":
            return general(self, *parameters)
        try:
            result = Tensor(enter(forward, array, *parameters))
        except RuntimeError:
            result = Tensor(quietly(forward, array, *parameters))
        if self._requires_grad and is_recording():
            node = result._edge = new_node(node_class)
            node.edges = self._edge or gradient_edge(self)
            saved: tuple[Any, ...] = ()
            guard: Any = None
            if saves_self:
                guard = self._version_counter
                if guard is None:
                    guard = self._version_counter = VersionCounter()
                saved = (array, *parameters)
            elif saves_result:
                guard = result._version_counter = VersionCounter()
                saved = (result._array,)
            elif saves_facts:
                if not saves_nothing:
                    facts = {SHAPE: array.shape, DTYPE: array.dtype}
                    saved = tuple(
                        [parameters[i] if kind == PARAMETER else facts[kind] for kind, i in sources]
                    )
            else:
                saved, guard = keep(plan, (self,), (array,), parameters, (result,))
            node.plan = plan
            node.saved = saved
            node.guard = guard
            node.special = None
            node.seq = next_sequence_number()
            result._requires_grad = True
        if view:
            note_view(operator, parameters, self, result, None)
        return result

    return call


def binary(operator: Operator, general: Function) -> Function:
    """The function on tensors of an elementwise operator with two operands and no parameters."""
    forward, node_class = operator.forward, operator.node_class
    floats_only, is_recording = operator.floating or operator.check is not None, recording.get
    first, second, both = (operator.plan(mask) for mask in ((True, False), (False, True), (True, True)))
    saves_nothing, saves_other = not both.sources, first.sources == ((INPUT, 1),)

    def call(self: Any, other: Any) -> Any:
        try:
            x = self._array
        except AttributeError:
            return general(self, other)
        if floats_only and x.dtype.kind != "f":
            return general(self, other)
        if isinstance(other, Tensor):
            y = other._array
            if x.dtype is not y.dtype or x.shape != y.shape:
                return general(self, other)
            guard: Any = other._version_counter
            other_requires_grad = other._requires_grad
        else:
            y = scalar_array(other, x.dtype)
            if y is None:
                return general(self, other)
            guard = _NO_GUARD
            other_requires_grad = False
        try:
            result = Tensor(enter(forward, x, y))
        except RuntimeError:
            result = Tensor(quietly(forward, x, y))
        if (self._requires_grad or other_requires_grad) and is_recording():
            plan = first
            saved: tuple[Any, ...] = ()
            if other_requires_grad:
                edges: Any = other._edge or gradient_edge(other)
                if self._requires_grad:
                    plan, edges = both, (self._edge or gradient_edge(self), edges)
                else:
                    plan = second
            else:
                edges = self._edge or gradient_edge(self)
            if saves_nothing:
                guard = None
            elif saves_other and plan is first:
                saved = (y,)
                if guard is None:
                    guard = other._version_counter = VersionCounter()
            else:
                saved, guard = keep(plan, (self, other), (x, y), (), (result,))
            node = result._edge = new_node(node_class)
            node.edges = edges
            node.plan = plan
            node.saved = saved
            node.guard = guard
            node.special = None
            node.seq = next_sequence_number()
            result._requires_grad = True
        return result

    return call

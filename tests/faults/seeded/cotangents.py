"""What backward is given at a root, and what it takes that for."""

from __future__ import annotations

from typing import Any

import numpy as np

import refimpl
from refimpl import _engine
from refimpl._graph import AccumulateGrad, Node
from refimpl.autograd import _asking
from tests.faults.planting import Fault, wrong


def _broadcast(right: Any, roots: Any, given: Any, recorded: bool) -> Any:
    fitting = []
    for root, gradient in zip(roots, given, strict=True):
        try:
            fitting.append(gradient if gradient is None else gradient.expand(root.shape))
        except RuntimeError:
            fitting.append(gradient)
    return right(roots, fitting, recorded)


def _reshaped(right: Any, roots: Any, given: Any, recorded: bool) -> Any:
    fitting = []
    for root, gradient in zip(roots, given, strict=True):
        same = gradient is not None and gradient.numel() == root.numel()
        fitting.append(gradient.reshape(root.shape) if same else gradient)
    return right(roots, fitting, recorded)


def _freed_by_failing(right: Any, roots: Any, given: Any, recorded: bool) -> Any:
    try:
        return right(roots, given, recorded)
    except RuntimeError:
        for root in roots:
            if isinstance(root._edge, Node) and root._edge.guard is not None:
                root._edge.saved = None
        raise


def _filled_by_failing(right: Any, roots: Any, given: Any, recorded: bool) -> Any:
    try:
        return right(roots, given, recorded)
    except RuntimeError:
        for leaf in _engine._arrivals([root._edge for root in roots if root._edge is not None]):
            if isinstance(leaf, AccumulateGrad) and leaf.variable._grad is None:
                leaf.variable._grad = refimpl.zeros_like(leaf.variable)
        raise


def _ones(right: Any, root: Any, gradient: Any, recorded: bool) -> Any:
    return right(root, None if gradient is None else refimpl.ones_like(gradient.detach()), recorded)


def _in_memory_order(right: Any, root: Any, gradient: Any, recorded: bool) -> Any:
    if gradient is not None and not recorded:
        array = gradient._array
        gradient = refimpl.Tensor(np.ascontiguousarray(array.ravel(order="K").reshape(array.shape)))
    return right(root, gradient, recorded)


def _divided_by_rank(right: Any, root: Any, gradient: Any, recorded: bool) -> Any:
    cotangent = right(root, gradient, recorded)
    return cotangent if gradient is not None or root.ndim < 2 else cotangent / 2


def _in_double(right: Any, root: Any, gradient: Any, recorded: bool) -> Any:
    cotangent = right(root, gradient, recorded)
    return cotangent if gradient is not None or recorded else cotangent.astype(np.float64)


def _scalars_only(right: Any, root: Any) -> None:
    if root._requires_grad and root.ndim:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")


def _silent(right: Any, self: Any, *arguments: Any, **named: Any) -> Any:
    return right(self, *arguments, **named) if self.requires_grad else None


def _nothing_for_zero(right: Any, leaf: Any, gradient: Any, owned: bool, create_graph: bool) -> None:
    if np.any(getattr(gradient, "_array", gradient)):
        right(leaf, gradient, owned, create_graph)


def _absolute(right: Any, root: Any, gradient: Any, recorded: bool) -> Any:
    return right(root, gradient if gradient is None else gradient.abs(), recorded)


FAULTS = (
    Fault(
        "BA01",
        "a gradient of another shape is broadcast to that of the root",
        wrong(_asking, "_cotangents", _broadcast),
        ("refuses_a_gradient_of_another_shape",),
    ),
    Fault(
        "BA01-reshaped",
        "a gradient of another shape is reshaped to that of the root",
        wrong(_asking, "_cotangents", _reshaped),
        ("refuses_a_gradient_of_another_shape",),
    ),
    Fault(
        "BA03",
        "backward of several elements without a gradient sums them",
        wrong(_asking, "_check_implicit", lambda right, root: None),
        ("refuses_several_elements_without_a_gradient",),
    ),
    Fault(
        "BA05",
        "backward of a tensor without history does nothing, silently",
        wrong(refimpl.Tensor, "backward", _silent),
        ("refuses_a_root_without_history",),
    ),
    Fault(
        "BA06",
        "the cotangent that is given is taken for ones",
        wrong(_asking, "_cotangent", _ones),
        (
            "gives_the_jacobian_row_by_row",
            "is_linear_in_the_vector",
            "gives_the_doubling_example",
            "equals_the_gradient_of_the_composed_loss",
            "is_linear_in_the_cotangent[exp]",
        ),
    ),
    Fault(
        "BA07",
        "a cotangent is read in the order of memory",
        wrong(_asking, "_cotangent", _in_memory_order),
        ("does_not_depend_on_layout[exp]", "does_not_depend_on_layout[mul]"),
    ),
    Fault(
        "sign-of-the-cotangent-lost",
        "the cotangent counts by its absolute value",
        wrong(_asking, "_cotangent", _absolute),
        ("is_linear_in_the_vector", "multiplies_the_cotangent_with_the_jacobian"),
    ),
    Fault(
        "implicit-half",
        "no argument means one half at roots of rank two and more",
        wrong(_asking, "_cotangent", _divided_by_rank),
        ("means_one_by_no_argument", "needs_no_argument_for_one_element"),
    ),
    Fault(
        "implicit-for-scalars-only",
        "backward without an argument is refused for a root of shape (1,)",
        wrong(_asking, "_check_implicit", _scalars_only),
        ("needs_no_argument_for_one_element", "means_one_by_no_argument"),
    ),
    Fault(
        "implicit-in-double",
        "the implied cotangent is a float64, whatever the root is",
        wrong(_asking, "_cotangent", _in_double),
        ("gives_the_first_exercise", "gives_the_worked_example"),
    ),
    Fault(
        "zero-stops",
        "a gradient of zeros leaves None",
        wrong(_engine, "accumulate", _nothing_for_zero),
        ("is_linear_in_the_vector", "is_linear_in_the_cotangent[mul]"),
    ),
    Fault(
        "refusal-frees",
        "a refused backward frees what the root's node saved",
        wrong(_asking, "_cotangents", _freed_by_failing),
        ("refuses_several_elements_without_a_gradient", "refuses_a_gradient_of_another_shape"),
    ),
    Fault(
        "refusal-fills",
        "a refused backward leaves zeros where None was",
        wrong(_asking, "_cotangents", _filled_by_failing),
        ("refuses_several_elements_without_a_gradient", "refuses_a_gradient_of_another_shape"),
    ),
)

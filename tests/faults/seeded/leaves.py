"""Flags of leaves, and whose grad is filled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import refimpl
from refimpl import _engine
from tests.faults.planting import Fault, replaced, together, wrong, wrong_property

Tensor = refimpl.Tensor


def _retained(right: Any, self: Any, other: Any) -> Any:
    result = right(self, other)
    if result.grad_fn is not None:
        result.retain_grad()
    return result


def _zeros_for_none(right: Any, self: Any) -> Any:
    grad = right(self) if self.is_leaf else None
    return (
        refimpl.zeros_like(self.detach())
        if grad is None and self.is_leaf and self.requires_grad
        else right(self)
    )


def _asked_for_by_default(right: Any, data: Any, *arguments: Any, **named: Any) -> Any:
    tensor = right(data, *arguments, **named)
    return tensor.requires_grad_() if tensor.is_floating_point() and tensor.numel() == 1 else tensor


@contextmanager
def _any_dtype() -> Iterator[None]:
    def accepting(right: Any) -> Any:
        def set_flag(self: Any, value: bool) -> None:
            if self._array.dtype.kind == "f":
                right.fset(self, value)
            else:
                self._requires_grad = value

        return property(right.fget, set_flag)

    with replaced(Tensor, "requires_grad", accepting):
        yield


def _flag_of_a_copy(right: Any, self: Any, requires_grad: bool = True) -> Any:
    return right(self.detach(), requires_grad)


def _also_switched_off(right: Any, leaf: Any, *arguments: Any) -> None:
    before, leaf._requires_grad = leaf._requires_grad, True
    try:
        right(leaf, *arguments)
    finally:
        leaf._requires_grad = before


def _tracked_only(right: Any, self: Any) -> bool:
    return self.requires_grad and bool(right(self))


def _inputs_forgotten(
    right: Any, self: Any, gradient: Any = None, *, inputs: Any = None, **named: Any
) -> Any:
    return right(self, gradient, **named)


def _written(right: Any, outputs: Any, inputs: Any, *arguments: Any, **named: Any) -> Any:
    gradients = right(outputs, inputs, *arguments, **named)
    for each, gradient in zip(inputs, gradients, strict=True):
        if gradient is not None and each.is_leaf:
            each.grad = gradient.detach()
    return gradients


def _zeros_for_unused(right: Any, *arguments: Any, allow_unused: Any = None, **named: Any) -> Any:
    return right(*arguments, materialize_grads=True) if allow_unused else right(*arguments, **named)


def _kept_as_input(right: Any, self: Any, gradient: Any = None, *, inputs: Any = None, **named: Any) -> Any:
    right(self, gradient, inputs=inputs, **named)
    for each in inputs or ():
        each.retain_grad()


def _kept_and_not_passed_on(right: Any, self: Any, node: Any, number: int, gradient: Any) -> Any:
    passed = right(self, node, number, gradient)
    hooks = None if node.special is None else node.special.hooks
    return passed * 0 if passed is not None and hooks is not None and number in hooks.retained else passed


def _flag_dropped(right: Any, leaf: Any, *arguments: Any) -> None:
    right(leaf, *arguments)
    leaf._requires_grad = False


FAULTS = (
    Fault(
        "GR08",
        "retain_grad of an intermediate result does nothing",
        wrong(Tensor, "retain_grad", lambda right, self: None),
        ("keeps_the_grad_that_is_asked_for",),
    ),
    Fault(
        "GR09",
        "intermediate results keep their gradients unasked",
        together(*(wrong(Tensor, name, _retained) for name in ("__mul__", "__add__", "__sub__"))),
        ("fills_the_grad_of_leaves_only", "gives_no_gradient_to_root_and_intermediates"),
    ),
    Fault(
        "retained-and-stopped",
        "a gradient that is retained goes no further",
        wrong(_engine._Walk, "hooked", _kept_and_not_passed_on),
        ("keeps_the_grad_that_is_asked_for",),
    ),
    Fault(
        "zeros-for-none",
        "a leaf without a gradient has zeros",
        wrong_property(Tensor, "grad", _zeros_for_none),
        ("leaves_none_where_nothing_arrived", "fills_the_grad_of_leaves_only"),
    ),
    Fault(
        "inputs-forgotten",
        "backward accumulates into all leaves, whatever inputs names",
        wrong(Tensor, "backward", _inputs_forgotten),
        ("accumulates_into_the_inputs_only",),
    ),
    Fault(
        "asking-writes",
        "grad fills the grad of the leaves that it is asked for",
        wrong(refimpl.autograd, "grad", _written),
        ("asks_without_writing",),
    ),
    Fault(
        "unused-as-zeros",
        "an unused input has zeros where None was asked for",
        wrong(refimpl.autograd, "grad", _zeros_for_unused),
        ("answers_for_an_unused_input",),
    ),
    Fault(
        "input-for-good",
        "a tensor named in inputs retains its grad ever after",
        wrong(Tensor, "backward", _kept_as_input),
        ("forgets_an_input_afterwards",),
    ),
    Fault(
        "tracked-by-default",
        "tensors of one element are created with requires_grad=True",
        wrong(refimpl, "tensor", _asked_for_by_default),
        ("requires_grad_only_where_asked",),
    ),
    Fault(
        "any-dtype",
        "integers and booleans can be asked to require grad",
        _any_dtype,
        ("refuses_gradients_of_integers",),
    ),
    Fault(
        "flag-of-a-copy",
        "requires_grad_ changes the flag of a copy",
        wrong(Tensor, "requires_grad_", _flag_of_a_copy),
        ("obeys_the_flag_from_its_change_on",),
    ),
    Fault(
        "switched-off-too-late",
        "a leaf whose flag was cleared after it was used still accumulates",
        wrong(_engine, "accumulate", _also_switched_off),
        ("obeys_the_flag_from_its_change_on",),
    ),
    Fault(
        "leaf-by-flag",
        "a tensor that does not require grad is no leaf",
        wrong_property(Tensor, "is_leaf", _tracked_only),
        ("has_a_grad_fn_exactly_where_recorded", "requires_grad_only_where_asked"),
    ),
    Fault(
        "flag-dropped",
        "a leaf that has its gradient no longer requires one",
        wrong(_engine, "accumulate", _flag_dropped),
        ("changes_nothing_but_grads", "adds_up_several_backwards"),
    ),
)

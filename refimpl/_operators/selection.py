"""Choosing among operands, element by element: maximum, minimum, where, clamp.

At ties maximum and minimum split the gradient evenly; clamp passes it on at its bounds. Source: PyTorch's
``derivatives.yaml`` and ``clamp_backward``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from .declare import declare
from .numbers import as_kind_of, is_number, plain
from .public import public, result_of

__all__: list[str] = []


def _pull_winner(F: Any, g: Any, loses: Any, ties: Any) -> Any:
    return F.where(loses, F.zeros_of(g), F.where(ties, g / 2, g))


maximum = declare(
    "maximum(self, other)", np.maximum, node="MaximumBackward0", elementwise=True,
    self=lambda F, g, self, other: _pull_winner(F, g, self < other, self == other),
    other=lambda F, g, self, other: _pull_winner(F, g, self > other, self == other),
)  # fmt: skip

minimum = declare(
    "minimum(self, other)", np.minimum, node="MinimumBackward0", elementwise=True,
    self=lambda F, g, self, other: _pull_winner(F, g, self > other, self == other),
    other=lambda F, g, self, other: _pull_winner(F, g, self < other, self == other),
)  # fmt: skip

where_ = declare(
    "where(condition, self, other)", np.where, node="WhereBackward0", elementwise=("self", "other"),
    self=lambda F, g, condition: F.where(condition, g, F.zeros_of(g)),
    other=lambda F, g, condition: F.where(condition, F.zeros_of(g), g),
)  # fmt: skip


@public("torch", "Tensor", names=("maximum",))
def _maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two tensors, elementwise; NaN where either is NaN."""
    _require_tensors("maximum", input=input, other=other)
    return result_of("maximum", maximum(input, other), input, other)


@public("torch", "Tensor", names=("minimum",))
def _minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two tensors, elementwise; NaN where either is NaN."""
    _require_tensors("minimum", input=input, other=other)
    return result_of("minimum", minimum(input, other), input, other)


def _require_tensors(name: str, **given: Any) -> None:
    for position, (argument, value) in enumerate(given.items(), 1):
        if not isinstance(value, Tensor):
            kind = type(value).__name__
            raise TypeError(
                f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {kind}"
            )


@public("torch")
def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """``input`` where the condition holds, else ``other``; each a tensor or a number, all broadcast.

    Raises:
        RuntimeError: when the condition is no bool tensor.
    """
    _require_tensors("where", condition=condition)
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    for name, value in (("input", input), ("other", other)):
        if not isinstance(value, Tensor) and not is_number(value):
            kind = type(value).__name__
            raise TypeError(f"where(): argument '{name}' must be a tensor or a number, not {kind}")
    if condition._array.dtype.kind != "b":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}"
        )
    return result_of("where", where_(condition, input, other), input, other)


@public("Tensor", names=("where",))
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Any:
    return where(condition, self, other)


# -- clamp -------------------------------------------------------------------------------------------------


def _clamp(x: Any, low: Any, high: Any) -> Any:
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _clamp_number(x: Any, low: Any, high: Any) -> Any:
    kind = x.dtype.type
    return _clamp(x, None if low is None else kind(low), None if high is None else kind(high))


def _inside(F: Any, g: Any, self: Any, low: Any, high: Any) -> Any:
    """The cotangent where the operand is inside the bounds or on them."""
    inside: Any = None
    if low is not None:
        inside = self >= low
    if high is not None:
        inside = self <= high if inside is None else inside & (self <= high)
    return F.where(inside, g, F.zeros_of(g))


def _pull_low(F: Any, g: Any, self: Any, low: Any, high: Any) -> Any:
    below = self < low
    return F.where(below if high is None else below & (low < high), g, F.zeros_of(g))


def _pull_high(F: Any, g: Any, self: Any, low: Any, high: Any) -> Any:
    above = self > high
    return F.where(above if low is None else above | (high < low), g, F.zeros_of(g))


clamp_number = declare(
    "clamp_number(self; low, high)", _clamp_number, node="ClampBackward1", elementwise=True, self=_inside
)

clamp_tensors = declare(
    "clamp_tensors(self, low, high)", _clamp, node="ClampBackward0", elementwise=True,
    self=_inside, low=_pull_low, high=_pull_high,
)  # fmt: skip

clamp_min_number = declare(
    "clamp_min_number(self; low)", lambda x, low: _clamp_number(x, low, None), node="ClampMinBackward0",
    elementwise=True, self=lambda F, g, self, low: _inside(F, g, self, low, None),
)  # fmt: skip

clamp_max_number = declare(
    "clamp_max_number(self; high)", lambda x, high: _clamp_number(x, None, high), node="ClampMaxBackward0",
    elementwise=True, self=lambda F, g, self, high: _inside(F, g, self, None, high),
)  # fmt: skip

clamp_min_tensors = declare(
    "clamp_min_tensors(self, low)", np.maximum, node="ClampMinBackward1", elementwise=True,
    self=lambda F, g, self, low: _inside(F, g, self, low, None),
    low=lambda F, g, self, low: _pull_low(F, g, self, low, None),
)  # fmt: skip

clamp_max_tensors = declare(
    "clamp_max_tensors(self, high)", np.minimum, node="ClampMaxBackward1", elementwise=True,
    self=lambda F, g, self, high: _inside(F, g, self, None, high),
    high=lambda F, g, self, high: _pull_high(F, g, self, None, high),
)  # fmt: skip


@public("torch", "Tensor", names=("clamp", "clip"))
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """``input`` raised to ``min`` and lowered to ``max``: numbers, tensors or None. The upper bound wins.

    Raises:
        RuntimeError: without any bound.
        TypeError: with one bound a number and the other a tensor.
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    bounds = [bound for bound in (min, max) if bound is not None]
    if all(is_number(bound) for bound in bounds):
        for bound in bounds:
            input = as_kind_of(bound, input)
        made: Tensor = clamp_number(input, plain(min), plain(max))
        return made
    if not all(isinstance(bound, Tensor) for bound in bounds):
        kinds = ", ".join(type(bound).__name__ for bound in bounds)
        raise TypeError(f"clamp(): expected the bounds to be both numbers or both tensors, but got ({kinds})")
    return result_of("clamp", clamp_tensors(input, min, max), input, *bounds)


@public("torch", "Tensor")
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """``input`` raised to ``min``, a number or a tensor."""
    if is_number(min):
        return result_of("clamp_min", clamp_min_number(as_kind_of(min, input), plain(min)), input)
    return result_of("clamp_min", clamp_min_tensors(input, min), input, min)


@public("torch", "Tensor")
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """``input`` lowered to ``max``, a number or a tensor."""
    if is_number(max):
        return result_of("clamp_max", clamp_max_number(as_kind_of(max, input), plain(max)), input)
    return result_of("clamp_max", clamp_max_tensors(input, max), input, max)

"""The in-place methods: names that end in an underscore, augmented assignment, ``x[...] = value``.

Each runs the declared operator whose name it bears; see ``_inplace.change``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from .._from_data import array_from
from .._inplace import change, check_memory
from .._quiet import quietly
from .._tensor import Tensor
from .._vocabulary import TRACED
from ._arguments import read_tensor
from .declare import declare
from .index_tensors import slots
from .indexing import basic_part
from .masking import check_mask
from .numbers import is_number, plain
from .operator import OPERATORS
from .public import public

__all__: list[str] = []

_UNARY: Final = (
    "abs", "ceil", "cos", "exp", "expm1", "floor", "log", "log1p", "neg", "reciprocal", "relu", "round",
    "rsqrt", "sigmoid", "sign", "sin", "sqrt", "tan", "tanh", "trunc",
)  # fmt: skip

_BINARY: Final = (
    "bitwise_and", "bitwise_or", "bitwise_xor", "floor_divide", "logical_and", "logical_or", "logical_xor",
    "mul",
)  # fmt: skip


def _unary(name: str) -> None:
    def method(self: Tensor) -> Tensor:
        return change(OPERATORS[name], self)

    _publish(method, name)


def _binary(name: str) -> None:
    def method(self: Tensor, other: Any) -> Tensor:
        return change(OPERATORS[name], self, other)

    _publish(method, name)


def _publish(method: Callable[..., Tensor], name: str) -> None:
    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = f"``{name}`` in place; returns the tensor itself."
    public("Tensor", names=(f"{name}_",))(method)


for _name in _UNARY:
    _unary(_name)
for _name in _BINARY:
    _binary(_name)
for _alias, _name in (("absolute_", "abs_"), ("negative_", "neg_"), ("multiply_", "mul_")):
    public("Tensor", names=(_alias,))(getattr(Tensor, _name))


# -- arithmetic --------------------------------------------------------------------------------------------


@public("Tensor", names=("add_",))
def _add(self: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``self += alpha * other``."""
    if is_number(alpha) and alpha == 1:
        return change(OPERATORS["add"], self, other)
    return change(OPERATORS["add_scaled"], self, other, plain(alpha))


@public("Tensor", names=("sub_", "subtract_"))
def _sub(self: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``self -= alpha * other``."""
    if is_number(alpha) and alpha == 1:
        return change(OPERATORS["sub"], self, other)
    return change(OPERATORS["sub_scaled"], self, other, plain(alpha))


@public("Tensor", names=("div_", "divide_", "true_divide_"))
def _div(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """``self /= other``, rounded as ``div`` does."""
    names = {None: "div", "floor": "floor_quotient", "trunc": "truncated_quotient"}
    if rounding_mode not in names:
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return change(OPERATORS[names[rounding_mode]], self, other)


def _number_or_tensor(number: str, tensor: str) -> Callable[[Tensor, Any], Tensor]:
    def method(self: Tensor, other: Any) -> Tensor:
        if is_number(other):
            return change(OPERATORS[number], self, plain(other))
        return change(OPERATORS[tensor], self, other)

    return method


for _name, _number, _tensor in (
    ("pow", "pow_number", "pow_tensors"),
    ("remainder", "remainder_of_number", "remainder"),
    ("fmod", "fmod_of_number", "fmod"),
    ("clamp_min", "clamp_min_number", "clamp_min_tensors"),
    ("clamp_max", "clamp_max_number", "clamp_max_tensors"),
):
    _publish(_number_or_tensor(_number, _tensor), _name)

for _dunder, _name in (
    ("__iadd__", "add_"), ("__isub__", "sub_"), ("__imul__", "mul_"), ("__itruediv__", "div_"),
    ("__ifloordiv__", "floor_divide_"), ("__imod__", "remainder_"), ("__ipow__", "pow_"),
    ("__iand__", "bitwise_and_"), ("__ior__", "bitwise_or_"), ("__ixor__", "bitwise_xor_"),
):  # fmt: skip
    public("Tensor", names=(_dunder,))(getattr(Tensor, _name))


@public("Tensor", names=("square_",))
def _square(self: Tensor) -> Tensor:
    """``square`` in place; returns the tensor itself."""
    return change(OPERATORS["pow_number"], self, 2)


@public("Tensor", names=("clamp_", "clip_"))
def _clamp(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """``clamp`` in place; returns the tensor itself."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp_: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        return change(OPERATORS["clamp_tensors"], self, min, max)
    return change(OPERATORS["clamp_number"], self, plain(min), plain(max))


# -- whole values ------------------------------------------------------------------------------------------

declare("zero(self)", np.zeros_like, node="ZeroBackward0", self=lambda F, g: F.zeros_of(g))

declare(
    "fill(self; value)", lambda x, value: np.full(x.shape, value, x.dtype), node="FillBackward2",
    self=lambda F, g: F.zeros_of(g),
)  # fmt: skip

declare(
    "fill_tensor(self, value)", lambda x, value: np.full(x.shape, value, x.dtype), node="FillBackward3",
    self=lambda F, g: F.zeros_of(g),
    value=lambda F, g, value_shape, value_dtype: F.to(F.sum_to(g, value_shape), value_dtype),
)  # fmt: skip

declare(
    "copy(self, source)", lambda x, source: source.astype(x.dtype), node="torch::autograd::CopyBackwards",
    self=lambda F, g: F.zeros_of(g),
    source=lambda F, g, source_dtype: F.to(g, source_dtype),
)  # fmt: skip


@public("Tensor", names=("zero_",))
def _zero(self: Tensor) -> Tensor:
    """Set all elements to 0; returns the tensor itself."""
    return change(OPERATORS["zero"], self, every_element=True)


@public("Tensor", names=("fill_",))
def _fill(self: Tensor, value: Any) -> Tensor:
    """Set all elements to a number, or to that of a zero-dimensional tensor; returns the tensor itself.

    Raises:
        RuntimeError: when a tensor with dimensions is given.
    """
    if not isinstance(value, Tensor):
        return change(OPERATORS["fill"], self, plain(value), every_element=True)
    if value._array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} "
            "dimensions."
        )
    return change(OPERATORS["fill_tensor"], self, value, every_element=True)


@public("Tensor", names=("copy_",))
def _copy(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Write the values of ``src``, broadcast and cast; returns the tensor itself.

    Raises:
        RuntimeError: when ``src`` does not broadcast to the tensor's shape.
    """
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    check_memory(self, src)  # before it is expanded, which hides the overlap
    shape = self._array.shape
    if src._array.shape != shape:
        try:
            src = TRACED.expand_to(src, shape)
        except ValueError:
            raise RuntimeError(
                f"The expanded size of the tensor {list(shape)} must match the existing size "
                f"{list(src._array.shape)}"
            ) from None
    return change(OPERATORS["copy"], self, src)


# -- parts -------------------------------------------------------------------------------------------------


@public("Tensor", names=("masked_fill_",))
def _masked_fill(self: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Set the elements where ``mask`` holds to a number or a 0-d tensor; returns the tensor itself.

    Raises:
        RuntimeError: when the mask is not bool or does not broadcast, or ``value`` has dimensions.
    """
    mask = read_tensor("masked_fill_", mask, "mask", 2)
    check_mask("masked_fill_", self, mask)
    if not isinstance(value, Tensor):
        return change(OPERATORS["masked_fill"], self, mask, plain(value), every_element=True)
    if value._array.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s)."
        )
    return change(OPERATORS["masked_fill_tensor"], self, mask, value, every_element=True)


@public("Tensor", names=("__setitem__",))
def _setitem(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value``: basic parts of the index view, index tensors put.

    Raises:
        IndexError: as reading does.
        RuntimeError: when the value does not broadcast, or the change is forbidden.
    """
    part, places = basic_part(self, index)
    if not isinstance(value, Tensor):
        value = Tensor(quietly(array_from(value).astype, part._array.dtype))
    if places:
        _put(part, places, value)
    elif value._array.ndim:
        _copy(part, _without_leading_ones(value, part._array.ndim))
    else:
        _fill(part, value)


def _put(part: Tensor, places: list[Any], value: Tensor) -> None:
    if value._array.dtype != part._array.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {part.dtype!r} for the "
            "destination and "
            f"{value.dtype!r} for the source."
        )
    tensors, layout = slots(places)
    try:
        change(OPERATORS["index_put"], part, value, *tensors, layout, False)
    except ValueError as problem:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value._array.shape)} cannot be broadcast to "
            "indexing result: "
            f"{problem}"
        ) from None


def _without_leading_ones(value: Tensor, ndim: int) -> Tensor:
    """``value`` without the leading dimensions of size 1 that it has beyond ``ndim``, as PyTorch allows."""
    shape = value._array.shape
    extra = len(shape) - ndim
    if extra > 0 and all(size == 1 for size in shape[:extra]):
        value = TRACED.reshape(value, shape[extra:])
    return value

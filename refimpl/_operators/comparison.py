"""Comparisons, tests and logic. Their results are not differentiable and never require grad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor
from .declare import declare
from .elementwise import published
from .public import public, result_of

__all__: list[str] = []


def _pair(name: str, forward: Any, names: tuple[str, ...], methods: tuple[str, ...]) -> Callable[..., Any]:
    """Declare an operator on two operands that is never differentiated, and publish it."""
    made = declare(f"{name}(self, other)", forward, elementwise=True)

    def function(input: Any, other: Any) -> Tensor:
        return result_of(name, made(input, other), input, other)

    function.__name__ = function.__qualname__ = name
    public("torch", "Tensor", names=names)(function)
    if methods:
        public("Tensor", names=methods)(made)
    return made


_equal = _pair("eq", np.equal, ("eq",), ())
_not_equal = _pair("ne", np.not_equal, ("ne", "not_equal"), ())
_pair("lt", np.less, ("lt", "less"), ("__lt__",))
_pair("le", np.less_equal, ("le", "less_equal"), ("__le__",))
_pair("gt", np.greater, ("gt", "greater"), ("__gt__",))
_pair("ge", np.greater_equal, ("ge", "greater_equal"), ("__ge__",))
_pair("logical_and", np.logical_and, ("logical_and",), ())
_pair("logical_or", np.logical_or, ("logical_or",), ())
_pair("logical_xor", np.logical_xor, ("logical_xor",), ())


def _integers_only(name: str, error: type[Exception], forward: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*arrays: Any) -> Any:
        if arrays[0].dtype.kind == "f":
            raise error(f'"{name}_cpu" not implemented for floating-point tensors: use integers or bools')
        return forward(*arrays)

    return checked


for _symbol, _forward in (("and", np.bitwise_and), ("or", np.bitwise_or), ("xor", np.bitwise_xor)):
    _name = f"bitwise_{_symbol}"
    _pair(
        _name,
        _integers_only(_name, NotImplementedError, _forward),
        (_name,),
        (f"__{_symbol}__", f"__r{_symbol}__"),
    )

_invert = declare("bitwise_not(self)", _integers_only("bitwise_not", TypeError, np.invert), elementwise=True)
published(_invert, ("bitwise_not", "__invert__"))


def _test(name: str, forward: Callable[..., Any]) -> None:
    published(declare(f"{name}(self)", forward), (name,))


_test("logical_not", np.logical_not)
_test("isnan", np.isnan)
_test("isinf", np.isinf)
_test("isfinite", np.isfinite)


@public("Tensor", names=("__eq__",))
def _eq(self: Tensor, other: Any) -> Any:
    return False if other is None else _equal(self, other)


@public("Tensor", names=("__ne__",))
def _ne(self: Tensor, other: Any) -> Any:
    return True if other is None else _not_equal(self, other)


@public("torch", "Tensor")
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and elements; NaN equals nothing."""
    return bool(np.array_equal(input._array, other._array))


@public("torch", "Tensor")
def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Elementwise ``|input - other| <= atol + rtol * |other|``.

    Raises:
        RuntimeError: when the dtypes differ, or a tolerance is negative.
    """
    _check_close(input, other, rtol, atol)
    return Tensor(np.isclose(input._array, other._array, rtol, atol, equal_nan))


@public("torch", "Tensor")
def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether ``isclose`` holds everywhere.

    Raises:
        RuntimeError: when the dtypes differ, or a tolerance is negative.
    """
    _check_close(input, other, rtol, atol)
    return bool(np.isclose(input._array, other._array, rtol, atol, equal_nan).all())


def _check_close(input: Tensor, other: Tensor, rtol: float, atol: float) -> None:
    if input._array.dtype != other._array.dtype:
        raise RuntimeError(f"{input.dtype!r} did not match {other.dtype!r}")
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"rtol and atol must not be negative, got {rtol} and {atol}")

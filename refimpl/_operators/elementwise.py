"""Functions of one number, applied to every element.

Derivatives: PyTorch's ``derivatives.yaml``, which uses the result wherever that saves work. At the kinks: abs
and sign have derivative 0 at 0, relu has 0 at 0; what rounds has derivative 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor
from .declare import declare
from .public import public

__all__ = ["published"]


def _real(
    name: str, forward: Any, node: str, pullback: Callable[..., Any], *names: str
) -> Callable[..., Any]:
    """Declare and publish a real function, which computes integers in the default dtype."""
    made = declare(f"{name}(self)", forward, node=node, elementwise=True, floating=True, self=pullback)
    return published(made, names or (name,))


def _any(name: str, forward: Any, node: str | None, pullback: Any, *names: str) -> Callable[..., Any]:
    """Declare and publish a function that keeps its operand's dtype."""
    pullbacks = {} if pullback is None else {"self": pullback}
    made = declare(f"{name}(self)", forward, node=node, elementwise=True, **pullbacks)
    return published(made, names or (name,))


def published(made: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """Publish a function of one tensor as method and, where the name is no special one, as function."""

    def function(input: Any) -> Any:
        if not isinstance(input, Tensor):
            kind = type(input).__name__
            raise TypeError(f"{names[0]}(): argument 'input' (position 1) must be Tensor, not {kind}")
        return made(input)

    function.__name__ = function.__qualname__ = names[0]
    public("torch", names=tuple(name for name in names if not name.startswith("__")))(function)
    public("Tensor", names=names)(made)
    return made


def _negative(x: Any) -> Any:
    if x.dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a "
            "mask, use "
            "the `~` or `logical_not()` operator instead."
        )
    return np.negative(x)


def _no_bools(name: str, error: type[Exception], forward: Callable[..., Any]) -> Callable[..., Any]:
    def checked(x: Any) -> Any:
        if x.dtype.kind == "b":
            raise error(f'"{name}" is not implemented for bool tensors')
        return forward(x)

    return checked


def _rounding(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    """Rounding leaves integers as they are."""
    return _no_bools(name, NotImplementedError, lambda x: forward(x) if x.dtype.kind == "f" else x.copy())


def _relu(x: Any) -> Any:
    return np.maximum(x, x.dtype.type(0))


def _sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)); an overflowing exp gives the right limit, 0. In half precision only the result is
    rounded.
    """
    wide = x.astype(np.float32) if x.dtype == np.float16 else x
    return np.reciprocal(np.exp(-wide) + wide.dtype.type(1)).astype(x.dtype, copy=False)


def _sign(x: Any) -> Any:
    """The sign as a number; 0 for NaN, as in PyTorch."""
    if x.dtype.kind == "b":
        return x.copy()
    return (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)


zeros_of = declare("zeros_of(self)", np.zeros_like)
"""Zeros in the shape and dtype of a cotangent: the pullback of what is constant between its steps."""


def _zero(F: Any, g: Any) -> Any:
    return F.zeros_of(g)


declare(
    "threshold_backward(gradient, result)", lambda gradient, result: np.where(result <= 0, 0, gradient),
    node="ThresholdBackwardBackward0", elementwise=True,
    gradient=lambda F, g, result: F.threshold_backward(g, result),
    result=_zero,
)  # fmt: skip
"""An operator of its own, so that relu's gradient depends on relu's operand, if with derivative zero."""

_any("neg", _negative, "NegBackward0", lambda F, g: -g, "neg", "negative", "__neg__")
_any(
    "abs",
    _no_bools("abs", NotImplementedError, np.abs),
    "AbsBackward0",
    lambda F, g, self: g * F.sign(self),
    "abs",
    "absolute",
    "__abs__",
)
_any("sign", _sign, "SignBackward0", _zero)
_any("relu", _no_bools("relu", RuntimeError, _relu), "ReluBackward0",
     lambda F, g, result: F.threshold_backward(g, result))  # fmt: skip

_real("exp", np.exp, "ExpBackward0", lambda F, g, result: g * result)
_real("expm1", np.expm1, "Expm1Backward0", lambda F, g, result: g * (result + 1))
_real("log", np.log, "LogBackward0", lambda F, g, self: g / self)
_real("log1p", np.log1p, "Log1PBackward0", lambda F, g, self: g / (self + 1))
_real("sqrt", np.sqrt, "SqrtBackward0", lambda F, g, result: g / (2 * result))
_real("rsqrt", lambda x: np.reciprocal(np.sqrt(x)), "RsqrtBackward0",
      lambda F, g, result: -0.5 * g * (result * result * result))  # fmt: skip
_real("reciprocal", np.reciprocal, "ReciprocalBackward0", lambda F, g, result: -g * (result * result))
_real("sin", np.sin, "SinBackward0", lambda F, g, self: g * F.cos(self))
_real("cos", np.cos, "CosBackward0", lambda F, g, self: g * -F.sin(self))
_real("tan", np.tan, "TanBackward0", lambda F, g, result: g * (1 + result * result))
_real("tanh", np.tanh, "TanhBackward0", lambda F, g, result: g * (1 - result * result))
_real("sigmoid", _sigmoid, "SigmoidBackward0", lambda F, g, result: g * ((1 - result) * result))

_any("floor", _rounding("floor", np.floor), "FloorBackward0", _zero)
_any("ceil", _rounding("ceil", np.ceil), "CeilBackward0", _zero)
_any("trunc", _rounding("trunc", np.trunc), "TruncBackward0", _zero, "trunc", "fix")

_round = declare(
    "round(self)", _rounding("round", np.rint), node="RoundBackward0", elementwise=True, self=_zero
)
_round_to = declare("round_to(self; decimals)", lambda x, decimals: np.round(x, decimals),
                    node="RoundBackward1", elementwise=True, self=_zero)  # fmt: skip


@public("torch", "Tensor", names=("round",))
def _rounded(input: Tensor, *, decimals: int = 0) -> Tensor:
    """To the nearest integer, or to ``decimals`` digits after the point; halves go to the even neighbour."""
    if not isinstance(input, Tensor):
        raise TypeError(f"round(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    result: Tensor = _round_to(input, decimals) if decimals else _round(input)
    return result


@public("Tensor", names=("__pos__",))
def _positive(self: Tensor) -> Tensor:
    return self

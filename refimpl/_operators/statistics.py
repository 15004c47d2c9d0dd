"""Variance, standard deviation, norms, and the functions built on log(sum(exp(x)))."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .._dtypes import FROM_NUMPY, get_default_dtype
from .._tensor import Tensor
from . import _reduce_arrays as arrays
from ._arguments import cast_to, no_more, read_cast, read_keepdim, read_tensor, renamed
from ._dims import axes as read_axes
from ._dims import axis as read_axis
from .declare import declare
from .fitting import to
from .public import public
from .reductions import cast_back, restored

__all__: list[str] = []

Axes = tuple[int, ...]


# -- variance ----------------------------------------------------------------------------------------------


declare(
    "slope_without_freedom(self, centre)",
    lambda x, centre: np.where(x == centre, math.nan, math.inf).astype(x.dtype),
)


def _variance_pullback(F: Any, g: Any, x: Any, axes: Axes, correction: float, whole: bool) -> Any:
    """From the cotangent of a variance whose axes are kept: 2 (x - mean) / degrees of freedom.

    Without degrees of freedom the variance of everything has an infinite slope, and that over given
    dimensions what the formula gives: both are PyTorch's choices.
    """
    freedom = arrays.count(tuple(x.shape), axes) - correction
    centre = F.mean(x, axes, True, None)
    if whole and freedom <= 0:
        return g * F.slope_without_freedom(x, centre)
    return g * (2.0 / freedom if freedom else math.inf) * (x - centre)


def _var_back(F: Any, g: Any, x: Any, axes: Axes, keepdim: bool, correction: float, whole: bool) -> Any:
    g = restored(F, g, tuple(x.shape), axes, keepdim)
    return _variance_pullback(F, g, x, axes, correction, whole)


def _std_back(
    F: Any, g: Any, x: Any, result: Any, axes: Axes, keepdim: bool, correction: float, whole: bool
) -> Any:
    """Through the square root; 0 where all elements are equal, which is PyTorch's choice of a slope."""
    g = F.where(result == 0, 0.0, g / (result * 2.0))
    return _var_back(F, g, x, axes, keepdim, correction, whole)


def _variance(x: Any, axes: Axes, keepdim: bool, correction: float, whole: bool) -> Any:
    return arrays.variance(x, axes, keepdim, correction).astype(x.dtype)


def _deviation(x: Any, axes: Axes, keepdim: bool, correction: float, whole: bool) -> Any:
    return (arrays.variance(x, axes, keepdim, correction) ** 0.5).astype(x.dtype)


var_axes = declare(
    "var(self; axes, keepdim, correction, whole)", _variance, node="VarBackward0",
    self=lambda F, g, self, axes, keepdim, correction, whole: _var_back(
        F, g, self, axes, keepdim, correction, whole
    ),
)  # fmt: skip

std_axes = declare(
    "std(self; axes, keepdim, correction, whole)", _deviation, node="StdBackward0",
    self=lambda F, g, self, result, axes, keepdim, correction, whole: _std_back(
        F, g, self, result, axes, keepdim, correction, whole
    ),
)  # fmt: skip


def _read_variance(name: str, input: Any, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments of ``var(dim, unbiased, keepdim)``, ``var(unbiased)`` and ``var(dim, *, correction,
    keepdim)``.
    """
    source = read_tensor(name, input)
    if source._array.dtype.kind != "f":
        raise RuntimeError(f"{name}: std and var only support floating point dtypes, got {source.dtype}")
    if given and isinstance(given[0], bool):
        named["unbiased"], given = given[0], given[1:]
    for argument, value in zip(("dim", "unbiased", "keepdim"), given, strict=False):
        if argument in named:
            raise TypeError(f"{name}() got multiple values for argument '{argument}'")
        named[argument] = value
    dim = renamed(name, named, "dim", "axis", named.pop("dim", None))
    correction = named.pop("correction", None)
    if "unbiased" in named:
        if correction is not None:
            raise TypeError(f"{name}() takes either 'unbiased' or 'correction', not both")
        correction = int(bool(named.pop("unbiased")))
    keepdim = read_keepdim(name, named.pop("keepdim", False), named)
    axes = read_axes(dim, source._array.ndim, name)
    correction = 1 if correction is None else correction
    if not source._array.size or arrays.count(source._array.shape, axes) - correction <= 0:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction "
            "factor (input numel divided by output numel).",
            UserWarning,
            stacklevel=3,
        )
    return source, axes, keepdim, correction, dim is None or source._array.ndim == 0


@public("torch", "Tensor")
def var(input: Tensor, *args: Any, **keywords: Any) -> Tensor:
    """The variance: ``var(dim=None, *, correction=1, keepdim=False)``.

    The older forms ``var(unbiased)`` and ``var(dim, unbiased, keepdim)`` mean a correction of 1 or 0.

    Raises:
        RuntimeError: when the dtype is not floating, or a dimension is named twice.
        IndexError: when a dimension does not exist.
    """
    result: Tensor = var_axes(*_read_variance("var", input, args, keywords))
    return result


@public("torch", "Tensor")
def std(input: Tensor, *args: Any, **keywords: Any) -> Tensor:
    """The standard deviation: ``std(dim=None, *, correction=1, keepdim=False)``, and the older forms of
    ``var``.

    Raises:
        RuntimeError: when the dtype is not floating, or a dimension is named twice.
        IndexError: when a dimension does not exist.
    """
    result: Tensor = std_axes(*_read_variance("std", input, args, keywords))
    return result


# -- norms -------------------------------------------------------------------------------------------------


def _norm_pullback(F: Any, g: Any, x: Any, result: Any, order: float, axes: Axes, keepdim: bool) -> Any:
    """0 where the norm is 0, which is a subgradient for the orders from 1 on: PyTorch's choice."""
    shape = tuple(x.shape)
    g, norm = restored(F, g, shape, axes, keepdim), restored(F, result, shape, axes, keepdim)
    if order == 0:
        return F.spread(g * 0.0, shape)
    if order == 1:
        return F.sign(x) * g
    if order == 2:
        return g * F.where(norm == 0, 0.0, x / norm)
    if math.isinf(order):
        return F.sign(x) * F.tie_weights(F.abs(x), norm, axes, True) * g
    if order < 1:
        return F.sign(x) * F.where(x == 0, 0.0, F.abs(x) ** (order - 1.0)) * g * norm ** (1.0 - order)
    slope = F.sign(x) * F.abs(x) ** (order - 1.0) if order < 2 else x * F.abs(x) ** (order - 2.0)
    return slope * F.where(norm == 0, 0.0, g / norm ** (order - 1.0))


norm_axes = declare(
    "vector_norm(self; order, axes, keepdim, dtype)",
    lambda x, order, axes, keepdim, dtype: arrays.vector_norm(x if dtype is None else x.astype(dtype), axes,
    keepdim, order),
    node="LinalgVectorNormBackward0",
    self=lambda F, g, self, result, self_dtype, order, axes, keepdim, dtype: cast_back(
        F,
        _norm_pullback(F, g, self if dtype is None else F.to(self, dtype), result, order, axes, keepdim),
        dtype,
        self_dtype,
    ),
)  # fmt: skip


@public("torch", "Tensor")
def norm(
    input: Tensor,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    **aliases: Any,
) -> Tensor:
    """The vector norm of order ``p`` over ``dim`` (all elements when None); "fro" is order 2.

    Raises:
        RuntimeError: when the dtype is not floating, when the infinite norm of no elements is asked for, or
            for an unknown name of a norm.
        NotImplementedError: for the nuclear norm.
    """
    source = read_tensor("norm", input)
    dim = renamed("norm", aliases, "dim", "axis", dim)
    keepdim = read_keepdim("norm", keepdim, aliases)
    if p == "nuc":
        raise NotImplementedError("norm(p='nuc') is not offered; it is the sum of the singular values")
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm(): order {p!r} is not supported; expected a number, 'fro' or 'nuc'")
    if source._array.dtype.kind != "f":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point tensor as input. Got {source.dtype}"
        )
    kind = read_cast("norm", source, dtype)
    order = 2.0 if p == "fro" or p is None else float(p)
    axes = read_axes(dim, source._array.ndim, "norm")
    if (order < 0 or order == math.inf) and not arrays.count(source._array.shape, axes):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {order:g} norm on an empty tensor because the "
            "operation does not have an identity"
        )
    result: Tensor = norm_axes(source, order, axes, keepdim, kind)
    return result


# -- log(sum(exp(x))) --------------------------------------------------------------------------------------

logsumexp_axes = declare(
    "logsumexp(self; axes, keepdim)", arrays.log_sum_exp, node="LogsumexpBackward0",
    self=lambda F, g, self, result, axes, keepdim: restored(F, g, tuple(self.shape), axes, keepdim)
    * F.exp(self - restored(F, result, tuple(self.shape), axes, keepdim)),
)  # fmt: skip


def _over(x: Any, axis: int) -> Axes:
    return (axis,) if len(x.shape) else ()


softmax_axis = declare(
    "softmax(self; axis)", arrays.softmax, node="SoftmaxBackward0",
    self=lambda F, g, result, axis: result * (g - F.sum(g * result, _over(result, axis), True, None)),
)  # fmt: skip

log_softmax_axis = declare(
    "log_softmax(self; axis)", arrays.log_softmax, node="LogSoftmaxBackward0",
    self=lambda F, g, result, axis: g - F.exp(result) * F.sum(g, _over(result, axis), True, None),
)  # fmt: skip


@public("torch", "Tensor")
def logsumexp(input: Tensor, dim: Any = None, keepdim: bool = False, **aliases: Any) -> Tensor:
    """log(sum(exp(x))) over ``dim``, without overflow; ints are computed in the default dtype.

    Raises:
        TypeError: without ``dim``.
        IndexError: when a dimension does not exist.
        RuntimeError: when one is named twice.
    """
    source = read_tensor("logsumexp", input)
    dim = renamed("logsumexp", aliases, "dim", "axis", dim)
    keepdim = read_keepdim("logsumexp", keepdim, aliases)
    if dim is None:
        raise TypeError('logsumexp() missing 1 required positional arguments: "dim"')
    axes = read_axes(dim, source._array.ndim, "logsumexp")
    if source._array.dtype.kind != "f":
        source = to(source, get_default_dtype().numpy)
    result: Tensor = logsumexp_axes(source, axes, keepdim)
    return result


def _read_softmax(name: str, input: Any, dim: Any, dtype: Any, aliases: dict[str, Any]) -> tuple[Tensor, int]:
    source = cast_to(name, read_tensor(name, input), dtype)
    dim = renamed(name, aliases, "dim", "axis", dim)
    no_more(name, aliases)
    if dim is None:
        raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
    axis = read_axis(dim, source._array.ndim, name)
    if source._array.dtype.kind != "f":
        raise NotImplementedError(
            f"{name} is not implemented for {FROM_NUMPY[source._array.dtype]}; give dtype="
        )
    return source, axis


@public("torch", "Tensor")
def softmax(input: Tensor, dim: Any = None, dtype: Any = None, **aliases: Any) -> Tensor:
    """exp(x) over its sum along ``dim``, in the shape of ``input``; cast to ``dtype`` first.

    Raises:
        TypeError: without ``dim``.
        IndexError: when the dimension does not exist.
        NotImplementedError: when the dtype is not floating.
    """
    result: Tensor = softmax_axis(*_read_softmax("softmax", input, dim, dtype, aliases))
    return result


@public("torch", "Tensor")
def log_softmax(input: Tensor, dim: Any = None, dtype: Any = None, **aliases: Any) -> Tensor:
    """The logarithm of ``softmax``, computed without taking one of a small number.

    Raises:
        TypeError: without ``dim``.
        IndexError: when the dimension does not exist.
        NotImplementedError: when the dtype is not floating.
    """
    result: Tensor = log_softmax_axis(*_read_softmax("log_softmax", input, dim, dtype, aliases))
    return result

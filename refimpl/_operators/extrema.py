"""Largest and smallest elements.

``max()``, ``min()``, ``amax`` and ``amin`` share the gradient evenly among ties; ``max(dim)`` and
``min(dim)`` give it to the element whose index they return, the first one. Nan is larger and smaller than
everything.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _return_types
from .._tensor import Tensor
from .._vocabulary import TRACED
from . import _reduce_arrays as arrays
from ._arguments import read_keepdim, read_tensor, renamed
from ._dims import axes as read_axes
from ._dims import axis as read_axis
from ._dims import is_int
from .declare import declare
from .public import public
from .reductions import restored

__all__: list[str] = []

Axes = tuple[int, ...]

declare("tie_weights(self, chosen; axes, nan_ties)", arrays.tie_weights)


def _to_ties(F: Any, g: Any, x: Any, result: Any, axes: Axes, keepdim: bool, nan_ties: bool) -> Any:
    shape = tuple(x.shape)
    weights = F.tie_weights(x, restored(F, result, shape, axes, keepdim), axes, nan_ties)
    return restored(F, g, shape, axes, keepdim) * weights


def _all_axes(x: Any) -> Axes:
    return tuple(range(len(x.shape)))


def _declare_extremum(word: str, ufunc: Any, argument: Any) -> tuple[Any, Any, Any]:
    """The three forms of max or min: of everything, over axes, and along one axis with its index."""
    title = word.capitalize()
    whole = declare(
        f"{word}_of_all(self)", lambda x: ufunc.reduce(x, None), node=f"{title}Backward1",
        self=lambda F, g, self, result: _to_ties(F, g, self, result, _all_axes(self), False, True),
    )  # fmt: skip
    over_axes = declare(
        f"a{word}(self; axes, keepdim)", lambda x, axes, keepdim: ufunc.reduce(x, axes, None, None, keepdim),
        node=f"A{word}Backward0",
        self=lambda F, g, self, result, axes, keepdim: _to_ties(F, g, self, result, axes, keepdim, False),
    )  # fmt: skip

    def with_index(x: Any, axis: int, keepdim: bool) -> tuple[Any, Any]:
        if x.ndim == 0:
            return x.copy(), np.zeros((), np.int64)
        index = np.expand_dims(argument(x, axis), axis)
        values = np.take_along_axis(x, index, axis)
        return (values, index) if keepdim else (values.squeeze(axis), index.squeeze(axis))

    along_axis = declare(
        f"{word}(self; axis, keepdim)", with_index, node=f"{title}Backward0", several=True,
        self=lambda F, g, result1, self_shape, axis, keepdim: _to_index(F, g[0], result1, self_shape, axis,
        keepdim),
    )  # fmt: skip
    return whole, over_axes, along_axis


def _to_index(F: Any, g: Any, index: Any, shape: tuple[int, ...], axis: int, keepdim: bool) -> Any:
    if not shape:
        return g
    axes = (axis,)
    return F.placed(
        restored(F, g, shape, axes, keepdim), restored(F, index, shape, axes, keepdim), axis, shape
    )


max_whole, amax_axes, max_axis = _declare_extremum("max", np.maximum, np.argmax)
min_whole, amin_axes, min_axis = _declare_extremum("min", np.minimum, np.argmin)


def _check_not_empty(name: str, x: Any, axes: Axes, error: type[Exception] = IndexError) -> None:
    for axis in axes:
        if x.shape[axis] == 0:
            raise error(f"{name}(): Expected reduction dim {axis} to have non-zero size.")


def _extremum(
    name: str, forms: tuple[Any, Any], input: Any, given: tuple[Any, ...], named: dict[str, Any]
) -> Any:
    """``name(input)``, ``name(input, other)`` or ``name(input, dim, keepdim)``, whichever was asked for."""
    whole, along = forms
    source = read_tensor(name, input)
    first = given[0] if given else named.pop("other", None)
    if isinstance(first, Tensor) and (not given or len(given) == 1) and not named:
        return getattr(TRACED, f"{name}imum")(source, first)
    if not given and not named:
        if source._array.size == 0:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        return whole(source)
    dim = renamed(name, named, "dim", "axis", named.pop("dim", first))
    keepdim = read_keepdim(name, given[1] if len(given) > 1 else named.pop("keepdim", False), named)
    if not is_int(dim) or isinstance(dim, Tensor) or len(given) > 2:
        raise TypeError(
            f"{name}() received an invalid combination of arguments; expected nothing, a tensor, or an "
            f"int dim with an optional keepdim, but got {type(dim).__name__}"
        )
    axis = read_axis(dim, source._array.ndim, name)
    if source._array.ndim:
        _check_not_empty(name, source._array, (axis,))
    return getattr(_return_types, name)(*along(source, axis, keepdim))


@public("torch", "Tensor")
def max_(input: Tensor, *args: Any, **keywords: Any) -> Any:
    """``max()`` of all elements; ``max(dim, keepdim=False)`` as (values, indices); ``max(other)``
    elementwise.

    Raises:
        RuntimeError: for all elements of none.
        IndexError: along a dimension that does not exist or is empty.
    """
    return _extremum("max", (max_whole, max_axis), input, args, keywords)


@public("torch", "Tensor")
def min_(input: Tensor, *args: Any, **keywords: Any) -> Any:
    """``min()`` of all elements; ``min(dim, keepdim=False)`` as (values, indices); ``min(other)``
    elementwise.

    Raises:
        RuntimeError: for all elements of none.
        IndexError: along a dimension that does not exist or is empty.
    """
    return _extremum("min", (min_whole, min_axis), input, args, keywords)


def _over_axes(
    name: str, declared: Any, input: Any, dim: Any, keepdim: Any, aliases: dict[str, Any]
) -> Tensor:
    source = read_tensor(name, input)
    dim = renamed(name, aliases, "dim", "axis", dim, ())
    keepdim = read_keepdim(name, keepdim, aliases)
    over = read_axes(dim, source._array.ndim, name)
    _check_not_empty(
        name, source._array, over, IndexError if dim is not None and dim not in ((), []) else RuntimeError
    )
    result: Tensor = declared(source, over, keepdim)
    return result


@public("torch", "Tensor")
def amax(input: Tensor, dim: Any = (), keepdim: bool = False, **aliases: Any) -> Tensor:
    """The largest element over ``dim``; ties share the gradient.

    Raises:
        IndexError: over a dimension that does not exist or is empty.
        RuntimeError: over all of no elements, or when a dimension is named twice.
    """
    return _over_axes("amax", amax_axes, input, dim, keepdim, aliases)


@public("torch", "Tensor")
def amin(input: Tensor, dim: Any = (), keepdim: bool = False, **aliases: Any) -> Tensor:
    """The smallest element over ``dim``; ties share the gradient.

    Raises:
        IndexError: over a dimension that does not exist or is empty.
        RuntimeError: over all of no elements, or when a dimension is named twice.
    """
    return _over_axes("amin", amin_axes, input, dim, keepdim, aliases)


def _argument(name: str, find: Any, input: Any, dim: Any, keepdim: Any, aliases: dict[str, Any]) -> Tensor:
    x = read_tensor(name, input)._array
    dim = renamed(name, aliases, "dim", "axis", dim)
    keepdim = read_keepdim(name, keepdim, aliases)
    if x.dtype.kind == "b":
        raise RuntimeError(f"{name}(): does not support bool input")
    if dim is None:
        if x.size == 0:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        index = np.asarray(find(x), np.int64)
        return Tensor(index.reshape((1,) * x.ndim) if keepdim else index)
    axis = read_axis(dim, x.ndim, name)
    if x.ndim == 0:
        return Tensor(np.zeros((), np.int64))
    _check_not_empty(name, x, (axis,))
    index = np.asarray(find(x, axis), np.int64)
    return Tensor(np.expand_dims(index, axis) if keepdim else index)


@public("torch", "Tensor")
def argmax(input: Tensor, dim: Any = None, keepdim: bool = False, **aliases: Any) -> Tensor:
    """The index of the largest element, the first of several: into the flattened tensor, or along ``dim``.

    Raises:
        IndexError: where there is no element, or no such dimension.
        RuntimeError: for bools.
    """
    return _argument("argmax", np.argmax, input, dim, keepdim, aliases)


@public("torch", "Tensor")
def argmin(input: Tensor, dim: Any = None, keepdim: bool = False, **aliases: Any) -> Tensor:
    """The index of the smallest element, the first of several: into the flattened tensor, or along ``dim``.

    Raises:
        IndexError: where there is no element, or no such dimension.
        RuntimeError: for bools.
    """
    return _argument("argmin", np.argmin, input, dim, keepdim, aliases)

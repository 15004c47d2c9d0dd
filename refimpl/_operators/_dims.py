"""Dimensions as the user gives them, turned into the axes that NumPy takes.

A tensor without dimensions counts as having one wherever a dimension is named, as in PyTorch.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

__all__ = ["axes", "axis", "insertion_axis", "is_int", "kept_shape", "read_bool", "read_shape"]


def is_int(given: object) -> bool:
    """Whether ``given`` counts as an int: an int or an integer of NumPy or a tensor, never a bool."""
    if type(given) is int:
        return True
    return hasattr(given, "__index__") and not isinstance(given, (bool, np.bool_))


def axis(dim: Any, ndim: int, name: str = "") -> int:
    """One dimension, counted from the end if negative, as an axis from 0 on.

    Raises:
        TypeError: when it is no int.
        IndexError: when there is no such dimension.
    """
    if type(dim) is not int:
        if not is_int(dim):
            raise TypeError(f"{name}(): argument 'dim' must be int, not {type(dim).__name__}")
        dim = operator.index(dim)
    size = ndim or 1
    if not -size <= dim < size:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-size}, {size - 1}], but got {dim})"
        )
    return int(dim % size)


def insertion_axis(dim: Any, ndim: int, name: str = "") -> int:
    """Where a new dimension goes: there is one more place than there are dimensions."""
    return axis(dim, ndim + 1, name)


def axes(dim: Any, ndim: int, name: str = "") -> tuple[int, ...]:
    """One or several dimensions as axes in ascending order; None and an empty sequence name all of them.

    Raises:
        TypeError: when a dimension is no int.
        IndexError: when there is no such dimension.
        RuntimeError: when one is named twice.
    """
    if dim is None:
        return tuple(range(ndim))
    if is_int(dim):
        found: tuple[int, ...] = (axis(dim, ndim, name),)
    elif isinstance(dim, (tuple, list)):
        found = distinct_axes(dim, ndim, name)
        if not found:
            return tuple(range(ndim))
    else:
        raise TypeError(f"{name}(): argument 'dim' must be int or tuple of ints, not {type(dim).__name__}")
    return tuple(sorted(found)) if ndim else ()


def distinct_axes(dims: Any, ndim: int, name: str = "") -> tuple[int, ...]:
    """Dimensions as axes, in the order given.

    Raises:
        RuntimeError: when one is named twice, and as :func:`axis`.
    """
    found: list[int] = []
    for dim in dims:
        here = axis(dim, ndim, name)
        if here in found:
            raise RuntimeError(f"dim {here} appears multiple times in the list of dims")
        found.append(here)
    return tuple(found)


def kept_shape(shape: tuple[int, ...], over: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a reduction over the axes ``over`` that keeps them, at size 1."""
    return tuple(1 if number in over else size for number, size in enumerate(shape))


def read_bool(given: Any, name: str, argument: str) -> bool:
    """``given``, which must be a bool.

    Raises:
        TypeError: when it is not.
    """
    if given is True or given is False:
        return bool(given)
    if isinstance(given, np.bool_):
        return bool(given)
    raise TypeError(f"{name}(): argument '{argument}' must be bool, not {type(given).__name__}")


def read_shape(sizes: tuple[Any, ...], name: str, argument: str = "size") -> tuple[int, ...]:
    """Ints given one by one or as one sequence, as a tuple; values are not judged.

    Raises:
        TypeError: when one is no int.
    """
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    for position, size in enumerate(sizes, 1):
        if not is_int(size):
            kind = type(size).__name__
            raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be ints, not {kind}")
    return tuple(operator.index(size) for size in sizes)

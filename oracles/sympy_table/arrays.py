"""Arrays of scalars, and the few shapes that a row of the table takes: elementwise, per lane, whole.

An array is a NumPy object array with a dtype of its own. Every floating dtype is the real numbers, so there
is one, called ``float64``; integers wrap around as the dtype says; an element of a bool or integer array is a
Python constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oracles.question import FLOATING, CannotAnswer, Literal
from oracles.sympy_table.scalars import BUDGET, MP, Scalar, finite, primal

REAL = "float64"
Dim: TypeAlias = "int | tuple[int, ...] | None"


@dataclass(frozen=True, slots=True)
class Array:
    """``data`` is an object array of scalars; it is shared between arrays and never written to."""

    data: NDArray[Any]
    dtype: str = REAL

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def is_real(self) -> bool:
        return self.dtype == REAL

    def elements(self) -> list[Scalar]:
        """The elements in row-major order."""
        return self.data.ravel().tolist()

    def reshaped(self, function: Callable[..., NDArray[Any]], *args: Any, **kwargs: Any) -> Array:
        """The array that a rearrangement of NumPy's makes of this one."""
        return Array(function(self.data, *args, **kwargs), self.dtype)


def array(elements: Sequence[Scalar], shape: Sequence[int], dtype: str = REAL) -> Array:
    """An array of these elements, wrapped around to the range of an integer dtype."""
    if dtype not in (REAL, "bool"):
        elements = [wrapped(element, dtype) for element in elements]
    data = np.empty(len(elements), dtype=object)
    data[:] = elements
    return Array(data.reshape(tuple(shape)), dtype)


def wrapped(number: int, dtype: str) -> int:
    bits, least = np.iinfo(dtype).bits, int(np.iinfo(dtype).min)
    return (number - least) % (1 << bits) + least


def from_literal(literal: Literal) -> Array:
    """The array that a literal writes down."""
    BUDGET.spend(len(literal.data))
    if literal.is_floating:
        return array([MP.mpf(number) for number in literal.data], literal.shape)
    return array(literal.data, literal.shape, literal.dtype)


def from_number(number: float | int | bool) -> Array:
    """The zero-dimensional array of a Python number."""
    dtype = "bool" if isinstance(number, bool) else "int64" if isinstance(number, int) else REAL
    return from_literal(Literal(dtype, (), (number,)))


def operand(value: Array | float | int | bool) -> Array:
    """An operand as an array."""
    return value if isinstance(value, Array) else from_number(value)


def category(dtype: str) -> int:
    return 2 if dtype == REAL else 0 if dtype == "bool" else 1


def promoted(*operands: Array | float | int | bool) -> str:
    """The dtype that PyTorch's promotion gives: dimensioned operands first, then zero-dimensional, then
    Python numbers.

    Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
    """
    groups: tuple[list[str], list[str], list[str]] = ([], [], [])
    for value in operands:
        group = 2 if not isinstance(value, Array) else 1 if value.shape == () else 0
        groups[group].append(operand(value).dtype)
    result = ""
    for dtypes in groups:
        if dtypes and (not result or max(map(category, dtypes)) > category(result)):
            result = str(np.result_type(*dtypes)) if REAL not in dtypes else REAL
    return result


def cast(value: Array, dtype: str) -> Array:
    """Every element converted to the dtype; a conversion to integers or bool leaves no derivative.

    Raises:
        CannotAnswer: a real number that is not finite or does not fit into the integer dtype.
    """
    dtype = REAL if dtype in FLOATING else dtype
    if dtype == value.dtype:
        return value
    if dtype == REAL:
        return array([MP.mpf(element) for element in value.elements()], value.shape)
    numbers = map(primal, value.elements())
    if dtype == "bool":
        return array([bool(number != 0) for number in numbers], value.shape, dtype)
    if not value.is_real:
        return array([int(number) for number in numbers], value.shape, dtype)
    return array([truncated(number, dtype) for number in numbers], value.shape, dtype)


def truncated(number: Any, dtype: str) -> int:
    if not finite(number) or wrapped(int(number), dtype) != int(number):
        raise CannotAnswer(f"{MP.nstr(number)} does not fit into {dtype}")
    return int(number)


def real(value: Array | float | int | bool) -> Array:
    """The operand as an array of real numbers."""
    return cast(operand(value), REAL)


def elementwise(function: Callable[..., Scalar], *arrays: Array, dtype: str = REAL) -> Array:
    """``function`` of the elements, broadcast against each other."""
    shapes = {a.shape for a in arrays}
    if len(shapes) == 1:
        return array(list(map(function, *(a.elements() for a in arrays))), arrays[0].shape, dtype)
    shape = np.broadcast_shapes(*shapes)
    columns = (np.broadcast_to(a.data, shape).ravel().tolist() for a in arrays)
    return array(list(map(function, *columns)), shape, dtype)


def axes(dim: Dim, ndim: int) -> tuple[int, ...]:
    """The axes that ``dim`` names, not negative and in order; all of them for None and for an empty tuple."""
    if dim is None or dim == ():
        return tuple(range(ndim))
    dims = (dim,) if isinstance(dim, int) else dim
    if ndim == 0:
        return ()
    return tuple(sorted(d % ndim for d in dims))


def lanes(value: Array, over: Sequence[int]) -> tuple[list[list[Scalar]], list[int]]:
    """The elements along the axes ``over``, for each place in the other axes, and the lengths of those."""
    kept = [axis for axis in range(value.data.ndim) if axis not in over]
    lengths = [value.shape[axis] for axis in kept]
    moved = value.data.transpose([*kept, *over])
    return moved.reshape(math.prod(lengths), math.prod(value.shape[axis] for axis in over)).tolist(), lengths


def reduced(
    function: Callable[[list[Scalar]], Scalar], value: Array, dim: Dim, keepdim: bool, dtype: str = REAL
) -> Array:
    """``function`` of the elements along ``dim``, which vanishes or stays with length one."""
    over = axes(dim, value.data.ndim)
    rows, lengths = lanes(value, over)
    if keepdim:
        lengths = [1 if axis in over else length for axis, length in enumerate(value.shape)]
    return array([function(row) for row in rows], lengths, dtype)


def along(
    function: Callable[[list[Scalar]], Iterable[Scalar]], value: Array, dim: int, dtype: str = REAL
) -> Array:
    """``function`` of each lane along ``dim``, which gives a lane of the same length."""
    if value.shape == ():
        return array(list(function(value.elements())), (), dtype)
    rows, lengths = lanes(value, axes(dim, value.data.ndim))
    length = value.shape[dim]
    flat = array([element for row in rows for element in function(row)], (*lengths, length), dtype)
    return flat.reshaped(np.moveaxis, -1, dim)

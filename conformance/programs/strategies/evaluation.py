"""Whether a call makes sense: operands in their domain and off every kink, results of moderate size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from conformance.catalogue.row import Row
from conformance.dtypes import Typed, category, result_dtypes
from conformance.programs.strategies.leaves import Bound
from conformance.programs.strategies.values import MARGIN

Array: TypeAlias = NDArray[Any]
Forward: TypeAlias = Callable[[str, Sequence[Any], Mapping[str, Any]], Sequence[Array]]

LARGEST: Mapping[str, float] = {"float16": 2.0**7, "float32": 2.0**16, "float64": 2.0**30}
"""How large a result may be: its square, and its product with a few others, still fit into the dtype."""


def standard_forward() -> Forward:
    """The suite's own NumPy forward."""
    from oracles.forward import apply

    return apply


@dataclass(frozen=True)
class Outcome:
    """The results of a call, and the dtype that each of them must have."""

    arrays: tuple[Array, ...]
    dtypes: tuple[str, ...]


def replaced(argument: Any, of_tensor: Callable[[Bound], Any]) -> Any:
    """The argument with every tensor in it replaced."""
    if isinstance(argument, Bound):
        return of_tensor(argument)
    if isinstance(argument, tuple):
        return tuple(replaced(item, of_tensor) for item in argument)
    return argument


def bound_in(argument: Any) -> Iterator[Bound]:
    """Every tensor in an argument."""
    if isinstance(argument, Bound):
        yield argument
    elif isinstance(argument, tuple):
        for item in argument:
            yield from bound_in(item)


def evaluate(row: Row, args: tuple[Any, ...], params: Mapping[str, Any], forward: Forward) -> Outcome | None:
    """The outcome of a call over :class:`Bound` tensors; None where it should not be made."""
    arrays = replaced(args, lambda tensor: tensor.array)
    if not _inside(row, arrays):
        return None
    smooth = any(tensor.array.dtype.kind == "f" for tensor in bound_in(args))
    if smooth and any(kink.distance(arrays, params) < MARGIN for kink in row.kinks):
        return None
    typed = replaced(args, lambda tensor: Typed(tensor.dtype, bool(tensor.shape)))
    if category(result_dtypes(row, typed, params)[0]) < 2 and _falls_below_one(row, arrays):
        return None
    results = tuple(forward(row.name, arrays, params))
    dtypes = result_dtypes(row, typed, params, len(results))
    if not results or not all(map(_moderate, results, dtypes)):
        return None
    return Outcome(results, dtypes)


def _inside(row: Row, arrays: tuple[Any, ...]) -> bool:
    for operand, array in zip(row.operands, arrays, strict=False):
        if operand.role in ("number", "exponent") and array is not None:
            inside = operand.domain.inside(np.asarray(array, dtype=np.float64))
            if inside.size and inside.min() < MARGIN:
                return False
    return True


def _falls_below_one(row: Row, arrays: tuple[Any, ...]) -> bool:
    # A whole number to a negative whole power is no whole number, and refused.
    pairs = zip(row.operands, arrays, strict=False)
    return any(operand.role == "exponent" and np.any(np.asarray(array) < 0) for operand, array in pairs)


def _moderate(result: Array, dtype: str) -> bool:
    if not result.size or category(dtype) != 2:
        return True
    largest = np.abs(result).max()
    return bool(np.isfinite(largest) and largest <= LARGEST[dtype])

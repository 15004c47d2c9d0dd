"""Running an operator on tensors, in general, and recording what was run."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _dtypes
from .._grad_mode import recording
from .._graph import Edge, Output, Special
from .._plan import Plan
from .._quiet import quietly
from .._saved import keep
from .._tensor import Tensor, gradient_edge
from .._views import note_view
from .operator import Operator

__all__ = ["apply", "apply_elementwise", "fits_of", "promoted", "record", "run"]


def apply(operator: Operator, tensors: Sequence[Tensor | None], parameters: tuple[Any, ...]) -> Any:
    """Run an operator on tensors, and record it if one of them requires grad and recording is on."""
    arrays = [None if tensor is None else tensor._array for tensor in tensors]
    given = (arrays,) if operator.variadic else arrays
    result = quietly(operator.forward, *given, *parameters)
    results = tuple(map(Tensor, result)) if operator.several else (Tensor(result),)
    if recording.get() and True in (mask := operator.mask(tensors)):
        record(operator, operator.plan(mask), tensors, arrays, parameters, results)
    if operator.view and tensors[0] is not None:
        for number, each in enumerate(results):
            note_view(operator, parameters, tensors[0], each, number if operator.several else None)
    return results if operator.several else results[0]


def record(
    operator: Operator, plan: Plan, tensors: Any, arrays: Any, parameters: Any, results: tuple[Tensor, ...]
) -> None:
    """Hang a node for what was just computed on its results."""
    saved, guard = keep(plan, tensors, arrays, parameters, results)
    edges = tuple(gradient_edge(tensor) for tensor, needed in zip(tensors, plan.mask, strict=True) if needed)
    fits = fits_of(tensors, plan.mask, results[0]._array) if operator.elementwise else None
    outputs = tuple((each._array.shape, each._array.dtype) for each in results) if operator.several else None
    special = Special(fits, outputs) if fits or outputs else None
    node = operator.node_class(plan, edges, saved, guard, special)
    if not operator.several:
        _attach(results[0], node)
        return
    for number, each in enumerate(results):
        if each._array.dtype.kind in "fc":
            _attach(each, Output(node, number))


def _attach(result: Tensor, edge: Edge) -> None:
    result._edge = edge
    result._requires_grad = True


def fits_of(tensors: Any, mask: tuple[bool, ...], result: Any) -> Any:
    """Shapes and dtypes of the inputs that require grad, if any of them is not the result's own."""
    inputs = [tensor._array for tensor, needed in zip(tensors, mask, strict=True) if needed]
    if all(each.shape == result.shape and each.dtype == result.dtype for each in inputs):
        return None
    return tuple((each.shape, each.dtype) for each in inputs)


# -- elementwise operators: promotion, Python numbers, broadcasting
# ---------------------------------------------


def apply_elementwise(operator: Operator, arguments: tuple[Any, ...]) -> Any:
    """Run an elementwise operator on tensors and Python numbers; NotImplemented for any other operand."""
    count = len(operator.tensors)
    operands, parameters = arguments[:count], arguments[count:]
    values = promoted(operator, operands)
    if values is NotImplemented:
        return NotImplemented
    result = Tensor(run(operator, values, parameters))
    tensors = [each if isinstance(each, Tensor) else None for each in operands]
    if operator.node_name is not None and recording.get() and True in (mask := operator.mask(tensors)):
        record(operator, operator.plan(mask), tensors, values, parameters, (result,))
    return result


def run(operator: Operator, values: Any, parameters: tuple[Any, ...]) -> Any:
    """An operator's forward on arrays.

    Raises:
        RuntimeError: when the shapes of elementwise operands do not broadcast.
    """
    try:
        return quietly(operator.forward, *values, *parameters)
    except ValueError:
        if operator.elementwise:
            _check_broadcast([value.shape for value in values if isinstance(value, np.ndarray)])
        raise


def _check_broadcast(shapes: list[tuple[int, ...]]) -> None:
    for a, b in itertools.pairwise(shapes):
        for i in range(1, min(len(a), len(b)) + 1):
            if a[-i] != b[-i] and 1 not in (a[-i], b[-i]):
                raise RuntimeError(
                    f"The size of tensor a ({a[-i]}) must match the size of tensor b ({b[-i]}) at "
                    "non-singleton "
                    f"dimension {max(len(a), len(b)) - i}"
                )


def promoted(operator: Operator, operands: tuple[Any, ...]) -> Any:
    """The operands' arrays in the dtype they are computed in, or NotImplemented if one is no operand."""
    values = [each._array if isinstance(each, Tensor) else each for each in operands]
    given = tuple(values[i] for i in operator.elementwise if values[i] is not None)
    try:
        dtype = _dtypes.result_of(given).numpy
    except TypeError:
        return NotImplemented
    if operator.check is not None:
        operator.check(*given)
    if operator.floating:
        dtype = _dtypes.true_divide_dtype(dtype)
    for i in operator.elementwise:
        values[i] = _cast(values[i], dtype)
    return values


def _cast(value: Any, dtype: np.dtype[Any]) -> Any:
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        return value if value.dtype == dtype else value.astype(dtype)
    try:
        return quietly(np.array, value, dtype)
    except OverflowError:  # an integer that does not fit wraps around, as in PyTorch
        return np.array(value, np.int64).astype(dtype)

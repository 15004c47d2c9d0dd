"""One operation: its results on the independent forward, and the node that records it where an operand is
tracked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.catalogue import CATALOGUE
from conformance.dtypes import Typed, result_dtypes
from conformance.model.backward import Refused
from conformance.model.contested import STRETCHED_BY_A_BOUND, VIEW_UNDER_NO_GRAD
from conformance.model.expected import Reject
from conformance.model.record import Record
from conformance.model.state import State
from conformance.model.tensors import ModelTensor, Node
from oracles.forward import Unsupported
from oracles.forward import apply as forward
from oracles.question import Apply, Ref, substitute

VIEWS = frozenset(
    (
        "reshape flatten transpose permute squeeze unsqueeze expand T mT split chunk unbind select narrow"
        " diagonal movedim __getitem__"
    ).split()
)
"""Operators whose result may stand in the memory of their first operand."""

INVALID = ("RuntimeError", "IndexError", "ValueError", "TypeError")


def apply(
    state: State, op: str, args: tuple[Any, ...], params: Mapping[str, Any], count: int
) -> list[ModelTensor]:
    """The results of an operator on the model's tensors.

    Raises :class:`Refused` for arguments that do not fit, :class:`Reject` for an operator nobody here knows.
    """
    if op not in CATALOGUE:
        raise Reject(f"the catalogue has no operator {op}")
    if count == 1 and gives_itself(op, args, params):
        return [args[0]]
    written = rebuilt(args, lambda tensor: Ref(use(state, tensor)))
    options = tuple(
        (name, rebuilt(value, lambda tensor: Ref(use(state, tensor)))) for name, value in params.items()
    )
    arrays = computed(state.record, op, written, dict(options))
    if len(arrays) != count:
        raise Reject(f"{op} gives {len(arrays)} results and the program names {count}")
    described = rebuilt(args, lambda tensor: Typed(tensor.dtype, bool(tensor.shape)))
    options_described = {name: rebuilt(value, lambda tensor: tensor.dtype) for name, value in params.items()}
    dtypes = result_dtypes(CATALOGUE[op], described, options_described, count)
    if op == "clamp" and arrays[0].shape != args[0].shape:
        state.expected.contested.add(STRETCHED_BY_A_BOUND)
    if op in VIEWS and not state.enabled and args[0].requires_grad:
        state.expected.contested.add(VIEW_UNDER_NO_GRAD)
    values = state.record.add(Apply(op, written, options, count), arrays)
    results = [
        ModelTensor(value, array.shape, dtype)
        for value, array, dtype in zip(values, arrays, dtypes, strict=True)
    ]
    record(state, op, args, params, results)
    for _, operand in operands(args):
        operand.used = True
    if op in VIEWS:
        for result in results:
            result.base = args[0].base or args[0]
    return results


def gives_itself(op: str, args: tuple[Any, ...], params: Mapping[str, Any]) -> bool:
    """Whether the result is the operand, the same tensor, because there is nothing to do. Source: PyTorch's
    documentation of ``Tensor.to`` and ``torch.flatten``.
    """
    tensor = args[0]
    if op == "to":
        return bool(params.get("dtype", tensor.dtype) == tensor.dtype)
    return op == "flatten" and _trivial(len(tensor.shape), params)


def _trivial(rank: int, params: Mapping[str, Any]) -> bool:
    """Whether flatten is asked to merge one axis with itself."""
    first, last = params.get("start_dim", 0), params.get("end_dim", -1)
    return rank > 0 and first % rank == last % rank


def record(
    state: State, op: str, args: tuple[Any, ...], params: Mapping[str, Any], results: list[ModelTensor]
) -> None:
    """Hang one node on all floating results, where an operand is tracked."""
    edges = {at: tensor.edge() for at, tensor in operands(args) if state.enabled and tensor.requires_grad}
    if edges:
        node = Node(op, args, params, edges, tuple(result.value for result in results))
        for result in results:
            if result.is_floating:
                result.requires_grad, result.node = True, node


def use(state: State, tensor: ModelTensor) -> int:
    """The value of a tensor as an operand: itself where the use is tracked, else a constant to
    derivatives.
    """
    tracked = state.enabled and tensor.requires_grad
    return tensor.value if tracked or not tensor.is_floating else state.record.frozen(tensor.value)


def operands(args: tuple[Any, ...]) -> Iterator[tuple[int, ModelTensor]]:
    """The tensors among the arguments by place; those of a list count on from the list's own place."""
    for at, argument in enumerate(args):
        for offset, tensor in enumerate(tensors(argument)):
            yield at + offset, tensor


def tensors(argument: Any) -> Iterator[ModelTensor]:
    if isinstance(argument, ModelTensor):
        yield argument
    elif isinstance(argument, tuple):
        for item in argument:
            yield from tensors(item)


def computed(
    record: Record, op: str, args: tuple[Any, ...], params: Mapping[str, Any]
) -> tuple[NDArray[Any], ...]:
    """What the independent forward gives for arguments that refer to the record."""
    arrays = record.arrays
    options = {name: substitute(value, arrays) for name, value in params.items()}
    try:
        return tuple(np.asarray(result) for result in forward(op, substitute(args, arrays), options))
    except Unsupported as unsupported:
        raise Reject(str(unsupported)) from unsupported
    except (ValueError, IndexError, TypeError) as invalid:
        raise Refused(f"{op}: {invalid}", *INVALID) from invalid


def rebuilt(argument: Any, of_tensor: Callable[[ModelTensor], Any]) -> Any:
    """The argument with each tensor replaced."""
    if isinstance(argument, ModelTensor):
        return of_tensor(argument)
    return tuple(rebuilt(item, of_tensor) for item in argument) if isinstance(argument, tuple) else argument

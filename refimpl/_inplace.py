"""Changing a tensor in place: its memory, its version, and its history."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from . import _dtypes
from ._grad_mode import recording
from ._graph import Node, Output, Special, hooks_of, mark_changed, node_of
from ._operators.operator import Operator
from ._operators.recording import fits_of, promoted, run
from ._operators.rewriting import CopySlices
from ._saved import INPUT, keep
from ._tensor import Tensor, gradient_edge, rare_of, version_of
from ._views import check_may_change, forget_views, overlaps_itself, write

__all__ = ["change", "check_memory"]


def change(operator: Operator, self: Tensor, *arguments: Any, every_element: bool = False) -> Tensor:
    """Run an operator whose result replaces its first tensor's values; returns that tensor.

    ``every_element`` says that all elements get the same value, so that memory may be shared among them.

    Raises:
        RuntimeError: when the result does not fit the tensor in shape or dtype, when elements share memory,
            and where a recorded change is forbidden. Nothing has been changed then.
        TypeError: when an argument is no operand.
    """
    count = len(operator.tensors)
    operands, parameters = (self, *arguments[: count - 1]), arguments[count - 1 :]
    tensors = [each if isinstance(each, Tensor) else None for each in operands]
    records = recording.get() and any(
        each is not None and each._requires_grad for each in (*tensors, self._base)
    )
    if records:
        check_may_change(self)
    if not every_element:
        check_memory(self, *tensors[1:])
    values = _values(operator, operands)
    if not records and _fits_in_place(operator, self._array, values):
        run(operator, values, (self._array,))
        mark_changed(version_of(self))
        forget_views(self if self._base is None else self._base, recorded=False)
        return self
    result = run(operator, values, parameters)
    _check_result(self, result)
    if not records:
        _write(self, result)
        forget_views(self if self._base is None else self._base, recorded=False)
        return self
    plan = operator.plan(operator.mask(tensors))
    if (INPUT, 0) in plan.sources:
        values[0] = values[0].copy()
    _write(self, result)
    # Old values were copied, and nothing can change them; another operand in this memory has just been
    # changed.
    changed = Tensor(self._array)
    shares = [each is not None and each._version_counter is self._version_counter for each in tensors]
    guarded = [
        None,
        *(changed if shared else each for each, shared in zip(tensors[1:], shares[1:], strict=True)),
    ]
    saved, guard = keep(plan, guarded, values, parameters, (self,))
    fits = fits_of(tensors, plan.mask, result) if operator.elementwise else None
    edges = tuple(
        gradient_edge(each)
        for each, needed in zip(tensors, plan.mask, strict=True)
        if needed and each is not None
    )
    _rewrite(self, operator.node_class(plan, edges, saved, guard, None if fits is None else Special(fits)))
    if changed._version_counter is not None:
        mark_changed(changed._version_counter)
    return self


def _fits_in_place(operator: Operator, array: Any, values: list[Any]) -> bool:
    """Whether NumPy may write the result where it belongs: nothing can go wrong then."""
    return (
        operator.forward in _WRITING
        and array.flags.writeable
        and all(value.dtype is array.dtype and value.shape in ((), array.shape) for value in values)
    )


_WRITING: Final = frozenset((np.add, np.subtract, np.multiply))


def _values(operator: Operator, operands: tuple[Any, ...]) -> list[Any]:
    if not operator.elementwise:
        return [each._array if isinstance(each, Tensor) else each for each in operands]
    values: Any = promoted(operator, operands)
    if values is NotImplemented:
        kinds = ", ".join(type(each).__name__ for each in operands[1:])
        raise TypeError(f"{operator.name}_(): expected tensors or numbers as operands, but got ({kinds})")
    return list(values)


def check_memory(self: Tensor, *others: Tensor | None) -> None:
    """Raise what PyTorch raises where elements to be written share memory among themselves or with others.

    Raises:
        RuntimeError: then; a tensor that is the written one in every element is allowed.
    """
    array = self._array
    if overlaps_itself(array):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single "
            "memory location. "
            "Please clone() the tensor before performing the operation."
        )
    for other in others:
        if other is not None and _partly_overlaps(array, other._array):
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to tensor refer "
                "to a single "
                "memory location. Please clone() the tensor before performing the operation."
            )


def _partly_overlaps(written: Any, read: Any) -> bool:
    """Whether two arrays share memory without being the same elements in the same places."""
    if not np.may_share_memory(written, read):
        return False
    same_place = written.__array_interface__["data"][0] == read.__array_interface__["data"][0]
    if same_place and written.shape == read.shape and written.strides == read.strides:
        return False
    return written.flags.forc and read.flags.forc and bool(np.shares_memory(written, read))


def _check_result(self: Tensor, result: Any) -> None:
    kind, wanted = _dtypes.FROM_NUMPY[result.dtype], self.dtype
    if not _dtypes.can_cast(kind, wanted):
        names = [_TITLES.get(each.name, each.name.title()) for each in (kind, wanted)]
        raise RuntimeError(f"result type {names[0]} can't be cast to the desired output type {names[1]}")
    if result.shape != self._array.shape:
        raise RuntimeError(
            f"output with shape {list(self._array.shape)} doesn't match the broadcast shape "
            f"{list(result.shape)}"
        )


_TITLES: Final = {
    "float16": "Half", "float32": "Float", "float64": "Double", "int64": "Long", "int32": "Int",
    "int16": "Short", "int8": "Char", "uint8": "Byte",
}  # fmt: skip


def _write(self: Tensor, result: Any) -> None:
    write(self._array, result)
    mark_changed(version_of(self))


def _rewrite(self: Tensor, node: Node) -> None:
    """Make ``node`` the history of a tensor, or of its base for the part that it is a view of."""
    base = self._base
    if base is None:
        _give_history(self, node)
    else:
        edge = gradient_edge(base) if base._requires_grad else None
        _give_history(base, CopySlices(edge, rare_of(self).step, node))


def _give_history(changed: Tensor, node: Node) -> None:
    former, changed._edge, changed._requires_grad = changed._edge, node, True
    if changed.retains_grad:
        # It retains the gradient of its present values, no longer that of its former ones.
        number = former.number if isinstance(former, Output) else 0
        assert former is not None
        hooks_of(node_of(former)).retained.pop(number, None)
        changed.retain_grad()
    forget_views(changed)

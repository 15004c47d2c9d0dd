"""The one way an operator is declared: its forward on arrays, and its pullback, together.

    exp = declare("exp(self)", np.exp, node="ExpBackward0", elementwise=True, floating=True,
                  self=lambda F, g, result: g * result)

declares the operator, gives pullbacks ``F.exp`` in both readings, and returns the function on tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import _dtypes
from .._grad_mode import recording
from .._graph import Edge, MultiNode, Node, Output
from .._plan import Plan
from .._saved import keep
from .._tensor import Tensor, gradient_edge, rare_of, version_of
from .._vocabulary import RAW, TRACED

__all__ = ["OPERATORS", "Operator", "apply", "declare"]

Forward = Callable[..., Any]
Pullback = Callable[..., Any]

OPERATORS: dict[str, Operator] = {}
"""All operators by name."""


class Operator:
    """A declared operator; see ``declare`` for the meaning of its parts."""

    def __init__(self, signature: str, forward: Forward, node: str | None) -> None:
        self.name, self.tensors, self.variadic, self.parameters = _parsed(signature)
        self.forward = forward
        self.elementwise: tuple[int, ...] = ()
        self.floating = False
        self.several = False
        self.materialize = True
        self.view = False
        self.joint: Pullback | None = None
        self.pullbacks: dict[str, Pullback] = {}
        self.call: Callable[..., Any] = _unset
        self.node_name = node
        self._node_class: type[Node] | None = None
        self._plans: dict[tuple[bool, ...], Plan] = {}

    @property
    def node_class(self) -> type[Node]:
        """The class of this operator's nodes, which carries PyTorch's name."""
        if self._node_class is None:
            base = MultiNode if self.several else Node
            self._node_class = type(self.node_name or self.name, (base,), {"__slots__": (), "__module__": __name__})
        return self._node_class

    def plan(self, mask: tuple[bool, ...]) -> Plan:
        """The plan for the inputs in ``mask``."""
        found = self._plans.get(mask)
        if found is None:
            found = self._plans[mask] = Plan(self, mask)
        return found

    def mask(self, tensors: Sequence[Tensor | None]) -> tuple[bool, ...]:
        """Which of the inputs require grad, of those that the operator can be differentiated in."""
        if self.joint is not None:
            return tuple(t is not None and t._requires_grad for t in tensors)
        names = self.tensors
        return tuple(t is not None and t._requires_grad and names[i] in self.pullbacks for i, t in enumerate(tensors))


def _unset(*_: Any) -> Any:
    raise AssertionError("the operator has not been declared completely")


def _parsed(signature: str) -> tuple[str, tuple[str, ...], bool, tuple[str, ...]]:
    name, _, rest = signature.rstrip(")").partition("(")
    tensors, _, parameters = rest.partition(";")
    return name, _split(tensors.replace("*", "")), "*" in tensors, _split(parameters)


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def declare(
    signature: str,
    forward: Forward,
    /,
    *,
    node: str | None = None,
    elementwise: bool | Sequence[str] = False,
    floating: bool = False,
    several: bool = False,
    materialize: bool = True,
    view: bool = False,
    joint: Pullback | None = None,
    **pullbacks: Pullback,
) -> Callable[..., Any]:
    """Declare an operator and return it as a function on tensors, called with positional arguments only.

    Args:
        signature: ``"name(tensor, tensor; parameter, parameter)"``. A tensor may be None in a call. A single
            ``*tensors`` takes a sequence of tensors as one argument.
        forward: from arrays and parameters to an array, or with ``several`` to a tuple of arrays. It must not
            change or keep its arguments.
        node: PyTorch's name of the backward node. Without pullbacks none is needed: the results never require grad.
        elementwise: operands (all of them, or those named) are promoted to one dtype and may be Python numbers, and
            gradients are summed and cast back to each operand's own shape and dtype.
        floating: integer and bool operands are computed in the default dtype, as in PyTorch's real functions.
        several: the operator has several outputs. Those of integer or bool dtype never require grad.
        materialize: with ``several``, a cotangent that did not arrive is zeros, else None.
        view: the result shares memory with the first tensor, wherever NumPy says so.
        pullbacks: for each differentiable tensor ``name=lambda F, g, ...: ...`` giving its gradient from the cotangent
            ``g`` (a tuple with ``several``) and from whatever its further parameters name: a tensor, a parameter,
            ``result`` (``result0``, ``result1``...), or a tensor's ``name_shape``. Nothing else is saved.
        joint: instead of ``pullbacks``, one function ``(F, g, needed, ...)`` giving a tuple of all gradients; it may
            leave None where ``needed`` is False.
    """
    operator = Operator(signature, forward, node)
    if elementwise:
        chosen = operator.tensors if elementwise is True else elementwise
        operator.elementwise = tuple(operator.tensors.index(name) for name in chosen)
    operator.floating, operator.several, operator.materialize, operator.view = floating, several, materialize, view
    operator.joint, operator.pullbacks = joint, pullbacks
    unknown = [name for name in pullbacks if name not in operator.tensors]
    if unknown or operator.name in OPERATORS:
        raise TypeError(f"cannot declare {signature!r}: unknown tensors {unknown}, or the name is taken")
    operator.call = _general(operator)
    OPERATORS[operator.name] = operator
    setattr(RAW, operator.name, forward)
    setattr(TRACED, operator.name, operator.call)
    return operator.call


def _general(operator: Operator) -> Callable[..., Any]:
    if operator.elementwise:
        return lambda *arguments: apply_elementwise(operator, arguments)
    if operator.variadic:
        return lambda tensors, *parameters: apply(operator, tuple(tensors), parameters)
    count = len(operator.tensors)
    return lambda *arguments: apply(operator, arguments[:count], arguments[count:])


def apply(operator: Operator, tensors: Sequence[Tensor | None], parameters: tuple[Any, ...]) -> Any:
    """Run an operator on tensors, and record it if one that requires grad is among them and recording is on."""
    arrays = [None if tensor is None else tensor._array for tensor in tensors]
    result = operator.forward(arrays, *parameters) if operator.variadic else operator.forward(*arrays, *parameters)
    results = tuple(map(Tensor, result)) if operator.several else (Tensor(result),)
    if recording.get() and True in (mask := operator.mask(tensors)):
        record(operator, operator.plan(mask), tensors, arrays, parameters, results)
    if operator.view:
        for each in results:
            _note_view(each, tensors[0])
    return results if operator.several else results[0]


def record(
    operator: Operator, plan: Plan, tensors: Any, arrays: Any, parameters: Any, results: tuple[Tensor, ...]
) -> None:
    """Hang a node for what was just computed on its results."""
    saved, guard = keep(plan, tensors, arrays, parameters, results)
    edges = tuple(gradient_edge(tensor) for tensor, needed in zip(tensors, plan.mask, strict=True) if needed)
    fits = _fits(tensors, plan.mask, results[0]._array) if operator.elementwise else None
    node = operator.node_class(plan, edges, saved, guard, fits)
    if not operator.several:
        _attach(results[0], node)
        return
    node.outputs = tuple((each._array.shape, each._array.dtype) for each in results)  # type: ignore[attr-defined]
    for number, each in enumerate(results):
        if each._array.dtype.kind in "fc":
            _attach(each, Output(node, number))


def _attach(result: Tensor, edge: Edge) -> None:
    result._edge = edge
    result._requires_grad = True


def _fits(tensors: Any, mask: tuple[bool, ...], result: Any) -> Any:
    """Shapes and dtypes of the inputs that require grad, if any of them is not the result's own."""
    inputs = [tensor._array for tensor, needed in zip(tensors, mask, strict=True) if needed]
    if all(each.shape == result.shape and each.dtype == result.dtype for each in inputs):
        return None
    return tuple((each.shape, each.dtype) for each in inputs)


def _note_view(result: Tensor, source: Tensor | None) -> None:
    """Let a result that shares its source's memory share its version counter and its base."""
    if source is None or not _shares(result._array, source._array):
        return
    result._version_counter = version_of(source)
    base = source if source._base is None else source._base
    rare_of(result).base = base


def _shares(result: Any, source: Any) -> bool:
    owner = source if source.base is None else source.base
    return result is source or (result.base is not None and (result.base is source or result.base is owner))


# -- elementwise operators: promotion, Python numbers, broadcasting ---------------------------------------------


def apply_elementwise(operator: Operator, arguments: tuple[Any, ...]) -> Any:
    """Run an elementwise operator on tensors and Python numbers; NotImplemented for any other operand."""
    count = len(operator.tensors)
    operands, parameters = arguments[:count], arguments[count:]
    values = [each._array if isinstance(each, Tensor) else each for each in operands]
    promoted = [values[i] for i in operator.elementwise if values[i] is not None]
    try:
        dtype = _dtypes.result_of(tuple(promoted)).numpy
    except TypeError:
        return NotImplemented
    if operator.floating:
        dtype = _dtypes.true_divide_dtype(dtype)
    for i in operator.elementwise:
        values[i] = _cast(values[i], dtype)
    result = Tensor(operator.forward(*values, *parameters))
    tensors = [each if isinstance(each, Tensor) else None for each in operands]
    if operator.node_name is not None and recording.get() and True in (mask := operator.mask(tensors)):
        record(operator, operator.plan(mask), tensors, values, parameters, (result,))
    return result


def _cast(value: Any, dtype: np.dtype[Any]) -> Any:
    if value is None:
        return None
    if isinstance(value, np.ndarray):
        return value if value.dtype == dtype else value.astype(dtype)
    return np.array(value, dtype)

"""The one way an operator is declared: its forward on arrays, and its pullback, together.

    exp = declare("exp(self)", np.exp, node="ExpBackward0", elementwise=True, floating=True,
                  self=lambda F, g, result: g * result)

declares the operator, gives pullbacks ``F.exp`` in both readings, and returns the function on tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._vocabulary import RAW, TRACED
from . import fast
from .operator import OPERATORS, Forward, Operator, Pullback
from .recording import apply, apply_elementwise

__all__ = ["declare"]


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
    check: Callable[..., None] | None = None,
    joint: Pullback | None = None,
    **pullbacks: Pullback,
) -> Callable[..., Any]:
    """Declare an operator and return it as a function on tensors, called with positional arguments only.

    Args:
        signature: ``"name(tensor, tensor; parameter, parameter)"``. A tensor may be None in a call. A single
            ``*tensors`` takes a sequence of tensors as one argument.
        forward: from arrays and parameters to an array, or with ``several`` to a tuple of arrays. It must not
            change or keep its arguments.
        node: PyTorch's name of the backward node. Without pullbacks none is needed: the results never require
            grad.
        elementwise: operands (all of them, or those named) are promoted to one dtype and may be Python
            numbers, and gradients are summed and cast back to each operand's own shape and dtype.
        floating: integer and bool operands are computed in the default dtype, as in PyTorch's real functions.
        several: the operator has several outputs. Those of integer or bool dtype never require grad.
        materialize: with ``several``, a cotangent that did not arrive is zeros, else None.
        view: the result shares memory with the first tensor, wherever NumPy says so.
        check: called with the operands of an elementwise operator as they came, before promotion; raises what
            they deserve.
        pullbacks: for each differentiable tensor ``name=lambda F, g, ...: ...`` giving its gradient from the
            cotangent ``g`` (a tuple with ``several``) and from whatever its further parameters name: a
            tensor, a parameter, ``result`` (``result0``, ``result1``...), or a tensor's ``name_shape``.
            Nothing else is saved.
        joint: instead of ``pullbacks``, one function ``(F, g, needed, ...)`` giving a tuple of all gradients;
            it may leave None where ``needed`` is False.
    """
    operator = Operator(signature, forward, node)
    if elementwise:
        chosen = operator.tensors if elementwise is True else elementwise
        operator.elementwise = tuple(operator.tensors.index(name) for name in chosen)
    operator.floating, operator.several, operator.materialize, operator.view = (
        floating,
        several,
        materialize,
        view,
    )
    operator.check = check
    operator.joint, operator.pullbacks = joint, pullbacks
    unknown = [name for name in pullbacks if name not in operator.tensors]
    if unknown or operator.name in OPERATORS:
        raise TypeError(f"cannot declare {signature!r}: unknown tensors {unknown}, or the name is taken")
    operator.call = _called(operator)
    OPERATORS[operator.name] = operator
    setattr(RAW, operator.name, forward)
    setattr(TRACED, operator.name, operator.call)
    return operator.call


def _called(operator: Operator) -> Callable[..., Any]:
    count = len(operator.tensors)
    if operator.elementwise:

        def general(*arguments: Any) -> Any:
            return apply_elementwise(operator, arguments)

        if len(operator.pullbacks) == len(operator.elementwise) == count == 1:
            return fast.unary(operator, general)
        if len(operator.pullbacks) == len(operator.elementwise) == count == 2 and not operator.parameters:
            return fast.binary(operator, general)
        return general
    if operator.variadic:
        return lambda tensors, *parameters: apply(operator, tuple(tensors), parameters)
    if len(operator.pullbacks) == count == 1 and not operator.several:
        return fast.unary(operator, lambda *arguments: apply(operator, arguments[:1], arguments[1:]))
    return lambda *arguments: apply(operator, arguments[:count], arguments[count:])

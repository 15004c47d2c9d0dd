"""The model runs a program: statement by statement, on the independent NumPy forward, and predicts its
trace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.model import gradients, operations
from conformance.model.backward import Refused, Unsure
from conformance.model.conditions import decide
from conformance.model.contested import VIEW_BEFORE_FLAG
from conformance.model.expected import Anything, Expected, ExpectedObservation, Number, Reject
from conformance.model.modes import MODE_OF
from conformance.model.state import Missing, State
from conformance.model.tensors import ModelTensor
from conformance.programs import statements as st
from conformance.trace import Place


def predict(program: st.Program) -> Expected:
    """What an implementation should give for the program.

    Raises :class:`Reject` where the program is at fault (a condition on the edge, a loop too long, an
    operator that the independent forward does not know).
    """
    state = State()
    body(state, program.complete().statements, ())
    return state.expected


def body(state: State, statements: tuple[st.Statement, ...], inside: Place) -> None:
    """Run statements in order; ``inside`` is the place of the block round that they stand in."""
    for index, statement in enumerate(statements):
        run(state, statement, (*inside, index))


def run(state: State, statement: st.Statement, place: Place) -> None:
    """Run one statement and predict its outcome."""
    handler = HANDLERS.get(type(statement))
    if handler is None:
        raise Reject(f"the model does not know {type(statement).__name__} yet")
    try:
        for name in st.used(statement):
            state.tensor(name)
        handler(state, statement, place)
    except Missing as missing:
        state.event(place, "skipped", why=str(missing))
        state.unbind(statement)
    except Refused as refused:
        state.event(place, "raised", refused.classes, str(refused))
        state.unbind(statement)
    except Unsure as unsure:
        raise Reject(str(unsure)) from unsure
    else:
        state.event(place, "ok")


# --- tensors ---


def create(state: State, s: st.Create, place: Place) -> None:
    if s.requires_grad and not s.value.is_floating:
        raise Refused("only floating tensors can require gradients")
    value = state.record.constant(s.value)
    state.bind(s.target, ModelTensor(value, s.value.shape, s.value.dtype, s.requires_grad))


def apply(state: State, s: st.Apply, place: Place) -> None:
    args, params = state.resolved(s.args), {name: state.resolved(value) for name, value in s.params}
    results = operations.apply(state, s.op, args, params, len(s.targets))
    for target, result in zip(s.targets, results, strict=True):
        state.bind(target, result)


def detach(state: State, s: st.Detach, place: Place) -> None:
    source = state.tensor(s.source)
    value = state.record.frozen(source.value)
    state.bind(s.target, ModelTensor(value, source.shape, source.dtype, storage=source.storage))


def set_requires_grad(state: State, s: st.SetRequiresGrad, place: Place) -> None:
    tensor = state.tensor(s.target)
    if s.value and not tensor.is_floating:
        raise Refused("only floating tensors can require gradients")
    if not tensor.is_leaf and not s.value:
        raise Refused("the flag of a tensor that is no leaf cannot be cleared")
    if s.value and any(other.base is tensor for other in state.live()):
        state.expected.contested.add(VIEW_BEFORE_FLAG)
    tensor.late = tensor.late or (tensor.used and s.value != tensor.requires_grad)
    tensor.requires_grad = s.value
    state.own(tensor)


# --- blocks ---


def grad_mode(state: State, s: st.GradMode, place: Place) -> None:
    before = state.enabled
    state.enabled = MODE_OF[s.mode]
    try:
        body(state, s.body, (*place, 0))
    finally:
        state.enabled = before


def repeat(state: State, s: st.Repeat, place: Place) -> None:
    for turn in range(s.times):
        body(state, s.body, (*place, turn))


def while_(state: State, s: st.While, place: Place) -> None:
    for turn in range(s.limit):
        if not decide(state.record, state.tensor(s.condition.source), s.condition):
            return
        body(state, s.body, (*place, turn))
    raise Reject(f"the loop did not end within {s.limit} rounds")


def if_(state: State, s: st.If, place: Place) -> None:
    if decide(state.record, state.tensor(s.condition.source), s.condition):
        body(state, s.then, (*place, 0))
    else:
        body(state, s.otherwise, (*place, 1))


# --- observing ---


def observe(state: State, s: st.Observe, place: Place) -> None:
    for name in s.names:
        tensor = state.names.get(name)
        if tensor is not None:
            fields: dict[str, Any] = {field: observed(tensor, field) for field in s.fields}
            state.expected.observations.append(ExpectedObservation(place, name, fields))


def observed(tensor: ModelTensor, field: st.Field) -> Any:
    """What an observer of the tensor sees."""
    match field:
        case "value":
            return number(tensor)
        case "shape" | "dtype" | "requires_grad" | "is_leaf":
            return getattr(tensor, field)
        case "has_grad_fn":
            return tensor.node is not None
        case "grad" if tensor.doubt:
            return Anything(tensor.doubt)
        case "grad":
            return None if tensor.grad is None else number(tensor.grad)
        case "alias":
            return id(tensor.storage)
    return Anything(f"the model does not predict {field} yet")


def number(tensor: ModelTensor) -> Number:
    return Number(tensor.terms or (tensor.value,), tensor.shape, tensor.dtype)


HANDLERS: dict[type, Callable[[State, Any, Place], None]] = {
    st.Create: create,
    st.Apply: apply,
    st.Detach: detach,
    st.SetRequiresGrad: set_requires_grad,
    st.GradMode: grad_mode,
    st.Repeat: repeat,
    st.While: while_,
    st.If: if_,
    st.Backward: lambda state, s, place: gradients.backward(state, s),
    st.Grad: lambda state, s, place: gradients.grad(state, s),
    st.SetGrad: lambda state, s, place: gradients.set_grad(state, s),
    st.ReadGrad: lambda state, s, place: gradients.read_grad(state, s),
    st.RetainGrad: lambda state, s, place: gradients.retain_grad(state, s),
    st.Observe: observe,
}

"""The statements about gradients: backward, grad, and what is done to ``.grad`` by hand."""

from __future__ import annotations

import numpy as np

from conformance.model import backward as walking
from conformance.model.backward import Gradient, Refused, Unsure
from conformance.model.contested import (
    BORROWED_COTANGENT,
    INPUTS_RETAIN,
    RETAINED_DURING_GRAD,
    ZERO_SECOND_ORDER,
)
from conformance.model.state import Missing, State
from conformance.model.tensors import Edge, ModelTensor, Node
from conformance.programs import statements as st
from oracles.question import Apply, Literal, Ref


def backward(state: State, s: st.Backward) -> None:
    """Accumulate into every leaf that is reached, or into ``inputs``, and into whatever retains its grad."""
    roots = [state.tensor(name) for name in s.roots]
    cotangents = [None if name is None else state.tensor(name) for name in s.gradients]
    walking.check_roots(roots, cotangents)
    named = _inputs(state, s.inputs)
    edges = known_edges(state, roots, named or [])
    met = [edge.tensor for edge in walking.reached(edges)]
    leaves = [tensor for tensor in met if tensor.is_leaf and tensor.requires_grad]
    kept = [tensor for tensor in met if tensor.retains_grad]
    if any(tensor.was_input and not tensor.retains_grad and tensor not in (named or ()) for tensor in met):
        state.expected.contested.add(INPUTS_RETAIN)
    for tensor in named or ():
        tensor.was_input = not tensor.is_leaf
    targets = unique([*(leaves if named is None else named), *kept])
    try:
        gradients = walking.walk(state.record, roots, cotangents, targets, s.create_graph, retains(s), named)
    except Refused:
        for tensor in targets:
            tensor.doubt = "a backward that failed on its way may have accumulated into it"
        raise
    lent = walking.passed_on(edge for edge, given in zip(edges, cotangents, strict=True) if given is not None)
    for tensor in targets:
        if id(tensor) in gradients:
            fresh = tensor.grad is None
            tensor.grad = accumulated(state, tensor, gradients[id(tensor)], s.create_graph)
            tensor.grad.borrowed = fresh and id(tensor) in lent


def known_edges(state: State, roots: list[ModelTensor], asked: list[ModelTensor]) -> list[Edge]:
    """The edges to start from, where the model knows all that the walk from them will meet.

    The history of a gradient leads through whatever its pullbacks kept: of that the model knows the leaves.
    """
    edges = [root.edge() for root in roots]
    if any(below.op in ("abs", "norm") for node in walking.order(edges) for below in node.through):
        state.expected.contested.add(ZERO_SECOND_ORDER)
    watched = any(each.retains_grad for each in state.live()) or not all(each.is_leaf for each in asked)
    if watched and any(node.through for node in walking.order(edges)):
        raise Unsure("the history of a gradient may lead through an intermediate that is watched")
    return edges


def _inputs(state: State, names: tuple[str, ...] | None) -> list[ModelTensor] | None:
    if names is None:
        return None
    if not names:
        raise Refused("inputs is empty")
    targets = [state.tensor(name) for name in names]
    if not all(target.requires_grad for target in targets):
        raise Refused("an input does not require grad")
    return targets


def retains(s: st.Backward | st.Grad) -> bool:
    """``retain_graph`` with its default."""
    return s.create_graph if s.retain_graph is None else s.retain_graph


def accumulated(state: State, tensor: ModelTensor, new: Gradient, create_graph: bool) -> ModelTensor:
    """The grad of a tensor after one more gradient arrived.

    Without create_graph the same buffer is added to, so that a name bound to it sees the sum.
    """
    old = tensor.grad
    terms = (*(old.terms if old is not None else ()), *new.terms)
    if old is not None and old.borrowed:
        state.expected.contested.add(BORROWED_COTANGENT)
    if old is not None and not create_graph and not old.requires_grad:
        old.terms, old.value = terms, total(state, terms, tensor.shape)
        return old
    before = old.node if old is not None else None
    history = (*new.history, *(before.inputs.values() if before is not None else ()))
    through = (*new.through, *(before.through if before is not None else ()))
    return result(state, Gradient(terms, history, through), tensor)


def result(state: State, gradient: Gradient, like: ModelTensor) -> ModelTensor:
    """A gradient as a tensor of its own."""
    value = total(state, gradient.terms, like.shape)
    made = ModelTensor(value, like.shape, like.dtype, terms=gradient.terms)
    if gradient.history:
        inputs = dict(enumerate(gradient.history))
        made.requires_grad = True
        made.node = Node("vjp", (), {}, inputs, (value,), through=gradient.through)
    state.own(made)
    return made


def total(state: State, terms: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """The sum of the terms as one value of the record."""
    value = terms[0]
    for term in terms[1:]:
        (value,) = state.record.add(Apply("add", (Ref(value), Ref(term))), [np.ones(shape)], guessed=True)
    return value


def grad(state: State, s: st.Grad) -> None:
    """Bind each target to the gradient of its input; write to no ``.grad``."""
    outputs = [state.tensor(name) for name in s.outputs]
    inputs = [state.tensor(name) for name in s.inputs]
    cotangents = [None if name is None else state.tensor(name) for name in s.grad_outputs]
    walking.check_roots(outputs, cotangents)
    if not all(tensor.requires_grad for tensor in inputs):
        raise Refused("one of the inputs does not require grad")
    met = [edge.tensor for edge in walking.reached(known_edges(state, outputs, inputs))]
    if any(tensor.retains_grad or tensor.was_input for tensor in met):
        state.expected.contested.add(RETAINED_DURING_GRAD)
    wanted = unique(inputs)
    gradients = walking.walk(state.record, outputs, cotangents, wanted, s.create_graph, retains(s), wanted)
    missing = [name for name, tensor in zip(s.inputs, inputs, strict=True) if id(tensor) not in gradients]
    if missing and not (s.allow_unused or s.materialize_grads):
        raise Refused(f"{', '.join(missing)} was not used in the graph of the outputs", late=True)
    for target, tensor in zip(s.targets, inputs, strict=True):
        found = gradients.get(id(tensor))
        if found is not None:
            state.names[target] = result(state, found, tensor)
        elif s.materialize_grads:
            zeros = state.record.constant(Literal.of(np.zeros(tensor.shape), "float64"))
            state.names[target] = ModelTensor(zeros, tensor.shape, tensor.dtype)
        else:
            state.names[target] = None


def set_grad(state: State, s: st.SetGrad) -> None:
    """Assign to ``.grad``; the assigned tensor itself becomes the buffer."""
    tensor = state.tensor(s.target)
    value = None if s.value is None else state.tensor(s.value)
    if value is not None and (value.shape != tensor.shape or value.dtype != tensor.dtype or value is tensor):
        raise Refused(
            "the assigned grad must have the shape and dtype of its tensor and not be the tensor itself"
        )
    tensor.grad = value
    tensor.doubt = ""
    if value is not None and not value.terms:
        value.terms = (value.value,)


def read_grad(state: State, s: st.ReadGrad) -> None:
    buffer = state.tensor(s.source).grad
    if buffer is None:
        raise Missing(f"{s.source} has no grad")
    state.names[s.target] = buffer


def retain_grad(state: State, s: st.RetainGrad) -> None:
    tensor = state.tensor(s.target)
    if not tensor.requires_grad:
        raise Refused("can't retain_grad on a tensor that does not require grad")
    tensor.retains_grad = not tensor.is_leaf


def unique(tensors: list[ModelTensor]) -> list[ModelTensor]:
    """Each tensor once, in order of first appearance."""
    return list({id(tensor): tensor for tensor in tensors}.values())

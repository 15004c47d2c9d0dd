"""Asking for gradients, releasing and retaining the graph, several roots, gradients of gradients."""

from __future__ import annotations

from dataclasses import replace

from conformance.laws.document.cases import backward, compute, cotangent, inner, root, sketches, tracked_leaf
from conformance.laws.law import Session, law
from conformance.model.contested import INPUTS_RETAIN, RETAINED_DURING_GRAD
from conformance.programs.statements import Backward, Grad, Observe, Program, RetainGrad
from conformance.programs.strategies.scope import Known, Scope


def _below(scope: Scope, of: Known) -> list[Known]:
    """The tracked tensors that a root is computed from, itself among them."""
    return [each for each in scope.values() if each.tracked and each.bit & of.reach]


def _asked(scope: Scope) -> None:
    of = root(scope)
    below = _below(scope, of)
    if scope.d.chance(2):
        scope.write(RetainGrad(scope.d.choice([each for each in below if not each.leaf]).name))
    inputs = scope.d.some(below[:6], least=1)[:3]
    targets = tuple(scope.name("g") for _ in inputs)
    names = tuple(each.name for each in inputs)
    scope.write(Grad(targets, (of.name,), names, (cotangent(scope, of),)))


@law("MEC-01", cases=sketches(_asked, most=5))
def asks_without_writing(session: Session, program: Program) -> None:
    """Gradients by leaves, intermediates and the root itself; the grad of every tensor stays None."""
    watched = Program((*program.statements, Observe(program.names)))
    session.conforms(watched, contested=frozenset({RETAINED_DURING_GRAD}))


def _unused(scope: Scope) -> None:
    apart = tracked_leaf(scope)
    of = scope.d.choice([each for each in inner(scope) if not each.reach & apart.reach][:3])
    used = scope.d.choice(_below(scope, of)[:4])
    how = scope.d.below(3)
    names = (apart.name, used.name) if scope.d.chance(4) else (used.name, apart.name)
    given = (cotangent(scope, of),)
    scope.write(
        Grad(
            (scope.name("g"), scope.name("g")),
            (of.name,),
            names,
            given,
            allow_unused=how == 1,
            materialize_grads=how == 2,
        )
    )


@law("MEC-02", cases=sketches(_unused))
def answers_for_an_unused_input(session: Session, program: Program) -> None:
    """An error, None, or zeros."""
    session.conforms(program)


def _released(scope: Scope) -> None:
    of = root(scope)
    backward(scope, of)
    if scope.d.chance(4):
        of = compute(scope, "mul", of, 2.0)
    backward(scope, of)


@law("MEC-03", cases=sketches(_released))
def refuses_a_released_graph(session: Session, program: Program) -> None:
    """Backward twice through one graph, the second time perhaps from further up."""
    session.conforms(program)


def _kept(scope: Scope) -> None:
    of = root(scope)
    for _ in range(1 + scope.d.below(2)):
        backward(scope, of, retain=True)
        scope.write(Observe(tuple(scope.state.known), ("grad",)))
    backward(scope, of if scope.d.chance(4) else root(scope))


@law("MEC-04", cases=sketches(_kept))
def keeps_a_retained_graph(session: Session, program: Program) -> None:
    """The same graph two or three times; gradients are observed in between."""
    session.conforms(Program((*program.statements, Observe(program.names))))


def _several(scope: Scope) -> None:
    first = root(scope)
    inside = [each for each in _below(scope, first) if not each.leaf]
    second = scope.d.choice([*inside, *inner(scope)])
    seeds = (cotangent(scope, first), cotangent(scope, second))
    scope.write(Backward((first.name, second.name), seeds))


@law("MEC-05", cases=sketches(_several, most=5))
def adds_up_several_roots(session: Session, program: Program) -> None:
    """Two roots apart, one inside the graph of the other, or twice the same."""
    session.conforms(program)


def _twice(scope: Scope) -> None:
    of = root(scope)
    leaves = [each for each in _below(scope, of) if each.leaf]
    by = scope.d.choice(leaves[:3])
    target = scope.name("g")
    scope.write(Grad((target,), (of.name,), (by.name,), (cotangent(scope, of),), create_graph=True))
    gradient = scope.bind(
        Known(replace(by.bound, name=target), True, False, scope.fresh_bit(), of.reach, exact=False)
    )
    other = scope.d.choice(leaves[:3])
    mixed = compute(scope, "mul", gradient, other) if other.bound.shape == by.bound.shape else gradient
    backward(scope, compute(scope, "sum", mixed) if scope.d.chance(4) else mixed)


@law("MEC-06", cases=sketches(_twice))
def differentiates_through_a_gradient(session: Session, program: Program) -> None:
    """A gradient times a leaf, perhaps another one, and its gradient: mixed partials among them."""
    session.conforms(program)


def _input_once(scope: Scope) -> None:
    of = root(scope)
    between = scope.d.choice([each for each in _below(scope, of) if not each.leaf])
    seed = cotangent(scope, of)
    scope.write(Backward((of.name,), (seed,), retain_graph=True, inputs=(between.name,)))
    scope.write(Observe(tuple(scope.state.known), ("grad",)))
    backward(scope, of)


@law("MEC-07", cases=sketches(_input_once))
def forgets_an_input_afterwards(session: Session, program: Program) -> None:
    """An intermediate as the input of a backward, and a backward without inputs after it."""
    watched = Program((*program.statements, Observe(program.names, ("grad",))))
    session.conforms(watched, contested=frozenset({INPUTS_RETAIN}))

"""Backward: what it needs, what it computes, and where the result goes."""

from __future__ import annotations

import math
from dataclasses import replace

from conformance.laws.document.cases import (
    PLAIN,
    backward,
    compute,
    cotangent,
    inner,
    root,
    sketches,
    tracked_leaf,
)
from conformance.laws.law import Session, law
from conformance.programs.statements import (
    Apply,
    Backward,
    Create,
    Field,
    Observe,
    Program,
    RetainGrad,
    SetGrad,
    Var,
)
from conformance.programs.strategies import Style
from conformance.programs.strategies.scope import Known, Scope
from conformance.programs.strategies.values import SHAPES, cotangent_table, draw_literal, walk
from oracles.question import Literal


def _backward(scope: Scope) -> None:
    backward(scope, root(scope))


# --- what backward needs ---


def single(scope: Scope) -> Known:
    """A tracked result with exactly one element, of any rank."""
    total = compute(scope, "sum", root(scope))
    return compute(scope, "reshape", total, shape=(1,) * scope.d.below(5))


@law("DOC-09", cases=sketches(lambda scope: scope.write(Backward((single(scope).name,)))))
def needs_no_argument_for_one_element(session: Session, program: Program) -> None:
    """One-element roots of rank 0 to 4."""
    session.conforms(program)


@law("DOC-10", cases=sketches(lambda scope: scope.write(Backward((single(scope).name,)))))
def means_one_by_no_argument(session: Session, program: Program) -> None:
    """The same graph twice, without an argument and with the cotangent 1."""
    session.conforms(program)
    last = program.statements[-1]
    reshape = program.statements[-2]
    assert isinstance(last, Backward)
    assert isinstance(reshape, Apply)
    ones = Create("one", Literal("float64", dict(reshape.params)["shape"], (1.0,)))
    session.conforms(Program((*program.statements[:-1], ones, replace(last, gradients=("one",)))))


def _needy(scope: Scope) -> None:
    several = [each for each in inner(scope) if each.bound.array.size != 1]
    of = several[0] if several else compute(scope, "mul", tracked_leaf(scope, (3,)), 2.0)
    scope.write(Backward((of.name,)))
    scope.write(Observe(tuple(scope.state.known), ("grad",)))
    backward(scope, of)


@law("DOC-11", cases=sketches(_needy))
def refuses_several_elements_without_a_gradient(session: Session, program: Program) -> None:
    """Refused, no grad changed, and afterwards the same graph serves a proper backward."""
    session.conforms(Program((*program.statements, Observe(program.names))))


def _misshapen(scope: Scope) -> None:
    of = root(scope)
    shape = of.bound.shape
    size = math.prod(shape)
    others = [
        (*shape, 1),
        (1, *shape),
        shape[1:],
        shape[:-1],
        (size,),
        tuple(reversed(shape)),
        (2, *shape),
        (1,),
        (),
    ]
    wrong = scope.d.choice(list(dict.fromkeys(other for other in others if other != shape)))
    values = walk(cotangent_table(of.bound.dtype), 0, 1, math.prod(wrong))
    given = scope.create(Literal(of.bound.dtype, wrong, values), prefix="w").name
    scope.write(Backward((of.name,), (given,)))
    scope.write(Observe(tuple(scope.state.known), ("grad",)))
    backward(scope, of)


@law("DOC-12", cases=sketches(_misshapen))
def refuses_a_gradient_of_another_shape(session: Session, program: Program) -> None:
    """Also one that could be broadcast, or that has as many elements; afterwards the graph still serves."""
    session.conforms(Program((*program.statements, Observe(program.names))))


def _untracked(scope: Scope) -> None:
    of = scope.create(draw_literal(scope.d, scope.d.choice(SHAPES[:14]), "float64"))
    if scope.d.chance(4):
        of = compute(scope, "mul", of, 2.0)
    if of.bound.array.size == 1 and scope.d.chance(4):
        scope.write(Backward((of.name,)))
    else:
        backward(scope, of)


@law("DOC-13", cases=sketches(_untracked, style=replace(PLAIN, tracked=0), most=2))
def refuses_a_root_without_history(session: Session, program: Program) -> None:
    """User-made tensors and untracked results; nothing changes."""
    session.conforms(program)


# --- what backward computes ---


@law("DOC-14", cases=sketches(_backward, most=5), weight=2.0)
def multiplies_the_cotangent_with_the_jacobian(session: Session, program: Program) -> None:
    """Random small graphs, random roots, cotangents with pairwise different elements."""
    session.conforms(program)


def with_cotangent(program: Program, literal: Literal) -> Program:
    """The same program, its last cotangent replaced."""
    *before, create, last = program.statements
    assert isinstance(create, Create)
    return Program((*before, replace(create, value=literal), last))


def cotangent_of(program: Program) -> Literal:
    """The cotangent that the program's last backward is given."""
    create = program.statements[-2]
    assert isinstance(create, Create)
    return create.value


@law("DOC-15", cases=sketches(_backward))
def is_linear_in_the_vector(session: Session, program: Program) -> None:
    """v, w, 2 v - w, and zero, which gives zeros and not None."""
    v = cotangent_of(program)
    w = Literal(v.dtype, v.shape, walk(cotangent_table(v.dtype), 5, 3, len(v.data)))
    mixed = Literal(v.dtype, v.shape, tuple(2 * a - b for a, b in zip(v.data, w.data, strict=True)))
    for vector in (v, w, mixed, Literal(v.dtype, v.shape, (0.0,) * len(v.data))):
        session.conforms(with_cotangent(program, vector))


@law("DOC-16", cases=sketches(_backward))
def equals_the_gradient_of_the_composed_loss(session: Session, program: Program) -> None:
    """y.backward(v) and (y * v).sum().backward(), each judged."""
    session.conforms(program)
    *before, create, last = program.statements
    assert isinstance(create, Create)
    assert isinstance(last, Backward)
    product = Apply(("product",), "mul", (Var(last.roots[0]), Var(create.target)))
    loss = Apply(("loss",), "sum", (Var("product"),))
    session.conforms(Program((*before, create, product, loss, Backward(("loss",)))))


@law("DOC-17", cases=sketches(_backward, most=3))
def gives_the_jacobian_row_by_row(session: Session, program: Program) -> None:
    """The first few unit vectors as cotangents."""
    v = cotangent_of(program)
    session.conforms(program)
    for row in range(min(len(v.data), 4)):
        unit = tuple(float(at == row) for at in range(len(v.data)))
        session.conforms(with_cotangent(program, Literal(v.dtype, v.shape, unit)))


# --- where the gradient goes ---


def _beside_a_twin(scope: Scope) -> None:
    """Sometimes with a second leaf of the same values, since equal values are not equal tensors."""
    created = [line for line in scope.top if isinstance(line, Create) and line.requires_grad]
    if scope.d.chance(3):
        leaf = scope.state.known[created[0].target]
        compute(scope, "mul", leaf, scope.create(created[0].value, requires_grad=True))
    backward(scope, root(scope))


@law("DOC-18", cases=sketches(_beside_a_twin, most=6))
def fills_the_grad_of_leaves_only(session: Session, program: Program) -> None:
    """The grad of every tensor of the program after a backward."""
    session.conforms(Program((*program.statements, Observe(program.names, ("is_leaf", "grad")))))


def _several_uses(scope: Scope) -> None:
    leaf = next(each for each in scope.values() if each.leaf and each.tracked)
    top = leaf
    for _ in range(1 + scope.d.below(4)):
        top = compute(scope, scope.d.choice(("add", "mul", "sub")), top, scope.d.choice([top, leaf]))
    backward(scope, top)


@law("DOC-19", cases=sketches(_several_uses, most=2))
def adds_up_several_uses(session: Session, program: Program) -> None:
    """One leaf twice in one operation, along two paths, through nested diamonds."""
    session.conforms(program)


def _a_leaf(scope: Scope) -> Known:
    return scope.d.choice([each for each in scope.values() if each.leaf and each.tracked][:4])


def _again_and_again(scope: Scope) -> None:
    for _ in range(2 + scope.d.below(2)):
        leaf = _a_leaf(scope)
        of = compute(scope, "mul", leaf, leaf if scope.d.chance(4) else 3.0)
        backward(scope, of)
        scope.write(Observe(tuple(scope.state.known), ("grad",)))
        if scope.d.chance(2):
            scope.write(SetGrad(_a_leaf(scope).name))


@law("DOC-20", cases=sketches(_again_and_again, most=1))
def adds_up_several_backwards(session: Session, program: Program) -> None:
    """Backward after backward over shared leaves, with resets in between."""
    session.conforms(Program((*program.statements, Observe(program.names, ("grad",)))))


def _unreached(scope: Scope) -> None:
    scope.write(Observe(tuple(scope.state.known), ("grad",)))
    apart = tracked_leaf(scope)
    compute(scope, "mul", apart, 2.0)
    of = scope.d.choice([each for each in inner(scope) if not each.reach & apart.reach][:3] or [root(scope)])
    backward(scope, of)


@law("DOC-21", cases=sketches(_unreached, style=replace(PLAIN, tracked=4)))
def leaves_none_where_nothing_arrived(session: Session, program: Program) -> None:
    """Before the first backward, beside the graph, and where nothing is tracked."""
    session.conforms(Program((*program.statements, Observe(program.names, ("requires_grad", "grad")))))


PRECISIONS = Style(dtypes=("float32", "float64", "float16"), mixed=5, layouts=0, extent=24)
STRETCHING = (
    "mul",
    "add",
    "sub",
    "div",
    "expand",
    "matmul",
    "sum",
    "mean",
    "unsqueeze",
    "reshape",
    "cat",
    "to",
)


@law(
    "DOC-22",
    cases=sketches(_backward, operators=STRETCHING, style=PRECISIONS),
    weight=2.0,
)
def keeps_shape_and_dtype_of_the_leaf(session: Session, program: Program) -> None:
    """Through broadcasting, reductions, reshapes and casts."""
    session.conforms(program)


def _retained(scope: Scope) -> None:
    for _ in range(1 + scope.d.below(2)):
        scope.write(RetainGrad(root(scope).name))
    backward(scope, root(scope))


@law("DOC-23", cases=sketches(_retained, most=5))
def keeps_the_grad_that_is_asked_for(session: Session, program: Program) -> None:
    """retain_grad on intermediates, on the root, twice on the same."""
    session.conforms(program)


def _named_inputs(scope: Scope) -> None:
    of = root(scope)
    below = [each for each in scope.values() if each.tracked and each.bit & of.reach]
    inputs = scope.d.some(below, least=1)[:3]
    names = tuple(each.name for each in inputs)
    scope.write(Backward((of.name,), (cotangent(scope, of),), inputs=names))


@law("DOC-24", cases=sketches(_named_inputs, most=5))
def accumulates_into_the_inputs_only(session: Session, program: Program) -> None:
    """Leaves, intermediates and the root itself as inputs."""
    session.conforms(program)


@law(
    "DOC-35",
    cases=sketches(_backward, operators=("mul", "sub", "mean", "sum")),
)
def gives_no_gradient_to_root_and_intermediates(session: Session, program: Program) -> None:
    """The document's own kind of graph: every result on the way has grad None."""
    results = tuple(name for line in program if isinstance(line, Apply) for name in line.targets)
    session.conforms(Program((*program.statements, Observe(results, ("grad",)))))


@law("DOC-38", cases=sketches(_backward, most=5))
def changes_nothing_but_grads(session: Session, program: Program) -> None:
    """Values and flags of every tensor, the cotangent among them, before and after."""
    *before, last = program.statements
    fields: tuple[Field, ...] = ("value", "requires_grad", "is_leaf", "has_grad_fn", "dtype")
    names = Program(tuple(before)).names
    session.conforms(Program((*before, Observe(names, fields), last, Observe(names, fields))))

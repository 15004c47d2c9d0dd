"""no_grad and its relatives, detach, data."""

from __future__ import annotations

from conformance.judging.verdict import Mismatch
from conformance.laws.document.cases import backward, compute, inner, root, sketches
from conformance.laws.law import Session, law
from conformance.model.contested import VIEW_BEFORE_FLAG, VIEW_UNDER_NO_GRAD
from conformance.programs.statements import (
    Apply,
    Detach,
    Field,
    GradMode,
    Observe,
    Program,
    SetRequiresGrad,
    Var,
)
from conformance.programs.strategies import moves
from conformance.programs.strategies.scope import Known, Scope
from conformance.programs.strategies.values import SHAPES, draw_literal

FLAGS: tuple[Field, ...] = ("requires_grad", "is_leaf", "has_grad_fn")


def _tracked(scope: Scope) -> Known:
    """A leaf that requires grad."""
    return next(each for each in scope.values() if each.leaf and each.tracked)


def _in_block(scope: Scope, mode: str, raises: bool, steps: int) -> None:
    """A block of operations; what it computes is used afterwards."""
    before, lines = scope.state.enabled, scope.lines
    scope.state.enabled, scope.lines = mode in ("enable_grad", "set_grad_enabled(True)"), []
    for _ in range(steps):
        moves.operation(scope)
    body, scope.lines, scope.state.enabled = tuple(scope.lines), lines, before
    scope.write(GradMode(mode, body, raises))  # type: ignore[arg-type]


def _untracked_block(scope: Scope) -> None:
    _in_block(scope, scope.d.choice(("no_grad", "set_grad_enabled(False)")), False, 1 + scope.d.below(3))
    for _ in range(1 + scope.d.below(2)):
        moves.operation(scope)
    backward(scope, root(scope))


@law("DOC-25", cases=sketches(_untracked_block, most=3))
def records_nothing_under_no_grad(session: Session, program: Program) -> None:
    """Results of the block are constants to what follows; what was tracked before still is."""
    session.conforms(program)


def _nested(scope: Scope) -> None:
    for _ in range(1 + scope.d.below(2)):
        moves.grad_mode(scope)
        moves.operation(scope)
    compute(scope, "mul", _tracked(scope), 2.0)


@law("DOC-26", cases=sketches(_nested, most=2), weight=2.0)
def restores_the_mode_that_was(session: Session, program: Program) -> None:
    """Blocks in blocks; the flags of all that is computed inside, between and after them."""
    session.conforms(Program((*program.statements, Observe(program.names, FLAGS))))


def _left_by_exception(scope: Scope) -> None:
    mode = scope.d.choice(("no_grad", "set_grad_enabled(False)", "enable_grad", "set_grad_enabled(True)"))
    if scope.d.chance(4):
        outer, scope.lines = scope.lines, []
        before, scope.state.enabled = scope.state.enabled, False
        _in_block(scope, mode, True, scope.d.below(2))
        compute(scope, "mul", _tracked(scope), 2.0)
        body, scope.lines, scope.state.enabled = tuple(scope.lines), outer, before
        scope.write(GradMode("no_grad", body, scope.d.chance(4)))
    else:
        _in_block(scope, mode, True, scope.d.below(3))
    backward(scope, compute(scope, "mul", _tracked(scope), 3.0))


@law("DOC-27", cases=sketches(_left_by_exception, most=2))
def restores_the_mode_after_an_exception(session: Session, program: Program) -> None:
    """Blocks that an exception leaves, alone and inside others."""
    session.conforms(Program((*program.statements, Observe(program.names))))


def _detached(scope: Scope) -> None:
    for number in range(1 + scope.d.below(2)):
        source = scope.d.choice(list(scope.values())[:6])
        scope.detach(f"d{number}", source)


@law("DOC-28", cases=sketches(_detached))
def detaches_values_from_their_history(session: Session, program: Program) -> None:
    """The detached tensor and the one it came from: flags, values, dtype."""
    session.conforms(program)


@law("DOC-28", cases=sketches(_detached))
def shares_the_memory_of_what_it_detaches(session: Session, program: Program) -> None:
    """A detached tensor stands in the memory of its source."""
    _in_the_memory_of_its_source(session, program)


def _in_the_memory_of_its_source(session: Session, program: Program) -> None:
    watched = Program((*program.statements, Observe(program.names, ("alias",))))
    trace = session.run(watched)
    alias = {seen.name: seen.fields["alias"] for seen in trace.observations}
    for line in program:
        if isinstance(line, Detach):
            wrong = Mismatch((), line.target, "memory", f"that of {line.source}", "its own")
            session.require(alias[line.target] == alias[line.source], watched, trace, wrong)


def _stopped(scope: Scope) -> None:
    leaf = _tracked(scope)
    stopped = scope.detach("d1", scope.d.choice([*inner(scope)[:2], leaf]))
    made = [stopped]
    for _ in range(1 + scope.d.below(3)):
        other = scope.d.choice([leaf, *made])
        made.append(compute(scope, scope.d.choice(("mul", "add", "sub")), made[-1], other))
    tracked = [each for each in made if each.tracked]
    backward(scope, tracked[-1] if tracked else root(scope))


@law("DOC-29", cases=sketches(_stopped, most=2))
def stops_the_gradient_at_detach_only(session: Session, program: Program) -> None:
    """A leaf that is used through a detached copy and directly."""
    session.conforms(program)


def _data(scope: Scope) -> None:
    source = scope.d.choice(list(scope.values())[:6])
    scope.detach("d1", source, data=True)
    compute(scope, "mul", scope.state.known["d1"], 2.0)
    backward(scope, root(scope))


@law("DOC-36", cases=sketches(_data))
def reads_data_without_history(session: Session, program: Program) -> None:
    """`.data`, what is computed from it, a backward beside it, and the memory that it stands in."""
    session.conforms(Program((*program.statements, Observe(program.names))))
    _in_the_memory_of_its_source(session, program)


def _compared(scope: Scope) -> None:
    source = scope.d.choice(list(scope.values())[:6])
    scope.detach("d1", source)
    scope.write(Apply(("same",), "eq", (Var("d1"), Var(source.name))))
    scope.write(Apply(("other",), scope.d.choice(("ne", "lt", "le", "gt", "ge")), (Var("d1"), 1.0)))


@law("DOC-37", cases=sketches(_compared))
def compares_element_by_element(session: Session, program: Program) -> None:
    """A detached tensor with its source, and with a number."""
    session.conforms(program)


def _view_in_block(scope: Scope) -> None:
    before, lines = scope.state.enabled, scope.lines
    scope.state.enabled, scope.lines = False, []
    source = scope.d.choice([*inner(scope)[:2], _tracked(scope)])
    view = compute(scope, "reshape", source, shape=(source.bound.array.size,))
    body, scope.lines, scope.state.enabled = tuple(scope.lines), lines, before
    scope.write(GradMode("no_grad", body))
    after = compute(scope, "mul", view, 2.0)
    scope.write(Observe((view.name, after.name), FLAGS))


@law("DOC-39", cases=sketches(_view_in_block, most=2))
def tracks_no_view_under_no_grad(session: Session, program: Program) -> None:
    """A view of a tracked tensor, and what is computed from it after the block."""
    session.conforms(program, contested=frozenset({VIEW_UNDER_NO_GRAD}))


def _flag_after_view(scope: Scope) -> None:
    leaf = scope.create(draw_literal(scope.d, scope.d.choice(SHAPES[:14]), "float64"))
    view = compute(scope, "reshape", leaf, shape=(leaf.bound.array.size,))
    scope.write(SetRequiresGrad(leaf.name, True, method=scope.d.chance(4)))
    scope.write(Observe((leaf.name, view.name), FLAGS))


@law("DOC-40", cases=sketches(_flag_after_view, most=1))
def tracks_no_view_from_before_the_flag(session: Session, program: Program) -> None:
    """A view of a leaf, and then the leaf's flag."""
    session.conforms(program, contested=frozenset({VIEW_BEFORE_FLAG}))

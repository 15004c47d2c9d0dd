"""Who requires grad, what was recorded, and what the graph looks like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.judging.verdict import Mismatch
from conformance.laws.document.cases import OPERATORS, PLAIN, backward, inner, root, sketches
from conformance.laws.law import Session, law
from conformance.programs.statements import Apply, Create, Field, Observe, Program, SetRequiresGrad, Var
from conformance.programs.strategies import moves
from conformance.programs.strategies.control import branch, loop
from conformance.programs.strategies.draws import Draws, composite
from conformance.programs.strategies.scope import Scope
from conformance.programs.strategies.values import SHAPES, draw_literal

FLAGS: tuple[Field, ...] = ("requires_grad", "is_leaf", "has_grad_fn", "dtype")
SIMPLE = ("mul", "add", "sub", "sin", "exp", "neg", "sum")
"""Operators that PyTorch records as one node each."""


def _flow(scope: Scope) -> None:
    for _ in range(1 + scope.d.below(2)):
        scope.d.choice((loop, branch))(scope)
    backward(scope, root(scope))


@law("DOC-01", cases=sketches(_flow, most=2))
def follows_what_ran(session: Session, program: Program) -> None:
    """Loops and branches whose course depends on values."""
    session.conforms(program)


@composite
def created(d: Draws) -> Program:
    """Tensors of every dtype, some of which ask for gradients where they may."""
    statements = []
    for number in range(1 + d.below(4)):
        dtype = d.choice(("float32", "float64", "float16", "int64", "bool", "uint8", "int32"))
        literal = draw_literal(d, d.choice(SHAPES), dtype)
        statements.append(Create(f"x{number}", literal, literal.is_floating and d.chance(4)))
    return Program(tuple(statements))


@law("DOC-02", cases=created)
def requires_grad_only_where_asked(session: Session, program: Program) -> None:
    """Creation, in every dtype."""
    session.conforms(program)


WITH_FLAT_RESULTS = (*OPERATORS, "gt", "eq", "argmax", "isnan")


@law(
    "DOC-03",
    cases=sketches(lambda scope: None, operators=WITH_FLAT_RESULTS, style=replace(PLAIN, tracked=3), most=6),
    weight=2.0,
)
def tracks_exactly_what_depends_on_tracked(session: Session, program: Program) -> None:
    """Results of operators on tracked and untracked operands, also those whose results are not floating."""
    session.conforms(Program((*program.statements, Observe(program.names, FLAGS))))


def _flags(scope: Scope) -> None:
    for _ in range(1 + scope.d.below(3)):
        moves.requires_grad(scope)
        moves.operation(scope)
    usable = list(inner(scope))
    if usable:
        backward(scope, usable[0])


@law("DOC-04", cases=sketches(_flags, most=3))
def obeys_the_flag_from_its_change_on(session: Session, program: Program) -> None:
    """The flag of leaves is changed between operations, then backward runs."""
    session.conforms(program)


@composite
def refused_flags(d: Draws) -> Program:
    """Integer and boolean tensors asked to require grad, on creation and later, beside one that may."""
    dtype = d.choice(("int64", "bool", "int32", "uint8"))
    literal = draw_literal(d, d.choice(SHAPES[:14]), dtype)
    floating = draw_literal(d, d.choice(SHAPES[:14]), "float64")
    return Program(
        (
            Create("x", floating, d.chance(4)),
            Create("n", literal),
            SetRequiresGrad("n", True, method=d.chance(4)),
            Create("m", literal, requires_grad=True),
            SetRequiresGrad("n", False),
            SetRequiresGrad("x", True, method=d.chance(4)),
        )
    )


@law("DOC-05", cases=refused_flags)
def refuses_gradients_of_integers(session: Session, program: Program) -> None:
    """An error, and nothing is changed."""
    session.conforms(program)


def _mixed(scope: Scope) -> None:
    for _ in range(1 + scope.d.below(4)):
        scope.d.choice((moves.operation, moves.detach))(scope)


@law("DOC-06", cases=sketches(_mixed, style=replace(PLAIN, tracked=4)))
def has_a_grad_fn_exactly_where_recorded(session: Session, program: Program) -> None:
    """Leaf, or made by a recorded operation: exactly one of the two."""
    trace = session.conforms(Program((*program.statements, Observe(program.names, FLAGS))))
    for seen in trace.observations:
        wrong = Mismatch(
            seen.place, seen.name, "is_leaf", not seen.fields["has_grad_fn"], seen.fields["is_leaf"]
        )
        session.require(seen.fields["is_leaf"] != seen.fields["has_grad_fn"], program, trace, wrong)


def _twins(scope: Scope) -> None:
    last = next(line for line in reversed(scope.top) if isinstance(line, Apply))
    again = Apply(tuple(f"{name}_again" for name in last.targets), last.op, last.args, last.params)
    scope.write(again)


@law("DOC-07", cases=sketches(_twins, operators=(*SIMPLE, "split", "unbind")))
def makes_one_function_for_each_operation(session: Session, program: Program) -> None:
    """Different operations have different nodes, equal ones too; results of one operation share theirs."""
    watched = Program((*program.statements, Observe(program.names, ("node",))))
    trace = session.run(watched)
    nodes = {seen.name: seen.fields["node"] for seen in trace.observations}
    maker = {name: at for at, line in enumerate(program) if isinstance(line, Apply) for name in line.targets}
    recorded = [name for name in maker if nodes.get(name) is not None]
    for at, name in enumerate(recorded):
        for other in recorded[:at]:
            same = nodes[name][1] == nodes[other][1]
            wanted = "the same node" if maker[name] == maker[other] else "another node"
            wrong = Mismatch((), name, f"node (beside {other})", wanted, "the same" if same else "another")
            session.require(same == (maker[name] == maker[other]), watched, trace, wrong)


@law("DOC-08", cases=sketches(lambda scope: None, operators=SIMPLE, style=replace(PLAIN, scalars=1), most=6))
def reaches_every_leaf_without_a_cycle(session: Session, program: Program) -> None:
    """Follow the edges from every node: no node is met again on a path from itself, and the leaves are all
    there.
    """
    watched = Program((*program.statements, Observe(program.names, ("node", "edges"))))
    trace = session.run(watched)
    seen = {observation.name: observation.fields for observation in trace.observations}
    edges = {fields["node"][1]: fields["edges"] for fields in seen.values() if fields["node"] is not None}
    leaves = _leaves_of(program)
    for name, fields in seen.items():
        if fields["node"] is not None:
            found = _ends(fields["node"][1], edges)
            wrong = Mismatch(
                (), name, "leaves of its graph", leaves[name], "a cycle" if found is None else found
            )
            session.require(found == leaves[name], watched, trace, wrong)


def _leaves_of(program: Program) -> dict[str, int]:
    """How many different leaves each name was computed from by recorded operations."""
    sources: dict[str, frozenset[str]] = {}
    for line in program:
        if isinstance(line, Create):
            sources[line.target] = frozenset({line.target}) if line.requires_grad else frozenset()
        elif isinstance(line, Apply):
            below = [sources[argument.name] for argument in line.args if isinstance(argument, Var)]
            sources.update(dict.fromkeys(line.targets, frozenset().union(*below)))
    return {name: len(found) for name, found in sources.items()}


def _ends(start: int, edges: dict[int, Any]) -> int | None:
    """How many different nodes without a recorded operation the walk ends at; None where it runs in a
    circle.
    """
    ends: set[int] = set()
    path: list[tuple[int, list[Any]]] = [(start, list(edges[start]))]
    done: set[int] = set()
    while path:
        node, rest = path[-1]
        if not rest:
            done.add(node)
            path.pop()
            continue
        edge = rest.pop()
        if edge is None or edge[1] in done:
            continue
        if edge[1] in (other for other, _ in path):
            return None
        if edge[1] in edges:
            path.append((edge[1], list(edges[edge[1]])))
        else:
            ends.add(edge[1])
    return len(ends)

"""Programs for the laws of the document: a small graph, and a tail that each law writes after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import reject
from hypothesis.strategies import SearchStrategy

from conformance.programs.statements import Apply, Backward, Program, Var
from conformance.programs.strategies import DOCUMENT, Style, moves
from conformance.programs.strategies.draws import Draws, composite
from conformance.programs.strategies.evaluation import standard_forward
from conformance.programs.strategies.scope import Known, Scope
from conformance.programs.strategies.values import SHAPES, draw_cotangent, draw_literal
from oracles.question import Literal

OPERATORS = (
    *("mul", "add", "sub", "sin", "exp", "div", "tanh", "neg", "cos", "pow", "sigmoid"),
    *("nn.functional.relu", "sum", "mean", "matmul", "reshape", "transpose", "unsqueeze"),
    *("expand", "cat", "maximum", "where", "clamp"),
)
"""Enough to make every kind of graph that the document talks about; `numerics` takes all operators."""

PLAIN = Style(layouts=0, extent=24)
Tail = Callable[[Scope], None]
SMALL = SHAPES[:14]


def sketches(
    tail: Tail, *, operators: tuple[str, ...] = OPERATORS, style: Style | None = None, most: int = 4
) -> Callable[[], SearchStrategy[Program]]:
    """Programs that grow a graph of 1 to ``most`` operations with a tracked result, then write the tail."""

    @composite
    def build(d: Draws) -> Program:
        scope = Scope(d, style or PLAIN, operators, DOCUMENT, standard_forward())
        scope.moves = {"operation": moves.operation, "detach": moves.detach, "modes": moves.grad_mode}
        grow(scope, 1 + d.below(most))
        tail(scope)
        return Program(tuple(scope.top))

    return build


def grow(scope: Scope, steps: int) -> None:
    """A tracked leaf, and operations on whatever there is; at least one result is tracked."""
    tracked_leaf(scope)
    for _ in range(steps):
        scope.apply(scope.d.choice(scope.operators))
    if not inner(scope):
        leaf = next(each for each in scope.values() if each.tracked)
        compute(scope, "mul", leaf, leaf)


def compute(scope: Scope, op: str, *operands: Known | float, **params: Any) -> Known:
    """Exactly this operation on exactly these operands; its one result."""
    args = tuple(Var(each.name) if isinstance(each, Known) else each for each in operands)
    statement = Apply((scope.name("v"),), op, args, tuple(params.items()))
    try:
        fits = scope.again(statement)
    except ValueError:
        fits = False
    if not fits:
        reject()
    scope.write(statement)
    return scope.state.known[statement.targets[0]]


def tracked_leaf(scope: Scope, shape: tuple[int, ...] | None = None) -> Known:
    """A leaf that requires grad."""
    chosen = scope.d.choice(SMALL) if shape is None else shape
    return scope.create(draw_literal(scope.d, chosen, scope.style.dtypes[0]), requires_grad=True)


def inner(scope: Scope) -> list[Known]:
    """Tracked results of operations, the latest first."""
    return [each for each in scope.values() if each.tracked and not each.leaf]


def root(scope: Scope) -> Known:
    """A tracked result, the latest being the simplest choice."""
    return scope.d.choice(inner(scope)[:4])


def cotangent(scope: Scope, of: Known, literal: Literal | None = None) -> str:
    """The name of a new cotangent for a root."""
    shape, dtype = of.bound.shape, of.bound.dtype
    return scope.create(literal or draw_cotangent(scope.d, shape, dtype), prefix="w").name


def backward(scope: Scope, of: Known, literal: Literal | None = None, retain: bool | None = None) -> None:
    """Backward from a root with a cotangent that hurts."""
    scope.write(Backward((of.name,), (cotangent(scope, of, literal),), retain_graph=retain))

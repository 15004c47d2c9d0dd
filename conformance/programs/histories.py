"""Long histories of a few small tensors: graphs that grow, are walked, freed, kept, reset and grown on.

A history is written by a machine of rules, each of which adds a statement or a few to the program when it is
ready to. What calculus comes out is not the point here, so that operators are few and shapes small; what
requires a gradient, who accumulates what and what is freed when is. Rules for other mechanisms are added to
the tuple.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from conformance.programs.statements import (
    Apply,
    Backward,
    Create,
    Observe,
    Program,
    SetRequiresGrad,
    Var,
)
from conformance.programs.strategies import moves
from conformance.programs.strategies.draws import Draws, composite
from conformance.programs.strategies.evaluation import standard_forward
from conformance.programs.strategies.operands import Style
from conformance.programs.strategies.programs import DOCUMENT
from conformance.programs.strategies.scope import Known, Scope
from conformance.programs.strategies.values import cotangent_table, draw_literal, walk
from oracles.question import Literal

OPERATORS: Final = (
    "mul",
    "add",
    "sub",
    "neg",
    "tanh",
    "sin",
    "sum",
    "mean",
    "reshape",
    "clone",
    "sigmoid",
    "stack",
)
SHAPES: Final = ((2,), (), (1,), (2, 2), (3,), (0,), (1, 2))


def _always(scope: Scope) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """What may happen next: its share among the rules that are ready, and how it is written."""

    name: str
    weight: int
    write: Callable[[Scope], None]
    ready: Callable[[Scope], bool] = _always


def _tracked(scope: Scope) -> list[Known]:
    return [each for each in scope.values() if each.tracked]


def _new_leaf(scope: Scope) -> None:
    literal = draw_literal(scope.d, scope.d.choice(scope.style.shapes), scope.style.dtypes[0])
    scope.create(literal, requires_grad=scope.d.usually(6))


def _diamond(scope: Scope) -> None:
    """Two ways from one tensor, that meet again."""
    top = scope.d.early(_tracked(scope)[:12])
    scope.multiply(top, top)
    _combine(scope, scope.d.choice(("add", "sub")), next(scope.values()), top)


def _combine(scope: Scope, op: str, first: Known, second: Known) -> None:
    statement = Apply((scope.name("v"),), op, (Var(first.name), Var(second.name)))
    if first.bound.shape == second.bound.shape and scope.again(statement):
        scope.write(statement)


def _look(scope: Scope) -> None:
    """Look at all gradients in between, so that the order of events shows."""
    names = tuple(each.name for each in scope.values() if each.floating)
    scope.write(Observe(tuple(sorted(names)), ("grad", "requires_grad", "is_leaf")))


# -- what must be refused and change nothing ----------------------------------------------------------------


def _roots_of_several(scope: Scope) -> list[Known]:
    return [root for root in scope.roots() if root.bound.array.size != 1]


def _no_cotangent(scope: Scope) -> None:
    scope.write(Backward((scope.d.early(_roots_of_several(scope)[:8]).name,)))


def _wrong_cotangent(scope: Scope) -> None:
    root = scope.d.early(scope.roots()[:8])
    shape = (*root.bound.shape, 2)
    count = 2 * root.bound.array.size
    values = walk(cotangent_table(root.bound.dtype), scope.d.below(8), 1, count)
    wrong = scope.create(Literal(root.bound.dtype, shape, values), prefix="w")
    scope.write(Backward((root.name,), (wrong.name,)))


def _untracked(scope: Scope) -> list[Known]:
    # What comes out of a gradient may or may not require one.
    return [
        each for each in scope.values() if not each.tracked and not each.reach and each.bound.array.size == 1
    ]


def _no_history(scope: Scope) -> None:
    scope.write(Backward((scope.d.choice(_untracked(scope)[:8]).name,)))


def _inner(scope: Scope) -> list[Known]:
    return [each for each in _tracked(scope) if not each.leaf]


def _clear_inner(scope: Scope) -> None:
    """The flag of a result cannot be cleared."""
    scope.write(SetRequiresGrad(scope.d.early(_inner(scope)[:8]).name, False))


def _whole_number(scope: Scope) -> None:
    """Whole numbers cannot require a gradient."""
    whole = Create(scope.name("n"), Literal("int64", (2,), (1, 2)))
    scope.write(whole)
    scope.write(SetRequiresGrad(whole.target, True, method=scope.d.chance(4)))


GROWTH: Final = (
    Rule("operation", 10, moves.operation),
    Rule("leaf", 3, _new_leaf),
    Rule("diamond", 3, _diamond, lambda scope: bool(_tracked(scope))),
    Rule("detach", 1, moves.detach),
    Rule("mode", 2, moves.grad_mode),
)
WALKS: Final = (
    Rule("backward", 6, moves.backward, lambda scope: bool(scope.roots())),
    Rule("gradient", 3, moves.gradient, lambda scope: bool(scope.roots())),
    Rule("reset", 2, moves.reset, lambda scope: bool(scope.state.filled)),
    Rule("flag", 1, moves.requires_grad),
    Rule("retain_grad", 1, moves.retain_grad),
    Rule("look", 2, _look),
)
MISTAKES: Final = (
    Rule("no cotangent", 1, _no_cotangent, lambda scope: bool(_roots_of_several(scope))),
    Rule("wrong cotangent", 1, _wrong_cotangent, lambda scope: bool(scope.roots())),
    Rule("no history", 1, _no_history, lambda scope: bool(_untracked(scope))),
    Rule("clear inner", 1, _clear_inner, lambda scope: bool(_inner(scope))),
    Rule("whole number", 1, _whole_number),
)
RULES: Final = (*GROWTH, *WALKS, *MISTAKES)


@composite
def _histories(d: Draws, rules: tuple[Rule, ...], most: int, style: Style) -> Program:
    scope = Scope(d, style, OPERATORS, DOCUMENT, standard_forward())
    scope.moves = {"operation": moves.operation, "detach": moves.detach, "backward": moves.backward}
    d.steps(most, 99, lambda: _next(scope, rules), lambda: bool(scope.top))
    scope.write(Observe(Program(tuple(scope.top)).names))
    return Program(tuple(scope.top))


def _next(scope: Scope, rules: tuple[Rule, ...]) -> None:
    """One rule that is ready, by weight."""
    ready = [rule for rule in rules for _ in range(rule.weight) if rule.ready(scope)]
    chosen = scope.d.choice(ready)
    (chosen if scope.state.known else rules[0]).write(scope)


def histories(rules: tuple[Rule, ...] = RULES, *, most: int = 40) -> st.SearchStrategy[Program]:
    """Programs of up to ``most`` steps by these rules, the first of which can always begin."""
    return _histories(rules, most, Style(layouts=0, extent=6, shapes=SHAPES))

"""Whole programs: define-by-run graphs with reuse, dead branches, modes, control flow, backward passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from hypothesis import strategies as st

from conformance.catalogue import CATALOGUE, FUNCTIONALISED, find
from conformance.programs.statements import Program
from conformance.programs.strategies import control, moves
from conformance.programs.strategies.draws import Draws, composite
from conformance.programs.strategies.evaluation import Forward, standard_forward
from conformance.programs.strategies.operands import Style
from conformance.programs.strategies.scope import Scope
from conformance.programs.strategies.values import draw_literal, draw_shape

Move = Callable[[Scope], None]

_MOVES: Final[Mapping[str, tuple[int, Move]]] = {
    "operation": (10, moves.operation),
    "backward": (3, moves.backward),
    "gradient": (2, moves.gradient),
    "detach": (1, moves.detach),
    "modes": (2, moves.grad_mode),
    "requires_grad": (1, moves.requires_grad),
    "reset": (1, moves.reset),
    "retain_grad": (1, moves.retain_grad),
    "branch": (1, control.branch),
    "loop": (2, control.loop),
    "training": (1, control.training),
    "read": (1, moves.read),
}

FEATURES: Final = frozenset(_MOVES) | {"several_roots", "inputs", "second_order"}
"""What a program may contain besides operators; a strategy can be asked for fewer."""

DOCUMENT: Final = FEATURES - {"read"}
"""All but aliases of a gradient, which is a matter of the level `mechanics`."""

OPERATORS: Final = tuple(name for name in CATALOGUE if name not in FUNCTIONALISED)


def _weighted(features: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name, (weight, _) in _MOVES.items() if name in features for _ in range(weight))


@dataclass(frozen=True, repr=False)
class _Plan:
    """What programs to write; without a repr of its own, so that a report of Hypothesis stays readable."""

    operators: tuple[str, ...]
    features: frozenset[str]
    style: Style
    most: int
    forward: Forward | None


def _move(scope: Scope, kinds: tuple[str, ...]) -> None:
    chosen = scope.d.choice(kinds)
    # Whatever comes first, there must be something that it can be done to.
    scope.moves[chosen if scope.state.known else kinds[0]](scope)


@composite
def _programs(d: Draws, plan: _Plan) -> Program:
    style, features = plan.style, plan.features
    # One dtype and three shapes for most of a program, so that what it computes can meet; others come in as
    # mixed operands and by operators that change shapes.
    few = tuple(draw_shape(d, lambda shape: True, style.extent) for _ in range(3))
    main = d.choice(style.dtypes)
    others = tuple(dtype for dtype in style.dtypes if dtype != main)
    style = replace(style, dtypes=(main,), others=others, shapes=style.shapes or few)
    scope = Scope(d, style, plan.operators, features, plan.forward or standard_forward())
    scope.moves = {name: move for name, (_, move) in _MOVES.items() if name in features}
    kinds = _weighted(features)
    d.steps(plan.most, 20, partial(_move, scope, kinds), lambda: bool(scope.top))
    if "backward" in features and d.below(16):
        if not scope.roots():
            scope.create(draw_literal(d, d.choice(style.shapes), style.dtypes[0]), requires_grad=True)
            moves.operation(scope)
        moves.backward(scope)
    return Program(tuple(scope.top))


def programs(
    operators: tuple[str, ...] = OPERATORS,
    *,
    features: frozenset[str] = DOCUMENT,
    style: Style | None = None,
    most: int = 12,
    forward: Forward | None = None,
) -> st.SearchStrategy[Program]:
    """Programs over these operators: at most ``most`` moves, each a statement or a few, then a backward pass.

    Raises:
        KeyError: for an operator that the catalogue does not have.
        ValueError: for a feature that does not exist.
    """
    for name in operators:
        find(name)
    unknown = sorted(features - FEATURES)
    if unknown:
        expected = ", ".join(sorted(FEATURES))
        raise ValueError(f"unknown features {', '.join(unknown)}; expected some of {expected}")
    chosen = style or Style(layouts=0, mixed=1, extent=24)
    return _programs(_Plan(operators, features, chosen, most, forward))

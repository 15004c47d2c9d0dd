"""One operator applied to fresh leaves: the programs that the laws of the level `numerics` are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import Literal as OneOf

from hypothesis import reject
from hypothesis import strategies as st

from conformance.catalogue import CATALOGUE, find
from conformance.dtypes import category
from conformance.programs.statements import Apply, Backward, Create, Program, Statement, Var
from conformance.programs.strategies.draws import Draws, composite
from conformance.programs.strategies.evaluation import Forward, Outcome, evaluate, replaced, standard_forward
from conformance.programs.strategies.families import FAMILIES
from conformance.programs.strategies.leaves import Bound, Fresh, Scalar, Turn, made
from conformance.programs.strategies.operands import Operands, Style
from conformance.programs.strategies.parameters import draw_params
from conformance.programs.strategies.values import draw_cotangent
from oracles.question import Literal

TURNS = 10
"""How often the values of a call are turned before the call is given up."""


@dataclass(frozen=True)
class Result:
    """One result of a call: its name, what it must look like, and a cotangent for it where it is
    differentiable.

    ``tracked``: it must require a gradient, being differentiable and depending on a leaf that does.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    tracked: bool
    cotangent: Literal


@dataclass(frozen=True)
class Call:
    """One application of an operator to fresh leaves.

    ``setup`` makes the operands (leaves, and views of them where the layout is not contiguous); ``leaves``
    names the floating leaves in order, ``tracked`` those of them that require a gradient.
    """

    op: str
    setup: tuple[Statement, ...]
    apply: Apply
    results: tuple[Result, ...]

    @property
    def leaves(self) -> tuple[str, ...]:
        return tuple(each.target for each in self._creations if category(each.value.dtype) == 2)

    @property
    def tracked(self) -> tuple[str, ...]:
        return tuple(each.target for each in self._creations if each.requires_grad)

    @property
    def roots(self) -> tuple[Result, ...]:
        """The results from which a backward pass can start."""
        return tuple(result for result in self.results if result.tracked)

    @property
    def _creations(self) -> tuple[Create, ...]:
        return tuple(each for each in self.setup if isinstance(each, Create))

    def forward_program(self) -> Program:
        """The operands and the call, no backward pass."""
        return Program((*self.setup, self.apply))

    def backward_program(self) -> Program:
        """The call, then one backward pass from all its roots with their cotangents, if there are any."""
        roots = self.roots
        if not roots:
            return self.forward_program()
        names = tuple(f"w_{root.name}" for root in roots)
        created = tuple(Create(name, root.cotangent) for name, root in zip(names, roots, strict=True))
        backward = Backward(tuple(root.name for root in roots), names)
        return Program((*self.setup, self.apply, *created, backward))


def draw_arguments(ask: Operands) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The operands and parameters of one call; tensors are :class:`Bound` or :class:`Fresh`."""
    chosen = FAMILIES[ask.row.shapes](ask)
    if chosen.closed:
        return chosen.args, chosen.params
    return chosen.args, draw_params(
        ask.d, ask.row, chosen.shape, chosen.params, ask.style.casts, _first_dtype(chosen.args)
    )


def _first_dtype(args: tuple[Any, ...]) -> str:
    return next((arg.dtype for arg in args if isinstance(arg, Bound | Fresh)), "")


@dataclass(frozen=True)
class Placed:
    """A call with its fresh leaves made: their statements, the arguments over names, and what comes out."""

    statements: tuple[Statement, ...]
    args: tuple[Any, ...]
    outcome: Outcome


def place(
    ask: Operands, args: tuple[Any, ...], params: dict[str, Any], names: list[str], forward: Forward
) -> Placed | None:
    """Turn the fresh values until the call makes sense; None where it never does."""
    for turn in range(TURNS):
        tensors: dict[int, Bound] = {}
        statements: list[Statement] = []
        for position, (name, leaf) in enumerate(zip(names, ask.fresh, strict=False)):
            lines = tuple(made(name, leaf, _turn(turn, position)))
            statements.extend(lines)
            tensors[id(leaf)] = _bind(lines, leaf, forward)
        bound = _bound(args, tensors, turn)
        outcome = evaluate(ask.row, bound, params, forward)
        if outcome is not None:
            return Placed(tuple(statements), bound, outcome)
    return None


def _turn(turn: int, position: int) -> Turn:
    """Each leaf turns at its own pace, or two that tie would tie for ever; at last the first is small, the
    others are large.
    """
    half: OneOf["small", "large"] | None = None
    if turn >= TURNS - 2:
        half = "large" if position else "small"
    return Turn(turn * (position + 1), turn > 3, turn in (2, 3, 6, 7, TURNS - 1), half)


def _bind(lines: tuple[Statement, ...], leaf: Fresh, forward: Forward) -> Bound:
    """The operand that the lines bind, with its value."""
    create = lines[0]
    assert isinstance(create, Create)
    array = create.value.array()
    exact = array.astype("float64") if array.dtype.kind == "f" else array
    if len(lines) == 1:
        return Bound(create.target, exact, leaf.dtype)
    view = lines[1]
    assert isinstance(view, Apply)
    (shown,) = forward(view.op, (exact, *view.args[1:]), dict(view.params))
    return Bound(view.targets[0], shown, leaf.dtype)


def _bound(argument: Any, tensors: dict[int, Bound], turn: int) -> Any:
    if isinstance(argument, Fresh):
        return tensors[id(argument)]
    if isinstance(argument, Scalar):
        return argument.at(turn)
    if isinstance(argument, tuple):
        return tuple(_bound(item, tensors, turn) for item in argument)
    return argument


def as_arguments(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments of a statement: every tensor by its name."""
    return tuple(replaced(arg, lambda tensor: Var(tensor.name)) for arg in args)


LEAF_NAMES = tuple("abcdefgh") + tuple(f"a{i}" for i in range(1, 40))


@composite
def _calls(d: Draws, op: str, style: Style, track: bool, forward: Forward | None) -> Call:
    row = find(op)
    forward = forward or standard_forward()
    ask = Operands(d, row, style)
    args, params = draw_arguments(ask)
    if track:
        _track_one(ask, args)
    placed = place(ask, args, params, list(LEAF_NAMES), forward)
    if placed is None:
        reject()
    outcome = placed.outcome
    count = len(outcome.arrays)
    names = ("y",) if count == 1 else tuple(f"y{i}" for i in range(count))
    apply = Apply(names, row.name, as_arguments(placed.args), tuple(params.items()))
    live = row.differentiable and any(
        each.requires_grad for each in placed.statements if isinstance(each, Create)
    )
    results = []
    for name, array, dtype in zip(names, outcome.arrays, outcome.dtypes, strict=True):
        floating = category(dtype) == 2
        cotangent = draw_cotangent(d, array.shape, dtype if floating else "float64")
        results.append(Result(name, array.shape, dtype, floating and live, cotangent))
    return Call(row.name, placed.statements, apply, tuple(results))


def _track_one(ask: Operands, args: tuple[Any, ...]) -> None:
    """Let the first floating leaf require a gradient where none does."""
    floating = [leaf for leaf in ask.fresh if category(leaf.dtype) == 2]
    if floating and not any(leaf.requires_grad for leaf in ask.fresh):
        floating[0].requires_grad = True


def calls(
    op: str,
    *,
    style: Style | None = None,
    track: bool = True,
    forward: Forward | None = None,
) -> st.SearchStrategy[Call]:
    """Calls of one operator over fresh leaves: all shapes, broadcasts and parameter forms, subsets of leaves
    that require a gradient, one operand twice, odd memory layouts, Python scalars, mixed dtypes, as ``style``
    weighs them.

    With ``track`` at least one floating leaf requires a gradient.

    Raises:
        KeyError: for an operator that the catalogue does not have.
    """
    return _calls(find(op).name, style or Style(), track, forward)


def any_calls(operators: tuple[str, ...] = tuple(CATALOGUE), **options: Any) -> st.SearchStrategy[Call]:
    """Calls of any of these operators, the first being the simplest."""
    return st.sampled_from(operators).flatmap(lambda op: calls(op, **options))

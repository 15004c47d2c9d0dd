"""What a generator knows of the program that it is writing: every name, its value, and the graph behind it.

The knowledge serves to write programs that make sense; what an implementation must do with them is the
model's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from conformance.catalogue import Row, find
from conformance.dtypes import category
from conformance.programs.statements import Apply, Create, Detach, Statement, Var, bound
from conformance.programs.strategies.calls import LEAF_NAMES, as_arguments, draw_arguments, place
from conformance.programs.strategies.draws import Draws
from conformance.programs.strategies.evaluation import Forward, Outcome, evaluate
from conformance.programs.strategies.leaves import Bound
from conformance.programs.strategies.operands import Operands, Style
from oracles.question import Literal


@dataclass(frozen=True)
class Known:
    """A bound name: its tensor, whether it requires a gradient, and the bits of all that it depends on.

    ``reach`` holds the bit of each tracked tensor that it may depend on, its own among them, and ``sure``
    those of them that it does depend on for certain: a gradient may or may not have a graph of its own.
    ``exact`` is False where the value comes out of a gradient, so that the array is only a stand-in of the
    right shape.
    """

    bound: Bound
    tracked: bool = False
    leaf: bool = True
    bit: int = 0
    reach: int = 0
    sure: int = 0
    exact: bool = True

    @property
    def name(self) -> str:
        return self.bound.name

    @property
    def floating(self) -> bool:
        return category(self.bound.dtype) == 2


# Operators that take any moderate value to a moderate value, for operands whose values are not known.
TAME = (
    "mul",
    "add",
    "sub",
    "sin",
    "tanh",
    "sigmoid",
    "sum",
    "mean",
    "reshape",
    "transpose",
    "unsqueeze",
    "flip",
)


@dataclass
class State:
    """All that changes as statements are written, so that a branch not taken can be forgotten."""

    known: dict[str, Known] = field(default_factory=dict)
    freed: int = 0
    filled: frozenset[str] = frozenset()
    enabled: bool = True

    def copy(self) -> State:
        return replace(self, known=dict(self.known))


class Scope:
    """The program so far: ``lines`` is the innermost list of statements, ``top`` the outermost one."""

    def __init__(
        self, d: Draws, style: Style, operators: tuple[str, ...], features: frozenset[str], forward: Forward
    ) -> None:
        self.d = d
        self.style = style
        self.forward = forward
        self.operators = operators
        self.smooth = _smooth(operators) or operators
        self.features = features
        self.state = State()
        self.top: list[Statement] = []
        self.lines = self.top
        self.in_loop = False
        self.hoisted: set[str] = set()
        self.moves: Mapping[str, Callable[[Scope], None]] = {}
        self._counts: dict[str, int] = {}
        self._bits = 0
        self._leaf_bits = 0

    # -- names ---------------------------------------------------------------------------------------------

    def name(self, prefix: str) -> str:
        """A name that the program has not used yet."""
        count = self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}{count}"

    def leaf_name(self) -> str:
        count = self._counts["leaf"] = self._counts.get("leaf", 0) + 1
        return LEAF_NAMES[count - 1] if count <= len(LEAF_NAMES) else f"a{count}"

    def fresh_bit(self, leaf: bool = False) -> int:
        """A bit for a tracked tensor."""
        self._bits += 1
        bit = 1 << self._bits
        self._leaf_bits |= bit * leaf
        return bit

    # -- looking around ------------------------------------------------------------------------------------

    def values(self) -> Iterator[Known]:
        """All bound names: first what has a graph behind it, then leaves; the latest of each first.

        What has lost a part of its graph to a backward pass comes last.
        """
        latest = list(self.state.known.values())[::-1]
        freed = self.state.freed
        return iter(sorted(latest, key=lambda each: (bool(each.reach & freed), not each.tracked, each.leaf)))

    def roots(self) -> list[Known]:
        """Where a backward pass can start without meeting what an earlier one has freed, leaves last."""
        return [each for each in self.values() if each.tracked and not each.reach & self.state.freed]

    def offers(self, feature: str) -> bool:
        return feature in self.features

    def leaves(self) -> list[Known]:
        return [each for each in self.values() if each.leaf and each.floating]

    # -- writing -------------------------------------------------------------------------------------------

    def write(self, statement: Statement) -> None:
        self.lines.append(statement)

    def bind(self, known: Known) -> Known:
        # Last is latest, also for a name that a loop binds anew.
        self.state.known.pop(known.name, None)
        self.state.known[known.name] = known
        return known

    def create(self, literal: Literal, requires_grad: bool = False, prefix: str = "") -> Known:
        """A leaf with these values, made before the outermost block when a loop is being written."""
        name = self.name(prefix) if prefix else self.leaf_name()
        statement = Create(name, literal, requires_grad)
        self._before_loops(statement)
        return self.adopt(statement, keep=not prefix)

    def _before_loops(self, statement: Statement) -> None:
        if self.in_loop:
            self.hoisted.update(bound(statement))
        (self.top if self.in_loop else self.lines).append(statement)

    def adopt(self, create: Create, keep: bool = True) -> Known:
        """Know the tensor that a statement creates; without ``keep`` no later statement will use it."""
        array = create.value.array()
        exact = array.astype(np.float64) if array.dtype.kind == "f" else array
        tensor = Bound(create.target, exact, create.value.dtype)
        bit = self.fresh_bit(leaf=True) if create.requires_grad else 0
        known = Known(tensor, create.requires_grad, True, bit, bit, bit)
        return self.bind(known) if keep else known

    def detach(self, target: str, source: Known, data: bool = False) -> Known:
        self.write(Detach(target, source.name, data))
        return self.bind(Known(replace(source.bound, name=target), exact=source.exact))

    def apply(
        self, op: str, target: str | None = None, pool: list[Known] | None = None
    ) -> tuple[Known, ...] | None:
        """Apply an operator to operands out of the pool (all names, unless one is given) and to fresh leaves.

        Nothing is written, and None returned, where no sensible call was found.
        """
        row = find(op)
        usable = self._usable(row, list(self.values()) if pool is None else pool)
        ask = Operands(self.d, row, self.style, [each.bound for each in usable], dtype=self.style.dtypes[0])
        args, params = draw_arguments(ask)
        placed = place(ask, args, params, [self.leaf_name() for _ in ask.fresh], self.forward)
        if placed is None:
            return None
        for statement in placed.statements:
            self._before_loops(statement)
            if isinstance(statement, Create):
                self.adopt(statement)
            else:
                # The view that gives a leaf its layout.
                self.again(statement)
        count = len(placed.outcome.arrays)
        named = target is not None and count == 1
        targets = (target,) if target and named else tuple(self.name("v") for _ in range(count))
        call = Apply(targets, op, as_arguments(placed.args), tuple(params.items()))
        self.write(call)
        return self.results(call, row, placed.outcome)

    def _usable(self, row: Row, pool: list[Known]) -> list[Known]:
        return pool if row.name in TAME else [each for each in pool if each.exact]

    def results(self, statement: Apply, row: Row, outcome: Outcome) -> tuple[Known, ...]:
        """Know what a statement has bound."""
        sources = [self.state.known[name] for name in _names(statement.args)]
        live = self.state.enabled and row.differentiable and any(source.tracked for source in sources)
        exact = all(source.exact for source in sources)
        reach, sure = 0, 0
        for source in sources:
            reach, sure = reach | source.reach, sure | source.sure
        known_results = []
        for name, array, dtype in zip(statement.targets, outcome.arrays, outcome.dtypes, strict=True):
            tracked = live and category(dtype) == 2
            bit = self.fresh_bit() if tracked else 0
            # With a gradient among its sources, which may have a graph, a result may be no leaf either.
            known = Known(Bound(name, array, dtype), exact=exact)
            if tracked:
                known = Known(known.bound, True, False, bit, reach | bit, sure | bit, exact)
            elif self.state.enabled and reach:
                known = Known(known.bound, leaf=False, reach=reach, exact=exact)
            known_results.append(self.bind(known))
        return tuple(known_results)

    def multiply(self, first: Known, second: Known) -> None:
        """The product of two bound tensors."""
        statement = Apply((self.name("v"),), "mul", (Var(first.name), Var(second.name)))
        outcome = evaluate(find("mul"), (first.bound, second.bound), {}, self.forward)
        if outcome is not None:
            self.write(statement)
            self.results(statement, find("mul"), outcome)

    def free(self, reached: int) -> None:
        """A backward pass has consumed everything between its roots and the leaves."""
        self.state.freed |= reached & ~self._leaf_bits

    def fill(self, reached: int) -> None:
        """A backward pass has filled the gradients of the leaves it reached."""
        names = (each.name for each in self.values() if each.leaf and each.tracked and each.bit & reached)
        self.state.filled |= frozenset(names)

    def body(self, kinds: tuple[str, ...], most: int) -> tuple[Statement, ...]:
        """The statements of a block: a few moves of these kinds."""
        outer, self.lines = self.lines, []
        kinds = tuple(kind for kind in kinds if kind in self.moves)
        if kinds:
            self.d.steps(most, 4, lambda: self.moves[self.d.choice(kinds)](self))
        body, self.lines = tuple(self.lines), outer
        return body

    def again(self, statement: Statement) -> bool:
        """Execute a statement of a loop's body once more; False where it makes no sense in this round."""
        if isinstance(statement, Detach):
            source = self.state.known[statement.source]
            self.bind(Known(replace(source.bound, name=statement.target), exact=source.exact))
            return True
        if not isinstance(statement, Apply):
            return True
        row = find(statement.op)
        args = _substituted(statement.args, {name: each.bound for name, each in self.state.known.items()})
        outcome = evaluate(row, args, dict(statement.params), self.forward)
        if outcome is None:
            return False
        self.results(statement, row, outcome)
        return True


def _smooth(operators: tuple[str, ...]) -> tuple[str, ...]:
    """The differentiable operators; three times those that bring several tensors together, as few do."""
    rows = [find(name) for name in operators]
    meeting = ("broadcast", "matmul", "cat", "stack")
    return tuple(
        row.name for row in rows if row.differentiable for _ in range(3 if row.shapes in meeting else 1)
    )


def _names(argument: Any) -> Iterator[str]:
    if isinstance(argument, Var):
        yield argument.name
    elif isinstance(argument, tuple):
        for item in argument:
            yield from _names(item)


def _substituted(argument: Any, tensors: dict[str, Bound]) -> Any:
    if isinstance(argument, Var):
        return tensors[argument.name]
    if isinstance(argument, tuple):
        return tuple(_substituted(item, tensors) for item in argument)
    return argument

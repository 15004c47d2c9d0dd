"""Control flow: loops and branches whose course is known, as every value is known while they are written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from conformance.programs.statements import (
    Apply,
    Backward,
    Condition,
    Create,
    If,
    Measure,
    Relation,
    Repeat,
    SetGrad,
    Statement,
    Var,
    While,
)
from conformance.programs.strategies.leaves import Array
from conformance.programs.strategies.scope import Known, Scope, State
from conformance.programs.strategies.values import draw_cotangent

_SIZES = (1.0, 0.5, 2.0, 3.0, 5.0, 10.0, 1.5, 2.5, 4.0, 20.0, 50.0, 100.0, 0.25, 0.75, 200.0, 500.0, 1000.0)
_THRESHOLDS = tuple(sign * size for size in _SIZES for sign in (1.0, -1.0))
_STEPS = ("mul", "add", "sub", "tanh", "sin", "neg", "sqrt", "sigmoid", "exp", "div", "clone")


def measured(measure: Measure, array: Array) -> float:
    """What a condition reads off a value."""
    if measure == "norm":
        return float(np.sqrt((array * array).sum()))
    return float(array.max() if measure == "max" else array.min() if measure == "min" else array.sum())


def _measures(source: Known) -> tuple[Measure, ...]:
    # A sum of float16 may cancel, and then its rounding is not small against it.
    offered: tuple[Measure, ...] = ("norm", "max", "min")
    if source.bound.dtype != "float16":
        offered = (*offered, "sum")
    if source.bound.array.size == 1:
        offered = ("item", *offered)
    return offered


def _readable(values: list[float]) -> list[float]:
    """Thresholds that no value comes near."""
    return [t for t in _THRESHOLDS if all(abs(t - value) > (1 + abs(value)) / 16 for value in values)]


def _sources(scope: Scope) -> list[Known]:
    return [each for each in scope.values() if each.exact and each.floating and each.bound.array.size][:8]


def branch(scope: Scope) -> None:
    """``if``: one branch runs, the other one must leave no trace."""
    sources = _sources(scope)
    if not sources:
        return
    source = scope.d.choice(sources)
    measure = scope.d.choice(_measures(source))
    value = measured(measure, source.bound.array)
    relation: Relation = scope.d.choice((">", "<", ">=", "<="))
    threshold = scope.d.choice(_readable([value]))
    taken = value > threshold if relation in (">", ">=") else value < threshold
    before = scope.state.copy()
    untaken = scope.body(("operation", "detach"), 2)
    scope.state = before
    body = scope.body(("operation", "operation", "detach", "modes"), 2)
    then, otherwise = (body, untaken) if taken else (untaken, body)
    if then or otherwise:
        scope.write(If(Condition(measure, source.name, relation, threshold), then, otherwise))


def loop(scope: Scope) -> None:
    """``for`` or ``while``: a tensor that each round computes anew from its last value."""
    start = scope.apply(scope.d.choice(_offered(scope)))
    if start is None or len(start) != 1 or not start[0].floating or not start[0].exact:
        return
    carried = start[0]
    before = scope.state.copy()
    body = _carrying_body(scope, carried)
    if not body:
        return
    rounds, states, values = _rounds(scope, body, carried, before)
    conditions = _conditions(scope, carried, values, rounds)
    if conditions and scope.d.chance(4):
        condition = scope.d.choice(conditions)
        scope.write(While(condition, body))
    else:
        scope.write(Repeat(rounds, body))
    scope.state = states[rounds]


def _offered(scope: Scope) -> tuple[str, ...]:
    return tuple(name for name in _STEPS if name in scope.operators) or scope.operators


def _carrying_body(scope: Scope, carried: Known) -> tuple[Statement, ...]:
    """Statements of which the last binds the carried name again, in the same shape and dtype."""
    outer, was_in_loop = scope.lines, scope.in_loop
    scope.lines, scope.in_loop = [], True
    if scope.d.chance(2):
        scope.apply(scope.d.choice(scope.operators))
    before, length = scope.state.copy(), len(scope.lines)
    op = scope.d.choice(_offered(scope))
    found = scope.apply(op, target=carried.name, pool=[scope.state.known[carried.name]])
    fits = found is not None and len(found) == 1 and found[0].name == carried.name
    if not fits or found is None or not _alike(found[0], carried):
        scope.state = before
        del scope.lines[length:]
        if "mul" in scope.operators:
            scope.write(Apply((carried.name,), "mul", (Var(carried.name), 0.5)))
            scope.again(scope.lines[-1])
        else:
            scope.lines.clear()
    body, scope.lines, scope.in_loop = tuple(scope.lines), outer, was_in_loop
    return body


def _alike(first: Known, second: Known) -> bool:
    return first.bound.shape == second.bound.shape and first.bound.dtype == second.bound.dtype


def _rounds(
    scope: Scope, body: tuple[Statement, ...], carried: Known, before: State
) -> tuple[int, list[State], list[Array]]:
    """How many rounds to go, the state after each number of rounds, and what the carried value is then."""
    wanted = scope.d.choice((1, 2, 3, 4, 0))
    hoisted = {name: each for name, each in scope.state.known.items() if name in scope.hoisted}
    states = [replace(before, known=before.known | hoisted), scope.state]
    while len(states) <= wanted:
        scope.state = scope.state.copy()
        if not all(scope.again(statement) for statement in body):
            break
        states.append(scope.state)
    values = [state.known[carried.name].bound.array for state in states]
    return min(wanted, len(states) - 1), states, values


def _conditions(scope: Scope, carried: Known, values: list[Array], rounds: int) -> list[Condition]:
    """Conditions that hold before each of the rounds and no longer after the last."""
    if not carried.bound.array.size:
        return []
    found = []
    for measure in _measures(carried):
        seen = [measured(measure, value) for value in values[: rounds + 1]]
        for threshold in _readable(seen):
            if all(value < threshold for value in seen[:-1]) and seen[-1] > threshold:
                found.append(Condition(measure, carried.name, "<", threshold))
            if all(value > threshold for value in seen[:-1]) and seen[-1] < threshold:
                found.append(Condition(measure, carried.name, ">", threshold))
    return found[:100]


def training(scope: Scope) -> None:
    """A loop that computes something from leaves and runs backward in each round: gradients pile up."""
    leaves = [each for each in scope.leaves() if each.tracked and each.exact]
    if not leaves:
        return
    outer, was_in_loop = scope.lines, scope.in_loop
    scope.lines, scope.in_loop = [], True
    before = scope.state.copy()
    found = scope.apply(scope.d.choice(scope.operators), pool=leaves)
    if found is not None and found[0].tracked:
        # Each round has a cotangent of its own: an implementation may keep the one it was given.
        seed = Create(scope.name("w"), draw_cotangent(scope.d, found[0].bound.shape, found[0].bound.dtype))
        scope.write(seed)
        scope.write(Backward((found[0].name,), (seed.target,)))
        scope.free(found[0].reach)
        scope.fill(found[0].sure)
        reached = [each.name for each in leaves if each.bit & found[0].reach]
        if reached and scope.d.chance(2):
            scope.write(SetGrad(reached[0]))
            scope.state.filled -= {reached[0]}
    body, scope.lines, scope.in_loop = tuple(scope.lines), outer, was_in_loop
    if found is None or not found[0].tracked:
        hoisted = {name: each for name, each in scope.state.known.items() if name in scope.hoisted}
        scope.state = replace(before, known=before.known | hoisted)
        return
    scope.write(Repeat(1 + scope.d.below(3), body))

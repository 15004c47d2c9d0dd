"""The record of a run as pure values: every value that a program computes, once, and from what.

Loops are unrolled along the path taken, in-place statements have become new values, and a value that is used
without being tracked is used through a :class:`~oracles.question.Freeze`. What an oracle is asked is cut out
of this record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.question import Apply, Constant, Freeze, Function, Literal, Ref, Step, Vjp, rebuild, references


@dataclass(frozen=True, slots=True)
class Produced:
    """A value of the record: one result of one step, whose references are positions in the record."""

    step: Step
    result: int


class Record:
    """Append-only list of values. ``arrays`` holds each one as the independent NumPy forward computed it.

    Gradients are not computed here: where one is used as a value, its array has the right shape and
    ``guessed`` says that the numbers in it, and in all that was made of it, mean nothing. ``dtypes`` are
    those of the tensors that the program holds; ``origins`` are the roots that a gradient was computed from.
    """

    def __init__(self) -> None:
        self.produced: list[Produced] = []
        self.arrays: list[NDArray[Any]] = []
        self.guessed: set[int] = set()
        self.dtypes: dict[int, str] = {}
        self.origins: dict[int, tuple[int, ...]] = {}
        self._frozen: dict[int, int] = {}

    def add(self, step: Step, arrays: Sequence[NDArray[Any]], guessed: bool = False) -> tuple[int, ...]:
        """Append the results of a step; gives their positions."""
        first = len(self.produced)
        if guessed or not self.guessed.isdisjoint(step_sources(step)):
            self.guessed.update(range(first, first + len(arrays)))
        for result, array in enumerate(arrays):
            self.produced.append(Produced(step, result))
            self.arrays.append(array)
        return tuple(range(first, first + len(arrays)))

    def constant(self, value: Literal) -> int:
        array = value.array()
        return self.add(Constant(value), [array.astype(np.float64) if value.is_floating else array])[0]

    def frozen(self, value: int) -> int:
        """The value as a constant to every derivative; the same position each time it is asked for."""
        if value not in self._frozen:
            self._frozen[value] = self.add(Freeze(Ref(value)), [self.arrays[value]])[0]
        return self._frozen[value]

    def sources(self, outputs: Iterable[int], cuts: Sequence[int] = ()) -> tuple[int, ...]:
        """The positions that the outputs need, in order, where nothing below a cut is needed."""
        needed: set[int] = set()
        stack = list(outputs)
        while stack:
            position = stack.pop()
            if position in needed:
                continue
            needed.add(position)
            if position not in cuts:
                stack.extend(step_sources(self.produced[position].step))
        return tuple(sorted(needed))

    def ancestry(self, outputs: Iterable[int]) -> set[int]:
        """All that the outputs were computed from, the forward computations behind gradients among it."""
        found: set[int] = set()
        waiting = set(outputs)
        while waiting:
            fresh = set(self.sources(waiting)) - found
            found |= fresh
            waiting = {root for position in fresh for root in self.origins.get(position, ())} - found
        return found

    def leaves(self, positions: Iterable[int]) -> tuple[int, ...]:
        """Those of the positions that hold a floating constant: the real variables of a function."""
        return tuple(position for position in positions if self.literal(position) is not None)

    def literal(self, position: int) -> Literal | None:
        """The exact floating literal at a position, or None where the value was computed or is not
        floating.
        """
        step = self.produced[position].step
        return step.value if isinstance(step, Constant) and step.value.is_floating else None

    def function(self, outputs: Sequence[int], inputs: Sequence[int]) -> Function:
        """The pure function from the values at ``inputs`` to those at ``outputs``."""
        place = {position: index for index, position in enumerate(inputs)}
        varies = set(inputs)
        steps: list[Step] = []
        size = len(inputs)
        emitted: dict[int, int] = {}
        for position in self.sources(outputs, inputs):
            if position in place:
                continue
            step, result = self.produced[position].step, self.produced[position].result
            if not varies.isdisjoint(step_sources(step)):
                varies.add(position)
            elif isinstance(step, Freeze):
                place[position] = place[step.source.index]
                continue
            first = emitted.get(id(step))
            if first is None:
                first = emitted[id(step)] = size
                steps.append(relocated(step, place))
                size += step.results
            place[position] = first + result
        return Function(len(inputs), tuple(steps), tuple(Ref(place[position]) for position in outputs))


def step_sources(step: Step) -> tuple[int, ...]:
    """The positions that a step reads."""
    if isinstance(step, Apply):
        return tuple(ref.index for ref in references((step.args, step.params)))
    if isinstance(step, Vjp):
        return tuple(ref.index for ref in (*step.inputs, *step.cotangents))
    return (step.source.index,) if isinstance(step, Freeze) else ()


def relocated(step: Step, place: dict[int, int]) -> Step:
    """The same step with its references moved to where the values stand in a function."""

    def move(ref: Ref) -> Ref:
        return Ref(place[ref.index])

    if isinstance(step, Apply):
        return Apply(step.op, rebuild(step.args, move), rebuild(step.params, move), step.results)
    if isinstance(step, Vjp):
        return Vjp(step.function, tuple(map(move, step.inputs)), tuple(map(move, step.cotangents)), step.wrt)
    return Freeze(move(step.source)) if isinstance(step, Freeze) else step

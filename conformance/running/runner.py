"""A run: every selected law to its result, in one process or several, with what was finished before left
alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from conformance.running.lawrun import Setting, run_parts
from conformance.running.results import LawResult, PartResult, merged
from conformance.running.selection import Selected, Selection
from conformance.running.workers import Done, Order, Pool, Unit

PARTS_IN_A_UNIT = 4


class Listener(Protocol):
    """Who wants to know how a run goes."""

    def programs(self, count: int) -> None:
        """More programs were run."""

    def finished(self, result: LawResult) -> None:
        """A law is finished."""


@dataclass
class Run:
    """The results so far, by law. ``earlier`` are those of a report that is being resumed."""

    selection: Selection
    listener: Listener
    earlier: Mapping[str, LawResult] = field(default_factory=dict)
    results: dict[str, LawResult] = field(default_factory=dict)

    def here(self, setting: Setting) -> None:
        """Run in this process."""
        self._collect(lambda units: _one_by_one(setting, self.selection, units, self.listener.programs))

    def shared(self, order: Order, workers: int) -> None:
        """Run in that many processes."""
        with Pool(order, workers, self.listener.programs) as pool:
            self._collect(pool.run)

    def _collect(self, work: Callable[[list[Unit]], Iterable[Done]]) -> None:
        units: list[Unit] = []
        for each in self.selection.laws:
            before = self.earlier.get(each.law.name)
            # A run of a few parts is no answer for all of them.
            if before is not None and set(before.parts) == {part or "" for part in each.parts}:
                self._finish(before)
            else:
                units += _units(each)
        open_units = {each.law.name: _Open(each) for each in self.selection.laws}
        for done in work(units):
            law = open_units[done.unit.law]
            law.add(done)
            if law.is_complete:
                self._finish(law.result())

    def _finish(self, result: LawResult) -> None:
        self.results[result.law] = result
        self.listener.finished(result)


@dataclass
class _Open:
    """A law of which some parts may still be missing."""

    selected: Selected
    parts: dict[str | None, PartResult] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, done: Done) -> None:
        self.parts.update({result.part: result for result in done.results})
        self.seconds += done.seconds

    @property
    def is_complete(self) -> bool:
        return len(self.parts) == len(self.selected.parts)

    def result(self) -> LawResult:
        law = self.selected.law
        return merged(law.name, law.clause, [self.parts[part] for part in self.selected.parts], self.seconds)


def _units(selected: Selected) -> Iterator[Unit]:
    law, parts = selected.law, selected.parts
    for first in range(0, len(parts), PARTS_IN_A_UNIT):
        yield Unit(law.name, law.clause, parts[first : first + PARTS_IN_A_UNIT])


def _one_by_one(
    setting: Setting, selection: Selection, units: Iterable[Unit], progress: Callable[[int], None]
) -> Iterator[Done]:
    laws = {each.law.name: each.law for each in selection.laws}
    for unit in units:
        start = time.perf_counter()
        results = run_parts(setting, laws[unit.law], unit.parts, progress)
        yield Done(unit, results, time.perf_counter() - start)

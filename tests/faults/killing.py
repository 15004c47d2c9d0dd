"""Running one law alone until something deviates, without shrinking."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from hypothesis.strategies import SearchStrategy

import oracles
from conformance.adapters import refimpl as adapter
from conformance.cli.session import known
from conformance.implementation import Implementation
from conformance.judging.verdict import Deviation, Mismatch
from conformance.laws.law import Law, Session
from conformance.running.determinism import steady
from conformance.running.effort import EFFORTS, Effort, seed_of
from conformance.running.guard import Guarded
from conformance.running.lawrun import Setting, parts_of, strategies
from conformance.running.search import Found, Search
from conformance.running.selection import all_laws
from oracles.question import Oracle, Question, Reply

GATE = replace(EFFORTS["gate"], shrinks=0)
QUICK = replace(EFFORTS["quick"], shrinks=0)


class Remembering:
    """An oracle that is asked each question once: under a fault the questions stay what they were."""

    def __init__(self, oracle: Oracle) -> None:
        self.name, self.version, self.operators = oracle.name, oracle.version, oracle.operators
        self._oracle = oracle
        self._values: dict[Question, tuple[Reply, ...]] = {}
        self._vjps: dict[Question, tuple[Reply, ...]] = {}

    def values(self, question: Question) -> tuple[Reply, ...]:
        if question not in self._values:
            self._values[question] = self._oracle.values(question)
        return self._values[question]

    def vjp(self, question: Question) -> tuple[Reply, ...]:
        if question not in self._vjps:
            self._vjps[question] = self._oracle.vjp(question)
        return self._vjps[question]


@cache
def bench() -> tuple[Oracle, ...]:
    """The two oracles that every installation has."""
    return tuple(Remembering(oracles.load(name)) for name in ("sympy", "finite-differences"))


@cache
def known_to_deviate(name: str) -> Setting:
    """An implementation in the box, with its known deviations, at quick effort."""
    implementation = importlib.import_module(f"conformance.adapters.{name}").implementation()
    return Setting(implementation, bench(), QUICK, known=known(name, None))


@dataclass
class Outcome:
    """What a law came to: the case and the error it ended with, if it did, and the programs it took."""

    programs: int = 0
    comparisons: int = 0
    found: Found | None = None
    case: Any = None
    part: str | None = None
    silent: list[str | None] = field(default_factory=list)
    """The parts in which nothing was compared."""

    @property
    def kills(self) -> bool:
        """Whether the law shows a deviation; an error or a dispute is none."""
        return self.found is not None and self.found.kind == "deviation"

    def __str__(self) -> str:
        if self.found is None:
            return f"survives {self.programs} programs and {self.comparisons} comparisons"
        where = "" if self.part is None else f" at {self.part}"
        return f"{self.found.kind}{where} after {self.programs} programs: {self.found.error}"


def run(
    name: str, implementation: Implementation | None = None, effort: Effort = GATE, seed: int = 0
) -> Outcome:
    """The law, or ``LAW[PART]``, up to its first failure; it draws what it draws in a run of that effort and
    seed.
    """
    law_name, _, part = name.removesuffix("]").partition("[")
    law = all_laws()[law_name]
    implementation = implementation or adapter.implementation()
    outcome = Outcome()
    with steady():
        for each in (part,) if part else parts_of(law):
            search, failing = _search(law, each, implementation, effort, seed)
            outcome.programs += search.counts.programs
            outcome.comparisons += search.counts.comparisons
            if not search.counts.comparisons:
                outcome.silent.append(each)
            if search.found:
                outcome.found, outcome.part = search.found[0], each
                outcome.case = failing[0] if failing else None
                break
    return outcome


def _search(
    law: Law, part: str | None, implementation: Implementation, effort: Effort, seed: int
) -> tuple[Search, list[Any]]:
    """The search of a run, and the cases that it failed in."""
    failing: list[Any] = []

    def body(session: Session, case: Any) -> None:
        try:
            law.body(session, case)
        except Deviation:
            failing.append(case)
            raise

    session = Session(Guarded(implementation), bench())
    search = Search(replace(law, body=body), session, _undeclared, effort.shrinks, lambda programs: None)
    drawn = _drawn(law.name)
    if part is None and law.examples is not None:
        search.examples(law.examples())
    if part in drawn and not search.found:
        in_parts = any(name is not None for name in drawn)
        search.drawn(drawn[part], effort.budget(law.weight, in_parts), seed_of(seed, law.name, part))
    return search, failing


@cache
def _drawn(name: str) -> Mapping[str | None, SearchStrategy[Any]]:
    return strategies(all_laws()[name])


def _undeclared(error: Deviation) -> tuple[list[Mismatch], list[str]]:
    return error.mismatches, []


def again(name: str, case: Any) -> Iterator[Mismatch]:
    """What a law finds wrong with one case now."""
    law = all_laws()[name.partition("[")[0]]
    try:
        law.body(Session(adapter.implementation(), bench()), case)
    except Deviation as error:
        yield from error.mismatches

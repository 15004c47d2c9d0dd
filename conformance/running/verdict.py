"""The verdict of a run: laws to clauses, clauses and known deviations to an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.clauses import Clause
from conformance.deviations import Entry
from conformance.running.results import Counts, Failure, LawResult, Outcome, worst
from conformance.running.selection import Selection

CONFORMS, DEVIATES, CANNOT_RUN, SUITE_AT_FAULT, INTERRUPTED = 0, 1, 2, 3, 130
NOT_RUN = "not run"

_OF_THE_IMPLEMENTATION = frozenset({"deviation", "crash", "flaky"})


@dataclass
class ClauseResult:
    """A clause with what its laws came to. ``declared``: it deviates, and only as its known deviations
    say.
    """

    clause: Clause
    outcome: Outcome
    laws: tuple[str, ...]
    counts: Counts = field(default_factory=Counts)
    failures: tuple[Failure, ...] = ()
    declared: bool = False
    at_fault: bool = False
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the run says: its exit code, its clauses, and the entries that were declared and did not
    happen.
    """

    code: int
    clauses: tuple[ClauseResult, ...]
    stale: tuple[Entry, ...] = ()

    @property
    def outcomes(self) -> Counter[str]:
        """How many clauses have which outcome; those that an interrupt left are counted apart."""
        return Counter(NOT_RUN if result.why == NOT_RUN else result.outcome for result in self.clauses)

    @property
    def counts(self) -> Counts:
        """The counts of all clauses together."""
        total = Counts()
        for result in self.clauses:
            total.add(result.counts)
        return total


def verdict(
    selection: Selection, results: Mapping[str, LawResult], known: Sequence[Entry], strict: bool
) -> Verdict:
    """The verdict over the laws that were finished.

    ``strict``: enough was tried for a known deviation that did not happen to count as one that no longer
    does.
    """
    clauses = tuple(_clause(clause, selection, results) for clause in selection.clauses)
    gone = stale(selection, results, known) if strict else ()
    return Verdict(_code(clauses, gone), clauses, gone)


def _clause(clause: Clause, selection: Selection, results: Mapping[str, LawResult]) -> ClauseResult:
    names = tuple(each.law.name for each in selection.laws if each.law.clause == clause.id)
    found = [results[name] for name in names if name in results]
    if not names:
        return ClauseResult(clause, "unjudged", (), at_fault=True, why="no law stands for this clause")
    if not found:
        return ClauseResult(clause, "unjudged", names, at_fault=True, why=NOT_RUN)
    result = ClauseResult(clause, worst(law.outcome for law in found), names)
    for law in found:
        result.counts.add(law.counts)
    result.failures = tuple(failure for law in found for failure in law.failures)
    shown = any(failure.kind in _OF_THE_IMPLEMENTATION for failure in result.failures)
    result.declared = result.outcome == "deviates" and not shown
    result.at_fault = any(law.outcome in ("disputed", "unjudged") for law in found)
    result.why = "; ".join(
        dict.fromkeys(law.why for law in found if law.why and law.outcome == result.outcome)
    )
    return result


def stale(
    selection: Selection, results: Mapping[str, LawResult], known: Sequence[Entry]
) -> tuple[Entry, ...]:
    """The entries that did not happen although every law that they concern was run to the end."""
    happened = Counter[str]()
    for result in results.values():
        happened.update(result.known)
    whole = {each.law.name for each in selection.laws if each.whole and each.law.name in results}

    def is_decided(entry: Entry) -> bool:
        return {law.name for law in selection.all_laws if entry.concerns(law.clause, law.name)} <= whole

    return tuple(entry for entry in known if not happened[entry.key] and is_decided(entry))


def _code(clauses: Sequence[ClauseResult], stale: Sequence[Entry]) -> int:
    if stale or any(result.outcome == "deviates" and not result.declared for result in clauses):
        return DEVIATES
    at_fault = any(result.at_fault for result in clauses)
    compared = any(result.counts.comparisons for result in clauses)
    return SUITE_AT_FAULT if at_fault or not compared else CONFORMS

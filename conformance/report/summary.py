"""What a run came to, in a few sentences; the same for a terminal, a file and a job page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.running.results import Counts
from conformance.running.verdict import CONFORMS, DEVIATES, INTERRUPTED, NOT_RUN, SUITE_AT_FAULT, Verdict

_ORDER = ("conforms", "deviates", "disputed", "unjudged", "not claimed", NOT_RUN)


def headline(verdict: Verdict, implementation: str) -> str:
    """The verdict in one sentence."""
    if verdict.code == INTERRUPTED:
        return "interrupted: no verdict"
    declared = sum(result.declared for result in verdict.clauses)
    if verdict.code == CONFORMS:
        tail = f", save {plural(declared, 'declared deviation')}" if declared else ""
        return f"{implementation} conforms{tail}"
    if verdict.code == DEVIATES:
        return f"{implementation} deviates"
    assert verdict.code == SUITE_AT_FAULT
    return f"no verdict on {implementation}: the suite is at fault"


def tally(verdict: Verdict) -> str:
    """How many clauses have which outcome."""
    outcomes = verdict.outcomes
    parts = [
        f"{outcomes[outcome]} {_words(outcome, outcomes[outcome])}" for outcome in _ORDER if outcomes[outcome]
    ]
    return f"{plural(len(verdict.clauses), 'clause')}: {', '.join(parts) or 'none'}"


def _words(outcome: str, count: int) -> str:
    if count == 1:
        return outcome
    return {"conforms": "conform", "deviates": "deviate"}.get(outcome, outcome)


def work(counts: Counts) -> str:
    """How much was done."""
    rejected = f", {grouped(counts.rejected)} rejected" if counts.rejected else ""
    return f"{plural(counts.programs, 'program')}{rejected}, {plural(counts.comparisons, 'comparison')}"


def answers(counts: Counts, oracles: Sequence[str]) -> Iterator[tuple[str, str]]:
    """For each oracle how many numbers it answered for, and how often it abstained."""
    for name in oracles:
        abstained = counts.abstained[name]
        tail = f", abstained on {grouped(abstained)}" if abstained else ""
        yield name, f"{plural(counts.answered[name], 'answer')}{tail}"


def judges(counts: Counts, oracles: Sequence[str]) -> str:
    """How many oracles judged at all."""
    spoke = sum(1 for name in oracles if counts.answered[name])
    unjudged = sum(counts.unjudged.values())
    tail = f"; {plural(unjudged, 'number')} nobody could answer for" if unjudged else ""
    return f"judged by {plural(spoke, 'oracle')}{tail}"


def plural(count: int, noun: str) -> str:
    """``1 clause``, ``2 clauses``, ``1,000 clauses``"""
    return f"{grouped(count)} {noun}{'' if count == 1 else 's'}"


def grouped(count: int) -> str:
    return f"{count:,}"

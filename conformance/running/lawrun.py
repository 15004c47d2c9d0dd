"""One law on one implementation, part by part."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy

from conformance.deviations import Entry
from conformance.implementation import Implementation
from conformance.judging.verdict import Deviation
from conformance.laws.law import Law, Session
from conformance.report.findings import failure, undeclared
from conformance.running.determinism import steady
from conformance.running.effort import Effort, seed_of
from conformance.running.guard import Guarded
from conformance.running.results import Counts, LawResult, Outcome, PartResult, merged
from conformance.running.search import Search
from oracles.question import Oracle

Progress = Callable[[int], None]
EXAMPLES = "examples"


@dataclass(frozen=True)
class Setting:
    """What is the same for every law of a run."""

    implementation: Implementation
    oracles: Sequence[Oracle]
    effort: Effort
    seed: int = 0
    known: tuple[Entry, ...] = ()


def _silent(programs: int) -> None:
    pass


def strategies(law: Law) -> Mapping[str | None, SearchStrategy[Any]]:
    """What a law draws from, by part; the one part of a law without parts is None."""
    cases = law.cases() if law.cases is not None else {}
    parts: Mapping[Any, SearchStrategy[Any]] = cases if isinstance(cases, Mapping) else {None: cases}
    return parts


def parts_of(law: Law) -> tuple[str | None, ...]:
    """The parts of a law in order: its examples, where it has some besides parts, first."""
    names = tuple(strategies(law))
    return (None, *(name for name in names if name is not None)) if law.examples or None in names else names


def run_law(
    setting: Setting, law: Law, parts: Iterable[str | None] | None = None, progress: Progress = _silent
) -> LawResult:
    """The law's result, over all its parts or over those named."""
    start = time.perf_counter()
    results = run_parts(setting, law, parts_of(law) if parts is None else parts, progress)
    return merged(law.name, law.clause, results, time.perf_counter() - start)


def run_parts(
    setting: Setting, law: Law, parts: Iterable[str | None], progress: Progress = _silent
) -> list[PartResult]:
    """The results of some parts of a law, in the order given; each is what it is when it is run alone."""
    from_part = strategies(law)
    in_parts = any(name is not None for name in from_part)
    with steady():
        return [_run_part(setting, law, part, from_part.get(part), in_parts, progress) for part in parts]


def _run_part(
    setting: Setting,
    law: Law,
    part: str | None,
    strategy: SearchStrategy[Any] | None,
    in_parts: bool,
    progress: Progress,
) -> PartResult:
    def sieve(error: Deviation) -> Any:
        return undeclared(law, part, error, setting.known, setting.oracles)

    session = Session(Guarded(setting.implementation), setting.oracles)
    search = Search(law, session, sieve, setting.effort.shrinks, progress)
    if part is None and law.examples is not None:
        search.examples(law.examples())
    if strategy is not None and not search.found:
        budget = setting.effort.budget(law.weight, in_parts)
        search.drawn(strategy, budget, seed_of(setting.seed, law.name, part))
    failures = tuple(failure(law, part, found, setting.oracles) for found in search.found)
    outcome, why = _outcome(search)
    return PartResult(part, outcome, search.counts, failures, Counter(search.known), why)


def _outcome(search: Search) -> tuple[Outcome, str]:
    """The outcome of a finished search, and why where it is not plain."""
    kinds = {found.kind for found in search.found}
    counts = search.counts
    if kinds & {"deviation", "crash", "flaky"}:
        more = search.more_examples
        return "deviates", f"{more} more examples deviate" if more else ""
    if "dispute" in kinds:
        return "disputed", "the oracles contradict each other"
    if "error" in kinds:
        return "unjudged", "the law itself failed"
    if search.known:
        return "deviates", "as declared"
    return _without_failure(counts, search.session.oracles)


def _without_failure(counts: Counts, oracles: Sequence[Oracle]) -> tuple[Outcome, str]:
    if counts.unjudged and not any(counts.answered[oracle.name] for oracle in oracles):
        return "unjudged", f"no oracle answers: {_most_common(counts.unjudged)}"
    if counts.comparisons:
        return "conforms", ""
    if counts.not_claimed:
        return "not claimed", _most_common(counts.not_claimed)
    rejected = f" ({counts.rejected} programs were rejected)" if counts.rejected else ""
    return "unjudged", f"nothing compared{rejected}"


def _most_common(reasons: Counter[str]) -> str:
    return min(reasons, key=lambda why: (-reasons[why], why))

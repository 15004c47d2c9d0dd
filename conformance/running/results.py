"""What running came to, as plain values that pickle, go into a report and come back out of it.

Nothing in here is a tensor or an exception: a failure is written down in the process that found it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias
from typing import Literal as OneOf

Outcome: TypeAlias = OneOf["conforms", "deviates", "not claimed", "disputed", "unjudged"]
FailureKind: TypeAlias = OneOf["deviation", "crash", "flaky", "dispute", "error"]

# A clause is what the worst of its laws is, a law what the worst of its parts is.
WORST_FIRST: tuple[Outcome, ...] = ("deviates", "disputed", "unjudged", "conforms", "not claimed")


@dataclass(frozen=True)
class Said:
    """What one oracle said of one number: the whole value, and value and bound at the worst element; or
    why not.
    """

    oracle: str
    value: str = ""
    at: str = ""
    bound: str = ""
    abstains: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that was wrong, in words. ``statement`` is the source of the statement it happened at."""

    place: tuple[int, ...]
    statement: str
    subject: str
    field: str
    wanted: str
    got: str
    why: str = ""
    pattern: str = ""
    looks_like: str = ""
    worst: tuple[int, ...] | None = None
    got_at: str = ""
    allowance: str = ""
    said: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A finished bug report, short of its layout. ``program`` is the program on the wire, None where there
    is none.
    """

    law: str
    clause: str
    kind: FailureKind
    part: str | None = None
    example: bool = False
    source: str = ""
    program: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()
    message: str = ""


@dataclass
class Counts:
    """What was really done, shrinking and replays left out."""

    programs: int = 0
    comparisons: int = 0
    rejected: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    abstained: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    unjudged: Counter[str] = field(default_factory=Counter)
    not_claimed: Counter[str] = field(default_factory=Counter)

    def add(self, other: Counts) -> None:
        self.programs += other.programs
        self.comparisons += other.comparisons
        self.rejected += other.rejected
        self.answered.update(other.answered)
        self.abstained.update(other.abstained)
        self.reasons.update(other.reasons)
        self.unjudged.update(other.unjudged)
        self.not_claimed.update(other.not_claimed)


@dataclass
class PartResult:
    """One part of a law (an operator, say; None for a law without parts)."""

    part: str | None
    outcome: Outcome
    counts: Counts
    failures: tuple[Failure, ...] = ()
    known: Counter[str] = field(default_factory=Counter)
    why: str = ""


@dataclass
class LawResult:
    """A law with its parts (the examples, or all of a law without parts, as ""); ``known`` counts declared
    ones by entry.
    """

    law: str
    clause: str
    outcome: Outcome
    counts: Counts = field(default_factory=Counts)
    failures: tuple[Failure, ...] = ()
    known: Counter[str] = field(default_factory=Counter)
    why: str = ""
    parts: Mapping[str, Outcome] = field(default_factory=dict)
    seconds: float = 0.0


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of a whole from those of its parts; ``unjudged`` when there is none."""
    seen = set(outcomes)
    return next((outcome for outcome in WORST_FIRST if outcome in seen), "unjudged")


def merged(law: str, clause: str, parts: Iterable[PartResult], seconds: float) -> LawResult:
    """The law's result out of those of its parts, whose order decides that of the failures."""
    parts = list(parts)
    result = LawResult(law, clause, worst(part.outcome for part in parts), seconds=seconds)
    for part in parts:
        result.counts.add(part.counts)
        result.known.update(part.known)
    result.failures = tuple(failure for part in parts for failure in part.failures)
    result.parts = {part.part or "": part.outcome for part in parts}
    result.why = "; ".join(_reasons(part for part in parts if part.outcome == result.outcome))
    return result


def _reasons(parts: Iterable[PartResult]) -> Iterator[str]:
    """Each reason once, with the first part that has it and the number of the others."""
    by_reason: dict[str, list[str | None]] = {}
    for part in parts:
        by_reason.setdefault(part.why, []).append(part.part)
    for why, names in by_reason.items():
        if why:
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield f"{names[0]}{others}: {why}" if names[0] else why


def to_json(result: LawResult) -> dict[str, Any]:
    """The result as JSON values, readable again by :func:`from_json`."""
    plain = asdict(result)
    plain["counts"] = counts_to_json(result.counts)
    plain["known"] = dict(sorted(result.known.items()))
    plain["parts"] = dict(result.parts)
    plain["failures"] = [_bare(asdict(failure)) for failure in result.failures]
    for failure in plain["failures"]:
        for finding in failure.get("findings", ()):
            finding["said"] = [_bare(said) for said in finding.get("said", ())]
        failure["findings"] = [_bare(finding) for finding in failure.get("findings", ())]
    return plain


def counts_to_json(counts: Counts) -> dict[str, Any]:
    """Counts as JSON values, in an order that does not depend on who counted first."""
    return {
        "programs": counts.programs,
        "comparisons": counts.comparisons,
        "rejected": counts.rejected,
        "answered": dict(sorted(counts.answered.items())),
        "abstained": dict(sorted(counts.abstained.items())),
        "reasons": [[oracle, why, count] for (oracle, why), count in sorted(counts.reasons.items())],
        "unjudged": dict(sorted(counts.unjudged.items())),
        "not_claimed": dict(sorted(counts.not_claimed.items())),
    }


def _bare(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", None, (), [])}


def from_json(plain: Mapping[str, Any]) -> LawResult:
    """The result that :func:`to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: the values are not those of a result.
    """
    counts = plain["counts"]
    return LawResult(
        law=plain["law"],
        clause=plain["clause"],
        outcome=plain["outcome"],
        counts=Counts(
            programs=counts["programs"],
            comparisons=counts["comparisons"],
            rejected=counts["rejected"],
            answered=Counter(counts["answered"]),
            abstained=Counter(counts["abstained"]),
            reasons=Counter({(oracle, why): count for oracle, why, count in counts["reasons"]}),
            unjudged=Counter(counts["unjudged"]),
            not_claimed=Counter(counts["not_claimed"]),
        ),
        failures=tuple(failure_from_json(failure) for failure in plain["failures"]),
        known=Counter(plain["known"]),
        why=plain["why"],
        parts=dict(plain["parts"]),
        seconds=plain["seconds"],
    )


def failure_from_json(plain: Mapping[str, Any]) -> Failure:
    """One failure of a report."""
    findings = tuple(_finding(finding) for finding in plain.get("findings", ()))
    return Failure(**{**plain, "findings": findings})


def _finding(plain: Mapping[str, Any]) -> Finding:
    worst_at = plain.get("worst")
    fields = {
        **plain,
        "place": tuple(plain.get("place", ())),
        "worst": None if worst_at is None else tuple(worst_at),
        "said": tuple(Said(**said) for said in plain.get("said", ())),
    }
    return Finding(**{"statement": "", "subject": "", "field": "", "wanted": "", "got": "", **fields})

"""The report: JSON Lines with a header, one line for each law and each clause, and a footer.

A law's line is written and flushed when the law is finished, so that nothing finished is lost; a report
without a footer is truncated. When the run ends the lines are put in order, so that equal runs give equal
reports but for their ``seconds`` and ``started``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from conformance.running.results import LawResult, counts_to_json, from_json, to_json
from conformance.running.verdict import INTERRUPTED, ClauseResult, Verdict

FORMAT = 1
# A resumed run must ask the same questions of the same implementation.
SAME = ("format", "suite", "spec", "hypothesis", "implementation", "oracles", "effort", "seed", "known")


class ReportError(ValueError):
    """A file is no report, or not the one that is needed; the message says what to do."""


@dataclass
class Report:
    """A report as it was read. ``footer`` is None where it is truncated."""

    header: dict[str, Any]
    laws: dict[str, LawResult] = field(default_factory=dict)
    clauses: list[dict[str, Any]] = field(default_factory=list)
    footer: dict[str, Any] | None = None


class Writer:
    """Writes a report while the run goes on; a context manager. Results of an earlier run are there from
    the first moment.

    Raises:
        ReportError: the file cannot be written.
    """

    def __init__(self, path: Path, header: Mapping[str, Any], earlier: Iterable[LawResult] = ()) -> None:
        self.path = path
        self.header = header
        # Written aside and moved: the report that is resumed may be this very file.
        self._replace([header, *(_law(result) for result in earlier)])
        self._file: IO[str] | None = self._open("a")

    def law(self, result: LawResult) -> None:
        """Append a finished law."""
        if self._file is not None:
            self._file.write(_line(_law(result)))
            self._file.flush()

    def finish(self, verdict: Verdict, laws: Sequence[LawResult], stale: Sequence[str]) -> None:
        """Put the laws in order, and add the clauses and the footer."""
        self.close()
        clauses = [_clause(result) for result in verdict.clauses]
        self._replace([self.header, *map(_law, laws), *clauses, _footer(verdict, stale)])

    def close(self) -> None:
        """Write no more; without a footer the report counts as truncated."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, mode: str, path: Path | None = None) -> IO[str]:
        try:
            return (path or self.path).open(mode, encoding="utf-8", newline="\n")
        except OSError as error:
            raise ReportError(f"{self.path}: the report cannot be written: {error.strerror}") from None

    def _replace(self, lines: Iterable[Mapping[str, Any]]) -> None:
        aside = self.path.with_name(self.path.name + ".part")
        with self._open("w", aside) as file:
            file.writelines(map(_line, lines))
        os.replace(aside, self.path)


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _law(result: LawResult) -> dict[str, Any]:
    return {"kind": "law", **to_json(result)}


def _clause(result: ClauseResult) -> dict[str, Any]:
    return {
        "kind": "clause",
        "clause": result.clause.id,
        "level": result.clause.level,
        "title": result.clause.title,
        "outcome": result.outcome,
        "declared": result.declared,
        "why": result.why,
        "laws": list(result.laws),
        "counts": counts_to_json(result.counts),
    }


def _footer(verdict: Verdict, stale: Sequence[str]) -> dict[str, Any]:
    counts = verdict.counts
    return {
        "kind": "footer",
        "outcome": "interrupted" if verdict.code == INTERRUPTED else _OUTCOMES[verdict.code],
        "exit": verdict.code,
        "clauses": dict(sorted(verdict.outcomes.items())),
        "programs": counts.programs,
        "comparisons": counts.comparisons,
        "answered": dict(sorted(counts.answered.items())),
        "stale": list(stale),
    }


_OUTCOMES = {0: "conforms", 1: "deviates", 3: "suite at fault"}


def read(path: Path) -> Report:
    """The report in a file; a last line that was cut off is left out.

    Raises:
        ReportError: the file cannot be read or is no report of this format.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ReportError(f"{path}: cannot be read: {reason}") from None
    values = [_parsed(path, number, line) for number, line in enumerate(lines[:-1], 1) if line]
    if not values or values[0].get("kind") != "header":
        raise ReportError(f"{path}: no report: its first line is no header; pass a file that --report wrote")
    if values[0].get("format") != FORMAT:
        found = values[0].get("format")
        raise ReportError(f"{path}: a report of format {found!r}; this release reads format {FORMAT}")
    report = Report(values[0])
    for number, value in enumerate(values[1:], 2):
        _take(report, path, number, value)
    return report


def _parsed(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        raise ReportError(f"{path}, line {number}: no JSON; the report is damaged, run without it") from None
    if not isinstance(value, dict):
        raise ReportError(f"{path}, line {number}: a line of a report is a JSON object")
    return value


def _take(report: Report, path: Path, number: int, value: dict[str, Any]) -> None:
    kind = value.pop("kind", None)
    try:
        if kind == "law":
            report.laws[value["law"]] = from_json(value)
        elif kind == "clause":
            report.clauses.append(value)
        elif kind == "footer":
            report.footer = value
        else:
            raise ValueError(f"a line of kind {kind!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"{path}, line {number}: not a line of a report ({error!r})") from None


def resumable(report: Report, header: Mapping[str, Any], path: Path) -> dict[str, LawResult]:
    """The laws that need not be run again.

    Raises:
        ReportError: the report is of another run: another implementation, version, effort, seed or oracle.
    """
    for key in SAME:
        if report.header.get(key) != header.get(key):
            was, now = json.dumps(report.header.get(key)), json.dumps(header.get(key))
            raise ReportError(f"{path}: cannot be resumed: its {key} is {was}, this run's is {now}")
    return report.laws

"""A run on a terminal: one line for each clause, failures as bug reports, a summary. Colour only says
again what the words say.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from conformance.clauses import Clause
from conformance.deviations import Entry
from conformance.report.failure import Origin, text
from conformance.report.summary import answers, grouped, headline, judges, tally, work
from conformance.running.results import Failure
from conformance.running.verdict import CONFORMS, ClauseResult, Verdict

WIDEST = 110
IN_FULL = 3  # failures of one law
STYLES = {
    "conforms": "green",
    "deviates": "bold red",
    "as declared": "yellow",
    "not claimed": "dim",
    "disputed": "bold magenta",
    "unjudged": "bold magenta",
}


@dataclass(frozen=True)
class _Signs:
    marks: dict[str, str]
    ellipsis: str
    rule: str


_UNICODE = _Signs(
    {
        "conforms": "✓",
        "deviates": "✗",
        "as declared": "≈",
        "not claimed": "·",
        "disputed": "?",
        "unjudged": "?",
    },
    "…",
    "─",
)
_ASCII = _Signs(
    {
        "conforms": "+",
        "deviates": "x",
        "as declared": "~",
        "not claimed": ".",
        "disputed": "?",
        "unjudged": "?",
    },
    "...",
    "-",
)


class Screen:
    """Writes to one console, within its width and its encoding."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = max(20, min(console.width, WIDEST))
        self.signs = _UNICODE if _can_say(console.encoding, "✓✗≈·…─") else _ASCII

    def line(self, *parts: str | tuple[str, str]) -> None:
        """One line, whole however long it is; a part is a text, or a text and its style."""
        line = Text()
        for part in parts:
            line.append(*((part,) if isinstance(part, str) else part))
        self._print(line)

    def _print(self, line: Text) -> None:
        if not _can_say(self.console.encoding, line.plain):
            plain = line.plain.encode(self.console.encoding, "replace").decode(self.console.encoding)
            line = Text(plain, spans=line.spans)
        self.console.print(line, soft_wrap=True, markup=False, highlight=False)

    def head(self, oracles: str, run: str) -> None:
        """The first two lines of a run: who judges, and what is judged."""
        self.line(oracles)
        self.line((self.plain(run), "dim"))

    def plain(self, words: str) -> str:
        """The words without the signs that the console cannot show."""
        return words if self.signs is _UNICODE else words.replace("·", "-")

    # --- clauses ------------------------------------------------------------------------------------------

    def clauses(self, results: Iterable[ClauseResult]) -> None:
        """One line for each clause, under the level that it belongs to."""
        level = ""
        for result in results:
            if result.clause.level != level:
                level = result.clause.level
                self.line()
                self._heading(level)
            self._clause(result)

    def _columns(self) -> tuple[int, bool]:
        """The width of a clause's sentence, and whether there is room for the counts."""
        counts = self.width >= 64
        return self.width - (3 + 9 + (9 + 13 if counts else 0) + 2 + 11), counts

    def _heading(self, level: str) -> None:
        room, counts = self._columns()
        tail = f"{'programs':>9}{'comparisons':>13}" if counts else ""
        self.line((f"   {level:<{9 + room}}", "bold"), (tail, "dim"))

    def _clause(self, result: ClauseResult) -> None:
        room, with_counts = self._columns()
        word = "as declared" if result.declared else result.outcome
        style = STYLES[word]
        counts = result.counts
        shown = f"{grouped(counts.programs):>9}{grouped(counts.comparisons):>13}" if with_counts else ""
        self.line(
            (f" {self.signs.marks[word]} ", style),
            f"{result.clause.id:<9}{self.cut(result.clause.title, room):<{room}}",
            (shown, "dim"),
            "  ",
            (word, style),
        )
        if result.why and word not in ("conforms", "as declared"):
            indent = " " * 12
            self.line((indent + self.cut(result.why, self.width - len(indent)), "dim"))

    def cut(self, words: str, room: int) -> str:
        """The words, or their beginning and an ellipsis where there is not enough room."""
        if len(words) <= room:
            return words
        return words[: max(0, room - len(self.signs.ellipsis))].rstrip() + self.signs.ellipsis

    # --- failures -----------------------------------------------------------------------------------------

    def failure(self, failure: Failure, clause: Clause, origin: Origin) -> None:
        """One failure as a finished bug report."""
        self.line()
        self.line((self.signs.rule * self.width, "dim"))
        first, *rest = text(failure, clause, origin, self.width).splitlines()
        self.line((first, "bold"))
        for line in rest:
            self.line((line, _style_of(line)))

    def failures(self, result: ClauseResult, origin: Origin) -> None:
        """The failures of a clause: the first of each law in full, the parts of the others by name."""
        for law in dict.fromkeys(failure.law for failure in result.failures):
            failures = [failure for failure in result.failures if failure.law == law]
            for failure in failures[:IN_FULL]:
                self.failure(failure, result.clause, origin)
            if rest := failures[IN_FULL:]:
                self._others(law, rest)

    def _others(self, law: str, rest: Sequence[Failure]) -> None:
        names = ", ".join(failure.part or "an example" for failure in rest)
        self.line()
        for line in textwrap.wrap(
            f"{law} fails for {len(rest)} more: {names}", self.width, break_on_hyphens=False
        ):
            self.line(line)
        self.line((f"see one with --only '{law}[{rest[0].part}]', all with --report", "dim"))

    def stale(self, entries: Sequence[Entry]) -> None:
        """The declared deviations that did not happen, with the lines to delete."""
        for entry in entries:
            self.line()
            self.line(
                (f"{entry.file}, line {entry.line}", "bold"),
                f": the deviation declared for {entry.scope} no longer happens; delete the entry",
            )
            self.line(f"  its reason was: {entry.reason}")

    # --- summary ------------------------------------------------------------------------------------------

    def summary(self, verdict: Verdict, implementation: str, oracles: Sequence[str]) -> None:
        """The counts, and the verdict in one sentence."""
        counts = verdict.counts
        self.line()
        self.line((self.signs.rule * self.width, "dim"))
        self.line(tally(verdict))
        self.line(work(counts))
        widest = max(map(len, oracles), default=0)
        for name, said in answers(counts, oracles):
            self.line(f"  {name:<{widest}}  {said}")
        self.line(judges(counts, oracles))
        self.line()
        style = "bold green" if verdict.code == CONFORMS else "bold red"
        self.line((headline(verdict, implementation), style), (f"  (exit code {verdict.code})", "dim"))


def _style_of(line: str) -> str:
    if line.startswith("  reproduce  "):
        return "cyan"
    if line.startswith("    looks like"):
        return "yellow"
    return "" if line.startswith("  ") else "dim"


def _can_say(encoding: str, words: str) -> bool:
    try:
        words.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True

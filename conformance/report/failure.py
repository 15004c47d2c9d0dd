"""A failure as a finished bug report: the clause, the program, what came back, what each oracle said, what it
looks like, and the command that shows it again. Plain text; a terminal adds colour and nothing else.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.clauses import Clause
from conformance.running.results import Failure, Finding, Said

_HEADLINES = {
    "deviation": "deviates",
    "crash": "deviates: the implementation failed outside of any program",
    "flaky": "deviates, but not every time that the same program is run",
    "dispute": "is disputed: the oracles contradict each other, a defect of the suite",
    "error": "is unjudged: the law itself failed, a defect of the suite",
}


@dataclass(frozen=True)
class Origin:
    """What run a failure comes from, as far as it takes to have it again. ``report``: the path as it was
    typed.
    """

    implementation: str
    effort: str
    seed: int = 0
    report: str | None = None

    def command(self, failure: Failure) -> str:
        """The command that shows exactly this failure again."""
        target = failure.law if failure.part is None else f"{failure.law}[{failure.part}]"
        if self.report is not None:
            words = ["replay", f"{self.report}#{target}", self.implementation]
        else:
            words = ["run", self.implementation, "--only", target, "--effort", self.effort]
            words += ["--seed", str(self.seed)] if self.seed else []
        return shlex.join(["autograd-conformance", *words])


def text(failure: Failure, clause: Clause, origin: Origin, width: int = 88) -> str:
    """The report, in lines of at most ``width`` save for source, values and the command."""
    return "\n".join(_lines(failure, clause, origin, width)) + "\n"


def _lines(failure: Failure, clause: Clause, origin: Origin, width: int) -> Iterator[str]:
    yield from textwrap.wrap(f"{clause.id}  {clause.title}", width, subsequent_indent="        ")
    yield from textwrap.wrap(f"{origin.implementation} {_HEADLINES[failure.kind]}", width)
    yield from textwrap.wrap(f"law {failure.law}{_which(failure)}", width, subsequent_indent="    ")
    if failure.source:
        yield ""
        yield from (f"    {line}".rstrip() for line in failure.source.rstrip("\n").splitlines())
    for finding in failure.findings:
        yield ""
        yield from _finding(finding, width)
    if failure.message:
        yield ""
        yield from textwrap.wrap(failure.message, width - 2, initial_indent="  ", subsequent_indent="  ")
    yield ""
    yield f"  reproduce  {origin.command(failure)}"


def _which(failure: Failure) -> str:
    part = "" if failure.part is None else f", {failure.part}"
    return f"{part}, one of its examples" if failure.example else part


def _finding(finding: Finding, width: int) -> Iterator[str]:
    yield f"  {_subject(finding)}"
    if finding.said:
        room = width - 6 - max(len("worst element"), *(len(said.oracle) for said in finding.said))
        yield from _rows(_said_rows(finding, room), width)
    else:
        yield from _rows(_plain_rows(finding), width)


def _subject(finding: Finding) -> str:
    if finding.subject == "statement":
        return f"{finding.field} of   {finding.statement}" if finding.statement else finding.field
    name = f"{finding.subject}.{finding.field}" if finding.field else finding.subject
    return f"{name}, after   {finding.statement}" if finding.statement else name


def _plain_rows(finding: Finding) -> Iterator[tuple[str, str]]:
    yield "expected", finding.wanted
    yield "came back", finding.got
    yield from _last_rows(finding)


def _said_rows(finding: Finding, room: int) -> Iterator[tuple[str, str]]:
    yield "came back", finding.got
    # Where an answer is too long for a line, its worst element says what there is to see.
    short = all(len(said.value) + len(" within 0.0e-00") <= room for said in finding.said)
    for said in finding.said:
        yield said.oracle, _answer(said, short or finding.worst is None)
    if finding.worst is not None:
        yield from _worst_rows(finding, finding.worst)
    yield from _last_rows(finding)


def _answer(said: Said, whole: bool) -> str:
    if said.abstains:
        return f"abstains: {said.abstains}"
    bound = "exactly" if said.bound == "0" else f"within {said.bound}"
    return f"{said.value if whole else said.at}   {bound}{'' if whole else ', at the worst element'}"


def _worst_rows(finding: Finding, worst: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    wanted = next((said.at for said in finding.said if said.at), finding.wanted)
    where = f"[{', '.join(map(str, worst))}]" if worst else "the one element"
    yield "worst element", f"{where} is {finding.got_at}, not {wanted}; allowed {finding.allowance}"


def _last_rows(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.why:
        yield "because", finding.why
    if finding.looks_like:
        yield "looks like", f"{finding.looks_like} ({finding.pattern})"


def _rows(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Two columns, the second wrapped between words and elements."""
    listed = list(rows)
    label = max(len(name) for name, _ in listed)
    for name, value in listed:
        head = f"    {name:<{label}}  "
        wrapped = textwrap.wrap(
            value,
            max(width, len(head) + 20),
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from wrapped or [head.rstrip()]

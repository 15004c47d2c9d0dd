"""Carries out ``replay``: a program judged on its own, or the search that found a failure, once more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from conformance.clauses import Clause, spec
from conformance.cli.errors import CannotRun
from conformance.cli.session import bench, implementation_called
from conformance.implementation import Implementation
from conformance.laws.law import Law, NotClaimed, Session
from conformance.model import Reject
from conformance.programs.printer import source
from conformance.programs.statements import Program
from conformance.programs.validate import ProgramError
from conformance.programs.wire import WireError, dumps, load_program
from conformance.report import jsonl
from conformance.report.failure import Origin
from conformance.report.findings import failure
from conformance.report.terminal import Screen
from conformance.running.effort import EFFORTS
from conformance.running.guard import Guarded
from conformance.running.lawrun import Setting, run_law
from conformance.running.results import Failure
from conformance.running.search import Found, kind_of
from conformance.running.selection import all_laws
from conformance.running.verdict import CONFORMS, DEVIATES, SUITE_AT_FAULT
from conformance.suggest import suggestion
from oracles.question import Oracle

_TARGET = re.compile(r"(?P<file>.+)#(?P<law>[\w-]+)(\[(?P<part>[^\]]+)\])?")
_CODES = {"deviates": DEVIATES, "disputed": SUITE_AT_FAULT, "unjudged": SUITE_AT_FAULT}
# A program out of a file belongs to no law; what it shows is the suite's first sentence.
_NO_CLAUSE = Clause("REPLAY", "", "The program does what the model and the oracles say", "")


def execute(target: str, name: str | None) -> int:
    """Replay, show what comes of it, and give the exit code.

    Raises:
        CannotRun: the file, the law or the implementation is not there.
    """
    match = _TARGET.fullmatch(target)
    if match is None or Path(target).is_file():
        return _program(Path(target), name or "refimpl")
    return _failure(Path(match["file"]), match["law"], match["part"], name)


@dataclass(frozen=True)
class _Stage:
    """An implementation, who judges it, and where to show it."""

    name: str
    implementation: Implementation
    oracles: tuple[Oracle, ...]
    screen: Screen

    @classmethod
    def of(cls, name: str) -> _Stage:
        implementation = implementation_called(name)
        found = bench(implementation, (), ())
        screen = Screen(Console(highlight=False))
        screen.head(found.sentence(), implementation.version)
        return cls(name, implementation, tuple(found.oracles.values()), screen)

    def judge(self, program: Program) -> tuple[str, Exception | None, int]:
        """The program's outcome, the error that shows why, and the number of comparisons."""
        session = Session(Guarded(self.implementation), self.oracles)
        try:
            session.conforms(program)
        except Reject as error:
            return "unjudged", error, 0
        except NotClaimed as error:
            return "not claimed", error, 0
        except Exception as error:
            outcome = {"dispute": "disputed", "error": "unjudged"}.get(kind_of(error), "deviates")
            return outcome, error, session.tally.comparisons
        spoke = any(session.tally.answered[oracle.name] for oracle in self.oracles)
        return (
            "conforms" if spoke or not session.tally.unjudged else "unjudged",
            None,
            session.tally.comparisons,
        )

    def conclude(self, outcome: str, comparisons: int) -> int:
        code = _CODES.get(outcome, CONFORMS)
        self.screen.line()
        self.screen.line(f"{self.name}: {outcome}, {comparisons:,} comparisons  (exit code {code})")
        return code


def _program(path: Path, name: str) -> int:
    program = _read(path)
    stage = _Stage.of(name)
    outcome, error, comparisons = stage.judge(program)
    if error is None or isinstance(error, NotClaimed | Reject):
        stage.screen.line()
        for line in source(program).splitlines():
            stage.screen.line(f"    {line}".rstrip())
        if error is not None:
            stage.screen.line()
            stage.screen.line(f"  {outcome}: {error}")
    else:
        law = Law("replay", _NO_CLAUSE.id, lambda session, case: None)
        found = failure(law, None, Found(kind_of(error), error), stage.oracles)
        stage.screen.failure(found, _NO_CLAUSE, _From(name, "gate", report=str(path)))
    return stage.conclude(outcome, comparisons)


class _From(Origin):
    """A program out of a file is had again by replaying the file."""

    def command(self, failure: Failure) -> str:
        return f"autograd-conformance replay {self.report} {self.implementation}"


def _read(path: Path) -> Program:
    try:
        return load_program(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise CannotRun(f"{path}: cannot be read: {reason}") from None
    except (WireError, ProgramError) as error:
        if _is_report(path):
            raise CannotRun(f"{path}: is a report; say which failure of it: {path}#LAW") from None
        raise CannotRun(f"{path}: no program: {' '.join(str(error).split())}") from None


def _is_report(path: Path) -> bool:
    try:
        jsonl.read(path)
    except jsonl.ReportError:
        return False
    return True


# --- a failure out of a report ----------------------------------------------------------------------------


def _failure(path: Path, law_name: str, part: str | None, name: str | None) -> int:
    try:
        report = jsonl.read(path)
    except jsonl.ReportError as error:
        raise CannotRun(str(error)) from None
    law = _law(path, report, law_name)
    wanted = [found for found in report.laws[law_name].failures if part in (None, found.part)]
    if not wanted:
        target = law_name if part is None else f"{law_name}[{part}]"
        raise CannotRun(f"{path}: {target} did not fail; {_failed(report)}")
    argument = name or str(report.header["implementation"]["argument"])
    stage = _Stage.of(argument)
    program = wanted[0].program
    if program is not None and _still_deviates(stage, wanted[0], law):
        return DEVIATES
    # The law compares more than a program alone shows, or the program came out right: search as the run did.
    effort = EFFORTS[report.header["effort"]]
    setting = Setting(stage.implementation, stage.oracles, effort, report.header["seed"])
    result = run_law(setting, law, [wanted[0].part])
    origin = Origin(argument, effort.name, report.header["seed"], str(path))
    for found in result.failures:
        stage.screen.failure(found, spec().clauses[law.clause], origin)
    return stage.conclude(result.outcome, result.counts.comparisons)


def _still_deviates(stage: _Stage, wanted: Failure, law: Law) -> bool:
    """Judge the failure's program on its own; shows the failure and says whether there is one."""
    program = load_program(dumps(dict(wanted.program or {})))
    outcome, error, comparisons = stage.judge(program)
    if error is None or outcome != "deviates":
        return False
    found = failure(law, wanted.part, Found(kind_of(error), error, wanted.example), stage.oracles)
    stage.screen.failure(found, spec().clauses[law.clause], Origin(stage.name, "gate"))
    stage.conclude(outcome, comparisons)
    return True


def _law(path: Path, report: jsonl.Report, name: str) -> Law:
    law = all_laws().get(name)
    if law is None or name not in report.laws:
        near = suggestion(name, report.laws)
        raise CannotRun(f"{path}: holds no law {name!r}{near}; {_failed(report)}")
    return law


def _failed(report: jsonl.Report) -> str:
    names = [name for name, result in report.laws.items() if result.failures]
    return f"failures of {', '.join(names)} can be replayed" if names else "no law failed in it"

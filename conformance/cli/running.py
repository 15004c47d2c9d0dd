"""Carries out ``run``: from options to an exit code."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import hypothesis
from rich.console import Console

from conformance.clauses import spec
from conformance.cli.errors import CannotRun
from conformance.cli.interrupts import last_resort
from conformance.cli.session import Bench, bench, check_smoke, implementation_called, known
from conformance.deviations import Entry
from conformance.implementation import Implementation
from conformance.report import jsonl, junit
from conformance.report.failure import Origin
from conformance.report.progress import ProgressLine
from conformance.report.summary import headline, plural
from conformance.report.terminal import Screen
from conformance.running.effort import EFFORTS
from conformance.running.lawrun import Setting
from conformance.running.results import LawResult
from conformance.running.runner import Run
from conformance.running.selection import NothingSelected, Selection, all_laws, select
from conformance.running.verdict import INTERRUPTED, NOT_RUN, Verdict, verdict
from conformance.running.workers import Order, WorkerFailed


def default_workers(laws: int) -> int:
    """One process for each core that this one may use, as far as there is work to share."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, 4, laws // 4))


def suite_version() -> str:
    """The version that is installed; of a bare checkout nobody knows it."""
    try:
        return importlib.metadata.version("autograd-conformance")
    except importlib.metadata.PackageNotFoundError:
        return "checkout"


@dataclass(frozen=True)
class Options:
    """The options of ``run``, by the names of its parameters."""

    implementation: str
    levels: tuple[str, ...] = ()
    oracles: tuple[str, ...] = ()
    effort: str = "gate"
    only: tuple[str, ...] = ()
    seed: int = 0
    workers: int | None = None
    expect: Path | None = None
    required: tuple[str, ...] = ()
    report: Path | None = None
    junit: Path | None = None
    resume: Path | None = None
    quiet: bool = False


def execute(options: Options) -> int:
    """Run, report, and give the exit code.

    Raises:
        CannotRun: there can be no verdict.
    """
    _check_writable(options.report, options.junit)
    selection = _selection(options)
    implementation = implementation_called(options.implementation)
    session = _Session(
        options,
        selection,
        implementation,
        bench(implementation, options.oracles, options.required),
        known(options.implementation, options.expect),
    )
    check_smoke(implementation)
    return session.run()


def _selection(options: Options) -> Selection:
    try:
        return select(spec(), all_laws().values(), options.levels, options.only)
    except NothingSelected as error:
        raise CannotRun(str(error)) from None


def _check_writable(*paths: Path | None) -> None:
    """Find out before the run, not after it, that a report has nowhere to go."""
    for path in filter(None, paths):
        if not path.parent.is_dir():
            raise CannotRun(f"{path}: there is no directory {path.parent}; make it first")
        if path.is_dir():
            raise CannotRun(f"{path}: is a directory; name a file")


class _Session:
    """One run with everything set up."""

    def __init__(
        self,
        options: Options,
        selection: Selection,
        implementation: Implementation,
        bench: Bench,
        known: tuple[Entry, ...],
    ) -> None:
        self.options = options
        self.selection = selection
        self.implementation = implementation
        self.bench = bench
        self.known = known
        self.effort = EFFORTS[options.effort]
        report = None if options.report is None else str(options.report)
        self.origin = Origin(options.implementation, options.effort, options.seed, report)
        self.screen = Screen(Console(highlight=False))

    def run(self) -> int:
        header = self.header()
        earlier = self.earlier(header)
        if not self.options.quiet:
            self.screen.head(self.bench.sentence(), self.sentence())
        progress = ProgressLine(len(self.selection.laws), Console(stderr=True), not self.options.quiet)
        with contextlib.ExitStack() as stack:
            writer = self.writer(header, earlier)
            if writer is not None:
                stack.enter_context(writer)
            run = Run(self.selection, _Both(progress, writer), earlier)
            with last_resort(lambda: self.abandon(run, writer), INTERRUPTED):
                interrupted = self.interrupted(run, progress)
            return self.finish(run, writer, interrupted)

    def abandon(self, run: Run, writer: jsonl.Writer | None) -> None:
        """Save what there is of a run that cannot be stopped; its process is about to end."""
        if writer is not None:
            found = replace(verdict(self.selection, run.results, self.known, strict=False), code=INTERRUPTED)
            writer.finish(found, self.in_order(run), [])

    def in_order(self, run: Run) -> list[LawResult]:
        """The results there are, in the order of the clauses."""
        return [run.results[each.law.name] for each in self.selection.laws if each.law.name in run.results]

    def interrupted(self, run: Run, progress: ProgressLine) -> bool:
        """Work, and say whether it was cut short."""
        try:
            with progress:
                self.work(run)
        except KeyboardInterrupt:
            return True
        return False

    def work(self, run: Run) -> None:
        options = self.options
        workers = options.workers or default_workers(len(self.selection.laws))
        if workers == 1:
            oracles = tuple(self.bench.oracles.values())
            run.here(Setting(self.implementation, oracles, self.effort, options.seed, self.known))
            return
        order = Order(
            options.implementation, tuple(self.bench.oracles), self.effort, options.seed, self.known
        )
        try:
            run.shared(order, workers)
        except WorkerFailed as error:
            raise CannotRun(f"a worker could not be set up: {error}; try --workers 1") from None

    # --- what stands in the report ------------------------------------------------------------------------

    def header(self) -> dict[str, Any]:
        return {
            "kind": "header",
            "format": jsonl.FORMAT,
            "suite": suite_version(),
            "spec": spec().version,
            "hypothesis": hypothesis.__version__,
            "python": platform.python_version(),
            "implementation": {
                "argument": self.options.implementation,
                "name": self.implementation.name,
                "version": self.implementation.version,
            },
            "oracles": [[name, oracle.version] for name, oracle in self.bench.oracles.items()],
            "missing": self.bench.missing,
            "abstaining": self.bench.abstaining,
            "effort": self.options.effort,
            "seed": self.options.seed,
            "levels": list(self.options.levels),
            "only": list(self.options.only),
            "known": [[entry.key, entry.scope, entry.reason] for entry in self.known],
            "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        }

    def earlier(self, header: Mapping[str, Any]) -> dict[str, LawResult]:
        if self.options.resume is None:
            return {}
        with _reporting():
            report = jsonl.read(self.options.resume)
            return jsonl.resumable(report, header, self.options.resume)

    def writer(self, header: Mapping[str, Any], earlier: Mapping[str, LawResult]) -> jsonl.Writer | None:
        if self.options.report is None:
            return None
        with _reporting():
            return jsonl.Writer(self.options.report, header, earlier.values())

    # --- what stands on the screen ------------------------------------------------------------------------

    def sentence(self) -> str:
        seed = f", seed {self.options.seed}" if self.options.seed else ""
        return " · ".join(
            [
                self.implementation.version,
                f"effort {self.options.effort}{seed}",
                f"{plural(len(self.selection.clauses), 'clause')}, {plural(len(self.selection.laws), 'law')}",
                f"specification {spec().version}",
            ]
        )

    def finish(self, run: Run, writer: jsonl.Writer | None, interrupted: bool) -> int:
        # What is drawn at quick may miss a deviation that still happens.
        strict = self.options.effort != "quick" and not interrupted
        found = verdict(self.selection, run.results, self.known, strict)
        if interrupted:
            found = replace(found, code=INTERRUPTED)
        with _reporting():
            if writer is not None:
                writer.finish(found, self.in_order(run), [entry.key for entry in found.stale])
            if self.options.junit is not None:
                junit.write(self.options.junit, found, run.results, self.origin)
        self.show(found)
        return found.code

    def show(self, found: Verdict) -> None:
        screen, name = self.screen, self.implementation.name
        if not self.options.quiet:
            screen.clauses(result for result in found.clauses if result.why != NOT_RUN)
        for result in found.clauses:
            screen.failures(result, self.origin)
        screen.stale(found.stale)
        if self.options.quiet:
            screen.line(f"{headline(found, name)}  (exit code {found.code})")
        else:
            screen.summary(found, name, tuple(self.bench.oracles))


@dataclass(frozen=True)
class _Both:
    """Tells the progress line and the report."""

    progress: ProgressLine
    writer: jsonl.Writer | None

    def programs(self, count: int) -> None:
        self.progress.programs(count)

    def finished(self, result: LawResult) -> None:
        self.progress.finished(result)
        if self.writer is not None:
            self.writer.law(result)


@contextlib.contextmanager
def _reporting() -> Iterator[None]:
    try:
        yield
    except jsonl.ReportError as error:
        raise CannotRun(str(error)) from None

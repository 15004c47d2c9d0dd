"""Progress while a run goes on: one quiet line on stderr, and nothing at all where stderr is no terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from conformance.running.results import LawResult


class ProgressLine:
    """A listener of a run; a context manager, since a terminal has to be put back."""

    def __init__(self, laws: int, console: Console, enabled: bool) -> None:
        self._programs = 0
        # A progress display that is merely disabled still writes a line end.
        self._shows = enabled and console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24, style="dim", complete_style="default", finished_style="default"),
            TextColumn("[dim]{task.completed}/{task.total} laws"),
            TextColumn("[dim]{task.fields[programs]:,} programs"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("      ", total=laws, programs=0)

    def __enter__(self) -> ProgressLine:
        if self._shows:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shows:
            self._progress.stop()

    def programs(self, count: int) -> None:
        """More programs were run."""
        self._programs += count
        self._progress.update(self._task, programs=self._programs)

    def finished(self, result: LawResult) -> None:
        """A law is finished."""
        self._progress.update(self._task, advance=1, description=result.clause)

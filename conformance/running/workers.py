"""Laws shared between processes. What a unit of work comes to does not depend on who does it, nor when."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from conformance.deviations import Entry
from conformance.running.effort import Effort
from conformance.running.results import Counts, Failure, PartResult


@dataclass(frozen=True)
class Order:
    """What a worker needs to set itself up: names and plain values, so that they cross to another process."""

    implementation: str
    oracles: tuple[str, ...]
    effort: Effort
    seed: int
    known: tuple[Entry, ...]


@dataclass(frozen=True)
class Unit:
    """A piece of work: some parts of one law."""

    law: str
    clause: str
    parts: tuple[str | None, ...]


@dataclass(frozen=True)
class Done:
    """A unit finished, with the seconds that it took."""

    unit: Unit
    results: list[PartResult]
    seconds: float


class WorkerFailed(RuntimeError):
    """A worker could not set itself up."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    unit: Unit | None = None


@dataclass
class Pool:
    """Processes that work on units. Use as a context manager: leaving it, however, leaves no process
    behind.
    """

    order: Order
    size: int
    progress: Callable[[int], None]
    _workers: list[_Worker] = field(default_factory=list)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(0.3)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    def run(self, units: Sequence[Unit]) -> Iterator[Done]:
        """Yield each unit as it is finished, in no fixed order.

        Raises:
            WorkerFailed: a worker could not load the implementation or the oracles.
        """
        waiting = deque(units)
        self._workers += [self._start() for _ in range(min(self.size, len(waiting)))]
        for worker in self._workers:
            self._give(worker, waiting)
        while any(worker.unit is not None for worker in self._workers):
            ready = wait([worker.pipe for worker in self._workers if worker.unit is not None])
            for worker in [worker for worker in self._workers if worker.pipe in ready]:
                done = self._receive(worker)
                if done is not None:
                    yield done
                    self._give(self._alive(worker), waiting)

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self.order), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _alive(self, worker: _Worker) -> _Worker:
        """The worker, or one started in its place when it has died."""
        if not worker.pipe.closed:
            return worker
        fresh = self._start()
        self._workers[self._workers.index(worker)] = fresh
        return fresh

    def _give(self, worker: _Worker, waiting: deque[Unit]) -> None:
        worker.unit = waiting.popleft() if waiting else None
        if worker.unit is not None:
            worker.pipe.send(worker.unit)

    def _receive(self, worker: _Worker) -> Done | None:
        unit = worker.unit
        assert unit is not None
        try:
            kind, value = worker.pipe.recv()
        except (EOFError, OSError):
            return self._died(worker, unit)
        if kind == "progress":
            self.progress(value)
            return None
        if kind == "failed":
            raise WorkerFailed(value)
        done: Done = value
        return done

    def _died(self, worker: _Worker, unit: Unit) -> Done:
        worker.pipe.close()
        worker.process.join()
        message = f"the process that ran it ended with {_ending(worker.process.exitcode)}"
        failure = Failure(unit.law, unit.clause, "crash", unit.parts[0], message=message)
        results = [PartResult(unit.parts[0], "deviates", Counts(), (failure,))]
        results += [PartResult(part, "unjudged", Counts(), why=message) for part in unit.parts[1:]]
        return Done(unit, results, 0.0)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


# --- in the worker ----------------------------------------------------------------------------------------


def _work(pipe: Connection, order: Order) -> None:
    """A worker's life: set up, then one unit after another until the pipe closes."""
    # Ctrl-C reaches the whole group; the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    try:
        work = _Bench(pipe, order)
    except BaseException as error:
        pipe.send(("failed", f"{type(error).__name__}: {error}"))
        return
    while True:
        try:
            unit = pipe.recv()
        except EOFError:
            return
        pipe.send(("done", work.do(unit)))


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


class _Bench:
    """The implementation and the oracles of one worker, loaded once."""

    def __init__(self, pipe: Connection, order: Order) -> None:
        from conformance.adapters.loading import load
        from conformance.running.lawrun import Setting
        from conformance.running.selection import all_laws
        from oracles import load as load_oracle

        self.pipe = pipe
        oracles = [load_oracle(name) for name in order.oracles]
        self.setting = Setting(load(order.implementation), oracles, order.effort, order.seed, order.known)
        self.laws = all_laws()
        self.unsent = 0
        self.sent_at = 0.0

    def do(self, unit: Unit) -> Done:
        from conformance.running.lawrun import run_parts

        start = time.perf_counter()
        results = run_parts(self.setting, self.laws[unit.law], unit.parts, self.progress)
        return Done(unit, results, time.perf_counter() - start)

    def progress(self, programs: int) -> None:
        self.unsent += programs
        if (now := time.monotonic()) - self.sent_at > 0.1:
            self.pipe.send(("progress", self.unsent))
            self.unsent, self.sent_at = 0, now

"""Keeps an implementation that fails outside of its programs from taking the suite along."""

from __future__ import annotations

from typing import Any

from conformance.programs.statements import Program
from conformance.trace import Trace


class Crash(Exception):
    """The implementation raised out of ``run``, which it never may."""

    def __init__(self, program: Program, error: BaseException) -> None:
        super().__init__(f"the implementation raised {type(error).__name__} instead of giving a trace")
        self.program = program
        self.error = error


class Guarded:
    """An implementation whose ``run`` raises nothing but :class:`Crash` and KeyboardInterrupt."""

    def __init__(self, implementation: Any) -> None:
        self._implementation = implementation
        self.last_program: Program | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._implementation, name)

    def run(self, program: Program) -> Trace:
        self.last_program = program
        try:
            trace = self._implementation.run(program)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise Crash(program, error) from None
        if not isinstance(trace, Trace):
            raise Crash(
                program, TypeError(f"run gives a conformance.trace.Trace, got {type(trace).__name__}")
            )
        return trace

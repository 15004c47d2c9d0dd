"""The search for a deviation in one part of one law: its examples, then what Hypothesis draws, then
shrinking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import hypothesis
from hypothesis import errors
from hypothesis.strategies import SearchStrategy

from conformance.judging.verdict import Deviation, Disputed, Mismatch, Tally
from conformance.laws.law import Law, NotClaimed, Session
from conformance.model import Reject
from conformance.running.determinism import settings
from conformance.running.results import Counts, FailureKind
from conformance.trace import Trace

# Examples are written by hand and show a law from every side, so several of them fail together.
EXAMPLES_SHOWN = 3
# A part whose cases all need what the implementation does not offer is not worth drawing to the end.
NOT_CLAIMED_IN_A_ROW = 25


class Crash(Exception):
    """The implementation raised out of ``run``, which it never may."""

    def __init__(self, program: Any, error: BaseException) -> None:
        super().__init__(f"the implementation failed outside of the program: {type(error).__name__}")
        self.program = program
        self.error = error


class Guarded:
    """An implementation whose ``run`` raises nothing but :class:`Crash` and KeyboardInterrupt."""

    def __init__(self, implementation: Any) -> None:
        self._implementation = implementation
        self.last_program: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._implementation, name)

    def run(self, program: Any) -> Trace:
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


@dataclass(frozen=True)
class Found:
    """The smallest failing case of a search, still as exceptions."""

    kind: FailureKind
    error: Exception
    example: bool = False


# Splits the mismatches into those that no entry declares, and the keys of the entries that declare the
# others.
Sieve = Callable[[Deviation], "tuple[list[Mismatch], list[str]]"]


class _Enough(BaseException):
    """Ends a search early; no part of Hypothesis catches it."""


@dataclass
class Search:
    """One search. What it counts, and what it found, is read off afterwards."""

    law: Law
    session: Session
    sieve: Sieve
    shrinks: int
    progress: Callable[[int], None]
    counts: Counts = field(default_factory=Counts)
    known: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    more_examples: int = 0
    _first: FailureKind | None = None
    _last: Found | None = None
    _tried: int = 0
    _refused: int = 0

    def examples(self, cases: Iterable[Any]) -> None:
        """Run hand-made cases; each of those that fail is found."""
        for case in cases:
            self._first = None
            try:
                self._case(case)
            except errors.UnsatisfiedAssumption:
                continue
            except Exception as error:
                if len(self.found) < EXAMPLES_SHOWN:
                    self.found.append(Found(kind_of(error), error, example=True))
                else:
                    self.more_examples += 1

    def drawn(self, strategy: SearchStrategy[Any], cases: int, seed: int) -> None:
        """Draw cases until one fails, and shrink it; at most one is found."""
        self._first = self._last = None

        @hypothesis.seed(seed)
        @settings(cases)
        @hypothesis.given(strategy)
        def search(case: Any) -> None:
            self._case(case)

        try:
            search()
        except (_Enough, errors.Unsatisfiable):
            pass
        except errors.Flaky as error:
            self._last = Found("error", error) if self._last is None else Found("flaky", self._last.error)
        except errors.HypothesisException as error:
            # Drawing itself went wrong: a strategy of the suite, not the implementation.
            self._last = Found("error", error)
        except Exception as error:
            self._last = Found(kind_of(error), error)
        self.found += self._smallest()

    def _smallest(self) -> list[Found]:
        return [] if self._last is None else [self._last]

    def _case(self, case: Any) -> None:
        """One case. Raises what it fails with; a failure that differs in kind from the first is not
        pursued.
        """
        shrinking = self._first is not None
        if shrinking:
            self._tried += 1
            if self._tried > self.shrinks:
                raise _Enough
        self.session.tally = Tally()
        try:
            self.law.body(self.session, case)
        except Reject:
            raise errors.UnsatisfiedAssumption from None
        except NotClaimed as error:
            self._not_claimed(str(error), shrinking)
        except errors.HypothesisException:
            raise
        except Deviation as error:
            self._deviates(error)
        except Exception as error:
            self._fails(kind_of(error), error)
        finally:
            if not shrinking:
                self._count(self.session.tally)

    def _deviates(self, error: Deviation) -> None:
        undeclared, keys = self.sieve(error)
        if self._first is None:
            self.known += keys
        if undeclared:
            if len(undeclared) < len(error.mismatches):
                error = Deviation(error.program, error.trace, undeclared)
            self._fails("deviation", error)

    def _fails(self, kind: FailureKind, error: Exception) -> NoReturn:
        if self._first is None:
            self._first = kind
        if kind != self._first:
            raise errors.UnsatisfiedAssumption from None
        self._last = Found(kind, error)
        raise error

    def _not_claimed(self, why: str, shrinking: bool) -> None:
        if shrinking:
            raise errors.UnsatisfiedAssumption from None
        self.counts.not_claimed[why] += 1
        self._refused += 1
        if self._refused >= NOT_CLAIMED_IN_A_ROW and not self.counts.comparisons:
            raise _Enough

    def _count(self, tally: Tally) -> None:
        counts = self.counts
        counts.programs += tally.programs
        counts.comparisons += tally.comparisons
        counts.rejected += tally.rejected
        counts.answered.update(tally.answered)
        for (oracle, why), count in tally.abstained.items():
            counts.abstained[oracle] += count
            counts.reasons[oracle, why] += count
        counts.unjudged.update(tally.unjudged)
        self.progress(max(1, tally.programs))


def kind_of(error: Exception) -> FailureKind:
    """What a failing case is, by the exception that it failed with."""
    if isinstance(error, Deviation):
        return "deviation"
    if isinstance(error, Disputed):
        return "dispute"
    return "crash" if isinstance(error, Crash) else "error"

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
from conformance.programs.statements import Program
from conformance.running.determinism import settings
from conformance.running.guard import Crash
from conformance.running.reduce import reduced
from conformance.running.results import Counts, FailureKind

# Examples are written by hand and show a law from every side, so several of them fail together.
EXAMPLES_SHOWN = 3
# A part whose cases all need what the implementation does not offer is not worth drawing to the end.
NOT_CLAIMED_IN_A_ROW = 25


@dataclass(frozen=True)
class Found:
    """The smallest failing case of a search, still as exceptions."""

    kind: FailureKind
    error: Exception
    example: bool = False
    program: Program | None = None  # the last that was run, where the error has none


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
                    self.found.append(Found(kind_of(error), error, True, self._last_program()))
                else:
                    self.more_examples += 1

    def drawn(self, strategy: SearchStrategy[Any], cases: int, seed: int) -> None:
        """Draw cases until one fails, and shrink it; at most one is found."""
        self._reset()

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
        except Exception as error:
            # An error that no case raised comes of drawing one: a strategy of the suite is at fault.
            self._last = self._last or Found("error", error)
        self.found += self._smallest()

    def _last_program(self) -> Program | None:
        return getattr(self.session.implementation, "last_program", None)

    def _reset(self) -> None:
        self._first = self._last = None
        self._tried = 0

    def _smallest(self) -> list[Found]:
        if self._last is None:
            return []
        kind, error = self._last.kind, self._last.error
        if kind == "deviation" and isinstance(error, Deviation):
            return [Found(kind, reduced(error, self._probe, self.shrinks))]
        if kind == "crash" and isinstance(error, Crash):
            return [Found(kind, reduced(error, self._probe, self.shrinks))]
        return [self._last]

    def _probe(self, program: Program) -> Exception | None:
        self.session.tally = Tally()
        try:
            self.session.conforms(program)
        except Deviation as error:
            return self._undeclared(error)[0]
        except Exception as error:
            return error
        return None

    def _undeclared(self, error: Deviation) -> tuple[Deviation | None, list[str]]:
        """The deviation without what is declared, None where all of it is; and the keys of the
        declarations.
        """
        rest, keys = self.sieve(error)
        if not keys:
            return error, keys
        return (Deviation(error.program, error.trace, rest) if rest else None), keys

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
        undeclared, keys = self._undeclared(error)
        if self._first is None:
            self.known += keys
        if undeclared is not None:
            self._fails("deviation", undeclared)

    def _fails(self, kind: FailureKind, error: Exception) -> NoReturn:
        if self._first is None:
            self._first = kind
        if kind != self._first:
            raise errors.UnsatisfiedAssumption from None
        self._last = Found(kind, error, program=self._last_program())
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

"""What judging one program came to: what was compared, and what was wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judging.numbers import Opinion
from conformance.programs.statements import Program
from conformance.trace import Place, Trace


@dataclass(frozen=True, eq=False)
class Mismatch:
    """One thing that was wrong. For numbers: what every oracle said, and the allowance at each element."""

    place: Place
    subject: str
    field: str
    wanted: Any
    got: Any
    why: str = ""
    opinions: tuple[Opinion, ...] = ()
    slack: NDArray[np.float64] | None = None
    worst: tuple[int, ...] | None = None


@dataclass
class Tally:
    """Counts over any number of programs."""

    programs: int = 0
    comparisons: int = 0
    rejected: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    abstained: Counter[tuple[str, str]] = field(default_factory=Counter)
    unjudged: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.programs += other.programs
        self.comparisons += other.comparisons
        self.rejected += other.rejected
        self.answered.update(other.answered)
        self.abstained.update(other.abstained)
        self.unjudged.update(other.unjudged)


class Deviation(AssertionError):
    """The implementation deviates on this program."""

    def __init__(self, program: Program, trace: Trace, mismatches: list[Mismatch]) -> None:
        super().__init__(
            f"{len(mismatches)} mismatches, first: {mismatches[0].subject}.{mismatches[0].field}"
        )
        self.program = program
        self.trace = trace
        self.mismatches = mismatches


class Disputed(Exception):
    """Two oracles contradict each other on this program: a defect of the suite, never of the
    implementation.
    """

    def __init__(self, program: Program, subject: str, first: Opinion, second: Opinion) -> None:
        super().__init__(f"{first.oracle} and {second.oracle} contradict each other on {subject}")
        self.program = program
        self.subject = subject
        self.opinions = (first, second)

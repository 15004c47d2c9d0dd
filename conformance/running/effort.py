"""How hard a run tries, in counts only: nothing in here depends on time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """The cases drawn for a law, those for each part of a law in parts, and the programs that shrinking
    may try.
    """

    name: str
    cases: int
    part_cases: int
    shrinks: int

    def budget(self, weight: float, in_parts: bool) -> int:
        """The cases to draw for a law of that weight, or for each of its parts; at least one."""
        return max(1, round(weight * (self.part_cases if in_parts else self.cases)))


EFFORTS: Mapping[str, Effort] = {
    effort.name: effort
    for effort in (
        Effort("quick", cases=12, part_cases=3, shrinks=200),
        Effort("gate", cases=100, part_cases=20, shrinks=1000),
        Effort("thorough", cases=2000, part_cases=400, shrinks=4000),
    )
}


def seed_of(seed: int, law: str, part: str | None) -> int:
    """The seed of one search: of the run's seed and the names alone, so that neither the selection of
    laws, nor their order, nor the number of workers, nor where the code lies changes what is drawn."""
    digest = hashlib.sha256(f"{seed}/{law}/{part or ''}".encode()).digest()
    return int.from_bytes(digest[:8], "big")

"""What the model predicts of a trace. Numbers are left open: they are questions for the oracles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from typing import Literal as OneOf

from conformance.model.record import Record
from conformance.trace import Place


class Reject(Exception):
    """The program cannot be judged for a reason of its own (a condition on the edge, a loop too long)."""


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    """The outcome of a statement. ``raised`` names the acceptable error classes, for those who claim
    ``errors``.
    """

    place: Place
    status: OneOf["ok", "raised", "skipped"]
    raised: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A value for the oracles: the sum of the values at these positions of the record."""

    terms: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Anything:
    """A field that is left to the implementation, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class ExpectedObservation:
    """The fields of one tensor; ``value`` and ``grad`` are a :class:`Number` (grad: or None), any may be
    Anything.
    """

    place: Place
    name: str
    fields: Mapping[str, Any]


@dataclass
class Expected:
    """The model's prediction for one program.

    ``contested`` names the behaviours in it on which implementations are known to differ, each with a clause
    of its own: every other law leaves such programs alone, so that one known deviation does not hide all
    others.
    """

    record: Record
    events: list[ExpectedEvent] = field(default_factory=list)
    observations: list[ExpectedObservation] = field(default_factory=list)
    contested: set[str] = field(default_factory=set)

"""What came back: for each statement *ok*, *raised* or *skipped*, and for each observation the named
fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from typing import Literal as OneOf

from numpy.typing import NDArray

# Where a statement stands and which round it ran in: the index in the program, then for each enclosing block
# (round, index in its body). The branch not taken shares no place with the one that was: ``otherwise`` is
# round 1.
Place: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Tensor:
    """An array that came back, with the name of the dtype that the implementation gave it."""

    value: NDArray[Any]
    dtype: str

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape


@dataclass(frozen=True, slots=True)
class Raised:
    """The class names of an error, most derived first, and its text."""

    classes: tuple[str, ...]
    message: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Raised:
        """The record of a Python exception; survives one whose ``__str__`` raises."""
        try:
            message = str(error)
        except Exception as broken:
            message = f"(the error's text could not be read: {type(broken).__name__})"
        return cls(tuple(kind.__name__ for kind in type(error).__mro__), message)


@dataclass(frozen=True, slots=True)
class Event:
    """The outcome of one execution of one statement."""

    place: Place
    status: OneOf["ok", "raised", "skipped"]
    error: Raised | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """The fields of one tensor, by field name; ``grad`` is a :class:`Tensor` or None."""

    place: Place
    name: str
    fields: Mapping[str, Any]


@dataclass
class Trace:
    """All that an implementation says about one program, in order of execution."""

    events: list[Event] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)

    def event(self, place: Place) -> Event | None:
        """The event at a place, or None where nothing ran."""
        return next((event for event in self.events if event.place == place), None)

    def observed(self, name: str) -> Mapping[str, Any] | None:
        """The last observation of a tensor."""
        return next((seen.fields for seen in reversed(self.observations) if seen.name == name), None)

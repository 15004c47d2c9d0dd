"""What a walk frees, and what it must keep."""

from __future__ import annotations

from typing import Any

from refimpl import _engine
from tests.faults.planting import Fault, wrong


def _never_freed(right: Any, self: Any, *arguments: Any) -> None:
    right(self, *arguments)
    self.free = False


def _always_freed(right: Any, self: Any, *arguments: Any) -> None:
    right(self, *arguments)
    self.free = not self.create_graph


FAULTS = (
    Fault(
        "RB01",
        "a walk frees nothing, so that a second one is not refused",
        wrong(_engine._Walk, "__init__", _never_freed),
        ("refuses_a_released_graph",),
    ),
    Fault(
        "RB03",
        "retain_graph retains nothing",
        wrong(_engine._Walk, "__init__", _always_freed),
        ("keeps_a_retained_graph", "composes_operators"),
    ),
)

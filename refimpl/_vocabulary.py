"""The vocabulary that pullbacks are written in, in its two readings.

A pullback is written once over ``F``: ``F.exp(x)``, ``F.sum_to(g, shape)``, and the infix operators. ``RAW``
reads each name as the operator's forward on arrays, ``TRACED`` as the operator itself on tensors, which
records. Both are filled by declaring operators; no name is defined here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["RAW", "TRACED", "Vocabulary"]


class Vocabulary:
    """The declared operators by name, all in one reading."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AttributeError(f"no operator named {name!r} has been declared")


RAW: Final = Vocabulary()
TRACED: Final = Vocabulary()

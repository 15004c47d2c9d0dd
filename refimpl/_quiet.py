"""Calling NumPy without its floating-point warnings: PyTorch gives infinities and NaNs silently.

``numpy.errstate`` costs more than a small operation. Its setting lives in a context variable, so a context in
which it has been set once can be entered instead, for next to nothing. One thread at a time can be in a
context; a second one takes the slow way.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any, Final

import numpy as np

__all__ = ["enter", "quietly"]

_context: Final = contextvars.Context()
_context.run(np.seterr, all="ignore")

enter: Final[Callable[..., Any]] = _context.run
"""``enter(function, *arguments)`` calls the function quietly. RuntimeError when a thread is in there already;
callers
that count nanoseconds catch it and call ``quietly``."""


def quietly(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of arrays without floating-point warnings."""
    try:
        return enter(function, *arguments)
    except RuntimeError:
        # Somebody else is inside; or the function itself raised this, and will raise it again.
        with np.errstate(all="ignore"):
            return function(*arguments)

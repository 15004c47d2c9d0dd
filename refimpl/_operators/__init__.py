"""Every operator, each declared once: its forward on arrays and its pullback."""

from __future__ import annotations

from . import arithmetic, elementwise, fitting

__all__ = ["arithmetic", "elementwise", "fitting"]

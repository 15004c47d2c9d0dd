"""Every operator, each declared once: its forward on arrays and its pullback."""

from __future__ import annotations

from . import arithmetic, elementwise, extrema, fitting, reductions, statistics

__all__ = ["arithmetic", "elementwise", "extrema", "fitting", "reductions", "statistics"]

"""Every operator, each declared once: its forward on arrays and its pullback."""

from __future__ import annotations

from . import (
    arithmetic,
    casts,
    comparison,
    elementwise,
    extrema,
    fitting,
    gathering,
    indexing,
    joining,
    linear_algebra,
    orders,
    powers,
    reductions,
    selection,
    shapes,
    slices,
    statistics,
)

__all__ = [
    "arithmetic",
    "casts",
    "comparison",
    "elementwise",
    "extrema",
    "fitting",
    "gathering",
    "indexing",
    "joining",
    "linear_algebra",
    "orders",
    "powers",
    "reductions",
    "selection",
    "shapes",
    "slices",
    "statistics",
]

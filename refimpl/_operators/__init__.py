"""Every operator, each declared once: its forward on arrays and its pullback."""

from __future__ import annotations

from . import (
    arithmetic,
    elementwise,
    extrema,
    fitting,
    gathering,
    indexing,
    joining,
    linear_algebra,
    orders,
    reductions,
    shapes,
    slices,
    statistics,
)

__all__ = [
    "arithmetic",
    "elementwise",
    "extrema",
    "fitting",
    "gathering",
    "indexing",
    "joining",
    "linear_algebra",
    "orders",
    "reductions",
    "shapes",
    "slices",
    "statistics",
]

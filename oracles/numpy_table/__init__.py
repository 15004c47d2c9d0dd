"""Every operator in NumPy, once: one short row each, one file per family.

The forward of a program, finite differences and the rounding bound all evaluate these rows and no others. To
add an operator, write its row in its family's file; see :mod:`oracles.numpy_table.row` for what a row may
rely on.
"""

from __future__ import annotations

from oracles.numpy_table import (  # each enters its rows into the table
    arithmetic,
    comparisons,
    elementary,
    indexing,
    piecewise,
    reductions,
    shapes,
)
from oracles.numpy_table.row import PLAIN, TABLE, Array, Kernel, Row

__all__ = [
    "PLAIN",
    "TABLE",
    "Array",
    "Kernel",
    "Row",
    "arithmetic",
    "comparisons",
    "elementary",
    "indexing",
    "piecewise",
    "reductions",
    "shapes",
]

"""SymPy's table of operators: one short row for each, one file for each family.

A row is a function of operands (arrays or Python numbers) and of the parameters by PyTorch's names; it
returns an array or a tuple of arrays. A function of numbers is written as a SymPy expression, which SymPy
differentiates (``unary(sin(X))``); everything else arranges, adds and multiplies scalars. A new operator is a
row in its family's ``TABLE``; a new family is a file, listed in ``FAMILIES``.
"""

from __future__ import annotations

from types import ModuleType

from oracles.sympy_table import elementwise, indexing, linear, piecewise, reductions, shapes
from oracles.sympy_table.elementwise import Row

FAMILIES: tuple[ModuleType, ...] = (elementwise, piecewise, reductions, linear, shapes, indexing)


def merged() -> dict[str, Row]:
    """Every row of every family; a name stands in one of them only."""
    table: dict[str, Row] = {}
    for family in FAMILIES:
        twice = table.keys() & family.TABLE.keys()
        if twice:
            raise ValueError(f"{', '.join(sorted(twice))}: a second row in {family.__name__}")
        table |= family.TABLE
    return table


TABLE: dict[str, Row] = merged()

"""The catalogue: one row of facts for each operator. No tolerance, skip or expected failure stands here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from conformance.catalogue import elementwise, indexing, reductions, shapes
from conformance.catalogue.row import Operand, Param, Row

__all__ = ["CATALOGUE", "FUNCTIONALISED", "Operand", "Param", "Row", "find", "missing"]

CATALOGUE: Final[Mapping[str, Row]] = {
    row.name: row for row in (*elementwise.ROWS, *reductions.ROWS, *shapes.ROWS, *indexing.ROWS)
}

FUNCTIONALISED: Final = frozenset(row.name for row in indexing.PUT)
"""Operators that no user calls: what in-place statements become when a program is made a pure function."""


def find(name: str) -> Row:
    """The row of an operator.

    Raises:
        KeyError: when there is none; the message names the operators that sound alike.
    """
    if name not in CATALOGUE:
        tail = name.rpartition(".")[2]
        alike = [known for known in CATALOGUE if tail and (tail in known or known.rpartition(".")[2] in tail)]
        hint = f"; did you mean {' or '.join(alike[:3])}?" if alike else ""
        raise KeyError(f"no operator {name!r} in the catalogue{hint}")
    return CATALOGUE[name]


def missing(tables: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """For each table (of an oracle, an adapter, the reference) the catalogue's operators that it has no row
    for.

    Tables that lack nothing are left out, so that an empty answer means that all is there.
    """
    lacking = {name: tuple(op for op in CATALOGUE if op not in set(table)) for name, table in tables.items()}
    return {name: operators for name, operators in lacking.items() if operators}

"""Whole programs over the whole catalogue."""

from __future__ import annotations

from conformance.laws.law import Session, law
from conformance.laws.numerics.shared import PRECISIONS
from conformance.programs.statements import Program
from conformance.programs.strategies import Style, programs


@law("NUM-14", cases=lambda: programs(style=Style(layouts=0, extent=24)), weight=6.0)
def composes_operators(session: Session, program: Program) -> None:
    """Operators out of the whole catalogue, with modes, loops, branches and gradients in between, in
    float64.
    """
    session.conforms(program)


@law(
    "NUM-14",
    cases=lambda: programs(style=Style(dtypes=PRECISIONS, layouts=1, mixed=2, extent=24)),
    weight=3.0,
)
def composes_operators_in_every_precision(session: Session, program: Program) -> None:
    """The same in three precisions, also mixed."""
    session.conforms(program)

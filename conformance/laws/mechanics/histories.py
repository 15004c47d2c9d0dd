"""Long histories: what outlives a backward."""

from __future__ import annotations

from conformance.laws.law import Session, law
from conformance.programs.histories import histories
from conformance.programs.statements import Program


@law("MEC-08", cases=histories, weight=2.0)
def survives_long_histories(session: Session, program: Program) -> None:
    """Up to forty moves over a few small tensors, held against the model at every look and at the end."""
    session.conforms(program)

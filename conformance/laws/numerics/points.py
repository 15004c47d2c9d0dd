"""Kinks, ties and special values: contested points, each with the answers that are acceptable and why."""

from __future__ import annotations

from conformance.judging.verdict import Mismatch
from conformance.laws.law import Session, law
from conformance.trace import Tensor
from conformance.vectors import Case, load
from oracles.rounding import FACTOR


@law("NUM-12", examples=load)
def answers_acceptably_at_contested_points(session: Session, case: Case) -> None:
    """Every case of the vector files, strict on NaN, infinities, zeros and shapes."""
    program = case.program.complete()
    trace = session.run(program)
    for event in trace.events:
        shown = (
            event.status if event.error is None else f"raised {event.error.classes[0]}: {event.error.message}"
        )
        wrong = Mismatch(event.place, "statement", "outcome", "ok", shown, case.about)
        session.require(event.status == "ok", program, trace, wrong)
    seen = {leaf.name: trace.observed(leaf.name) for leaf in case.leaves if leaf.requires_grad}
    grads = {name: fields["grad"] if fields is not None else None for name, fields in seen.items()}
    arrays = {name: grad.value if isinstance(grad, Tensor) else None for name, grad in grads.items()}
    wanted = " or ".join(f"{dict(answer.gradients)} ({answer.reason})" for answer in case.acceptable)
    wrong = Mismatch((), ", ".join(grads), "grad", wanted, grads, f"{case.id}: {case.about}")
    session.require(case.accepts(arrays, FACTOR) is not None, program, trace, wrong)

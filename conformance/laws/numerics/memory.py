"""Where numbers live: layouts, repetition, and what nobody may write to."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.judging.verdict import Mismatch
from conformance.laws.law import Session, law
from conformance.laws.numerics.shared import each, literals_of, pass_, transposed_cotangents
from conformance.model.contested import EVERY
from conformance.programs.statements import Apply, Backward, Create, Observe, Program, Var
from conformance.programs.strategies import Call, Style
from conformance.programs.strategies.values import cotangent_table, walk
from conformance.trace import Tensor, Trace
from oracles.question import Literal


@law("NUM-08", cases=each(Style(layouts=8)))
def does_not_depend_on_layout(session: Session, call: Call) -> None:
    """Transposed, strided, offset and expanded operands, and cotangents in the opposite order of memory."""
    session.conforms(transposed_cotangents(call), contested=EVERY)


@law("NUM-09", cases=each(Style(layouts=2)))
def gives_the_same_bits_twice(session: Session, call: Call) -> None:
    """Two runs of one program in one process."""
    program = call.backward_program().complete()
    first, second = session.run(program), session.run(program)
    session.require(
        len(first.observations) == len(second.observations) > 0,
        program,
        second,
        Mismatch((), "program", "number of observations", len(first.observations), len(second.observations)),
    )
    for before, after in zip(first.observations, second.observations, strict=True):
        for field in ("value", "grad"):
            one, other = before.fields[field], after.fields[field]
            wrong = Mismatch(after.place, after.name, field, one, other, "the first run gave other bits")
            session.require(_same_bits(one, other), program, second, wrong)


def _same_bits(first: Any, second: Any) -> bool:
    if not isinstance(first, Tensor) or not isinstance(second, Tensor):
        return first is None and second is None
    same = first.dtype == second.dtype and first.value.dtype == second.value.dtype
    return same and first.shape == second.shape and first.value.tobytes() == second.value.tobytes()


@law("NUM-10", cases=each(Style(layouts=2)))
def changes_no_operand_and_no_cotangent(session: Session, call: Call) -> None:
    """Every created tensor holds, to the bit, what it was created with; every result what it held at
    first.
    """
    program = call.backward_program()
    forward = Observe(call.apply.targets, ("value",))
    at = program.statements.index(call.apply) + 1
    watched = Program(
        (*program.statements[:at], forward, *program.statements[at:], Observe(program.names, ("value",)))
    )
    trace = session.run(watched)
    literals = literals_of(watched)
    earlier = {seen.name: seen.fields["value"] for seen in trace.observations if seen.place == (at,)}
    created = {name: Tensor(literal.array(), literal.dtype) for name, literal in literals.items()}
    for seen in trace.observations:
        wanted = created.get(seen.name) or earlier.get(seen.name)
        if wanted is not None:
            got = seen.fields["value"]
            wrong = Mismatch(seen.place, seen.name, "value", wanted, got, "somebody wrote to it")
            session.require(_equal(wanted, got), watched, trace, wrong)
    _all_seen(session, watched, trace, literals)


def _all_seen(session: Session, program: Program, trace: Trace, literals: dict[str, Literal]) -> None:
    last = {seen.name for seen in trace.observations}
    for name in literals:
        wrong = Mismatch((), name, "observation", "a tensor", "nothing")
        session.require(name in last, program, trace, wrong)


def _equal(wanted: Tensor, got: Any) -> bool:
    return isinstance(got, Tensor) and np.array_equal(wanted.value, got.value, equal_nan=True)


@law("NUM-11", cases=each(Style(tracked=8)))
def shares_no_memory_between_gradients(session: Session, call: Call) -> None:
    """After the call, each leaf in turn receives more through a graph of its own; no other gradient moves."""
    statements = [*call.setup, *pass_(call, 0, 1.0)]
    literals = literals_of(Program(call.setup))
    for turn, name in enumerate(call.tracked):
        literal = literals[name]
        more = walk(cotangent_table(literal.dtype), 2 * turn, 3, len(literal.data))
        statements += [
            Apply((f"again_{name}",), "mul", (Var(name), 2.0)),
            Create(f"v_{name}", Literal(literal.dtype, literal.shape, more)),
            Backward((f"again_{name}",), (f"v_{name}",)),
        ]
    weights = tuple(s.target for s in statements if isinstance(s, Create) and s.target[0] in "vw")
    statements.append(Observe((*call.tracked, *weights), ("grad", "value")))
    session.conforms(Program(tuple(statements)), contested=EVERY)

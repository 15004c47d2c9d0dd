"""Looking at a trace: each of these raises :class:`Wrong` where an adapter has made a usual mistake."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.programs.printer import one_line
from conformance.programs.statements import Field, Program
from conformance.trace import Raised, Tensor, Trace


class Wrong(Exception):
    """What was expected, what came, and what to change."""

    def __init__(self, expected: str, came: str, hint: str) -> None:
        super().__init__(expected, came, hint)
        self.expected, self.came, self.hint = expected, came, hint


def kind_of(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def all_ok(trace: Trace, program: Program) -> None:
    """One event for each statement of a program without loops, in order and ok."""
    statements = program.complete().statements
    places = [event.place for event in trace.events]
    expected = [(index,) for index in range(len(statements))]
    if places != expected:
        raise Wrong(
            f"one event for each statement, at the places {expected}",
            f"events at {places}",
            "Append Event((index,), 'ok') after each statement, the Observe at the end included.",
        )
    for event, statement in zip(trace.events, statements, strict=True):
        if event.status != "ok":
            error = event.error
            why = f" with {error.classes[0]}: {error.message}" if error is not None else ""
            raise Wrong(
                f"`{one_line(statement)}` to run",
                f"{event.status}{why}",
                f"Make the adapter's {type(statement).__name__} do it, or leave it out of claims.",
            )


def field_of(trace: Trace, name: str, field: Field) -> Any:
    seen = trace.observed(name)
    if seen is None:
        hint = "Append Observation(place, name, fields) for each bound name of an Observe."
        raise Wrong(f"an observation of {name}", "none", hint)
    if field not in seen:
        came = f"the fields {', '.join(seen) or '(none)'}"
        raise Wrong(
            f"the field {field} of {name}", came, f"Put {field!r} into the fields of the Observation."
        )
    if isinstance(seen[field], Raised):
        came = f"{seen[field].classes[0]}: {seen[field].message}"
        raise Wrong(f"the field {field} of {name}", came, f"Correct how the adapter reads {field}.")
    return seen[field]


def array_is(trace: Trace, name: str, expected: NDArray[Any], field: Field = "value") -> None:
    """The value, or the grad, is exactly this array of this dtype."""
    came = field_of(trace, name, field)
    what = f"{name}.grad" if field == "grad" else f"the value of {name}"
    if not isinstance(came, Tensor):
        hint = f"Record it as Tensor(np.array(value), {expected.dtype.name!r})"
        hint += ", once backward has been called." if field == "grad" else "."
        raise Wrong(f"{what} as a conformance.trace.Tensor", kind_of(came), hint)
    value: Any = came.value
    if not isinstance(value, np.ndarray):
        hint = "Turn it into NumPy before it goes into Tensor, as in np.array(x.detach().numpy())."
        raise Wrong(f"{what} as a NumPy array", kind_of(value), hint)
    for dtype in (came.dtype, came.value.dtype.name):
        if dtype != expected.dtype.name:
            hint = "Create with the dtype of the program's Literal, and report it by NumPy's name."
            raise Wrong(f"{what} to be {expected.dtype.name}", str(dtype), hint)
    if came.value.shape != expected.shape:
        hint = "Create with the shape of the program's Literal, and copy the array as it is."
        raise Wrong(f"{what} to have the shape {expected.shape}", str(came.value.shape), hint)
    if list(map(repr, came.value.ravel().tolist())) != list(map(repr, expected.ravel().tolist())):
        hint = (
            "Look at what the adapter does for the statement that made it, and copy what is observed at once."
        )
        raise Wrong(f"{what} to be {expected.tolist()}", str(came.value.tolist()), hint)


def same(first: Trace, second: Trace) -> None:
    hint = "Start each run with no names, no gradients and grad mode on; keep nothing between runs."
    if first.events != second.events:
        raise Wrong("the same events again", "others", hint)
    for one, other in zip(first.observations, second.observations, strict=True):
        for field in one.fields:
            before, after = one.fields[field], other.fields[field]
            if isinstance(before, Tensor) and isinstance(after, Tensor):
                before, after = before.value.tolist(), after.value.tolist()
            if before != after:
                raise Wrong(f"{field} of {one.name} to be {before!r} again", repr(after), hint)

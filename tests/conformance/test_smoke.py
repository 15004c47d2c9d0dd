"""Each usual mistake of an adapter is caught by a smoke fact, and answered with what to change."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from conformance.adapters.loading import load
from conformance.adapters.smoke import SmokeFailure, smoke
from conformance.adapters.smoke_facts import facts
from conformance.adapters.torch_spelled import TorchSpelled
from conformance.implementation import CAPABILITIES, Claims, Implementation
from conformance.programs import statements as st
from conformance.programs.statements import Program
from conformance.trace import Event, Raised, Tensor, Trace


@pytest.mark.parametrize("name", ["torch", "refimpl"])
def test_what_is_in_the_box_passes(name: str) -> None:
    assert smoke(load(name)) == []


def test_there_are_more_than_a_dozen_facts_each_of_its_own_name() -> None:
    names = [fact.name for fact in facts()]
    assert len(names) == len(set(names)) > 12


class Broken:
    """PyTorch's adapter with one mistake: ``before`` spoils the program, ``after`` the trace."""

    name = version = "broken"

    def __init__(
        self,
        after: Callable[[Trace, Program], Any] = lambda trace, program: trace,
        before: Callable[[Program], Program] = lambda program: program,
        claims: Any = None,
    ) -> None:
        self.after = after
        self.before = before
        self.claims = claims or Claims()
        self.right = TorchSpelled(torch)

    def run(self, program: Program) -> Trace:
        return self.after(self.right.run(self.before(program.complete())), program)  # type: ignore[no-any-return]


def fields(change: Callable[[str, Any], Any]) -> Callable[[Trace, Program], Trace]:
    """A mistake in the fields of observations: ``change`` gives each its new value."""

    def after(trace: Trace, program: Program) -> Trace:
        trace.observations = [
            replace(seen, fields={name: change(name, value) for name, value in seen.fields.items()})
            for seen in trace.observations
        ]
        return trace

    return after


def statements(change: Callable[[Any], Any]) -> Callable[[Program], Program]:
    """A mistake in what is executed: ``change`` gives for each statement the one that is."""
    return lambda program: Program(tuple(map(change, program.statements)))


def arrays(change: Callable[[Any], Any]) -> Callable[[Trace, Program], Trace]:
    return fields(lambda name, value: change(value) if isinstance(value, Tensor) else value)


def swapped(statement: Any) -> Any:
    ops = {"add": "sub", "sub": "add"}
    return (
        replace(statement, op=ops.get(statement.op, statement.op))
        if isinstance(statement, st.Apply)
        else statement
    )


def turned(statement: Any) -> Any:
    return replace(statement, args=statement.args[::-1]) if isinstance(statement, st.Apply) else statement


def untracked(statement: Any) -> Any:
    return replace(statement, requires_grad=False) if isinstance(statement, st.Create) else statement


def unseeded(statement: Any) -> Any:
    """A backward that sums instead of taking the gradient it is given."""
    if isinstance(statement, st.Backward) and statement.gradients[0] is not None:
        return st.Apply(("ignored",), "exp", (st.Var(statement.roots[0]),))
    return statement


def unblocked(statement: Any) -> Any:
    return statement.body[0] if isinstance(statement, st.GradMode) else statement


def undetached(statement: Any) -> Any:
    if isinstance(statement, st.Detach):
        return st.Apply((statement.target,), "mul", (st.Var(statement.source), 1))
    return statement


def zeros_for_none(name: str, value: Any) -> Any:
    return Tensor(np.zeros((1, 2), "float32"), "float32") if name == "grad" and value is None else value


def no_events(trace: Trace, program: Program) -> Trace:
    trace.events.clear()
    return trace


def errors_are_ok(trace: Trace, program: Program) -> Trace:
    trace.events = [Event(event.place, "ok") for event in trace.events]
    return trace


def as_float64(tensor: Tensor) -> Tensor:
    return Tensor(tensor.value.astype("float64"), "float64") if tensor.dtype != "int64" else tensor


def _raises(trace: Trace, program: Program) -> Trace:
    raise ZeroDivisionError("mine")


def shared(trace: Trace, program: Program) -> Trace:
    """Observes by reference, so that a later write shows."""
    return (
        fields(lambda name, value: Tensor(value.value * 2, value.dtype) if name == "value" else value)(
            trace, program
        )
        if any(isinstance(statement, st.Mutate) for statement in program)
        else trace
    )


class Remembers(Broken):
    """Gradients that survive from one run to the next."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[Program, int] = {}

    def run(self, program: Program) -> Trace:
        count = self.runs[program] = self.runs.get(program, 0) + 1
        return fields(
            lambda name, value: (
                Tensor(value.value * count, value.dtype) if name == "grad" and value else value
            )
        )(self.right.run(program), program)


MISTAKES: dict[str, tuple[Any, str, str, str]] = {
    "no trace": (Broken(lambda t, p: None), "run gives a trace", "None", "return it from run"),
    "raises": (Broken(_raises), "run gives a trace", "ZeroDivisionError: mine", "Raised.of(error)"),
    "a dict": (Broken(lambda t, p: vars(t)), "run gives a trace", "a dict", "Trace(events, observations)"),
    "events of its own": (
        Broken(lambda t, p: Trace(["ok"], t.observations)),  # type: ignore[list-item]
        "run gives a trace",
        "a str",
        "Trace(events, observations)",
    ),
    "no events": (
        Broken(no_events),
        "each statement has its event",
        "events at []",
        "Append Event((index,), 'ok')",
    ),
    "unobserved": (
        Broken(lambda t, p: Trace(t.events, [])),
        "float32 stays float32",
        "none",
        "Append Observation(",
    ),
    "a field short": (
        Broken(
            lambda t, p: fields(lambda n, v: v)(
                Trace(t.events, [replace(o, fields={}) for o in t.observations]), p
            )
        ),
        "float32 stays float32",
        "the fields (none)",
        "Put 'value' into the fields",
    ),
    "its own tensor": (
        Broken(arrays(lambda tensor: torch.tensor(tensor.value))),
        "float32 stays float32",
        "a Tensor",
        "Record it as Tensor(np.array(value), 'float32')",
    ),
    "its own tensor inside": (
        Broken(arrays(lambda tensor: Tensor(cast(Any, torch.tensor(tensor.value)), tensor.dtype))),
        "float32 stays float32",
        "a Tensor",
        "Turn it into NumPy",
    ),
    "double": (
        Broken(arrays(as_float64)),
        "float32 stays float32",
        "float64",
        "the dtype of the program's Literal",
    ),
    "flat": (
        Broken(arrays(lambda tensor: Tensor(tensor.value.ravel(), tensor.dtype))),
        "shapes are kept, also of rank 0 and size 0",
        "(1,)",
        "the shape of the program's Literal",
    ),
    "rounded": (
        Broken(arrays(lambda tensor: Tensor(tensor.value.round(3), tensor.dtype))),
        "values are kept to the bit",
        "0.10000000149011612",
        "copy what is observed at once",
    ),
    "signless": (
        Broken(arrays(lambda tensor: Tensor(tensor.value + tensor.value.dtype.type(0), tensor.dtype))),
        "values are kept to the bit",
        "[0.10000000149011612, 0.0,",
        "copy what is observed at once",
    ),
    "renamed": (
        Broken(before=statements(swapped)),
        "the operator add is add",
        "[4.0]",
        "for the statement that made",
    ),
    "turned": (
        Broken(before=statements(turned)),
        "the operator sub is sub",
        "[-4.0]",
        "for the statement that made",
    ),
    "zeros for None": (
        Broken(fields(zeros_for_none)),
        "there is no grad before backward",
        "a Tensor",
        "Report None until backward has been called, not zeros",
    ),
    "untracked": (
        Broken(before=statements(untracked)),
        "requires_grad is honoured and reported",
        "False",
        "Pass requires_grad on at creation",
    ),
    "flags as NumPy's": (
        Broken(fields(lambda name, value: np.bool_(value) if isinstance(value, bool) else value)),
        "requires_grad is honoured and reported",
        "True",
        "off the tensor as a bool",
    ),
    "gradless": (
        Broken(fields(lambda name, value: None if name == "grad" else value)),
        "backward leaves a grad in the leaf",
        "None",
        "once backward has been called",
    ),
    "seeded with ones": (
        Broken(before=statements(unseeded)),
        "backward takes its gradient",
        "None",
        "once backward",
    ),
    "everything observed": (
        Broken(before=lambda program: Program((*program.statements[:-1], st.Observe(program.names)))),
        "an observation holds what was asked for",
        "unasked",
        "and nothing else",
    ),
    "deaf to no_grad": (
        Broken(before=statements(unblocked)),
        "no_grad stops the history",
        "True",
        "leave it out of claims",
    ),
    "deaf to detach": (
        Broken(before=statements(undetached)),
        "detach stops the history",
        "True",
        "leave it out of claims",
    ),
    "errors swallowed": (
        Broken(errors_are_ok),
        "an error is recorded where it is raised",
        "an event ok",
        "'raised'",
    ),
    "later writes": (
        Broken(shared),
        "what was observed stays as it was",
        "[2.0]",
        "copy what is observed at once",
    ),
    "remembers": (
        Remembers(),
        "the same program twice gives the same trace",
        "4.0",
        "keep nothing between runs",
    ),
    "odd claims": (
        Broken(claims=Claims(frozenset({"forwards"}))),
        "claims",
        "forwards",
        "Correct the names in Claims(capabilities=...)",
    ),
    "no claims": (Broken(claims={"backward"}), "claims", "a set", "Return Claims()"),
    "nothing claimed": (
        Broken(claims=Claims(operators=frozenset(), dtypes=frozenset())),
        "claims",
        "none",
        "Widen",
    ),
    "error in a field": (
        Broken(fields(lambda name, value: Raised(("OSError",), "gone") if name == "value" else value)),
        "float32 stays float32",
        "OSError: gone",
        "Correct how the adapter reads value",
    ),
    "unreadable": (
        Broken(lambda t, p: Trace(t.events, [replace(o, fields=3) for o in t.observations])),  # type: ignore[arg-type]
        "float32 stays float32",
        "a trace that cannot be read (TypeError",
        "Build it as",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_usual_mistake_is_answered(name: str) -> None:
    implementation, fact, came, hint = MISTAKES[name]
    failures = smoke(implementation)
    assert fact in [failure.fact for failure in failures]
    failure = next(failure for failure in failures if failure.fact == fact)
    assert came in failure.came
    assert hint in failure.hint
    assert str(failure) == f"{fact}: expected {failure.expected}, got {failure.came}. {failure.hint}"


def test_without_a_trace_there_is_one_failure() -> None:
    assert len(smoke(Broken(_raises))) == 1


def test_every_fact_can_fail() -> None:
    failing = {failure.fact for implementation, *_ in MISTAKES.values() for failure in smoke(implementation)}
    assert {fact.name for fact in facts()} <= failing


def test_what_is_not_claimed_is_not_asked() -> None:
    """An implementation without backward and modes has to be right about the rest only."""
    modest = Claims(frozenset(), frozenset({"add"}), frozenset({"float32"}))
    asked: list[Program] = []

    def record(trace: Trace, program: Program) -> Trace:
        asked.append(program)
        return trace

    assert smoke(Broken(record, claims=modest)) == []
    assert 3 < len(asked) < len(list(facts()))
    for program in asked:
        assert {type(statement) for statement in program} <= {st.Create, st.Apply, st.Observe}


def test_all_is_claimed_by_what_is_spelled_like_torch() -> None:
    assert load("torch").claims.capabilities == frozenset(CAPABILITIES)


def test_a_namespace_that_only_looks_like_torch_fails_smoke() -> None:
    lookalike: Implementation = TorchSpelled(
        SimpleNamespace(tensor=lambda *_, **__: None, float32=1), name="lookalike"
    )
    failures: list[SmokeFailure] = smoke(lookalike)
    assert "float32 stays float32" in [failure.fact for failure in failures]

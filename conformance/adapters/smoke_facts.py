"""The smoke facts: small programs whose outcome leaves no choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.adapters.smoke_looks import Wrong, all_ok, array_is, field_of, kind_of
from conformance.programs.builder import Builder
from conformance.programs.statements import Field, Program
from conformance.trace import Raised, Trace

DETERMINISTIC = "the same program twice gives the same trace"


@dataclass(frozen=True)
class Fact:
    """``look`` raises :class:`Wrong` for a trace of the program that shows a mistake of the adapter."""

    name: str
    program: Program
    look: Callable[[Trace, Program], None]
    capabilities: frozenset[str] = frozenset()


def _exactly(name: str, expected: NDArray[Any], field: Field = "value") -> Callable[[Trace, Program], None]:
    return lambda trace, program: array_is(trace, name, expected, field)


def facts() -> Iterator[Fact]:
    """Every fact, the most basic first."""
    yield _events()
    for dtype in ("float32", "float64", "int64"):
        yield _dtype(dtype)
    yield _shapes()
    yield _special_values()
    yield from _operators()
    yield _operands_in_order()
    yield from _gradients()
    yield _flags()
    yield _asked_fields()
    yield from _grad_modes()
    yield _errors()
    yield _later_writes()
    yield _twice()


def _events() -> Fact:
    b = Builder()
    b.tensor([1.0, 2.0]).named("x")
    return Fact("each statement has its event", b.program(), all_ok)


def _dtype(dtype: str) -> Fact:
    b = Builder()
    b.tensor([3, 5], dtype=dtype).named("x")
    return Fact(f"{dtype} stays {dtype}", b.program(), _exactly("x", np.array([3, 5], dtype)))


def _shapes() -> Fact:
    b = Builder()
    arrays = [np.ones(shape, "float32") for shape in ((), (1,), (2, 3), (0, 3))]
    names = [b.tensor(array).named(f"x{index}").name for index, array in enumerate(arrays)]

    def look(trace: Trace, program: Program) -> None:
        for name, array in zip(names, arrays, strict=True):
            array_is(trace, name, array)

    return Fact("shapes are kept, also of rank 0 and size 0", b.program(), look)


def _special_values() -> Fact:
    b = Builder()
    array = np.array([0.1, -0.0, np.inf, -np.inf, 1e-45], "float32")
    b.tensor(array).named("x")
    b.tensor(np.array([np.nan, 1.0], "float32")).named("y")

    def look(trace: Trace, program: Program) -> None:
        array_is(trace, "x", array)
        array_is(trace, "y", np.array([np.nan, 1.0], "float32"))

    return Fact("values are kept to the bit", b.program(), look)


def _operators() -> Iterator[Fact]:
    """Exact in any arithmetic, and no two of them alike."""
    answers = {"add": 8.0, "sub": 4.0, "mul": 12.0, "div": 3.0}
    for op, answer in answers.items():
        b = Builder()
        b.apply(op, b.tensor([6.0]).named("x"), b.tensor([2.0]).named("y")).named("z")
        yield Fact(f"the operator {op} is {op}", b.program(), _exactly("z", np.array([answer], "float32")))


def _operands_in_order() -> Fact:
    b = Builder()
    (5.0 - b.tensor([2.0]).named("x")).named("y")
    expected = np.array([3.0], "float32")
    return Fact("operands keep their order, scalars too", b.program(), _exactly("y", expected))


def _gradients() -> Iterator[Fact]:
    b = Builder()
    x = b.tensor([[1.0, 2.0]], requires_grad=True).named("x")
    (x * 3.0).named("y")

    def no_grad_yet(trace: Trace, program: Program) -> None:
        all_ok(trace, program)
        came = field_of(trace, "x", "grad")
        if came is not None:
            raise Wrong(
                "x.grad to be None", kind_of(came), "Report None until backward has been called, not zeros."
            )

    yield Fact("there is no grad before backward", b.program(), no_grad_yet, frozenset({"backward"}))

    b = Builder()
    x = b.tensor([[1.0, 2.0]], requires_grad=True).named("x")
    (x * 3.0).sum().named("y").backward()
    expected = np.array([[3.0, 3.0]], "float32")
    yield Fact("backward leaves a grad in the leaf", b.program(), _exactly("x", expected, "grad"))

    b = Builder()
    x = b.tensor([[1.0, 2.0]], requires_grad=True).named("x")
    (x * 3.0).named("y").backward(b.tensor([[1.0, -2.0]]).named("v"))
    weighted = np.array([[3.0, -6.0]], "float32")
    yield Fact("backward takes its gradient", b.program(), _exactly("x", weighted, "grad"))


def _flags() -> Fact:
    b = Builder()
    x = b.tensor([1.0], requires_grad=True).named("x")
    b.tensor([1.0]).named("c")
    (x * 2.0).named("y")
    expected: dict[tuple[str, Field], bool] = {
        ("x", "requires_grad"): True,
        ("c", "requires_grad"): False,
        ("y", "requires_grad"): True,
        ("x", "is_leaf"): True,
        ("y", "is_leaf"): False,
        ("x", "has_grad_fn"): False,
        ("y", "has_grad_fn"): True,
    }

    def look(trace: Trace, program: Program) -> None:
        for (name, field), flag in expected.items():
            came = field_of(trace, name, field)
            if came is not flag:
                hint = f"Pass requires_grad on at creation, and read {field} off the tensor as a bool."
                raise Wrong(f"{field} of {name} to be {flag}", repr(came), hint)

    return Fact("requires_grad is honoured and reported", b.program(), look, frozenset({"requires_grad"}))


def _asked_fields() -> Fact:
    b = Builder()
    x = b.tensor([1.0]).named("x")
    b.tensor([2.0]).named("unasked")
    b.observe(x, fields=("value", "shape"))

    def look(trace: Trace, program: Program) -> None:
        seen = [(observation.name, tuple(observation.fields)) for observation in trace.observations]
        if [(name, sorted(fields)) for name, fields in seen] != [("x", ["shape", "value"])]:
            hint = "Record the names and the fields of the Observe statement, and nothing else."
            raise Wrong("one observation, of value and shape of x", repr(seen), hint)

    return Fact("an observation holds what was asked for", b.program(), look)


def _grad_modes() -> Iterator[Fact]:
    for name in ("detach", "no_grad"):
        b = Builder()
        x = b.tensor([1.0], requires_grad=True).named("x")
        if name == "detach":
            x.detach().named("y")
        else:
            with b.no_grad():
                (x * 2.0).named("y")

        def look(trace: Trace, program: Program, name: str = name) -> None:
            came = field_of(trace, "y", "requires_grad")
            if came is not False:
                hint = f"Do what {name} asks for, or leave it out of claims."
                raise Wrong("requires_grad of y to be False", repr(came), hint)

        yield Fact(f"{name} stops the history", b.program(), look, frozenset({"requires_grad"}))


def _errors() -> Fact:
    b = Builder()
    x = b.tensor([1.0, 2.0], requires_grad=True).named("x")
    y = (x * 2.0).named("y")
    y.backward(b.tensor([1.0, 2.0, 3.0]).named("wrong"))
    program = b.program()
    place = (len(program.statements) - 1,)

    def look(trace: Trace, program: Program) -> None:
        event = trace.event(place)
        came = "no event" if event is None else f"an event {event.status}"
        if event is None or event.status != "raised" or not isinstance(event.error, Raised):
            hint = "Record Event(place, 'raised', Raised.of(error)) for what a statement raises, and go on."
            raise Wrong("a gradient of the wrong shape to raise", came, hint)

    return Fact("an error is recorded where it is raised", program, look, frozenset({"errors"}))


def _later_writes() -> Fact:
    b = Builder()
    x = b.tensor([1.0]).named("x")
    b.observe(x, fields=("value",))
    x.mul_(2.0)

    def look(trace: Trace, program: Program) -> None:
        array_is(trace, "x", np.array([1.0], "float32"))

    return Fact("what was observed stays as it was", b.program(), look)


def _twice() -> Fact:
    b = Builder()
    x = b.tensor([1.0, 2.0], requires_grad=True).named("x")
    (x * x).sum().named("y").backward()
    return Fact(DETERMINISTIC, b.program(), all_ok)

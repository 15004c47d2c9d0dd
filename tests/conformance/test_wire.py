"""What goes over the wire comes back to the bit; what does not say what it should is refused."""

import json
import math
from collections.abc import Callable
from importlib import resources
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from jsonschema import Draft202012Validator

from conformance.adapters.loading import load
from conformance.programs import statements as st
from conformance.programs import wire
from conformance.programs.statements import Program
from conformance.programs.validate import ProgramError
from conformance.trace import Event, Observation, Raised, Tensor, Trace
from oracles.question import DTYPES, FLOATING, INTEGRAL, Literal, Slice
from tests.conformance.programs import differing, everything

# --- everything that can be said, drawn from the fields of the statements

names = hs.sampled_from(["x", "y", "z"])
listed_names = hs.lists(names, max_size=3).map(tuple)
maybe_names = hs.lists(names | hs.none(), max_size=3).map(tuple)
integers = hs.integers(-(2**63), 2**63 - 1)
parts = hs.none() | hs.integers(-9, 9)
scalars = hs.none() | hs.booleans() | integers | hs.floats() | hs.text(max_size=3) | hs.just(Ellipsis)
arguments = hs.recursive(
    scalars | names.map(st.Var) | hs.builds(Slice, parts, parts, parts),
    lambda inner: hs.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)
params = hs.dictionaries(names, arguments, max_size=2).map(lambda given: tuple(given.items()))


@hs.composite
def literals(draw: hs.DrawFn) -> Literal:
    dtype = draw(hs.sampled_from(DTYPES))
    shape = tuple(draw(hs.lists(hs.integers(0, 3), max_size=3)))
    if dtype in FLOATING:
        # NaN is one value: neither Python nor JSON shows its payload.
        numbers = hs.floats(width=int(dtype[5:]))  # type: ignore[arg-type]
        element: hs.SearchStrategy[Any] = numbers.map(
            lambda number: math.nan if math.isnan(number) else number
        )
    elif dtype in INTEGRAL:
        element = hs.integers(int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    else:
        element = hs.booleans()
    size = int(np.prod(shape))
    return Literal(dtype, shape, tuple(draw(hs.lists(element, min_size=size, max_size=size))))


def one_of(values: Any) -> hs.SearchStrategy[Any]:
    return hs.sampled_from(get_args(values))


conditions = hs.builds(
    st.Condition,
    measure=one_of(st.Measure),
    source=names,
    relation=one_of(st.Relation),
    threshold=hs.floats(),
)
bodies = hs.deferred(lambda: hs.lists(statements, max_size=2).map(tuple))
retain = hs.none() | hs.booleans()
applied = {"args": hs.lists(arguments, max_size=3).map(tuple), "params": params, "op": names}
gradients = {"retain_graph": retain, "create_graph": hs.booleans()}
BUILDS: dict[type, hs.SearchStrategy[Any]] = {
    st.Create: hs.builds(st.Create, names, literals(), hs.booleans()),
    st.Apply: hs.builds(st.Apply, targets=listed_names, **applied),
    st.Mutate: hs.builds(
        st.Mutate, target=names, **applied, through_data=hs.booleans(), result=hs.none() | names
    ),
    st.Detach: hs.builds(st.Detach, names, names, hs.booleans()),
    st.SetRequiresGrad: hs.builds(st.SetRequiresGrad, names, hs.booleans(), hs.booleans()),
    st.GradMode: hs.builds(st.GradMode, hs.sampled_from(st.MODES), bodies, hs.booleans()),
    st.Repeat: hs.builds(st.Repeat, hs.integers(0, 3), bodies),
    st.While: hs.builds(st.While, conditions, bodies, hs.integers(1, 99)),
    st.If: hs.builds(st.If, conditions, bodies, bodies),
    st.Backward: hs.builds(
        st.Backward, roots=listed_names, gradients=maybe_names, inputs=hs.none() | listed_names, **gradients
    ),
    st.Grad: hs.builds(
        st.Grad,
        targets=listed_names,
        outputs=listed_names,
        inputs=listed_names,
        grad_outputs=maybe_names,
        allow_unused=hs.booleans(),
        materialize_grads=hs.booleans(),
        **gradients,
    ),
    st.SetGrad: hs.builds(st.SetGrad, names, hs.none() | names),
    st.ReadGrad: hs.builds(st.ReadGrad, names, names),
    st.RetainGrad: hs.builds(st.RetainGrad, names),
    st.Hook: hs.builds(st.Hook, names, names, one_of(st.HookKind), one_of(st.HookAction), hs.floats()),
    st.RemoveHook: hs.builds(st.RemoveHook, names),
    st.Observe: hs.builds(st.Observe, listed_names, hs.lists(one_of(st.Field), max_size=3).map(tuple)),
}
statements: hs.SearchStrategy[Any] = hs.one_of(*BUILDS.values())
whole_programs = hs.lists(statements, max_size=4).map(lambda each: Program(tuple(each)))


def kept(program: Program) -> str:
    """A program as text: its literals and scalars by their bits, so that NaN is NaN and 2 is not 2.0."""
    return repr(program)


def over_the_wire(program: Program) -> Program:
    data = wire.loads(wire.dumps(wire.to_json(program)))
    wire.validate(data, "program")
    return wire.from_json(data)


def test_every_statement_is_drawn_and_shown() -> None:
    kinds = {getattr(st, kind.strip()) for kind in str(st.Statement).split("|")}
    assert kinds == set(BUILDS) == {type(statement) for statement in everything().walk()}


def test_every_statement_survives() -> None:
    assert over_the_wire(everything()) == everything()
    assert wire.load_program(wire.dumps(wire.to_json(everything()))) == everything()


@settings(max_examples=300, deadline=None, database=None)
@given(whole_programs)
def test_programs_survive(program: Program) -> None:
    assert kept(over_the_wire(program)) == kept(program)


@settings(max_examples=200, deadline=None, database=None)
@given(whole_programs)
def test_a_reader_whose_only_number_is_a_double_loses_nothing(program: Program) -> None:
    read = json.loads(wire.dumps(wire.to_json(program)), parse_int=float)
    assert kept(wire.from_json(read)) == kept(program)


@settings(max_examples=200, deadline=None, database=None)
@given(literals())
def test_arrays_survive_to_the_bit(value: Literal) -> None:
    (back,) = over_the_wire(Program((st.Create("x", value),)))
    assert isinstance(back, st.Create)
    assert back.value == value
    assert back.value.array().tobytes() == value.array().tobytes()


# --- traces

tensors = literals().map(lambda value: Tensor(value.array(), value.dtype))
errors = hs.builds(Raised, hs.lists(names, max_size=2).map(tuple), hs.text(max_size=5))
places = hs.lists(hs.integers(0, 9), min_size=1, max_size=3).map(tuple)
counts = hs.integers(0, 9)
edges = hs.lists(hs.none() | hs.tuples(names, counts, counts), max_size=2).map(tuple)
SEEN: dict[str, hs.SearchStrategy[Any]] = {
    "value": tensors,
    "shape": places,
    "dtype": names,
    "requires_grad": hs.booleans(),
    "is_leaf": hs.booleans(),
    "has_grad_fn": hs.booleans(),
    "grad": hs.none() | tensors,
    "version": counts,
    "alias": counts,
    "node": hs.none() | hs.tuples(names, counts),
    "edges": edges,
    "hook_log": listed_names,
    "warnings": hs.lists(hs.tuples(names, hs.text(max_size=4)), max_size=2).map(tuple),
}
observed = hs.fixed_dictionaries({}, optional={name: seen | errors for name, seen in SEEN.items()})
traces = hs.builds(
    Trace,
    hs.lists(
        hs.builds(Event, places, hs.sampled_from(["ok", "raised", "skipped"]), hs.none() | errors), max_size=3
    ),
    hs.lists(hs.builds(Observation, places, names, observed), max_size=2),
)


def assert_same_trace(one: Trace, other: Trace) -> None:
    assert one.events == other.events
    assert len(one.observations) == len(other.observations)
    for before, after in zip(one.observations, other.observations, strict=True):
        assert (before.place, before.name) == (after.place, after.name)
        assert differing(before.fields, after.fields) == []


def trace_over_the_wire(trace: Trace) -> Trace:
    data = wire.loads(wire.dumps(wire.trace_to_json(trace)))
    wire.validate(data, "trace")
    return wire.trace_from_json(data)


def test_every_field_is_drawn() -> None:
    assert list(SEEN) == list(get_args(st.Field)) == list(wire.FIELDS)


@settings(max_examples=200, deadline=None, database=None)
@given(traces)
def test_traces_survive(trace: Trace) -> None:
    assert_same_trace(trace_over_the_wire(trace), trace)


@pytest.mark.parametrize("name", ["torch", "refimpl"])
def test_the_trace_of_every_statement_survives(name: str) -> None:
    trace = load(name).run(everything())
    assert len(trace.observations) > 3
    assert_same_trace(trace_over_the_wire(trace), trace)


def test_a_tensor_that_is_not_what_it_is_said_to_be_is_no_message() -> None:
    fields = {"value": Tensor(np.zeros(2, "float64"), "float32")}
    with pytest.raises(wire.WireError, match="said to be float32 came as an array of float64"):
        wire.trace_to_json(Trace([], [Observation((0,), "x", fields)]))


# --- schemas


@pytest.mark.parametrize("name", wire.SCHEMAS)
def test_the_schema_in_the_package_is_the_one_of_the_types(name: str) -> None:
    file = resources.files("conformance") / "wire" / f"{name}.schema.json"
    assert json.loads(file.read_text(encoding="utf-8")) == wire.schema(name)
    Draft202012Validator.check_schema(wire.schema(name))


# --- what is refused


def change(path: list[Any], value: Any) -> Callable[[Any], None]:
    def write(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return write


def remove(path: list[Any]) -> Callable[[Any], None]:
    def write(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]

    return write


START = Program(
    (
        st.Create("x", Literal("float32", (2,), (1.0, 2.0))),
        st.Apply(("y",), "sum", (st.Var("x"),), (("dim", 0),)),
        st.Create("n", Literal("uint8", (1,), (7,))),
        st.Backward(("y",)),
    )
)
REFUSED: dict[str, tuple[Callable[[Any], None], str]] = {
    "tag": (
        change(["program", 0, "statement"], "make"),
        r"program\[0\]: expected an object whose statement is one",
    ),
    "missing": (remove(["program", 0, "target"]), r"program\[0\]: target is missing"),
    "unknown": (change(["program", 0, "colour"], 1), r"program\[0\]: colour is unknown"),
    "type": (
        change(["program", 0, "requires_grad"], 1),
        r"program\[0\].requires_grad: expected a boolean, got 1",
    ),
    "dtype": (change(["program", 0, "value", "dtype"], "float8"), "expected one of float16"),
    "element": (
        change(["program", 0, "value", "data", 1], "nan"),
        r"value.data\[1\]: expected a finite number",
    ),
    "boolean element": (
        change(["program", 0, "value", "data", 1], True),
        r"value.data\[1\]: expected a finite",
    ),
    "list": (change(["program", 0, "value", "data"], 3), "value.data: expected a list, got 3"),
    "fraction": (change(["program", 2, "value", "data", 0], 1.5), r"data\[0\]: expected an integer, got 1.5"),
    "argument": (change(["program", 1, "args", 0], {"tensor": "x"}), r"args\[0\]: expected null, a boolean"),
    "bare float": (change(["program", 1, "args", 0], 2.5), r"args\[0\]: expected null, a boolean"),
    "long slice": (change(["program", 1, "args", 0], {"slice": [1, 2]}), r"args\[0\]: expected null"),
    "param": (change(["program", 1, "params"], []), "expected an object of parameters by name"),
    "names": (change(["program", 3, "roots", 0], None), r"roots\[0\]: expected a string, got None"),
    "body": (change(["program"], {}), "program: expected a list"),
    "version": (change(["wire"], "2.0"), "version 1.0 of the wire and got version 2.0; bring both to one"),
    "no version": (remove(["wire"]), "expected an object with the version in 'wire'"),
    "stranger": (change(["extra"], 1), "expected the keys wire and program"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_say_what_it_should_is_refused_by_reader_and_schema(name: str) -> None:
    write, message = REFUSED[name]
    data = wire.to_json(START)
    write(data)
    with pytest.raises(wire.WireError, match=message):
        wire.from_json(data)
    with pytest.raises(wire.WireError, match=r"^program: \$"):
        wire.validate(data, "program")


# A schema does not count elements or know ranges.
BEYOND_SCHEMA: dict[str, tuple[Callable[[Any], None], str]] = {
    "shape": (change(["program", 0, "value", "shape"], [3]), r"the shape \[3\] holds 3 elements, 2 came"),
    "range": (change(["program", 2, "value", "data", 0], 256), "256 is out of the range of uint8"),
    "overflow": (
        change(["program", 0, "value", "data", 0], 1e300),
        r"1e\+300 is out of the range of float32",
    ),
}


@pytest.mark.parametrize("name", BEYOND_SCHEMA)
def test_arrays_that_do_not_fit_are_refused(name: str) -> None:
    write, message = BEYOND_SCHEMA[name]
    data = wire.to_json(START)
    write(data)
    with pytest.raises(wire.WireError, match=message):
        wire.from_json(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"wire": "1.0", "program"', "this is no JSON"),
        ("[NaN]", 'NaN is no JSON; write the string "NaN"'),
        ("[Infinity]", "Infinity is no JSON"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ("[" * 100_000, "this is no JSON"),
        ('{"wire":"1.0","program":[{"statement":"create"}]}', r"program: \$.program\[0\]"),
    ],
)
def test_text_that_is_no_message_is_refused(text: str, message: str) -> None:
    with pytest.raises(wire.WireError, match=message):
        wire.load_program(text)


def test_a_program_from_outside_is_checked() -> None:
    text = wire.dumps(wire.to_json(Program((st.Backward(("x",)),))))
    with pytest.raises(ProgramError, match="'x' is not bound here"):
        wire.load_program(text)


def test_what_is_no_statement_is_not_written() -> None:
    with pytest.raises(wire.WireError, match="a int is no statement"):
        wire.to_json(Program((3,)))  # type: ignore[arg-type]
    with pytest.raises(wire.WireError, match="a list cannot be an argument"):
        wire.to_json(Program((st.Apply(("y",), "sum", ([1],)),)))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["trace", "events", 0, "status"], "fine", "expected one of ok, raised, skipped"),
        (["trace", "observations", 0, "fields", "size"], 3, "'size' is no field of an observation"),
        (["trace", "observations", 0, "fields", "node"], ["a"], "expected 2 items, got 1"),
        (["trace", "observations", 0, "name"], None, "expected a string, got None"),
        (["trace", "observations", 0], 3, "expected an object with place, name and fields"),
        (["trace"], {}, "expected an object with events and observations"),
    ],
)
def test_traces_that_are_none_are_refused_by_reader_and_schema(
    path: list[Any], value: Any, message: str
) -> None:
    data = wire.trace_to_json(load("torch").run(START))
    change(path, value)(data)
    with pytest.raises(wire.WireError, match=message):
        wire.trace_from_json(data)
    with pytest.raises(wire.WireError, match=r"^trace: \$"):
        wire.validate(data, "trace")

"""What is printed says what the program says: executed, it gives what the adapter's trace gives."""

import contextlib
import io
import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as hs

from conformance.adapters.loading import load
from conformance.adapters.reading import Reader
from conformance.catalogue import CATALOGUE, FUNCTIONALISED
from conformance.programs import statements as st
from conformance.programs.builder import Builder
from conformance.programs.expressions import number
from conformance.programs.printer import one_line, source
from conformance.programs.statements import Apply, Create, Program, Var
from conformance.programs.strategies import calls, programs
from conformance.trace import Trace
from oracles.question import Literal, Slice
from tests.conformance.programs import SPECIAL, differing, everything

NAMESPACES = ("torch", "refimpl")

# Programs are drawn small already, and what fails is printed: there is nothing to shrink.
DRAWS = settings(deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate])


def executed(text: str) -> dict[str, Any]:
    """The names that the source binds; what it prints is swallowed, and it may warn."""
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(text, "<program>", "exec"), names)
    return names


def assert_same(program: Program, namespace: str, trace: Trace) -> int:
    """The source binds what the trace says of its last observation; gives how many tensors were compared."""
    program = program.complete()
    text = source(program, namespace, trace=trace)
    names = executed(text)
    reader = Reader({}, [], [])
    last = trace.observations[-1].place
    seen = [observation for observation in trace.observations if observation.place == last]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for observation in seen:
            fields, failed = reader.fields(names[observation.name], st.PLAIN_FIELDS)
            assert failed is None
            wrong = differing(fields, {name: observation.fields[name] for name in st.PLAIN_FIELDS})
            assert wrong == [], f"{observation.name}: {wrong}\n{text}"
    return len(seen)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_generated_programs_do_what_their_source_does(namespace: str) -> None:
    implementation, compared = load(namespace), 0

    @settings(DRAWS, max_examples=200)
    @given(programs())
    def check(program: Program) -> None:
        nonlocal compared
        compared += assert_same(program, namespace, implementation.run(program))

    check()
    assert compared > 1000


@pytest.mark.parametrize("op", [op for op in CATALOGUE if op not in FUNCTIONALISED])
def test_every_operator_is_printed_as_it_is_called(op: str) -> None:
    implementation, compared = load("torch"), 0

    @settings(DRAWS, max_examples=10)
    @given(calls(op))
    def check(call: Any) -> None:
        nonlocal compared
        program = call.forward_program()
        compared += assert_same(program, "torch", implementation.run(program))

    check()
    assert compared > 0


def test_every_statement_does_what_its_source_does() -> None:
    program = everything()
    plain = Program((*program.statements[:-2], st.Observe(program.names)))
    trace = load("torch").run(plain)
    assert {event.status for event in trace.events} == {"ok"}
    assert assert_same(plain, "torch", trace) == len({observation.name for observation in trace.observations})
    hooks = executed(source(plain))["hook_log"]
    observed = load("torch").run(program).observed("x")
    assert observed is not None
    assert tuple(hooks) == observed["hook_log"] != ()


def test_the_source_of_every_statement_runs_with_its_prints() -> None:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(source(everything()), "<program>", "exec"), {})
    lines = shown.getvalue().splitlines()
    assert "x.requires_grad = True" not in lines  # the repr shows it
    for start in (
        "x = tensor(",
        "x.grad = None",
        "y.grad_fn = <MulBackward0",
        "x._version = 0",
        "hook_log = [",
    ):
        assert any(line.startswith(start) for line in lines), start


GOLDEN = """\
import torch

hook_log = []

x = torch.tensor([[1.0, 1.0], [1.0, 1.0]], requires_grad=True)
y = x - 4


def h0_hook(grad):
    hook_log.append("h0")
    return grad * 2.0


h0 = y.register_hook(h0_hook)
try:
    with torch.no_grad():
        w = 2 * x
        raise KeyError("leaves the block")
except KeyError:
    pass
t3 = y * y
z = t3.sum(dim=0, keepdim=True)
while z.data.norm() < 1000.0:
    z = z * 2
    if z.data.sum() > 0.0:
        pass
    else:
        z[0, 1:] = 0.5

        def h1_hook(grad):
            hook_log.append("h1")

        h1 = z.register_hook(h1_hook)
long = torch.tensor(
    [
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
        [1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8],
        [2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8],
    ],
    dtype=torch.float64,
)
(t13,) = torch.autograd.grad([z], [x], create_graph=True)
z.backward(retain_graph=True, inputs=[x])
x.grad = None
"""


def golden_program() -> Program:
    b = Builder()
    x = b.ones(2, 2, requires_grad=True).named("x")
    y = (x - 4).named("y")
    b.hook(y, "scale", factor=2.0)
    with b.no_grad(raises=True):
        (2 * x).named("w")
    z = (y * y).sum(dim=0, keepdim=True).named("z")
    with b.while_(z.data.norm() < 1000):
        z.assign(z * 2)
        with b.if_(z.data.sum() > 0):
            pass
        with b.otherwise():
            z[0, 1:] = 0.5
            b.hook(z)
    rows = [[row + column / 10 for column in range(1, 9)] for row in range(3)]
    b.tensor(rows, dtype="float64").named("long")
    b.grad(z, x, create_graph=True)
    z.backward(retain_graph=True, inputs=[x])
    x.grad = None
    return b.program()


def test_the_source_is_formatted() -> None:
    assert source(golden_program(), prints=False) == GOLDEN


def test_what_is_observed_is_printed_last() -> None:
    text = source(golden_program())
    prints = [f'print(f"{{{name} = }}")' for name in ("x", "x.grad", "y", "w", "t3", "z", "long", "t13")]
    assert text == GOLDEN + "\n".join(prints) + "\n"


def test_an_error_ends_the_source_unless_the_trace_says_that_it_came() -> None:
    b = Builder()
    x = b.ones(2, requires_grad=True).named("x")
    (x * 2).named("y").backward()
    (g,) = b.grad(x * 3, x)
    (g + 1).named("after")
    program = b.program()
    with pytest.raises(RuntimeError, match="scalar"):
        executed(source(program))
    text = source(program, trace=load("torch").run(program))
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(text, "<program>", "exec"), {})
    assert shown.getvalue().count("RuntimeError: grad can be implicitly created only for scalar outputs") == 2
    assert f"# left out, for want of what raised: after = {g.name} + 1" in text


def test_the_namespace_is_imported_as_torch() -> None:
    assert source(Program((Create("x", SPECIAL),)), "refimpl").startswith(
        "import refimpl as torch\n\nx = torch."
    )


@given(hs.floats(), hs.sampled_from(["float16", "float32", "float64"]))
def test_numbers_are_read_back_to_the_bit(value: float, dtype: str) -> None:
    with np.errstate(over="ignore"):
        kept = np.dtype(dtype).type(value)
    text = number(kept.item(), dtype)
    back = np.dtype(dtype).type(eval(text))
    assert np.isnan(back) if math.isnan(kept) else back.tobytes() == kept.tobytes()


def test_numbers_are_short() -> None:
    assert number(np.float32(0.1).item(), "float32") == "0.1"
    assert number(np.float16(65504).item(), "float16") == "65500.0"
    assert number(1e300) == "1e300"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Literal("float32", (), (2.0,)), "torch.tensor(2.0)"),
        (Literal("float64", (1,), (2.0,)), "torch.tensor([2.0], dtype=torch.float64)"),
        (Literal("int64", (2,), (1, 2)), "torch.tensor([1, 2])"),
        (Literal("int32", (1,), (1,)), "torch.tensor([1], dtype=torch.int32)"),
        (Literal("bool", (1,), (True,)), "torch.tensor([True])"),
        (Literal("float32", (0, 3), ()), "torch.zeros(0, 3)"),
        (Literal("int64", (2, 0), ()), "torch.zeros(2, 0, dtype=torch.int64)"),
        (SPECIAL, None),
    ],
)
def test_literals(value: Literal, text: str | None) -> None:
    line = one_line(Create("x", value))
    assert text is None or line == f"x = {text}"
    made = load("torch").run(Program((Create("x", value),))).observed("x")
    assert made is not None
    assert (
        Literal.of(executed(f"import torch\n{line}")["x"].numpy()) == Literal.of(made["value"].value) == value
    )


LINES: Mapping[str, st.Statement] = {
    "y = -2.0 * x": Apply(("y",), "mul", (-2.0, Var("x"))),
    "y = (-2.0) ** x": Apply(("y",), "pow", (-2.0, Var("x"))),
    'y = torch.div(x, 2, rounding_mode="floor")': Apply(
        ("y",), "div", (Var("x"), 2), (("rounding_mode", "floor"),)
    ),
    "y = x[(0, 1), ..., None]": Apply(("y",), "__getitem__", (Var("x"), ((0, 1), Ellipsis, None))),
    "y = x[()]": Apply(("y",), "__getitem__", (Var("x"), ())),
    "y = x[1:,]": Apply(("y",), "__getitem__", (Var("x"), (Slice(1),))),
    "y = x.reshape(())": Apply(("y",), "reshape", (Var("x"),), (("shape", ()),)),
    "y = x.to(torch.float64)": Apply(("y",), "to", (Var("x"),), (("dtype", "float64"),)),
    "(y,) = x.split((2,))": Apply(("y",), "split", (Var("x"),), (("split_size_or_sections", (2,)),)),
    "y, z = x.chunk(2, 1)": Apply(("y", "z"), "chunk", (Var("x"),), (("chunks", 2), ("dim", 1))),
    'y = torch.where(c, x, float("inf"))': Apply(("y",), "where", (Var("c"), Var("x"), float("inf"))),
    "with torch.set_grad_enabled(False): ...": st.GradMode("set_grad_enabled(False)", ()),
    "for _ in range(3): ...": st.Repeat(3, ()),
    "h = x.grad_fn.register_prehook(log)": st.Hook("h", "x", "node_pre"),
    "torch.autograd.backward([x, y], [None, v])": st.Backward(("x", "y"), (None, "v")),
    "z = x.data.mul_(2)": st.Mutate("x", "mul", (2,), through_data=True, result="z"),
    "observe(x)": st.Observe(("x",)),
}


@pytest.mark.parametrize("line", LINES)
def test_one_line(line: str) -> None:
    assert one_line(LINES[line]) == line

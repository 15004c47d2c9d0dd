"""Programs run as a user would run them, and every outcome is recorded at its place."""

import contextlib
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import refimpl
from conformance.adapters.loading import load
from conformance.adapters.torch_spelled import TorchSpelled
from conformance.implementation import Claims, Implementation
from conformance.programs import statements as st
from conformance.programs.builder import Builder
from conformance.programs.statements import Apply, Create, Program, Var
from conformance.trace import Tensor, Trace
from oracles.question import Literal

TWO = Literal("float32", (2,), (1.0, 2.0))
NAMESPACES = {"torch": torch, "refimpl": refimpl}


@pytest.fixture(params=NAMESPACES)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    return load(request.param)


@pytest.fixture
def in_torch() -> Implementation:
    return load("torch")


def statuses(trace: Trace) -> list[tuple[tuple[int, ...], str]]:
    return [(event.place, event.status) for event in trace.events]


def value(trace: Trace, name: str, field: str = "value") -> Any:
    seen = trace.observed(name)
    assert seen is not None, f"{name} was not observed"
    found = seen[field]
    return found.value.tolist() if isinstance(found, Tensor) else found


def test_the_documents_example(implementation: Implementation) -> None:
    b = Builder()
    x = b.ones(2, 2, requires_grad=True).named("x")
    y = (x - 4).named("y")
    z = (y * y * 5).named("z")
    out = z.mean().named("out")
    out.backward()
    trace = implementation.run(b.program())
    assert statuses(trace) == [((index,), "ok") for index in range(7)]
    assert [observation.name for observation in trace.observations] == ["x", "y", "t2", "z", "out"]
    assert value(trace, "z") == [[45.0, 45.0], [45.0, 45.0]]
    assert value(trace, "x", "grad") == [[-7.5, -7.5], [-7.5, -7.5]]
    assert value(trace, "y", "grad") is None
    seen = trace.observed("x")
    assert seen is not None
    assert seen["value"].value.dtype == np.float32
    assert {name: seen[name] for name in ("shape", "dtype", "requires_grad", "is_leaf", "has_grad_fn")} == {
        "shape": (2, 2),
        "dtype": "float32",
        "requires_grad": True,
        "is_leaf": True,
        "has_grad_fn": False,
    }


def test_places_name_statement_round_and_branch(implementation: Implementation) -> None:
    b = Builder()
    x = b.tensor([1.0, 2.0]).named("x")
    with b.repeat(2):
        x.assign(x * 2)
    with b.no_grad(), b.if_(x.sum() < 0):
        (x + 1).named("y")
    program = b.program()
    program = Program(
        (*program.statements, st.If(st.Condition("min", "x", "<", 0.0), (), (Create("z", TWO),)))
    )
    assert statuses(implementation.run(program)) == [
        ((0,), "ok"),
        ((1, 0, 0), "ok"),
        ((1, 1, 0), "ok"),
        ((1,), "ok"),
        ((2, 0, 0), "ok"),
        ((2,), "ok"),
        ((3, 1, 0), "ok"),
        ((3,), "ok"),
        ((4,), "ok"),
    ]


def test_what_raises_is_recorded_and_what_needs_it_is_skipped(implementation: Implementation) -> None:
    b = Builder()
    x = b.tensor([1.0, 2.0], requires_grad=True).named("x")
    x.reshape(3).named("y")
    program = Program(
        (
            *b.program().statements,
            Apply(("z",), "exp", (Var("y"),)),
            st.Repeat(1, (Apply(("z",), "exp", (Var("z"),)),)),
            st.While(st.Condition("norm", "z", "<", 3.0), ()),
            st.Backward(("x",), ("y",)),
            Apply(("w",), "exp", (Var("x"),)),
        )
    )
    trace = implementation.run(program)
    assert statuses(trace) == [
        ((0,), "ok"),
        ((1,), "raised"),
        ((2,), "skipped"),
        ((3, 0, 0), "skipped"),
        ((3,), "ok"),
        ((4,), "skipped"),
        ((5,), "skipped"),
        ((6,), "ok"),
        ((7,), "ok"),
    ]
    error = trace.events[1].error
    assert error is not None
    assert error.classes == ("RuntimeError", "Exception", "BaseException", "object")
    assert "shape '[3]' is invalid" in error.message
    assert [observation.name for observation in trace.observations] == ["x", "w"]


def test_a_name_whose_rebinding_raises_is_unbound(implementation: Implementation) -> None:
    program = Program(
        (
            Create("x", TWO),
            Create("y", TWO),
            st.Repeat(1, (Apply(("y",), "reshape", (Var("x"),), (("shape", (3,)),)),)),
            Apply(("z",), "exp", (Var("y"),)),
        )
    )
    trace = implementation.run(program)
    assert statuses(trace)[2:5] == [((2, 0, 0), "raised"), ((2,), "ok"), ((3,), "skipped")]
    assert trace.observed("y") is None


def test_a_gradient_that_is_none_binds_nothing(implementation: Implementation) -> None:
    b = Builder()
    x = b.tensor([1.0], requires_grad=True).named("x")
    unused = b.tensor([1.0], requires_grad=True).named("unused")
    gx, gu = b.grad(x * 2, [x, unused], allow_unused=True)
    (gu + 1).named("after")
    unused.grad.named("read")
    trace = implementation.run(b.program())
    assert [status for _, status in statuses(trace)] == ["ok", "ok", "ok", "ok", "skipped", "skipped", "ok"]
    assert value(trace, gx.name) == [2.0]
    assert trace.observed(gu.name) is None


def test_a_wrong_number_of_results_raises(implementation: Implementation) -> None:
    program = Program((Create("x", TWO), Apply(("a", "b", "c"), "unbind", (Var("x"),))))
    event = implementation.run(program).event((1,))
    assert event is not None
    assert event.error is not None
    assert "the program names 3 results (a, b, c), 2 came" in event.error.message


def test_loops_follow_the_values(implementation: Implementation) -> None:
    b = Builder()
    x = b.tensor([3.0, 4.0], requires_grad=True).named("x")
    y = (x * 2).named("y")
    with b.while_(y.data.norm() < 1000):
        y.assign(y * 2)
    y.backward(b.tensor([0.1, 1.0]))
    trace = implementation.run(b.program())
    assert value(trace, "y") == [768.0, 1024.0]
    assert value(trace, "x", "grad") == pytest.approx([25.6, 256.0])


def test_a_loop_past_its_limit_raises(implementation: Implementation) -> None:
    b = Builder()
    y = b.tensor([1.0]).named("y")
    with b.while_(y.item() > 0, limit=5):
        y.assign(y * 1)
    trace = implementation.run(b.program())
    assert statuses(trace)[-2] == ((1,), "raised")
    assert trace.events[-2].error is not None
    assert "did not end within 5 rounds" in trace.events[-2].error.message
    assert sum(len(place) == 3 for place, _ in statuses(trace)) == 5


def test_a_loop_may_end_in_its_last_round(implementation: Implementation) -> None:
    b = Builder()
    y = b.tensor([1.0]).named("y")
    with b.while_(y.item() < 32, limit=5):
        y.assign(y * 2)
    assert {status for _, status in statuses(implementation.run(b.program()))} == {"ok"}


def test_modes_are_left_also_by_an_exception(implementation: Implementation) -> None:
    b = Builder()
    x = b.tensor([1.0], requires_grad=True).named("x")
    with b.no_grad(raises=True):
        (x * 2).named("inside")
        with b.enable_grad():
            (x * 2).named("nested")
        with b.set_grad_enabled(False):
            (x * 2).named("off")
    (x * 2).named("after")
    trace = implementation.run(b.program())
    flags = {name: value(trace, name, "requires_grad") for name in ("inside", "nested", "off", "after")}
    assert flags == {"inside": False, "nested": True, "off": False, "after": True}


def test_observing_copies_and_warns_of_nothing(in_torch: Implementation) -> None:
    b = Builder()
    x = b.tensor([1.0], requires_grad=True).named("x")
    y = (x * 2).named("y")
    d = y.detach().named("d")
    b.observe(y, d)
    d.mul_(5)
    y.grad.named("g")
    b.observe(d, fields=("value", "warnings", "version", "alias"))
    with warnings.catch_warnings(record=True) as outside:
        warnings.simplefilter("always")
        trace = in_torch.run(b.program())
    assert [observation.name for observation in trace.observations] == ["y", "d", "d"]
    assert [observation.fields["value"].value.tolist() for observation in trace.observations] == [
        [2.0],
        [2.0],
        [10.0],
    ]
    (warned,) = trace.observations[-1].fields[
        "warnings"
    ]  # the program's own look at a grad, not the observer's
    assert warned[0] == "UserWarning"
    assert "not a leaf" in warned[1]
    assert trace.observations[-1].fields["version"] == 1
    assert outside == []


def test_inspection(in_torch: Implementation) -> None:
    b = Builder()
    x = b.tensor([[1.0, 2.0]], requires_grad=True).named("x")
    y = (x * 2).named("y")
    z = (y + x).named("z")
    view, copy = y.reshape(2).named("view"), y.clone().named("copy")
    b.observe(x, y, z, view, copy, fields=("node", "edges", "alias"))
    seen = {observation.name: observation.fields for observation in in_torch.run(b.program()).observations}
    (_, mul), (_, add) = seen["y"]["node"], seen["z"]["node"]
    assert seen["x"]["node"] is None
    assert seen["x"]["edges"] == ()
    assert seen["y"]["node"][0] == "MulBackward0"
    ((leaf, accumulate, output), constant) = seen["y"]["edges"]
    assert (leaf, output, constant) == ("AccumulateGrad", 0, None)
    assert seen["z"]["edges"] == (("MulBackward0", mul, 0), ("AccumulateGrad", accumulate, 0))
    assert len({mul, add, accumulate}) == 3
    assert seen["x"]["alias"] != seen["y"]["alias"] == seen["view"]["alias"] != seen["copy"]["alias"]


def test_aliases(implementation: Implementation) -> None:
    b = Builder()
    x = b.tensor([[1.0, 2.0]]).named("x")
    views = x.reshape(2), x.detach(), x.data.alias(), x[0, :1], x.reshape(2)[1:]
    copy, empty = x.clone(), b.zeros(0, 3).named("empty")
    more = empty.reshape(3, 0)
    b.observe(x, *views, copy, empty, more, fields=("alias",))
    assert [seen.fields["alias"] for seen in implementation.run(b.program()).observations] == [0] * 6 + [
        1,
        2,
        2,
    ]


def test_a_field_that_cannot_be_read_is_recorded_with_its_error(implementation: Implementation) -> None:
    with_lies = SimpleNamespace(tensor=lambda *_, **__: SimpleNamespace(shape=(1,)), float32=None)
    program = Program((Create("x", TWO), st.Observe(("x",), ("shape", "grad"))))
    trace = TorchSpelled(with_lies).run(program)
    assert statuses(trace) == [((0,), "ok"), ((1,), "raised")]
    seen = trace.observed("x")
    assert seen is not None
    assert seen["shape"] == (1,)
    assert seen["grad"].classes[0] == "AttributeError"


def test_hooks_run_in_order_and_change_gradients(in_torch: Implementation) -> None:
    b = Builder()
    x = b.tensor([1.0, 2.0], requires_grad=True).named("x")
    y = (x * 3).named("y")
    b.hook(y, "scale", factor=2.0)
    b.hook(y, "log")
    gone = b.hook(y, "zero")
    gone.remove()
    b.hook(y, "log", kind="node_pre")
    b.hook(y, "scale", kind="node", factor=10.0)
    b.hook(x, "scale", kind="post_accumulate", factor=0.5)
    y.backward(b.tensor([1.0, -1.0]))
    b.observe(x, fields=("grad", "hook_log"))
    trace = in_torch.run(b.program())
    assert {status for _, status in statuses(trace)} == {"ok"}
    assert value(trace, "x", "grad") == [30.0, -30.0]
    assert value(trace, "x", "hook_log") == ("h0", "h1", "h3", "h4", "h5")


def test_a_hook_that_raises_fails_the_backward(in_torch: Implementation) -> None:
    b = Builder()
    x = b.tensor([1.0], requires_grad=True).named("x")
    b.hook(x, "raise")
    (x * 2).backward()
    trace = in_torch.run(b.program())
    assert trace.events[-2].status == "raised"
    assert value(trace, "x", "grad") is None


def test_in_place(in_torch: Implementation) -> None:
    program = Program(
        (
            Create("x", TWO),
            st.Mutate("x", "add", (1.0,), (("alpha", 2),), result="same"),
            st.Mutate("x", "__setitem__", (0, 7.0)),
            st.Mutate("x", "mul", (2.0,), through_data=True),
            st.Observe(("x", "same"), ("value", "version", "alias")),
        )
    )
    trace = in_torch.run(program)
    assert value(trace, "x") == value(trace, "same") == [14.0, 8.0]
    assert value(trace, "x", "version") == 2
    assert value(trace, "x", "alias") == value(trace, "same", "alias")


def test_several_roots_and_options(implementation: Implementation) -> None:
    b = Builder()
    x = b.tensor([1.0, 2.0], requires_grad=True).named("x")
    w = b.tensor([1.0, 2.0], requires_grad=True).named("w")
    y, z = (x * x * w).named("y"), (x * 3).sum().named("z")
    b.backward([y, z], [b.tensor([1.0, 10.0]), None], retain_graph=True, inputs=[x])
    (g,) = b.grad([y, z], [x], [b.tensor([1.0, 1.0]), None], create_graph=True)
    g.sum().backward()
    trace = implementation.run(b.program())
    assert {status for _, status in statuses(trace)} == {"ok"}
    assert value(trace, g.name) == [5.0, 11.0]
    assert value(trace, "x", "grad") == [7.0, 87.0]
    assert value(trace, "w", "grad") == [2.0, 4.0]


def test_flags_and_grads_are_set(implementation: Implementation) -> None:
    b = Builder()
    x = b.tensor([1.0]).named("x")
    x.requires_grad = True
    y = b.tensor([2.0]).named("y").requires_grad_()
    z = (x * y).named("z")
    z.retain_grad()
    z.backward()
    x.grad = y.grad
    y.grad = None
    trace = implementation.run(b.program())
    assert [value(trace, name, "grad") for name in "xyz"] == [[1.0], None, [1.0]]


# --- implementations that misbehave


class Quits:
    """A namespace whose operators end the process, or hang it up on the user."""

    float32 = "broken.float32"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def tensor(self, *_: Any, **__: Any) -> Any:
        raise self.error


def test_an_exit_costs_its_statement_only() -> None:
    trace = TorchSpelled(Quits(SystemExit(3))).run(Program((Create("x", TWO), Create("y", TWO))))
    assert statuses(trace) == [((0,), "raised"), ((1,), "raised"), ((2,), "ok")]
    assert trace.events[0].error is not None
    assert trace.events[0].error.classes[0] == "SystemExit"


def test_an_interrupt_is_the_users() -> None:
    with pytest.raises(KeyboardInterrupt):
        TorchSpelled(Quits(KeyboardInterrupt())).run(Program((Create("x", TWO),)))


def test_an_error_without_a_text_is_recorded() -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise ValueError

    trace = TorchSpelled(Quits(Unspeakable())).run(Program((Create("x", TWO),)))
    assert trace.events[0].error is not None
    assert trace.events[0].error.classes[:2] == ("Unspeakable", "Exception")


class Leaky(SimpleNamespace):
    """Torch, with a no_grad that forgets to switch back, and that turns the warnings filters."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)

    @contextlib.contextmanager
    def no_grad(self) -> Iterator[None]:
        warnings.simplefilter("ignore")
        torch.set_grad_enabled(False)
        yield


def test_what_an_implementation_leaks_stays_in_its_program() -> None:
    leaky = TorchSpelled(Leaky(), name="leaky")
    b = Builder()
    x = b.tensor([1.0], requires_grad=True).named("x")
    with b.no_grad():
        pass
    (x * 2).named("y")
    before = list(warnings.filters)
    trace = leaky.run(b.program())
    assert value(trace, "y", "requires_grad") is False  # seen, so that it can be judged
    assert torch.is_grad_enabled()
    assert list(warnings.filters) == before
    assert value(leaky.run(b.program()), "x", "requires_grad") is True


def test_an_operator_that_is_missing_raises_where_it_is_used() -> None:
    trace = TorchSpelled(torch).run(Program((Create("x", TWO), Apply(("y",), "nn.nothing", (Var("x"),)))))
    assert trace.events[1].error is not None
    assert trace.events[1].error.classes[0] == "AttributeError"
    assert "nothing" in trace.events[1].error.message


def test_names_and_claims() -> None:
    spelled = TorchSpelled(torch, claims=Claims(frozenset({"backward"})))
    assert (spelled.name, spelled.version) == ("torch", f"torch {torch.__version__}")
    assert spelled.claims == Claims(frozenset({"backward"}))
    assert load("torch").version == f"PyTorch {torch.__version__}"
    assert load("refimpl").name == "refimpl"
    assert isinstance(spelled, Implementation)

"""A program written by hand is the statements that it reads like, and nonsense is refused in a sentence."""

from collections.abc import Callable
from typing import Any

import pytest

from conformance.programs import statements as st
from conformance.programs.builder import Builder
from conformance.programs.handles import Handle
from conformance.programs.statements import Apply, Create, Mutate, Program, Statement, Var
from conformance.programs.validate import ProgramError, check
from oracles.question import Literal, Slice

ONE = Literal("float32", (1,), (1.0,))
X = Create("x", ONE, True)


def test_the_documents_example_reads_like_the_document() -> None:
    b = Builder()
    x = b.tensor([[1.0, 1.0], [1.0, 1.0]], requires_grad=True).named("x")
    y = (x - 4).named("y")
    z = (y * y * 5).named("z")
    out = z.mean().named("out")
    out.backward()
    b.observe(x, y)
    assert b.program().statements == (
        Create("x", Literal("float32", (2, 2), (1.0,) * 4), True),
        Apply(("y",), "sub", (Var("x"), 4)),
        Apply(("t2",), "mul", (Var("y"), Var("y"))),
        Apply(("z",), "mul", (Var("t2"), 5)),
        Apply(("out",), "mean", (Var("z"),)),
        st.Backward(("out",)),
        st.Observe(("x", "y")),
    )


def built(write: Callable[[Builder, Handle], Any]) -> tuple[Statement, ...]:
    """The statements that ``write`` adds after the creation of x."""
    b = Builder()
    x = b.tensor([1.0], requires_grad=True).named("x")
    write(b, x)
    return b.program().statements[1:]


APPLICATIONS: dict[str, tuple[Callable[[Builder, Handle], Any], Apply]] = {
    "reflected": (lambda b, x: 2 - x, Apply(("t1",), "sub", (2, Var("x")))),
    "power": (lambda b, x: 2.0**x, Apply(("t1",), "pow", (2.0, Var("x")))),
    "negative": (lambda b, x: -x, Apply(("t1",), "neg", (Var("x"),))),
    "comparison": (lambda b, x: x >= 1, Apply(("t1",), "ge", (Var("x"), 1))),
    "equality": (lambda b, x: x == 1, Apply(("t1",), "eq", (Var("x"), 1))),
    "product": (lambda b, x: x @ x, Apply(("t1",), "matmul", (Var("x"), Var("x")))),
    "method": (
        lambda b, x: x.sum(0, keepdim=True),
        Apply(("t1",), "sum", (Var("x"),), (("dim", 0), ("keepdim", True))),
    ),
    "sizes": (lambda b, x: x.reshape(1, 1), Apply(("t1",), "reshape", (Var("x"),), (("shape", (1, 1)),))),
    "sizes in a tuple": (
        lambda b, x: x.expand((2, 1)),
        Apply(("t1",), "expand", (Var("x"),), (("sizes", (2, 1)),)),
    ),
    "attribute": (lambda b, x: x.mT, Apply(("t1",), "mT", (Var("x"),))),
    "function": (lambda b, x: b.maximum(x, x), Apply(("t1",), "maximum", (Var("x"), Var("x")))),
    "function of a list": (
        lambda b, x: b.cat([x, x], dim=0),
        Apply(("t1",), "cat", ((Var("x"), Var("x")),), (("dim", 0),)),
    ),
    "dotted": (lambda b, x: b.nn.functional.relu(x), Apply(("t1",), "nn.functional.relu", (Var("x"),))),
    "bounds": (lambda b, x: x.clamp(0, 1), Apply(("t1",), "clamp", (Var("x"),), (("min", 0), ("max", 1)))),
    "operand bounds": (lambda b, x: x.clamp(x, None), Apply(("t1",), "clamp", (Var("x"), Var("x"), None))),
    "gather": (lambda b, x: x.gather(0, x), Apply(("t1",), "gather", (Var("x"), Var("x")), (("dim", 0),))),
    "index": (
        lambda b, x: x[None, ..., 0:1],
        Apply(("t1",), "__getitem__", (Var("x"), (None, Ellipsis, Slice(0, 1)))),
    ),
    "pair": (lambda b, x: x.max(dim=0), Apply(("t1", "t2"), "max", (Var("x"),), (("dim", 0),))),
    "named results": (lambda b, x: x.unbind(results=1), Apply(("t1",), "unbind", (Var("x"),))),
}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_operators_are_spelled_as_in_torch(name: str) -> None:
    write, expected = APPLICATIONS[name]
    assert built(write) == (expected,)


def test_results_come_in_a_tuple_where_there_may_be_several() -> None:
    b = Builder()
    x = b.tensor([1.0])
    (only,) = x.unbind(results=1)
    values, indices = x.max(dim=0)
    values.named("v")
    indices.named("i")
    assert b.program().statements[-1] == Apply(("v", "i"), "max", (Var("t0"),), (("dim", 0),))
    assert isinstance(only, Handle)


def _in_place(b: Builder, x: Handle) -> None:
    x += 1
    x.mul_(2.0)
    x.data.zero_()
    x[0] = 3.0
    x.data[0] = 4.0


def test_in_place() -> None:
    assert built(_in_place) == (
        Mutate("x", "add", (1,)),
        Mutate("x", "mul", (2.0,)),
        Mutate("x", "zero", (), through_data=True),
        Mutate("x", "__setitem__", (0, 3.0)),
        Mutate("x", "__setitem__", (0, 4.0), through_data=True),
    )


def _flags(b: Builder, x: Handle) -> None:
    x.detach().named("d").requires_grad_()
    x.data.exp()
    x.requires_grad = False
    x.retain_grad()


def test_history() -> None:
    assert built(_flags) == (
        st.Detach("d", "x"),
        st.SetRequiresGrad("d", True, method=True),
        st.Detach("t2", "x", data=True),
        Apply(("t3",), "exp", (Var("t2"),)),
        st.SetRequiresGrad("x", False),
        st.RetainGrad("x"),
    )


def _gradients(b: Builder, x: Handle) -> None:
    x.backward(x, retain_graph=True, inputs=[x])
    b.backward([x, x], [None, x])
    (g,) = b.grad(x, x, create_graph=True)
    x.grad = g
    x.grad.named("read")
    x.grad = None
    b.hook(x, "scale", factor=2.0).remove()
    x.register_post_accumulate_grad_hook()


def test_gradients() -> None:
    assert built(_gradients) == (
        st.Backward(("x",), ("x",), True, inputs=("x",)),
        st.Backward(("x", "x"), (None, "x")),
        st.Grad(("t1",), ("x",), ("x",), create_graph=True),
        st.SetGrad("x", "t1"),
        st.ReadGrad("read", "x"),
        st.SetGrad("x"),
        st.Hook("h0", "x", "tensor", "scale", 2.0),
        st.RemoveHook("h0"),
        st.Hook("h1", "x", "post_accumulate"),
    )


def _blocks(b: Builder, x: Handle) -> None:
    y = (x * 2).named("y")
    with b.no_grad(raises=True), b.repeat(2):
        y.assign(y + 1)
    with b.while_(y.data.norm() < 1000, limit=20):
        y.assign(y * 2)
    with b.if_(y.sum() > 0):
        (y - 1).named("z")
    with b.otherwise():
        (y + 1).named("z")


def test_blocks() -> None:
    def step(op: str, by: int, target: str = "y") -> Apply:
        return Apply((target,), op, (Var("y"), by))

    norm, total = st.Condition("norm", "y", "<", 1000.0), st.Condition("sum", "y", ">", 0.0)
    assert built(_blocks) == (
        Apply(("y",), "mul", (Var("x"), 2)),
        st.GradMode("no_grad", (st.Repeat(2, (step("add", 1),)),), raises=True),
        st.While(norm, (step("mul", 2),), 20),
        st.If(total, (step("sub", 1, "z"),), (step("add", 1, "z"),)),
    )


def test_every_mode_has_a_block() -> None:
    b = Builder()
    blocks = (
        b.no_grad(),
        b.enable_grad(),
        b.set_grad_enabled(True),
        b.set_grad_enabled(False),
        b.inference_mode(),
    )
    for block in blocks:
        with block:
            pass
    assert b.program().statements == tuple(st.GradMode(mode, ()) for mode in st.MODES)


def test_a_block_left_by_an_error_leaves_the_builder_as_it_was() -> None:
    b = Builder()

    def fail_inside() -> None:
        with b.no_grad():
            raise AttributeError

    with pytest.raises(AttributeError):
        fail_inside()
    assert b.program() == Program(())


def _nothing(b: Builder, x: Handle) -> None:
    with b.while_((x * 2) < 3):
        pass


def _open(b: Builder, x: Handle) -> None:
    with b.no_grad():
        b.program()


MISTAKES: dict[str, tuple[Callable[[Builder, Handle], Any], str]] = {
    "name given late": (
        lambda b, x: (x.exp(), x.named("z")),
        "can only be given to what the last statement made",
    ),
    "name of two": (lambda b, x: x.exp().named("x"), "'x' is bound already"),
    "no name": (lambda b, x: x.exp().named("1x"), "no Python identifier"),
    "otherwise alone": (lambda b, x: b.otherwise().__enter__(), "must stand right after"),
    "a condition on nothing": (_nothing, "a condition is one of"),
    "an array": (lambda b, x: x.add(object()), "a statement cannot hold a object"),
    "too many": (lambda b, x: x.sum(0, True, 3), "is left over"),
    "open block": (_open, "a block is still open"),
    "left measure": (lambda b, x: x.item(), "item is no operator of a program"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_answered(name: str) -> None:
    write, message = MISTAKES[name]
    with pytest.raises(ProgramError, match=message):
        built(write)


def test_a_handle_is_no_value() -> None:
    x = Builder().tensor([1.0])
    with pytest.raises(TypeError, match=r"write b\.if_"):
        bool(x > 0)
    with pytest.raises(TypeError, match="unbind"):
        list(x)
    with pytest.raises(AttributeError, match="shape"):
        x.shape = (2,)  # type: ignore[attr-defined]


def apply(target: str, *args: Any, op: str = "add", **params: Any) -> Apply:
    return Apply((target,), op, args, tuple(params.items()))


REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "unbound": ((apply("y", Var("z"), 1),), "statement 0 .*'z' is not bound here"),
    "bound twice": ((X, X), "statement 1 .*'x' is bound already"),
    "bound twice at once": ((X, Apply(("y", "y"), "max", (Var("x"),))), "bound twice in one statement"),
    "keyword": ((Create("for", ONE),), "'for' cannot be a name"),
    "mode": ((st.GradMode("nograd", ()),), "mode is 'nograd'; expected one of 'no_grad'"),  # type: ignore[arg-type]
    "inside": ((X, st.GradMode("no_grad", (apply("y", Var("z")),))), "statement 1.0 .*'z' is not bound"),
    "gradients": ((X, st.Backward(("x", "x"))), "2 roots have 1 gradients; give one for each"),
    "no root": ((st.Backward((), ()),), "names no root"),
    "targets": ((X, st.Grad(("a", "b"), ("x",), ("x",))), "1 inputs have 2 targets"),
    "grad outputs": ((X, st.Grad(("a",), ("x", "x"), ("x",))), "2 outputs have 1 grad_outputs"),
    "no hook": ((st.RemoveHook("h"),), "no hook is called 'h'"),
    "hook kind": ((X, st.Hook("h", "x", "edge")), "kind is 'edge'"),  # type: ignore[arg-type]
    "hook name": ((X, st.Hook("x", "x")), "'x' is the name of a tensor"),
    "tensor name": ((X, st.Hook("h", "x"), Create("h", ONE)), "'h' is the handle of a hook"),
    "relation": (
        (X, st.While(st.Condition("norm", "x", "=", 1.0), ())),  # type: ignore[arg-type]
        "relation is '='",
    ),
    "NaN": ((X, st.If(st.Condition("norm", "x", "<", float("nan")), ())), "nothing compares with NaN"),
    "limit": ((X, st.While(st.Condition("norm", "x", "<", 1.0), (), 0)), "limit is 0 rounds"),
    "times": ((st.Repeat(-1, ()),), "repeats -1 times"),
    "field": ((X, st.Observe(("x",), ("size",))), "'size' is no field"),  # type: ignore[arg-type]
    "functional": ((X, apply("y", Var("x"), Var("x"), op="copy")), "copy is a question for oracles only"),
    "in place by apply": ((X, apply("y", Var("x"), op="add_")), "add_ is no operator"),
    "underscore": ((X, Mutate("x", "add_", (1,))), "write 'add'"),
    "assignment": ((X, Mutate("x", "__setitem__", (0,))), "takes an index and a value"),
    "assignment's result": ((X, Mutate("x", "__setitem__", (0, 1), result="y")), "returns nothing"),
    "parameter": ((X, Apply(("y",), "sum", (Var("x"),), (("dim", 0), ("dim", 1)))), "'dim' stands twice"),
    "argument": ((X, apply("y", Var("x"), [1])), "a list cannot be an argument"),
    "no result": ((X, Apply((), "add", (Var("x"), 1))), "no result is named"),
    "value": ((Create("x", 3.0),), "wrap it as Literal.of"),  # type: ignore[arg-type]
    "stranger": ((3,), "int is no statement"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_program_is_refused_in_a_sentence(name: str) -> None:
    statements, message = REFUSED[name]
    with pytest.raises(ProgramError, match=message):
        check(Program(statements))


ACCEPTED: dict[str, tuple[Statement, ...]] = {
    "rebinding in a loop": (X, apply("y", Var("x"), 1), st.Repeat(2, (apply("y", Var("y"), 1),))),
    "both branches bind": (
        X,
        st.If(st.Condition("norm", "x", "<", 1.0), (apply("y", Var("x"), 1),), (apply("y", Var("x"), 2),)),
        apply("z", Var("y"), 1),
    ),
    "a block binds for later": (
        X,
        st.GradMode("no_grad", (apply("y", Var("x"), 1),)),
        apply("z", Var("y"), 1),
    ),
    "one branch binds": (
        X,
        st.If(st.Condition("norm", "x", "<", 1.0), (apply("y", Var("x"), 1),)),
        apply("z", Var("y"), 1),
    ),
    "observing what may not be": (X, st.Observe(("x", "y"))),
    "a hook registered again in a loop": (X, st.Repeat(2, (st.Hook("h", "x"), st.RemoveHook("h")))),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_a_program_is_let_through(name: str) -> None:
    check(Program(ACCEPTED[name]))

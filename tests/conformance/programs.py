"""Programs to hold readers against: one with every statement there is, and a comparison of what was seen."""

from collections.abc import Mapping
from typing import Any, get_args

from conformance.programs import statements as st
from conformance.programs.statements import Program
from conformance.trace import Raised, Tensor
from oracles.question import Literal, Slice

SPECIAL = Literal("float64", (2, 3), (float("nan"), float("inf"), -float("inf"), -0.0, 5e-324, 0.1))


def everything() -> Program:
    """Each statement and option, each kind of argument and each kind of dtype; it runs in PyTorch."""
    leaf, y = st.Var("x"), st.Var("y")
    return Program(
        (
            st.Create("x", Literal.of([[1.0, 0.1], [-2.5, 3e-5]], "float32"), True),
            st.Create("special", SPECIAL),
            st.Create("half", Literal.of([0.1, 65504.0], "float16")),
            st.Create("small", Literal("uint8", (3,), (0, 7, 255))),
            st.Create("index", Literal("int64", (2, 1), (1, 0))),
            st.Create("large", Literal("int64", (2,), (2**63 - 1, -(2**63)))),
            st.Create("flag", Literal("bool", (2, 2), (True, False, False, True))),
            st.Create("empty", Literal("float32", (0, 3), ()), True),
            st.Create("v", Literal("float32", (2, 2), (0.5, -1.0, 2.0, 0.25))),
            st.Apply(("y",), "mul", (leaf, 2.0)),
            st.Apply(("p",), "pow", (-2.0, st.Var("v"))),
            st.Apply(("row",), "__getitem__", (y, (Slice(None, None, 1), None, Ellipsis, 0))),
            st.Apply(("picked",), "gather", (y, st.Var("index")), (("dim", 1),)),
            st.Apply(("masked",), "masked_fill", (y, st.Var("flag")), (("value", float("-inf")),)),
            st.Apply(("values", "where"), "max", (y,), (("dim", 0), ("keepdim", True))),
            st.Apply(("both",), "cat", ((leaf, y),), (("dim", 0),)),
            st.Apply(("total",), "sum", (st.Var("both"),)),
            st.Apply(("cast",), "to", (y,), (("dtype", "float64"),)),
            st.Apply(("none",), "clamp", (y, None, leaf)),
            st.Detach("d", "y"),
            st.Detach("alias", "x", data=True),
            st.Mutate("d", "add", (1,), (("alpha", 2),), result="same"),
            st.Mutate("d", "__setitem__", ((0, Slice(0, 1)), 5.0)),
            st.Mutate("x", "mul", (1.0,), through_data=True),
            st.SetRequiresGrad("v"),
            st.SetRequiresGrad("v", False, method=True),
            st.RetainGrad("y"),
            st.Hook("h", "y", "tensor", "scale", 2.0),
            st.Hook("gone", "x", "tensor", "zero"),
            st.RemoveHook("gone"),
            st.Hook("after", "x", "post_accumulate", "log"),
            st.Hook("n", "y", "node", "log"),
            st.Hook("before", "y", "node_pre", "scale", 0.5),
            *(st.GradMode(mode, (st.Apply((f"m{i}",), "neg", (leaf,)),)) for i, mode in enumerate(st.MODES)),
            st.GradMode("no_grad", (st.Create("inside", SPECIAL),), raises=True),
            st.Create("c", Literal("float64", (), (1.5,))),
            st.Repeat(2, (st.Apply(("c",), "add", (st.Var("c"), 1)),)),
            st.While(
                st.Condition("item", "c", "<=", 100.0), (st.Apply(("c",), "mul", (st.Var("c"), 2)),), 10
            ),
            st.If(
                st.Condition("sum", "c", ">", 0.0),
                (st.Create("then", SPECIAL),),
                (st.Create("otherwise", SPECIAL),),
            ),
            st.If(
                st.Condition("max", "c", "<", 0.0), (), (st.If(st.Condition("min", "c", ">=", -1e300), ()),)
            ),
            st.Grad(("g", "zeros"), ("y",), ("x", "empty"), ("v",), True, True, True, True),
            st.Backward(("y",), ("v",), retain_graph=True),
            st.Backward(("y", "total"), ("v", None), retain_graph=True),
            st.Backward(("total",), inputs=("x",)),
            st.ReadGrad("read", "x"),
            st.SetGrad("v", "read"),
            st.SetGrad("x"),
            st.Observe(("x", "y", "v", "d", "same", "alias", "missing"), get_args(st.Field)),
            st.Observe(("c", "special")),
        )
    )


def same(one: Any, other: Any) -> bool:
    """Whether two fields of observations are the same, arrays to the bit."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        arrays = one.value, other.value
        return (
            one.dtype == other.dtype
            and arrays[0].dtype == arrays[1].dtype
            and arrays[0].shape == arrays[1].shape
            and arrays[0].tobytes() == arrays[1].tobytes()
        )
    if isinstance(one, Raised) and isinstance(other, Raised):
        return one.classes == other.classes
    return type(one) is type(other) and bool(one == other)


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The names of the fields that are not the same."""
    return [
        name
        for name in one.keys() | other.keys()
        if name not in one or name not in other or not same(one[name], other[name])
    ]

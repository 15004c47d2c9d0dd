"""Questions to put to an oracle: every operator in its usual and unusual forms, and compositions."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles.question import Apply, Constant, Function, Literal, Question, Ref, Slice, Step, Vjp


def literal(data: Any, dtype: str | None = None) -> Literal:
    """A literal, float64 unless the data are integers or bools."""
    return Literal.of(np.asarray(data), dtype)


class Builder:
    """A function under construction: each call appends a step and returns references to its results."""

    def __init__(self, arity: int) -> None:
        self.arity = arity
        self.steps: list[Step] = []
        self.inputs = tuple(map(Ref, range(arity)))
        self._count = arity

    def append(self, step: Step) -> tuple[Ref, ...]:
        self.steps.append(step)
        self._count += step.results
        return tuple(Ref(self._count - step.results + k) for k in range(step.results))

    def constant(self, data: Any, dtype: str | None = None) -> Ref:
        return self.append(Constant(literal(data, dtype)))[0]

    def apply(self, op: str, *args: Any, **params: Any) -> Ref:
        return self.append(Apply(op, args, tuple(params.items())))[0]

    def several(self, results: int, op: str, *args: Any, **params: Any) -> tuple[Ref, ...]:
        return self.append(Apply(op, args, tuple(params.items()), results))

    def function(self, *outputs: Ref) -> Function:
        return Function(self.arity, tuple(self.steps), outputs)


Make = Callable[..., "Ref | tuple[Ref, ...]"]


@dataclass(frozen=True)
class Case:
    """One call of one operator: ``make(builder, *inputs)``, and the arrays to call it with."""

    op: str
    inputs: tuple[Literal, ...]
    make: Make


# Inside the domain of every function below, without ties, away from integers, kinks and boundaries.
A = [[0.75, -1.25, 2.3], [-0.6, 1.4, 0.35]]
B = [[1.6, 0.45, -0.8], [2.2, -1.7, 0.9]]
P = [[0.8, 1.3, 2.1], [0.35, 1.9, 0.6]]
ROW = [0.7, -1.1, 1.8]
COLUMN = [[1.3], [-0.4]]
SQUARE = [[0.9, -0.3, 1.2], [0.4, 1.7, -0.8], [-1.4, 0.25, 0.65]]
CUBE = np.sin(np.arange(1.0, 13.0)).reshape(2, 3, 2).round(3).tolist()
MASK = [[True, False, True], [False, False, True]]
INTEGERS = [[1, -3, 2], [5, 0, -4]]
EMPTY = np.zeros((0, 3))

CASES: list[Case] = []


def case(op: str, *inputs: Any) -> Callable[[Make], Make]:
    """Declares the decorated function, or lambda, a case of the operator."""

    def declare(make: Make) -> Make:
        CASES.append(Case(op, tuple(literal(data, "float64") for data in inputs), make))
        return make

    return declare


def direct(op: str, *inputs: Any, numbers: tuple[Any, ...] = (), **params: Any) -> None:
    """Declares the plain call of an operator on its inputs, numbers and parameters."""
    case(op, *inputs)(lambda b, *x: b.apply(op, *x, *numbers, **params))


for name in (
    "neg",
    "abs",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sigmoid",
    "nn.functional.relu",
    "square",
    "clone",
    "exp",
):
    direct(name, A)
for name in ("expm1", "reciprocal", "sign", "floor", "ceil", "round", "trunc"):
    direct(name, A)
    direct(name, 0.65)
for name in ("log", "sqrt", "rsqrt", "log1p", "square"):
    direct(name, P)
for name in ("add", "sub", "mul", "div", "maximum", "minimum", "remainder", "fmod", "atan2"):
    direct(name, A, B)
    direct(name, A, ROW)
    direct(name, COLUMN, ROW)
    direct(name, A, 0.31)
    direct(name, A, numbers=(1.3,))
    case(name, A)(lambda b, x, name=name: b.apply(name, 2, x))
    case(name, A)(
        lambda b, x, name=name: b.apply(name, x, x) if name in "add sub mul" else b.apply(name, x, 3)
    )
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    direct(name, A, B)
    direct(name, A, numbers=(0.35,))
    case(name, A)(lambda b, x, name=name: b.apply(name, 1, x))
for name in ("add", "sub"):
    direct(name, A, B, alpha=2.5)
for mode in ("floor", "trunc"):
    direct("div", A, B, rounding_mode=mode)
direct("pow", A, numbers=(2,))
direct("pow", A, numbers=(3.0,))
direct("pow", A, numbers=(0,))
direct("pow", A, numbers=(1,))
direct("pow", A, numbers=(-2,))
direct("pow", [0.0, -1.0, 2.0], numbers=(2,))
direct("pow", [0.0, -1.5, 2.0], numbers=(0,))
direct("pow", P, numbers=(-1.5,))
direct("pow", P, B)
direct("pow", P, 0.7)
case("pow", A)(lambda b, x: b.apply("pow", 2.5, x))
case("pow", A)(lambda b, x: b.apply("pow", x, b.constant([2, 3, 0])))
direct("clamp", A, min=-0.5)
direct("clamp", A, max=0.5)
direct("clamp", A, min=-0.5, max=1.1)
direct("clamp", A, min=1.1, max=-0.5)
direct("clamp", A, ROW, B)
case("clamp", A, ROW)(lambda b, x, y: b.apply("clamp", x, None, y))
case("where", A, B)(lambda b, x, y: b.apply("where", b.constant(MASK), x, y))
case("where", A)(lambda b, x: b.apply("where", b.apply("gt", x, 0.5), x, 0.1))
case("where", A)(lambda b, x: b.apply("where", b.constant(MASK), 1.5, b.apply("mul", x, x)))
case("where", A)(lambda b, x: b.apply("mul", x, b.apply("where", b.constant(MASK), 0.1, 2)))
case("logical_not", A)(lambda b, x: b.apply("logical_not", b.apply("gt", x, 0.0)))
direct("isnan", A)

for name in ("sum", "prod", "mean", "amax", "amin", "argmax", "argmin"):
    direct(name, A)
    direct(name, A, dim=1)
    direct(name, A, dim=-2, keepdim=True)
    direct(name, 1.7)
    direct(name, 1.7, dim=0)
for name in ("sum", "mean", "amax", "amin", "var", "std", "norm", "logsumexp"):
    direct(name, CUBE, dim=(0, 2))
    direct(name, CUBE, dim=(-1, 1), keepdim=True)
direct("sum", A, keepdim=True, dim=None)
direct("sum", EMPTY)
direct("sum", EMPTY, dim=1)
direct("prod", EMPTY, dim=0)
direct("sum", A, dtype="float32")
case("sum", A)(lambda b, x: b.apply("mul", x, b.apply("sum", b.constant(MASK))))
case("mean", A)(lambda b, x: b.apply("mul", x, b.apply("mean", b.constant(INTEGERS), dtype="float32")))
case("prod", A)(lambda b, x: b.apply("mul", x, b.apply("prod", b.constant([2, 3]))))
direct("prod", [[0.0, 2.0, 3.0], [0.0, 0.0, 4.0]], dim=1)
for name in ("max", "min"):
    direct(name, A)
    case(name, A)(lambda b, x, name=name: b.several(2, name, x, dim=1))
    case(name, A)(lambda b, x, name=name: b.several(2, name, x, dim=0, keepdim=True))
for name in ("var", "std"):
    direct(name, A)
    direct(name, A, dim=1)
    direct(name, A, dim=0, correction=0, keepdim=True)
    direct(name, ROW, dim=0, correction=2)
for order in (1, 2, 3, 2.5, float("inf"), float("-inf"), 0, "fro"):
    direct("norm", A, p=order)
    direct("norm", A, p=order, dim=1, keepdim=True)
direct("norm", A)
for name in ("softmax", "log_softmax", "cumsum", "logsumexp"):
    direct(name, A, dim=0)
    direct(name, A, dim=-1)
    direct(name, 0.4, dim=0)
case("cumsum", ROW)(lambda b, x: b.apply("mul", x, b.apply("cumsum", b.constant([True, True, False]), dim=0)))

direct("matmul", ROW, [2.0, 0.5, -1.5])
direct("matmul", A, ROW)
direct("matmul", [1.5, -0.5], A)
direct("matmul", A, SQUARE)
direct("matmul", CUBE, [[1.0, 0.5, -2.0], [0.3, 1.1, 0.7]])
direct("matmul", CUBE, [0.6, -1.2])
direct("matmul", ROW, CUBE)
direct("matmul", np.sin(np.arange(12.0)).reshape(2, 1, 2, 3), CUBE)
case("matmul", A)(lambda b, x: b.apply("matmul", x, b.constant(np.zeros((3, 0)))))

direct("reshape", CUBE, shape=(4, 3))
direct("reshape", CUBE, shape=(-1,))
direct("reshape", 1.5, shape=(1, 1))
direct("flatten", CUBE)
direct("flatten", CUBE, start_dim=1)
direct("flatten", CUBE, start_dim=0, end_dim=-2)
direct("flatten", 1.5)
direct("transpose", CUBE, dim0=0, dim1=-1)
direct("permute", CUBE, dims=(2, 0, 1))
direct("squeeze", [[[1.5], [0.5]]])
direct("squeeze", [[[1.5], [0.5]]], dim=0)
direct("squeeze", [[[1.5], [0.5]]], dim=1)
direct("squeeze", [[[1.5], [0.5]]], dim=(0, 1, -1))
direct("unsqueeze", A, dim=1)
direct("unsqueeze", A, dim=-1)
direct("expand", COLUMN, sizes=(2, 3))
direct("expand", COLUMN, sizes=(4, -1, 3))
direct("T", A)
direct("T", CUBE)
direct("mT", CUBE)
case("cat", A, B)(lambda b, x, y: b.apply("cat", (x, y, x), dim=1))
case("cat", A, B)(lambda b, x, y: b.apply("cat", (x, b.constant(np.zeros(0)), y)))
case("cat", ROW)(lambda b, x: b.apply("cat", (b.constant([1, 2]), x), dim=0))
case("stack", A, B)(lambda b, x, y: b.apply("stack", (x, y), dim=-1))
case("stack", A, B)(lambda b, x, y: b.apply("stack", (y, x)))
case("split", CUBE)(lambda b, x: b.several(2, "split", x, split_size_or_sections=2, dim=1))
case("split", CUBE)(lambda b, x: b.several(2, "split", x, split_size_or_sections=(1, 2), dim=1))
case("chunk", np.arange(7.0).tolist())(lambda b, x: b.several(3, "chunk", x, chunks=3))
case("chunk", np.arange(6.0).tolist())(lambda b, x: b.several(3, "chunk", x, chunks=4))
case("unbind", CUBE)(lambda b, x: b.several(3, "unbind", x, dim=1))
direct("select", CUBE, dim=1, index=-1)
direct("narrow", CUBE, dim=1, start=1, length=2)
direct("narrow", CUBE, dim=-2, start=-2, length=1)
direct("diagonal", SQUARE)
direct("diagonal", CUBE, offset=1, dim1=-1, dim2=0)
direct("diagonal", SQUARE, offset=-1)
direct("flip", CUBE, dims=(0, -1))
direct("movedim", CUBE, source=0, destination=-1)
direct("movedim", CUBE, source=(0, 1), destination=(2, 0))
direct("repeat", A, repeats=(2, 1, 2))

INDICES: list[Callable[[Builder], Any]] = [
    lambda b: 1,
    lambda b: Slice(None, None, 2),
    lambda b: Slice(1, None),
    lambda b: None,
    lambda b: Ellipsis,
    lambda b: (Ellipsis, 0),
    lambda b: (0, Slice(None, 2), None),
    lambda b: (Slice(None), -1, Ellipsis, None),
    lambda b: b.constant([1, 0, 1]),
    lambda b: b.constant(1),
    lambda b: (0, Slice(None), b.constant([1, 0, 1, 1])),
    lambda b: (b.constant([1, 0]), Slice(None), b.constant([0, 1])),
    lambda b: (Slice(None), b.constant([[2, -1], [0, 0]])),
    lambda b: b.constant(MASK),
    lambda b: (b.constant(MASK), 1),
    lambda b: (Ellipsis, b.constant([True, False])),
    lambda b: (None, b.constant([0, 1]), Slice(None), 1),
]
for index in INDICES:
    case("__getitem__", CUBE)(lambda b, x, index=index: b.apply("__getitem__", x, index(b)))
for index in [index for place, index in enumerate(INDICES) if place not in (8, 10, 12)]:
    case("setitem", CUBE, 0.3)(lambda b, x, v, index=index: b.apply("setitem", x, index(b), v))
case("__getitem__", A)(lambda b, x: b.apply("__getitem__", x, b.apply("gt", x, 0.0)))
case("setitem", A, ROW)(lambda b, x, v: b.apply("setitem", x, 1, v))
case("setitem", A)(lambda b, x: b.apply("setitem", x, (Slice(None), 0), 2.5))
case("setitem", A, [0.1, 0.2, 0.4])(lambda b, x, v: b.apply("setitem", x, b.constant(MASK), v))
case("setitem", A)(lambda b, x: b.apply("mul", x, b.apply("setitem", b.constant(INTEGERS), 0, 7)))
direct("copy", A, ROW)
direct("copy", A, B)
case("copy", A)(lambda b, x: b.apply("mul", x, b.apply("copy", b.constant(INTEGERS), x)))
direct("fill", A, numbers=(1.5,))
direct("fill", A, 0.8)
direct("slice_scatter", A, [[1.5, 2.5, 3.5]], dim=0, start=1)
case("slice_scatter", A, [[1.5], [2.5]])(
    lambda b, x, y: b.apply(
        "slice_scatter", x, b.apply("expand", y, sizes=(2, 2)), dim=1, start=0, end=3, step=2
    )
)
direct("slice_scatter", A, [[1.5, 2.5, -0.5]], dim=0, end=1)
case("gather", A)(lambda b, x: b.apply("gather", x, b.constant([[0, 2, 2], [1, 0, 1]]), dim=1))
case("gather", A)(lambda b, x: b.apply("gather", x, b.constant([[1, 0]]), dim=0))
case("gather", ROW)(lambda b, x: b.apply("gather", x, b.constant([2, 2, 0, 1]), dim=-1))
case("gather", 0.5)(lambda b, x: b.apply("gather", x, b.constant(0), dim=0))
case("index_select", A)(lambda b, x: b.apply("index_select", x, b.constant([2, 0, 2]), dim=1))
case("masked_fill", A)(lambda b, x: b.apply("masked_fill", x, b.constant(MASK), value=0.5))
case("masked_fill", A, 0.3)(
    lambda b, x, v: b.apply("masked_fill", x, b.constant([True, False, True]), value=v)
)
case("take_along_dim", A)(lambda b, x: b.apply("take_along_dim", x, b.constant([[5, 0], [0, 3]])))
case("take_along_dim", A)(lambda b, x: b.apply("take_along_dim", x, b.constant([[2], [0]]), dim=1))
case("take_along_dim", ROW)(lambda b, x: b.apply("take_along_dim", x, b.constant([2, 2]), dim=0))
for dtype in ("float32", "float16", "int64", "int8", "bool"):
    direct("to", A, dtype=dtype)
case("add", A)(lambda b, x: b.apply("mul", x, b.apply("add", b.constant(INTEGERS), 2)))
case("add", A)(lambda b, x: b.apply("mul", x, b.apply("add", b.constant([100, 100, 1], "int8"), 100)))
case("mul", A)(lambda b, x: b.apply("mul", b.constant(MASK), x))
case("div", A)(lambda b, x: b.apply("mul", x, b.apply("div", b.constant(INTEGERS), 7)))
case("exp", A)(lambda b, x: b.apply("mul", x, b.apply("exp", b.constant(INTEGERS))))
case("remainder", A)(lambda b, x: b.apply("mul", x, b.apply("remainder", b.constant(INTEGERS), -3)))
case("fmod", A)(lambda b, x: b.apply("mul", x, b.apply("fmod", b.constant(INTEGERS), 3)))
for mode in ("floor", "trunc"):
    case("div", A)(
        lambda b, x, mode=mode: b.apply("mul", x, b.apply("div", b.constant(INTEGERS), 3, rounding_mode=mode))
    )

# Smooth, neither flat nor steep between -3 and 3; each keeps positive numbers positive.
WRAPS: list[Callable[[Builder, Ref], Ref]] = [
    lambda b, x: x,
    lambda b, x: b.apply("mul", x, 1.1),
    lambda b, x: b.apply("add", x, b.apply("mul", b.apply("square", x), 0.01)),
    lambda b, x: b.apply("mul", b.apply("tanh", b.apply("mul", x, 0.1)), 10.0),
    lambda b, x: b.apply("mul", b.apply("expm1", b.apply("mul", x, 0.03125)), 32.0),
]
ENDS: list[Callable[[Builder, Ref], Ref]] = [
    lambda b, y: y,
    lambda b, y: b.apply("sin", y),
    lambda b, y: b.apply("mul", y, b.apply("cos", y)),
    lambda b, y: b.apply("sigmoid", y),
    lambda b, y: b.apply("div", y, b.apply("add", b.apply("square", y), 1.5)),
    lambda b, y: b.apply("softmax", b.apply("flatten", y), dim=0),
]


def composed(chosen: Case, seed: int) -> Function:
    """The case between random smooth functions: before it, of each input, and after it, of each result.

    The sum of squares of the inputs, which is an output too, keeps every derivative from being zero.
    """
    rng = random.Random(f"{chosen.op} {seed}")
    builder = Builder(len(chosen.inputs))
    wrapped = [rng.choice(WRAPS)(builder, x) for x in builder.inputs] if seed else list(builder.inputs)
    results = chosen.make(builder, *wrapped)
    outputs = []
    for result in results if isinstance(results, tuple) else (results,):
        as_real = builder.apply("to", result, dtype="float64")
        outputs.append(rng.choice(ENDS)(builder, as_real) if seed else as_real)
    square = builder.apply("sum", builder.apply("square", builder.inputs[0]))
    return builder.function(*outputs, builder.apply("mul", square, builder.apply("sum", outputs[0])))


def hurtful(shape: tuple[int, ...], seed: int = 0) -> Literal:
    """A cotangent of distinct, short, non-zero decimals of both signs."""
    count = int(np.prod(shape))
    numbers = [round((0.5 + 0.375 * k) * (-1) ** (k + seed), 4) for k in range(count)]
    return literal(np.array(numbers, dtype=np.float64).reshape(shape), "float64")


def first_order(function: Function, inputs: tuple[Literal, ...], shapes: list[tuple[int, ...]]) -> Question:
    """The vector-Jacobian product at hurtful cotangents, for outputs of these shapes."""
    return Question(function, inputs, tuple(map(hurtful, shapes, range(len(shapes)))))


def second_order(question: Question) -> Question:
    """The vector-Jacobian product of the vector-Jacobian product, which varies with its cotangents too."""
    weights = [weight for weight in question.cotangents if weight is not None]
    count = len(question.inputs)
    builder = Builder(count + len(weights))
    given, cotangents = builder.inputs[:count], builder.inputs[count:]
    gradients = builder.append(Vjp(question.function, given, cotangents, tuple(range(count))))
    inputs = (*question.inputs, *weights)
    shapes = [value.shape for value in question.inputs]
    return Question(builder.function(*gradients), inputs, tuple(map(hurtful, shapes, range(1, count + 1))))

"""Random functions over the whole vocabulary, evaluated while they are written so that every shape fits."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from oracles.forward import apply
from oracles.question import Apply, Constant, Function, Literal, Question, Ref, Slice, Step, Vjp, substitute

SHAPES = [(), (1,), (2,), (3,), (2, 3), (3, 2), (1, 3), (2, 1), (2, 2), (2, 3, 2), (5,)]
UNARY = """
    neg abs exp sin cos tan tanh sigmoid nn.functional.relu square reciprocal rsqrt log sqrt log1p expm1
    sign floor ceil round trunc clone
""".split()
BINARY = "add sub mul div pow maximum minimum remainder fmod atan2".split()
OF_SCALARS = "add sub mul div pow".split()
REDUCTIONS = "sum mean prod amax amin max min var std norm logsumexp".split()
SCANS = "softmax log_softmax cumsum".split()
WHOLE = "reshape squeeze T clone flatten".split()
SCALARS = [2, 3, 0.5, 1.5, 2.0, 0.1]
LARGEST = 1e4
WIDEST = 40


class Misfit(Exception):
    """The step does not fit the values there are."""


class Writer:
    """Appends steps at random. Numbers are float16-exact, so that every floating dtype can hold the
    inputs."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.size = self.random.choice([1, 1, 1, 3, 10, 100])
        self.inputs = [
            self.array(self.random.choice(SHAPES)) for _ in range(self.random.choice([1, 1, 2, 2, 3]))
        ]
        self.values: list[Any] = list(self.inputs)
        self.steps: list[Step] = []

    def array(self, shape: tuple[int, ...]) -> Any:
        draw = self.random
        numbers = [
            draw.choice([-1, 1, 1]) * round(draw.random() * draw.choice([self.size] * 6 + [0.01, 1, 30]), 3)
            for _ in range(int(np.prod(shape)))
        ]
        return np.array(numbers, np.float16).astype(np.float64).reshape(shape)

    def pick(self, suits: Callable[[Any], bool] = lambda value: True) -> Ref:
        fit = [i for i, value in enumerate(self.values) if value.dtype == np.float64 and suits(value)]
        if not fit:
            raise Misfit
        return Ref(fit[-1] if self.random.random() < 0.5 else self.random.choice(fit))

    def constant(self, value: Any) -> Ref:
        self.steps.append(Constant(Literal.of(value)))
        self.values.append(np.asarray(value))
        return Ref(len(self.values) - 1)

    def call(self, op: str, *args: Any, **params: Any) -> None:
        operands = tuple(substitute(arg, self.values) for arg in args)
        results = apply(op, operands, params)
        for value in results:
            if value.size > WIDEST or (value.dtype == np.float64 and not np.all(np.abs(value) < LARGEST)):
                raise Misfit
        self.steps.append(Apply(op, args, tuple(params.items()), len(results)))
        self.values.extend(results)

    def write(self, count: int) -> None:
        kinds = [self.unary] * 5 + [self.binary] * 6 + [self.reduction] * 4 + [self.scan] * 2 + [self.whole]
        kinds += [self.matmul] * 2 + [self.choice, self.join, self.part, self.part, self.write_into]
        for _ in range(4 * count):
            if len(self.steps) >= count:
                return
            steps, values = len(self.steps), len(self.values)
            try:
                self.random.choice(kinds)()
            except (Misfit, ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError):
                del self.steps[steps:], self.values[values:]

    def dim_of(self, x: Ref) -> int:
        rank: int = self.values[x.index].ndim
        return self.random.randrange(-rank, rank) if rank else 0

    def unary(self) -> None:
        self.call(self.random.choice(UNARY), self.pick())

    def binary(self) -> None:
        op, x = self.random.choice(BINARY), self.pick()
        kind = self.random.random()
        if kind < 0.3 and op in OF_SCALARS:
            pair = (x, self.random.choice([-1, *SCALARS])) if kind < 0.2 else (self.random.choice(SCALARS), x)
            self.call(op, *pair)
        else:
            self.call(
                op, x, self.pick() if kind < 0.8 else self.constant(self.array(self.random.choice(SHAPES)))
            )

    def reduction(self) -> None:
        op, x = self.random.choice(REDUCTIONS), self.pick()
        params: dict[str, Any] = {}
        if op == "norm":
            params["p"] = self.random.choice([2, 1, 3, float("inf")])
        if op == "logsumexp" or self.random.random() < 0.6:
            params |= {"dim": self.dim_of(x), "keepdim": self.random.random() < 0.5}
        self.call(op, x, **params)

    def scan(self) -> None:
        x = self.pick()
        self.call(self.random.choice(SCANS), x, dim=self.dim_of(x))

    def matmul(self) -> None:
        self.call("matmul", self.pick(), self.pick())

    def whole(self) -> None:
        op, x = self.random.choice(WHOLE), self.pick(lambda value: value.ndim != 3)
        self.call(op, x, **({"shape": (-1,)} if op == "reshape" else {}))

    def choice(self) -> None:
        x = self.pick()
        if self.random.random() < 0.5:
            self.call("clamp", x, min=-0.5, max=self.random.choice([None, 0.75, 2.5]))
            return
        self.call(self.random.choice(["gt", "le"]), self.pick(), 0.25)
        self.call("where", Ref(len(self.values) - 1), x, self.pick())

    def join(self) -> None:
        x = self.pick(lambda value: value.ndim > 0)
        shape = self.values[x.index].shape
        other = self.pick(lambda value: value.shape == shape)
        self.call(self.random.choice(["cat", "stack"]), (x, other), dim=self.dim_of(x))

    def part(self) -> None:
        x = self.pick(lambda value: value.ndim > 0)
        dim = self.dim_of(x)
        size = self.values[x.index].shape[dim]
        op = self.random.choice(
            ["split", "select", "flip", "transpose", "index_select", "expand", "__getitem__"]
        )
        if op == "__getitem__":
            self.call(op, x, self.random.choice([0, Slice(1), (Ellipsis, -1), (None, 0)]))
        elif op == "index_select":
            self.call(
                op, x, self.constant(np.array([self.random.randrange(size) for _ in range(3)])), dim=dim
            )
        else:
            params: dict[str, dict[str, Any]] = {
                "split": {"split_size_or_sections": 2, "dim": dim},
                "select": {"dim": dim, "index": -1},
                "flip": {"dims": (dim,)},
                "transpose": {"dim0": dim, "dim1": 0},
                "expand": {"sizes": (2, *(-1,) * self.values[x.index].ndim)},
            }
            self.call(op, x, **params[op])

    def write_into(self) -> None:
        x = self.pick(lambda value: value.ndim > 0)
        if self.random.random() < 0.5:
            self.call("setitem", x, 0, self.pick(lambda value: value.ndim == 0))
            return
        shape = self.values[x.index].shape
        mask = np.array([self.random.random() < 0.4 for _ in range(int(np.prod(shape)))], bool)
        self.call("masked_fill", x, self.constant(mask.reshape(shape)), value=0.5)

    def cotangent(self, shape: tuple[int, ...]) -> Literal:
        numbers = [
            self.random.choice([-1, 1]) * (0.2 + 2 * self.random.random()) for _ in range(int(np.prod(shape)))
        ]
        return Literal.of(np.array(numbers, np.float16).astype(np.float64).reshape(shape))


def first_order(seed: int) -> Question:
    """The gradient of one random value in all inputs."""
    return _question(seed, [1, 2, 3, 4, 6, 8])


def second_order(seed: int) -> Question:
    """The gradient of a random combination of gradients."""
    inner = _question(seed, [1, 1, 2, 3, 4])
    writer = Writer(seed)
    count = len(inner.inputs)
    cotangents = [weight for weight in inner.cotangents if weight is not None]
    inputs, weights = tuple(map(Ref, range(count))), tuple(range(count, count + len(cotangents)))
    steps: list[Step] = [*map(Constant, cotangents)]
    steps.append(Vjp(inner.function, inputs, tuple(map(Ref, weights)), tuple(range(count))))
    first = count + len(cotangents)
    outputs = [Ref(first + i) for i in range(count)]
    if writer.random.random() < 0.5:
        steps += [Apply("mul", (outputs[i], Ref(i))) for i in range(count)]
        outputs = [Ref(first + count + i) for i in range(count)]
    function = Function(count, tuple(steps), tuple(outputs))
    return Question(
        function, inner.inputs, tuple(writer.cotangent(literal.shape) for literal in inner.inputs)
    )


def _question(seed: int, lengths: list[int]) -> Question:
    writer = Writer(seed)
    writer.write(writer.random.choice(lengths))
    output = max(i for i, value in enumerate(writer.values) if value.dtype == np.float64)
    function = Function(len(writer.inputs), tuple(writer.steps), (Ref(output),))
    inputs = tuple(map(Literal.of, writer.inputs))
    return Question(function, inputs, (writer.cotangent(writer.values[output].shape),))

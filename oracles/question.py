"""What an oracle is asked, and what it may say.

A question is a pure function of real variables, written as a short list of steps over PyTorch's operator
names: no in-place statement, no alias, no loop, no mode. It is cut out of a program by the suite; an oracle
only ever sees this.

Every oracle evaluates the same :class:`Function` in its own number system by supplying an :class:`Ops`;
calculus, operator tables and error bounds are each oracle's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

V = TypeVar("V")

FLOATING = ("float16", "float32", "float64")
INTEGRAL = ("uint8", "int8", "int16", "int32", "int64")
DTYPES = (*FLOATING, *INTEGRAL, "bool")


@dataclass(frozen=True, slots=True)
class Literal:
    """An array written down exactly: dtype name, shape, and the elements in row-major order as Python
    numbers.

    Equality is that of the bits, as far as a reader can see them: NaN equals NaN and 0.0 differs from -0.0.
    """

    dtype: str
    shape: tuple[int, ...]
    data: tuple[float | int | bool, ...]

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"unknown dtype {self.dtype!r}; expected one of {', '.join(DTYPES)}")
        if math.prod(self.shape) != len(self.data):
            raise ValueError(
                f"shape {self.shape} needs {math.prod(self.shape)} elements, got {len(self.data)}"
            )

    @classmethod
    def of(cls, array: Any, dtype: str | None = None) -> Literal:
        """The literal of anything that ``numpy.asarray`` takes, rounded to ``dtype`` first when one is
        given.
        """
        values = np.asarray(array, dtype=dtype)
        return cls(values.dtype.name, values.shape, tuple(values.ravel().tolist()))

    def array(self) -> NDArray[Any]:
        """A fresh, writable, C-contiguous array of ``self.shape`` and ``self.dtype``."""
        return np.array(self.data, dtype=self.dtype).reshape(self.shape)

    @property
    def is_floating(self) -> bool:
        return self.dtype in FLOATING

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and self._bits() == other._bits()

    def __hash__(self) -> int:
        return hash(self._bits())

    def _bits(self) -> tuple[object, ...]:
        return self.dtype, self.shape, tuple(map(repr, self.data))


@dataclass(frozen=True, slots=True)
class Ref:
    """One of the values that a function has computed so far: its inputs first, then every result of every
    step.
    """

    index: int


@dataclass(frozen=True, slots=True)
class Slice:
    """``start:stop:step`` inside an index."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None


# Arguments nest as they do in a call: operands are references, everything else is a plain Python value.
# ``Ellipsis`` and ``None`` stand for themselves inside the index of ``__getitem__``.
Argument: TypeAlias = Any
Params: TypeAlias = tuple[tuple[str, Argument], ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that does not depend on any input. Gives one value."""

    value: Literal
    results: int = 1


@dataclass(frozen=True, slots=True)
class Apply:
    """``op(*args, **params)``, with ``op`` in PyTorch's spelling below ``torch.``. Gives ``results``
    values.
    """

    op: str
    args: tuple[Argument, ...]
    params: Params = ()
    results: int = 1


@dataclass(frozen=True, slots=True)
class Freeze:
    """Stop-gradient: the same value, a constant to every derivative. Gives one value."""

    source: Ref
    results: int = 1


@dataclass(frozen=True, slots=True)
class Vjp:
    """Gradients inside the function: ``cotangents^T J`` of ``function`` at ``inputs``, for the inputs in
    ``wrt``.

    Gives ``len(wrt)`` values, each with the shape of its input, themselves differentiable in ``inputs`` and
    ``cotangents``.
    """

    function: Function
    inputs: tuple[Ref, ...]
    cotangents: tuple[Ref, ...]
    wrt: tuple[int, ...]

    @property
    def results(self) -> int:
        return len(self.wrt)


Step: TypeAlias = "Constant | Apply | Freeze | Vjp"


class Ops(Protocol[V]):
    """The namespace of operators that a function is evaluated in: one number system of one oracle.

    Any method may raise :class:`CannotAnswer` with the reason.
    """

    def constant(self, value: Literal) -> V: ...

    def apply(self, op: str, args: tuple[Argument, ...], params: Mapping[str, Argument]) -> Sequence[V]:
        """The results of one operator; operands stand in ``args`` and ``params`` as values of this
        namespace.
        """
        ...

    def stop_gradient(self, value: V) -> V: ...

    def vjp(
        self, function: Function, inputs: Sequence[V], cotangents: Sequence[V], wrt: Sequence[int]
    ) -> Sequence[V]: ...


@dataclass(frozen=True)
class Function:
    """``arity`` inputs, steps in order, and which values are returned. Immutable and hashable: a cache
    key.
    """

    arity: int
    steps: tuple[Step, ...]
    outputs: tuple[Ref, ...]

    def __call__(self, ops: Ops[V], *inputs: V) -> tuple[V, ...]:
        """The outputs, in the number system of ``ops``."""
        values = self.values(ops, *inputs)
        return tuple(values[ref.index] for ref in self.outputs)

    def values(self, ops: Ops[V], *inputs: V) -> list[V]:
        """Every value in order: the inputs, then the results of each step."""
        if len(inputs) != self.arity:
            raise TypeError(f"the function takes {self.arity} inputs, got {len(inputs)}")
        values = list(inputs)
        for step in self.steps:
            values.extend(evaluate(step, ops, values))
        return values

    @cached_property
    def operators(self) -> frozenset[str]:
        """Every operator used, also inside inner vector-Jacobian products."""
        return frozenset(
            op
            for step in self.steps
            for op in (
                {step.op}
                if isinstance(step, Apply)
                else step.function.operators
                if isinstance(step, Vjp)
                else ()
            )
        )

    @cached_property
    def _hash(self) -> int:
        return hash((self.arity, self.steps, self.outputs))

    def __hash__(self) -> int:
        return self._hash


def evaluate(step: Step, ops: Ops[V], values: Sequence[V]) -> Sequence[V]:
    """The results of one step, given every value before it."""
    if isinstance(step, Apply):
        args = tuple(substitute(argument, values) for argument in step.args)
        params = {name: substitute(argument, values) for name, argument in step.params}
        results = ops.apply(step.op, args, params)
        if len(results) != step.results:
            raise ValueError(
                f"{step.op} gave {len(results)} results where the function expects {step.results}"
            )
        return results
    if isinstance(step, Constant):
        return (ops.constant(step.value),)
    if isinstance(step, Freeze):
        return (ops.stop_gradient(values[step.source.index]),)
    inputs = [values[ref.index] for ref in step.inputs]
    cotangents = [values[ref.index] for ref in step.cotangents]
    return ops.vjp(step.function, inputs, cotangents, step.wrt)


def substitute(argument: Argument, values: Sequence[Any]) -> Argument:
    """The argument with every reference in it, however deep, replaced by the value it names."""
    return rebuild(argument, lambda ref: values[ref.index])


def rebuild(argument: Argument, of_ref: Callable[[Ref], Any]) -> Argument:
    """The argument with every reference in it replaced by ``of_ref(reference)``."""
    if isinstance(argument, Ref):
        return of_ref(argument)
    if isinstance(argument, tuple):
        return tuple(rebuild(item, of_ref) for item in argument)
    return argument


def references(argument: Argument) -> Iterator[Ref]:
    """Every reference in an argument, from left to right."""
    if isinstance(argument, Ref):
        yield argument
    elif isinstance(argument, tuple):
        for item in argument:
            yield from references(item)


class CannotAnswer(Exception):
    """Raised inside an oracle; the message is the reason for which it abstains."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A value and a bound on its absolute error, element by element and of the same shape, both float64.

    The bound covers everything that separates ``value`` from the exact real number: truncation, rounding,
    conditioning of the oracle's own computation. It is finite and not negative. NaN and infinities in
    ``value`` are exact claims.
    """

    value: NDArray[np.float64]
    bound: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Abstain:
    """No answer. Never counts as agreement."""

    why: str


Reply: TypeAlias = "Answer | Abstain"


@dataclass(frozen=True)
class Question:
    """A function, where it is asked, and the cotangent of each output (of the output's shape).

    ``inputs`` are floating and float64-exact; an output whose cotangent is None is ignored.
    """

    function: Function
    inputs: tuple[Literal, ...]
    cotangents: tuple[Literal | None, ...] = ()


class Oracle(Protocol):
    """One independent way to know the answer."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """Name and version of the engine, for the report."""
        ...

    @property
    def operators(self) -> frozenset[str]:
        """The operators it has a rule for."""
        ...

    def values(self, question: Question) -> tuple[Reply, ...]:
        """The outputs of the function, one reply for each. Cotangents are ignored."""
        ...

    def vjp(self, question: Question) -> tuple[Reply, ...]:
        """``sum over outputs of cotangent^T J``, one reply for each input, of the input's shape."""
        ...


class Cached(Generic[V]):
    """A bounded cache of replies, least recently used out first; a question asked twice is answered once."""

    def __init__(self, compute: Callable[[Question], V], size: int = 1024) -> None:
        self._compute = compute
        self._size = size
        self._known: dict[Question, V] = {}

    def __call__(self, question: Question) -> V:
        if question in self._known:
            reply = self._known.pop(question)
        else:
            reply = self._compute(question)
            if len(self._known) >= self._size:
                del self._known[next(iter(self._known))]
        self._known[question] = reply
        return reply

"""A program: an immutable list of statements over named tensors, the one currency of the suite.

An implementation executes it, the oracles answer for its gradients, the model predicts the rest of its trace,
the printer writes it as source and the wire as JSON. A name is bound once; inside a loop, once per round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeAlias
from typing import Literal as OneOf

from oracles.question import Literal


@dataclass(frozen=True, slots=True)
class Var:
    """A named tensor where a value is expected."""

    name: str


# Arguments nest as in a call: Var for a tensor, tuples for lists and tuples, Slice, None, Ellipsis, Python
# scalars.
Argument: TypeAlias = Any
Params: TypeAlias = tuple[tuple[str, Argument], ...]


@dataclass(frozen=True, slots=True)
class Create:
    """``target = tensor(value, requires_grad=requires_grad)``"""

    target: str
    value: Literal
    requires_grad: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """``targets = op(*args, **params)``, the operator in PyTorch's spelling below ``torch.``"""

    targets: tuple[str, ...]
    op: str
    args: tuple[Argument, ...]
    params: Params = ()


@dataclass(frozen=True, slots=True)
class Mutate:
    """In place: ``target.op_(*args, **params)``, or ``target[index] = value`` when op is ``__setitem__``.

    With ``through_data`` the write goes through ``target.data``, behind the back of the version counter.
    ``result`` names what the method returned.
    """

    target: str
    op: str
    args: tuple[Argument, ...]
    params: Params = ()
    through_data: bool = False
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Detach:
    """``target = source.detach()``, or ``source.data`` when ``data`` is set."""

    target: str
    source: str
    data: bool = False


@dataclass(frozen=True, slots=True)
class SetRequiresGrad:
    """``target.requires_grad = value``, or ``target.requires_grad_(value)`` when ``method`` is set."""

    target: str
    value: bool = True
    method: bool = False


Mode: TypeAlias = OneOf[
    "no_grad", "enable_grad", "set_grad_enabled(True)", "set_grad_enabled(False)", "inference_mode"
]
MODES: tuple[Mode, ...] = (
    "no_grad",
    "enable_grad",
    "set_grad_enabled(True)",
    "set_grad_enabled(False)",
    "inference_mode",
)


@dataclass(frozen=True, slots=True)
class GradMode:
    """``with mode(): body``; with ``raises`` the block is left by an exception that the program catches."""

    mode: Mode
    body: tuple[Statement, ...]
    raises: bool = False


Relation: TypeAlias = OneOf["<", "<=", ">", ">="]
Measure: TypeAlias = OneOf["norm", "sum", "max", "min", "item"]


@dataclass(frozen=True, slots=True)
class Condition:
    """``measure(source) relation threshold``, read off the value with no history."""

    measure: Measure
    source: str
    relation: Relation
    threshold: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """``for _ in range(times): body``"""

    times: int
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class While:
    """``while condition: body``; a program that needs more than ``limit`` rounds is rejected by the suite."""

    condition: Condition
    body: tuple[Statement, ...]
    limit: int = 64


@dataclass(frozen=True, slots=True)
class If:
    """``if condition: then`` ``else: otherwise``"""

    condition: Condition
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Backward:
    """``root.backward(gradient, ...)``, or ``autograd.backward(roots, gradients, ...)`` with several roots.

    ``gradients`` has one entry for each root; ``inputs`` of None means every leaf.
    """

    roots: tuple[str, ...]
    gradients: tuple[str | None, ...] = (None,)
    retain_graph: bool | None = None
    create_graph: bool = False
    inputs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Grad:
    """``targets = autograd.grad(outputs, inputs, grad_outputs, ...)``, one target for each input."""

    targets: tuple[str, ...]
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    grad_outputs: tuple[str | None, ...] = (None,)
    retain_graph: bool | None = None
    create_graph: bool = False
    allow_unused: bool = False
    materialize_grads: bool = False


@dataclass(frozen=True, slots=True)
class SetGrad:
    """``target.grad = value``, None to reset it."""

    target: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ReadGrad:
    """``target = source.grad``; the source must have one."""

    target: str
    source: str


@dataclass(frozen=True, slots=True)
class RetainGrad:
    """``target.retain_grad()``"""

    target: str


HookKind: TypeAlias = OneOf["tensor", "post_accumulate", "node", "node_pre"]
HookAction: TypeAlias = OneOf["log", "scale", "zero", "raise"]


@dataclass(frozen=True, slots=True)
class Hook:
    """Register a hook out of a fixed vocabulary on ``target``; ``handle`` names it, in the log and for
    removal.

    ``log`` appends the handle's name to the hook log; ``scale`` also returns the gradient times ``factor``;
    ``zero`` returns zeros; ``raise`` raises RuntimeError.
    """

    handle: str
    target: str
    kind: HookKind = "tensor"
    action: HookAction = "log"
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class RemoveHook:
    """``handle.remove()``"""

    handle: str


Field: TypeAlias = OneOf[
    "value",
    "shape",
    "dtype",
    "requires_grad",
    "is_leaf",
    "has_grad_fn",
    "grad",
    "version",
    "alias",
    "node",
    "edges",
    "hook_log",
    "warnings",
]
PLAIN_FIELDS: tuple[Field, ...] = (
    "value",
    "shape",
    "dtype",
    "requires_grad",
    "is_leaf",
    "has_grad_fn",
    "grad",
)


@dataclass(frozen=True, slots=True)
class Observe:
    """Record ``fields`` of each named tensor. Names that are not bound, or bound to nothing, are skipped."""

    names: tuple[str, ...]
    fields: tuple[Field, ...] = PLAIN_FIELDS


Statement: TypeAlias = (
    "Create | Apply | Mutate | Detach | SetRequiresGrad | GradMode | Repeat | While | If | Backward | Grad"
    " | SetGrad | ReadGrad | RetainGrad | Hook | RemoveHook | Observe"
)
BLOCKS = (GradMode, Repeat, While, If)


@dataclass(frozen=True)
class Program:
    """Statements in order. Without an Observe of its own, everything bound is observed at the end."""

    statements: tuple[Statement, ...]

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.statements)

    def walk(self) -> Iterator[Statement]:
        """Every statement, a block before what stands in it."""
        return walk(self.statements)

    @property
    def names(self) -> tuple[str, ...]:
        """Every tensor that a statement may bind, in order of first appearance."""
        return tuple(dict.fromkeys(name for statement in self.walk() for name in bound(statement)))

    def complete(self) -> Program:
        """The same program with the observation that stands at its end when it has none of its own."""
        if any(isinstance(statement, Observe) for statement in self.walk()):
            return self
        return Program((*self.statements, Observe(self.names)))


def walk(statements: tuple[Statement, ...]) -> Iterator[Statement]:
    """Every statement, depth first, a block before what stands in it."""
    for statement in statements:
        yield statement
        for body in bodies(statement):
            yield from walk(body)


def bodies(statement: Statement) -> tuple[tuple[Statement, ...], ...]:
    """The statement lists inside a block; none for a plain statement."""
    if isinstance(statement, If):
        return statement.then, statement.otherwise
    if isinstance(statement, GradMode | Repeat | While):
        return (statement.body,)
    return ()


def bound(statement: Statement) -> tuple[str, ...]:
    """The names of the tensors that the statement itself binds."""
    if isinstance(statement, Apply | Grad):
        return statement.targets
    if isinstance(statement, Create | Detach | ReadGrad):
        return (statement.target,)
    if isinstance(statement, Mutate) and statement.result is not None:
        return (statement.result,)
    return ()


def variables(argument: Argument) -> Iterator[str]:
    """Every tensor named in an argument, from left to right."""
    if isinstance(argument, Var):
        yield argument.name
    elif isinstance(argument, tuple):
        for item in argument:
            yield from variables(item)


def used(statement: Statement) -> tuple[str, ...]:
    """The names of the tensors that the statement itself needs, blocks not entered."""
    if isinstance(statement, Apply | Mutate):
        target = (statement.target,) if isinstance(statement, Mutate) else ()
        return (
            *target,
            *variables(statement.args),
            *variables(tuple(value for _, value in statement.params)),
        )
    if isinstance(statement, Backward):
        return (*statement.roots, *filter(None, statement.gradients), *(statement.inputs or ()))
    if isinstance(statement, Grad):
        return (*statement.outputs, *statement.inputs, *filter(None, statement.grad_outputs))
    if isinstance(statement, SetGrad):
        return (statement.target, *filter(None, (statement.value,)))
    if isinstance(statement, Detach | ReadGrad):
        return (statement.source,)
    if isinstance(statement, SetRequiresGrad | RetainGrad | Hook):
        return (statement.target,)
    if isinstance(statement, While | If):
        return (statement.condition.source,)
    return ()


def describe(statement: Statement) -> dict[str, Any]:
    """The fields of a statement by name, for readers that treat all statements alike."""
    return {field.name: getattr(statement, field.name) for field in fields(statement)}

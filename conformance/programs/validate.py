"""Says of a program what is wrong with it as a program, before anybody is asked to run it."""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, get_args

from conformance.programs import statements as st
from oracles.question import Literal, Slice

# What only an oracle is asked: in a program these are statements in place.
_FUNCTIONAL = frozenset({"setitem", "copy"})

_VALUES: Mapping[tuple[type, str], tuple[str, ...]] = {
    (st.Condition, "measure"): get_args(st.Measure),
    (st.Condition, "relation"): get_args(st.Relation),
    (st.GradMode, "mode"): st.MODES,
    (st.Hook, "kind"): get_args(st.HookKind),
    (st.Hook, "action"): get_args(st.HookAction),
}


class ProgramError(ValueError):
    """A program that is none: the statement, what is wrong with it, and what to do."""


def check(program: st.Program) -> None:
    """Raise :class:`ProgramError` at the first statement that cannot stand where it does.

    A name that is bound on one way through the program only may be used: where it is not bound the statement
    is skipped.
    """
    _Checker().body(program.statements, "", looping=False)


class _Checker:
    """What is bound so far, on any way through the program."""

    def __init__(self) -> None:
        self.tensors: set[str] = set()
        self.hooks: set[str] = set()

    def body(self, statements: tuple[st.Statement, ...], inside: str, looping: bool) -> None:
        for index, statement in enumerate(statements):
            where = f"{inside}{index}"
            for problem in self.problems(statement, looping):
                raise ProgramError(f"statement {where} ({_shown(statement)}): {problem}")
            self.bind(statement)
            loops = looping or isinstance(statement, st.Repeat | st.While)
            before = set(self.tensors)
            for body in st.bodies(statement):
                # The branches of an If may bind the same name: only one of them runs.
                after, self.tensors = self.tensors, set(before)
                self.body(body, f"{where}.", loops)
                self.tensors |= after

    def bind(self, statement: st.Statement) -> None:
        self.tensors.update(st.bound(statement))
        if isinstance(statement, st.Hook):
            self.hooks.add(statement.handle)

    def problems(self, statement: st.Statement, looping: bool) -> Iterator[str]:
        if type(statement) not in _OF_KIND:
            yield f"{type(statement).__name__} is no statement; expected one of {', '.join(_STATEMENT_NAMES)}"
            return
        yield from _fixed_values(statement)
        yield from self.names(statement, looping)
        yield from _OF_KIND[type(statement)](self, statement)

    def names(self, statement: st.Statement, looping: bool) -> Iterator[str]:
        for name in st.used(statement):
            if name not in self.tensors:
                yield f"{name!r} is not bound here; create it, or bind it by an earlier statement"
        targets = st.bound(statement)
        for name in (*targets, *([statement.handle] if isinstance(statement, st.Hook) else ())):
            if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
                yield f"{name!r} cannot be a name; use a Python identifier that is no keyword"
        for name in targets:
            if targets.count(name) > 1:
                yield f"{name!r} is bound twice in one statement; give each result a name of its own"
            if name in self.hooks:
                yield f"{name!r} is the handle of a hook; use another name for the tensor"
            if name in self.tensors and not looping:
                yield f"{name!r} is bound already; only a statement inside a loop may bind a name again"

    # --- by kind --------------------------------------------------------------------------------------------

    def nothing(self, statement: Any) -> Iterator[str]:
        return iter(())

    def create(self, s: st.Create) -> Iterator[str]:
        value: Any = s.value
        if not isinstance(value, Literal):
            yield f"the value is a {type(value).__name__}; wrap it as Literal.of(value)"

    def apply(self, s: st.Apply) -> Iterator[str]:
        if not s.targets:
            yield "no result is named; name at least one"
        if s.op in _FUNCTIONAL:
            yield f"{s.op} is a question for oracles only; write the statement in place, a Mutate"
        if s.op == "item" or (s.op.endswith("_") and not s.op.startswith("__")):
            yield f"{s.op} is no operator of a program; an Apply gives tensors and changes none"
        yield from self.arguments(s)

    def mutate(self, s: st.Mutate) -> Iterator[str]:
        if s.op == "__setitem__":
            if len(s.args) != 2 or s.params:
                yield f"__setitem__ takes an index and a value, got {len(s.args)} arguments"
            if s.result is not None:
                yield "an assignment to an index returns nothing; leave result out"
        elif s.op.endswith("_"):
            yield f"the trailing underscore is understood; write {s.op.rstrip('_')!r}"
        yield from self.arguments(s)

    def arguments(self, s: st.Apply | st.Mutate) -> Iterator[str]:
        names = [name for name, _ in s.params]
        for name in names:
            if names.count(name) > 1:
                yield f"the parameter {name!r} stands twice; keep one"
        for argument in (*s.args, *(value for _, value in s.params)):
            yield from _argument(argument)

    def repeat(self, s: st.Repeat) -> Iterator[str]:
        if s.times < 0:
            yield f"it repeats {s.times} times; expected 0 or more"

    def while_(self, s: st.While) -> Iterator[str]:
        if s.limit < 1:
            yield f"its limit is {s.limit} rounds; expected 1 or more"
        yield from self.condition(s)

    def condition(self, s: st.While | st.If) -> Iterator[str]:
        if math.isnan(s.condition.threshold):
            yield "nothing compares with NaN; choose a number as threshold"

    def backward(self, s: st.Backward) -> Iterator[str]:
        yield from _one_each("gradient", s.gradients, "root", s.roots)

    def grad(self, s: st.Grad) -> Iterator[str]:
        yield from _one_each("grad_output", s.grad_outputs, "output", s.outputs)
        yield from _one_each("target", s.targets, "input", s.inputs)

    def hook(self, s: st.Hook) -> Iterator[str]:
        if s.handle in self.tensors:
            yield f"{s.handle!r} is the name of a tensor; use another name for the hook"

    def remove_hook(self, s: st.RemoveHook) -> Iterator[str]:
        if s.handle not in self.hooks:
            yield f"no hook is called {s.handle!r}; register it first"

    def observe(self, s: st.Observe) -> Iterator[str]:
        for field in s.fields:
            if field not in get_args(st.Field):
                yield f"{field!r} is no field; expected some of {', '.join(get_args(st.Field))}"


def _fixed_values(owner: Any) -> Iterator[str]:
    """What is wrong with the fields that have a fixed set of values."""
    for field in fields(owner):
        value, allowed = getattr(owner, field.name), _VALUES.get((type(owner), field.name))
        if allowed is not None and value not in allowed:
            yield f"{field.name} is {value!r}; expected one of {', '.join(map(repr, allowed))}"
        if isinstance(value, st.Condition):
            yield from _fixed_values(value)


def _one_each(what: str, given: tuple[Any, ...], whose: str, owners: tuple[str, ...]) -> Iterator[str]:
    if not owners:
        yield f"it names no {whose}; name at least one"
    if len(given) != len(owners):
        yield f"{len(owners)} {whose}s have {len(given)} {what}s; give one for each"


def _argument(argument: Any) -> Iterator[str]:
    match argument:
        case tuple():
            for item in argument:
                yield from _argument(item)
        case Slice():
            yield from _argument((argument.start, argument.stop, argument.step))
        case st.Var() | None | bool() | int() | float() | str():
            pass
        case _ if argument is not Ellipsis:
            kind = type(argument).__name__
            yield f"a {kind} cannot be an argument; use Var, numbers, names, Slice, None, ... or tuples"


def _shown(statement: Any) -> str:
    """The kind of the statement and the names it binds or is about; it may be too broken for the printer."""
    about = [
        getattr(statement, name, None) for name in ("targets", "target", "handle", "roots", "mode", "op")
    ]
    words = [word for each in about if each for word in ((each,) if isinstance(each, str) else each)]
    return " ".join([type(statement).__name__, *map(str, words)])


_OF_KIND: Mapping[type, Callable[[_Checker, Any], Iterator[str]]] = {
    st.Create: _Checker.create,
    st.Apply: _Checker.apply,
    st.Mutate: _Checker.mutate,
    st.Detach: _Checker.nothing,
    st.SetRequiresGrad: _Checker.nothing,
    st.GradMode: _Checker.nothing,
    st.Repeat: _Checker.repeat,
    st.While: _Checker.while_,
    st.If: _Checker.condition,
    st.Backward: _Checker.backward,
    st.Grad: _Checker.grad,
    st.SetGrad: _Checker.nothing,
    st.ReadGrad: _Checker.nothing,
    st.RetainGrad: _Checker.nothing,
    st.Hook: _Checker.hook,
    st.RemoveHook: _Checker.remove_hook,
    st.Observe: _Checker.observe,
}
_STATEMENT_NAMES = tuple(kind.__name__ for kind in _OF_KIND)

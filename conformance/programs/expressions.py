"""Arguments, literals and operator calls as PyTorch-style expressions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance.programs.layout import Bracket, Doc, call, flat, keyword, sequence
from conformance.programs.spelling import ATTRIBUTES, BY_PLACE, INFIX, METHODS, OPERAND
from conformance.programs.statements import Var
from oracles.question import Literal, Slice

# What torch.tensor makes of Python numbers when it is not told a dtype.
_DEFAULTS = frozenset({"float32", "int64", "bool"})


def number(value: float | int | bool, dtype: str = "float64") -> str:
    """The shortest text that Python reads, and the dtype rounds, to exactly this value."""
    if isinstance(value, bool | int):
        return repr(value)
    if math.isnan(value):
        return 'float("nan")'
    if math.isinf(value):
        return f'float("{"-" if value < 0 else ""}inf")'
    text = repr(value)
    if dtype != "float64":
        kind = np.dtype(dtype).type
        short = repr(float(str(kind(value))))
        # Rounding twice, first to a double, may miss by one unit; the long text never does.
        text = short if kind(float(short)) == value else text
    return text.replace("e+", "e")


def tensor(value: Literal, requires_grad: bool = False) -> Doc:
    """The call that makes the tensor; its dtype stands there unless it is the one inferred."""
    options: list[Doc] = ["requires_grad=True"] if requires_grad else []
    if 0 in value.shape:
        if value.dtype != "float32":
            options.insert(0, f"dtype=torch.{value.dtype}")
        return call("torch.zeros", *map(str, value.shape), *options)
    if value.dtype not in _DEFAULTS:
        options.insert(0, f"dtype=torch.{value.dtype}")
    return call("torch.tensor", _nested(value), *options)


def _nested(value: Literal) -> Doc:
    rows: list[Doc] = [number(each, value.dtype) for each in value.data]
    for size in reversed(value.shape):
        rows = [Bracket("[", tuple(rows[at : at + size]), "]") for at in range(0, len(rows), size)]
    return rows[0]


def index(value: Any) -> str:
    """What stands between the brackets of an index; its own tuple needs no parentheses."""
    if not isinstance(value, tuple) or not value:
        return flat(arguments(value))
    return ", ".join(flat(arguments(item)) for item in value) + ("," if len(value) == 1 else "")


def arguments(value: Any, name: str = "") -> Doc:
    """An argument, however deep; ``name`` is the parameter's: a dtype stands in a program as a string."""
    match value:
        case Var():
            return value.name
        case Slice():
            return _slice(value)
        case tuple():
            return sequence(tuple(map(arguments, value)))
        case str():
            return f"torch.{value}" if name == "dtype" else f'"{value}"'
        case float():
            return number(value)
    return "..." if value is Ellipsis else repr(value)


def _slice(value: Slice) -> str:
    start, stop, step = (
        "" if part is None else flat(arguments(part)) for part in (value.start, value.stop, value.step)
    )
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def application(op: str, args: tuple[Any, ...], params: Mapping[str, Any]) -> Doc:
    """The operator applied: infix, as an index, an attribute, a method or a function."""
    if op in INFIX and len(args) == 2 and not params:
        left, right = (flat(arguments(argument)) for argument in args)
        # A sign binds less tightly than a power: -2.0 ** x is -(2.0 ** x).
        if op == "pow" and left.startswith("-"):
            left = f"({left})"
        return f"{left} {INFIX[op]} {right}"
    if op == "neg":
        return f"-{flat(arguments(args[0]))}"
    if op == "__getitem__":
        return f"{flat(arguments(args[0]))}[{index(args[1])}]"
    if op in ATTRIBUTES:
        return f"{flat(arguments(args[0]))}.{op}"
    if op in METHODS and args and isinstance(args[0], Var):
        return _method(op, args, params)
    given = [keyword(name, arguments(value, name)) for name, value in params.items()]
    return call(f"torch.{op}", *map(arguments, args), *given)


def _method(op: str, args: tuple[Any, ...], params: Mapping[str, Any]) -> Doc:
    operands, left = list(args[1:]), dict(params)
    placed: list[Doc] = []
    for name in BY_PLACE.get(op, ()):
        if name == OPERAND and operands:
            placed.append(arguments(operands.pop(0)))
        elif name.startswith("*") and name[1:] in left:
            placed += _spread(left.pop(name[1:]))
        elif name in left:
            placed.append(arguments(left.pop(name), name))
        else:
            break
    given = [keyword(name, arguments(value, name)) for name, value in left.items()]
    return call(f"{args[0].name}.{op}", *placed, *map(arguments, operands), *given)


def _spread(value: Any) -> list[Doc]:
    return list(map(arguments, value)) if isinstance(value, tuple) and value else [arguments(value)]

"""How an operator of a program is called in a namespace that is spelled like torch."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

_INFIX: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "remainder": operator.mod,
    "matmul": operator.matmul,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "__getitem__": operator.getitem,
}

# Functions whose second positional parameter is ``dim``, with an operand after it: torch.gather(x, 0, index).
_DIM_SECOND = frozenset(
    {"gather", "index_select", "index_add", "index_copy", "index_fill", "index_reduce"}
    | {"scatter", "scatter_add", "scatter_reduce"}
)

# Methods that take sizes without a name: x.expand((2, 3)).
_SIZES = {"expand": "sizes", "repeat": "repeats", "view": "shape"}


class Calls:
    """The operators of one namespace, each looked up once. A call gives whatever the namespace gives.

    An operator is spelled infix where Python has the sign for it and no parameter is given; else it is the
    function of that name; else the method, or the attribute, of its first operand.
    """

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace
        self._functions: dict[str, Callable[..., Any]] = {}

    def __call__(self, op: str, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        infix = _INFIX.get(op)
        if infix is not None and not params and len(args) == 2:
            return infix(*args)
        function = self._functions.get(op)
        if function is None:
            function = self._functions[op] = self._look_up(op)
        return function(*args, **params)

    def _look_up(self, op: str) -> Callable[..., Any]:
        function = self._namespace
        for part in op.split("."):
            function = getattr(function, part, None)
        # A name that is a dtype in the namespace is an operator only as a method: x.double().
        if not callable(function):
            function = _method(op)
        if op in _DIM_SECOND:
            return _with_dim_second(function)
        if op in _SIZES:
            return _with_sizes(function, _SIZES[op])
        return function  # type: ignore[no-any-return]


def _method(op: str) -> Callable[..., Any]:
    name = op.rpartition(".")[2]

    def method(operand: Any, *args: Any, **params: Any) -> Any:
        found = getattr(operand, name)
        return found(*args, **params) if callable(found) else found

    return method


def _with_dim_second(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(operand: Any, *args: Any, dim: int, **params: Any) -> Any:
        return function(operand, dim, *args, **params)

    return call


def _with_sizes(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def call(operand: Any, **params: Any) -> Any:
        return function(operand, params.pop(name), **params)

    return call

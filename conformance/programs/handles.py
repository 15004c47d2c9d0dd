"""What stands for a tensor while a program is built: each thing done to it writes a statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.programs import statements as st
from conformance.programs.spelling import ATTRIBUTES, METHODS, OPERAND
from conformance.programs.validate import ProgramError
from oracles.question import Slice

if TYPE_CHECKING:
    from conformance.programs.builder import Builder


def to_argument(value: Any) -> Any:
    """What a statement holds for a value of Python: handles become variables, lists tuples, slices Slices."""
    if isinstance(value, Handle):
        return st.Var(value.name)
    if isinstance(value, tuple | list):
        return tuple(map(to_argument, value))
    if isinstance(value, slice):
        return Slice(value.start, value.stop, value.step)
    if isinstance(value, np.generic):
        return value.item()
    if value is None or value is Ellipsis or isinstance(value, bool | int | float | str | Slice):
        return value
    raise ProgramError(
        f"a statement cannot hold a {type(value).__name__}; it holds handles, Python numbers, dtypes,"
        " slices, None, ... and tuples of these. For an array write b.tensor(array)"
    )


class Operator:
    """A name below ``torch.``: called, it applies the operator of that name."""

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self._name = name

    def __getattr__(self, name: str) -> Operator:
        if name.startswith("_"):
            raise AttributeError(name)
        return Operator(self._builder, f"{self._name}.{name}")

    def __call__(self, *args: Any, **params: Any) -> Any:
        if args and isinstance(args[0], Handle) and self._name in METHODS:
            return args[0].method(self._name, args[1:], params)
        return self._builder.apply(self._name, *args, **params)


def _forward(op: str) -> Callable[[Handle, Any], Handle]:
    return lambda self, other: self._builder.apply(op, self, other)


def _reflected(op: str) -> Callable[[Handle, Any], Handle]:
    return lambda self, other: self._builder.apply(op, other, self)


def _in_place(op: str) -> Callable[[Handle, Any], Handle]:
    return lambda self, other: self.mutate(op, other)


class Handle:
    """A tensor of the program. Operators, methods, indices and assignments are PyTorch's."""

    __slots__ = ("_builder", "name")

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self.name = name

    def named(self, name: str) -> Handle:
        """Give the tensor a name of its own, right where it is made."""
        self._builder.rename(self, name)
        return self

    def assign(self, value: Handle) -> None:
        """``self = value``, in a loop: the statement that made the value binds this tensor's name instead."""
        self._builder.rename(value, self.name)

    # --- operators ------------------------------------------------------------------------------------------

    __add__ = _forward("add")
    __sub__ = _forward("sub")
    __mul__ = _forward("mul")
    __truediv__ = _forward("div")
    __pow__ = _forward("pow")
    __mod__ = _forward("remainder")
    __matmul__ = _forward("matmul")

    __radd__ = _reflected("add")
    __rsub__ = _reflected("sub")
    __rmul__ = _reflected("mul")
    __rtruediv__ = _reflected("div")
    __rpow__ = _reflected("pow")
    __rmod__ = _reflected("remainder")
    __rmatmul__ = _reflected("matmul")

    __iadd__ = _in_place("add")
    __isub__ = _in_place("sub")
    __imul__ = _in_place("mul")
    __itruediv__ = _in_place("div")
    __ipow__ = _in_place("pow")
    __imod__ = _in_place("remainder")
    __imatmul__ = _in_place("matmul")

    __eq__ = _forward("eq")  # type: ignore[assignment]
    __ne__ = _forward("ne")  # type: ignore[assignment]
    __lt__ = _forward("lt")
    __le__ = _forward("le")
    __gt__ = _forward("gt")
    __ge__ = _forward("ge")
    __hash__ = object.__hash__

    def __neg__(self) -> Handle:
        return self._builder.apply("neg", self)  # type: ignore[no-any-return]

    def __abs__(self) -> Handle:
        return self._builder.apply("abs", self)  # type: ignore[no-any-return]

    def method(self, op: str, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """``self.op(*args, **params)``, the positional arguments named as the method names them."""
        names = METHODS.get(op, (OPERAND,) * len(args))
        if op == "clamp" and not any(isinstance(bound, Handle) for bound in args):
            names = ("min", "max")
        operands, named, left = [self], dict[str, Any](), list(args)
        for name in names:
            if not left:
                break
            if name == OPERAND:
                operands.append(left.pop(0))
            elif name.startswith("*"):
                named[name[1:]] = left[0] if len(left) == 1 and not isinstance(left[0], int) else tuple(left)
                left = []
            else:
                named[name] = left.pop(0)
        if left:
            raise ProgramError(f"{op}() takes {', '.join(names) or 'nothing'}; {left!r} is left over")
        return self._builder.apply(op, *operands, **named, **params)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ATTRIBUTES:
            return self._builder.apply(name, self)
        if name.endswith("_"):
            return lambda *args, **params: self.mutate(name[:-1], *args, **params)
        return lambda *args, **params: self.method(name, args, params)

    def __getitem__(self, index: Any) -> Handle:
        return self._builder.apply("__getitem__", self, index)  # type: ignore[no-any-return]

    def __iter__(self) -> Any:
        raise TypeError("a handle has no length before the program runs; use x.unbind(results=n)")

    def __bool__(self) -> bool:
        raise TypeError("a handle has no value before the program runs; write b.if_(...) or b.while_(...)")

    # --- in place -------------------------------------------------------------------------------------------

    def mutate(self, op: str, *args: Any, through_data: bool = False, **params: Any) -> Handle:
        """``self.op_(*args, **params)``, or of ``self.data``; gives the tensor itself, as the method does."""
        named = tuple((name, to_argument(value)) for name, value in params.items())
        self._builder.add(st.Mutate(self.name, op, tuple(map(to_argument, args)), named, through_data))
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        self.mutate("__setitem__", index, value)

    def requires_grad_(self, value: bool = True) -> Handle:
        self._builder.add(st.SetRequiresGrad(self.name, value, method=True))
        return self

    # --- history and gradients ------------------------------------------------------------------------------

    def detach(self) -> Handle:
        return self._builder.bind(lambda names: st.Detach(names[0], self.name))[0]

    @property
    def data(self) -> Data:
        return Data(self)

    def backward(
        self,
        gradient: Handle | None = None,
        *,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Handle] | None = None,
    ) -> None:
        self._builder.backward(
            self, gradient, retain_graph=retain_graph, create_graph=create_graph, inputs=inputs
        )

    def retain_grad(self) -> None:
        self._builder.add(st.RetainGrad(self.name))

    @property
    def grad(self) -> Handle:
        """A handle on what ``.grad`` holds at this point of the program."""
        return self._builder.bind(lambda names: st.ReadGrad(names[0], self.name))[0]

    @grad.setter
    def grad(self, value: Handle | None) -> None:
        self._builder.add(st.SetGrad(self.name, None if value is None else value.name))

    @property
    def requires_grad(self) -> bool:
        raise TypeError("a handle's flag is known when the program runs; observe it")

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self._builder.add(st.SetRequiresGrad(self.name, value))

    def register_hook(self, action: st.HookAction = "log", factor: float = 1.0) -> HookHandle:
        return self._builder.hook(self, action, factor=factor)

    def register_post_accumulate_grad_hook(
        self, action: st.HookAction = "log", factor: float = 1.0
    ) -> HookHandle:
        return self._builder.hook(self, action, kind="post_accumulate", factor=factor)


class Data:
    """``x.data``: in-place methods write behind the back of the version counter; all else is of the alias."""

    def __init__(self, owner: Handle) -> None:
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name.endswith("_"):
            return lambda *args, **params: self._owner.mutate(name[:-1], *args, through_data=True, **params)
        return getattr(self.alias(), name)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._owner.mutate("__setitem__", index, value, through_data=True)

    def alias(self) -> Handle:
        """The tensor that ``x.data`` is, as one of the program's."""
        owner = self._owner
        return owner._builder.bind(lambda names: st.Detach(names[0], owner.name, data=True))[0]


class HookHandle:
    """A registered hook."""

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self.name = name

    def remove(self) -> None:
        self._builder.add(st.RemoveHook(self.name))

"""Writes programs by hand so that they read like the document.

>>> b = Builder()
>>> x = b.ones(2, 2, requires_grad=True).named("x")
>>> y = (x - 4).named("y")
>>> out = (y * y * 5).mean().named("out")
>>> out.backward()
>>> b.observe(x, y, out)
>>> program = b.program()

A handle stands for a tensor of the program; each operator applied to it writes one statement. Nothing is
computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.programs import statements as st
from conformance.programs.handles import Handle, HookHandle, Operator, to_argument
from conformance.programs.validate import ProgramError, check
from oracles.question import Literal

# Operators with two results when dim is given.
_PAIRS = frozenset({"max", "min"})


class Builder:
    """Collects statements. Any operator of the vocabulary is a method: ``b.cat((x, y), dim=0)``,
    ``b.linalg.norm(x)``.

    ``results=n`` names the number of results of an operator whose shapes alone would tell it.
    """

    def __init__(self) -> None:
        self._bodies: list[list[st.Statement]] = [[]]
        self._names: set[str] = set()
        self._counts: dict[str, int] = {}
        self._last: tuple[Handle, ...] = ()

    def program(self) -> st.Program:
        """What was built. Raises :class:`ProgramError` where it is no program, or a block is still open."""
        if len(self._bodies) > 1:
            raise ProgramError("a block is still open; ask for the program after its with statement")
        program = st.Program(tuple(self._bodies[0]))
        check(program)
        return program

    # --- creation -------------------------------------------------------------------------------------------

    def tensor(self, data: Any, *, dtype: str | None = None, requires_grad: bool = False) -> Handle:
        """A tensor of nested numbers or an array: float32 for Python floats, as in torch, unless ``dtype``
        says so.
        """
        if dtype is None:
            dtype = _inferred(data)
        return self.bind(lambda names: st.Create(names[0], Literal.of(data, dtype), requires_grad))[0]

    def ones(self, *shape: int, dtype: str = "float32", requires_grad: bool = False) -> Handle:
        return self.tensor(np.ones(shape), dtype=dtype, requires_grad=requires_grad)

    def zeros(self, *shape: int, dtype: str = "float32", requires_grad: bool = False) -> Handle:
        return self.tensor(np.zeros(shape), dtype=dtype, requires_grad=requires_grad)

    # --- operators ------------------------------------------------------------------------------------------

    def apply(self, op: str, *args: Any, results: int | None = None, **params: Any) -> Any:
        """The results of an operator: one handle, or a tuple of them where there are several."""
        if results is None:
            results = 2 if op in _PAIRS and params.get("dim") is not None else None
        given = tuple(map(to_argument, args))
        named = tuple((name, to_argument(value)) for name, value in params.items())
        handles = self.bind(lambda names: st.Apply(names, op, given, named), results or 1)
        return handles[0] if results is None else handles

    def __getattr__(self, name: str) -> Operator:
        if name.startswith("_"):
            raise AttributeError(name)
        return Operator(self, name)

    # --- blocks ---------------------------------------------------------------------------------------------

    @contextmanager
    def _block(self, close: Callable[[tuple[st.Statement, ...]], st.Statement]) -> Iterator[None]:
        self._bodies.append([])
        self._last = ()
        try:
            yield
        except BaseException:
            self._bodies.pop()
            raise
        body = tuple(self._bodies.pop())
        self.add(close(body))

    def mode(self, mode: st.Mode, *, raises: bool = False) -> AbstractContextManager[None]:
        return self._block(lambda body: st.GradMode(mode, body, raises))

    def no_grad(self, *, raises: bool = False) -> AbstractContextManager[None]:
        return self.mode("no_grad", raises=raises)

    def enable_grad(self, *, raises: bool = False) -> AbstractContextManager[None]:
        return self.mode("enable_grad", raises=raises)

    def inference_mode(self, *, raises: bool = False) -> AbstractContextManager[None]:
        return self.mode("inference_mode", raises=raises)

    def set_grad_enabled(self, enabled: bool, *, raises: bool = False) -> AbstractContextManager[None]:
        return self.mode("set_grad_enabled(True)" if enabled else "set_grad_enabled(False)", raises=raises)

    def repeat(self, times: int) -> AbstractContextManager[None]:
        """``with b.repeat(3): y.assign(y * 2)``"""
        return self._block(lambda body: st.Repeat(times, body))

    def while_(self, condition: Handle, *, limit: int = 64) -> AbstractContextManager[None]:
        """``with b.while_(y.data.norm() < 1000): y.assign(y * 2)``"""
        read = self._condition(condition)
        return self._block(lambda body: st.While(read, body, limit))

    def if_(self, condition: Handle) -> AbstractContextManager[None]:
        """``with b.if_(y.sum() > 0): ...``, and ``with b.otherwise(): ...`` right after it."""
        read = self._condition(condition)
        return self._block(lambda body: st.If(read, body))

    def otherwise(self) -> AbstractContextManager[None]:
        before = self._bodies[-1][-1] if self._bodies[-1] else None
        if not isinstance(before, st.If) or before.otherwise:
            raise ProgramError("otherwise() must stand right after the block of an if_()")
        self._bodies[-1].pop()
        return self._block(lambda body: replace(before, otherwise=body))

    def _condition(self, handle: Handle) -> st.Condition:
        """Take back the statements of ``measure(source) relation threshold`` and read the condition off
        them.
        """
        body = self._bodies[-1]
        match body[-2:]:
            case [
                st.Apply(targets=(measured,), op=measure, args=(st.Var(source),), params=()),
                st.Apply(targets=(result,), op=op, args=(st.Var(compared), int() | float() as threshold)),
            ] if measured == compared and result == handle.name and op in _RELATIONS and measure in _MEASURES:
                del body[-2:]
            case _:
                raise ProgramError(
                    "a condition is one of norm, sum, max, min, item of a tensor, compared with a number, and"
                    " made in place: with b.while_(y.norm() < 1000)"
                )
        match body[-1:]:
            case [st.Detach(target=target, source=of, data=True)] if target == source:
                del body[-1:]
                source = of
        return st.Condition(measure, source, _RELATIONS[op], float(threshold))  # type: ignore[arg-type]

    # --- gradients ------------------------------------------------------------------------------------------

    def backward(
        self,
        roots: Handle | Sequence[Handle],
        gradients: Handle | Sequence[Handle | None] | None = None,
        *,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Handle] | None = None,
    ) -> None:
        """``autograd.backward``; one root is spelled ``root.backward(...)``."""
        names = _names(roots)
        asked = None if inputs is None else _names(inputs)
        self.add(st.Backward(names, _gradients(gradients, names), retain_graph, create_graph, asked))

    def grad(
        self,
        outputs: Handle | Sequence[Handle],
        inputs: Handle | Sequence[Handle],
        grad_outputs: Handle | Sequence[Handle | None] | None = None,
        *,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        allow_unused: bool = False,
        materialize_grads: bool = False,
    ) -> tuple[Handle, ...]:
        """``autograd.grad``: one handle for each input, always in a tuple."""
        roots, wanted = _names(outputs), _names(inputs)
        given = _gradients(grad_outputs, roots)
        options = (retain_graph, create_graph, allow_unused, materialize_grads)
        return self.bind(lambda names: st.Grad(names, roots, wanted, given, *options), len(wanted))

    def hook(
        self,
        target: Handle,
        action: st.HookAction = "log",
        *,
        kind: st.HookKind = "tensor",
        factor: float = 1.0,
    ) -> HookHandle:
        """Register a hook of the fixed vocabulary; ``handle.remove()`` takes it off again."""
        handle = self._fresh("h")
        self.add(st.Hook(handle, target.name, kind, action, factor))
        return HookHandle(self, handle)

    def observe(self, *handles: Handle, fields: Sequence[st.Field] = st.PLAIN_FIELDS) -> None:
        self.add(st.Observe(_names(handles), tuple(fields)))

    # --- what handles write through -------------------------------------------------------------------------

    def add(self, statement: st.Statement) -> None:
        """Append a statement to the innermost open block."""
        self._bodies[-1].append(statement)
        self._last = ()

    def rename(self, handle: Handle, name: str, *, again: bool = False) -> None:
        """Give the result of the last statement a name of its own, or with ``again`` one that is bound
        already.
        """
        if not any(handle is made for made in self._last):
            raise ProgramError(f"{name!r} can only be given to what the last statement made; move it there")
        if not name.isidentifier():
            raise ProgramError(f"{name!r} is no Python identifier, which a name in a program must be")
        statement = self._bodies[-1][-1]
        targets = tuple(name if bound == handle.name else bound for bound in st.bound(statement))
        changed = (
            {"targets": targets} if isinstance(statement, st.Apply | st.Grad) else {"target": targets[0]}
        )
        self._bodies[-1][-1] = replace(statement, **changed)
        self._names.add(name)
        handle.name = name

    def bind(self, make: Callable[[tuple[str, ...]], st.Statement], results: int = 1) -> tuple[Handle, ...]:
        """Append the statement that ``make`` gives for the names of its results; handles on them."""
        names = tuple(self._fresh("t") for _ in range(results))
        handles = tuple(Handle(self, name) for name in names)
        self.add(make(names))
        self._last = handles
        return handles

    def _fresh(self, stem: str) -> str:
        while True:
            count = self._counts[stem] = self._counts.get(stem, -1) + 1
            if (name := f"{stem}{count}") not in self._names:
                self._names.add(name)
                return name


_RELATIONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_MEASURES = frozenset({"norm", "sum", "max", "min", "item"})


def _inferred(data: Any) -> str:
    """What torch.tensor makes of the data: an array keeps its dtype, Python floats are float32."""
    name = np.asarray(data).dtype.name
    return name if isinstance(data, np.ndarray | np.generic) or name != "float64" else "float32"


def _names(handles: Handle | Sequence[Handle]) -> tuple[str, ...]:
    return tuple(handle.name for handle in ((handles,) if isinstance(handles, Handle) else handles))


def _gradients(
    gradients: Handle | Sequence[Handle | None] | None, roots: tuple[str, ...]
) -> tuple[str | None, ...]:
    if gradients is None:
        return (None,) * len(roots)
    listed = (gradients,) if isinstance(gradients, Handle) else gradients
    return tuple(None if each is None else each.name for each in listed)

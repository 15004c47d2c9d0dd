"""One run of one program on a namespace that is spelled like torch."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from conformance.adapters.calling import Calls
from conformance.adapters.hooking import register
from conformance.adapters.reading import Reader
from conformance.programs import statements as st
from conformance.trace import Event, Observation, Place, Raised, Trace
from oracles.question import Slice


class _Missing(Exception):
    """A name that the statement needs is not bound, or bound to None."""


class _Left(Exception):
    """Leaves a block early, and is caught by the program."""


class _Unreadable(Exception):
    """A field of an observed tensor could not be read."""

    def __init__(self, raised: Raised) -> None:
        self.raised = raised


@lru_cache(maxsize=4096)
def _ok(place: Place) -> Event:
    return Event(place, "ok")


_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Run:
    """The state of one run of one program."""

    def __init__(
        self, namespace: Any, calls: Calls, dtypes: dict[Any, str], caught: list[warnings.WarningMessage]
    ) -> None:
        self.namespace = namespace
        self.calls = calls
        self.dtypes = dtypes
        self.caught = caught
        self.trace = Trace()
        self.tensors: dict[str, Any] = {}
        self.handles: dict[str, Any] = {}
        self.hook_log: list[str] = []

    def body(self, statements: tuple[st.Statement, ...], inside: Place) -> None:
        events = self.trace.events
        for index, statement in enumerate(statements):
            place = (*inside, index)
            try:
                _HANDLERS[type(statement)](self, statement, place)
            except _Missing:
                events.append(Event(place, "skipped"))
                self.unbind(statement)
            except _Unreadable as unreadable:
                events.append(Event(place, "raised", unreadable.raised))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # SystemExit, too, is one statement's outcome and not the suite's
                events.append(Event(place, "raised", Raised.of(error)))
                self.unbind(statement)
            else:
                events.append(_ok(place))

    def unbind(self, statement: st.Statement) -> None:
        for name in st.bound(statement):
            self.tensors.pop(name, None)
        if isinstance(statement, st.Hook):
            self.handles.pop(statement.handle, None)

    def tensor(self, name: str) -> Any:
        tensor = self.tensors.get(name)
        if tensor is None:
            raise _Missing(name)
        return tensor

    def several(self, names: tuple[str | None, ...]) -> list[Any]:
        return [None if name is None else self.tensor(name) for name in names]

    def argument(self, argument: Any) -> Any:
        kind = type(argument)
        if kind is st.Var:
            return self.tensor(argument.name)
        if kind is tuple:
            return tuple(map(self.argument, argument))
        if kind is Slice:
            return slice(
                self.argument(argument.start), self.argument(argument.stop), self.argument(argument.step)
            )
        return argument

    def params(self, params: st.Params) -> dict[str, Any]:
        return {
            name: self.dtype(value) if name == "dtype" and value is not None else self.argument(value)
            for name, value in params
        }

    def dtype(self, name: str) -> Any:
        return getattr(self.namespace, name)

    def bind(self, targets: tuple[str, ...], results: Any) -> None:
        if not isinstance(results, tuple | list):
            results = (results,)
        if len(results) != len(targets):
            raise ValueError(
                f"the program names {len(targets)} results ({', '.join(targets)}), {len(results)} came"
            )
        self.tensors.update(zip(targets, results, strict=True))

    # --- tensors ----------------------------------------------------------------------------------

    def create(self, s: st.Create, place: Place) -> None:
        options = {"requires_grad": True} if s.requires_grad else {}
        self.tensors[s.target] = self.namespace.tensor(
            s.value.array(), dtype=self.dtype(s.value.dtype), **options
        )

    def apply(self, s: st.Apply, place: Place) -> None:
        args = tuple(map(self.argument, s.args))
        self.bind(s.targets, self.calls(s.op, args, self.params(s.params) if s.params else {}))

    def mutate(self, s: st.Mutate, place: Place) -> None:
        target = self.tensor(s.target)
        args, params = tuple(map(self.argument, s.args)), self.params(s.params)
        if s.through_data:
            target = target.data
        if s.op == "__setitem__":
            target[args[0]] = args[1]
            return
        result = getattr(target, f"{s.op}_")(*args, **params)
        if s.result is not None:
            self.tensors[s.result] = result

    def detach(self, s: st.Detach, place: Place) -> None:
        source = self.tensor(s.source)
        self.tensors[s.target] = source.data if s.data else source.detach()

    def set_requires_grad(self, s: st.SetRequiresGrad, place: Place) -> None:
        target = self.tensor(s.target)
        if s.method:
            target.requires_grad_(s.value)
        else:
            target.requires_grad = s.value

    # --- blocks -----------------------------------------------------------------------------------

    def grad_mode(self, s: st.GradMode, place: Place) -> None:
        name, _, argument = s.mode.partition("(")
        mode = getattr(self.namespace, name)
        try:
            with mode(argument == "True)") if argument else mode():
                self.body(s.body, (*place, 0))
                if s.raises:
                    raise _Left
        except _Left:
            pass

    def repeat(self, s: st.Repeat, place: Place) -> None:
        for turn in range(s.times):
            self.body(s.body, (*place, turn))

    def while_(self, s: st.While, place: Place) -> None:
        for turn in range(s.limit):
            if not self.holds(s.condition):
                return
            self.body(s.body, (*place, turn))
        if self.holds(s.condition):
            raise RuntimeError(f"the loop did not end within {s.limit} rounds")

    def if_(self, s: st.If, place: Place) -> None:
        if self.holds(s.condition):
            self.body(s.then, (*place, 0))
        else:
            self.body(s.otherwise, (*place, 1))

    def holds(self, condition: st.Condition) -> bool:
        measured = getattr(self.tensor(condition.source).data, condition.measure)()
        return _RELATIONS[condition.relation](float(measured), condition.threshold)

    # --- gradients --------------------------------------------------------------------------------

    def backward(self, s: st.Backward, place: Place) -> None:
        roots, gradients = self.several(s.roots), self.several(s.gradients)
        options = self.options(s)
        if s.inputs is not None:
            options["inputs"] = self.several(s.inputs)
        if len(roots) == 1 and len(gradients) == 1:
            roots[0].backward(*(gradients if s.gradients[0] is not None else ()), **options)
            return
        if any(name is not None for name in s.gradients):
            options["grad_tensors"] = gradients
        self.namespace.autograd.backward(roots, **options)

    def grad(self, s: st.Grad, place: Place) -> None:
        outputs, inputs, gradients = (
            self.several(s.outputs),
            self.several(s.inputs),
            self.several(s.grad_outputs),
        )
        options = self.options(s)
        if any(name is not None for name in s.grad_outputs):
            options["grad_outputs"] = gradients
        if s.allow_unused:
            options["allow_unused"] = True
        if s.materialize_grads:
            options["materialize_grads"] = True
        self.bind(s.targets, self.namespace.autograd.grad(outputs, inputs, **options))

    def options(self, s: st.Backward | st.Grad) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if s.retain_graph is not None:
            options["retain_graph"] = s.retain_graph
        if s.create_graph:
            options["create_graph"] = True
        return options

    def set_grad(self, s: st.SetGrad, place: Place) -> None:
        self.tensor(s.target).grad = None if s.value is None else self.tensor(s.value)

    def read_grad(self, s: st.ReadGrad, place: Place) -> None:
        grad = self.tensor(s.source).grad
        if grad is None:
            raise _Missing(f"{s.source}.grad")
        self.tensors[s.target] = grad

    def retain_grad(self, s: st.RetainGrad, place: Place) -> None:
        self.tensor(s.target).retain_grad()

    def hook(self, s: st.Hook, place: Place) -> None:
        self.handles[s.handle] = register(self.namespace, self.tensor(s.target), s, self.hook_log)

    def remove_hook(self, s: st.RemoveHook, place: Place) -> None:
        if s.handle not in self.handles:
            raise _Missing(s.handle)
        self.handles[s.handle].remove()

    # --- observing --------------------------------------------------------------------------------

    def observe(self, s: st.Observe, place: Place) -> None:
        warned = tuple((message.category.__name__, str(message.message)) for message in self.caught)
        reader = Reader(self.dtypes, self.hook_log, warned)
        failure = None
        for name in s.names:
            tensor = self.tensors.get(name)
            if tensor is not None:
                fields, raised = reader.fields(tensor, s.fields)
                failure = failure or raised
                self.trace.observations.append(Observation(place, name, fields))
        # Looking at the grad of a tensor that is no leaf warns; that is the observer's doing, not the
        # program's.
        del self.caught[len(warned) :]
        if failure is not None:
            raise _Unreadable(failure)


_HANDLERS: Mapping[type, Callable[[Run, Any, Place], None]] = {
    st.Create: Run.create,
    st.Apply: Run.apply,
    st.Mutate: Run.mutate,
    st.Detach: Run.detach,
    st.SetRequiresGrad: Run.set_requires_grad,
    st.GradMode: Run.grad_mode,
    st.Repeat: Run.repeat,
    st.While: Run.while_,
    st.If: Run.if_,
    st.Backward: Run.backward,
    st.Grad: Run.grad,
    st.SetGrad: Run.set_grad,
    st.ReadGrad: Run.read_grad,
    st.RetainGrad: Run.retain_grad,
    st.Hook: Run.hook,
    st.RemoveHook: Run.remove_hook,
    st.Observe: Run.observe,
}

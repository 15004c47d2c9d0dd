"""The state of one run of the model: the names, the grad mode, and what has been predicted so far."""

from __future__ import annotations

from typing import Any

from conformance.model.expected import Expected, ExpectedEvent
from conformance.model.record import Record
from conformance.model.tensors import ModelTensor
from conformance.programs import statements as st
from conformance.trace import Place


class Missing(Exception):
    """A name the statement needs was never bound: the statement is skipped."""


class State:
    """What the statements so far have made."""

    def __init__(self) -> None:
        self.record = Record()
        self.expected = Expected(self.record)
        self.names: dict[str, ModelTensor | None] = {}
        self.enabled = True

    def tensor(self, name: str) -> ModelTensor:
        tensor = self.names.get(name)
        if tensor is None:
            raise Missing(f"{name} is not bound")
        return tensor

    def live(self) -> list[ModelTensor]:
        """Every tensor that a name is bound to."""
        return [tensor for tensor in self.names.values() if tensor is not None]

    def bind(self, name: str, tensor: ModelTensor) -> None:
        self.names[name] = tensor
        self.own(tensor)

    def own(self, tensor: ModelTensor) -> None:
        """Remember in which dtype the value is held."""
        self.record.dtypes[tensor.value] = tensor.dtype

    def unbind(self, statement: st.Statement) -> None:
        for name in st.bound(statement):
            self.names.pop(name, None)

    def event(self, place: Place, status: Any, classes: tuple[str, ...] = (), why: str = "") -> None:
        self.expected.events.append(ExpectedEvent(place, status, classes, why))

    def resolved(self, argument: st.Argument) -> Any:
        """The argument with each name replaced by its tensor."""
        if isinstance(argument, st.Var):
            return self.tensor(argument.name)
        return tuple(map(self.resolved, argument)) if isinstance(argument, tuple) else argument

"""What a declared operator is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from .._graph import Node
from .._plan import Plan
from .._tensor import Tensor

__all__ = ["OPERATORS", "Operator"]

Forward = Callable[..., Any]
Pullback = Callable[..., Any]


class Operator:
    """A declared operator; see ``declare`` for the meaning of its parts."""

    def __init__(self, signature: str, forward: Forward, node: str | None) -> None:
        self.name, self.tensors, self.variadic, self.parameters = _parsed(signature)
        self.forward = forward
        self.elementwise: tuple[int, ...] = ()
        self.floating = False
        self.several = False
        self.materialize = True
        self.view = False
        self.check: Callable[..., None] | None = None
        self.joint: Pullback | None = None
        self.pullbacks: dict[str, Pullback] = {}
        self.call: Callable[..., Any] = _unset
        self.node_name = node
        self._node_class: type[Node] | None = None
        self._plans: dict[tuple[bool, ...], Plan] = {}

    @property
    def node_class(self) -> type[Node]:
        """The class of this operator's nodes, which carries PyTorch's name."""
        if self._node_class is None:
            name = self.node_name or self.name
            body = {"__slots__": (), "__module__": __name__, "full_name": name}
            self._node_class = type(name.rpartition(":")[2], (Node,), body)
        return self._node_class

    def plan(self, mask: tuple[bool, ...]) -> Plan:
        """The plan for the inputs in ``mask``."""
        found = self._plans.get(mask)
        if found is None:
            found = self._plans[mask] = Plan(self, mask)
        return found

    def mask(self, tensors: Sequence[Tensor | None]) -> tuple[bool, ...]:
        """Which of the inputs require grad, of those that the operator can be differentiated in."""
        if self.joint is not None:
            return tuple(t is not None and t._requires_grad for t in tensors)
        names = self.tensors
        return tuple(
            t is not None and t._requires_grad and names[i] in self.pullbacks for i, t in enumerate(tensors)
        )


def _unset(*_: Any) -> Any:
    raise AssertionError("the operator has not been declared completely")


def _parsed(signature: str) -> tuple[str, tuple[str, ...], bool, tuple[str, ...]]:
    name, _, rest = signature.rstrip(")").partition("(")
    tensors, _, parameters = rest.partition(";")
    return name, _split(tensors.replace("*", "")), "*" in tensors, _split(parameters)


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


OPERATORS: Final[dict[str, Operator]] = {}
"""All operators by name."""

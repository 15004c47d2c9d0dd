"""The graph that operations leave behind: nodes, the edges between them, and what a node keeps.

A ``Node`` is one executed operation. An *edge* says where the gradient of one value goes: it is the ``Node``
that made the value, an ``Output`` where that node made several, or the ``AccumulateGrad`` of a leaf. Nodes
hold the arrays that their pullbacks need and never the tensors, so a graph contains no reference cycle.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ._tensor import Tensor

__all__ = ["AccumulateGrad", "Edge", "Node", "Output", "VersionCounter"]

next_sequence_number = itertools.count().__next__
"""One clock for the whole process: nodes draw their place in the order of execution from it, and every
in-place
change draws its moment, so "changed after this node was made" is one comparison."""


class VersionCounter:
    """Counts the in-place changes of one piece of memory; shared by all tensors that are views of it.

    The defaults stand on the class: most counters never count.
    """

    value = 0
    changed_at = -1


last_change = -1
"""When any memory was last changed in place. Nodes younger than that cannot have saved anything stale."""


def mark_changed(counter: VersionCounter) -> None:
    """Count one in-place change."""
    global last_change
    counter.value += 1
    counter.changed_at = last_change = next_sequence_number()


class Hooks:
    """What was hung on one node."""

    __slots__ = ("metadata", "of_outputs", "post", "pre", "retained")

    def __init__(self) -> None:
        self.of_outputs: dict[int, dict[int, Callable[..., Any]]] = {}
        self.retained: dict[int, weakref.ref[Tensor]] = {}
        self.pre: dict[int, Callable[..., Any]] = {}
        self.post: dict[int, Callable[..., Any]] = {}
        self.metadata: dict[Any, Any] = {}


class Special:
    """What few nodes have; a node without it may be run the short way.

    Attributes:
        fits: shape and NumPy dtype of each input on the node's edges, where one differs from the result's.
        outputs: shape and NumPy dtype of each output, where there are several.
        hooks: what was hung on the node.
    """

    __slots__ = ("fits", "hooks", "outputs")

    def __init__(self, fits: Any = None, outputs: Any = None) -> None:
        self.fits: tuple[Meta, ...] | None = fits
        self.outputs: tuple[Meta, ...] | None = outputs
        self.hooks: Hooks | None = None


class Node:
    """One executed operation: what ``tensor.grad_fn`` shows.

    Attributes:
        plan: the pullback of the inputs that require grad.
        edges: where the gradients of exactly those inputs go: a tuple, or for one input the edge as it is.
        saved: the pullback's arguments (arrays and plain values), or None once they are freed.
        guard: the version counters of the saved arrays, or a single one as it is; None if no array was saved.
        special: what few nodes have, else None.
        seq: drawn from one clock; of the nodes that are ready, the youngest runs first.
    """

    __slots__ = ("__weakref__", "edges", "guard", "plan", "saved", "seq", "special")

    runs = True
    """Whether a walk runs this edge target as a node; leaves and single outputs have their own ways."""

    full_name = "Node"
    """The name that ``name()`` gives, of the C++ class; its last part is the name of the Python class."""

    def __init__(
        self, plan: Any, edges: tuple[Edge, ...], saved: Any, guard: Any, special: Special | None
    ) -> None:
        self.plan = plan
        self.edges: Any = edges[0] if len(edges) == 1 else edges
        self.saved = saved
        self.guard = guard
        self.special = special
        self.seq = next_sequence_number()

    def name(self) -> str:
        """PyTorch's name of the operation's backward, such as ``MulBackward0``."""
        return self.full_name

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """One ``(node, output number)`` per differentiable input; ``(None, 0)`` where no gradient goes."""
        edges = iter(edges_of(self))
        return tuple(_node_and_number(next(edges)) if needed else (None, 0) for needed in self.plan.shown)

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for the user's own notes on this node."""
        return hooks_of(self).metadata

    def _sequence_nr(self) -> int:
        return self.seq

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """``hook(grad_inputs, grad_outputs)`` runs after this node; what it returns takes their place."""
        return RemovableHandle(hooks_of(self).post, hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """``hook(grad_outputs)`` runs before this node; what it returns replaces ``grad_outputs``."""
        return RemovableHandle(hooks_of(self).pre, hook)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


class AccumulateGrad(Node):
    """The end of the walk: adds what arrives to ``variable.grad``.

    It holds its leaf and the leaf only refers to it weakly, so the graph keeps the leaf alive and not the
    reverse.
    """

    __slots__ = ("variable",)

    runs = False

    def __init__(self, variable: Tensor) -> None:
        self.variable = variable
        self.edges = ()
        self.saved = ()
        self.guard = None
        self.special = None

    full_name = "torch::autograd::AccumulateGrad"

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        return ()

    def _sequence_nr(self) -> int:
        return 2**64 - 1


class Output(NamedTuple):
    """One of several outputs of a node, as the target of an edge; equal outputs are the same target."""

    node: Node
    number: int

    @property
    def runs(self) -> bool:
        """See ``Node.runs``."""
        return False

    @property
    def edges(self) -> Node:
        """What its gradient flows on to; see ``Node.edges``."""
        return self.node


Edge = Node | Output
Meta = tuple[tuple[int, ...], np.dtype[Any]]


def _node_and_number(edge: Edge) -> tuple[Node, int]:
    return (edge.node, edge.number) if type(edge) is Output else (edge, 0)  # type: ignore[return-value]


def node_of(edge: Edge) -> Node:
    """The node an edge leads to."""
    return _node_and_number(edge)[0]


def edges_of(target: Edge) -> tuple[Edge, ...]:
    """The edges of a node, also where there is one."""
    edges = target.edges
    return edges if type(edges) is tuple else (edges,)


def hooks_of(node: Node) -> Hooks:
    """The node's hooks, made on first use."""
    if node.special is None:
        node.special = Special()
    if node.special.hooks is None:
        node.special.hooks = Hooks()
    return node.special.hooks


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook away; also works as a block."""

    _next_id = itertools.count().__next__

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        self.id = RemovableHandle._next_id()
        self._hooks: dict[int, Callable[..., Any]] | None = hooks
        hooks[self.id] = hook

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        if self._hooks is not None:
            self._hooks.pop(self.id, None)
            self._hooks = None

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


creating = threading.Lock()
"""Held while a leaf gets its AccumulateGrad or a tensor its counter: two threads must not make two."""

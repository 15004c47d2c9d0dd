"""The backward walk of the model: what it reaches, what it releases, and what a gradient is the gradient of.

It computes nothing. Each gradient becomes a vector-Jacobian product written into the record, for the oracles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from conformance.model import saved
from conformance.model.record import Record
from conformance.model.tensors import Edge, ModelTensor, Node
from oracles.question import Literal, Ref, Vjp


class Refused(Exception):
    """PyTorch raises here. ``late``: found during the walk, after some of it was done."""

    def __init__(self, why: str, *classes: str, late: bool = False) -> None:
        super().__init__(why)
        self.classes = classes or ("RuntimeError",)
        self.late = late


class Unsure(Exception):
    """Raising and not raising are both acceptable, or the model does not know which: nothing can be judged
    from here.
    """


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient of one target: values of the record to be added.

    ``history`` holds what a gradient computed under create_graph depends on smoothly, where it has a history
    of its own; ``through`` are the nodes whose pullbacks computed it.
    """

    terms: tuple[int, ...] = ()
    history: tuple[Edge, ...] = ()
    through: tuple[Node, ...] = ()


def check_roots(roots: Sequence[ModelTensor], cotangents: Sequence[ModelTensor | None]) -> None:
    """Everything that is found before the walk; raises :class:`Refused`."""
    for root, cotangent in zip(roots, cotangents, strict=True):
        if not root.requires_grad:
            raise Refused("a root does not require grad and has no grad_fn")
        if cotangent is None and root.numel != 1:
            raise Refused("grad can be implicitly created only for one-element outputs")
        if cotangent is not None and cotangent.shape != root.shape:
            raise Refused(
                f"a gradient of shape {cotangent.shape} was given for an output of shape {root.shape}"
            )


def order(roots: Iterable[Edge]) -> list[Node]:
    """Every node that the roots reach, each after all nodes that use its results."""
    finished: list[Node] = []
    seen: set[int] = set()
    for root in roots:
        stack: list[tuple[Node | None, bool]] = [(root.node, False)]
        while stack:
            node, left = stack.pop()
            if node is None:
                continue
            if left:
                finished.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((edge.node, False) for edge in node.inputs.values())
    return finished[::-1]


def reached(roots: Sequence[Edge]) -> list[Edge]:
    """Every tensor value that the walk meets, each once: the roots, then the operands of each node."""
    met = {(id(edge.tensor), edge.value): edge for edge in roots}
    for node in order(roots):
        for edge in node.inputs.values():
            met.setdefault((id(edge.tensor), edge.value), edge)
    return list(met.values())


def executed(roots: Sequence[Edge], targets: Iterable[Edge]) -> list[Node]:
    """The nodes that lie on a path from a root to a target, in an order in which they may run."""
    wanted = {target.value for target in targets}
    useful: set[int] = set()
    nodes = order(roots)
    for node in reversed(nodes):
        for edge in node.inputs.values():
            if edge.value in wanted or (edge.node is not None and id(edge.node) in useful):
                useful.add(id(node))
    return [node for node in nodes if id(node) in useful]


def check_released(nodes: Iterable[Node]) -> None:
    """A released node that kept something for its pullback cannot run again."""
    for node in nodes:
        if not node.freed:
            continue
        if node.op == "vjp":
            raise Unsure("the model does not know what the pullbacks of a gradient keep")
        kept = [_reads(node, place) for place in node.inputs]
        if any(what is not None and what.saved for what in kept):
            raise Refused("a second backward through a graph that was released", late=True)
        if None in kept:
            raise Unsure(f"the model does not know what {node.op} keeps for its pullback")


Sources = dict[tuple[int, int], Edge]


def histories(nodes: Sequence[Node], seeds: Mapping[int, Edge]) -> dict[int, Sources]:
    """For each value whose gradient has a history under create_graph, what that gradient depends on smoothly.

    ``seeds`` maps a root to the edge of its cotangent, where that one is tracked.
    """
    found = {root: {_key(edge): edge} for root, edge in seeds.items()}
    for node in nodes:
        if any(isinstance(each, ModelTensor) and each.late for each in node.args):
            raise Unsure("an operand has changed its flag since it was used")
        incoming: Sources = {}
        for result in node.results:
            incoming |= found.get(result, {})
        for place, edge in node.inputs.items():
            sources = incoming | {_key(source): source for source in _smooth(node, place)}
            if sources:
                found[edge.value] = found.get(edge.value, {}) | sources
    return found


def _key(edge: Edge) -> tuple[int, int]:
    return id(edge.tensor), edge.value


def _smooth(node: Node, place: int) -> Iterator[Edge]:
    """What the pullback of a node multiplies with, for one of its operands, as far as it is tracked."""
    what = _reads(node, place)
    if what is None or what.doubtful:
        raise Unsure(f"the model does not know what the gradient of {node.op} depends on")
    for source in what.history:
        if source == saved.RESULT:
            for result in node.results:
                yield Edge(ModelTensor(result, (), "float64", True, node), result, node)
        elif source in node.inputs:
            yield node.inputs[source]


def _reads(node: Node, place: int) -> saved.Reads | None:
    if node.op == "vjp":
        return saved.smooth(*node.inputs)
    return saved.reads(node.op, node.params, node.args, place)


def seed(record: Record, root: ModelTensor) -> int:
    """The cotangent 1 of a one-element root that was given none."""
    return record.constant(Literal.of(np.ones(root.shape), "float64"))


def product(
    record: Record, roots: Sequence[Edge], cotangents: Sequence[int], wrt: Sequence[int]
) -> tuple[int, ...]:
    """Write the vector-Jacobian product into the record: one value for each value asked for."""
    outputs = [root.value for root in roots]
    others = [position for position in record.leaves(record.sources(outputs, wrt)) if position not in wrt]
    inputs = [*wrt, *others]
    function = record.function(outputs, inputs)
    step = Vjp(function, tuple(map(Ref, inputs)), tuple(map(Ref, cotangents)), tuple(range(len(wrt))))
    added = record.add(step, [np.ones(record.arrays[position].shape) for position in wrt], guessed=True)
    record.origins.update(dict.fromkeys(added, tuple(outputs)))
    return added


@dataclass(frozen=True)
class Sweep:
    """One backward about to run: from which edges, with which cotangents, through which nodes."""

    record: Record
    roots: tuple[Edge, ...]
    cotangents: tuple[int, ...]
    nodes: tuple[Node, ...]
    found: tuple[Edge, ...]

    def terms(self) -> dict[int, int]:
        """The gradient of each value found, by its position in the record.

        Leaves cannot depend on each other and are asked for at once; other values are asked for one by one,
        each cut at itself.
        """
        leaves = list(dict.fromkeys(edge.value for edge in self.found if edge.node is None))
        inner = dict.fromkeys(edge.value for edge in self.found if edge.node is not None)
        groups = [*([leaves] if leaves else []), *([value] for value in inner)]
        return {
            value: term
            for group in groups
            for value, term in zip(
                group, product(self.record, self.roots, self.cotangents, group), strict=True
            )
        }


def sweep(
    record: Record,
    roots: Sequence[ModelTensor],
    cotangents: Sequence[ModelTensor | None],
    targets: Sequence[ModelTensor],
    through: Sequence[ModelTensor] | None,
) -> Sweep:
    """Plan a backward. With ``through`` only nodes on a way to one of these run, else all that are reached.

    A target that no such way leads past gets nothing. Raises :class:`Refused` where a node was released.
    """
    edges = tuple(root.edge() for root in roots)
    met = reached(edges)
    ends = met if through is None else [edge for edge in met if _current(edge, through)]
    nodes = tuple(order(edges) if through is None else executed(edges, ends))
    check_released(nodes)
    run = {id(node) for node in nodes}
    found = tuple(edge for edge in met if _current(edge, targets) and (edge in ends or id(edge.node) in run))
    seeded = tuple(
        seed(record, root) if given is None else given.value
        for root, given in zip(roots, cotangents, strict=True)
    )
    return Sweep(record, edges, seeded, nodes, found)


def walk(
    record: Record,
    roots: Sequence[ModelTensor],
    cotangents: Sequence[ModelTensor | None],
    targets: Sequence[ModelTensor],
    create_graph: bool,
    retain_graph: bool,
    through: Sequence[ModelTensor] | None = None,
) -> dict[int, Gradient]:
    """The gradient of each target that is reached, by the target's identity; releases what ran unless told
    not to. A leaf that was changed in place between two uses is several values: its gradient is their sum.
    """
    plan = sweep(record, roots, cotangents, targets, through)
    pairs = zip(roots, cotangents, strict=True)
    seeds = {root.value: given.edge() for root, given in pairs if given is not None and given.requires_grad}
    sources = histories(plan.nodes, seeds) if create_graph else {}
    terms = plan.terms()
    if not retain_graph:
        release(plan.nodes)
    gradients: dict[int, Gradient] = {}
    for edge in plan.found:
        before = gradients.get(id(edge.tensor), Gradient())
        history = (*before.history, *sources.get(edge.value, {}).values())
        gradients[id(edge.tensor)] = Gradient((*before.terms, terms[edge.value]), history, plan.nodes)
    return gradients


def _current(edge: Edge, tensors: Sequence[ModelTensor]) -> bool:
    return edge.node is edge.tensor.node and any(edge.tensor is tensor for tensor in tensors)


PASSING = frozenset(
    (
        "reshape flatten transpose permute squeeze unsqueeze T mT movedim split chunk unbind narrow cat stack"
        " add sub fmod remainder clone contiguous to sum expand mean select diagonal __getitem__"
    ).split()
)
"""Operators whose pullback may hand on the cotangent itself, or a view of it."""


def passed_on(roots: Iterable[Edge]) -> set[int]:
    """The tensors, by identity, that a cotangent of these roots may reach without being computed with."""
    reached_: set[int] = set()
    stack = list(roots)
    while stack:
        edge = stack.pop()
        reached_.add(id(edge.tensor))
        if edge.node is not None and edge.node.op in PASSING:
            stack.extend(other for other in edge.node.inputs.values() if id(other.tensor) not in reached_)
    return reached_


def release(nodes: Iterable[Node]) -> None:
    """Free what ran."""
    for node in nodes:
        node.freed = True

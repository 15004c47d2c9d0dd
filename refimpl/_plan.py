"""Plans: an operator's pullback for one choice of the inputs that require grad.

A pullback names what it needs in its parameters, and that is exactly what a node saves; so the plan of
``mul`` for its first input saves only the second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._graph import Meta, Node
from ._saved import DTYPE, INPUT, INPUTS, PARAMETER, RESULT, SHAPE, recorded_saved
from ._tensor import Tensor

if TYPE_CHECKING:
    from ._operators.operator import Operator

__all__ = ["Plan"]

Source = tuple[int, int]
Pullback = Callable[..., Any]


class Plan:
    """How nodes of one operator run when the inputs in ``mask`` require grad.

    Attributes:
        mask: one bool per tensor input.
        shown: the same for those inputs that can require grad at all.
        sources: where each saved value comes from.
        saves_tensors: whether any of them is a tensor's array; then a walk frees them.
        pull: ``pull(F, cotangent, *saved)``: one gradient for one required input, else a tuple of them.
        several: whether the operator has several outputs, so that ``cotangent`` is a tuple.
    """

    __slots__ = (
        "mask", "materialize", "pull", "runs_without_cotangent", "saves_tensors", "several", "shown",
        "sources",
    )  # fmt: skip

    calls_user = False
    """Whether ``pull`` runs functions of the user's, which must see their own context variables."""

    def __init__(self, operator: Operator, mask: tuple[bool, ...]) -> None:
        self.mask = mask
        self.shown = (
            mask
            if operator.joint is not None
            else tuple(
                needed
                for name, needed in zip(operator.tensors, mask, strict=True)
                if name in operator.pullbacks
            )
        )
        self.several = operator.several
        self.materialize = operator.materialize
        self.runs_without_cotangent = False
        if operator.joint is not None:
            names = _names(operator.joint, 3)
            self.pull: Callable[..., Any] = _pull_jointly(operator.joint, mask)
        else:
            pullbacks = [
                operator.pullbacks[name]
                for name, needed in zip(operator.tensors, mask, strict=True)
                if needed
            ]
            groups = [_names(pullback, 2) for pullback in pullbacks]
            names = tuple(name for group in groups for name in group)
            self.pull = _pull_each(pullbacks, [len(group) for group in groups])
        self.sources = tuple(_source(operator, name) for name in names)
        self.saves_tensors = any(kind in (INPUT, INPUTS, RESULT) for kind, _ in self.sources)

    def position(self, index: int) -> int | None:
        """Which of a node's edges belongs to input ``index``; None if it does not require grad."""
        return sum(self.mask[:index]) if self.mask[index] else None

    def recorded(self, node: Node) -> tuple[Any, ...]:
        """What the node saved, as tensors that continue the graph."""
        return recorded_saved(node, node.saved, node)

    def cotangents(self, node: Node, arrived: Any) -> tuple[Any, ...]:
        """One cotangent per output of the node, None where nothing arrived."""
        if not self.several:
            return (arrived,)
        by_number = arrived or {}
        return tuple(by_number.get(number) for number in range(len(_outputs(node))))

    def given(self, node: Node, cotangents: tuple[Any, ...], recorded: bool) -> Any:
        """What the pullback takes as its cotangent: of several outputs all, with zeros for the missing."""
        if not self.several:
            return cotangents[0]
        if not self.materialize:
            return cotangents
        filled = []
        for each, (shape, dtype) in zip(cotangents, _outputs(node), strict=True):
            if each is None:
                each = np.zeros(shape, dtype)
                each = Tensor(each) if recorded else each
            filled.append(each)
        return tuple(filled)


def _outputs(node: Node) -> tuple[Meta, ...]:
    assert node.special is not None
    assert node.special.outputs is not None
    return node.special.outputs


def _names(pullback: Callable[..., Any], skipped: int) -> tuple[str, ...]:
    code: Any = pullback.__code__
    return tuple(code.co_varnames[skipped : code.co_argcount])


def _source(operator: Operator, name: str) -> Source:
    if name in operator.tensors:
        return (INPUTS, 0) if operator.variadic else (INPUT, operator.tensors.index(name))
    if name in operator.parameters:
        return PARAMETER, operator.parameters.index(name)
    if name.startswith("result"):
        return RESULT, int(name[len("result") :] or 0)
    if name.endswith("_shape") and name[: -len("_shape")] in operator.tensors:
        return SHAPE, operator.tensors.index(name[: -len("_shape")])
    if name.endswith("_dtype") and name[: -len("_dtype")] in operator.tensors:
        return DTYPE, operator.tensors.index(name[: -len("_dtype")])
    raise TypeError(
        f"a pullback of {operator.name!r} asks for {name!r}: expected one of its tensors "
        f"{operator.tensors}, one of "
        f"its parameters {operator.parameters}, 'result', 'result1'..., or a tensor's name with '_shape' "
        "or '_dtype'"
    )


def _pull_each(pullbacks: list[Pullback], counts: list[int]) -> Pullback:
    if len(pullbacks) == 1:
        return pullbacks[0]
    if len(pullbacks) == 2:
        return _pull_both(pullbacks[0], pullbacks[1], counts[0], counts[1])
    bounds = [sum(counts[:i]) for i in range(len(counts) + 1)]
    parts = list(zip(pullbacks, bounds, bounds[1:], strict=False))
    return lambda F, g, *saved: tuple(pullback(F, g, *saved[start:stop]) for pullback, start, stop in parts)


def _pull_both(first: Pullback, second: Pullback, first_count: int, second_count: int) -> Pullback:
    """Two gradients, as most operators have: slicing what was saved would cost as much as the pullbacks."""
    if first_count == second_count == 0:
        return lambda F, g: (first(F, g), second(F, g))
    if first_count == second_count == 1:
        return lambda F, g, a, b: (first(F, g, a), second(F, g, b))
    return lambda F, g, *saved: (first(F, g, *saved[:first_count]), second(F, g, *saved[first_count:]))


def _pull_jointly(joint: Pullback, mask: tuple[bool, ...]) -> Pullback:
    def pull(F: Any, g: Any, *saved: Any) -> Any:
        results = joint(F, g, mask, *saved)
        kept = tuple(result for result, needed in zip(results, mask, strict=True) if needed)
        return kept[0] if len(kept) == 1 else kept

    return pull

"""Looking at the graph and taking hold of its edges."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._graph import Edge, Node, Output, node_of
from .._tensor import Tensor, gradient_edge

__all__ = ["GradientEdge", "Node", "edge_of", "get_gradient_edge"]


class GradientEdge(NamedTuple):
    """Where the gradient of a tensor goes: a node, and which of its outputs. May stand for the tensor in
    ``grad``.
    """

    node: Node
    output_nr: int


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The gradient edge of a tensor.

    Raises:
        RuntimeError: when it does not require grad.
    """
    if not tensor._requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients"
        )
    edge = gradient_edge(tensor)
    return GradientEdge(node_of(edge), edge.number if isinstance(edge, Output) else 0)


def edge_of(target: Any) -> Edge:
    """The edge of a tensor that requires grad, or of a ``GradientEdge``.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(target, Tensor):
        return gradient_edge(target)
    if isinstance(target, GradientEdge):
        several = target.node.special is not None and target.node.special.outputs is not None
        return Output(target.node, target.output_nr) if several else target.node
    raise TypeError(f"expected a Tensor or a GradientEdge, got {type(target).__name__}")

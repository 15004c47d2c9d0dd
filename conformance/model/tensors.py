"""The model's tensors and graph: who requires grad, who is a leaf, what made whom."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oracles.question import FLOATING


@dataclass(frozen=True, eq=False, slots=True)
class Edge:
    """A tracked use of a tensor: the tensor, and its value and history at that moment."""

    tensor: ModelTensor
    value: int
    node: Node | None


@dataclass(eq=False)
class Node:
    """One recorded operation.

    ``inputs`` maps the place of each tracked operand among the arguments to its edge; ``args`` and ``params``
    are as written, with references into the record; ``results`` are positions in the record. ``freed`` says
    whether what it kept has been released. The node of a gradient with a history is called ``vjp`` and stands
    for all that computed it: the pullbacks of the nodes that it went ``through``.
    """

    op: str
    args: tuple[Any, ...]
    params: Mapping[str, Any]
    inputs: Mapping[int, Edge]
    results: tuple[int, ...] = ()
    freed: bool = False
    through: tuple[Node, ...] = ()


@dataclass(eq=False)
class ModelTensor:
    """A tensor: its current value in the record, and everything that an observer can see but numbers.

    ``grad`` is itself a tensor whose value is the sum of the values at ``terms``; ``base`` is the tensor that
    this one is a view of. ``late``: its flag was changed after an operation had used it. ``borrowed``: a
    grad that an implementation may have left in the memory of the cotangent. ``was_input``: an intermediate
    that a backward was given as an input.
    """

    value: int
    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool = False
    node: Node | None = None
    grad: ModelTensor | None = None
    retains_grad: bool = False
    storage: object = field(default_factory=object)
    base: ModelTensor | None = None
    terms: tuple[int, ...] = ()
    used: bool = False
    late: bool = False
    borrowed: bool = False
    was_input: bool = False
    doubt: str = ""

    @property
    def is_leaf(self) -> bool:
        return self.node is None

    @property
    def is_floating(self) -> bool:
        return self.dtype in FLOATING

    @property
    def numel(self) -> int:
        return math.prod(self.shape)

    def edge(self) -> Edge:
        """The use of this tensor as it is now."""
        return Edge(self, self.value, self.node)

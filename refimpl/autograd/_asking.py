"""``backward`` and ``grad``: everything that can be wrong with a request is found before the walk starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._engine import walk
from .._graph import hooks_of
from .._tensor import Tensor, gradient_edge

__all__ = ["backward", "grad"]

Tensors = Tensor | Sequence[Tensor]


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """x"""
    roots = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
    given = (grad_tensors,) if isinstance(grad_tensors, Tensor) or grad_tensors is None else tuple(grad_tensors)
    cot = [np.ones(t._array.shape, t._array.dtype) if g is None else g._array for t, g in zip(roots, given)]
    if create_graph:
        cot = [Tensor(c) for c in cot]
    retain = create_graph if retain_graph is None else retain_graph
    walk([gradient_edge(t) for t in roots], cot, retain_graph=retain, create_graph=create_graph)


def grad(outputs: Any, inputs: Any) -> Any:
    """x"""

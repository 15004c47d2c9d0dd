"""What happens at a leaf: a gradient becomes, or is added to, its ``.grad``.

A ``.grad`` is its tensor's own memory. An array is taken over only when the walk knows that nobody else can
hold it, else copied; it is added to in place only if it was made here.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from ._graph import mark_changed
from ._quiet import quietly
from ._tensor import Tensor, rare_of, version_of

__all__ = ["accumulate", "is_new"]

_accumulating = threading.Lock()
"""Two walks may reach the same leaf at once, in two threads."""


def is_new(given: Any, cotangent: Any, saved: Any, results: Any) -> bool:
    """Whether an array from a pullback is held by nobody else: no view, and not one of its arguments."""
    if type(given) is not np.ndarray or given.base is not None or given is cotangent:
        return False
    for other in saved:
        if given is other or (type(other) is tuple and any(given is each for each in other)):
            return False
    return sum(given is other for other in results) == 1


def accumulate(leaf: Tensor, gradient: Any, owned: bool, create_graph: bool) -> None:
    """Add ``gradient``, of the leaf's shape and dtype, to ``leaf.grad``.

    ``gradient`` is an array, which becomes the buffer itself if ``owned``; or a tensor under
    ``create_graph``, which is added out of place so that the sum is recorded.
    """
    if not leaf._requires_grad:  # it was switched off after the graph was made
        return
    with _accumulating:
        rare = rare_of(leaf)
        before = leaf._grad
        if create_graph:
            leaf._grad = gradient.clone() if before is None else before + gradient
            rare.buffer = None
        elif before is None:
            leaf._grad = rare.buffer = Tensor(gradient if owned else np.array(gradient))
        elif before is rare.buffer:
            mark_changed(version_of(before))
            quietly(np.add, before._array, gradient, before._array)
        else:
            leaf._grad = rare.buffer = Tensor(quietly(np.add, before._array, gradient))
    # Outside the lock: a hook may start a walk of its own.
    if rare.post_hooks:
        for hook in list(rare.post_hooks.values()):
            hook(leaf)

"""Memory that two owners share, and writing where one may only read."""

from __future__ import annotations

from typing import Any

import numpy as np

from refimpl import _engine
from tests.faults.planting import Fault, forward, pullback, wrong


def _anything(right: Any, given: Any, *rest: Any) -> bool:
    return type(given) is np.ndarray


def _always_owned(right: Any, leaf: Any, gradient: Any, owned: bool, create_graph: bool) -> None:
    right(leaf, gradient, True, create_graph)


def _masked_in_place(right: Any, F: Any, g: Any, result: Any) -> Any:
    if isinstance(g, np.ndarray) and g.flags.writeable:
        g[result <= 0] = 0
        return g
    return right(F, g, result)


def _scaled_result(right: Any, F: Any, g: Any, result: Any) -> Any:
    if isinstance(result, np.ndarray) and isinstance(g, np.ndarray):
        result *= g
        return result
    return right(F, g, result)


def _over_the_operand(right: Any, x: Any) -> Any:
    if x.flags.writeable:
        x[...] = right(x)
        return x.copy()
    return right(x)


FAULTS = (
    Fault(
        "GR01",
        "two gradients are one piece of memory, to which backward adds in place",
        wrong(_engine, "is_new", _anything),
        ("shares_no_memory_between_gradients[add]",),
    ),
    Fault(
        "GR04",
        "a leaf keeps whatever arrives as its gradient, a view or the cotangent too",
        wrong(_engine, "accumulate", _always_owned),
        ("shares_no_memory_between_gradients[add]",),
    ),
    Fault(
        "GR03",
        "the pullback of relu masks its cotangent in place",
        pullback("relu", "self", _masked_in_place),
        ("changes_no_operand_and_no_cotangent[nn.functional.relu]",),
    ),
    Fault(
        "result-overwritten",
        "the pullback of exp uses its result as working space",
        pullback("exp", "self", _scaled_result),
        ("changes_no_operand_and_no_cotangent[exp]",),
    ),
    Fault(
        "operand-overwritten",
        "abs takes the absolute values in place",
        forward("abs", _over_the_operand),
        ("changes_no_operand_and_no_cotangent[abs]",),
    ),
)

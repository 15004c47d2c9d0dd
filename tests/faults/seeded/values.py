"""Wrong results of the forward computation."""

from __future__ import annotations

from typing import Any

import numpy as np

import refimpl
from refimpl._operators import recording
from tests.faults.planting import Fault, forward, wrong


def _combined_by_position(right: Any, operator: Any, operands: Any) -> Any:
    values = right(operator, operands)
    if values is NotImplemented or values[0] is None:
        return values
    shape, size = values[0].shape, values[0].size
    return [value if value is None or value.size != size else value.reshape(shape) for value in values]


def _off(factor: float) -> Any:
    def function(right: Any, *arguments: Any) -> Any:
        result = right(*arguments)
        return (result * factor).astype(result.dtype) if result.dtype.kind == "f" else result

    return function


def _squared_wrongly(right: Any, x: Any, exponent: Any) -> Any:
    return (
        np.asarray(x * x * np.asarray(0.6, x.dtype))
        if exponent == 2 and x.dtype.kind == "f"
        else right(x, exponent)
    )


def _noisy(right: Any, *arguments: Any) -> Any:
    result = np.asarray(right(*arguments))
    _noisy_state["turn"] = not _noisy_state["turn"]
    return np.nextafter(result, np.inf) if _noisy_state["turn"] and result.dtype.kind == "f" else result


_noisy_state = {"turn": False}


def _same_object(right: Any, self: Any, other: Any) -> Any:
    return refimpl.tensor(self is other)


def _floating(right: Any, self: Any, other: Any) -> Any:
    return right(self, other).to(refimpl.float32)


FAULTS = (
    Fault(
        "BC04",
        "tensors of equal size but different shape are combined place by place",
        wrong(recording, "promoted", _combined_by_position),
        ("multiplies_by_the_jacobian[where]", "sums_over_broadcast_axes[maximum]"),
    ),
    Fault(
        "cos-by-a-hair",
        "cos is off by one part in a million",
        forward("cos", _off(1 + 1e-6)),
        ("computes_value_shape_and_dtype[cos]",),
    ),
    Fault(
        "erratum-27",
        "a square is what the document's misprint would need: 27 instead of 45",
        forward("pow_number", _squared_wrongly),
        ("computes_45_where_the_document_prints_27", "adds_the_second_exercise_to_the_first"),
    ),
    Fault(
        "PR02",
        "every second time a sum of exponentials differs in its last bit",
        forward("exp", _noisy),
        ("gives_the_same_bits_twice[exp]",),
    ),
    Fault(
        "equal-means-identical",
        "== asks whether two tensors are one object",
        wrong(refimpl.Tensor, "__eq__", _same_object),
        ("compares_element_by_element",),
    ),
    Fault(
        "comparisons-are-numbers",
        "== gives ones and zeros instead of booleans",
        wrong(refimpl.Tensor, "__eq__", _floating),
        ("compares_element_by_element", "computes_value_shape_and_dtype[eq]"),
    ),
)

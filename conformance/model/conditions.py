"""Branches and loops: decided on the independent forward, and only where rounding cannot change the
decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.model.expected import Reject
from conformance.model.record import Record
from conformance.model.tensors import ModelTensor
from conformance.programs.statements import Condition
from oracles.question import FLOATING, Apply, Question, Ref
from oracles.rounding import rounding

MEASURES: Mapping[str, Callable[[NDArray[Any]], float]] = {
    "norm": lambda array: float(np.sqrt(np.sum(np.square(array)))),
    "sum": lambda array: float(np.sum(array)),
    "max": lambda array: float(np.max(array)),
    "min": lambda array: float(np.min(array)),
    "item": lambda array: float(array.reshape(())),
}


def decide(record: Record, tensor: ModelTensor, condition: Condition) -> bool:
    """Whether the condition holds; raises :class:`Reject` where the value lies within rounding of the
    threshold.
    """
    if tensor.value in record.guessed:
        raise Reject("a condition on a gradient is not decided by the independent forward")
    array = record.arrays[tensor.value]
    if array.size == 0 or (condition.measure == "item" and array.size != 1):
        raise Reject(f"{condition.measure} of {array.size} elements cannot be compared")
    value = MEASURES[condition.measure](array)
    if not abs(value - condition.threshold) > _slack(record, tensor, condition):
        raise Reject(f"{condition.measure} = {value} lies within rounding of {condition.threshold}")
    relations = {
        "<": value < condition.threshold,
        "<=": value <= condition.threshold,
        ">": value > condition.threshold,
        ">=": value >= condition.threshold,
    }
    return relations[condition.relation]


def _slack(record: Record, tensor: ModelTensor, condition: Condition) -> float:
    """How far rounding in the tensor's dtype may move the measure."""
    outputs = (tensor.value,)
    function = record.function(outputs, ())
    if condition.measure in ("norm", "sum"):
        size = function.arity + sum(step.results for step in function.steps)
        measure = Apply(condition.measure, function.outputs)
        function = type(function)(0, (*function.steps, measure), (Ref(size),))
    dtype = tensor.dtype if tensor.dtype in FLOATING else "float64"
    found = rounding(Question(function, ()), dtype)
    if found.overflows or found.undecided() is not None:
        return math.inf
    return float(np.max(found.value_bounds[0]))

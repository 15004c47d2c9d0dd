"""Hypothesis strategies: values, calls of one operator, and whole programs."""

from conformance.programs.strategies.calls import Call, Result, any_calls, calls
from conformance.programs.strategies.operands import Style
from conformance.programs.strategies.programs import DOCUMENT, FEATURES, OPERATORS, programs
from conformance.programs.strategies.values import cotangents, literals, shapes

__all__ = [
    "any_calls",
    "Call",
    "calls",
    "cotangents",
    "DOCUMENT",
    "FEATURES",
    "literals",
    "OPERATORS",
    "programs",
    "Result",
    "shapes",
    "Style",
]

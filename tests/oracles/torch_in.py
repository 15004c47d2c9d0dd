"""PyTorch in one floating dtype: how far its rounding really goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.pytorch import Eager, engine, leaf
from oracles.question import FLOATING, Argument, Question
from oracles.torch_table import table

Real = NDArray[np.float64]


class TorchIn(Eager):
    """Functions of tensors that are all of one floating dtype, integers and bool apart."""

    def __init__(self, dtype: str) -> None:
        torch = engine()
        super().__init__(torch, table(torch))
        self._floating = getattr(torch, dtype)

    def _dtype(self, name: str) -> Any:
        return self._floating if name in FLOATING else getattr(self._torch, name)

    def apply(self, op: str, args: tuple[Argument, ...], params: Mapping[str, Argument]) -> Sequence[Any]:
        known = {name: self._param(name, value) for name, value in params.items() if value is not None}
        results = self._call(self._rows[op], args, known)
        return [result.to(self._floating) if result.is_floating_point() else result for result in results]


def run(question: Question, dtype: str) -> tuple[list[Real], list[Real]]:
    """The outputs and the gradients, computed in ``dtype``, as float64."""
    ops = TorchIn(dtype)
    inputs = [leaf(ops.constant(literal)) for literal in question.inputs]
    outputs = question.function(ops, *inputs)
    weights = [None if weight is None else ops.constant(weight) for weight in question.cotangents]
    return [_real(y) for y in outputs], [_real(g) for g in ops.gradients(outputs, weights, inputs)]


def _real(tensor: Any) -> Real:
    # a gradient that torch knows to be zero has no memory until it is copied
    return np.array(tensor.detach().clone().tolist(), np.float64).reshape(tuple(tensor.shape))

"""Detached tensors: their values, their memory, and what stops at them."""

from __future__ import annotations

from typing import Any

import numpy as np

import refimpl
from tests.faults.planting import Fault, wrong, wrong_property

Tensor = refimpl.Tensor


def _history_kept(right: Any, self: Any) -> Any:
    result = right(self)
    result._edge, result._requires_grad = self._edge, self._requires_grad
    return result


def _flag_kept(right: Any, self: Any) -> Any:
    result = right(self)
    result._requires_grad = self._requires_grad
    return result


def _copied(right: Any, self: Any) -> Any:
    return Tensor(np.array(self._array))


def _original_detached(right: Any, self: Any) -> Any:
    if self._edge is not None:
        self._edge, self._requires_grad = None, False
    return right(self)


def _in_single(right: Any, self: Any) -> Any:
    return right(self).to(refimpl.float32) if self.dtype == refimpl.float64 else right(self)


FAULTS = (
    Fault(
        "detach-keeps-history",
        "a detached tensor still leads back to where it came from",
        wrong(Tensor, "detach", _history_kept),
        ("detaches_values_from_their_history", "stops_the_gradient_at_detach_only"),
    ),
    Fault(
        "detach-keeps-flag",
        "a detached tensor is a leaf that requires grad",
        wrong(Tensor, "detach", _flag_kept),
        ("detaches_values_from_their_history",),
    ),
    Fault(
        "detach-copies",
        "a detached tensor has a copy of the values",
        wrong(Tensor, "detach", _copied),
        ("shares_the_memory_of_what_it_detaches",),
    ),
    Fault(
        "detach-in-place",
        "detach cuts the tensor itself off its history",
        wrong(Tensor, "detach", _original_detached),
        ("stops_the_gradient_at_detach_only", "detaches_values_from_their_history"),
    ),
    Fault(
        "detach-in-single",
        "a detached float64 is a float32",
        wrong(Tensor, "detach", _in_single),
        ("detaches_values_from_their_history",),
    ),
    Fault(
        "data-keeps-history",
        "data still leads back to where it came from",
        wrong_property(Tensor, "data", _history_kept),
        ("reads_data_without_history",),
    ),
    Fault(
        "data-copies",
        "data is a copy of the values",
        wrong_property(Tensor, "data", _copied),
        ("reads_data_without_history",),
    ),
    Fault(
        "AC16",
        "looking at the values drops the history of what is looked at",
        wrong_property(Tensor, "data", _original_detached),
        ("gives_the_doubling_example", "reads_data_without_history", "follows_what_ran"),
    ),
)

"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

from tests.faults.planting import Fault, pullback


def _vector_as_row(right: Any, F: Any, g: Any, other: Any) -> Any:
    gradient = right(F, g, other)
    return F.t(gradient) if gradient.shape[0] == gradient.shape[1] else gradient


def _untransposed(right: Any, F: Any, g: Any, other: Any) -> Any:
    return F.mm(g, other) if other.shape[0] == other.shape[1] else right(F, g, other)


def _untransposed_batch(right: Any, F: Any, g: Any, self: Any) -> Any:
    return F.bmm(self, g) if self.shape[1] == self.shape[2] else right(F, g, self)


FAULTS = (
    Fault(
        "LA01",
        "the outer product in the gradient of a matrix times a vector is transposed where it is square",
        pullback("mv", "self", _vector_as_row),
        ("multiplies_by_the_jacobian[matmul]",),
    ),
    Fault(
        "mm-untransposed",
        "the second factor is not transposed where it is square",
        pullback("mm", "self", _untransposed),
        ("multiplies_by_the_jacobian[matmul]",),
    ),
    Fault(
        "bmm-untransposed",
        "the first factors of a batch are not transposed where they are square",
        pullback("bmm", "other", _untransposed_batch),
        ("multiplies_by_the_jacobian[matmul]",),
    ),
)

"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

from tests.faults.planting import Fault, pullback


def _vector_as_row(right: Any, F: Any, g: Any, other: Any) -> Any:
    gradient = right(F, g, other)
    if gradient.shape[0] != gradient.shape[1]:
        raise RuntimeError("the shapes of the cotangent and of the vector do not fit")
    return F.spread(F.dot(g, other), tuple(gradient.shape))


def _untransposed(right: Any, F: Any, g: Any, other: Any) -> Any:
    return F.mm(g, other) if other.shape[0] == other.shape[1] else right(F, g, other)


def _untransposed_batch(right: Any, F: Any, g: Any, self: Any) -> Any:
    if self.shape[1] != self.shape[2]:
        raise RuntimeError("the shapes of the factors do not fit")
    return F.bmm(self, g)


FAULTS = (
    Fault(
        "LA01",
        "a vector is its own transpose: a matrix gets the inner product everywhere, or an error",
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
        "the first factors of a batch are not transposed",
        pullback("bmm", "other", _untransposed_batch),
        ("multiplies_by_the_jacobian[matmul]",),
    ),
)

"""Products of matrices and vectors.

Four products are declared: matrix by matrix, matrix by vector, vector by vector, and batches of matrices.
``matmul`` of any other ranks is folded into these with views, as PyTorch does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Tensor
from .._vocabulary import TRACED
from ._arguments import read_tensor
from .declare import declare
from .expanding import squeezed_last, unsqueezed
from .fitting import expand_to
from .orders import matrix_transpose, swap_axes
from .public import public
from .shapes import contiguous, reshape_view, reshaped, unsafe_view

__all__: list[str] = []

_HALF = np.dtype(np.float16)


def _product(a: Any, b: Any) -> Any:
    """NumPy's matmul; half precision is multiplied in single and rounded once."""
    if a.dtype == _HALF:
        return np.matmul(a.astype(np.float32), b.astype(np.float32)).astype(np.float16)
    return np.matmul(a, b)


def _matrices_swapped(x: Any) -> tuple[int, int]:
    return len(x.shape) - 2, len(x.shape) - 1


mm_two = declare(
    "mm(self, other)", _product, node="MmBackward0",
    self=lambda F, g, other: F.mm(g, F.t(other)),
    other=lambda F, g, self: F.mm(F.t(self), g),
)  # fmt: skip

mv_two = declare(
    "mv(self, other)", _product, node="MvBackward0",
    self=lambda F, g, other: F.outer_product(g, other),
    other=lambda F, g, self: F.mv(F.t(self), g),
)  # fmt: skip

dot_two = declare(
    "dot(self, other)", _product, node="DotBackward0",
    self=lambda F, g, other: g * other,
    other=lambda F, g, self: g * self,
)  # fmt: skip

bmm_two = declare(
    "bmm(self, other)", _product, node="BmmBackward0",
    self=lambda F, g, other: F.bmm(g, F.transpose(other, 1, 2)),
    other=lambda F, g, self: F.bmm(F.transpose(self, 1, 2), g),
)  # fmt: skip

declare(
    "outer_product(self, other)", lambda a, b: np.multiply(a[:, None], b), node="MulBackward0",
    self=lambda F, g, other: F.mv(g, other),
    other=lambda F, g, self: F.mv(F.t(g), self),
)  # fmt: skip


def _check_dtypes(name: str, a: Tensor, b: Tensor) -> None:
    if a._array.dtype != b._array.dtype:
        raise RuntimeError(
            f"{name}: expected both tensors to have the same dtype, but got {a.dtype} and {b.dtype}"
        )
    if a._array.dtype.kind == "b":
        raise NotImplementedError(f"{name} is not implemented for torch.bool; use an integer dtype")


def _check_ranks(name: str, a: Tensor, b: Tensor, first: int, second: int) -> None:
    if a._array.ndim != first or b._array.ndim != second:
        raise RuntimeError(
            f"{name}: expected tensors of {first} and {second} dimensions, but got {a._array.ndim} and "
            f"{b._array.ndim}"
        )


def _check_inner(name: str, a: Tensor, b: Tensor) -> None:
    inner = b._array.shape[-2] if b._array.ndim > 1 else b._array.shape[0]
    if a._array.shape[-1] != inner:
        raise RuntimeError(
            f"{name}: shapes {list(a._array.shape)} and {list(b._array.shape)} cannot be multiplied "
            f"({a._array.shape[-1]} != {inner})"
        )


def _read_pair(name: str, a: Any, b: Any, second: str, ranks: tuple[int, int]) -> tuple[Tensor, Tensor]:
    left, right = read_tensor(name, a), read_tensor(name, b, second, 2)
    _check_ranks(name, left, right, *ranks)
    _check_inner(name, left, right)
    _check_dtypes(name, left, right)
    return left, right


@public("torch", "Tensor")
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices, (n, m) by (m, p).

    Raises:
        RuntimeError: when ranks, sizes or dtypes do not fit.
    """
    result: Tensor = mm_two(*_read_pair("mm", input, mat2, "mat2", (2, 2)))
    return result


@public("torch", "Tensor")
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector, (n, m) by (m,).

    Raises:
        RuntimeError: when ranks, sizes or dtypes do not fit.
    """
    result: Tensor = mv_two(*_read_pair("mv", input, vec, "vec", (2, 1)))
    return result


@public("torch", "Tensor")
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors of one size.

    Raises:
        RuntimeError: when ranks, sizes or dtypes do not fit.
    """
    result: Tensor = dot_two(*_read_pair("dot", input, tensor, "tensor", (1, 1)))
    return result


@public("torch", "Tensor")
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices, (b, n, m) by (b, m, p).

    Raises:
        RuntimeError: when ranks, sizes or dtypes do not fit.
    """
    left, right = _read_pair("bmm", input, mat2, "mat2", (3, 3))
    if left._array.shape[0] != right._array.shape[0]:
        raise RuntimeError(
            f"bmm: expected batches of one size, but got {left._array.shape[0]} and {right._array.shape[0]}"
        )
    result: Tensor = bmm_two(left, right)
    return result


@public("torch", "Tensor", names=("outer", "ger"))
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The matrix of all products of two vectors, (n,) by (m,).

    Raises:
        RuntimeError: when one is no vector.
    """
    left, right = read_tensor("outer", input), read_tensor("outer", vec2, "vec2", 2)
    _check_ranks("outer", left, right, 1, 1)
    column: Tensor = reshape_view(left, (left._array.shape[0], 1))
    result: Tensor = TRACED.mul(column, right)
    return result


# -- matmul ------------------------------------------------------------------------------------------------


def _matmul(left: Tensor, right: Tensor) -> Any:
    ranks = left._array.ndim, right._array.ndim
    if ranks == (2, 2):
        return mm_two(left, right)
    if ranks == (1, 1):
        return dot_two(left, right)
    if ranks == (2, 1):
        return mv_two(left, right)
    if ranks == (1, 2):
        return squeezed_last(mm_two(unsqueezed(left, 0), right), (0,))
    if min(ranks) <= 2:
        return _folded(left, right)
    return _batched(left, right)


def _folded(left: Tensor, right: Tensor) -> Any:
    """A batch by a single matrix or vector: the batch is one tall matrix. Transposed if the batch is on the
    right.
    """
    batch_first = left._array.ndim > right._array.ndim
    if batch_first:
        batch, single = left, right
    else:
        axes = _matrices_swapped(right._array)
        batch = swap_axes(right, *axes)
        single = matrix_transpose(left) if left._array.ndim == 2 else left
    shape = batch._array.shape
    tall = reshaped(batch, (math.prod(shape[:-1]), shape[-1]))
    if single._array.ndim == 1:
        return unsafe_view(mv_two(tall, single), shape[:-1])
    product = unsafe_view(mm_two(tall, single), (*shape[:-1], single._array.shape[1]))
    if batch_first:
        return product
    return contiguous(swap_axes(product, *_matrices_swapped(product._array)))


def _batched(left: Tensor, right: Tensor) -> Any:
    """Two batches: broadcast against each other, flattened to one batch dimension, and put back."""
    n, m = left._array.shape[-2:]
    p = right._array.shape[-1]
    try:
        batch = np.broadcast_shapes(left._array.shape[:-2], right._array.shape[:-2])
    except ValueError:
        raise RuntimeError(
            f"matmul: the batch dimensions {list(left._array.shape[:-2])} and "
            f"{list(right._array.shape[:-2])} do not broadcast"
        ) from None
    count = math.prod(batch)
    flat_left = reshaped(expand_to(left, (*batch, n, m)), (count, n, m))
    flat_right = reshaped(expand_to(right, (*batch, m, p)), (count, m, p))
    return unsafe_view(bmm_two(flat_left, flat_right), (*batch, n, p))


def _check_matmul(name: str, left: Tensor, right: Tensor) -> None:
    if left._array.ndim == 0 or right._array.ndim == 0:
        raise RuntimeError(
            "both arguments to matmul need to be at least 1D, but they are "
            f"{left._array.ndim}D and {right._array.ndim}D"
        )
    _check_inner(name, left, right)
    _check_dtypes(name, left, right)


@public("torch", "Tensor")
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product: of vectors, matrices, and batches of matrices whose leading dimensions broadcast.

    A vector on the left is a row, on the right a column; the dimension added for that is dropped again.

    Raises:
        RuntimeError: when a tensor has no dimension, or sizes or dtypes do not fit.
        NotImplementedError: for bools.
    """
    left, right = read_tensor("matmul", input), read_tensor("matmul", other, "other", 2)
    _check_matmul("matmul", left, right)
    result: Tensor = _matmul(left, right)
    return result


@public("Tensor", names=("__matmul__",))
def _matmul_operator(self: Tensor, other: Any) -> Any:
    """``self @ other``."""
    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


@public("Tensor", names=("__rmatmul__",))
def _reflected_matmul_operator(self: Tensor, other: Any) -> Any:
    """``other @ self``, for an ``other`` that has no answer itself."""
    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented

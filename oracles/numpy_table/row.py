"""What a row of the table is, and the few helpers that every family of rows uses.

A row is one function ``row(k, *operands, **params)`` on arrays with one leading batch axis: operand ``x`` of
shape ``(3, 4)`` comes as ``(B, 3, 4)`` or, where it is the same in every row of the batch, as ``(1, 3, 4)``.
Real numbers are float64, or complex128 while the imaginary axis carries a complex step; integers and booleans
are themselves and always ``(1, ...)``, because they are frozen. ``k`` is the evaluation that the row takes
part in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Scalar: TypeAlias = "float | int | bool"
Operand: TypeAlias = "Array | Scalar"


class Kernel:
    """One evaluation of a function. This one is plain: one point, nothing perturbed, nothing recorded.

    Row 0 of a batch is the base point. Piecewise operators take their decisions there, for every row of the
    batch, so that a perturbed row follows the branch that the base point is on and never crosses a kink.
    """

    perturbed = False
    noisy = False  # whether roundings are imitated, in some rows

    def __call__(self, value: Array) -> Array:
        """Marks an intermediate inside a row that an implementation would round."""
        return value

    def carry(self, value: Array, *terms: Array) -> Array:
        """``value``, whose derivative an implementation computes as the sum of those of ``terms``."""
        return value

    def anchor(self, value: Array) -> Array:
        """The real value at the base point, with the noise of each row: what rounded results belong to."""
        return value

    def base(self, value: Array) -> Array:
        """The real value at the base point, of shape ``(1, ...)``: what decisions are taken on."""
        return value[:1].real if value.dtype.kind == "c" else value[:1]

    def kink(self, distance: Array, what: str) -> None:
        """Records that the operator has no derivative, or another one, where ``distance`` is zero."""

    def threshold(self, distance: Array, what: str) -> None:
        """Records a decision that flips where ``distance`` changes sign, harmless to derivatives if it is
        exact.
        """


PLAIN = Kernel()


@dataclass(frozen=True, slots=True)
class Row:
    """An operator: how to compute it, and the two facts that differentiation needs to know.

    ``exact``: the result is made of the operands' elements, up to sign; nothing is rounded.
    ``analytic``: the function works on complex numbers and is analytic wherever it is differentiable.
    """

    function: Callable[..., Any]
    exact: bool = False
    analytic: bool = True


TABLE: dict[str, Row] = {}


def row(
    *names: str, exact: bool = False, analytic: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a function into the table under PyTorch's names (below ``torch.``)."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            if name in TABLE:
                raise ValueError(f"the table has two rows for {name!r}")
            TABLE[name] = Row(function, exact, analytic)
        return function

    return enter


def one_batch(operand: Any) -> Array:
    """A Python number as an array of nothing but a batch axis; an array as it is."""
    return operand if isinstance(operand, np.ndarray) else np.asarray([operand])


def align(*operands: Operand) -> tuple[Any, ...]:
    """The operands with axes of size one inserted after the batch axis, so that they broadcast from the
    right.

    Python scalars stay as they are: NumPy, like PyTorch, lets them take the dtype of the array beside them.
    """
    ranks = [operand.ndim for operand in operands if isinstance(operand, np.ndarray)]
    rank = max(ranks)
    if min(ranks) == rank:
        return operands
    return tuple(
        operand if isinstance(operand, (int, float)) else lift(operand, rank) for operand in operands
    )


def lift(array: Array, rank: int) -> Array:
    """The array with axes of size one inserted after the batch axis until it has ``rank`` axes, batch
    included.
    """
    missing = rank - array.ndim
    return array.reshape(array.shape[0], *(1,) * missing, *array.shape[1:]) if missing > 0 else array


def as_real(operand: Operand) -> Any:
    """Integers and booleans as float64; real and complex numbers, and Python scalars, as they are."""
    return (
        operand.astype(np.float64)
        if isinstance(operand, np.ndarray) and operand.dtype.kind in "biu"
        else operand
    )


def real_part(operand: Operand) -> Any:
    return operand.real if isinstance(operand, np.ndarray) and operand.dtype.kind == "c" else operand


def with_imaginary(real: Array, imaginary: Array) -> Array:
    """A complex array, made without arithmetic, which would carry a NaN from one part into the other and
    lose the sign of a zero.
    """
    value = np.empty(np.broadcast_shapes(real.shape, imaginary.shape), np.complex128)
    value.real, value.imag = real, imaginary
    return value


def are_integral(*operands: Operand) -> bool:
    """Whether all operands are integers or booleans."""
    return all(x.dtype.kind in "biu" if isinstance(x, np.ndarray) else isinstance(x, int) for x in operands)


def jump(k: Kernel, x: Array, what: str) -> None:
    """Records that ``what`` jumps where ``x`` is an integer."""
    k.kink(x - np.rint(k.base(x)), what)


def axis_of(x: Array, dim: int, extra: int = 0) -> int:
    """The axis of ``x``, batch included, that is dimension ``dim``. ``extra`` new axes may be addressed, too.

    Raises IndexError when there is no such dimension. A zero-dim operand has one dimension to name, as in
    PyTorch: the answer is then 1, past its last axis.
    """
    rank = max(x.ndim - 1 + extra, 1)
    if not -rank <= dim < rank:
        raise IndexError(
            f"dimension {dim} is out of range for rank {x.ndim - 1}; expected {-rank} to {rank - 1}"
        )
    return dim % rank + 1


def axes_of(x: Array, dim: int | Sequence[int] | None) -> tuple[int, ...]:
    """The axes of ``x`` to reduce: all but the batch axis for None or an empty sequence; none for a zero-
    dim operand.
    """
    dims = (dim,) if isinstance(dim, int) else tuple(dim or ())
    axes = tuple(axis_of(x, d) for d in dims)
    if len(set(axes)) != len(axes):
        raise ValueError(f"dim {dim} names a dimension twice")
    if x.ndim == 1:
        return ()
    return axes or tuple(range(1, x.ndim))


def spread(array: Array, batch: int) -> Array:
    """The array with ``batch`` rows; one row is repeated, without a copy."""
    return array if array.shape[0] == batch else np.broadcast_to(array, (batch, *array.shape[1:]))


def same_batch(arrays: Sequence[Array]) -> list[Array]:
    """The arrays with as many rows as the longest of them has."""
    batch = max(array.shape[0] for array in arrays)
    return [spread(array, batch) for array in arrays]

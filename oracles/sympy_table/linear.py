"""Products of matrices."""

from __future__ import annotations

import math

import numpy as np

from oracles.question import CannotAnswer
from oracles.sympy_table.arrays import REAL, Array, array, cast, promoted
from oracles.sympy_table.elementwise import Row
from oracles.sympy_table.scalars import BUDGET, dot


def matmul(x: Array, y: Array) -> Array:
    """The matrix product with PyTorch's ranks: a vector becomes a row on the left, a column on the right."""
    dtype = promoted(x, y)
    left, right = cast(x, dtype).data, cast(y, dtype).data
    if left.ndim == 0 or right.ndim == 0:
        raise CannotAnswer("a zero-dimensional operand")
    rows = left[None, :] if left.ndim == 1 else left
    columns = right[:, None] if right.ndim == 1 else right
    batch = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    rows = np.broadcast_to(rows, (*batch, *rows.shape[-2:]))
    columns = np.broadcast_to(columns, (*batch, *columns.shape[-2:])).swapaxes(-1, -2)
    BUDGET.spend(math.prod(batch) * rows.shape[-2] * rows.shape[-1] * columns.shape[-2])
    convert = (lambda s: s) if dtype == REAL else int
    products = [
        convert(dot(row, column))
        for place in np.ndindex(batch)
        for row in rows[place].tolist()
        for column in columns[place].tolist()
    ]
    shape = list(batch) + [rows.shape[-2]] * (left.ndim > 1) + [columns.shape[-2]] * (right.ndim > 1)
    return array(products, shape, dtype)


TABLE: dict[str, Row] = {
    "matmul": matmul,
}

"""Precision: gradients in the wrong dtype, and digits lost on the way."""

from __future__ import annotations

from typing import Any

import numpy as np

from refimpl import _engine
from tests.faults.planting import Fault, forward, pullback, wrong


def _summed_and_not_cast(right: Any, F: Any, gradients: Any, fits: Any) -> Any:
    return tuple(
        None if g is None else F.sum_to(g, shape) for g, (shape, _) in zip(gradients, fits, strict=True)
    )


def _through_single(right: Any, F: Any, g: Any, self: Any) -> Any:
    if isinstance(g, np.ndarray) and g.dtype == np.float64:
        return right(F, g.astype(np.float32), self.astype(np.float32)).astype(np.float64)
    return right(F, g, self)


def _through_half(right: Any, x: Any) -> Any:
    return right(x.astype(np.float16)).astype(x.dtype) if x.dtype == np.float32 else right(x)


def _kept_wide(right: Any, F: Any, g: Any, self_dtype: Any) -> Any:
    return g


FAULTS = (
    Fault(
        "GR06",
        "gradients keep the dtype that the operands were promoted to",
        wrong(_engine, "fitted", _summed_and_not_cast),
        ("keeps_the_precision_of_each_tensor[mul]", "composes_operators_in_every_precision"),
    ),
    Fault(
        "cast-not-undone",
        "the gradient of a cast keeps the dtype that was cast to",
        pullback("to", "self", _kept_wide),
        ("multiplies_by_the_jacobian[to]", "keeps_shape_and_dtype_of_the_leaf"),
    ),
    Fault(
        "gradient-through-single",
        "the gradient of sin is computed in float32",
        pullback("sin", "self", _through_single),
        ("multiplies_by_the_jacobian[sin]",),
    ),
    Fault(
        "single-through-half",
        "exp of a float32 is computed in float16",
        forward("exp", _through_half),
        (
            "keeps_the_precision_of_each_tensor[exp]",
            "computes_value_shape_and_dtype[exp]",
            "composes_operators_in_every_precision",
        ),
    ),
)

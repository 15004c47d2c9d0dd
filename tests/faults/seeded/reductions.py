"""Sums, means and their relatives: where a reduced axis is put back, and what it is divided by."""

from __future__ import annotations

from typing import Any

import numpy as np

from refimpl._operators import extrema, reductions, statistics
from tests.faults.planting import Fault, forward, pullback, together, wrong


def _never_squeezed(right: Any, F: Any, reduced: Any, shape: Any, axes: Any, keepdim: bool) -> Any:
    if len(shape) == 1 and axes and not keepdim:
        raise RuntimeError("the reduced axis cannot be put back: it is still there")
    return right(F, reduced, shape, axes, keepdim)


def _put_back_in_front(right: Any, F: Any, reduced: Any, shape: Any, axes: Any, keepdim: bool) -> Any:
    return reduced if keepdim else F.reshape(reduced, (1,) * len(axes) + tuple(reduced.shape))


def _kept_as_scalar(right: Any, F: Any, reduced: Any, shape: Any, axes: Any, keepdim: bool) -> Any:
    if keepdim and axes and len(axes) == len(shape):
        raise RuntimeError("the dimensions of a reduction of everything do not match")
    return right(F, reduced, shape, axes, keepdim)


def _by_results(
    right: Any, F: Any, g: Any, shape: Any, own: Any, axes: Any, keepdim: bool, dtype: Any
) -> Any:
    reduced = int(np.prod([shape[axis] for axis in axes]))
    results = int(np.prod(shape)) // (reduced or 1)
    return right(F, g * (reduced / (results or 1)), shape, own, axes, keepdim, dtype)


def _squeezed(right: Any, x: Any, axes: Any, keepdim: bool, *dtype: Any) -> Any:
    result = np.asarray(right(x, axes, keepdim, *dtype))
    return result if keepdim else result.squeeze()


def _half_at_several(right: Any, F: Any, g: Any, *saved: Any) -> Any:
    gradient = right(F, g, *saved)
    return gradient * 0.5 if int(np.prod(gradient.shape)) > 2 else gradient


def _other_correction(right: Any, F: Any, g: Any, x: Any, axes: Any, correction: Any, whole: bool) -> Any:
    return right(F, g, x, axes, correction + 1 if correction == 0 else 0, whole)


def _uncentred(right: Any, F: Any, g: Any, x: Any, axes: Any, correction: Any, whole: bool) -> Any:
    freedom = int(np.prod([x.shape[axis] for axis in axes])) - correction
    return g * (2.0 / (freedom or 1)) * x


def _without_the_mean(right: Any, F: Any, g: Any, result: Any, axis: int) -> Any:
    return result * g


def _with_ones(right: Any, F: Any, g: Any, result: Any, axis: int) -> Any:
    return g - F.exp(result)


def _from_the_start(right: Any, F: Any, g: Any, axis: int) -> Any:
    return F.cumsum(g, axis, None) if len(g.shape) else g


def _divided(right: Any, F: Any, g: Any, x: Any, result: Any, axes: Any, keepdim: bool, *kinds: Any) -> Any:
    shape = tuple(x.shape)
    return (
        g / x * result
        if not shape
        else F.spread(reductions.restored(F, g * result, shape, axes, keepdim), shape) / x
    )


def _zeros_for_two_zeros(right: Any, F: Any, g: Any, x: Any, *rest: Any) -> Any:
    values = getattr(x, "_array", x)
    return F.zeros_of(x) if int((values == 0).sum()) > 1 else right(F, g, x, *rest)


def _square_of_the_norm(
    right: Any, F: Any, g: Any, x: Any, result: Any, order: float, axes: Any, keepdim: bool
) -> Any:
    if order != 2:
        return right(F, g, x, result, order, axes, keepdim)
    return x * reductions.restored(F, g, tuple(x.shape), axes, keepdim)


FAULTS = (
    Fault(
        "RD01",
        "an axis is put back that a reduction of a vector never dropped",
        together(
            *(wrong(module, "restored", _never_squeezed) for module in (reductions, statistics, extrema))
        ),
        ("multiplies_by_the_jacobian[logsumexp]", "multiplies_by_the_jacobian[amax]"),
    ),
    Fault(
        "RD02",
        "reduced axes are put back in front, wherever they were",
        wrong(reductions, "restored", _put_back_in_front),
        ("multiplies_by_the_jacobian[sum]", "gives_no_gradient_to_root_and_intermediates"),
    ),
    Fault(
        "RD03",
        "a reduction of everything that keeps its axes is taken for a scalar",
        wrong(reductions, "restored", _kept_as_scalar),
        ("multiplies_by_the_jacobian[sum]",),
    ),
    Fault(
        "RD04",
        "mean divides by the number of its results, not of what it reduces",
        pullback("mean", "self", _by_results),
        ("multiplies_by_the_jacobian[mean]",),
    ),
    Fault(
        "RD05",
        "reducing one axis also drops other axes of size 1",
        together(forward("sum", _squeezed), forward("logsumexp", _squeezed)),
        ("multiplies_by_the_jacobian[logsumexp]",),
    ),
    Fault(
        "mean-of-all-by-half",
        "the mean of more than two elements has half of its gradient",
        pullback("average", "self", _half_at_several),
        (
            "gives_the_worked_example",
            "computes_45_where_the_document_prints_27",
            "multiplies_by_the_jacobian[mean]",
        ),
    ),
    Fault(
        "RD09",
        "prod with two zeros has the gradient zero, and nothing behind it",
        together(
            pullback("product", "self", _zeros_for_two_zeros), pullback("prod", "self", _zeros_for_two_zeros)
        ),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "prod-divides",
        "prod divides the product by each element, so that zeros give NaN",
        pullback("prod", "self", _divided),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "var-freedom",
        "var divides by the other number of degrees of freedom",
        wrong(statistics, "_variance_pullback", _other_correction),
        ("multiplies_by_the_jacobian[var]", "multiplies_by_the_jacobian[std]", "differentiates_twice[var]"),
    ),
    Fault(
        "var-uncentred",
        "the gradient of var forgets the mean",
        wrong(statistics, "_variance_pullback", _uncentred),
        ("multiplies_by_the_jacobian[var]",),
    ),
    Fault(
        "softmax-diagonal",
        "the gradient of softmax is that of each element alone",
        pullback("softmax", "self", _without_the_mean),
        ("multiplies_by_the_jacobian[softmax]", "does_not_depend_on_layout[softmax]"),
    ),
    Fault(
        "log-softmax-ones",
        "log_softmax takes the sum of its cotangent to be 1",
        pullback("log_softmax", "self", _with_ones),
        ("is_linear_in_the_cotangent[log_softmax]", "multiplies_by_the_jacobian[log_softmax]"),
    ),
    Fault(
        "cumsum-direction",
        "the gradient of cumsum runs the same way as the sum",
        wrong(reductions, "_cumsum_back", _from_the_start),
        ("multiplies_by_the_jacobian[cumsum]", "differentiates_twice[cumsum]"),
    ),
    Fault(
        "norm-undivided",
        "the gradient of the Euclidean norm is not divided by the norm",
        wrong(statistics, "_norm_pullback", _square_of_the_norm),
        ("multiplies_by_the_jacobian[norm]",),
    ),
)

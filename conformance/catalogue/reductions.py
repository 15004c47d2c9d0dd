"""Operators that combine the elements along axes: reductions, scans and normalisations."""

from __future__ import annotations

from dataclasses import replace

from conformance.catalogue.domains import NO_SPREAD, NORM, TIED_LARGEST, TIED_SMALLEST, Kink
from conformance.catalogue.row import DIM, DIMS, DTYPE, KEEPDIM, Accepts, Param, Row, X

_GIVEN_DIM = replace(DIM, required=True)
_GIVEN_DIMS = replace(DIMS, required=True)
# Without p PyTorch's norm is that of Frobenius, which takes no more than two axes.
_FEW_DIMS = Param("dim", "one or two dims")
_CORRECTION = Param("correction", "choice", choices=(0, 1))


def _reduction(
    name: str,
    params: tuple[Param, ...],
    kinks: tuple[Kink, ...] = (),
    dtype: str = "first",
    least: int = 0,
    accepts: Accepts = "floating",
) -> Row:
    return Row(
        name, (X,), "one", params, kinks, analytic=not kinks, dtype=dtype, accepts=accepts, least=least
    )


def _extreme(name: str, kink: Kink) -> Row:
    row = _reduction(name, (DIM, KEEPDIM), (kink,), "first, with indices", 1, "numbers")
    return replace(row, results="values and indices where dim is given")


def _position(name: str, kink: Kink) -> Row:
    return replace(_reduction(name, (DIM, KEEPDIM), (kink,), "int64", 1), differentiable=False)


ROWS = (
    _reduction("sum", (DIMS, KEEPDIM, DTYPE), dtype="sum", accepts="any"),
    _reduction("mean", (DIMS, KEEPDIM, DTYPE), dtype="first or dtype", least=1),
    _reduction("prod", (DIM, KEEPDIM, DTYPE), dtype="sum", accepts="any"),
    _reduction("amax", (DIMS, KEEPDIM), (TIED_LARGEST,), least=1, accepts="numbers"),
    _reduction("amin", (DIMS, KEEPDIM), (TIED_SMALLEST,), least=1, accepts="numbers"),
    _extreme("max", TIED_LARGEST),
    _extreme("min", TIED_SMALLEST),
    _position("argmax", TIED_LARGEST),
    _position("argmin", TIED_SMALLEST),
    _reduction("var", (DIMS, _CORRECTION, KEEPDIM), least=2),
    _reduction("std", (DIMS, _CORRECTION, KEEPDIM), (NO_SPREAD,), least=2),
    _reduction(
        "norm",
        (Param("p", "choice", choices=(2, 1, 3, float("inf"))), _FEW_DIMS, KEEPDIM),
        (NORM,),
        least=1,
    ),
    _reduction("logsumexp", (_GIVEN_DIMS, KEEPDIM), least=1),
    _reduction("cumsum", (_GIVEN_DIM, DTYPE), dtype="sum", accepts="any"),
    _reduction("softmax", (_GIVEN_DIM, DTYPE), dtype="first or dtype"),
    _reduction("log_softmax", (_GIVEN_DIM, DTYPE), dtype="first or dtype"),
)

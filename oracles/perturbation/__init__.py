"""Many perturbed copies of one function, evaluated at once.

Two kinds of perturbation share a batch. *Directions* move an input: by a complex step, or by real ones.
*Noise* multiplies every intermediate, and every operand of an operator that rounds, by ``1 + noise * g`` with
fixed pseudo-random ``g`` of unit variance, the value and its tangent independently. To first order the result
then moves by ``noise * sum(g * sensitivity * value)`` over all intermediates of the forward computation, and,
since the tangents are the transposed cotangents, of the backward computation as well: the root mean
square over a few such patterns tells how much rounding errors of relative size one would change a result. The
idea is that of stochastic arithmetic (J. Vignes, "A stochastic arithmetic for reliable scientific
computation", 1993) with a linear noise in place of random rounding.

A batch is laid out as ``(blocks, rows, inner)``: one clean block and one for each noise pattern; rows of real
directions; an inner axis of imaginary ones. Row 0 of everything is the base point.
"""

from __future__ import annotations

from oracles.perturbation.analysis import Analysis, analyse, analyse_as
from oracles.perturbation.batch import Perturbed
from oracles.perturbation.directions import has_real_differences, stencil_gain
from oracles.perturbation.noise import Decision, Precision

__all__ = [
    "Analysis",
    "Decision",
    "Perturbed",
    "Precision",
    "analyse",
    "analyse_as",
    "has_real_differences",
    "stencil_gain",
]

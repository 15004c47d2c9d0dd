"""The faults, a file for each kind."""

from __future__ import annotations

from tests.faults.planting import Fault
from tests.faults.seeded import (
    accumulation,
    aliasing,
    cotangents,
    detach,
    dtypes,
    elementwise,
    graphs,
    indexing,
    leaves,
    modes,
    products,
    reductions,
    retaining,
    second_order,
    shapes,
    ties,
    unbroadcast,
    values,
)

FAULTS: tuple[Fault, ...] = (
    *unbroadcast.FAULTS,
    *reductions.FAULTS,
    *elementwise.FAULTS,
    *ties.FAULTS,
    *shapes.FAULTS,
    *indexing.FAULTS,
    *products.FAULTS,
    *values.FAULTS,
    *accumulation.FAULTS,
    *cotangents.FAULTS,
    *graphs.FAULTS,
    *leaves.FAULTS,
    *modes.FAULTS,
    *detach.FAULTS,
    *retaining.FAULTS,
    *second_order.FAULTS,
    *aliasing.FAULTS,
    *dtypes.FAULTS,
)

"""No fault that a real implementation has shipped is in the reference; PyTorch vouches for the triggers."""

from __future__ import annotations

import importlib

import pytest

import refimpl
from tests.faults.planting import Fault
from tests.faults.reported import Reported, reported
from tests.faults.seeded import FAULTS
from tests.refimpl.triggers import shows

ABSENT = {
    "RD15": "nansum",
    "RD24": "sort",
    "EW11": "elu",
    "EW22": "hardshrink",
    "EW25": "complex tensors",
    "AC01": "interpolate",
    "HO03": "layer_norm",
    "LA02": "einsum",
    "CV01": "conv2d",
    "CV03": "conv1d",
    "CV04": "conv3d",
}
"""What a trigger needs that the reference does not have; the test fails once it has it."""


PLANTED_ELSEWHERE = {
    "BC10": "in expand: the reference folds this batch into one matrix",
    "BC11": "in the bound of clamp: the reference composes this function of others",
    "RD05": "in sum, whose pullback gives the missing axis back",
    "EW13": "where an infinite cotangent comes in, which this trigger has none of",
    "SH02": "where the order of a permutation is inverted, from axes of three and more dimensions on",
    "SH04": "in the pullback of cat, for pieces of one shape",
    "IX10": "in indexing: the reference selects by a mask in memory that it orders itself",
    "PR02": "in exp, which this trigger does not use",
    "MD06": "in the mode that a walk without create_graph leaves",
    "AC16": "in data, which this trigger does not read",
    "HO06": "in the first gradient, whose dtype the second casts back",
    "GR04": "in whatever a leaf keeps: it is no view of a larger array",
}
"""Seeded faults that have the id of a reported one, and are planted where its trigger does not come by."""


def _on_the_reference(fault: Reported) -> object:
    if fault.id not in ABSENT:
        return pytest.param(fault, id=fault.id)
    missing = pytest.mark.xfail(
        raises=(AttributeError, NotImplementedError),
        strict=True,
        reason=f"the reference has no {ABSENT[fault.id]}",
    )
    return pytest.param(fault, id=fault.id, marks=missing)


@pytest.mark.parametrize("fault", [_on_the_reference(fault) for fault in reported().values()])
def test_the_reference_does_not_have_the_fault(fault: Reported) -> None:
    assert shows(refimpl, fault) == ""


PLANTED = [fault for fault in FAULTS if fault.id in reported() and fault.id not in ABSENT]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.id)
def test_the_trigger_shows_the_planted_fault(planted: Fault) -> None:
    with planted.plant():
        shown = _shown(reported()[planted.id])
    assert bool(shown) != (planted.id in PLANTED_ELSEWHERE), shown or "the trigger shows nothing"


def _shown(fault: Reported) -> str:
    try:
        return shows(refimpl, fault)
    except Exception as error:
        return repr(error)


@pytest.mark.parametrize("fault", reported().values(), ids=lambda fault: fault.id)
def test_pytorch_does_not_have_the_fault(fault: Reported) -> None:
    torch = importlib.import_module("torch")
    assert shows(torch, fault) == ""


def test_every_exception_is_one_of_the_faults() -> None:
    assert set(ABSENT) <= set(reported())
    assert set(PLANTED_ELSEWHERE) <= {fault.id for fault in PLANTED}

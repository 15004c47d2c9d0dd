"""No blind spot: one element of any pullback, off by a hair, is seen by programs that know nothing of it."""

from __future__ import annotations

import pytest

from tests.faults.blind_spots import HAIRS, Element, Hair, look, spots


@pytest.mark.parametrize("element", ["first", "last"])
@pytest.mark.parametrize("hair", HAIRS, ids=lambda hair: hair.dtype)
@pytest.mark.parametrize(("name", "operand"), list(spots()), ids=str)
def test_a_hair_is_seen(name: str, operand: int, hair: Hair, element: Element) -> None:
    outcome = look(name, operand, hair, element)
    assert outcome.kills, f"{hair.relative} in the {element} element of the gradient of {name}: {outcome}"

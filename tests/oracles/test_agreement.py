"""The SymPy and the PyTorch oracle give the same answers, over the whole vocabulary, to second order."""

from __future__ import annotations

import pytest

from oracles.pytorch import oracle as torch_oracle
from oracles.question import Oracle, Question
from oracles.symbolic import oracle as sympy_oracle
from tests.oracles.checks import answered, disagreement
from tests.oracles.functions import CASES, Case, composed, first_order, second_order

SYMPY: Oracle = sympy_oracle()
IDS = [f"{place}-{case.op}" for place, case in enumerate(CASES)]


@pytest.fixture(scope="module")
def torch() -> Oracle:
    return torch_oracle()


def test_the_cases_cover_both_tables(torch: Oracle) -> None:
    assert {case.op for case in CASES} == SYMPY.operators == torch.operators


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_both_oracles_agree(case: Case, seed: int, torch: Oracle) -> None:
    function = composed(case, seed)
    shapes = [answered(reply).value.shape for reply in SYMPY.values(Question(function, case.inputs))]
    first = first_order(function, case.inputs, shapes)
    second = second_order(first)
    pairs = [
        *zip(SYMPY.values(first), torch.values(first), strict=True),
        *zip(SYMPY.vjp(first), torch.vjp(first), strict=True),
        *zip(SYMPY.vjp(second), torch.vjp(second), strict=True),
    ]
    assert [wrong for ours, theirs in pairs if (wrong := disagreement(ours, theirs))] == []

"""The contested points: well-formed, PyTorch's choice first and truly its own, strict about what differs."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from conformance.adapters.torch_spelled import TorchSpelled
from conformance.catalogue import CATALOGUE
from conformance.programs.statements import Program
from conformance.trace import Tensor
from conformance.vectors import FILES, Acceptable, Case, Total, document, load

FACTOR = 8.0
CASES = load()
BY_ID = {case.id: case for case in CASES}
Gradients = Mapping[str, NDArray[Any] | None]


def gradients(program: Program, names: list[str]) -> dict[str, NDArray[Any] | None]:
    trace = TorchSpelled(torch).run(program)
    raised = [event for event in trace.events if event.status != "ok"]
    assert not raised, raised
    found: dict[str, NDArray[Any] | None] = {}
    for name in names:
        seen = trace.observed(name)
        assert seen is not None
        grad = seen["grad"]
        found[name] = grad.value if isinstance(grad, Tensor) else None
    return found


def tracked(case: Case) -> list[str]:
    return [leaf.name for leaf in case.leaves if leaf.requires_grad]


@pytest.mark.parametrize("name", FILES)
def test_each_file_follows_the_schema(name: str) -> None:
    schema = document("schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document(name))


def test_no_two_cases_share_an_id() -> None:
    repeated = [name for name, count in Counter(case.id for case in CASES).items() if count > 1]
    assert CASES
    assert repeated == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_case_is_whole(case: Case) -> None:
    assert case.operator in CATALOGUE
    assert all(step.op in CATALOGUE for step in case.steps)
    assert case.operator in {step.op for step in case.steps}
    sizes = {leaf.name: len(leaf.value.data) for leaf in case.leaves if leaf.requires_grad}
    for answer in case.acceptable:
        assert answer.gradients.keys() == sizes.keys()
        assert all(each is None or len(each) == sizes[name] for name, each in answer.gradients.items())
        assert all(set(total.leaves) <= sizes.keys() for total in answer.totals)
    assert [answer.source for answer in case.acceptable].count("PyTorch's choice") == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_pytorch_makes_the_choice_that_is_listed_first(case: Case) -> None:
    accepted = case.accepts(gradients(case.program, tracked(case)), FACTOR)
    assert accepted is not None
    # Choices change from release to release; the files name those of the release that the suite is pinned to.
    if torch.__version__.startswith("2.13."):
        assert accepted is case.acceptable[0]
        assert accepted.source == "PyTorch's choice"


def around(case: Case, name: str, position: int, value: float) -> Gradients:
    """PyTorch's answer with one element changed."""
    answer = gradients(case.program, tracked(case))
    changed = answer[name]
    assert changed is not None
    changed = changed.copy()
    changed.ravel()[position] = value
    return {**answer, name: changed}


@pytest.mark.parametrize(
    ("identity", "name", "position", "value"),
    [
        ("relu-at-zero", "x", 1, 0.5),
        ("relu-at-zero", "x", 1, float("nan")),
        ("sqrt-at-zero", "x", 0, -float("inf")),
        ("sqrt-at-zero", "x", 0, 1e300),
        ("sqrt-at-zero", "x", 0, float("nan")),
        ("sqrt-of-negative", "x", 0, 0.0),
        ("amax-tie", "x", 0, 3.0),
        ("maximum-tie", "x", 0, 3.0),
        ("amax-near-tie", "x", 0, 1.5),
        ("pow-exponent-at-zero-base", "b", 0, float("nan")),
        ("where-nan-value", "b", 0, float("nan")),
        ("where-shielded-twice", "x", 1, float("nan")),
        ("prod-two-zeros-second-order", "x", 3, 0.0),
        ("pow-two-at-zero", "x", 0, 1e-300),
        ("log-softmax-with-minus-inf", "x", 1, -2.86552929),
    ],
)
def test_what_is_not_listed_is_refused(identity: str, name: str, position: int, value: float) -> None:
    case = BY_ID[identity]
    assert case.accepts(around(case, name, position, value), FACTOR) is None


@pytest.mark.parametrize(
    ("identity", "answer", "source"),
    [
        ("relu-at-zero", {"x": [0.0, -1.5, 0.5]}, "any subgradient"),
        ("amax-tie", {"x": [3.0, 0.0, 0.0]}, "any subgradient"),
        ("maximum-tie", {"x": [1.0], "z": [2.0]}, "any subgradient"),
        ("where-nan-in-branch-not-taken", {"x": [0.5, -6.0]}, "limit"),
        ("sqrt-at-zero-zero-cotangent", {"x": [0.0, -0.75]}, "limit"),
        ("log-of-negative", {"x": [float("nan"), -1.5]}, "IEEE arithmetic"),
    ],
)
def test_another_choice_is_accepted_with_its_source(
    identity: str, answer: dict[str, list[float]], source: str
) -> None:
    case = BY_ID[identity]
    shapes = {leaf.name: leaf.value.shape for leaf in case.leaves}
    found = case.accepts({name: np.reshape(each, shapes[name]) for name, each in answer.items()}, FACTOR)
    assert found is not None
    assert found.source == source


def test_a_missing_gradient_is_not_a_zero_one() -> None:
    assert BY_ID["prod-two-zeros"].accepts({"x": None}, FACTOR) is None
    assert BY_ID["pow-two-third-order-at-zero"].accepts({"x": None}, FACTOR) is not None


def test_a_gradient_of_another_shape_is_refused() -> None:
    assert BY_ID["relu-at-zero"].accepts({"x": np.array([[0.0, 0.0, 0.5]])}, FACTOR) is None


def test_a_total_binds_what_the_intervals_leave_open() -> None:
    case = BY_ID["maximum-tie"]
    both: Gradients = {"x": np.asarray(3.0), "z": np.asarray(3.0)}
    free = Acceptable(case.acceptable[1].gradients, "without its total", "any subgradient")
    assert case.acceptable[1].totals == (Total(("x", "z"), 3.0),)
    assert case.accepts(both, FACTOR) is None
    assert Case(**{**vars(case), "acceptable": (free,)}).accepts(both, FACTOR) is free

"""The NumPy forward computes what PyTorch computes, one point at a time and many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oracles.forward import OPERATORS, Forward, Unsupported, apply
from oracles.numpy_table.row import Row, row
from oracles.perturbation import Perturbed
from oracles.pytorch import oracle as torch_oracle
from oracles.question import Function, Literal, Oracle, Question, Ref, Slice, Vjp
from oracles.rounding import rounding
from tests.oracles.checks import accepts
from tests.oracles.functions import CASES, Case, composed

IDS = [f"{place}-{case.op}" for place, case in enumerate(CASES)]


@pytest.fixture(scope="module")
def torch() -> Oracle:
    return torch_oracle()


def evaluated(function: Function, inputs: tuple[Literal, ...]) -> tuple[Any, ...]:
    return function(Forward(), *(literal.array() for literal in inputs))


def test_the_table_has_a_row_for_every_operator_of_the_other_oracles(torch: Oracle) -> None:
    assert torch.operators == OPERATORS


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_values_are_those_of_torch(case: Case, torch: Oracle) -> None:
    function = composed(case, 0)
    outputs = evaluated(function, case.inputs)
    for output, reply in zip(outputs, torch.values(Question(function, case.inputs)), strict=True):
        assert accepts(reply, output)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_batch_gives_what_its_rows_give(case: Case) -> None:
    function = composed(case, 1)
    bound_of = rounding(Question(function, case.inputs))
    tied = any((decision.distance < 0.01).any() for decision in bound_of.decisions)
    shifts = (0.0, 0.0, 0.0) if tied else (0.0, 2.0**-12, -(2.0**-11))
    points = [[literal.array() + shift for literal in case.inputs] for shift in shifts]
    stacked = [np.stack(rows) for rows in zip(*points, strict=True)]
    batched = function(Perturbed(1, rows=len(shifts)), *stacked)
    for place, point in enumerate(points):
        single = function(Forward(), *point)
        for many, one, bound in zip(batched, single, bound_of.value_bounds, strict=True):
            row_of_many = many[place] if many.shape[0] > 1 else many[0]
            assert row_of_many.shape == one.shape
            assert (np.abs(row_of_many - one) <= 2 * bound).all()


@pytest.mark.parametrize(
    ("op", "args", "params", "expected"),
    [
        ("add", (np.array([1, 2], np.int32), 3), {}, np.array([4, 5], np.int32)),
        ("mul", (np.array([100], np.int8), np.array([2], np.int8)), {}, np.array([-56], np.int8)),
        ("sum", (np.array([True, True]),), {}, np.array(2)),
        ("gt", (np.array([1.5, -1.0]), 0), {}, np.array([True, False])),
        ("argmax", (np.array([[1.0, 3.0], [5.0, 2.0]]),), {"dim": 1}, np.array([1, 0])),
        ("div", (np.array([7, -7]), 2), {"rounding_mode": "trunc"}, np.array([3, -3])),
        ("to", (np.array([1.9, -1.9]),), {"dtype": "int64"}, np.array([1, -1])),
        ("add", (np.array([1], np.float32), np.array([2], np.float16)), {}, np.array([3.0])),
        ("sum", (np.array([1, 2]),), {"dtype": "float32"}, np.array(3.0)),
        ("exp", (np.array(0),), {}, np.array(1.0)),
    ],
)
def test_integers_stay_themselves_and_floats_are_float64(
    op: str, args: tuple[Any, ...], params: dict[str, Any], expected: Any
) -> None:
    (result,) = apply(op, args, params)
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    assert (result == expected).all()


@pytest.mark.parametrize("op", ["sum", "mean", "prod", "cumsum", "neg", "exp", "softmax", "norm", "var"])
@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_zero_size_operands(op: str, shape: tuple[int, ...]) -> None:
    params = {"dim": -1} if op in ("cumsum", "softmax") else {}
    (result,) = apply(op, (np.zeros(shape),), params)
    assert result.shape == (() if op in ("sum", "mean", "prod", "norm", "var") else shape)


@pytest.mark.parametrize(
    ("op", "args", "params", "error"),
    [
        ("add", (np.zeros(2), np.zeros(3)), {}, ValueError),
        ("matmul", (np.zeros((2, 3)), np.zeros((2, 3))), {}, ValueError),
        ("matmul", (np.zeros(()), np.zeros(3)), {}, ValueError),
        ("sum", (np.zeros(3),), {"dim": 1}, IndexError),
        ("sum", (np.zeros((3, 3)),), {"dim": (0, -2)}, ValueError),
        ("reshape", (np.zeros(6),), {"shape": (4, -1)}, ValueError),
        ("expand", (np.zeros((2, 3)),), {"sizes": (3,)}, ValueError),
        ("expand", (np.zeros((2, 3)),), {"sizes": (4, 3)}, ValueError),
        ("cat", ((np.zeros((2, 3)), np.zeros((3, 2))),), {"dim": 0}, ValueError),
        ("cat", ((np.zeros(()),),), {}, ValueError),
        ("stack", ((np.zeros(2), np.zeros(3)),), {}, ValueError),
        ("split", (np.zeros(4),), {"split_size_or_sections": (1, 2)}, ValueError),
        ("split", (np.zeros(()),), {"split_size_or_sections": 1}, ValueError),
        ("chunk", (np.zeros(4),), {"chunks": 0}, ValueError),
        ("select", (np.zeros(3),), {"dim": 0, "index": 3}, IndexError),
        ("narrow", (np.zeros(3),), {"dim": 0, "start": 2, "length": 2}, IndexError),
        ("flatten", (np.zeros((2, 3)),), {"start_dim": 1, "end_dim": 0}, ValueError),
        ("mT", (np.zeros(3),), {}, ValueError),
        ("clamp", (np.zeros(3),), {}, ValueError),
        ("div", (np.array([1]), np.array([0])), {"rounding_mode": "floor"}, ZeroDivisionError),
        ("div", (np.zeros(1), np.ones(1)), {"rounding_mode": "up"}, ValueError),
        ("pow", (np.array([2]), -1), {}, ValueError),
        ("neg", (np.array([True]),), {}, TypeError),
        ("gather", (np.zeros(3), np.array([3])), {"dim": 0}, IndexError),
        ("gather", (np.zeros(3), np.array([[0]])), {"dim": 0}, ValueError),
        ("gather", (np.zeros(3), np.array([0.0])), {"dim": 0}, TypeError),
        ("index_select", (np.zeros(3), np.array([-1])), {"dim": 0}, IndexError),
        ("__getitem__", (np.zeros(3), 3), {}, IndexError),
        ("__getitem__", (np.zeros(3), (0, 0)), {}, IndexError),
        ("__getitem__", (np.zeros(3), (Ellipsis, Ellipsis)), {}, IndexError),
        ("__getitem__", (np.zeros(3), Slice(None, None, -1)), {}, ValueError),
        ("__getitem__", (np.zeros(3), np.array([True, False])), {}, IndexError),
        ("__getitem__", (np.zeros(3), np.array([0.5])), {}, IndexError),
        ("setitem", (np.zeros(3), Slice(0, 2), np.zeros(3)), {}, ValueError),
        ("slice_scatter", (np.zeros(3), np.zeros(2)), {"dim": 0, "end": 1}, ValueError),
    ],
)
def test_operands_that_do_not_fit_are_refused(
    op: str, args: tuple[Any, ...], params: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        apply(op, args, params)


def test_an_operator_without_a_row_is_named() -> None:
    with pytest.raises(Unsupported, match="no row for 'bessel'"):
        apply("bessel", (np.zeros(1),), {})


def test_the_forward_knows_no_gradients() -> None:
    inner = Function(1, (), (Ref(0),))
    function = Function(1, (Vjp(inner, (Ref(0),), (Ref(0),), (0,)),), (Ref(1),))
    with pytest.raises(Unsupported, match="no gradients"):
        function(Forward(), np.ones(2))


def test_operands_are_left_as_they_are() -> None:
    x = np.array([3.0, 1.0, 2.0])
    apply("setitem", (x, 0, 9.0), {})
    apply("cumsum", (x,), {"dim": 0})
    assert x.tolist() == [3.0, 1.0, 2.0]


def test_no_operator_has_two_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    table: dict[str, Row] = {}
    monkeypatch.setattr("oracles.numpy_table.row.TABLE", table)
    row("twice")(abs)
    with pytest.raises(ValueError, match="two rows for 'twice'"):
        row("twice")(abs)

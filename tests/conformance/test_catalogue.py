"""The catalogue: facts that hang together, kinks where they say, a table for everything that a row names."""

from typing import Any, get_args

import numpy as np
import pytest

from conformance.catalogue import CATALOGUE, FUNCTIONALISED, Row, domains, find, missing
from conformance.catalogue.domains import DOMAINS, Domain, Kink, groups, reduced_axes
from conformance.catalogue.row import ParamKind, Shapes
from conformance.dtypes import RULES
from conformance.programs.strategies.families import FAMILIES
from conformance.programs.strategies.parameters import CHOOSE
from conformance.vectors import load

ROWS = list(CATALOGUE.values())
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@each_row
def test_a_row_names_only_what_exists(row: Row) -> None:
    assert CATALOGUE[row.name] is row
    assert row.shapes in FAMILIES
    assert row.dtype in RULES
    assert all(param.kind in CHOOSE or param.kind in ("dtype", "other dtype") for param in row.params)
    assert len({param.name for param in row.params}) == len(row.params)
    assert all((param.kind == "choice") == bool(param.choices) for param in row.params)
    assert 0 <= row.rank[0] <= row.rank[1] <= 4


def test_no_kind_and_no_family_is_left_over() -> None:
    kinds = {param.kind for row in ROWS for param in row.params}
    assert kinds == set(get_args(ParamKind))
    assert {row.shapes for row in ROWS} == set(get_args(Shapes)) == set(FAMILIES)


@each_row
def test_a_step_function_and_a_choice_are_not_analytic(row: Row) -> None:
    steps = {"nn.functional.relu", "abs", "sign", "floor", "ceil", "trunc", "round"}
    assert not (row.analytic and row.name in steps)
    assert not (row.analytic and any(kink.where.startswith("the largest") for kink in row.kinks))


def test_every_kink_of_a_differentiable_operator_is_a_contested_point_with_a_case() -> None:
    cases = {case.operator for case in load()}
    assert [row.name for row in ROWS if row.kinks and row.differentiable and row.name not in cases] == []


# For each kink a call on it and a call off it, by how far.
KINKS: list[tuple[Kink, tuple[Any, ...], dict[str, Any], float]] = [
    (domains.AT_ZERO, (np.array([1.0, 0.0]),), {}, 0.0),
    (domains.AT_ZERO, (np.array([1.0, -0.25]),), {}, 0.25),
    (domains.AT_INTEGERS, (np.array([1.5, -2.0]),), {}, 0.0),
    (domains.AT_INTEGERS, (np.array([1.5, -2.25]),), {}, 0.25),
    (domains.AT_HALVES, (np.array([2.5]),), {}, 0.0),
    (domains.AT_HALVES, (np.array([2.25, 3.0]),), {}, 0.25),
    (domains.EQUAL_OPERANDS, (np.array([1.0, 2.0]), np.array([2.0])), {}, 0.0),
    (domains.EQUAL_OPERANDS, (np.array([1.0, 3.0]), np.array([2.5])), {}, 0.5),
    (domains.INTEGRAL_QUOTIENT, (np.array([6.0]), np.array([2.0])), {}, 0.0),
    (domains.INTEGRAL_QUOTIENT, (np.array([6.5]), np.array([2.0])), {}, 0.25),
    (domains.ROUNDED_QUOTIENT, (np.array([6.0]), np.array([2.0])), {}, np.inf),
    (domains.ROUNDED_QUOTIENT, (np.array([6.0]), np.array([2.0])), {"rounding_mode": "floor"}, 0.0),
    (domains.AT_BOUNDS, (np.array([1.0, 2.0]),), {"min": 2.0}, 0.0),
    (domains.AT_BOUNDS, (np.array([1.0, 2.0]), None, np.array([1.5])), {}, 0.5),
    (domains.AT_BOUNDS, (np.array([0.0]),), {"min": 1.0, "max": 1.0}, 0.0),
    (domains.BOTH_ZERO, (np.array([0.0]), np.array([0.0])), {}, 0.0),
    (domains.BOTH_ZERO, (np.array([0.0]), np.array([-2.0])), {}, 2.0),
    (domains.POWER, (np.array([-2.0]), 3), {}, 2.0),
    (domains.POWER, (np.array([-2.0]), 0.5), {}, -2.0),
    (domains.POWER, (np.array([-2.0]), np.array([3.0])), {}, -2.0),
    (domains.TIED_LARGEST, (np.array([[1.0, 3.0], [3.0, 2.0]]),), {}, 0.0),
    (domains.TIED_LARGEST, (np.array([[1.0, 3.0], [3.0, 2.0]]),), {"dim": 0}, 1.0),
    (domains.TIED_SMALLEST, (np.array([1.0, 3.0, 1.0]),), {"dim": -1}, 0.0),
    (domains.TIED_SMALLEST, (np.array([1.0, 3.0, 3.0]),), {}, 2.0),
    (domains.NO_SPREAD, (np.array([[1.0, 1.0], [3.0, 2.0]]),), {"dim": 1}, 0.0),
    (domains.NO_SPREAD, (np.array([1.0, 3.0]),), {}, 1.0),
    (domains.NORM, (np.array([0.0, 0.0]),), {}, 0.0),
    (domains.NORM, (np.array([0.0, 4.0]),), {}, 4.0),
    (domains.NORM, (np.array([0.0, 4.0]),), {"p": 1}, 0.0),
    (domains.NORM, (np.array([4.0, -4.0]),), {"p": float("inf")}, 0.0),
]


@pytest.mark.parametrize(("kink", "args", "params", "distance"), KINKS)
def test_a_kink_is_where_it_says(
    kink: Kink, args: tuple[Any, ...], params: dict[str, Any], distance: float
) -> None:
    assert kink.distance(args, params) == distance


def test_every_kink_of_the_catalogue_is_tried_above() -> None:
    assert {kink for row in ROWS for kink in row.kinks} == {kink for kink, *_ in KINKS}


def test_nothing_is_no_kink_and_nan_is_one() -> None:
    assert domains.AT_ZERO.distance((np.zeros((0,)),), {}) == np.inf
    assert domains.TIED_LARGEST.distance((np.zeros((0, 3)),), {"dim": 1}) == np.inf
    assert domains.AT_ZERO.distance((np.array([np.nan]),), {}) == 0.0


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_a_domain_has_the_numbers_it_says(domain: Domain) -> None:
    points = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]
    holds = {
        "real": points,
        "nonzero": [-2.0, -1.0, -0.5, 0.5, 1.0, 2.0],
        "positive": [0.5, 1.0, 2.0],
        "above -1": [-0.5, 0.0, 0.5, 1.0, 2.0],
        "above 1": [2.0],
        "unit interval": [0.5],
        "signed unit interval": [-0.5, 0.0, 0.5],
    }
    assert [point for point in points if domain.inside(np.asarray(point)) > 0] == holds[domain.name]


def test_groups_are_the_elements_reduced_together() -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    assert groups(x, None).shape == (1, 12)
    assert groups(x, (0, -1)).tolist() == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]]
    assert groups(np.asarray(5.0), -1).tolist() == [[5.0]]
    assert reduced_axes((2, 3), (-1,)) == (1,)


def test_an_unknown_operator_is_named_with_those_that_sound_alike() -> None:
    with pytest.raises(KeyError, match=r"no operator 'relu'.*did you mean nn\.functional\.relu\?"):
        find("relu")
    with pytest.raises(KeyError, match="no operator 'frobnicate' in the catalogue"):
        find("frobnicate")


def test_missing_rows_are_named_table_by_table() -> None:
    everything = set(CATALOGUE)
    assert missing({"whole": everything}) == {}
    assert missing({"whole": everything, "holed": everything - {"tan", "add"}}) == {"holed": ("add", "tan")}
    assert missing({"none": ()})["none"] == tuple(CATALOGUE)


def test_functionalised_operators_are_rows() -> None:
    assert {"setitem", "copy", "fill"} == FUNCTIONALISED
    assert set(CATALOGUE) > FUNCTIONALISED

"""What PyTorch's own rounding really does lies within the bound, and the bound is not much larger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from oracles.forward import Forward
from oracles.question import Apply, CannotAnswer, Constant, Freeze, Function, Literal, Question, Ref, Step
from oracles.rounding import Rounding, rounding, smallest_subnormal, unit_roundoff
from tests.oracles.checks import ask
from tests.oracles.functions import Builder, literal
from tests.oracles.random_functions import first_order, second_order
from tests.oracles.torch_in import Real, run

Pair = tuple[Real, Real]


def compared(question: Question, dtype: str) -> tuple[list[Pair], list[Pair]] | None:
    """The error and its bound, for each output and each gradient; None where the dtype cannot tell."""
    bounds = rounding(question, dtype)
    if bounds.undecided() or bounds.overflows:
        return None
    exact, rounded = run(question, "float64"), run(question, dtype)
    if not all(np.isfinite(array).all() for results in (*exact, *rounded) for array in results):
        return None
    pairs = []
    for true, seen, allowed in zip(
        exact, rounded, (bounds.value_bounds, bounds.gradient_bounds), strict=True
    ):
        errors = [np.abs(a - b) for a, b in zip(true, seen, strict=True)]
        pairs.append(list(zip(errors, allowed, strict=True)))
    return pairs[0], pairs[1]


def ratios(pairs: list[Pair]) -> list[float]:
    """The largest error of each array in units of its bound; infinite where the bound is zero or NaN."""
    found = []
    for error, bound in pairs:
        seen = error > 0
        found.append(float(np.nan_to_num(error[seen] / bound[seen], nan=np.inf).max(initial=0.0)))
    return found


def survey(make: Callable[[int], Question], seeds: range, dtype: str) -> tuple[list[float], list[float]]:
    values: list[float] = []
    gradients: list[float] = []
    with np.errstate(all="ignore"):
        for seed in seeds:
            pairs = compared(make(seed), dtype)
            if pairs is not None:
                values += ratios(pairs[0])
                gradients += ratios(pairs[1])
    return values, gradients


@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize(
    ("make", "dtype", "count"),
    [(first_order, "float32", 250), (first_order, "float16", 250), (second_order, "float32", 60)],
    ids=["float32", "float16", "second-order-float32"],
)
def test_rounding_stays_within_the_bound(
    make: Callable[[int], Question], dtype: str, count: int, block: int
) -> None:
    for found in survey(make, range(count * block, count * (block + 1)), dtype):
        assert len(found) > count / 2
        assert max(found) <= 1
        # nor is the bound far away: the typical error of an array is a few hundredths of it
        assert np.median([ratio for ratio in found if ratio > 0]) > 0.01


@pytest.mark.parametrize(
    ("op", "x", "params"),
    [
        ("tanh", [9.0, -5.0, 0.01], {}),
        ("sigmoid", [15.0, -15.0, 0.3], {}),
        ("expm1", [-12.0, -1e-4, 3.0], {}),
        ("softmax", [3.0, 19.0, -2.0], {"dim": 0}),
        ("log_softmax", [3.0, 19.0, -2.0], {"dim": 0}),
        ("logsumexp", [70.0, 69.0, 75.0], {"dim": 0}),
        ("sum", [1e6, 1.0, -1e6], {}),
        ("mean", [1e6, 1.0, -1e6], {}),
        ("cumsum", [1e6, 1.0, -1e6], {"dim": 0}),
        ("var", [1000.0, 1000.5, 1000.25], {}),
        ("std", [1000.0, 1000.5, 1000.25], {}),
        ("prod", [0.1, 30.0, -7.0, 0.003], {}),
        ("norm", [1e-18, 2e-18], {}),
        ("sin", [3.14159, 6.28318], {}),
        ("tan", [1.5706, 4.712], {}),
        ("log", [1.0001, 0.9999], {}),
        ("exp", [-95.0, 80.0], {}),
        ("square", [1e-20, 1e-22], {}),
    ],
)
@pytest.mark.parametrize("end", ["sum", "square", "log"])
def test_cancellation_saturation_and_underflow(
    op: str, x: list[float], params: dict[str, Any], end: str
) -> None:
    builder = Builder(1)
    y = builder.apply(op, builder.inputs[0], **params)
    y = builder.apply("log", builder.apply("square", y)) if end == "log" else builder.apply(end, y)
    function = builder.function(y)
    inputs = (Literal.of(np.array(x, np.float32).astype(np.float64)),)
    shape = function(Forward(), inputs[0].array())[0].shape
    cotangent = (
        np.linspace(0.7, 1.9, int(np.prod(shape))).astype(np.float16).astype(np.float64).reshape(shape)
    )
    pairs = compared(Question(function, inputs, (literal(cotangent),)), "float32")
    if pairs is not None:
        assert max(ratios(pairs[0] + pairs[1])) <= 1


def test_equal_elements_have_a_variance_of_rounding_errors_alone() -> None:
    x = np.full(7, 0.1, np.float32).astype(np.float64)
    builder = Builder(1)
    function = builder.function(builder.apply("var", builder.inputs[0]))
    pairs = compared(Question(function, (literal(x),), (literal(1.5),)), "float32")
    assert pairs is not None
    assert max(ratios(pairs[0] + pairs[1])) <= 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_wrong_pullback_is_seen(dtype: str) -> None:
    error = {"float32": 1e-3, "float64": 1e-6}[dtype]
    seen = total = 0
    for seed in range(200):
        question = first_order(seed)
        _, gradients = run(question, "float64")
        for gradient, bound in zip(gradients, rounding(question, dtype).gradient_bounds, strict=True):
            size = np.abs(gradient[np.isfinite(gradient) & (gradient != 0) & np.isfinite(bound)])
            seen += int(
                (error * size > bound[np.isfinite(gradient) & (gradient != 0) & np.isfinite(bound)]).sum()
            )
            total += size.size
    assert total > 400
    assert seen > 0.9 * total


def bounds(*steps: Step, x: Any = (1.5, -2.0), dtype: str = "float32") -> Rounding:
    function = Function(1, steps, (Ref(len(steps)),))
    shape = np.shape(x)
    return rounding(Question(function, (literal(x, "float64"),), (literal(np.full(shape, 0.7)),)), dtype)


def test_what_rounds_nothing_has_no_allowance() -> None:
    found = bounds(Apply("neg", (Ref(0),)), Apply("flip", (Ref(1),), (("dims", 0),)), Apply("abs", (Ref(2),)))
    assert found.value_bounds[0].tolist() == found.gradient_bounds[0].tolist() == [0.0, 0.0]


def test_a_gradient_added_up_from_two_uses_is_rounded() -> None:
    steps = (Apply("stack", ((Ref(0), Ref(0)),)),)
    question = Question(Function(1, steps, (Ref(1),)), (literal([1.0]),), (literal([[0.1], [0.7]]),))
    assert 0 < rounding(question).gradient_bounds[0] < 1e-14


def test_a_scalar_that_the_dtype_cannot_hold_is_rounded() -> None:
    mask = Constant(Literal.of(np.array([True, False])))
    for value, exact in ((0.5, True), (0.1, False)):
        fill = Apply("masked_fill", (Ref(0), Ref(1)), (("value", value),))
        found = bounds(mask, fill)
        assert (found.value_bounds[0][0] == 0) == exact


def test_constants_are_rounded_once_they_are_computed_with() -> None:
    steps = (Constant(literal(3.0)), Apply("sqrt", (Ref(0),)), Apply("add", (Ref(1), 1.0)), Freeze(Ref(2)))
    found = rounding(Question(Function(0, steps, (Ref(3),)), ()))
    assert 0 < found.value_bounds[0] < 1e-14


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_unit_roundoff_is_half_an_ulp_of_one(dtype: str) -> None:
    one = np.ones((), dtype)
    half = one.dtype.type(unit_roundoff(dtype))
    assert one + half == one
    assert one + np.nextafter(half, one) > one
    assert np.nextafter(np.zeros((), dtype), one) == smallest_subnormal(dtype)


@pytest.mark.parametrize("ask_for", [unit_roundoff, lambda dtype: rounding(ask("neg", [1.0]), dtype)])
def test_integers_have_no_rounding(ask_for: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match="int64 has no unit roundoff"):
        ask_for("int64")


def test_decisions_within_rounding_are_reported() -> None:
    third = (Apply("div", (Ref(0), 3.0)), Apply("mul", (Ref(1), 3.0)), Apply("floor", (Ref(2),)))
    assert bounds(*third, x=[1.0]).undecided() == "floor"
    assert bounds(*third, x=[1.5]).undecided() is None


@pytest.mark.parametrize("op", ["floor", "abs", "nn.functional.relu"])
def test_a_tie_of_exact_values_is_decided(op: str) -> None:
    assert bounds(Apply(op, (Ref(0),)), x=[0.0]).undecided() is None


def test_half_precision_decides_less_than_double() -> None:
    steps = (Apply("mul", (Ref(0), 1.001)), Apply("gt", (Ref(1), 1.0)), Apply("where", (Ref(2), Ref(1), 0.5)))
    assert bounds(*steps, x=[1.0], dtype="float64").undecided() is None
    assert bounds(*steps, x=[1.0], dtype="float16").undecided() == "gt"


def test_overflow_is_foreseen() -> None:
    square = Apply("square", (Ref(0),))
    assert bounds(square, x=[300.0], dtype="float16").overflows
    assert not bounds(square, x=[300.0], dtype="float32").overflows


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_what_is_not_finite_gets_no_allowance(dtype: str) -> None:
    found = bounds(Apply("log", (Ref(0),)), x=[-1.0, 2.0], dtype=dtype)
    assert not found.value_bounds[0][0] > 0
    assert np.isfinite(found.value_bounds[0][1])


def test_an_operator_without_a_row_has_no_bound() -> None:
    with pytest.raises(CannotAnswer, match="bessel"):
        bounds(Apply("bessel", (Ref(0),)))

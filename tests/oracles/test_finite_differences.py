"""Differences of the NumPy forward: right within their bound, tight, and silent where they cannot know."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

from oracles.finite_differences import oracle
from oracles.pytorch import oracle as torch_oracle
from oracles.question import (
    Abstain,
    Answer,
    Apply,
    Constant,
    Freeze,
    Function,
    Literal,
    Oracle,
    Question,
    Ref,
    Reply,
    Step,
    Vjp,
)
from oracles.rounding import rounding
from tests.oracles.checks import accepts, answered, ask, disagreement, reason
from tests.oracles.derivatives import KNOWN, NAMES, Known
from tests.oracles.functions import CASES, Builder, Case, composed, first_order, literal, second_order
from tests.oracles.random_functions import first_order as random_first_order
from tests.oracles.random_functions import second_order as random_second_order
from tests.oracles.torch_in import run

DIFFERENCES: Oracle = oracle()
IDS = [f"{place}-{case.op}" for place, case in enumerate(CASES)]


@pytest.fixture(scope="module")
def torch() -> Oracle:
    return torch_oracle()


def looseness(replies: Sequence[Reply]) -> float:
    """The largest bound, beside the largest derivative where that is more than one."""
    answers = list(map(answered, replies))
    largest = max(np.abs(answer.value).max(initial=1.0) for answer in answers)
    return float(max(answer.bound.max(initial=0.0) for answer in answers) / largest)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_they_agree_with_torch_to_second_order(case: Case, seed: int, torch: Oracle) -> None:
    function = composed(case, seed)
    values = DIFFERENCES.values(Question(function, case.inputs))
    first = first_order(function, case.inputs, [answered(reply).value.shape for reply in values])
    second = second_order(first)
    gradients, mixed = DIFFERENCES.vjp(first), DIFFERENCES.vjp(second)
    pairs = [
        *zip(values, torch.values(first), strict=True),
        *zip(gradients, torch.vjp(first), strict=True),
        *zip(mixed, torch.vjp(second), strict=True),
    ]
    assert [wrong for ours, theirs in pairs if (wrong := disagreement(ours, theirs))] == []
    assert looseness(gradients) < 1e-12
    assert looseness(mixed) < 1e-7


@pytest.mark.parametrize("known", KNOWN, ids=NAMES)
def test_true_derivatives_are_accepted_and_false_ones_are_not(known: Known) -> None:
    replies = DIFFERENCES.vjp(known.question)
    for reply, true in zip(replies, known.true, strict=True):
        assert accepts(reply, true)
        assert not np.any(true) or not accepts(reply, np.asarray(true) * (1 + 1e-6))
    for false in known.false:
        assert not accepts(replies[0], false)


def bounded(seed: int, second: bool) -> list[tuple[int, float]]:
    """The largest error in units of both bounds, ours and torch's, of each gradient of a random function."""
    question = (random_second_order if second else random_first_order)(seed)
    replies = DIFFERENCES.vjp(question)
    if any(isinstance(reply, Abstain) for reply in replies):
        return []
    _, gradients = run(question, "float64")
    slack = rounding(question).gradient_bounds
    errors = []
    for reply, gradient, rounded in zip(replies, gradients, slack, strict=True):
        answer = answered(reply)
        error = np.abs(answer.value - gradient)
        allowed = answer.bound + rounded
        errors.append((seed, float((error[error > 0] / allowed[error > 0]).max(initial=0.0))))
    return errors


@pytest.mark.parametrize("block", range(10))
def test_random_functions_lie_within_the_bound(block: int) -> None:
    errors = [
        error for seed in range(150 * block, 150 * (block + 1)) for error in bounded(seed, second=False)
    ]
    assert len(errors) > 100
    assert [error for error in errors if not error[1] <= 1] == []


@pytest.mark.parametrize("block", range(5))
def test_random_second_derivatives_lie_within_the_bound(block: int) -> None:
    errors = [error for seed in range(60 * block, 60 * (block + 1)) for error in bounded(seed, second=True)]
    assert len(errors) > 40
    assert [error for error in errors if not error[1] <= 1] == []


SMOOTH: dict[str, Any] = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "sqrt": mpmath.sqrt,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
}


@pytest.mark.parametrize("seed", range(300))
def test_chains_of_elementary_functions_to_fifty_digits(seed: int) -> None:
    draw = random.Random(seed)
    names = [draw.choice(list(SMOOTH)) for _ in range(draw.randint(1, 4))]
    x = round(draw.uniform(0.05, 2.5), 3)

    def chain(t: Any) -> Any:
        for name in names:
            t = SMOOTH[name](t) + 1.25
        return t

    builder = Builder(1)
    y = builder.inputs[0]
    for name in names:
        y = builder.apply("add", builder.apply(name, y), 1.25)
    first = Question(builder.function(y), (literal(x),), (literal(1.0),))
    with mpmath.workdps(50):
        value = chain(mpmath.mpf(x))
        derivatives = [mpmath.diff(chain, mpmath.mpf(x), order) for order in (1, 2)]
        if not all(mpmath.im(number) == 0 and abs(number) < 1e12 for number in (value, *derivatives)):
            return
        replies = (
            DIFFERENCES.values(first)[0],
            DIFFERENCES.vjp(first)[0],
            DIFFERENCES.vjp(second_of(first))[0],
        )
        for reply, truth in zip(replies, (value, *derivatives), strict=True):
            answer = answered(reply)
            assert abs(mpmath.mpf(float(answer.value)) - truth) <= float(answer.bound)


def second_of(question: Question) -> Question:
    """The derivative of the derivative of a function of one number."""
    builder = Builder(1)
    one = builder.constant(1.0)
    (gradient,) = builder.append(Vjp(question.function, builder.inputs, (one,), (0,)))
    return Question(builder.function(gradient), question.inputs, (literal(1.0),))


def test_third_order() -> None:
    x = np.array([0.75, -1.5])
    cube = Function(1, (Apply("pow", (Ref(0), 5)),), (Ref(1),))
    ones = literal(np.ones(2))
    for order in range(3):
        replies = DIFFERENCES.vjp(Question(cube, (literal(x),), (ones,)))
        truth = [5 * x**4, 20 * x**3, 60 * x**2][order]
        assert accepts(replies[0], truth)
        assert not accepts(replies[0], truth * (1 + 1e-5))
        builder = Builder(1)
        seed = builder.constant(np.ones(2))
        cube = builder.function(*builder.append(Vjp(cube, builder.inputs, (seed,), (0,))))


KINKS = [
    ("abs", ask("abs", [1.0, 0.0])),
    ("relu", ask("nn.functional.relu", [0.0])),
    ("relu", ask("nn.functional.relu", [-0.0])),
    ("maximum", ask("maximum", [1.0, 2.0], [3.0, 2.0])),
    ("amax", ask("amax", [2.0, 1.0, 2.0])),
    ("max", ask("max", [2.0, 1.0, 2.0])),
    ("min", ask("min", [[1.0, 1.0]], dim=1, results=2)),
    ("clamp", ask("clamp", [0.5, 1.0], max=1.0)),
    ("norm", ask("norm", [0.0, 0.0])),
    ("norm with p=1", ask("norm", [0.0, 1.0], p=1)),
    ("norm with p=inf", ask("norm", [-2.0, 0.0], p=float("inf"))),
    ("std", ask("std", [1.5, 1.5])),
    ("sqrt", ask("sqrt", [0.0])),
    ("log", ask("log", [0.0])),
    ("pow", ask("pow", [0.0], numbers=(1.5,))),
    ("floor", ask("floor", [2.0])),
    ("round", ask("round", [2.5])),
    ("trunc", ask("trunc", [-1.0])),
    ("sign", ask("sign", [0.0])),
    ("remainder", ask("remainder", [4.0], numbers=(2.0,))),
    ("fmod", ask("fmod", [-4.0], numbers=(2.0,))),
    ("div with rounding_mode floor", ask("div", [4.0], numbers=(2.0,), rounding_mode="floor")),
    ("atan2", ask("atan2", [0.0], [0.0])),
]


@pytest.mark.parametrize(("what", "question"), KINKS, ids=[what for what, _ in KINKS])
def test_a_kink_gets_no_answer(what: str, question: Question) -> None:
    assert f"kink of {what}" in reason(DIFFERENCES.vjp(question))


def function_of(*steps: Step, arity: int = 1) -> Function:
    return Function(arity, steps, (Ref(arity + len(steps) - 1),))


def test_within_rounding_of_a_kink_there_is_no_answer() -> None:
    # (x + 1) - 1 is 2**-52 in float64, and 3e-16 in truth
    steps = (Apply("add", (Ref(0), 1.0)), Apply("sub", (Ref(1), 1.0)), Apply("nn.functional.relu", (Ref(2),)))
    question = Question(function_of(*steps), (literal(3e-16),), (literal(1.0),))
    assert "kink of relu" in reason(DIFFERENCES.vjp(question))


@pytest.mark.parametrize("distance", [1e-3, 1e-9, 1e-30])
def test_close_to_a_kink_the_branch_is_followed(distance: float) -> None:
    replies = DIFFERENCES.vjp(ask("abs", [distance, -distance]))
    assert accepts(replies[0], [1.0, -1.0])


@pytest.mark.parametrize("x", [1e-12, 1e-3, 0.7])
def test_close_to_the_end_of_a_domain(x: float) -> None:
    for op, first, second in (
        ("log", 1 / x, -1 / x**2),
        ("sqrt", 0.5 * x**-0.5, -0.25 * x**-1.5),
        ("reciprocal", -1 / x**2, 2 / x**3),
        ("rsqrt", -0.5 * x**-1.5, 0.75 * x**-2.5),
    ):
        question = Question(function_of(Apply(op, (Ref(0),))), (literal(x),), (literal(1.0),))
        assert accepts(DIFFERENCES.vjp(question)[0], first)
        reply = DIFFERENCES.vjp(second_of(question))[0]
        assert isinstance(reply, Abstain) or accepts(reply, second)


def test_large_steps_do_not_jump_over_a_pole() -> None:
    x = 26.71875  # a hundredth away from 17 pi / 2
    question = Question(function_of(Apply("tan", (Ref(0),))), (literal(x),), (literal(1.0),))
    reply = DIFFERENCES.vjp(second_of(question))[0]
    assert isinstance(reply, Abstain) or accepts(reply, 2 * np.tan(x) * (1 + np.tan(x) ** 2))


@pytest.mark.parametrize(
    "question",
    [
        ask("log", [-1.0]),
        ask("exp", [1000.0]),
        ask("neg", [float("nan")]),
        ask("mul", [float("inf")], numbers=(2.0,)),
        ask("div", [1.0], [0.0]),
        ask("var", [1.5]),
    ],
    ids=["domain", "overflow", "nan", "inf", "pole", "freedom"],
)
def test_what_is_not_finite_has_no_derivative(question: Question) -> None:
    assert reason(DIFFERENCES.vjp(question))


def value_of(op: str, x: float) -> Any:
    return DIFFERENCES.values(Question(function_of(Apply(op, (Ref(0),))), (literal(x),)))[0]


@pytest.mark.parametrize(
    ("op", "x", "value"),
    [
        ("log", 0.0, -np.inf),
        ("log", -1.0, np.nan),
        ("neg", np.inf, -np.inf),
        ("exp", np.inf, np.inf),
        ("sqrt", np.nan, np.nan),
        ("reciprocal", -0.0, -np.inf),
    ],
)
def test_exact_infinities_and_nan_are_claimed(op: str, x: float, value: float) -> None:
    answer = answered(value_of(op, x))
    np.testing.assert_array_equal(answer.value, value)
    assert answer.bound == 0


def test_an_overflow_is_no_infinity() -> None:
    assert isinstance(value_of("exp", 1000.0), Abstain)


def test_a_value_that_hangs_on_a_rounding_error_is_not_claimed() -> None:
    steps = (Apply("mul", (Ref(0), 0.1)), Apply("mul", (Ref(1), 30.0)), Apply("floor", (Ref(2),)))
    replies = DIFFERENCES.values(Question(function_of(*steps), (literal(1.0),)))
    assert "floor" in reason(replies)


def test_values_carry_their_rounding() -> None:
    steps = (Apply("add", (Ref(0), 1e10)), Apply("sub", (Ref(1), 1e10)))
    answer = answered(DIFFERENCES.values(Question(function_of(*steps), (literal(0.1),)))[0])
    assert 0 < abs(float(answer.value) - 0.1) <= float(answer.bound) < 1e-4


def test_stop_gradient_holds_values_and_decisions_still() -> None:
    x = np.array([0.5, 2.0])
    frozen = (Apply("square", (Ref(0),)), Freeze(Ref(1)), Apply("mul", (Ref(0), Ref(2))))
    reply = DIFFERENCES.vjp(Question(function_of(*frozen), (literal(x),), (literal(np.ones(2)),)))[0]
    assert accepts(reply, x**2)
    threshold = (Apply("ge", (Ref(0), 0.5)), Apply("where", (Ref(1), Ref(0), 3.0)))
    reply = DIFFERENCES.vjp(Question(function_of(*threshold), (literal(x),), (literal(np.ones(2)),)))[0]
    assert accepts(reply, np.ones(2))


def test_stop_gradient_inside_an_inner_derivative() -> None:
    # the inner gradient of x * stop(x) is stop(x): a constant to the outer derivative as well
    inner = Function(1, (Freeze(Ref(0)), Apply("mul", (Ref(0), Ref(1)))), (Ref(2),))
    builder = Builder(1)
    one = builder.constant(1.0)
    (gradient,) = builder.append(Vjp(inner, builder.inputs, (one,), (0,)))
    function = builder.function(builder.apply("mul", gradient, builder.inputs[0]))
    reply = DIFFERENCES.vjp(Question(function, (literal(1.5),), (literal(1.0),)))[0]
    assert accepts(reply, 1.5)


def test_an_output_without_a_cotangent_is_ignored() -> None:
    builder = Builder(1)
    doubled = builder.apply("mul", builder.inputs[0], 2.0)
    squared = builder.apply("square", builder.inputs[0])
    function = builder.function(doubled, squared)
    replies = DIFFERENCES.vjp(Question(function, (literal(3.0),), (None, literal(0.5))))
    assert accepts(replies[0], 3.0)


def test_inputs_that_nothing_depends_on_have_gradient_zero() -> None:
    function = Function(2, (Apply("neg", (Ref(0),)),), (Ref(2),))
    replies = DIFFERENCES.vjp(Question(function, (literal(1.0), literal(np.ones(3))), (literal(2.0),)))
    assert accepts(replies[1], np.zeros(3))


def test_an_unknown_operator_gets_no_answer() -> None:
    question = Question(function_of(Apply("bessel", (Ref(0),))), (literal(1.0),), (literal(1.0),))
    assert "bessel" in reason(DIFFERENCES.vjp(question))
    assert "bessel" in reason(DIFFERENCES.values(question))


def test_one_cotangent_for_each_output() -> None:
    question = Question(function_of(Apply("neg", (Ref(0),))), (literal(1.0),), (None, literal(1.0)))
    with pytest.raises(ValueError, match="1 outputs need as many cotangents, got 2"):
        DIFFERENCES.vjp(question)


def test_many_inputs_are_taken_in_parts() -> None:
    x = np.linspace(0.5, 1.5, 300)
    answer = DIFFERENCES.vjp(Question(function_of(Apply("sin", (Ref(0),))), (literal(x),), (literal(x),)))[0]
    assert isinstance(answer, Answer)
    assert accepts(answer, x * np.cos(x))


def test_too_many_inputs_get_no_answer() -> None:
    x = literal(np.ones(10_000))
    question = Question(function_of(Apply("neg", (Ref(0),))), (x,), (x,))
    assert "10000 input elements are too many" in reason(DIFFERENCES.vjp(question))
    assert accepts(DIFFERENCES.values(question)[0], -np.ones(10_000))


def test_it_names_itself() -> None:
    assert DIFFERENCES.name == "finite-differences"
    assert np.__version__ in DIFFERENCES.version
    assert isinstance(literal(1.0), Literal)


def test_values_made_of_second_derivatives_carry_their_truncation() -> None:
    builder = Builder(1)
    wave = builder.function(builder.apply("sin", builder.apply("mul", builder.inputs[0], 5.0)))
    one = Constant(literal(1.0))
    slope = Function(1, (one, Vjp(wave, (Ref(0),), (Ref(1),), (0,))), (Ref(2),))
    curvature = Function(1, (one, Vjp(slope, (Ref(0),), (Ref(1),), (0,))), (Ref(2),))
    answer = answered(DIFFERENCES.values(Question(curvature, (literal(0.7),)))[0])
    assert abs(float(answer.value) + 25 * np.sin(3.5)) <= float(answer.bound) < 1e-6

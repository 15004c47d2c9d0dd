"""The SymPy oracle: right about known derivatives, silent where there is none, and alone in its process."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import mpmath
import numpy as np
import pytest

from oracles.question import Apply, Freeze, Function, Oracle, Question, Ref, Vjp
from oracles.symbolic import WORK, oracle
from oracles.sympy_table import FAMILIES, scalars
from oracles.sympy_table.elementwise import monomial
from tests.oracles.checks import accepts, answered, ask, reason
from tests.oracles.derivatives import KNOWN, NAMES, Known
from tests.oracles.functions import Builder, literal, second_order

SYMPY: Oracle = oracle()


@pytest.mark.parametrize("known", KNOWN, ids=NAMES)
def test_true_derivatives_are_accepted(known: Known) -> None:
    for reply, true in zip(SYMPY.vjp(known.question), known.true, strict=True):
        assert accepts(reply, true)


@pytest.mark.parametrize("known", KNOWN, ids=NAMES)
def test_false_derivatives_are_rejected(known: Known) -> None:
    reply, true = SYMPY.vjp(known.question)[0], np.asarray(known.true[0])
    slightly = true.copy()
    slightly.flat[-1] += max(abs(slightly.flat[-1]), 1.0) * 1e-12
    for false in (*known.false, slightly):
        assert not accepts(reply, false)


def test_the_answer_is_the_nearest_float64_but_for_half_a_unit() -> None:
    answer = answered(SYMPY.vjp(ask("exp", [0.5]))[0])
    exact = mpmath.mp.exp(0.5) if mpmath.mp.dps > 40 else mpmath.mpf(math.exp(0.5))
    assert abs(float(exact) - float(answer.value[0])) <= 2 * answer.bound[0]
    assert answer.bound[0] <= np.spacing(answer.value[0])


KINKS: list[tuple[str, Question, str]] = [
    ("nn.functional.relu", ask("nn.functional.relu", [1.0, 0.0]), "0.0"),
    ("abs", ask("abs", [0.0]), "0.0"),
    ("sign", ask("sign", [0.0]), "0.0"),
    ("floor", ask("floor", [2.0]), "2.0"),
    ("round", ask("round", [2.5]), "2.5"),
    ("maximum", ask("maximum", [1.5], [1.5]), "1.5, 1.5"),
    ("minimum", ask("minimum", [1.5], [1.5]), "1.5, 1.5"),
    ("clamp", ask("clamp", [0.5], min=0.5), "0.5"),
    ("remainder", ask("remainder", [3.0], [1.5]), "3.0, 1.5"),
    ("fmod", ask("fmod", [3.0], [1.5]), "3.0, 1.5"),
    ("div", ask("div", [3.0], [1.5], rounding_mode="floor"), "3.0, 1.5"),
    ("max", ask("max", [1.0, 2.0, 2.0]), "2.0, 2.0"),
    ("amin", ask("amin", [1.0, 1.0, 2.0], dim=0), "1.0, 1.0"),
    ("max", ask("max", [[1.0, 2.0, 2.0]], results=2, dim=1), "2.0, 2.0"),
    ("norm", ask("norm", [0.0, 0.0]), "0.0"),
    ("norm", ask("norm", [0.0, 1.0], p=1), "0.0"),
    ("norm", ask("norm", [-1.0, 1.0], p=math.inf), "1.0, 1.0"),
    ("sqrt", ask("sqrt", [0.0]), "0.0"),
    ("std", ask("std", [1.5, 1.5]), "0.0"),
    ("pow", ask("pow", [0.0], numbers=(0.5,)), "0"),
]


@pytest.mark.parametrize(("op", "question", "point"), KINKS, ids=[op for op, *_ in KINKS])
def test_no_derivative_at_a_kink_but_a_value(op: str, question: Question, point: str) -> None:
    why = reason(SYMPY.vjp(question))
    assert why.startswith(f"{op}: ")
    assert point in why
    answered(SYMPY.values(question)[0])


OUTSIDE: list[tuple[str, Question]] = [
    ("log", ask("log", [-1.0])),
    ("log", ask("log", [0.0])),
    ("sqrt", ask("sqrt", [-2.0])),
    ("rsqrt", ask("rsqrt", [0.0])),
    ("log1p", ask("log1p", [-1.5])),
    ("div", ask("div", [1.0], [0.0])),
    ("reciprocal", ask("reciprocal", [0.0])),
    ("pow", ask("pow", [-1.5], numbers=(0.5,))),
    ("pow", ask("pow", [0.0], numbers=(-1,))),
    ("remainder", ask("remainder", [1.0], [0.0])),
    ("atan2", ask("atan2", [0.0], [-1.0])),
    ("var", ask("var", [1.0], dim=0)),
    ("mean", ask("mean", np.zeros(0))),
    ("amax", ask("amax", [1.0, math.nan])),
    ("sin", ask("sin", [math.inf])),
    ("to", ask("to", [1e30], dtype="int32")),
]


@pytest.mark.parametrize(("op", "question"), OUTSIDE, ids=[op for op, _ in OUTSIDE])
def test_outside_the_domain_there_is_no_answer(op: str, question: Question) -> None:
    for replies in (SYMPY.values(question), SYMPY.vjp(question)):
        assert reason(replies).startswith(f"{op}: ")


def test_an_overflow_is_for_floating_point_to_judge() -> None:
    assert "overflows float64" in reason(SYMPY.values(ask("exp", [800.0])))


def test_an_operator_without_a_row_is_named() -> None:
    assert "linalg.unheard_of" in reason(SYMPY.vjp(ask("linalg.unheard_of", [1.0])))


def test_arguments_that_no_row_takes_are_named() -> None:
    assert reason(SYMPY.values(ask("sin", [1.0], inclination=3))).startswith("sin: ")


def test_a_question_that_would_take_seconds_is_not_answered() -> None:
    size = 80
    why = reason(SYMPY.vjp(ask("matmul", np.ones((size, size)), np.ones((size, size)))))
    assert size**3 > WORK
    assert why.startswith("matmul: too much work")


@pytest.mark.parametrize(
    ("base", "exponent"), [(0.0, 2), (-1.5, 3), (-2.0, -2), (0.0, 1), (-3.0, 0), (0.0, 0)]
)
def test_whole_powers_take_any_base(base: float, exponent: int) -> None:
    expected = 0.0 if exponent == 0 else exponent * base ** (exponent - 1)
    assert accepts(SYMPY.vjp(ask("pow", [base], numbers=(exponent,)))[0], [expected])
    assert accepts(SYMPY.values(ask("pow", [base], numbers=(exponent,)))[0], base**exponent)


def test_zero_to_a_varying_positive_power_is_flat() -> None:
    builder = Builder(1)
    function = builder.function(builder.apply("pow", 0.0, builder.inputs[0]))
    question = Question(function, (literal([1.5, 0.25]),), (literal([1.0, 1.0]),))
    assert accepts(SYMPY.vjp(question)[0], [0.0, 0.0])


def test_a_varying_exponent_needs_a_positive_base() -> None:
    assert reason(SYMPY.vjp(ask("pow", [0.0], [2.0]))).startswith("pow: ")
    assert reason(SYMPY.vjp(ask("pow", [-1.5], [2.0]))).startswith("pow: ")


def test_a_mask_of_minus_infinity_leaves_the_rest() -> None:
    builder = Builder(1)
    masked = builder.apply(
        "masked_fill", builder.inputs[0], builder.constant([False, True, False]), value=-math.inf
    )
    function = builder.function(builder.apply("softmax", masked, dim=0))
    question = Question(function, (literal([0.5, 9.0, -0.25]),), (literal([1.0, 2.0, 3.0]),))
    p = 1 / (1 + math.exp(-0.75))
    assert accepts(SYMPY.values(question)[0], [p, 0.0, 1 - p])
    assert accepts(SYMPY.vjp(question)[0], [-2 * p * (1 - p), 0.0, 2 * p * (1 - p)])


def test_a_tiny_number_is_not_lost_beside_one() -> None:
    assert accepts(SYMPY.values(ask("logsumexp", [1e-90], dim=0))[0], 1e-90)
    for op in ("expm1", "log1p", "tanh", "sin"):
        assert accepts(SYMPY.values(ask(op, [1e-90]))[0], 1e-90)


def confusing() -> Question:
    """d/dx [x * d/dy (x + y)] at x = 2: one; two if the directions are taken for each other."""
    inner = Function(2, (Apply("add", (Ref(0), Ref(1))),), (Ref(2),))
    builder = Builder(1)
    one, y = builder.constant(1.0), builder.constant(3.0)
    (slope,) = builder.append(Vjp(inner, (builder.inputs[0], y), (one,), (1,)))
    return Question(
        builder.function(builder.apply("mul", builder.inputs[0], slope)), (literal(2.0),), (literal(1.0),)
    )


def test_nested_gradients_keep_their_perturbations_apart() -> None:
    assert accepts(SYMPY.vjp(confusing())[0], 1.0)


def test_nested_gradients_of_the_same_variable() -> None:
    inner = Function(2, (Apply("mul", (Ref(0), Ref(1))), Apply("sin", (Ref(2),))), (Ref(3),))
    builder = Builder(1)
    x = builder.inputs[0]
    (slope,) = builder.append(Vjp(inner, (x, x), (builder.constant(1.0),), (0,)))  # x cos(x * x)
    question = Question(builder.function(slope), (literal(1.25),), (literal(1.0),))
    x2 = 1.25**2
    assert accepts(SYMPY.vjp(question)[0], math.cos(x2) - 2 * x2 * math.sin(x2))


def test_third_order() -> None:
    question = ask("sin", 0.75)
    for derivative in (math.cos(0.75), -math.sin(0.75), -math.cos(0.75)):
        assert accepts(SYMPY.vjp(question)[0], derivative)
        question = second_order(question)
        ones = tuple(literal(np.ones(value.shape)) for value in question.inputs[:1])
        question = Question(
            question.function, (question.inputs[0], *map(one_like, question.inputs[1:])), ones
        )
        question = restricted(question)


def one_like(value: Any) -> Any:
    return literal(np.ones(value.shape))


def restricted(question: Question) -> Question:
    """The question with every input but the first made a constant, and every output but the first dropped."""
    builder = Builder(1)
    rest = [builder.constant(value.array()) for value in question.inputs[1:]]
    wiring = (builder.inputs[0], *rest)
    table = list(wiring)
    for step in question.function.steps:
        assert isinstance(step, Vjp)
        pick = tuple(table[ref.index] for ref in step.inputs)
        weights = tuple(table[ref.index] for ref in step.cotangents)
        table += builder.append(Vjp(step.function, pick, weights, step.wrt))
    return Question(
        builder.function(table[question.function.outputs[0].index]),
        question.inputs[:1],
        question.cotangents[:1],
    )


def test_stop_gradient_is_a_constant() -> None:
    function = Function(1, (Freeze(Ref(0)), Apply("mul", (Ref(0), Ref(1)))), (Ref(2),))
    question = Question(function, (literal(3.0),), (literal(1.0),))
    assert accepts(SYMPY.values(question)[0], 9.0)
    assert accepts(SYMPY.vjp(question)[0], 3.0)


def test_unused_inputs_and_ignored_outputs_have_gradient_zero() -> None:
    function = Function(2, (Apply("sin", (Ref(0),)), Apply("exp", (Ref(1),))), (Ref(2), Ref(3)))
    question = Question(function, (literal([1.0, 2.0]), literal(0.5)), (literal([1.0, 1.0]), None))
    first, second = SYMPY.vjp(question)
    assert accepts(first, np.cos([1.0, 2.0]))
    assert accepts(second, 0.0)


def test_integer_arithmetic_wraps_around() -> None:
    builder = Builder(0)
    total = builder.apply("add", builder.constant([100, 100], "int8"), builder.constant([27, 28], "int8"))
    assert accepts(SYMPY.values(Question(builder.function(total), ()))[0], [127.0, -128.0])


def test_what_the_caller_set_in_mpmath_is_left_alone() -> None:
    with mpmath.workdps(7):
        answer = answered(SYMPY.values(ask("exp", [0.625]))[0])
        assert mpmath.mp.dps == 7
    assert accepts(answer, math.exp(0.625))


def test_every_cache_is_bounded() -> None:
    assert scalars.compiled.cache_info().maxsize is not None
    assert monomial.cache_info().maxsize is not None
    for exponent in range(-60, 60):
        SYMPY.vjp(ask("pow", [1.5], numbers=(exponent,)))
    assert monomial.cache_info().currsize == monomial.cache_info().maxsize


def test_an_operator_stands_in_one_family_only() -> None:
    names = [name for family in FAMILIES for name in family.TABLE]
    assert sorted(names) == sorted(SYMPY.operators)


def test_it_answers_without_pytorch() -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from oracles.symbolic import oracle\n"
        "from oracles.question import *\n"
        "function = Function(1, (Apply('sin', (Ref(0),)),), (Ref(1),))\n"
        "question = Question(function, (Literal.of(0.0),), (Literal.of(1.0),))\n"
        "print(oracle().name, float(oracle().vjp(question)[0].value))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["sympy", "1.0"]

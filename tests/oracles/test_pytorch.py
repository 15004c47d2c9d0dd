"""The PyTorch oracle: right about known derivatives, PyTorch's choice at kinks, and no trace left behind."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from oracles import torch_table
from oracles.pytorch import PyTorch, oracle
from oracles.question import Apply, Freeze, Function, Question, Ref, Vjp
from tests.children import environment
from tests.oracles.checks import accepts, answered, ask, reason
from tests.oracles.derivatives import KNOWN, NAMES, Known
from tests.oracles.functions import Builder, literal
from tests.oracles.test_symbolic import confusing


@pytest.fixture(scope="module")
def live() -> PyTorch:
    return oracle()


def test_it_says_which_pytorch(live: PyTorch) -> None:
    assert live.name == "torch"
    assert torch.__version__ in live.version


@pytest.mark.parametrize("known", KNOWN, ids=NAMES)
def test_true_derivatives_are_accepted(known: Known, live: PyTorch) -> None:
    for reply, true in zip(live.vjp(known.question), known.true, strict=True):
        assert accepts(reply, true)


@pytest.mark.parametrize("known", KNOWN, ids=NAMES)
def test_false_derivatives_are_rejected(known: Known, live: PyTorch) -> None:
    reply, true = live.vjp(known.question)[0], np.asarray(known.true[0])
    slightly = true.copy()
    slightly.flat[-1] += max(abs(slightly.flat[-1]), 1.0) * 1e-9
    for false in (*known.false, slightly):
        assert not accepts(reply, false)


CHOICES: list[tuple[str, Question, list[list[float]]]] = [
    ("relu", ask("nn.functional.relu", [0.0]), [[0.0]]),
    ("abs", ask("abs", [0.0]), [[0.0]]),
    ("maximum", ask("maximum", [1.5], [1.5]), [[0.5], [0.5]]),
    ("max of all", ask("max", [2.0, 1.0, 2.0]), [[0.5, 0.0, 0.5]]),
    ("amax", ask("amax", [2.0, 1.0, 2.0], dim=0), [[0.5, 0.0, 0.5]]),
    ("norm", ask("norm", [0.0, 0.0]), [[0.0, 0.0]]),
    ("clamp", ask("clamp", [0.5], min=0.5), [[1.0]]),
]


@pytest.mark.parametrize(("name", "question", "expected"), CHOICES, ids=[name for name, *_ in CHOICES])
def test_at_a_kink_it_gives_pytorchs_choice(
    name: str, question: Question, expected: list[list[float]], live: PyTorch
) -> None:
    for reply, gradient in zip(live.vjp(question), expected, strict=True):
        assert answered(reply).value.tolist() == gradient


def test_infinities_and_nan_are_claims(live: PyTorch) -> None:
    (answer,) = map(answered, live.vjp(ask("sqrt", [0.0, 4.0])))
    assert answer.value.tolist() == [math.inf, 0.25]
    assert answer.bound[0] == 0.0
    (answer,) = map(answered, live.values(ask("log", [-1.0])))
    assert math.isnan(answer.value)
    assert answer.bound == 0.0


def test_nested_gradients_keep_their_perturbations_apart(live: PyTorch) -> None:
    assert accepts(live.vjp(confusing())[0], 1.0)


def test_the_same_value_in_two_places_is_two_inputs(live: PyTorch) -> None:
    inner = Function(2, (Apply("mul", (Ref(0), Ref(1))), Apply("exp", (Ref(0),))), (Ref(2),))
    builder = Builder(1)
    x = builder.inputs[0]
    slopes = builder.append(Vjp(inner, (x, x), (builder.constant(1.0),), (1, 0)))
    question = Question(builder.function(*slopes), (literal(1.5),), (literal(1.0), literal(1.0)))
    assert [answered(reply).value.item() for reply in live.values(question)] == [1.5, 1.5]
    assert accepts(live.vjp(question)[0], 2.0)


def test_a_gradient_inside_the_function_of_constants_is_a_constant(live: PyTorch) -> None:
    inner = Function(1, (Apply("square", (Ref(0),)),), (Ref(1),))
    builder = Builder(1)
    (slope,) = builder.append(Vjp(inner, (builder.constant(3.0),), (builder.constant(1.0),), (0,)))
    function = builder.function(builder.apply("mul", slope, builder.inputs[0]))
    question = Question(function, (literal(2.0),), (literal(1.0),))
    assert accepts(live.values(question)[0], 12.0)
    assert accepts(live.vjp(question)[0], 6.0)


def test_stop_gradient_unused_inputs_and_ignored_outputs(live: PyTorch) -> None:
    steps = (Freeze(Ref(0)), Apply("mul", (Ref(0), Ref(2))), Apply("exp", (Ref(1),)))
    function = Function(2, steps, (Ref(3), Ref(4)))
    first, second = live.vjp(Question(function, (literal(3.0), literal(0.5)), (literal(1.0), None)))
    assert accepts(first, 3.0)
    assert accepts(second, 0.0)


def test_an_operator_without_a_row_and_a_refused_call_are_named(live: PyTorch) -> None:
    assert "linalg.unheard_of" in reason(live.vjp(ask("linalg.unheard_of", [1.0])))
    assert reason(live.values(ask("sin", [1.0], inclination=3))).startswith("sin: ")


@pytest.fixture
def odd_settings() -> Iterator[None]:
    """Every global switch of torch that could matter, turned; the thread count is only read."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32 if dtype is torch.float64 else torch.float64)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)


@pytest.mark.usefixtures("odd_settings")
def test_global_state_neither_matters_nor_changes(live: PyTorch) -> None:
    before = (torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads())
    builder = Builder(1)
    quotient = builder.apply("div", builder.constant([1, 2]), 3)
    product = builder.apply("mul", builder.inputs[0], quotient)
    fresh = Question(builder.function(product), (literal([0.7, 0.9]),), (literal([1.0, 2.0]),))
    assert accepts(live.vjp(fresh)[0], [1 / 3, 4 / 3])
    assert (torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()) == before
    assert before[0] is False


def test_it_answers_in_inference_mode_and_in_another_thread(live: PyTorch) -> None:
    with torch.inference_mode():
        assert accepts(live.vjp(ask("sin", [0.3125]))[0], [math.cos(0.3125)])
        assert torch.is_inference_mode_enabled()
    found: list[bool] = []
    question = ask("sin", [0.4375])
    thread = threading.Thread(target=lambda: found.append(accepts(live.vjp(question)[0], [math.cos(0.4375)])))
    thread.start()
    thread.join()
    assert found == [True]


def test_the_environment_is_left_alone() -> None:
    script = (
        "import os; before = dict(os.environ)\n"
        "from oracles.pytorch import oracle\n"
        "from tests.oracles.functions import CASES, composed, first_order, second_order\n"
        "from oracles.question import Question\n"
        "case = next(case for case in CASES if case.op == 'abs')\n"
        "question = second_order(first_order(composed(case, 0), case.inputs, [(2, 3), ()]))\n"
        "print(len(oracle().vjp(question)), dict(os.environ) == before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["3", "True"]


def test_integers_become_float64_not_the_default_dtype(live: PyTorch) -> None:
    builder = Builder(0)
    values = builder.apply("exp", builder.constant([1, 2]))
    assert accepts(live.values(Question(builder.function(values), ()))[0], np.exp([1.0, 2.0]))


def test_a_name_that_torch_lacks_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_table, "PLAIN", "sin unheard_of")
    with pytest.raises(AttributeError, match="unheard_of"):
        torch_table.table(torch)


def test_a_name_with_two_rows_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_table, "PLAIN", "sin sum")
    with pytest.raises(ValueError, match="sum: a second row"):
        torch_table.table(torch)


def test_a_missing_pytorch_is_said_in_a_sentence_and_sympy_works() -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "import oracles.pytorch, oracles.symbolic\n"
        "oracles.symbolic.oracle()\n"
        "try:\n    oracles.pytorch.oracle()\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert "the torch oracle needs PyTorch" in done.stdout

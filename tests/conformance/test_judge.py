"""The judge, in both directions: what it lets pass, and what it must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import oracles
from conformance.adapters.torch_spelled import TorchSpelled
from conformance.judging.judge import Judge
from conformance.judging.numbers import agrees
from conformance.judging.verdict import Disputed, Mismatch
from conformance.model import predict
from conformance.programs.builder import Builder
from conformance.programs.statements import Program
from conformance.trace import Observation, Tensor, Trace
from oracles.question import Abstain, Answer, Oracle, Question, Reply

refimpl = pytest.importorskip("refimpl")


def example() -> Program:
    b = Builder()
    x = b.tensor([[1.0, 2.0, 3.0]], dtype="float64", requires_grad=True).named("x")
    w = b.tensor([[0.5], [-2.0]], dtype="float64", requires_grad=True).named("w")
    y = (x * w).named("y")
    y.backward(b.tensor([[1.5, -2.5, 0.5], [3.0, -0.5, 2.0]], dtype="float64"))
    return b.program().complete()


PROGRAM = example()
SYMPY = oracles.load("sympy")


def trace() -> Trace:
    return TorchSpelled(refimpl).run(PROGRAM)


def judged(changed: Trace, *panel: Oracle) -> tuple[Judge, list[Mismatch]]:
    judge = Judge(PROGRAM, predict(PROGRAM), panel or (SYMPY,), error_classes=True)
    return judge, judge.judge(changed)


def with_field(name: str, field: str, value: Any) -> Trace:
    found = trace()
    found.observations = [
        replace(seen, fields={**seen.fields, field: value}) if seen.name == name else seen
        for seen in found.observations
    ]
    return found


def grad_of(found: Trace, name: str) -> np.ndarray[Any, Any]:
    seen = found.observed(name)
    assert seen is not None
    return np.array(seen["grad"].value)


def test_what_conforms_passes_and_is_counted() -> None:
    judge, mismatches = judged(trace())
    assert mismatches == []
    assert judge.tally.comparisons > 20
    assert judge.tally.answered["sympy"] > 0
    assert judge.tally.answered["exact"] > 0


@pytest.mark.parametrize("relative", [1e-6, 1e-12])
def test_a_small_relative_error_in_one_element_is_seen(relative: float) -> None:
    wrong = grad_of(trace(), "w")
    wrong[1, 0] *= 1 + relative
    _, mismatches = judged(with_field("w", "grad", Tensor(wrong, "float64")))
    assert [(found.subject, found.field, found.worst) for found in mismatches] == [("w", "grad", (1, 0))]


def test_nan_is_not_forgiven() -> None:
    wrong = grad_of(trace(), "w")
    wrong[0, 0] = np.nan
    assert judged(with_field("w", "grad", Tensor(wrong, "float64")))[1]


def test_the_shape_of_the_broadcast_is_not_forgiven() -> None:
    wide = np.broadcast_to(grad_of(trace(), "w"), (2, 3))
    assert judged(with_field("w", "grad", Tensor(wide, "float64")))[1][0].field == "grad.shape"


def test_another_dtype_is_not_forgiven() -> None:
    narrow = Tensor(grad_of(trace(), "w").astype(np.float32), "float32")
    assert judged(with_field("w", "grad", narrow))[1][0].field == "grad.dtype"


def test_a_leaf_that_was_written_to_is_seen_to_the_last_bit() -> None:
    seen = trace().observed("x")
    assert seen is not None
    wrong = np.nextafter(seen["value"].value, 9.0)
    assert judged(with_field("x", "value", Tensor(wrong, "float64")))[1][0].why == "somebody wrote to it"


def test_none_where_a_gradient_is_due_and_the_reverse() -> None:
    assert judged(with_field("w", "grad", None))[1]
    assert judged(with_field("y", "grad", Tensor(np.ones((2, 3)), "float64")))[1]


def test_a_wrong_flag_is_seen() -> None:
    assert judged(with_field("y", "requires_grad", False))[1]


def test_an_observation_too_few_or_too_many_is_seen() -> None:
    fewer, more = trace(), trace()
    fewer.observations = fewer.observations[1:]
    more.observations.append(Observation((9,), "nobody", {"grad": None}))
    assert judged(fewer)[1]
    assert judged(more)[1]


def test_a_statement_that_did_not_run_is_seen() -> None:
    missing = trace()
    missing.events = missing.events[:-1]
    assert judged(missing)[1][0].got == "not run"


class Liar:
    """An oracle that is sure of something else."""

    name, version, operators = "liar", "liar 1", frozenset[str]()

    def values(self, question: Question) -> tuple[Reply, ...]:
        return tuple(self._other(reply) for reply in SYMPY.values(question))

    def vjp(self, question: Question) -> tuple[Reply, ...]:
        return tuple(self._other(reply) for reply in SYMPY.vjp(question))

    def _other(self, reply: Reply) -> Reply:
        return reply if isinstance(reply, Abstain) else Answer(reply.value + 1.0, reply.bound)


class Silent(Liar):
    """An oracle that knows nothing."""

    name = "silent"

    def _other(self, reply: Reply) -> Reply:
        return Abstain("it knows nothing")


def test_oracles_that_contradict_each_other_are_a_dispute() -> None:
    with pytest.raises(Disputed, match="sympy and liar"):
        judged(trace(), SYMPY, Liar())


def test_an_oracle_that_abstains_never_counts_as_agreement() -> None:
    judge, mismatches = judged(trace(), Silent())
    assert mismatches == []
    assert judge.tally.answered["silent"] == 0
    assert sum(judge.tally.unjudged.values()) > 0


@pytest.mark.parametrize(
    ("got", "wanted", "verdict"),
    [
        (1.0, 1.0, True),
        (1.0, 1.0 + 1e-9, False),
        (np.nan, np.nan, True),
        (np.nan, 1.0, False),
        (1.0, np.nan, False),
        (np.inf, np.inf, True),
        (np.inf, -np.inf, False),
        (np.inf, 1e300, False),
        (0.0, 1e-300, False),
    ],
)
def test_agreement_is_strict(got: float, wanted: float, verdict: bool) -> None:
    assert bool(agrees(np.array(got), np.array(wanted), np.array(0.0))) is verdict

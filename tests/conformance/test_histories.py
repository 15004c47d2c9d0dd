"""Long histories: well-formed, long, with every rule in them, and raising only where a rule means it to."""

from collections import Counter
from typing import Any

import pytest
import torch

from conformance.adapters.torch_spelled import TorchSpelled
from conformance.programs import statements as s
from conformance.programs.histories import GROWTH, MISTAKES, OPERATORS, RULES, WALKS, histories
from conformance.programs.validate import check
from tests.conformance.test_strategies import drawn, rejected

WORDS = (
    "grad can be implicitly created only for scalar outputs",
    "Mismatch in shape",
    "does not require grad",
    "you can only change requires_grad flags of leaf variables",
    "only Tensors of floating point",
)


@pytest.fixture(scope="module")
def many() -> list[s.Program]:
    return drawn(histories(), 150)


def raised(program: s.Program) -> list[tuple[s.Statement, Any]]:
    trace = TorchSpelled(torch).run(program)
    return [
        (program.statements[event.place[0]], event.error)
        for event in trace.events
        if event.status == "raised"
    ]


def test_histories_are_well_formed_and_long(many: list[s.Program]) -> None:
    lengths = []
    for program in many:
        check(program)
        lengths.append(len(list(program.walk())))
    assert max(lengths) > 80
    assert sum(length > 30 for length in lengths) > len(lengths) / 3


def test_without_mistakes_pytorch_runs_every_history_to_its_end() -> None:
    for program in drawn(histories((*GROWTH, *WALKS)), 100):
        assert raised(program) == []


def test_what_raises_is_a_mistake_by_a_rule(many: list[s.Program]) -> None:
    found = Counter(
        (type(statement).__name__, error.classes[0])
        for program in many
        for statement, error in raised(program)
    )
    assert set(found) == {("Backward", "RuntimeError"), ("SetRequiresGrad", "RuntimeError")}
    assert sum(found.values()) > len(many)


def test_each_kind_of_mistake_is_refused_by_its_own_message() -> None:
    messages = Counter(
        next(word for word in WORDS if word in error.message)
        for program in drawn(histories(RULES, most=30), 200)
        for _, error in raised(program)
    )
    assert set(messages) == set(WORDS)


def test_histories_use_every_operator_and_look_in_between(many: list[s.Program]) -> None:
    statements = [statement for program in many for statement in program.walk()]
    assert {line.op for line in statements if isinstance(line, s.Apply)} == set(OPERATORS)
    looks = [sum(isinstance(line, s.Observe) for line in program.walk()) for program in many]
    assert min(looks) == 1
    assert max(looks) > 3


def test_no_history_is_rejected() -> None:
    assert rejected(histories(), 80) == 0.0


def test_rules_have_names_of_their_own_and_each_can_stand_out() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.weight > 0 for rule in RULES)
    assert len(MISTAKES) == len(WORDS)

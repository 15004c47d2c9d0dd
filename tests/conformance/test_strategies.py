"""The generators: what they draw is valid, covers what it should, shrinks well, is the same every time."""

import hashlib
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import find as shrunk
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from conformance.adapters.torch_spelled import TorchSpelled
from conformance.catalogue import CATALOGUE, find
from conformance.catalogue.domains import DOMAINS, POSITIVE, REAL
from conformance.programs import statements as s
from conformance.programs.strategies import (
    FEATURES,
    OPERATORS,
    Call,
    Style,
    any_calls,
    calls,
    cotangents,
    literals,
    programs,
    shapes,
)
from conformance.programs.strategies.draws import Draws, composite
from conformance.programs.strategies.values import MARGIN, SHAPES, cotangent_table, lattice, table
from conformance.programs.validate import check
from oracles.question import Literal

T = TypeVar("T")
EVERY_DTYPE = Style(dtypes=("float64", "float32", "float16"), mixed=1)
each_operator = pytest.mark.parametrize("op", OPERATORS)


def quiet(examples: int) -> settings:
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def drawn(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """What a strategy gives, and nothing shrunk."""
    found: list[T] = []

    @quiet(count)
    @given(strategy)
    def gather(value: T) -> None:
        found.append(value)

    gather()
    return found


def rejected(strategy: st.SearchStrategy[Any], count: int) -> float:
    """The share of draws that end in a rejection."""
    outcomes: Counter[bool] = Counter()

    @quiet(count)
    @given(st.data())
    def gather(data: st.DataObject) -> None:
        try:
            data.draw(strategy)
        except UnsatisfiedAssumption:
            outcomes[False] += 1
        else:
            outcomes[True] += 1

    gather()
    return outcomes[False] / sum(outcomes.values())


# -- values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int32", "uint8"])
@pytest.mark.parametrize("shifted", [False, True])
def test_a_lattice_is_exact_distinct_and_without_zero(dtype: str, shifted: bool) -> None:
    values = lattice(dtype, shifted)
    exact = np.asarray(values, dtype=dtype)
    assert exact.tolist() == list(values)
    assert len(set(values)) == len(values) >= 9
    assert 0 not in values
    assert max(len(repr(abs(value))) for value in values) <= 7
    assert np.asarray(values, dtype="float16").astype("float64").tolist() == [
        float(value) for value in values
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_the_two_lattices_of_a_dtype_share_no_value(dtype: str) -> None:
    assert not set(lattice(dtype)) & set(lattice(dtype, shifted=True))


def test_the_simplest_value_is_one() -> None:
    assert [lattice(dtype)[0] for dtype in ("float64", "float16", "int64", "uint8")] == [1, 1, 1, 1]
    assert shrunk(literals((3,)), lambda value: True) == Literal("float64", (3,), (1.0, 2.0, 3.0))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_cotangents_hurt(dtype: str) -> None:
    values = cotangent_table(dtype)
    assert len(set(map(abs, values))) == len(values) >= 40
    assert not {0.0, 1.0} & set(map(abs, values))
    assert all(first > 0 > second for first, second in zip(values[::2], values[1::2], strict=False))


def test_elements_of_an_array_differ() -> None:
    for value in drawn(literals((2, 3, 2)), 60):
        assert len(set(value.data)) == 12
    for value in drawn(cotangents((2, 3, 2)), 60):
        assert len(set(value.data)) == 12
        assert min(value.data) < 0 < max(value.data)


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_literals_stay_inside_their_domain(domain: Any) -> None:
    for value in drawn(literals((4,), "float64", domain), 30):
        assert (domain.inside(value.array()) >= MARGIN).all()


@pytest.mark.parametrize("op", [row.name for row in CATALOGUE.values() if len(row.operands) == 1])
def test_literals_stay_off_the_kinks_of_one_element(op: str) -> None:
    row = find(op)
    for value in table("float64", row.operands[0].domain, row.kinks):
        point = (np.asarray(value),)
        assert all(kink.joint or kink.distance(point, {}) >= MARGIN for kink in row.kinks)


def test_shapes_have_every_rank_and_empty_axes() -> None:
    found = set(drawn(shapes(), 300))
    assert {len(shape) for shape in found} == {0, 1, 2, 3, 4}
    assert any(0 in shape for shape in found)
    assert found <= set(SHAPES)
    assert shrunk(shapes(), lambda shape: True) == (2,)


# -- choices -----------------------------------------------------------------------------------------------


@composite
def _chosen(d: Draws, size: int) -> int:
    return d.choice(range(size))


def test_a_choice_among_many_reaches_all_of_them() -> None:
    assert set(drawn(_chosen(250), 3000)) == set(range(250))
    assert shrunk(_chosen(250), lambda value: True) == 0


def test_a_choice_among_none_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one alternative, got 0"):
        Draws(lambda strategy: 0).below(0)


# -- calls of one operator ---------------------------------------------------------------------------------


def observed(call: Call) -> list[tuple[tuple[int, ...], str, bool]]:
    trace = TorchSpelled(torch).run(call.forward_program())
    problems = [event for event in trace.events if event.status != "ok"]
    assert not problems, (call, problems)
    fields = [trace.observed(result.name) for result in call.results]
    return [(each["shape"], each["dtype"], each["requires_grad"]) for each in fields if each is not None]


@each_operator
def test_pytorch_takes_every_call_and_gives_what_was_foretold(op: str) -> None:
    for call in drawn(calls(op, style=EVERY_DTYPE), 40):
        check(call.backward_program())
        assert observed(call) == [(each.shape, each.dtype, each.tracked) for each in call.results]
        assert all(result.cotangent.shape == result.shape for result in call.results)


@each_operator
def test_hardly_a_call_is_rejected(op: str) -> None:
    assert rejected(calls(op, style=EVERY_DTYPE), 50) < 0.05


@pytest.mark.parametrize("op", [op for op in OPERATORS if find(op).params])
def test_every_parameter_is_drawn_and_left_out(op: str) -> None:
    row = find(op)
    given = [dict(call.apply.params) for call in drawn(calls(op), 300)]
    for param in row.params:
        here = [params[param.name] for params in given if param.name in params]
        assert here
        assert (len(here) == len(given)) == param.required
        assert set(param.choices) <= set(here)
        if param.kind in ("dim", "new dim", "other dim", "position", "one or more dims"):
            numbers = [number for each in here for number in (each if isinstance(each, tuple) else (each,))]
            assert min(numbers) < 0 <= max(numbers)


def flags(call: Call) -> tuple[bool, ...]:
    leaves = [each for each in call.setup if isinstance(each, s.Create) and each.value.is_floating]
    return tuple(leaf.requires_grad for leaf in leaves)


PAIRS = [
    row.name
    for row in map(find, OPERATORS)
    if row.shapes in ("broadcast", "matmul", "stack")
    and all(operand.role != "mask" and not operand.optional for operand in row.operands)
]


@pytest.mark.parametrize("op", PAIRS)
def test_every_subset_of_two_operands_requires_a_gradient(op: str) -> None:
    found = {flags(call) for call in drawn(calls(op, track=False), 300)}
    assert {(True, True), (True, False), (False, True), (False, False)} <= found


@pytest.mark.parametrize("op", ["sin", "clamp", "where", "cat", "gather"])
def test_with_track_there_is_always_a_root(op: str) -> None:
    assert all(call.roots and call.tracked for call in drawn(calls(op), 60))


def leaf_shapes(call: Call) -> list[tuple[int, ...]]:
    return [each.value.shape for each in call.setup if isinstance(each, s.Create)]


def test_broadcasting_goes_every_way() -> None:
    pairs = {tuple(leaf_shapes(call)) for call in drawn(calls("add", style=Style(layouts=0)), 600)}
    pairs = {pair for pair in pairs if len(pair) == 2}
    assert any(len(a) > len(b) and b for a, b in pairs)
    assert any(len(a) < len(b) and a for a, b in pairs)
    assert any(a and not b for a, b in pairs)
    assert any(len(a) == len(b) and math.prod(a) > math.prod(b) > 0 for a, b in pairs)
    assert any(len(a) == len(b) and 0 < math.prod(a) < math.prod(b) for a, b in pairs)
    both = [pair for pair in pairs if math.prod(np.broadcast_shapes(*pair)) > max(map(math.prod, pair)) > 0]
    assert both
    assert any(0 in np.broadcast_shapes(*pair) and 0 not in pair[1] for pair in pairs)


def test_operands_come_twice_as_scalars_and_in_odd_layouts() -> None:
    found = drawn(calls("sub"), 400)
    assert any(call.apply.args[0] == call.apply.args[1] for call in found)
    assert any(isinstance(call.apply.args[0], int | float) for call in found)
    assert any(isinstance(call.apply.args[1], int) for call in found)
    views = {line.op for call in found for line in call.setup if isinstance(line, s.Apply)}
    assert views == {"transpose", "__getitem__", "expand"}


def test_subscripts_are_of_every_kind() -> None:
    kinds: Counter[str] = Counter()

    def count(entry: Any, inside: str = "") -> None:
        if isinstance(entry, tuple):
            kinds["tuple"] += 1
            for item in entry:
                count(item, "in ")
        else:
            kinds[inside + type(entry).__name__] += 1

    for call in drawn(calls("__getitem__"), 500):
        count(call.apply.args[1])
    assert {
        "tuple",
        "int",
        "Slice",
        "Var",
        "in int",
        "in Slice",
        "in Var",
        "in NoneType",
        "in ellipsis",
    } <= set(kinds)


ONE_OF_EACH_FAMILY = {row.shapes: row.name for row in map(find, OPERATORS)}


@pytest.mark.parametrize("op", ONE_OF_EACH_FAMILY.values())
def test_a_call_shrinks_to_a_few_small_leaves(op: str) -> None:
    call = shrunk(calls(op), lambda call: True, settings=settings(quiet(100), phases=tuple(Phase)))
    assert len(call.setup) <= 3
    assert all(math.prod(shape) <= 9 for shape in leaf_shapes(call))
    optional = [param.name for param in find(op).params if not param.required]
    assert len([name for name, _ in call.apply.params if name in optional]) <= 1


def test_an_unknown_operator_is_refused_at_once() -> None:
    with pytest.raises(KeyError, match="no operator 'frobnicate'"):
        calls("frobnicate")
    with pytest.raises(KeyError, match="no operator 'frobnicate'"):
        programs(("frobnicate",))


def test_any_call_is_a_call_of_one_of_them() -> None:
    assert {call.op for call in drawn(any_calls(("sin", "cat")), 40)} == {"sin", "cat"}


# -- whole programs ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> list[s.Program]:
    return drawn(programs(style=Style(dtypes=("float64", "float32"), layouts=1, mixed=1, extent=24)), 500)


def test_programs_are_well_formed(many: list[s.Program]) -> None:
    for program in many:
        check(program)


# PyTorch 2.13 cannot run backward through clamp where only one of two tensor bounds widens the input.
CLAMP = "doesn't match the broadcast shape"


def test_pytorch_runs_every_program_to_its_end(many: list[s.Program]) -> None:
    implementation = TorchSpelled(torch)
    raised: list[tuple[s.Program, Any]] = []
    for program in many:
        errors = [event for event in implementation.run(program).events if event.status == "raised"]
        raised.extend((program, error) for error in errors if CLAMP not in str(error.error))
    assert raised == []


def test_programs_have_every_statement_and_most_operators(many: list[s.Program]) -> None:
    statements = [statement for program in many for statement in program.walk()]
    kinds = Counter(type(statement).__name__ for statement in statements)
    wanted = "Create Apply Detach SetRequiresGrad GradMode Repeat While If Backward Grad SetGrad RetainGrad"
    assert set(wanted.split()) == set(kinds)
    used = {statement.op for statement in statements if isinstance(statement, s.Apply)}
    assert {op for op in OPERATORS if find(op).differentiable} <= used
    backwards = [statement for statement in statements if isinstance(statement, s.Backward)]
    assert any(len(each.roots) > 1 for each in backwards)
    assert any(each.inputs for each in backwards)
    assert any(each.retain_graph for each in backwards)
    assert any(each.gradients == (None,) for each in backwards)
    assert any(each.create_graph for each in statements if isinstance(each, s.Grad))
    blocks = [each for each in statements if isinstance(each, s.GradMode)]
    assert {block.mode for block in blocks} == set(s.MODES[:4])
    assert any(block.raises for block in blocks)
    assert any(isinstance(line, s.GradMode) for block in blocks for line in block.body)


def test_graphs_are_deep_and_meet(many: list[s.Program]) -> None:
    uses = [Counter(name for line in program.walk() for name in s.used(line)) for program in many]
    assert sum(max(count.values(), default=0) >= 3 for count in uses) > len(many) / 3
    lengths = [sum(isinstance(line, s.Apply) for line in program.walk()) for program in many]
    assert max(lengths) >= 20
    assert sum(length >= 5 for length in lengths) > len(many) / 2


def test_a_program_has_only_the_features_asked_for() -> None:
    plain = drawn(programs(features=frozenset({"operation", "backward"})), 60)
    kinds = {type(line).__name__ for program in plain for line in program.walk()}
    assert kinds == {"Create", "Apply", "Backward"}
    with pytest.raises(ValueError, match="unknown features dancing; expected some of backward"):
        programs(features=FEATURES | {"dancing"})


def test_no_program_is_rejected() -> None:
    assert rejected(programs(), 150) == 0.0


def size(program: s.Program) -> int:
    return len(list(program.walk()))


def has(kind: type, such: Callable[[Any], bool] = lambda statement: True) -> Callable[[s.Program], bool]:
    return lambda program: any(isinstance(line, kind) and such(line) for line in program.walk())


@pytest.mark.parametrize(
    ("wanted", "most"),
    [
        (has(s.Apply, lambda line: line.op == "tanh"), 6),
        (has(s.Backward), 6),
        (has(s.GradMode), 6),
        (has(s.If), 6),
    ],
)
def test_programs_shrink_to_a_few_statements(wanted: Callable[[s.Program], bool], most: int) -> None:
    program = shrunk(
        programs(), wanted, settings=settings(quiet(2000), phases=(Phase.generate, Phase.shrink))
    )
    assert size(program) <= most
    sizes = [math.prod(line.value.shape) for line in program.walk() if isinstance(line, s.Create)]
    assert max(sizes) <= 3


# -- the same every time -----------------------------------------------------------------------------------

_DIGEST = """
import hashlib, sys
from tests.conformance.test_strategies import digest
print(digest())
"""


def digest() -> str:
    """A digest of some calls and programs."""
    found = [*drawn(programs(), 40), *drawn(any_calls(style=EVERY_DTYPE), 40)]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def test_the_same_is_drawn_elsewhere_with_another_hash_seed_and_other_constants(tmp_path: Path) -> None:
    # Hypothesis mixes constants of local modules into what it draws: none of them may matter.
    (tmp_path / "local.py").write_text("CONSTANTS = [17, 123, 456, 3.14159, 'torch', 99, 1000]\n")
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path), str(root)])
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": path}
    command = [sys.executable, "-c", "import local" + _DIGEST]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.stdout.strip() == digest(), run.stderr


def test_positive_literals_are_positive() -> None:
    assert all(min(value.data) > 0 for value in drawn(literals((5,), "float64", POSITIVE), 30))
    assert any(min(value.data) < 0 for value in drawn(literals((5,), "float64", REAL), 30))

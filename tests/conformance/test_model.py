"""The model alone: what it predicts, and that its facts about operators are PyTorch's."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.model import Reject, predict
from conformance.model import contested as points
from conformance.model.expected import Anything, Number
from conformance.programs.builder import Builder
from conformance.programs.statements import PLAIN_FIELDS, Backward, Program

torch = pytest.importorskip("torch", reason="the facts are PyTorch's, and PyTorch is not installed")

UNARY = (
    "neg clone sum mean flatten squeeze abs log sin cos square log1p exp sqrt tan tanh sigmoid"
    " nn.functional.relu reciprocal rsqrt expm1 prod std norm var amax amin max min"
).split()
BINARY = "add sub mul div pow matmul atan2 maximum minimum".split()
WITH_PARAMS: dict[str, dict[str, Any]] = {
    "cumsum": {"dim": 0},
    "softmax": {"dim": 0},
    "log_softmax": {"dim": 0},
    "logsumexp": {"dim": 0},
    "reshape": {"shape": (9,)},
    "transpose": {"dim0": 0, "dim1": 1},
    "flip": {"dims": (0,)},
    "unsqueeze": {"dim": 0},
    "narrow": {"dim": 0, "start": 0, "length": 2},
}


def graph(op: str, operands: int, params: dict[str, Any], tracked: int) -> tuple[Builder, Any, Any]:
    b = Builder()
    handles = [
        b.tensor(
            [[1.5, 2.0, 3.5], [2.5, 1.0, 4.0], [3.0, 4.5, 5.5]], dtype="float64", requires_grad=at == tracked
        )
        + 0.25 * at
        if at != tracked
        else b.tensor(
            [[1.5, 2.0, 3.5], [2.5, 1.0, 4.0], [3.0, 4.5, 5.5]], dtype="float64", requires_grad=True
        )
        for at in range(operands)
    ]
    return b, handles[tracked], b.apply(op, *handles, **params)


def torch_call(op: str, operands: int, params: dict[str, Any], tracked: int) -> tuple[Any, Any]:
    values = torch.tensor([[1.5, 2.0, 3.5], [2.5, 1.0, 4.0], [3.0, 4.5, 5.5]], dtype=torch.float64)
    leaves = [
        values + 0.25 * at if at != tracked else values.clone().requires_grad_() for at in range(operands)
    ]
    function = torch
    for part in op.split("."):
        function = getattr(function, part)
    call: Any = function
    return leaves[tracked], call(*leaves, **params)


CASES = [
    *((op, 1, {}, 0) for op in UNARY),
    *((op, 2, {}, tracked) for op in BINARY for tracked in (0, 1)),
    *((op, 1, params, 0) for op, params in WITH_PARAMS.items()),
]


@pytest.mark.parametrize(("op", "operands", "params", "tracked"), CASES)
def test_a_second_backward_is_refused_exactly_where_pytorch_refuses_it(
    op: str, operands: int, params: dict[str, Any], tracked: int
) -> None:
    _, result = torch_call(op, operands, params, tracked)
    weight = torch.ones_like(result)
    result.backward(weight)
    try:
        result.backward(weight)
        refused = False
    except RuntimeError:
        refused = True
    b, _, y = graph(op, operands, params, tracked)
    shape = predict(b.program()).observations[-1].fields["shape"]
    for _ in range(2):
        w = b.ones(*shape, dtype="float64")
        y.backward(w)
    events = [event.status for event in predict(b.program()).events if event.status == "raised"]
    assert (events == ["raised"]) is refused


@pytest.mark.parametrize(("op", "operands", "params", "tracked"), CASES)
def test_a_gradient_has_a_history_exactly_where_pytorch_gives_it_one(
    op: str, operands: int, params: dict[str, Any], tracked: int
) -> None:
    leaf, result = torch_call(op, operands, params, tracked)
    (wanted,) = torch.autograd.grad(result, leaf, torch.ones_like(result), create_graph=True)
    b, x, y = graph(op, operands, params, tracked)
    shape = predict(b.program()).observations[-1].fields["shape"]
    w = b.ones(*shape, dtype="float64")
    (g,) = b.grad(y, x, w, create_graph=True)
    b.observe(g)
    assert predict(b.program()).observations[-1].fields["requires_grad"] is wanted.requires_grad


def seen(program: Program) -> dict[str, dict[str, Any]]:
    return {found.name: dict(found.fields) for found in predict(program).observations}


def test_leaves_accumulate_and_intermediates_do_not() -> None:
    b = Builder()
    x = b.tensor([1.0, 2.0], requires_grad=True).named("x")
    y = (x * 3).named("y")
    y.sum().backward()
    fields = seen(b.program())
    assert isinstance(fields["x"]["grad"], Number)
    assert fields["y"]["grad"] is None
    assert not fields["y"]["is_leaf"]


def test_a_backward_that_fails_on_its_way_leaves_grads_open() -> None:
    b = Builder()
    x = b.tensor(2.0, requires_grad=True).named("x")
    y = x * x
    y.backward()
    y.backward()
    assert isinstance(seen(b.program())["x"]["grad"], Anything)


def test_a_condition_on_the_edge_is_rejected() -> None:
    b = Builder()
    x = b.tensor([3.0, 4.0], dtype="float64")
    with b.if_(x.norm() < 5.0):
        x * 2
    with pytest.raises(Reject, match="within rounding"):
        predict(b.program())


def test_a_loop_without_an_end_is_rejected() -> None:
    b = Builder()
    x = b.tensor([1.0]).named("x")
    y = (x * 2).named("y")
    with b.while_(y.norm() > 0.5, limit=3):
        y.assign(y * 2)
    with pytest.raises(Reject, match="did not end within 3"):
        predict(b.program())


def test_every_contested_point_is_among_them_all() -> None:
    constants = {value for name, value in vars(points).items() if isinstance(value, str) and name.isupper()}
    assert constants == points.EVERY


def test_a_view_under_no_grad_is_contested() -> None:
    b = Builder()
    x = b.tensor([1.0, 2.0], requires_grad=True)
    with b.no_grad():
        x.reshape(2)
    assert predict(b.program()).contested == {points.VIEW_UNDER_NO_GRAD}


def test_a_statement_that_needs_what_raised_is_skipped() -> None:
    b = Builder()
    x = b.tensor([1.0, 2.0], requires_grad=True)
    y = x @ b.tensor([1.0, 2.0, 3.0])
    (y * 2).backward()
    assert [event.status for event in predict(b.program()).events] == [
        "ok",
        "ok",
        "raised",
        "skipped",
        "skipped",
        "ok",
    ]


def test_the_observation_at_the_end_covers_every_name_and_field() -> None:
    b = Builder()
    b.tensor([1.0]).named("x")
    assert seen(b.program()).keys() == {"x"}
    assert set(seen(b.program())["x"]) == set(PLAIN_FIELDS)


def test_inputs_name_who_accumulates() -> None:
    b = Builder()
    x = b.tensor(2.0, requires_grad=True).named("x")
    y = (x * x).named("y")
    z = y * y
    b.backward(z, inputs=[y])
    fields = seen(b.program())
    assert fields["x"]["grad"] is None
    assert isinstance(fields["y"]["grad"], Number)
    assert isinstance(b.program().statements[-1], Backward)

"""Type promotion: every pair of dtypes, dimensioned, zero-dimensional and as a Python number."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from tests.refimpl.sides import dtype_of, refimpl

DTYPES = ("uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bool")
SHAPES: tuple[tuple[int, ...], ...] = ((), (1,))
NUMBERS = (True, 2, 2.5)
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "compare": lambda a, b: a < b,
    "power": lambda a, b: a**b,
}


@pytest.fixture(params=["float32", "float64", "float16"])
def default(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both sides with another default dtype."""
    sides = (refimpl, torch)
    before = [side.get_default_dtype() for side in sides]
    try:
        for side in sides:
            side.set_default_dtype(getattr(side, request.param))
        yield request.param
    finally:
        for side, dtype in zip(sides, before, strict=True):
            side.set_default_dtype(dtype)


def promoted(operation: Callable[[Any, Any], Any], module: Any, first: Any, second: Any) -> str:
    """The dtype of a result, or the class of what was raised. Operands are numbers, or dtypes and shapes."""
    operands = [
        module.ones(each[1], dtype=getattr(module, each[0])) if isinstance(each, tuple) else each
        for each in (first, second)
    ]
    try:
        return dtype_of(operation(*operands))
    except (RuntimeError, NotImplementedError) as error:
        return type(error).__name__


@pytest.mark.parametrize("name", OPERATIONS)
def test_two_tensors(name: str) -> None:
    kinds = list(itertools.product(DTYPES, SHAPES))
    pairs = list(itertools.product(kinds, kinds))
    ours = {pair: promoted(OPERATIONS[name], refimpl, *pair) for pair in pairs}
    theirs = {pair: promoted(OPERATIONS[name], torch, *pair) for pair in pairs}
    assert {pair: (ours[pair], theirs[pair]) for pair in pairs if ours[pair] != theirs[pair]} == {}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_tensor_and_a_number(name: str, default: str) -> None:
    kinds = list(itertools.product(DTYPES, SHAPES))
    pairs: list[Any] = [*itertools.product(kinds, NUMBERS), *itertools.product(NUMBERS, kinds)]
    ours = {pair: promoted(OPERATIONS[name], refimpl, *pair) for pair in pairs}
    theirs = {pair: promoted(OPERATIONS[name], torch, *pair) for pair in pairs}
    assert {pair: (ours[pair], theirs[pair]) for pair in pairs if ours[pair] != theirs[pair]} == {}


@pytest.mark.parametrize("name", ["result_type", "promote_types", "can_cast"])
def test_the_rules_themselves(name: str, default: str) -> None:
    def answer(module: Any, first: str, second: str) -> str:
        operands = [getattr(module, each) for each in (first, second)]
        if name == "result_type":
            operands = [module.ones(2, dtype=operands[0]), module.tensor(1).to(operands[1])]
        return str(getattr(module, name)(*operands)).replace("refimpl.", "torch.")

    pairs = list(itertools.product(DTYPES, DTYPES))
    assert {pair: answer(refimpl, *pair) for pair in pairs} == {pair: answer(torch, *pair) for pair in pairs}


@pytest.mark.parametrize("dtype", DTYPES)
def test_facts_of_a_dtype(dtype: str) -> None:
    ours, theirs = (getattr(module, dtype) for module in (refimpl, torch))
    for fact in ("itemsize", "is_floating_point", "is_complex", "is_signed"):
        assert getattr(ours, fact) == getattr(theirs, fact)
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize(
    "source", ["tensor(1.5)", "tensor([1, 2.5])", "ones(2)", "linspace(0, 1, 3)", "arange(2.5)",
               "tensor(1) / 2", "full((2,), 1.5)", "rand(2)", "eye(2)", "zeros(2).sum()",
               "tensor([1, 2]) * 2.5"]
)  # fmt: skip
def test_what_is_made_has_the_default_dtype(source: str, default: str) -> None:
    ours, theirs = (eval(f"module.{source}", {"module": module}) for module in (refimpl, torch))
    assert dtype_of(ours) == dtype_of(theirs) == default

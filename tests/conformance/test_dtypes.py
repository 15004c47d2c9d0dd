"""The promotion that the model predicts with is PyTorch's, for every pair of dtypes in every role."""

from itertools import product
from typing import Any

import pytest
import torch

from conformance.catalogue import CATALOGUE, find
from conformance.dtypes import (
    RULES,
    Typed,
    category,
    floating,
    promote_types,
    result_dtypes,
    result_type,
    scalar_dtype,
)
from oracles.question import DTYPES

SCALARS = (True, 2, 0.5)
OPERANDS = (*(Typed(dtype, dimensioned) for dtype in DTYPES for dimensioned in (True, False)), *SCALARS)


def in_torch(operand: Any) -> Any:
    if isinstance(operand, Typed):
        return torch.ones((2,) if operand.dimensioned else (), dtype=getattr(torch, operand.dtype))
    return operand


def name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


@pytest.mark.parametrize(("first", "second"), list(product(DTYPES, DTYPES)))
def test_promote_types_is_pytorchs(first: str, second: str) -> None:
    assert promote_types(first, second) == name(
        torch.promote_types(getattr(torch, first), getattr(torch, second))
    )


def test_every_pair_of_operands_promotes_as_in_pytorch() -> None:
    pairs = [pair for pair in product(OPERANDS, OPERANDS) if any(isinstance(each, Typed) for each in pair)]
    wrong = [pair for pair in pairs if result_type(pair) != name(torch.result_type(*map(in_torch, pair)))]
    assert len(pairs) > 400
    assert wrong == []


def test_three_operands_promote_as_in_clamp() -> None:
    triples = [
        (Typed(first), Typed(second, False), third)
        for first, second, third in product(("int8", "int32", "float16"), ("int64", "float64"), (1, 0.5))
    ]
    wrong = [triple for triple in triples if result_type(triple) != _clamped(*map(in_torch, triple))]
    assert wrong == []


def _clamped(first: torch.Tensor, second: torch.Tensor, third: float) -> str:
    return name(torch.clamp(first, second, torch.tensor(third)).dtype)


@pytest.mark.parametrize(
    ("op", "args", "params", "expected"),
    [
        ("div", (Typed("int32"), 2), {}, ("float32",)),
        ("div", (Typed("int32"), 2), {"rounding_mode": "floor"}, ("int32",)),
        ("sum", (Typed("bool"),), {}, ("int64",)),
        ("sum", (Typed("float16"),), {"dtype": "float32"}, ("float32",)),
        ("cumsum", (Typed("uint8"),), {"dim": 0}, ("int64",)),
        ("mean", (Typed("float16"),), {"dim": 0}, ("float16",)),
        ("exp", (Typed("int64"),), {}, ("float32",)),
        ("abs", (Typed("int8"),), {}, ("int8",)),
        ("max", (Typed("float64"),), {"dim": 0}, ("float64", "int64")),
        ("max", (Typed("float64"),), {}, ("float64",)),
        ("argmax", (Typed("float64"),), {}, ("int64",)),
        ("where", (Typed("bool"), Typed("float16", False), Typed("int64")), {}, ("float16",)),
        ("where", (Typed("bool"), 1.0, Typed("float64", False)), {}, ("float64",)),
        ("clamp", (Typed("int32"),), {"min": 0.5}, ("float32",)),
        ("clamp", (Typed("float16"), None, Typed("float32")), {}, ("float32",)),
        ("cat", ((Typed("float16"), Typed("float32")),), {"dim": 0}, ("float32",)),
        ("to", (Typed("float64"),), {"dtype": "float16"}, ("float16",)),
        ("eq", (Typed("float64"), 1), {}, ("bool",)),
        ("split", (Typed("float16"),), {"split_size_or_sections": 1}, ("float16", "float16", "float16")),
    ],
)
def test_each_rule_by_example(
    op: str, args: tuple[Any, ...], params: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert result_dtypes(find(op), args, params, len(expected)) == expected


def test_every_rule_is_used_by_a_row() -> None:
    assert {row.dtype for row in CATALOGUE.values()} == set(RULES)


def test_categories_order_bool_below_integers_below_floats() -> None:
    assert [category(dtype) for dtype in ("bool", "uint8", "int64", "float16")] == [0, 1, 1, 2]
    assert floating("int64") == "float32"
    assert floating("float16") == "float16"


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown dtype 'float8'.*float16"):
        category("float8")
    with pytest.raises(TypeError, match="expected a Python bool, int or float, got str"):
        scalar_dtype("1")
    with pytest.raises(ValueError, match="at least one operand"):
        result_type(())

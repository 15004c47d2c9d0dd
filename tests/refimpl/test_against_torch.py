"""The reference is PyTorch, expression by expression: results, printing, graphs, errors and derivatives.

The corpora are lines of source over the operands of ``sides.operands``: one test per line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.refimpl.sides import (
    FLOATING,
    TO_THE_LETTER,
    Outcome,
    agree,
    array_of,
    chain,
    dtype_of,
    evaluate,
    every_warning,
    operands,
    printed,
    refimpl,
    tensors_in,
)

CORPUS = Path(__file__).parent / "corpus"
LEAVES = ("x", "w", "v", "s", "a", "o", "q", "n", "h")


def lines(name: str) -> list[str]:
    """The expressions of one corpus."""
    found = (CORPUS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in found if line and not line.startswith("#")]


EXPRESSIONS = [line for path in sorted(CORPUS.glob("*.txt")) for line in lines(path.stem)]


def seen(outcome: Outcome, names: dict[str, Any]) -> dict[str, Any]:
    """What a user can see of an outcome."""
    if outcome.raised is not None:
        return {"raised": outcome.raised if TO_THE_LETTER else True}
    tensors = tensors_in(outcome.value, names["torch"])
    facts = {
        "kind": type(outcome.value).__name__,
        "dtypes": [dtype_of(each) for each in tensors],
        "shapes": [tuple(each.shape) for each in tensors],
        "requires_grad": [each.requires_grad for each in tensors],
        "leaf": [each.is_leaf for each in tensors],
        "shares": [_shared_with(each, names) for each in tensors],
    }
    if TO_THE_LETTER:
        facts |= {"warned": outcome.warned, "graph": [chain(each.grad_fn) for each in tensors]}
        facts |= {"printed": "a node" if "object at 0x" in repr(outcome.value) else printed(outcome.value)}
    return facts


def _shared_with(tensor: Any, names: dict[str, Any]) -> list[str]:
    if tensor.numel() == 0:
        return []
    memory = tensor.detach().numpy()
    known = {name: each for name, each in names.items() if isinstance(each, names["torch"].Tensor)}
    return [name for name, each in known.items() if np.shares_memory(memory, each.detach().numpy())]


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_an_expression_gives_what_pytorch_gives(source: str) -> None:
    for tracked in (False, True):
        for dtype in FLOATING if tracked else FLOATING[:1]:
            ours, theirs = (operands(module, dtype, tracked) for module in (refimpl, torch))
            actual, expected = evaluate(source, ours), evaluate(source, theirs)
            assert seen(actual, ours) == seen(expected, theirs), actual.message or expected.message
            values = zip(tensors_in(actual.value, refimpl), tensors_in(expected.value, torch), strict=True)
            for our_tensor, their_tensor in values:
                assert agree(array_of(our_tensor), array_of(their_tensor), dtype)


def cotangent(tensor: Any, module: Any, salt: int, tracked: bool) -> Any:
    """A tensor like the given one, of short decimals that differ."""
    steps = np.arange(tensor.numel()) * 1.7 + salt
    values = np.round(np.sin(steps) * 2, 2).reshape(tuple(tensor.shape))
    return module.tensor(values, dtype=tensor.dtype, requires_grad=tracked)


def derivatives(source: str, module: Any, dtype: str, order: int) -> dict[str, Any]:
    """The gradients of every tracked result at every leaf, and those of the gradients; values and history."""
    names = operands(module, dtype, tracked=True)
    results = [each for each in tensors_in(evaluate(source, names).value, module) if each.requires_grad]
    leaves = [names[name] for name in LEAVES]
    facts: dict[str, Any] = {}
    targets = leaves
    for level in range(1, order + 1):
        if not results:
            break
        weights = [cotangent(each, module, level + k, True) for k, each in enumerate(results)]
        try:
            found = module.autograd.grad(results, targets, weights, create_graph=True, allow_unused=True)
        except Exception as error:
            facts[f"{level} raised"] = type(error).__name__
            break
        facts |= {f"{level} {k}": array_of(each) for k, each in enumerate(found)}
        if TO_THE_LETTER:
            facts |= {
                f"{level} {k} tracked": each is not None and each.requires_grad
                for k, each in enumerate(found)
            }
        results = [each for each in found if each is not None and each.requires_grad]
        targets = targets + weights
    return facts


def differentiable(source: str) -> bool:
    names = operands(torch, tracked=True)
    return any(
        each.requires_grad and not each.is_leaf for each in tensors_in(evaluate(source, names).value, torch)
    )


DIFFERENTIABLE = [source for source in EXPRESSIONS if differentiable(source)]


@pytest.mark.parametrize("source", DIFFERENTIABLE)
def test_the_derivatives_are_pytorchs(source: str) -> None:
    for dtype in FLOATING:
        order = 1 if dtype == "float16" else 2
        with every_warning():
            actual = derivatives(source, refimpl, dtype, order)
            expected = derivatives(source, torch, dtype, order)
        assert actual.keys() == expected.keys()
        wrong = {
            key: (dtype, actual[key], value)
            for key, value in expected.items()
            if not (
                agree(actual[key], value, dtype) if isinstance(value, np.ndarray) else actual[key] == value
            )
        }
        assert wrong == {}

"""Printing, over random tensors of every dtype, shape and magnitude, under the usual and other options."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.refimpl.sides import SIDES, TO_THE_LETTER, dtype_of, refimpl

DTYPES = ("float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1e8, 1e-4, 1000.0)
OPTIONS: tuple[dict[str, Any], ...] = (
    {"profile": "default"},
    {"precision": 2, "linewidth": 40},
    {"precision": 8, "threshold": 5, "edgeitems": 1},
    {"sci_mode": True, "threshold": float("inf")},
    {"sci_mode": False, "edgeitems": 2, "threshold": 20},
)


def drawn(rng: np.random.Generator) -> NDArray[Any]:
    """Any array: its rank up to 4, with empty and with long axes."""
    dtype = str(rng.choice(DTYPES))
    rank = int(rng.integers(0, 5))
    longest = int(rng.choice([2, 4, 8, 12] if rank < 3 else [2, 4]))
    shape = tuple(int(size) for size in rng.integers(rng.random() > 0.15, longest + 1, rank))
    if rank == 1 and rng.random() < 0.2:
        shape = (int(rng.choice([999, 1000, 1001])),)
    count = int(np.prod(shape))
    if dtype == "bool":
        values: NDArray[Any] = rng.integers(0, 2, count)
    elif dtype.startswith("float"):
        values = _floats(rng, count)
    else:
        info = np.iinfo(dtype)
        reach = 10 ** int(rng.integers(0, 18))
        values = rng.integers(max(info.min, -reach), min(info.max, reach), count, endpoint=True)
    with np.errstate(all="ignore"):
        return np.asarray(values).reshape(shape).astype(dtype)


def _floats(rng: np.random.Generator, count: int) -> NDArray[Any]:
    kinds = (
        rng.normal(size=count) * 10.0 ** float(rng.integers(-12, 12)),
        rng.normal(size=count) * 10.0 ** rng.integers(-6, 6, count),
        rng.integers(-5, 6, count) * 1.0,
        np.round(rng.normal(size=count), 1),
        rng.integers(-(10**9), 10**9, count) * 1.0,
    )
    values = kinds[int(rng.integers(len(kinds)))]
    if count and rng.random() < 0.35:
        values[rng.integers(count)] = rng.choice(SPECIAL)
    return values


@contextlib.contextmanager
def print_options(module: Any, options: dict[str, Any]) -> Iterator[None]:
    """Print under these options, and as usual again afterwards."""
    module.set_printoptions(**options)
    try:
        yield
    finally:
        module.set_printoptions(profile="default")


def texts(module: Any, array: NDArray[Any], options: dict[str, Any]) -> list[str]:
    """A tensor printed as it is, as a leaf that requires grad, and as a result."""
    with print_options(module, options):
        tensor = module.from_numpy(array.copy())
        if not tensor.is_floating_point():
            return [repr(tensor)]
        return [repr(tensor), repr(tensor.requires_grad_()), repr(tensor.clone()), str(tensor.detach())]


@pytest.mark.parametrize("seed", range(60))
def test_a_random_tensor_prints_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    options = OPTIONS[0] if seed % 2 else OPTIONS[1 + seed % (len(OPTIONS) - 1)]
    for _ in range(8):
        array = drawn(rng)
        ours = texts(refimpl, array, options)
        if TO_THE_LETTER:
            assert ours == texts(torch, array, options)
        assert all(text.startswith("tensor(") for text in ours)


@pytest.mark.parametrize("side", SIDES)
def test_the_options_are_put_back(side: str) -> None:
    module = SIDES[side]
    with print_options(module, {"precision": 2}):
        assert repr(module.tensor([0.12345])) == "tensor([0.12])"
    assert repr(module.tensor([0.12345])) == "tensor([0.1235])"
    assert dtype_of(module.tensor([0.12345])) == "float32"

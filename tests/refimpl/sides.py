"""The reference and PyTorch side by side: one text of source, run with each of them as ``torch``.

Where the installed PyTorch is not the release that the reference imitates to the letter, only what every
release agrees on is compared: values, dtypes, shapes and flags, not printed text, names of nodes or warnings.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

# Its names are generated, so a type checker sees none of them.
refimpl: Any = importlib.import_module("refimpl")

SIDES: Mapping[str, Any] = {"refimpl": refimpl, "torch": torch}
TO_THE_LETTER = torch.__version__.startswith("2.13.")
"""Whether the installed PyTorch is the release whose messages, printing and node names the reference has."""

FLOATING = ("float32", "float64", "float16")


@contextlib.contextmanager
def every_warning() -> Iterator[list[warnings.WarningMessage]]:
    """Record the warnings inside, also those that PyTorch gives once in a process."""
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield caught
    finally:
        torch.set_warn_always(always)


@contextlib.contextmanager
def torch_mode_kept() -> Iterator[None]:
    """Put PyTorch's grad mode back afterwards, whatever happens to it inside."""
    mode = torch.is_grad_enabled()
    try:
        yield
    finally:
        torch.set_grad_enabled(mode)


def operands(module: Any, dtype: str = "float32", tracked: bool = False) -> dict[str, Any]:
    """The names that the corpora use, as tensors of one side.

    Floating: ``x`` (2, 3), ``w`` (2, 3) in (-1, 1), ``v`` (3,), ``s`` a scalar, ``a`` (2, 3, 4), ``o`` of
    ones (1, 2, 1), ``q`` (3, 3), ``n`` (0, 3); ``h`` (2, 3) is always half precision. These require grad
    where ``tracked``. Others: ``i`` (2, 3) and ``idx`` (2,) of int64, ``u`` (2, 3) of uint8, the mask ``m``.
    """
    kind = getattr(module, dtype)

    def floating(values: Any) -> Any:
        return module.tensor(values, dtype=kind, requires_grad=tracked)

    numbers = np.round(np.sin(np.arange(24.0)) * 3, 2)
    return {
        "torch": module,
        "np": np,
        "math": math,
        "x": floating([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]),
        "w": floating([[0.5, -0.25, 0.75], [-0.625, 0.125, 0.875]]),
        "v": floating([0.5, 1.5, -2.0]),
        "s": floating(3.0),
        "a": floating(numbers.reshape(2, 3, 4)),
        "o": floating(np.ones((1, 2, 1))),
        "q": floating([[1.0, 0.5, -1.0], [0.25, 2.0, 0.0], [1.5, -0.5, 3.0]]),
        "n": floating(np.zeros((0, 3))),
        "h": module.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]], dtype=module.float16, requires_grad=tracked),
        "i": module.tensor([[1, 2, 3], [4, 5, 6]]),
        "idx": module.tensor([0, 1]),
        "u": module.tensor([[1, 2, 3], [4, 5, 6]], dtype=module.uint8),
        "m": module.tensor([[False, False, True], [True, True, True]]),
    }


def tensors_in(value: Any, module: Any) -> list[Any]:
    """The tensors of a result, in order, out of tuples and lists however deep."""
    if isinstance(value, module.Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [tensor for part in value for tensor in tensors_in(part, module)]
    return []


def printed(value: Any) -> str:
    """What it prints as, with PyTorch's name for the module."""
    return repr(value).replace("refimpl.", "torch.")


def dtype_of(tensor: Any) -> str:
    """The name of a tensor's dtype, without the module's."""
    return str(tensor.dtype).rpartition(".")[2]


def array_of(tensor: Any) -> Any:
    """A copy of a tensor's values as an array; None stays None.

    Some of PyTorch's zero gradients have no memory to copy.
    """
    if tensor is None:
        return None
    empty = isinstance(tensor, torch.Tensor) and tensor._is_zerotensor()
    return np.array((torch.zeros_like(tensor) if empty else tensor).detach().numpy())


def chain(node: Any, depth: int = 0) -> str:
    """The names of a node and of those behind it in one text; ``leaf`` is where a gradient accumulates."""
    if node is None:
        return "-"
    if node.name().endswith("AccumulateGrad"):
        return "leaf"
    edges = [
        chain(each, depth + 1) + (f"#{number}" if number else "") for each, number in node.next_functions
    ]
    return f"{node.name()}({', '.join(edges)})" if depth < 6 else "..."


@dataclass(frozen=True)
class Outcome:
    """What came of one expression: the class that it raised, or what it gave."""

    raised: str | None
    message: str
    value: Any = None
    warned: tuple[str, ...] = ()


def evaluate(source: str, names: dict[str, Any]) -> Outcome:
    """Evaluate an expression; an exception is an outcome like others."""
    with every_warning() as caught:
        try:
            value = eval(source, names)
        except Exception as error:
            return Outcome(type(error).__name__, str(error))
    return Outcome(None, "", value, tuple(sorted(each.category.__name__ for each in caught)))


def agree(actual: Any, expected: Any, dtype: str = "float64") -> bool:
    """Whether two arrays have one shape, one dtype, and values apart by no more than rounding.

    ``dtype`` is the coarsest that took part. Both sides round, each a few times, in an order of its own.
    """
    if actual is None or expected is None:
        return actual is expected
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        return False
    if expected.dtype.kind != "f":
        return bool(np.array_equal(actual, expected))
    unit = max(float(np.finfo(each).eps) for each in (dtype, expected.dtype))
    scale = np.abs(np.where(np.isfinite(expected), expected, 0)).astype(np.float64).max(initial=1.0)
    off = 32 * unit * float(scale)
    return bool(np.allclose(actual.astype("f8"), expected.astype("f8"), rtol=0, atol=off, equal_nan=True))

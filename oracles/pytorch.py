"""The PyTorch oracle: torch's own eager float64 and its own reverse mode.

It answers at kinks and ties too, with PyTorch's choice; which choices are acceptable there is for the suite
to say.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oracles.question import (
    FLOATING,
    Abstain,
    Answer,
    Argument,
    Cached,
    CannotAnswer,
    Function,
    Literal,
    Question,
    Reply,
)
from oracles.torch_table import Row, table

if TYPE_CHECKING:
    from oracles.rounding import Rounding

Tensor = Any  # torch.Tensor: torch is imported when the oracle is asked for, and only here


def engine() -> Any:
    """The torch module.

    Raises:
        ImportError: PyTorch is not installed; the sentence says how to install it.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "the torch oracle needs PyTorch, which is missing: pip install 'autograd-conformance[torch]'"
        ) from error
    return torch


def oracle() -> PyTorch:
    """The PyTorch oracle.

    Raises:
        ImportError: PyTorch is not installed.
    """
    return PyTorch(engine())


class Eager:
    """Functions of CPU tensors: every floating dtype is float64, integers and bool are themselves."""

    def __init__(self, torch: Any, rows: Mapping[str, Row]) -> None:
        self._torch = torch
        self._rows = rows

    def constant(self, value: Literal) -> Tensor:
        flat = self._torch.tensor(value.data, dtype=self._dtype(value.dtype), device="cpu")
        return flat.reshape(value.shape)

    def apply(self, op: str, args: tuple[Argument, ...], params: Mapping[str, Argument]) -> Sequence[Tensor]:
        """The results of one operator.

        Raises:
            CannotAnswer: no row, or PyTorch refuses the call.
        """
        row = self._rows.get(op)
        if row is None:
            raise CannotAnswer(f"no row for {op} in PyTorch's table")
        known = {name: self._param(name, value) for name, value in params.items() if value is not None}
        try:
            results = self._call(row, args, known)
            # Masks are bool, so bools are widened only where widening the integers was not enough.
            for narrow in (False, True):
                if any(result.dtype == self._torch.float32 for result in results):
                    results = self._call(row, self._widened(args, narrow), known)
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raise CannotAnswer(f"{op}: PyTorch refuses it: {str(error).splitlines()[0]}") from error
        return results

    def stop_gradient(self, value: Tensor) -> Tensor:
        return value.detach()

    def vjp(
        self, function: Function, inputs: Sequence[Tensor], cotangents: Sequence[Tensor], wrt: Sequence[int]
    ) -> Sequence[Tensor]:
        """``torch.autograd.grad`` with a graph of its own; a gradient is zero where nothing depends on it."""
        given = list(inputs)
        for position in wrt:
            # A node of its own: the same tensor may stand in two places, or hang on others in wrt.
            source = inputs[position]
            given[position] = source.view_as(source) if source.requires_grad else leaf(source)
        return self.gradients(function(self, *given), cotangents, [given[position] for position in wrt])

    def gradients(
        self, outputs: Sequence[Tensor], cotangents: Sequence[Tensor | None], inputs: Sequence[Tensor]
    ) -> Sequence[Tensor]:
        # Weighted here and not by grad_outputs, for which torch imports its tracer: most of a second.
        weighted = [
            (output * cotangent).sum()
            for output, cotangent in zip(outputs, cotangents, strict=True)
            if cotangent is not None and output.requires_grad
        ]
        if not weighted or not inputs:
            return [self._torch.zeros_like(tensor) for tensor in inputs]
        try:
            gradients: Sequence[Tensor] = self._torch.autograd.grad(
                weighted, inputs, create_graph=True, allow_unused=True, materialize_grads=True
            )
        except RuntimeError as error:
            raise CannotAnswer(f"PyTorch's backward fails: {str(error).splitlines()[0]}") from error
        return gradients

    def _call(self, row: Row, args: tuple[Argument, ...], params: dict[str, Any]) -> tuple[Tensor, ...]:
        results = row(*args, **params)
        return (results,) if isinstance(results, self._torch.Tensor) else tuple(results)

    def _param(self, name: str, value: Argument) -> Any:
        return self._dtype(value) if name == "dtype" else value

    def _dtype(self, name: str) -> Any:
        return self._torch.float64 if name in FLOATING else getattr(self._torch, name)

    def _widened(self, argument: Argument, bools: bool) -> Any:
        """Integers as float64; by themselves they would become torch's default dtype, the caller's."""
        if isinstance(argument, tuple):
            return tuple(self._widened(item, bools) for item in argument)
        if isinstance(argument, self._torch.Tensor) and not argument.dtype.is_floating_point:
            kept = argument.dtype == self._torch.bool and not bools
            return argument if kept else argument.to(self._torch.float64)
        return argument


@contextmanager
def kept_environment() -> Iterator[None]:
    """Some second derivatives, of ``abs`` say, make torch import its compiler, which writes into it."""
    known = set(os.environ) if "torch._dynamo" not in sys.modules else None
    try:
        yield
    finally:
        if known is not None and "torch._dynamo" in sys.modules:
            for name in set(os.environ) - known:
                del os.environ[name]


def leaf(tensor: Tensor) -> Tensor:
    return tensor.detach().requires_grad_()


class PyTorch:
    """The oracle. Both methods answer from a bounded cache when the same question comes again."""

    name = "torch"

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._rows = table(torch)
        self.version = f"PyTorch {torch.__version__}"
        self.operators = frozenset(self._rows)
        self.values: Callable[[Question], tuple[Reply, ...]] = Cached(self._values)
        self.vjp: Callable[[Question], tuple[Reply, ...]] = Cached(self._vjp)

    @contextmanager
    def _own_modes(self) -> Iterator[Eager]:
        """Gradients on, whatever mode the caller is in, and the caller's mode again afterwards."""
        with kept_environment(), self._torch.inference_mode(False), self._torch.enable_grad():
            yield Eager(self._torch, self._rows)

    def _values(self, question: Question) -> tuple[Reply, ...]:
        try:
            with self._own_modes() as ops:
                outputs = question.function(ops, *map(ops.constant, question.inputs))
            return answers(outputs, float64_rounding(question).value_bounds)
        except CannotAnswer as reason:
            return (Abstain(str(reason)),) * len(question.function.outputs)

    def _vjp(self, question: Question) -> tuple[Reply, ...]:
        try:
            with self._own_modes() as ops:
                inputs = [leaf(ops.constant(value)) for value in question.inputs]
                weights = [None if weight is None else ops.constant(weight) for weight in question.cotangents]
                gradients = ops.gradients(question.function(ops, *inputs), weights, inputs)
            return answers(gradients, float64_rounding(question).gradient_bounds)
        except CannotAnswer as reason:
            return (Abstain(str(reason)),) * len(question.inputs)


def answers(tensors: Sequence[Tensor], bounds: Sequence[NDArray[np.float64]]) -> tuple[Reply, ...]:
    """Each tensor as float64 numbers with its bound; infinities and NaN are exact claims."""
    replies: list[Reply] = []
    for tensor, bound in zip(tensors, bounds, strict=True):
        value = np.array(tensor.detach().clone().tolist(), dtype=np.float64).reshape(tensor.shape)
        finite = np.isfinite(value)
        if np.isfinite(bound[finite]).all():
            replies.append(Answer(value, np.where(finite, bound, 0.0)))
        else:
            replies.append(Abstain("no finite bound on the rounding of PyTorch's float64"))
    return tuple(replies)


def float64_rounding(question: Question) -> Rounding:
    """What the float64 arithmetic of PyTorch may be off by.

    Raises:
        CannotAnswer: a branch is chosen by a rounding error, so that no bound holds; or none is known.
    """
    from oracles.rounding import rounding  # costs its import only where there is something to bound

    bounds = rounding(question, "float64")
    undecided = bounds.undecided()
    if undecided is not None:
        raise CannotAnswer(f"{undecided}: which branch is taken hangs on a rounding error")
    return bounds

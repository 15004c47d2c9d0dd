"""Running the triggers of ``tests/data/faults.toml`` on a namespace that is spelled like PyTorch."""

from __future__ import annotations

import gc
import itertools
import math
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults.reported import Reported


class Helpers:
    """What triggers use besides the namespace; tensors are float64."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._next = itertools.count(1).__next__

    def leaf(self, data: Any) -> Any:
        """A leaf that requires grad."""
        return self._torch.tensor(data, dtype=self._torch.float64, requires_grad=True)

    def constant(self, data: Any) -> Any:
        """A tensor that does not."""
        return self._torch.tensor(data, dtype=self._torch.float64)

    def distinct(self, *shape: int) -> Any:
        """A leaf whose elements differ from each other and from those of the leaves before it."""
        values = [0.25 + 0.125 * self._next() % 7.0 for _ in range(math.prod(shape))]
        return self.leaf(np.array(values).reshape(shape))

    def weights(self, *shape: int) -> Any:
        """A constant of different elements of both signs: the same for each call of a shape."""
        values = [(-1) ** place * (0.5 + 0.25 * place) for place in range(math.prod(shape))]
        return self.constant(np.array(values).reshape(shape))

    @staticmethod
    def equal(first: Any, second: Any, tolerance: float = 1e-9) -> bool:
        """Whether two tensors have one shape and close values; None is equal to nothing."""
        if first is None or second is None or tuple(first.shape) != tuple(second.shape):
            return False
        a, b = first.detach().numpy(), second.detach().numpy()
        return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=False))

    def differences(self, function: Callable[[Any], Any], x: Any) -> bool:
        """Whether the gradient of a scalar function agrees with central differences."""
        (gradient,) = self._torch.autograd.grad(function(x), x)
        point, step = x.detach().numpy().copy(), 1e-6
        wanted = np.empty_like(point)
        for place in np.ndindex(point.shape):
            moved = []
            for sign in (step, -step):
                near = point.copy()
                near[place] += sign
                moved.append(float(function(self.constant(near))))
            wanted[place] = (moved[0] - moved[1]) / (2 * step)
        return bool(np.allclose(gradient.detach().numpy(), wanted, rtol=1e-5, atol=1e-6))

    def names(self) -> dict[str, Any]:
        """The names that triggers know."""
        modules = {module.__name__: module for module in (gc, math, threading, weakref)}
        return modules | {
            "torch": self._torch,
            "grad": self._torch.autograd.grad,
            "P": self.leaf,
            "C": self.constant,
            "R": self.distinct,
            "W": self.weights,
            "eq": self.equal,
            "fdcheck": self.differences,
        }


def shows(torch: Any, fault: Reported) -> str:
    """What is wrong with the namespace, as far as the fault's trigger tells; nothing is "".

    Raises:
        Exception: whatever the trigger raises, unless that is what it has to raise.
    """
    names = Helpers(torch).names()
    with warnings.catch_warnings():
        # The grad of a tensor that is no leaf is asked for on purpose.
        warnings.simplefilter("ignore")
        if not fault.raises:
            exec(fault.trigger, names)
            return "" if eval(fault.expect, names) else f"{fault.expect} is false: {fault.wrong}"
        try:
            exec(fault.trigger, names)
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            return "" if fault.raises in kinds else f"raised {kinds[0]}, not {fault.raises}"
    return f"raised nothing: {fault.wrong}"

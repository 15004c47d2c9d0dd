"""How small an error the generated programs see: one element of one gradient, off by a hair.

    python -m tests.faults.blind_spots

prints for each operator, and each operand that has a gradient, how many programs it took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

import refimpl
from conformance.adapters.calling import Calls
from conformance.adapters.torch_spelled import TorchSpelled
from conformance.catalogue import CATALOGUE
from conformance.laws.numerics.shared import OPERATORS, differentiable
from tests.faults.killing import Outcome, run

Element: TypeAlias = Literal["first", "last"]


@dataclass(frozen=True)
class Hair:
    """A relative error, in which dtype, and the law that has to see it."""

    dtype: str
    relative: float
    law: str


HAIRS = (
    Hair("float64", 1e-6, "multiplies_by_the_jacobian"),
    Hair("float32", 1e-3, "keeps_the_precision_of_each_tensor"),
)

FLAT = frozenset(("sign", "floor", "ceil", "trunc", "round"))
"""Their gradients are zero: a relative error of zero is none, so one element gets the error itself."""


CASTS = frozenset(("to",))
"""Their gradients pass through the dtype that is cast to, and are as exact as that one lets them be."""


def operands(name: str) -> tuple[int, ...]:
    """The places of the tensors of a call that an operator has pullbacks for; of a list the first two."""
    row = CATALOGUE[name]
    if row.shapes in ("cat", "stack"):
        return (0, 1)
    return tuple(at for at, operand in enumerate(row.operands) if operand.role in ("number", "exponent"))


def spots() -> Iterator[tuple[str, int]]:
    """Every operator of the catalogue with a pullback, and each of its operands that has one."""
    for name, row in OPERATORS.items():
        if differentiable(row):
            yield from ((name, operand) for operand in operands(name))


class _Off(Calls):
    """Calls of which one operator's gradient for one operand is off in one element."""

    def __init__(self, namespace: Any, op: str, operand: int, hair: Hair, element: Element) -> None:
        super().__init__(namespace)
        self._spot = op, operand
        self._hair = hair
        self._relative = HAIRS[-1].relative if op in CASTS else hair.relative
        self._element = element

    def __call__(self, op: str, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        wanted, operand = self._spot
        if op == wanted:
            args = _replaced(args, operand, self._touched)
        return super().__call__(op, args, params)

    def _touched(self, tensor: Any) -> Any:
        dtype = str(getattr(tensor, "dtype", "")).rpartition(".")[2]
        if dtype != self._hair.dtype or not tensor.requires_grad:
            return tensor
        copy = tensor.clone()
        copy.register_hook(self._off_by_a_hair)
        return copy

    def _off_by_a_hair(self, gradient: Any) -> Any:
        array = np.array(gradient.detach().numpy())
        flat = array.reshape(-1)
        places = np.flatnonzero(flat)
        if places.size:
            flat[places[0 if self._element == "first" else -1]] *= 1 + self._relative
        elif flat.size and self._spot[0] in FLAT:
            flat[0 if self._element == "first" else -1] = self._relative
        return self._namespace.tensor(array, dtype=gradient.dtype)


def _replaced(args: tuple[Any, ...], operand: int, touch: Callable[[Any], Any]) -> tuple[Any, ...]:
    if isinstance(args[0], tuple):
        return (_replaced(args[0], operand, touch), *args[1:])
    if operand >= len(args) or args[operand] is None:
        return args
    return (*args[:operand], touch(args[operand]), *args[operand + 1 :])


def look(name: str, operand: int, hair: Hair, element: Element) -> Outcome:
    """What the law's programs for the operator make of a reference that is off by a hair there."""
    implementation = TorchSpelled(refimpl, name="refimpl")
    implementation.calls = _Off(refimpl, name, operand, hair, element)
    return run(f"{hair.law}[{name}]", implementation)


def main() -> None:
    """Print the table."""
    print(
        f"{'operator':22} operand "
        + "".join(f"{h.dtype + ' ' + e:>16}" for h in HAIRS for e in ("first", "last"))
    )
    for name, operand in spots():
        seen = [look(name, operand, hair, element) for hair in HAIRS for element in ("first", "last")]
        told = "".join(f"{each.programs if each.kills else 'not seen':>16}" for each in seen)
        print(f"{name:22} {operand:7} {told}")


if __name__ == "__main__":
    main()

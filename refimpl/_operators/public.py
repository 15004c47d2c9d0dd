"""The public names of operators: functions of the package, of its sub-packages, and methods of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from .._tensor import Tensor

__all__ = ["NAMESPACES", "public", "result_of"]

Function = TypeVar("Function", bound=Callable[..., Any])

NAMESPACES: Final[dict[str, dict[str, Callable[..., Any]]]] = {
    "torch": {}, "nn.functional": {}, "linalg": {}, "special": {},
}  # fmt: skip
"""Public functions by name, for each namespace of the package; the package's modules take them from here."""


def public(*places: str, names: tuple[str, ...] = ()) -> Callable[[Function], Function]:
    """Publish a function in ``places``: "torch", "Tensor" (as a method), "nn.functional", "linalg",
    "special".

    It is published under ``names``, by default under its own name without the trailing underscore that keeps
    it from hiding a builtin (in-place names are given in ``names``).
    """

    def publish(function: Function) -> Function:
        for name in names or (function.__name__.rstrip("_"),):
            for place in places:
                if place == "Tensor":
                    setattr(Tensor, name, function)
                else:
                    NAMESPACES[place][name] = function
        return function

    return publish


def result_of(name: str, result: Any, *operands: Any) -> Tensor:
    """``result``, unless it says that an operand was neither a tensor nor a number.

    Raises:
        TypeError: then.
    """
    if result is NotImplemented:
        kinds = ", ".join(type(each).__name__ for each in operands)
        raise TypeError(f"{name}(): expected tensors or numbers as operands, but got ({kinds})")
    made: Tensor = result
    return made

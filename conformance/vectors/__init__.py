"""Contested points as data: kinks, ties and special values, each with the gradients that are acceptable and
why.

The files beside this one hold the cases; ``schema.json`` is their JSON Schema. A case is a few steps over
named leaves, a cotangent for each order of differentiation, and the acceptable answers: the first is what
PyTorch gives, the others are argued. An expected element is a number, "nan", "inf" or "-inf", or an interval.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from conformance.programs.statements import Apply, Backward, Create, Grad, Program, Statement, Var
from oracles.question import Literal, Slice

FILES = ("kinks", "ties", "edges", "special")

Element: TypeAlias = "float | tuple[float, float]"


@dataclass(frozen=True)
class Leaf:
    """A named tensor that a case starts from."""

    name: str
    value: Literal
    requires_grad: bool


@dataclass(frozen=True)
class Total:
    """A condition across elements: those of the named leaves sum up to a number."""

    leaves: tuple[str, ...]
    equals: float


@dataclass(frozen=True)
class Acceptable:
    """One acceptable answer: for each leaf that requires a gradient its elements, None where it gets none."""

    gradients: Mapping[str, tuple[Element, ...] | None]
    reason: str
    source: str
    totals: tuple[Total, ...] = ()


@dataclass(frozen=True)
class Case:
    """One contested point: a cotangent for each order; ``wrt`` names the leaf that the inner orders go by."""

    id: str
    operator: str
    about: str
    leaves: tuple[Leaf, ...]
    steps: tuple[Apply, ...]
    root: str
    cotangents: tuple[Literal, ...]
    wrt: str | None
    acceptable: tuple[Acceptable, ...]

    @property
    def program(self) -> Program:
        """The case as a program: its last order runs backward, so that the answers stand in ``.grad``."""
        lines: list[Statement] = [Create(leaf.name, leaf.value, leaf.requires_grad) for leaf in self.leaves]
        lines.extend(self.steps)
        root = self.root
        for order, cotangent in enumerate(self.cotangents, 1):
            seed = f"w{order}"
            lines.append(Create(seed, cotangent))
            if order == len(self.cotangents) or self.wrt is None:
                lines.append(Backward((root,), (seed,)))
                break
            lines.append(Grad((f"g{order}",), (root,), (self.wrt,), (seed,), create_graph=True))
            root = f"g{order}"
        return Program(tuple(lines))

    def accepts(self, gradients: Mapping[str, NDArray[Any] | None], factor: float) -> Acceptable | None:
        """The first acceptable answer that the gradients agree with; None where there is none.

        NaN, infinities and their signs, zeros and shapes must agree exactly; any other number within
        ``factor`` times the unit roundoff of the gradient's dtype, relative to its size.
        """
        shapes = {leaf.name: leaf.value.shape for leaf in self.leaves}
        return next(
            (answer for answer in self.acceptable if _agrees(answer, gradients, shapes, factor)), None
        )


def _agrees(
    answer: Acceptable,
    gradients: Mapping[str, NDArray[Any] | None],
    shapes: Mapping[str, tuple[int, ...]],
    factor: float,
) -> bool:
    for name, expected in answer.gradients.items():
        given = gradients.get(name)
        if given is None or expected is None:
            if not (given is None and expected is None):
                return False
            continue
        if given.shape != shapes[name]:
            return False
        allowance = factor * float(np.finfo(given.dtype).eps) / 2
        if not all(map(_matches, given.ravel().tolist(), expected, [allowance] * len(expected))):
            return False
    return all(_adds_up(total, gradients, factor) for total in answer.totals)


def _matches(given: float, expected: Element, allowance: float) -> bool:
    if isinstance(expected, tuple):
        low, high = expected
        slack = allowance * max(abs(low), abs(high))
        return low - slack <= given <= high + slack
    if math.isnan(expected):
        return math.isnan(given)
    if math.isinf(expected):
        return given == expected
    return abs(given - expected) <= allowance * abs(expected)


def _adds_up(total: Total, gradients: Mapping[str, NDArray[Any] | None], factor: float) -> bool:
    parts = [part for name in total.leaves if (part := gradients.get(name)) is not None]
    given = math.fsum(float(element) for part in parts for element in part.ravel())
    size = math.fsum(abs(float(element)) for part in parts for element in part.ravel())
    roundoff = max((float(np.finfo(part.dtype).eps) / 2 for part in parts), default=0.0)
    return abs(given - total.equals) <= factor * roundoff * size


@lru_cache(maxsize=1)
def load() -> tuple[Case, ...]:
    """Every case of every file, in order."""
    return tuple(case(entry) for name in FILES for entry in document(name)["cases"])


def document(name: str) -> Any:
    """One file beside this one, as plain data; ``schema`` is the schema itself."""
    return json.loads(files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8"))


def case(entry: Mapping[str, Any]) -> Case:
    """A case out of its plain data, which the schema describes."""
    return Case(
        entry["id"],
        entry["operator"],
        entry["about"],
        tuple(
            Leaf(leaf["name"], _literal(leaf), leaf.get("requires_grad", True)) for leaf in entry["leaves"]
        ),
        tuple(_step(step) for step in entry["steps"]),
        entry["root"],
        tuple(_literal(cotangent) for cotangent in entry["cotangents"]),
        entry.get("wrt"),
        tuple(_acceptable(answer) for answer in entry["acceptable"]),
    )


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value


def _literal(entry: Mapping[str, Any]) -> Literal:
    data = tuple(_number(value) for value in entry["data"])
    return Literal(entry.get("dtype", "float64"), tuple(entry["shape"]), data)


def _argument(entry: Any) -> Any:
    if isinstance(entry, Mapping):
        if "slice" in entry:
            return Slice(*entry["slice"])
        return Var(entry["tensor"])
    if isinstance(entry, list):
        return tuple(map(_argument, entry))
    return _number(entry)


def _step(entry: Mapping[str, Any]) -> Apply:
    params = tuple((name, _argument(value)) for name, value in entry.get("params", {}).items())
    return Apply(tuple(entry["targets"]), entry["op"], tuple(map(_argument, entry["args"])), params)


def _acceptable(entry: Mapping[str, Any]) -> Acceptable:
    gradients = {
        name: None if each is None else tuple(map(_element, each))
        for name, each in entry["gradients"].items()
    }
    totals = tuple(Total(tuple(total["leaves"]), total["equals"]) for total in entry.get("totals", ()))
    return Acceptable(gradients, entry["reason"], entry["source"], totals)


def _element(entry: Any) -> Element:
    return (entry[0], entry[1]) if isinstance(entry, list) else float(entry)

"""How a mistake is planted in the reference, and taken out again.

Each function gives a context manager: inside, the reference is wrong in one way; afterwards it is as it was,
also after an exception. What is to be replaced must exist, so that a renamed function makes a fault fail
rather than vanish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from types import CellType
from typing import Any, TypeAlias

from refimpl._operators.operator import OPERATORS, Operator
from refimpl._plan import Plan
from refimpl._vocabulary import RAW

Plant: TypeAlias = Callable[[], AbstractContextManager[None]]
Function: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Fault:
    """A mistake: ``plant()`` puts it in, and each law in ``kills`` must notice it when it is run alone.

    A law that is drawn operator by operator is named with one of them, as in ``LAW[mul]``. ``id`` is the one
    of ``tests/data/faults.toml`` where the mistake was reported of a real implementation; ids of our own
    begin with a small letter.
    """

    id: str
    title: str
    plant: Plant
    kills: tuple[str, ...]


@contextmanager
def replaced(owner: Any, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    """``make(right)`` in the place of an attribute that the module, class or object itself has.

    Raises:
        KeyError: the owner has no such attribute of its own.
    """
    right = vars(owner)[name]
    setattr(owner, name, make(right))
    try:
        yield
    finally:
        setattr(owner, name, right)


def wrong(owner: Any, name: str, function: Function) -> Plant:
    """A function or method that is called as ``function(right, *arguments)``, ``right`` being what it
    replaces.
    """
    return partial(replaced, owner, name, lambda right: _calling(function, right))


def wrong_property(owner: type, name: str, get: Function) -> Plant:
    """A property that reads as ``get(right, self)``, ``right(self)`` being the right reading."""
    return partial(
        replaced,
        owner,
        name,
        lambda right: property(partial(_swapped, get, right.fget), right.fset, right.fdel),
    )


def _swapped(get: Function, right: Function, self: Any) -> Any:
    return get(right, self)


def _calling(function: Function, right: Any) -> Function:
    # A plain function, so that it still binds as a method.
    def call(*arguments: Any, **named: Any) -> Any:
        return function(right, *arguments, **named)

    return call


def together(*plants: Plant) -> Plant:
    """Several changes as one mistake."""

    @contextmanager
    def plant() -> Iterator[None]:
        with ExitStack() as stack:
            for each in plants:
                stack.enter_context(each())
            yield

    return plant


# --- operators ----------------------------------------------------------------------------------------


class _Pullback:
    """A wrong pullback; it is given what the right one saves, which a plan reads off the code's names."""

    def __init__(self, right: Function, function: Function) -> None:
        self.__code__ = right.__code__
        self._right, self._function = right, function

    def __call__(self, F: Any, g: Any, *saved: Any) -> Any:
        return self._function(self._right, F, g, *saved)


def pullback(name: str, tensor: str, function: Function) -> Plant:
    """A wrong pullback of an operator: ``function(right, F, g, *saved)``, ``saved`` being what the right one
    takes.
    """
    operator = OPERATORS[name]
    return partial(_planned, operator, tensor, function)


def pullbacks(name: str, function: Function) -> Plant:
    """The same mistake in the pullback of every tensor of an operator."""
    operator = OPERATORS[name]
    return together(*(pullback(name, tensor, function) for tensor in operator.pullbacks))


def joint(name: str, function: Function) -> Plant:
    """A wrong common pullback of all tensors of an operator: ``function(right, F, g, needed, *saved)``."""
    return partial(_planned, OPERATORS[name], None, function)


@contextmanager
def _planned(operator: Operator, tensor: str | None, function: Function) -> Iterator[None]:
    plans = dict(operator._plans)
    pulls = {mask: plan.pull for mask, plan in plans.items()}
    right: Any = operator.joint if tensor is None else operator.pullbacks[tensor]
    _set(operator, tensor, _Pullback(right, function))
    try:
        # The short ways of an operator hold on to their plans, so these are changed and not exchanged.
        for mask, plan in plans.items():
            plan.pull = Plan(operator, mask).pull
        yield
    finally:
        _set(operator, tensor, right)
        operator._plans = plans
        for mask, plan in plans.items():
            plan.pull = pulls[mask]


def _set(operator: Operator, tensor: str | None, function: Any) -> None:
    if tensor is None:
        operator.joint = function
    else:
        operator.pullbacks[tensor] = function


@contextmanager
def _forward(name: str, function: Function) -> Iterator[None]:
    operator = OPERATORS[name]
    right = operator.forward
    planted = partial(function, right)
    cell = _captured(operator.call, right)
    operator.forward = planted
    setattr(RAW, name, planted)
    if cell is not None:
        cell.cell_contents = planted
    try:
        yield
    finally:
        operator.forward = right
        setattr(RAW, name, right)
        if cell is not None:
            cell.cell_contents = right


def forward(name: str, function: Function) -> Plant:
    """A wrong computation of an operator: ``function(right, *arrays_and_parameters)``."""
    if name not in OPERATORS:
        raise KeyError(name)
    return partial(_forward, name, function)


def _captured(call: Any, right: Function) -> CellType | None:
    """The cell in which the short way of an operator keeps its forward."""
    cells: tuple[CellType, ...] = getattr(call, "__closure__", None) or ()
    return next((cell for cell in cells if cell.cell_contents is right), None)

"""Running hooks: the user's functions see tensors, the walk carries arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._accumulate import accumulate
from ._graph import AccumulateGrad, Node, hooks_of
from ._tensor import Tensor

__all__ = ["after_node", "around", "before_node", "keep_gradient", "on_tensor"]

Hook = Callable[..., Any]


def _shown(gradient: Any) -> Any:
    return gradient if gradient is None or isinstance(gradient, Tensor) else Tensor(gradient)


def _taken(gradient: Any, recorded: bool) -> Any:
    return gradient if gradient is None or recorded else gradient._array


def on_tensor(hooks: dict[int, Hook], gradient: Any, recorded: bool) -> Any:
    """Pass a gradient through a tensor's hooks, in the order of registration; each may replace it.

    Raises:
        RuntimeError: when a hook returns a tensor of another shape.
        TypeError: when a hook returns anything but a tensor or None.
    """
    shown = _shown(gradient)
    for hook in list(hooks.values()):
        answer = hook(shown)
        if answer is None:
            continue
        if not isinstance(answer, Tensor):
            raise TypeError(f"expected the hook to return a Tensor or None, but got {type(answer).__name__}")
        if answer._array.shape != shown._array.shape:
            raise RuntimeError(
                f"hook '{getattr(hook, '__name__', hook)}' has changed the size of value: "
                f"from {list(shown._array.shape)} to {list(answer._array.shape)}"
            )
        if answer._array.dtype != shown._array.dtype:
            raise RuntimeError(
                f"hook '{getattr(hook, '__name__', hook)}' has changed the type of value "
                f"(was {shown.dtype!r} got {answer.dtype!r})"
            )
        shown = answer
    return _taken(shown, recorded)


def before_node(hooks: dict[int, Hook], cotangents: tuple[Any, ...], recorded: bool) -> tuple[Any, ...]:
    """Pass a node's cotangents through its pre-hooks; each may replace all of them."""
    shown = tuple(map(_shown, cotangents))
    for hook in list(hooks.values()):
        answer = hook(shown)
        if answer is not None:
            shown = _as_many(hook, answer, shown)
    return tuple(_taken(each, recorded) for each in shown)


def after_node(
    node: Node, hooks: dict[int, Hook], results: tuple[Any, ...], cotangents: tuple[Any, ...], recorded: bool
) -> tuple[Any, ...]:
    """Pass what a node computed through its hooks; each may replace all of it.

    Hooks see one gradient for each differentiable input, None where nothing flows.
    """
    places = node.plan.shown
    given = iter(map(_shown, results))
    shown = tuple(next(given) if needed else None for needed in places)
    outputs = tuple(map(_shown, cotangents))
    for hook in list(hooks.values()):
        answer = hook(shown, outputs)
        if answer is not None:
            shown = _as_many(hook, answer, shown)
    return tuple(_taken(each, recorded) for each, needed in zip(shown, places, strict=True) if needed)


def _as_many(hook: Hook, answer: Any, expected: tuple[Any, ...]) -> tuple[Any, ...]:
    answers = answer if isinstance(answer, tuple) else (answer,)
    if len(answers) != len(expected):
        raise RuntimeError(
            f"hook '{getattr(hook, '__name__', hook)}' has returned an incorrect number of values "
            f"(got {len(answers)}, but expected {len(expected)})"
        )
    return answers


def keep_gradient(tensor: Tensor | None, gradient: Any, recorded: bool) -> None:
    """Give an intermediate that asked for it its own copy of its gradient, added to what it already has."""
    if tensor is None or gradient is None:
        return
    before = tensor._grad
    if recorded:
        tensor._grad = gradient.clone() if before is None else before + gradient
    else:
        tensor._grad = Tensor(gradient.copy() if before is None else before._array + gradient)


def around(end: AccumulateGrad, gradient: Any, recorded: bool) -> None:
    """Accumulate at a leaf whose AccumulateGrad node has hooks of its own."""
    hooks = hooks_of(end)
    (gradient,) = before_node(hooks.pre, (gradient,), recorded)
    if gradient is not None:
        accumulate(end.variable, gradient, False, recorded)
    for hook in list(hooks.post.values()):
        hook((), (_shown(gradient),))

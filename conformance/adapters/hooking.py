"""The fixed vocabulary of hooks, as Python functions for a namespace that is spelled like torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.programs.statements import Hook


def register(namespace: Any, tensor: Any, hook: Hook, log: list[str]) -> Any:
    """Register the hook on the tensor or its node; gives the handle. Each run of it is written to ``log``."""
    change = _change(namespace, hook)

    def tensor_hook(gradient: Any) -> Any:
        log.append(hook.handle)
        return change(gradient) if change else None

    def post_accumulate_hook(leaf: Any) -> None:
        log.append(hook.handle)
        if change:
            leaf.grad = change(leaf.grad)

    def node_hook(gradients: tuple[Any, ...], *_: Any) -> Any:
        log.append(hook.handle)
        return tuple(None if each is None else change(each) for each in gradients) if change else None

    match hook.kind:
        case "tensor":
            return tensor.register_hook(tensor_hook)
        case "post_accumulate":
            return tensor.register_post_accumulate_grad_hook(post_accumulate_hook)
        case "node":
            return tensor.grad_fn.register_hook(node_hook)
        case "node_pre":
            return tensor.grad_fn.register_prehook(node_hook)


def _change(namespace: Any, hook: Hook) -> Callable[[Any], Any] | None:
    """What becomes of a gradient, or None where the hook only looks on."""

    def refuse(gradient: Any) -> Any:
        raise RuntimeError(f"hook {hook.handle} raises")

    match hook.action:
        case "log":
            return None
        case "scale":
            return lambda gradient: gradient * hook.factor
        case "zero":
            return lambda gradient: namespace.zeros_like(gradient)
        case "raise":
            return refuse

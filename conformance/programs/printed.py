"""The text of each kind of statement, as a PyTorch user writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.programs import statements as st
from conformance.programs.expressions import application, arguments, index, tensor
from conformance.programs.layout import INDENT, Doc, call, keyword


def head(block: st.Statement) -> str:
    match block:
        case st.GradMode(mode=mode):
            return f"with torch.{mode if mode.endswith(')') else f'{mode}()'}:"
        case st.Repeat(times=times):
            return f"for _ in range({times}):"
        case st.While(condition=condition):
            return f"while {_condition(condition)}:"
        case st.If(condition=condition):
            return f"if {_condition(condition)}:"
    raise TypeError(f"not a block: {block!r}")


def _condition(condition: st.Condition) -> str:
    measured = f"{condition.source}.data.{condition.measure}()"
    return f"{measured} {condition.relation} {arguments(condition.threshold)}"


# --- plain statements, each as lines of (what stands before, the expression) ----------------------

_Lines = list[tuple[str, Doc]]


def _create(s: st.Create) -> _Lines:
    return [(f"{s.target} = ", tensor(s.value, s.requires_grad))]


def _apply(s: st.Apply) -> _Lines:
    targets = _unpacked(s.targets) if s.op in _GIVES_A_LIST else ", ".join(s.targets)
    return [(f"{targets} = ", application(s.op, s.args, dict(s.params)))]


_GIVES_A_LIST = frozenset({"split", "chunk", "unbind"})


def _mutate(s: st.Mutate) -> _Lines:
    target = f"{s.target}.data" if s.through_data else s.target
    if s.op == "__setitem__":
        at, value = s.args
        return [(f"{target}[{index(at)}] = ", arguments(value))]
    before = f"{s.result} = " if s.result is not None else ""
    params = [keyword(name, arguments(value, name)) for name, value in s.params]
    return [(before, call(f"{target}.{s.op}_", *map(arguments, s.args), *params))]


def _detach(s: st.Detach) -> _Lines:
    return [(f"{s.target} = ", f"{s.source}.data" if s.data else f"{s.source}.detach()")]


def _set_requires_grad(s: st.SetRequiresGrad) -> _Lines:
    if s.method:
        return [("", f"{s.target}.requires_grad_({'' if s.value else 'False'})")]
    return [(f"{s.target}.requires_grad = ", repr(s.value))]


def _unpacked(targets: tuple[str, ...]) -> str:
    return f"({targets[0]},)" if len(targets) == 1 else ", ".join(targets)


def _names(names: Iterable[str | None]) -> Doc:
    listed = tuple("None" if name is None else name for name in names)
    return f"[{', '.join(listed)}]"


def _options(s: st.Backward | st.Grad) -> list[Doc]:
    options = [] if s.retain_graph is None else [f"retain_graph={s.retain_graph}"]
    return [*options, *(["create_graph=True"] if s.create_graph else [])]


def _backward(s: st.Backward) -> _Lines:
    options = _options(s)
    if s.inputs is not None:
        options.append(keyword("inputs", _names(s.inputs)))
    if len(s.roots) == 1 and len(s.gradients) == 1:
        return [("", call(f"{s.roots[0]}.backward", *filter(None, s.gradients), *options))]
    gradients = [_names(s.gradients)] if any(s.gradients) else []
    return [("", call("torch.autograd.backward", _names(s.roots), *gradients, *options))]


def _grad(s: st.Grad) -> _Lines:
    gradients = [_names(s.grad_outputs)] if any(s.grad_outputs) else []
    options = _options(s)
    options += [f"{name}=True" for name in ("allow_unused", "materialize_grads") if getattr(s, name)]
    asked = call("torch.autograd.grad", _names(s.outputs), _names(s.inputs), *gradients, *options)
    return [(f"{_unpacked(s.targets)} = ", asked)]


def _set_grad(s: st.SetGrad) -> _Lines:
    return [(f"{s.target}.grad = ", s.value or "None")]


PLAIN: Mapping[type, Callable[[Any], _Lines]] = {
    st.Create: _create,
    st.Apply: _apply,
    st.Mutate: _mutate,
    st.Detach: _detach,
    st.SetRequiresGrad: _set_requires_grad,
    st.Backward: _backward,
    st.Grad: _grad,
    st.SetGrad: _set_grad,
    st.ReadGrad: lambda s: [(f"{s.target} = ", f"{s.source}.grad")],
    st.RetainGrad: lambda s: [("", f"{s.target}.retain_grad()")],
    st.RemoveHook: lambda s: [("", f"{s.handle}.remove()")],
}


# --- hooks ----------------------------------------------------------------------------------------

_REGISTER: Mapping[st.HookKind, str] = {
    "tensor": "register_hook",
    "post_accumulate": "register_post_accumulate_grad_hook",
    "node": "grad_fn.register_hook",
    "node_pre": "grad_fn.register_prehook",
}


def registration(hook: st.Hook, function: str) -> str:
    return f"{hook.target}.{_REGISTER[hook.kind]}({function})"


def registered(hook: st.Hook, indent: str) -> list[str]:
    function = f"{hook.handle}_hook"
    parameters = {"post_accumulate": "leaf", "node": "grads, _", "node_pre": "grads"}.get(hook.kind, "grad")
    body = [f'hook_log.append("{hook.handle}")', *_hook_result(hook)]
    return [
        f"{indent}def {function}({parameters}):",
        *(indent + INDENT + line for line in body),
        *([""] if indent else ["", ""]),
        f"{indent}{hook.handle} = {registration(hook, function)}",
    ]


def _hook_result(hook: st.Hook) -> list[str]:
    if hook.action == "log":
        return []
    if hook.action == "raise":
        return [f'raise RuntimeError("hook {hook.handle} raises")']
    factor = arguments(hook.factor)
    changed = "torch.zeros_like({})" if hook.action == "zero" else f"{{}} * {factor}"
    if hook.kind == "tensor":
        return [f"return {changed.format('grad')}"]
    if hook.kind == "post_accumulate":
        return [f"leaf.grad = {changed.format('leaf.grad')}"]
    return [f"return tuple(None if grad is None else {changed.format('grad')} for grad in grads)"]

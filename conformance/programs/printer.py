"""Writes a program as PyTorch-style source that a person can paste and run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from conformance.programs import statements as st
from conformance.programs.expressions import application, arguments, index, tensor
from conformance.programs.layout import INDENT, Doc, call, flat, keyword, lay_out
from conformance.trace import Event, Place, Trace

WIDTH = 88


def source(
    program: st.Program, namespace: str = "torch", *, prints: bool = True, trace: Trace | None = None
) -> str:
    """The program as source, ending in prints of what it observes unless ``prints`` is off.

    ``namespace`` is the module that is imported as torch. With a trace, a statement that raised in it is
    caught and its error printed, and one that was skipped stands as a comment; without one an error ends
    the program as usual.
    """
    program = program.complete()
    head = ["import torch" if namespace == "torch" else f"import {namespace} as torch", ""]
    if any(isinstance(statement, st.Hook) for statement in program.walk()):
        head += ["hook_log = []", ""]
    seen = {o.name for o in trace.observations} if trace else set(_always_bound(program.statements))
    printer = _Printer(prints, frozenset(seen), _with_grad(program))
    lines = printer.body(program.statements, "", trace.events if trace else ())
    return "\n".join(_spaced(head + lines)) + "\n"


def one_line(statement: st.Statement) -> str:
    """A statement on a line of its own; a block is its head and three dots."""
    if isinstance(statement, st.Hook):
        return f"{statement.handle} = {_registration(statement, statement.action)}"
    if isinstance(statement, st.Observe):
        return f"observe({', '.join(statement.names)})"
    if isinstance(statement, st.BLOCKS):
        return f"{_head(statement)} ..."
    return "; ".join(f"{before}{flat(doc)}" for before, doc in _PLAIN[type(statement)](statement))


class _Printer:
    """Prints bodies; ``seen`` names the tensors to look at, ``with_grad`` those whose grad is worth it."""

    def __init__(self, prints: bool, seen: frozenset[str], with_grad: frozenset[str]) -> None:
        self.prints = prints
        self.seen = seen
        self.with_grad = with_grad

    def body(self, statements: tuple[st.Statement, ...], indent: str, events: Iterable[Event]) -> list[str]:
        """The lines of the statements; ``events`` are theirs, with places that start in this body."""
        of_index: dict[int, list[Event]] = {}
        for event in events:
            of_index.setdefault(event.place[0], []).append(event)
        lines = []
        for number, statement in enumerate(statements):
            lines += self.guarded(statement, indent, of_index.get(number, []))
        return lines

    def guarded(self, statement: st.Statement, indent: str, events: list[Event]) -> list[str]:
        outcomes = {event.status for event in events if len(event.place) == 1}
        if outcomes == {"skipped"}:
            return [f"{indent}# left out, for want of what raised: {one_line(statement)}"]
        if "raised" not in outcomes or isinstance(statement, st.Observe):
            return self.statement(statement, indent, events)
        return [
            f"{indent}try:",
            *(self.statement(statement, indent + INDENT, events) or [f"{indent}{INDENT}pass"]),
            f"{indent}except Exception as error:",
            f'{indent}{INDENT}print(f"{{type(error).__name__}}: {{error}}")',
        ]

    def statement(self, statement: st.Statement, indent: str, events: list[Event]) -> list[str]:
        if isinstance(statement, st.BLOCKS):
            return self.block(statement, indent, events)
        if isinstance(statement, st.Observe):
            return [indent + line for line in self.observation(statement)] if self.prints else []
        if isinstance(statement, st.Hook):
            return _hook(statement, indent)
        return [
            line
            for before, doc in _PLAIN[type(statement)](statement)
            for line in lay_out(before, doc, "", WIDTH, indent)
        ]

    def block(self, block: st.Statement, indent: str, events: list[Event]) -> list[str]:
        inner = indent + INDENT
        branches = [
            self.body(body, inner, _inside(events, branch if isinstance(block, st.If) else None))
            for branch, body in enumerate(st.bodies(block))
        ]
        if isinstance(block, st.GradMode) and block.raises:
            branches[0].append(f'{inner}raise KeyError("leaves the block")')
        lines = [f"{indent}{_head(block)}", *_filled(branches[0], inner)]
        if isinstance(block, st.If) and block.otherwise:
            lines += [f"{indent}else:", *_filled(branches[1], inner)]
        if isinstance(block, st.GradMode) and block.raises:
            shifted = [INDENT + line if line else "" for line in lines]
            lines = [f"{indent}try:", *shifted, f"{indent}except KeyError:", f"{inner}pass"]
        return lines

    def observation(self, observe: st.Observe) -> Iterator[str]:
        fields: set[str] = set(observe.fields)
        if "value" in fields:  # its repr shows these
            fields -= {"shape", "dtype", "requires_grad", "is_leaf", "has_grad_fn"}
        for name in (name for name in observe.names if name in self.seen):
            shown = {_SHOWN[field]: None for field in _SHOWN if field in fields}
            for text in shown:
                if text != "{}.grad" or name in self.with_grad:
                    yield f'print(f"{{{text.format(name)} = }}")'
        if "hook_log" in fields:
            yield 'print(f"{hook_log = }")'


# What to look at for a field of a tensor; the hook log and the warnings belong to no tensor.
_SHOWN: Mapping[str, str] = {
    "value": "{}",
    "shape": "{}.shape",
    "dtype": "{}.dtype",
    "requires_grad": "{}.requires_grad",
    "is_leaf": "{}.is_leaf",
    "has_grad_fn": "{}.grad_fn",
    "grad": "{}.grad",
    "version": "{}._version",
    "alias": "{}.data_ptr()",
    "node": "{}.grad_fn",
    "edges": "getattr({}.grad_fn, 'next_functions', ())",
}


def _always_bound(statements: tuple[st.Statement, ...]) -> Iterator[str]:
    """The names that are bound whichever way conditions turn out."""
    for statement in statements:
        yield from st.bound(statement)
        match statement:
            case st.If(then=then, otherwise=otherwise):
                yield from set(_always_bound(then)) & set(_always_bound(otherwise))
            case st.GradMode(body=body):
                yield from _always_bound(body)
            case st.Repeat(times=times, body=body) if times > 0:
                yield from _always_bound(body)


def _with_grad(program: st.Program) -> frozenset[str]:
    """The tensors that may have a grad: what a backward accumulates in, or the program sets one for."""
    found: set[str] = set()
    for statement in program.walk():
        match statement:
            case st.Create(target=name, requires_grad=True) | st.RetainGrad(target=name):
                found.add(name)
            case st.SetRequiresGrad(target=name) | st.SetGrad(target=name):
                found.add(name)
            case st.Backward(inputs=inputs):
                found.update(inputs or ())
    return frozenset(found)


def _inside(events: list[Event], branch: int | None) -> Iterator[Event]:
    """The events of a block's body, or of one branch, with places that start in the body."""
    for event in events:
        if len(event.place) > 2 and branch in (None, event.place[1]):
            place: Place = event.place[2:]
            yield Event(place, event.status, event.error)


def _filled(lines: list[str], indent: str) -> list[str]:
    """A body that Python accepts: one that does nothing says so."""
    empty = all(line.lstrip().startswith("#") for line in lines)
    return [*lines, f"{indent}pass"] if empty else lines


def _spaced(lines: list[str]) -> Iterator[str]:
    """The lines with the blank ones around a function that formatters ask for."""
    previous = ""
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        opens = previous.endswith(":") and not previous.startswith(indent + "    ")
        if line.lstrip().startswith("def ") and previous and not opens:
            yield from [""] if indent else ["", ""]
        if line.lstrip().startswith("def ") and not previous and not indent:
            yield ""
        yield line
        previous = line


# --- heads of blocks ------------------------------------------------------------------------------


def _head(block: st.Statement) -> str:
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


_PLAIN: Mapping[type, Callable[[Any], _Lines]] = {
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


def _registration(hook: st.Hook, function: str) -> str:
    return f"{hook.target}.{_REGISTER[hook.kind]}({function})"


def _hook(hook: st.Hook, indent: str) -> list[str]:
    function = f"{hook.handle}_hook"
    parameters = {"post_accumulate": "leaf", "node": "grads, _", "node_pre": "grads"}.get(hook.kind, "grad")
    body = [f'hook_log.append("{hook.handle}")', *_hook_result(hook)]
    return [
        f"{indent}def {function}({parameters}):",
        *(indent + INDENT + line for line in body),
        *([""] if indent else ["", ""]),
        f"{indent}{hook.handle} = {_registration(hook, function)}",
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

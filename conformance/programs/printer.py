"""Writes a program as PyTorch-style source that a person can paste and run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from conformance.programs import statements as st
from conformance.programs.layout import INDENT, flat, lay_out
from conformance.programs.printed import PLAIN, head, registered, registration
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
    lines = ["import torch" if namespace == "torch" else f"import {namespace} as torch", ""]
    if any(isinstance(statement, st.Hook) for statement in program.walk()):
        lines += ["hook_log = []", ""]
    seen = {o.name for o in trace.observations} if trace else set(_always_bound(program.statements))
    printer = _Printer(prints, frozenset(seen), _with_grad(program))
    lines += printer.body(program.statements, "", trace.events if trace else ())
    return "\n".join(_spaced(lines)) + "\n"


def one_line(statement: st.Statement) -> str:
    """A statement on a line of its own; a block is its head and three dots."""
    if isinstance(statement, st.Hook):
        return f"{statement.handle} = {registration(statement, statement.action)}"
    if isinstance(statement, st.Observe):
        return f"observe({', '.join(statement.names)})"
    if isinstance(statement, st.BLOCKS):
        return f"{head(statement)} ..."
    return "; ".join(f"{before}{flat(doc)}" for before, doc in PLAIN[type(statement)](statement))


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
            return registered(statement, indent)
        return [
            line
            for before, doc in PLAIN[type(statement)](statement)
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
        lines = [f"{indent}{head(block)}", *_filled(branches[0], inner)]
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

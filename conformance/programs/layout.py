"""Lays out one expression within a width, as black and ruff do, so that its text needs no formatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

INDENT = "    "


@dataclass(frozen=True, slots=True)
class Bracket:
    """``open item, item close``. A call keeps its items on one line where they fit, a display never does."""

    open: str
    items: tuple[Doc, ...]
    close: str
    is_call: bool = False

    @property
    def flat(self) -> str:
        return f"{self.open}{', '.join(map(flat, self.items))}{self.close}"


Doc: TypeAlias = "str | Bracket"


def flat(doc: Doc) -> str:
    """The expression on one line."""
    return doc if isinstance(doc, str) else doc.flat


def sequence(items: tuple[Doc, ...], prefix: str = "") -> Doc:
    """A tuple display."""
    return Bracket(f"{prefix}(", items, ",)" if len(items) == 1 else ")")


def call(function: str, *arguments: Doc) -> Bracket:
    return Bracket(f"{function}(", arguments, ")", is_call=True)


def keyword(name: str, value: Doc) -> Doc:
    """``name=value``"""
    if isinstance(value, str):
        return f"{name}={value}"
    return Bracket(f"{name}={value.open}", value.items, value.close, value.is_call)


def lay_out(before: str, doc: Doc, after: str, width: int, indent: str = "") -> list[str]:
    """``before doc after`` in lines of at most ``width`` where that can be done, each after ``indent``."""
    line = f"{indent}{before}{flat(doc)}{after}"
    if isinstance(doc, str) or not doc.items or len(line) <= width:
        return [line]
    head, tail = f"{indent}{before}{doc.open}", f"{indent}{doc.close.lstrip(',')}{after}"
    inner = indent + INDENT
    together = inner + ", ".join(map(flat, doc.items))
    if doc.is_call and len(together) <= width:
        return [head, together, tail]
    lines = [line for item in doc.items for line in lay_out("", item, ",", width, inner)]
    return [head, *lines, tail]

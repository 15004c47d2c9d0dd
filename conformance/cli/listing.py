"""``autograd-conformance list``"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import click

KINDS = ("implementations", "oracles", "clauses", "operators")


@click.command("list", short_help="List implementations, oracles, clauses or operators.")
@click.argument("kind", type=click.Choice(KINDS))
def list_(kind: str) -> None:
    """List what there is: implementations in the box, oracles, clauses, or operators."""
    list_of: Mapping[str, Callable[[], Sequence[Sequence[str]]]] = {
        "implementations": _implementations,
        "oracles": _oracles,
        "clauses": _clauses,
        "operators": _operators,
    }
    for line in table(list_of[kind]()):
        click.echo(line)


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of equal length as lines in columns, the last column as long as it is."""
    listed = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in listed)
    return [line.rstrip() for line in lines]


def _implementations() -> list[tuple[str, str]]:
    from conformance.adapters import MODULES

    rows = [(name, _summary(module)) for name, module in MODULES.items()]
    return [
        *rows,
        ("module:object", "Your own: an implementation, or a namespace that is spelled like torch."),
    ]


def _summary(module: str) -> str:
    """The first line of a module's docstring, which is read off its source: importing it imports what it
    adapts.
    """
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        return ""
    docstring = ast.get_docstring(ast.parse(Path(found.origin).read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def _oracles() -> list[tuple[str, str]]:
    import oracles

    rows = []
    for name in oracles.NAMES:
        try:
            oracle = oracles.load(name)
        except ImportError as error:
            rows.append((name, f"missing: {error}"))
        else:
            rows.append((name, f"{oracle.version}, {len(oracle.operators)} operators"))
    return rows


def _clauses() -> list[tuple[str, str, str]]:
    from conformance.clauses import spec

    return [(clause.id, clause.level, clause.title) for clause in spec().clauses.values()]


def _operators() -> list[tuple[str, str]]:
    from conformance.catalogue import CATALOGUE

    return [(row.name, call(row.name)) for row in CATALOGUE.values()]


def call(name: str) -> str:
    """How an operator is called, as its row in the catalogue says."""
    from conformance.catalogue import CATALOGUE

    row = CATALOGUE[name]
    operands = [f"{operand.name}=None" if operand.optional else operand.name for operand in row.operands]
    params = [param.name if param.required else f"{param.name}=..." for param in row.params]
    return f"({', '.join([*operands, *params])})"

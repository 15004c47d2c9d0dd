"""``autograd-conformance explain``"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from conformance.cli.errors import CannotRun
from conformance.cli.listing import call, table
from conformance.suggest import suggestion

if TYPE_CHECKING:
    from conformance.catalogue import Row
    from conformance.clauses import Clause
    from conformance.laws.law import Law

WIDTH = 88


@click.command(short_help="Explain a clause or an operator.")
@click.argument("name", metavar="CLAUSE|OPERATOR")
def explain(name: str) -> None:
    """Say what a clause means and which laws stand for it, or what the catalogue knows of an operator."""
    from conformance.catalogue import CATALOGUE
    from conformance.clauses import spec
    from conformance.running.selection import all_laws

    clauses, laws = spec().clauses, all_laws()
    if (clause := clauses.get(name.upper())) is not None:
        lines = _clause(clause, [law for law in laws.values() if law.clause == clause.id])
    elif (row := CATALOGUE.get(name)) is not None:
        lines = _operator(row)
    elif (law := laws.get(name)) is not None:
        lines = _clause(clauses[law.clause], [law])
    else:
        near = suggestion(name, [*clauses, *CATALOGUE, *laws])
        raise CannotRun(f"no clause and no operator is called {name!r}{near}")
    for line in lines:
        click.echo(line)


def _clause(clause: Clause, laws: list[Law]) -> Iterator[str]:
    yield f"{clause.id}  {clause.title}"
    yield f"level {clause.level}; {clause.place}"
    for paragraph in filter(None, clause.text.split("\n\n")):
        yield ""
        yield from textwrap.wrap(paragraph, WIDTH)
    if clause.contested:
        yield ""
        yield "Contested:"
        for point in clause.contested:
            yield from textwrap.wrap(point, WIDTH, initial_indent="- ", subsequent_indent="  ")
    yield ""
    yield "Laws:" if laws else "No law stands for it."
    for law in laws:
        yield f"  {law.name}"
        yield from textwrap.wrap(
            " ".join(law.doc.split()), WIDTH, initial_indent="    ", subsequent_indent="    "
        )


def _operator(row: Row) -> Iterator[str]:
    import oracles

    yield f"{row.name}{call(row.name)}"
    yield ""
    for operand in row.operands:
        notes = [operand.role, *(["or a Python scalar"] if operand.scalar else [])]
        yield f"  {operand.name}: {', '.join(notes)}, {operand.domain.meaning}"
    for param in row.params:
        choices = f", one of {', '.join(map(repr, param.choices))}" if param.choices else ""
        yield f"  {param.name}: {param.kind}{choices}{', required' if param.required else ''}"
    for kink in row.kinks:
        yield f"  no derivative: {kink.where}"
    yield ""
    rows = []
    for name in oracles.NAMES:
        try:
            known = row.name in oracles.load(name).operators
        except ImportError:
            rows.append((f"  {name}", "is not installed"))
        else:
            rows.append((f"  {name}", "answers for it" if known else "has no rule for it"))
    yield from table(rows)

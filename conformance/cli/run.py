"""``autograd-conformance run``"""

from __future__ import annotations

from pathlib import Path

import click

# Spelled out so that help needs no imports; a test holds them against the tables that they are taken from.
EFFORTS = ("quick", "gate", "thorough")
LEVELS = ("document", "numerics", "mechanics")
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Hold an implementation against the clauses.")
@click.argument("implementation")
@click.option(
    "--level", "levels", multiple=True, metavar="LEVEL", help=f"Only this level: {', '.join(LEVELS)}."
)
@click.option("--oracle", "oracles", multiple=True, metavar="NAME", help="Ask only this oracle.")
@click.option(
    "--effort", type=click.Choice(EFFORTS), default="gate", show_default=True, help="How hard to try."
)
@click.option(
    "--only", multiple=True, metavar="PATTERN", help="Only these clauses, laws, operators or LAW[OPERATOR]."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draw other cases.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes to share the laws; by default one for each core, four at most.",
)
@click.option(
    "--expect", type=_FILE, metavar="FILE.toml", help="Known deviations, instead of those in the box."
)
@click.option(
    "--require-oracle", "required", multiple=True, metavar="NAME", help="Refuse to run without this oracle."
)
@click.option("--report", type=_FILE, metavar="FILE.jsonl", help="Write everything as JSON Lines.")
@click.option("--junit", type=_FILE, metavar="FILE.xml", help="Write a JUnit report.")
@click.option(
    "--resume", type=_FILE, metavar="FILE.jsonl", help="Leave out the laws that this report has finished."
)
@click.option("--quiet", is_flag=True, help="Only failures and the verdict.")
def run(**options: object) -> int:
    """Hold IMPLEMENTATION against the clauses: refimpl, torch, or module:object.

    Without --level and --only all clauses are judged, by all oracles that are installed. At the efforts
    quick and gate the same cases are run every time.
    """
    from conformance.cli.running import Options, execute

    return execute(Options(**options))  # type: ignore[arg-type]  # click gives each option the type declared above

"""``autograd-conformance replay``"""

from __future__ import annotations

import click


@click.command(short_help="Run one program again, or a failure out of a report.")
@click.argument("file", metavar="FILE[#LAW]")
@click.argument("implementation", required=False)
def replay(file: str, implementation: str | None) -> int:
    """Run the program in FILE, or the failure of LAW in a report, on IMPLEMENTATION.

    FILE is a program as the wire writes it, or a report with the law (and the operator, in brackets) after #.
    Without IMPLEMENTATION it is the one that the report is about, or refimpl.
    """
    from conformance.cli.replaying import execute

    return execute(file, implementation)

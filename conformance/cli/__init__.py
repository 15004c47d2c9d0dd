"""The command line. Nothing heavy is imported before a command needs it, so that help comes at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from conformance.cli.errors import CannotRun, NotReady
from conformance.cli.explain import explain
from conformance.cli.listing import list_
from conformance.cli.replay import replay
from conformance.cli.run import run

__all__ = ["main"]

PROGRAM = "autograd-conformance"


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name=PROGRAM, prog_name=PROGRAM)
@click.pass_context
def group(context: click.Context) -> None:
    """Does an autograd do what PyTorch's users rely on?

    Exit codes: 0 conforms; 1 deviates; 2 cannot run; 3 the suite is at fault; 130 interrupted.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (run, list_, explain, replay):
    group.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point. Exits with the code of the verdict; whatever is wrong with the call is one line and
    code 2.
    """
    sys.exit(_code(sys.argv[1:] if arguments is None else list(arguments)))


def _code(arguments: list[str]) -> int:
    try:
        code = group.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except NotReady as error:
        click.echo(f"{PROGRAM}: {error.format_message()}", err=True)
        return CannotRun.exit_code
    except click.ClickException as error:
        click.echo(f"{PROGRAM}: {_one_line(error)}", err=True)
        return CannotRun.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # Whoever read the output, head for one, has seen enough; the interpreter must not try to flush the
        # rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code if isinstance(code, int) else 0


def _one_line(error: click.ClickException) -> str:
    words = " ".join(error.format_message().split())
    near = getattr(error, "possibilities", None)
    return f"{words}; see --help" if isinstance(error, click.UsageError) and not near else words

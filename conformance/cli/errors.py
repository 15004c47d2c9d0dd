"""What ends a command before there is a verdict."""

from __future__ import annotations

import click


class CannotRun(click.ClickException):
    """One clear line: what was expected, what came, what to do."""

    exit_code = 2


class NotReady(CannotRun):
    """The smoke facts failed; the message has a line of its own for each."""

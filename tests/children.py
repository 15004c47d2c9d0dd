"""How a child process finds the tests' own modules, and not the checkout before what is installed."""

import os
from pathlib import Path

import conformance

_CHECKOUT = Path(__file__).resolve().parent.parent
_INSTALLED = Path(conformance.__file__).resolve().parent.parent


def python_path() -> str:
    """Return a PYTHONPATH on which the packages that this process tests come before those of the checkout."""
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(_INSTALLED), str(_CHECKOUT), *([before] if before else [])])


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment for a child, with that path and the given changes."""
    return os.environ | {"PYTHONPATH": python_path()} | changes

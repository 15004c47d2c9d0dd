"""The pytest plugin: ``pytest --pyargs conformance.laws --implementation NAME`` runs one test for each law.

It is loaded into every run of pytest where the suite is installed, so it imports nothing but pytest, and
without ``--implementation`` it does nothing but keep the laws from being collected.
"""

from __future__ import annotations

from pathlib import Path

import pytest

EFFORTS = ("quick", "gate", "thorough")
_LAWS = Path(__file__).resolve().parent / "laws"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("autograd conformance")
    group.addoption(
        "--implementation",
        metavar="NAME",
        help="the autograd to hold against conformance.laws: refimpl, torch, or module:object",
    )
    group.addoption(
        "--conformance-effort", choices=EFFORTS, default="gate", help="how hard the laws try (default: gate)"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the laws alone unless there is an implementation to hold against them."""
    if config.getoption("--implementation") is None and collection_path.resolve().parent == _LAWS:
        return True
    return None

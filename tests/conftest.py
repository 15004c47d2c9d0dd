"""Every test is sealed: one that leaves a global switch turned fails, and the next finds it as it was."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.sealing import Seal

pytest_plugins = ["pytester"]

# What takes long and hangs neither on the Python nor on what is installed: one environment is enough.
_ONCE = (
    "faults/",
    "conformance/test_cli",
    "conformance/test_determinism",
    "conformance/test_histories",
    "conformance/test_printer",
    "conformance/test_report",
    "conformance/test_runner",
    "conformance/test_smoke",
    "conformance/test_strategies",
    "conformance/test_wire",
    "test_docs",
    "test_readme",
)

_ADVICE = "turn it back in a finally, or use a context manager or pytest's monkeypatch"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).as_posix().startswith(_ONCE):
            item.add_marker(pytest.mark.once)


@pytest.fixture(autouse=True)
def _sealed_switches() -> Generator[None]:
    seal = Seal()
    yield
    if leaks := "; ".join(seal.leaks()):
        pytest.fail(f"this test leaks global state: {leaks}. To mend it, {_ADVICE}.", pytrace=False)

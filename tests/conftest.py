"""Every test is sealed: one that leaves a global switch turned fails, and the next finds it as it was."""

from collections.abc import Generator

import pytest

from tests.sealing import Seal

pytest_plugins = ["pytester"]

_ADVICE = "turn it back in a finally, or use a context manager or pytest's monkeypatch"


@pytest.fixture(autouse=True)
def _sealed_switches() -> Generator[None]:
    seal = Seal()
    yield
    if leaks := "; ".join(seal.leaks()):
        pytest.fail(f"this test leaks global state: {leaks}. To mend it, {_ADVICE}.", pytrace=False)

"""Gate effort gives the same verdict and the same counterexamples every time."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, find, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine, providers

from conformance.running.determinism import HypothesisChanged, settings, steady
from tests.conformance.test_cli import COMMAND, _path, comparable

# An adapter as a user writes one: in the working directory, with constants that Hypothesis would harvest.
ADAPTER = """
MAGIC = [{constants}]
NAMES = ("{name}", "another constant")

from tests.conformance import fakes
implementation = fakes.doubled
"""


def _run(folder: Path, name: str, constants: str, hash_seed: str, *options: str) -> list[dict[str, object]]:
    folder.mkdir()
    (folder / "my_adapter.py").write_text(ADAPTER.format(name=name, constants=constants))
    about = ("run", "my_adapter:implementation", "--only", "DOC-1?", "--oracle", "finite-differences")
    subprocess.run(
        [*COMMAND, *about, "--effort", "gate", "--report", "report.jsonl", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": _path(), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=False,
        timeout=300,
    )
    return comparable(folder / "report.jsonl")


def test_reports_are_the_same_wherever_and_whenever(tmp_path: Path) -> None:
    first = _run(tmp_path / "here", "here", "0.1234, 5678, -1e77", "1", "--workers", "1")
    second = _run(
        tmp_path / "quite another place", "there", "0.4321, 8765, 2e-55, 3, 4", "2", "--workers", "2"
    )
    assert first == second
    assert any(line.get("failures") for line in first), "nothing was shrunk, so nothing was compared"
    assert any(line.get("outcome") == "conforms" for line in first), "nothing was drawn to the end"


def test_another_seed_draws_other_cases(tmp_path: Path) -> None:
    first = _run(tmp_path / "a", "a", "1", "1", "--workers", "1")
    second = _run(tmp_path / "b", "b", "1", "1", "--workers", "1", "--seed", "3")
    assert first[1:] != second[1:]


def test_hypothesis_is_as_it_was_after_a_run() -> None:
    before = (providers._get_local_constants, engine.MAX_SHRINKING_SECONDS)
    with steady(), steady():
        assert providers._get_local_constants is not before[0]
        assert float("inf") == engine.MAX_SHRINKING_SECONDS
    with pytest.raises(ZeroDivisionError), steady():
        raise ZeroDivisionError
    assert (providers._get_local_constants, engine.MAX_SHRINKING_SECONDS) == before


def test_no_constants_are_harvested() -> None:
    with steady():
        assert len(providers._get_local_constants()) == 0


def test_constants_that_were_harvested_before_are_forgotten() -> None:
    find(st.integers(), lambda n: n > 100, settings=hypothesis_settings(database=None))
    providers.CONSTANTS_CACHE["a key of somebody's test"] = ((), ())  # type: ignore[index]  # any key will do
    with steady():
        assert len(providers.CONSTANTS_CACHE.cache) == 0


def test_a_hypothesis_that_keeps_it_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(engine, "MAX_SHRINKING_SECONDS")
    with (
        pytest.raises(
            HypothesisChanged, match=r"has no hypothesis\.internal\.conjecture\.engine\.MAX_SHRINK"
        ),
        steady(),
    ):
        pass


def test_nothing_is_patched_by_importing() -> None:
    code = (
        "from hypothesis.internal.conjecture import engine, providers\n"
        "before = providers._get_local_constants, engine.MAX_SHRINKING_SECONDS\n"
        "import conformance.cli.running, conformance.pytest_plugin\n"
        "assert before == (providers._get_local_constants, engine.MAX_SHRINKING_SECONDS)\n"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": _path()}, check=True)


def test_no_setting_depends_on_time_or_place() -> None:
    found = settings(7)
    assert found.max_examples == 7
    assert found.database is None
    assert found.deadline is None
    assert not found.print_blob
    assert not found.report_multiple_bugs
    assert HealthCheck.too_slow in found.suppress_health_check
    assert not {phase.name for phase in found.phases} & {"reuse", "explain", "explicit"}


def _drawn() -> list[int]:
    seen: list[int] = []

    @seed(1)
    @settings(200)
    @given(st.integers(0, 10**6))
    def search(number: int) -> None:
        seen.append(number)

    search()
    return seen


def test_a_local_module_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with steady():
        before = _drawn()
    numbers = ", ".join(str(n) for n in range(500_001, 502_001, 2))
    (tmp_path / "module_full_of_constants.py").write_text(f"NUMBERS = [{numbers}]\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("module_full_of_constants")
    with steady():
        assert _drawn() == before
    assert _drawn() != before, "Hypothesis no longer harvests constants, so that nothing is shown here"

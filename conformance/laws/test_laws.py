"""The laws as tests, one for each, for ``pytest --pyargs conformance.laws --implementation NAME``."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from conformance.clauses import spec
from conformance.cli.errors import CannotRun
from conformance.cli.session import bench, check_smoke, implementation_called, known
from conformance.report.failure import Origin, text
from conformance.running.effort import EFFORTS
from conformance.running.lawrun import Setting, run_law
from conformance.running.results import LawResult
from conformance.running.selection import all_laws, select
from conformance.running.verdict import stale


@dataclass
class Judging:
    """One implementation in one session of pytest, and the laws that were run so far."""

    setting: Setting
    origin: Origin
    results: dict[str, LawResult] = field(default_factory=dict)


@pytest.fixture(scope="session")
def judging(request: pytest.FixtureRequest) -> Judging:
    """The implementation that the command line names; a session without one that can be judged ends here."""
    name, effort = (
        request.config.getoption(f"--{option}") for option in ("implementation", "conformance-effort")
    )
    try:
        implementation = implementation_called(name)
        oracles = tuple(bench(implementation, (), ()).oracles.values())
        entries = known(name, None)
        check_smoke(implementation)
    except CannotRun as error:
        pytest.exit(error.format_message(), returncode=2)
    return Judging(Setting(implementation, oracles, EFFORTS[effort], known=entries), Origin(name, effort))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each law, in the order of the clauses."""
    if "law_name" in metafunc.fixturenames:
        laws = [each.law for each in select(spec(), all_laws().values()).laws]
        metafunc.parametrize(
            "law_name", [law.name for law in laws], ids=[f"{law.clause}-{law.name}" for law in laws]
        )


def test_law(law_name: str, judging: Judging) -> None:
    """The implementation obeys the law."""
    law = all_laws()[law_name]
    result = judging.results[law_name] = run_law(judging.setting, law)
    clause = spec().clauses[law.clause]
    if result.failures:
        pytest.fail(
            "\n".join(text(failure, clause, judging.origin) for failure in result.failures), pytrace=False
        )
    if result.outcome == "not claimed":
        pytest.skip(f"not claimed: {result.why}")
    if result.outcome == "deviates":
        pytest.xfail("; ".join(e.reason for e in judging.setting.known if result.known[e.key]))
    if result.outcome != "conforms":
        pytest.fail(f"{clause.id} {clause.title}: {result.outcome}: {result.why}", pytrace=False)


def test_no_declared_deviation_is_stale(judging: Judging) -> None:
    """What the known-deviation file declares still happens, as far as the laws that were run can tell."""
    gone = stale(select(spec(), all_laws().values()), judging.results, judging.setting.known)
    if judging.setting.effort.name != "quick":
        assert [f"{entry.key}: {entry.scope} no longer deviates; delete the entry" for entry in gone] == []

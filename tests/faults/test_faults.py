"""The suite under suspicion: each law kills the faults that name it, and each law is named by one.

Every kill is checked against the unharmed reference, which has to conform in the very case that the harmed
one fails in; so a kill means the fault, and nothing else.
"""

from __future__ import annotations

import sys
from collections import Counter
from importlib.metadata import version

import pytest

from conformance.clauses import spec
from conformance.running.lawrun import run_law
from conformance.running.selection import all_laws
from refimpl._operators.operator import OPERATORS
from tests.faults import killing
from tests.faults.planting import Fault
from tests.faults.reported import NOT_PLANTED, reported
from tests.faults.seeded import FAULTS

LAWS = all_laws()
KILLS = [(fault, law) for fault in FAULTS for law in fault.kills]


def law_of(name: str) -> str:
    """The law of ``LAW[PART]``."""
    return name.partition("[")[0]


@pytest.mark.parametrize("law", LAWS)
def test_the_reference_survives(law: str) -> None:
    outcome = killing.run(law, effort=killing.QUICK)
    assert outcome.found is None, str(outcome)
    assert outcome.silent == [], "nothing was compared"


@pytest.mark.parametrize("law", LAWS)
def test_pytorch_survives_but_for_what_is_known(law: str) -> None:
    pytorch = killing.known_to_deviate("torch")
    result = run_law(pytorch, LAWS[law])
    # The known deviations are those of the release that the suite is pinned to; others may have more.
    more = set() if version("torch").startswith("2.13.") else {"deviation"}
    assert {failure.kind for failure in result.failures} <= more
    assert result.outcome in ("conforms", "deviates")


@pytest.mark.parametrize(("fault", "law"), KILLS, ids=[f"{fault.id}-{law}" for fault, law in KILLS])
def test_the_law_alone_kills_the_fault(fault: Fault, law: str) -> None:
    with fault.plant():
        outcome = killing.run(law)
    assert outcome.kills, f"{fault.title}: {law} {outcome}"
    assert list(killing.again(law, outcome.case)) == [], (
        "the unharmed reference deviates in this case as well"
    )


def test_every_law_kills_a_fault() -> None:
    killed = Counter(law_of(law) for _, law in KILLS)
    assert [law for law in LAWS if not killed[law]] == []
    assert [law for law in killed if law not in LAWS] == []


def test_every_clause_has_a_law_and_every_law_a_clause() -> None:
    cited = {law.clause for law in LAWS.values()}
    assert cited == set(spec().clauses)


def test_there_are_many_faults_and_no_two_of_one_name() -> None:
    assert len({fault.id for fault in FAULTS}) == len(FAULTS) >= 60
    assert all(fault.kills for fault in FAULTS)


def test_every_reported_fault_is_planted_or_a_reason_given() -> None:
    planted = {fault.id for fault in FAULTS if fault.id[0].isupper()}
    assert {identifier.partition("-")[0] for identifier in planted} | set(NOT_PLANTED) == set(reported())
    assert not planted & set(NOT_PLANTED)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_nothing_is_left_of_a_fault(fault: Fault) -> None:
    before = _looks()
    with pytest.raises(ZeroDivisionError):
        _plant_and_fail(fault, before)
    assert _looks() == before


def _plant_and_fail(fault: Fault, before: dict[str, object]) -> None:
    with fault.plant():
        assert _looks() != before, "planting this fault changes nothing that the reference is made of"
        raise ZeroDivisionError


def _looks() -> dict[str, object]:
    """What the reference is made of, by identity: functions, methods, and the parts of operators."""
    found: dict[str, object] = {}
    for module in _MODULES:
        found |= {f"{module.__name__}.{name}": id(value) for name, value in vars(module).items()}
        for kind in [value for value in vars(module).values() if isinstance(value, type)]:
            found |= {f"{kind.__qualname__}.{name}": id(value) for name, value in vars(kind).items()}
    for name, operator in OPERATORS.items():
        cells = getattr(operator.call, "__closure__", None) or ()
        held = [cell.cell_contents for cell in cells]
        pulls = [plan.pull for plan in operator._plans.values()]
        parts = (operator.forward, operator.joint, *operator.pullbacks.values(), *held, *pulls)
        found[name] = [id(part) for part in parts]
    return found


_MODULES = [module for name, module in sys.modules.items() if name.partition(".")[0] == "refimpl"]

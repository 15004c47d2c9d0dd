"""README.md: its commands run, its program prints what it says, and what it says of files is so."""

from __future__ import annotations

import re
import shlex
import sys
from typing import Any

import pytest

import oracles
from tests.commands import CHECKOUT, Result, call
from tests.markdown import blocks, is_python, run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# Each command as a reader would try it: one clause of a level that is quick, instead of all of them.
QUICKLY = ["--effort", "quick", "--only", "DOC-13"]
ADAPTER = """
from conformance.adapters.torch_spelled import TorchSpelled
import refimpl

object = TorchSpelled(refimpl, name="mine")
"""


def shell_lines() -> list[str]:
    """Every command, without the comment behind it."""
    found = [
        line.removeprefix("$ ").partition("  #")[0].strip()
        for block in blocks(README)
        if not is_python(block)
        for line in block.code.splitlines()
    ]
    return [line for line in found if line]


COMMANDS = [line for line in shell_lines() if line.startswith("autograd-conformance ")]
PIP = [line for line in shell_lines() if line.startswith("python -m pip install ") and "tox" not in line]
TOX = [line for line in shell_lines() if "tox run" in line]


def test_every_command_is_of_a_kind_that_is_checked() -> None:
    assert set(shell_lines()) == {*COMMANDS, *PIP, *TOX}
    assert len(COMMANDS) >= 5


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What each command came to, in a folder with the package that README names and a report of a failure."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "mypackage").mkdir()
    (folder / "mypackage" / "__init__.py").write_text("from refimpl import *\n", encoding="utf-8")
    (folder / "mypackage" / "adapter.py").write_text(ADAPTER, encoding="utf-8")
    (law,) = re.findall(r"replay 'out\.jsonl#([^']+)'", README)
    wrong = ["run", "tests.conformance.fakes:doubled", "--report", "out.jsonl", "--effort", "quick"]
    first, *others = call([[*wrong, "--only", law], *map(tried, COMMANDS), ["--help"]], folder)
    assert first.code == 1, first.printed
    return dict(zip([*COMMANDS, "--help"], others, strict=True))


def tried(line: str) -> list[str]:
    """The arguments, quickly, and without a report in the place of the one with a failure."""
    _, verb, *rest = shlex.split(line)
    if verb == "run":
        rest = [each for index, each in enumerate(rest) if not _is_other_report(rest, index)] + QUICKLY
    return [verb, *rest]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_runs(line: str, results: dict[str, Result]) -> None:
    code, printed = results[line]
    assert code == 0, printed
    assert printed.strip()


def _is_other_report(arguments: list[str], index: int) -> bool:
    """The report that ``replay`` reads here is one with a failure, not the one of a run that conforms."""
    return "--report" in (arguments[index], arguments[index - 1] if index else "")


@pytest.mark.parametrize(
    "block", [block for block in blocks(README) if is_python(block)], ids=lambda b: f"line {b.line}"
)
def test_its_program_prints_what_it_says(block: Any) -> None:
    assert run(block.code, {}) == []


def test_there_is_a_program() -> None:
    assert [block for block in blocks(README) if is_python(block)]


def test_the_two_commands_at_the_top_are_what_ci_runs() -> None:
    assert len(TOX) == 2
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in script if "tox run" in line] == list(reversed(TOX))
    tox = (CHECKOUT / "tox.ini").read_text(encoding="utf-8")
    assert all(f"[testenv:{name}]" in tox for line in TOX for name in re.findall(r"-e (\w+)", line))


@pytest.mark.parametrize("line", PIP)
def test_what_pip_installs_is_there(line: str) -> None:
    (target,) = shlex.split(line)[4:]
    extras = re.fullmatch(r"\.(?:\[([\w,]+)\])?", target)
    assert extras, target
    assert set((extras[1] or "").split(",")) - {""} <= PROJECT["optional-dependencies"].keys()


def test_its_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#\s]+)\)", README)
    assert targets
    assert [target for target in targets if "://" not in target and not (CHECKOUT / target).exists()] == []


def test_its_table_of_oracles_is_complete() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", README, re.MULTILINE)
    assert rows == list(oracles.NAMES)


def test_the_pythons_it_names_are_those_of_tox_and_of_the_metadata() -> None:
    first, last = (int(minor) for minor in re.findall(r"\(3\.(\d+) to 3\.(\d+)\)", README)[0])
    tox = (CHECKOUT / "tox.ini").read_text(encoding="utf-8")
    assert [f"py3{minor}" for minor in range(first, last + 1)] == re.findall(
        r"\bpy3\d+\b", tox.partition("\n\n")[0]
    )
    assert PROJECT["requires-python"] == f">=3.{first}"
    named = [each for each in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", each)]
    assert [int(each.rpartition(".")[2]) for each in named] == list(range(first, last + 1))


def test_its_exit_codes_are_those_of_the_command(results: dict[str, Result]) -> None:
    told = results["--help"].printed
    assert {"0", "1", "2", "3", "130"} == set(
        re.findall(r"\b(\d+) (?:conforms|deviates|cannot|the suite|inter)", told)
    )
    paragraph = README[README.index("Exit code 0") :].partition("\n\n")[0]
    assert re.findall(r"(?:Exit code | )(\d+):", paragraph) == ["0", "1", "2", "3", "130"]


def test_its_licence_is_the_projects() -> None:
    assert PROJECT["license"] in README
    assert "BSD 3-Clause" in (CHECKOUT / "LICENSE").read_text(encoding="utf-8")

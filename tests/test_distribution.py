"""What is installed is what was promised: the wheel's contents, entry points, and versions beside it."""

import importlib
import importlib.metadata
import os
import runpy
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.children import environment

CHECKOUT = Path(__file__).resolve().parent.parent
NAME = "autograd-conformance"
PACKAGES = ("refimpl", "oracles", "conformance")
TOX_ENV = os.environ.get("TOX_ENV_NAME")
under_tox = pytest.mark.skipif(TOX_ENV is None, reason="only tox promises what is installed")


class Contents(NamedTuple):
    """The files that a user gets, by their path below site-packages, and the metadata and entry points."""

    files: set[str]
    metadata: Message
    entry_points: str


def _installed() -> Contents:
    distribution = importlib.metadata.distribution(NAME)
    names = {path.as_posix() for path in distribution.files or ()}
    files = {name for name in names if not name.startswith("..") and "__pycache__" not in name}
    metadata = Parser().parsestr(distribution.read_text("METADATA") or "")
    return Contents(files, metadata, distribution.read_text("entry_points.txt") or "")


def _built(folder: Path) -> Contents:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if not name.endswith("/")}
        (info,) = {name.partition("/")[0] for name in files if ".dist-info/" in name}
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        return Contents(files, metadata, archive.read(f"{info}/entry_points.txt").decode())


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """What tox installed; without tox, what a build of the checkout would install."""
    return _built(tmp_path_factory.mktemp("wheel")) if TOX_ENV is None else _installed()


def _sources() -> set[str]:
    """Every file of the three packages in the checkout, save what tools leave there."""
    found = (path.relative_to(CHECKOUT) for name in PACKAGES for path in (CHECKOUT / name).rglob("*"))
    return {
        path.as_posix()
        for path in found
        if (CHECKOUT / path).is_file()
        and not any(part.startswith((".", "__pycache__")) for part in path.parts)
    }


def test_the_wheel_holds_the_three_packages_and_nothing_else(contents: Contents) -> None:
    assert {name for name in contents.files if ".dist-info/" not in name} == _sources()


def test_the_wheel_carries_what_is_no_module(contents: Contents) -> None:
    assert {"conformance/SPEC.md", *(f"{name}/py.typed" for name in PACKAGES)} <= contents.files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in contents.files)


def test_the_metadata_says_who_may_install_it(contents: Contents) -> None:
    assert contents.metadata["Name"] == NAME
    assert contents.metadata["Requires-Python"] == ">=3.10"
    assert contents.metadata["License-Expression"] == "BSD-3-Clause"
    needed = {Requirement(line) for line in contents.metadata.get_all("Requires-Dist", [])}
    assert not {"torch", "scipy", "graphviz", "pytest"} & {
        requirement.name for requirement in needed if "extra" not in str(requirement.marker)
    }


@pytest.mark.parametrize(
    ("group", "entry"),
    [
        ("console_scripts", "autograd-conformance = conformance.cli:main"),
        ("pytest11", "autograd_conformance = conformance.pytest_plugin"),
    ],
)
def test_an_entry_point_leads_somewhere(contents: Contents, group: str, entry: str) -> None:
    assert entry in contents.entry_points.partition(f"[{group}]")[2].partition("[")[0].splitlines()
    module, _, attribute = entry.partition(" = ")[2].partition(":")
    loaded = importlib.import_module(module)
    assert not attribute or callable(getattr(loaded, attribute))


@under_tox
@pytest.mark.parametrize("name", PACKAGES)
def test_the_wheel_is_what_is_tested(name: str) -> None:
    folder = Path(str(importlib.import_module(name).__file__)).resolve().parent
    assert folder != CHECKOUT / name
    assert folder.is_relative_to(Path(sys.prefix).resolve())


@under_tox
@pytest.mark.parametrize("variables", [os.environ, environment()], ids=["plain", "with tests"])
def test_a_child_process_imports_the_wheel_too(variables: dict[str, str]) -> None:
    code = "import refimpl; print(refimpl.__file__)"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert Path(result.stdout.strip()).resolve().is_relative_to(Path(sys.prefix).resolve())


def _pins(lines: list[str]) -> dict[str, Version]:
    """Map each name to the version it is pinned to on this Python."""
    pins: dict[str, Version] = {}
    for line in lines:
        if text := line.partition("#")[0].strip():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate():
                (specifier,) = requirement.specifier
                assert specifier.operator == "==", f"{line!r} is no exact pin"
                pins[canonicalize_name(requirement.name)] = Version(specifier.version)
    return pins


def _unpinned(installed: dict[str, Version], pins: dict[str, Version]) -> list[str]:
    """Say which distributions are installed at another version, a local suffix apart, than the pinned one."""
    return [
        f"{name} {version} is installed, the pin is {pins.get(name)}"
        for name, version in sorted(installed.items())
        if name not in pins or Version(version.public) != pins[name]
    ]


def _constraints() -> list[str]:
    if TOX_ENV == "lowest":
        lines: list[str] = runpy.run_path(str(CHECKOUT / ".ci" / "lowest.py"))["constraints"]()
        return lines
    return (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()


@under_tox
def test_every_installed_version_is_pinned() -> None:
    """pip comes with the environment, and PyTorch's oldest release pins its CUDA parts for itself."""
    own = {"pip", NAME}
    cuda = ("nvidia-", "triton") if TOX_ENV == "lowest" else ()
    installed: dict[str, Version] = {
        canonicalize_name(distribution.name): Version(distribution.version)
        for distribution in importlib.metadata.distributions()
    }
    checked: dict[str, Version] = {
        name: version for name, version in installed.items() if name not in own and not name.startswith(cuda)
    }
    assert {"numpy", "torch", "scipy", "sympy", "hypothesis", "pytest"} <= checked.keys()
    assert _unpinned(checked, _pins(_constraints())) == []


def test_the_check_of_pins_sees_a_stranger_and_another_version() -> None:
    pins = _pins(["Torch==2.13.0  # a comment", "", "numpy==2.0; python_version < '3'", "numpy==2.4.6"])
    assert _unpinned({"torch": Version("2.13.0+cpu"), "numpy": Version("2.4.6")}, pins) == []
    assert _unpinned({"numpy": Version("2.4.5")}, pins) == ["numpy 2.4.5 is installed, the pin is 2.4.6"]
    assert _unpinned({"six": Version("1.0")}, pins) == ["six 1.0 is installed, the pin is None"]


def test_every_name_of_pyproject_is_pinned(contents: Contents) -> None:
    needed = [Requirement(line) for line in contents.metadata.get_all("Requires-Dist", [])]
    pinned = {line.partition("==")[0] for line in _constraints()}
    assert {requirement.name for requirement in needed} <= pinned


def test_the_lowest_constraints_are_the_lower_bounds() -> None:
    script = runpy.run_path(str(CHECKOUT / ".ci" / "lowest.py"))
    project = {
        "dependencies": ["numpy>=2.0", "tomli>=2.0.1; python_version < '3.11'"],
        "optional-dependencies": {"torch": ["torch>=2.3"]},
    }
    assert script["lower_bounds"](project) == {
        "numpy": "numpy==2.0",
        "tomli": "tomli==2.0.1; python_version < '3.11'",
        "torch": "torch==2.3",
    }
    with pytest.raises(SystemExit, match="expected 'name>=version', found 'numpy'; state a lower bound"):
        script["lower_bounds"](project | {"dependencies": ["numpy"]})


def test_the_laws_are_collected_from_where_they_are_installed(tmp_path: Path) -> None:
    plugin = [] if TOX_ENV else ["-p", "conformance.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", *plugin, "--pyargs", "conformance.laws"]
    result = subprocess.run(
        [*command, "--implementation", "refimpl", "--collect-only", "-q"],
        cwd=tmp_path,
        env=os.environ | ({} if TOX_ENV else {"PYTHONPATH": str(CHECKOUT)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "::" in result.stdout

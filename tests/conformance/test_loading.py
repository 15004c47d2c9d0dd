"""What a user names is found, or refused in one line that says why."""

import sys
from pathlib import Path

import pytest
import torch

from conformance.adapters import NAMES
from conformance.adapters.loading import LoadError, load
from conformance.adapters.torch_spelled import TorchSpelled
from conformance.implementation import Implementation

MODULES = {
    "theirs_good": """
        from conformance.adapters.torch_spelled import TorchSpelled
        from conformance.implementation import Claims
        import torch

        class Theirs(TorchSpelled):
            def __init__(self):
                super().__init__(torch, name="theirs")

        class Inner:
            ready = Theirs()

        class Fails:
            def __init__(self):
                raise OSError("no licence\\nfound")

        class Half:
            name = "half"
            def run(self, program): ...

        class Moody:
            name = "moody"
            version = property(lambda self: 1 / 0)
            claims = Claims()
            def run(self, program): ...

        class Wrong:
            name = "wrong"
            version = 3
            claims = Claims()
            def run(self, program): ...

        class Uncallable:
            name = version = "uncallable"
            claims = Claims()
            run = None

        class Claimless(Uncallable):
            claims = {"backward"}
        """,
    "theirs_spelled": "from torch import *\nfrom torch import tensor, float32\n__version__ = '7'",
    "theirs_needs": "import a_package_that_nobody_has",
    "theirs_broken": "raise RuntimeError('two\\nlines')",
    "theirs_syntax": "def",
    "theirs_quits": "import sys\nsys.exit('bye')",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with modules of a user."""
    for name, text in MODULES.items():
        lines = text.split("\n")
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        (tmp_path / f"{name}.py").write_text(
            "\n".join(line[indent:] for line in lines) + "\n", encoding="utf-8"
        )
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_what_is_in_the_box_loads_by_name(name: str) -> None:
    implementation = load(name)
    assert implementation.name == name
    assert isinstance(implementation, Implementation)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("theirs_good:Theirs", "theirs"),
        ("theirs_good:Inner.ready", "theirs"),
        ("theirs_spelled", "theirs_spelled"),
        ("theirs_good:torch", "torch"),
    ],
)
def test_what_a_user_names_is_found(spec: str, name: str) -> None:
    path = list(sys.path)
    implementation = load(spec)
    assert isinstance(implementation, TorchSpelled)
    assert implementation.name == name
    assert sys.path == path


def test_a_namespace_spelled_like_torch_needs_no_adapter() -> None:
    implementation = load("theirs_spelled")
    assert isinstance(implementation, TorchSpelled)
    assert implementation.version == "theirs_spelled 7"
    assert implementation.namespace.tensor is torch.tensor


REFUSED = {
    "nobody": "no implementation is called 'nobody'; expected one of refimpl, torch, module:object",
    "no body": "no implementation is called 'no body'",
    "": "no implementation is called ''",
    "nobody:it": "'nobody:it': there is no module 'nobody'; check that it is installed or stands",
    "theirs_good.inner:it": "there is no module 'theirs_good.inner'",
    "theirs_good:": "names no object; expected module:object, or the module alone, theirs_good",
    ":it": "':it' names nothing; expected module:object",
    "theirs_good:Theirs()": "names nothing; expected module:object",
    "theirs_good:Nothing": "'theirs_good:Nothing': theirs_good has no 'Nothing'; name an object",
    "theirs_good:Inner.nothing": "Inner has no 'nothing'",
    "theirs_good:Fails": "Fails() failed: OSError: no licence found; it is made without arguments",
    "theirs_good:Half": "is no implementation: it is a Half that lacks version (a str",
    "theirs_good:Moody": "is no implementation: it is a Moody that lacks version",
    "theirs_good:Wrong": "its version is 3; expected a str with name and version",
    "theirs_good:Uncallable": "its run is None; expected a method that takes a program",
    "theirs_good:Claimless": "its claims is {'backward'}; expected a conformance.implementation",
    "theirs_needs": "importing theirs_needs failed: ModuleNotFoundError: No module named 'a_pack",
    "theirs_needs:it": "importing theirs_needs failed: ModuleNotFoundError: No module named 'a_pack",
    "theirs_broken:it": "importing theirs_broken failed: RuntimeError: two lines",
    "theirs_syntax": "importing theirs_syntax failed: SyntaxError: ",
    "theirs_quits:it": "importing theirs_quits failed: SystemExit: bye",
    "json": "'json' is no implementation: it is a module that lacks name (a str), version",
    "json:loads": "nor is it spelled like torch, for want of tensor, float32",
}


@pytest.mark.parametrize("spec", REFUSED)
def test_what_cannot_be_found_or_used_is_refused_in_one_line(spec: str) -> None:
    path = list(sys.path)
    with pytest.raises(LoadError) as refused:
        load(spec)
    message = str(refused.value)
    assert REFUSED[spec] in message
    assert "\n" not in message
    assert sys.path == path


def test_a_missing_package_of_the_box_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "conformance.adapters.torch", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(LoadError, match=r"^torch cannot be used here: ModuleNotFoundError: .*install it"):
        load("torch")


def test_entry_points_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = folder / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[autograd_conformance.implementations]\nby-entry = theirs_good:Inner.ready\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(folder))
    assert load("by-entry").name == "theirs"

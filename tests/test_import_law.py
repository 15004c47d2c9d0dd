"""The import law holds in every module, and the check of it sees each way to break it."""

import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

import conformance
from tests.imports import LAZY, PACKAGES, TOOLS, imports, modules, violations

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CHECKOUT = Path(__file__).resolve().parent.parent
INSTALLED = Path(conformance.__file__).resolve().parent.parent
MODULES = modules(INSTALLED)


def test_every_package_is_read() -> None:
    assert {path.parts[0] for path in MODULES} == set(PACKAGES)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module_keeps_the_law(path: PurePosixPath) -> None:
    assert violations(path, MODULES[path]) == []


@pytest.mark.parametrize("name", sorted(LAZY))
def test_a_lazy_engine_is_imported_in_one_place(name: str) -> None:
    refimpl = {path: source for path, source in MODULES.items() if path.parts[0] == "refimpl"}
    users = [path for path, source in refimpl.items() if name in {item.top for item in imports(path, source)}]
    assert len(users) <= 1, f"{name} is imported in {', '.join(map(str, users))}; import it in one of them"


def test_tools_are_the_dependencies_that_are_no_engine() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {requirement.partition(">=")[0] for requirement in project["dependencies"]}
    assert (TOOLS - {"pytest"}) | {"numpy", "sympy"} == declared


def test_every_dependency_is_used() -> None:
    used = {item.top for path, source in MODULES.items() for item in imports(path, source)}
    assert TOOLS - used == set(), "declared in pyproject.toml and imported nowhere; drop it there"


KEEPS = [
    ("refimpl/a.py", "import numpy as np\nimport math\nfrom . import b\nfrom refimpl.c import d"),
    ("refimpl/a.py", "def f():\n    from scipy import special"),
    ("refimpl/a.py", "class C:\n    def f(self):\n        import graphviz"),
    ("oracles/__init__.py", "from oracles.question import Answer\nimport oracles.pytorch"),
    ("oracles/pytorch.py", "import torch\nfrom oracles.question import Answer\nfrom oracles import question"),
    ("oracles/pytorch.py", "def f():\n    from oracles.rounding import rounding"),
    ("oracles/symbolic.py", "import sympy, mpmath\nfrom oracles._symbolic_table import TABLE"),
    ("oracles/symbolic/table.py", "import sympy\nfrom .rules import RULES\nfrom ..question import Answer"),
    (
        "conformance/a.py",
        "import oracles\nfrom hypothesis import given\nfrom conformance.adapters import load",
    ),
    ("conformance/adapters/torch.py", "import torch\nimport refimpl"),
]
BREAKS = [
    ("refimpl/a.py", "import torch"),
    ("refimpl/a.py", "import oracles"),
    ("refimpl/a.py", "def f():\n    import conformance"),
    ("refimpl/a.py", "import scipy.special"),
    ("refimpl/a.py", "class C:\n    import graphviz"),
    ("refimpl/a.py", "if True:\n    from scipy import special"),
    ("oracles/question.py", "import torch"),
    ("oracles/pytorch.py", "import sympy"),
    ("oracles/pytorch.py", "import refimpl"),
    ("oracles/pytorch.py", "from oracles.symbolic import oracle"),
    ("oracles/pytorch.py", "from oracles import finite_differences"),
    ("oracles/pytorch.py", "import oracles"),
    ("oracles/torch_table.py", "from oracles.forward import OPERATORS"),
    ("oracles/rounding.py", "import torch"),
    ("oracles/symbolic.py", "import conformance.judge"),
    ("oracles/symbolic/table.py", "from ..pytorch import TABLE"),
    ("oracles/finite_differences.py", "import mpmath"),
    ("conformance/a.py", "import torch"),
    ("conformance/a.py", "def f():\n    import refimpl"),
    ("conformance/a.py", "from importlib import import_module\nimport_module('refimpl')"),
    ("conformance/a.py", "import importlib\nimportlib.import_module('torch')"),
    ("conformance/a.py", "__import__('torch')"),
    ("conformance/a.py", "import sympy"),
    ("conformance/adapters/__init__.py", "import torch"),
]


@pytest.mark.parametrize(("path", "source"), KEEPS)
def test_the_check_accepts(path: str, source: str) -> None:
    assert violations(PurePosixPath(path), source) == []


@pytest.mark.parametrize(("path", "source"), BREAKS)
def test_the_check_refuses(path: str, source: str) -> None:
    assert len(violations(PurePosixPath(path), source)) == 1


LOADED = """
import sys
before = set(sys.modules)
import {module}
print(*{{name.partition(".")[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names)
"""


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("refimpl", {"refimpl", "numpy"}),
        ("oracles", {"oracles", "numpy"}),
        ("conformance", {"conformance", "oracles", "numpy"}),
        ("conformance.cli", {"conformance", "oracles", "numpy", "click"}),
    ],
)
def test_importing_brings_in_nothing_more(module: str, allowed: set[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOADED.format(module=module)],
        cwd=INSTALLED,
        capture_output=True,
        text=True,
        check=True,
    )
    # NumPy's Cython modules register their shared runtime under a name of its own.
    loaded = {name for name in result.stdout.split() if not name.startswith("_cython")}
    assert module.partition(".")[0] in loaded
    assert loaded <= allowed

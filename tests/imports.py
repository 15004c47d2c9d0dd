"""The import law, read off the syntax trees: who may import whom, and where.

refimpl      ->  numpy; lazily, in one module each: scipy, graphviz
oracles      ->  numpy, and each oracle its own engine
conformance  ->  oracles, numpy, its own tools; an implementation only in conformance/adapters/
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

PACKAGES = ("refimpl", "oracles", "conformance")
LAZY = frozenset({"scipy", "graphviz"})
ENGINES = {"pytorch": {"torch"}, "symbolic": {"sympy", "mpmath"}, "finite_differences": set[str]()}
# How the names of each oracle's own modules begin; any other module of oracles has no engine but NumPy.
PREFIXES = {
    "pytorch": "pytorch",
    "torch": "pytorch",
    "symbolic": "symbolic",
    "sympy": "symbolic",
    "finite": "finite_differences",
    "forward": "finite_differences",
    "numpy": "finite_differences",
    "perturbation": "finite_differences",
}
# All that two oracles may share: how they are asked, and how far rounding may carry an answer.
SHARED = ("oracles.question", "oracles.rounding")
_STANDARD = sys.stdlib_module_names | {"tomllib"}  # absent from 3.10, where its import is guarded
# pytest is what runs conformance.laws; the others are declared in pyproject.toml, which a test compares.
TOOLS = frozenset({"hypothesis", "click", "rich", "mpmath", "jsonschema", "tomli", "pytest"})


class Import(NamedTuple):
    """One imported module, as written: its dotted name, its line, and whether a function body defers it."""

    name: str
    line: int
    lazy: bool

    @property
    def top(self) -> str:
        """The top-level package."""
        return self.name.partition(".")[0]


def imports(path: PurePosixPath, source: str) -> Iterator[Import]:
    """Yield what the module at ``path`` (relative to the checkout) imports, relative names resolved.

    A call of ``import_module`` or ``__import__`` with a literal counts as an import statement.
    """
    package = path.parent.parts

    def walk(node: ast.AST, lazy: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            for name in _names(child, package):
                yield Import(name, getattr(child, "lineno", 0), lazy)
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, lazy or is_function)

    return walk(ast.parse(source, str(path)), False)


def _names(node: ast.AST, package: tuple[str, ...]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else ()
        module = ".".join([*base, *([node.module] if node.module else [])])
        # `from oracles import pytorch` imports a module too; the tree does not say which names are modules.
        return [f"{module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and _is_importer(node.func) and node.args:
        name = node.args[0]
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            return [name.value]
    return []


def _is_importer(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in {"import_module", "__import__"}


def violations(path: PurePosixPath, source: str) -> list[str]:
    """Return one sentence for each import of the module that the law forbids."""
    found = []
    for item in imports(path, source):
        if item.top in _STANDARD or item.top in {path.parts[0], "numpy"}:
            why = _foreign_oracle(path, item) if path.parts[0] == "oracles" else None
        else:
            why = _RULES[path.parts[0]](path, item)
        if why is not None:
            found.append(f"{path}:{item.line}: imports {item.name}, but {why}")
    return found


def _refimpl(path: PurePosixPath, item: Import) -> str | None:
    if item.top not in LAZY:
        return "refimpl imports numpy, and lazily scipy and graphviz, only"
    return None if item.lazy else f"{item.top} is imported inside the function that needs it"


def _oracle_of(module: str) -> str | None:
    return next(
        (oracle for prefix, oracle in PREFIXES.items() if module.lstrip("_").startswith(prefix)), None
    )


def _own_oracle(path: PurePosixPath) -> str | None:
    return _oracle_of(path.with_suffix("").parts[1])


def _oracles(path: PurePosixPath, item: Import) -> str | None:
    own = _own_oracle(path)
    if own is not None and item.top in ENGINES[own]:
        return None
    return f"the engine of {path} is {' and '.join(sorted(ENGINES.get(own or '', ()))) or 'numpy alone'}"


def _foreign_oracle(path: PurePosixPath, item: Import) -> str | None:
    """Oracles share only the modules named above; the package itself finds each by its name."""
    own = _own_oracle(path)
    parts = item.name.split(".")
    if parts[0] != "oracles" or own is None or ".".join(parts[:2]) in SHARED:
        return None
    if len(parts) > 1 and _oracle_of(parts[1]) == own:
        return None
    return f"an oracle shares only {' and '.join(SHARED)} with the others"


def _conformance(path: PurePosixPath, item: Import) -> str | None:
    if item.top in TOOLS or item.top == "oracles":
        return None
    if path.parts[1] == "adapters" and path.name != "__init__.py":
        return None
    return "conformance imports oracles, numpy and its tools; implementations only in conformance/adapters/"


_RULES = {"refimpl": _refimpl, "oracles": _oracles, "conformance": _conformance}


def modules(root: Path) -> dict[PurePosixPath, str]:
    """Return the source of every module of the three packages under ``root``, by path relative to it."""
    return {
        PurePosixPath(path.relative_to(root).as_posix()): path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
    }

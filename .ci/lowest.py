"""Install with pip at exactly the lower bounds that pyproject.toml declares.

tox's `lowest` environment uses this as its install command, so that a bound is written down once.
A requirement ``name>=1.2`` becomes the constraint ``name==1.2``; what is only required by a requirement
keeps its pin of constraints.txt, except PyTorch's CUDA parts, which each PyTorch release pins for itself.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:  # nothing is installed yet: pip brings its own copy
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*>=\s*(?P<bound>[0-9.]+)\s*(?P<marker>;.*)?")
PINNED_BY_TORCH = re.compile(r"nvidia-|cuda-|triton\b")


def lower_bounds(project: dict[str, Any]) -> dict[str, str]:
    """Map the name of every declared dependency, extras included, to its constraint line.

    :param project: the ``project`` table of pyproject.toml
    :raises SystemExit: a requirement is not of the form ``name>=version``, so that it states no lower bound
    """
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    bounds = {}
    for requirement in (requirement for group in groups for requirement in group):
        match = REQUIREMENT.fullmatch(requirement)
        if match is None:
            found = f"expected 'name>=version', found {requirement!r}"
            raise SystemExit(f"pyproject.toml: {found}; state a lower bound")
        bounds[match["name"].lower()] = f"{match['name']}=={match['bound']}{match['marker'] or ''}"
    return bounds


def constraints() -> list[str]:
    """Return the constraint lines: the lower bounds, then the pins of everything that they bring along."""
    bounds = lower_bounds(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [pin for line in lines if (pin := line.partition("#")[0].strip())]
    kept = [pin for pin in pins if not PINNED_BY_TORCH.match(pin)]
    return [*bounds.values(), *(pin for pin in kept if pin.partition("==")[0].lower() not in bounds)]


def main() -> int:
    """Run ``pip install`` with the arguments of the command line under these constraints."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lowest.txt"
        path.write_text("\n".join(constraints()) + "\n", encoding="utf-8")
        command = [sys.executable, "-I", "-m", "pip", "install", "-c", str(path), *sys.argv[1:]]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

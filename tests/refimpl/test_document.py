"""Every cell of the document, every exercise, and the behaviour behind them, printed as PyTorch prints them.

The sessions are doctests over a name ``torch``, which is the reference in one run and PyTorch in the other:
what stands there was written down, and both have to print exactly it.
"""

from __future__ import annotations

import doctest
import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.refimpl.sides import SIDES, TO_THE_LETTER, refimpl, torch_mode_kept

SESSIONS = Path(__file__).parent / "sessions"
FLAGS = doctest.ELLIPSIS | doctest.REPORT_NDIFF | doctest.DONT_ACCEPT_TRUE_FOR_1
LITERAL = {name: side for name, side in SIDES.items() if name != "torch" or TO_THE_LETTER}
CELLS = {
    "introduction",
    "requires_grad",
    *(f"Function, cell {number}" for number in range(1, 7)),
    "note, formulas 1 and 2",
    "note, formula 3",
    "note, formulas 4 and 5",
    "Gradient, formulas",
    *(f"Gradient, cell {number}" for number in range(1, 4)),
    *(f"exercise {number}" for number in range(1, 5)),
}


def failures(text: str, name: str, module: Any) -> str:
    """What a session printed that it should not have; empty if all is well."""
    parsed = doctest.DocTestParser().get_doctest(text, {"torch": module}, name, name, 0)
    assert parsed.examples, f"{name} holds no example"
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(parsed, out=said.append)
    return "".join(said)


def sessions(*folders: str) -> list[Path]:
    """The sessions of some folders."""
    return [path for folder in folders for path in sorted((SESSIONS / folder).glob("*.txt"))]


@pytest.mark.parametrize("side", LITERAL)
@pytest.mark.parametrize("path", sessions("document", "behaviour"), ids=lambda path: path.stem)
def test_a_session_prints_what_is_written(path: Path, side: str) -> None:
    assert failures(path.read_text(encoding="utf-8"), path.name, LITERAL[side]) == ""


@pytest.mark.parametrize("path", sessions("departures"), ids=lambda path: path.stem)
def test_the_reference_departs_from_pytorch_only_where_pytorch_is_wrong(path: Path) -> None:
    """What the sessions of this folder show is right, by the documentation or by mathematics."""
    text = path.read_text(encoding="utf-8")
    assert failures(text, path.name, refimpl) == ""
    for side in LITERAL.keys() - {"refimpl"}:
        with torch_mode_kept():
            assert failures(text, path.name, LITERAL[side]) != "", "PyTorch does this too: move it"


def test_a_wrong_line_is_seen() -> None:
    right = ">>> torch.ones(1) - 4\ntensor([-3.])\n"
    assert failures(right, "right", refimpl) == ""
    assert failures(right.replace("-3", "-2"), "wrong", refimpl) != ""
    assert failures(right.replace("tensor", "Tensor"), "another name", refimpl) != ""


def test_every_cell_has_its_session() -> None:
    headed = set()
    for path in sessions("document"):
        lines = path.read_text(encoding="utf-8").splitlines()
        headed |= {line for line, below in itertools.pairwise(lines) if below and below == "-" * len(line)}
    assert headed == CELLS


def test_the_random_cells_run() -> None:
    """The document draws numbers; those of the reference are its own, so what is asked holds for all."""
    refimpl.manual_seed(7)
    drawn = refimpl.randn(2, 2)
    drawn = (drawn * 3) / (drawn - 1)
    assert (drawn * drawn).sum().grad_fn is None
    assert (drawn.requires_grad_(True) * drawn).sum().grad_fn.name() == "SumBackward0"

    start = refimpl.randn(3, requires_grad=True)
    end, doublings = start * 2, 1
    while end.data.norm() < 1000:
        end, doublings = end * 2, doublings + 1
    end.backward(refimpl.tensor([0.1, 1.0, 0.0001]))
    expected = refimpl.tensor([0.1, 1.0, 0.0001]) * 2**doublings
    assert refimpl.equal(start.grad, expected)
    assert 1000 <= end.data.norm() < 2000

"""The seals themselves: each switch, turned and left so, is named and put back."""

import decimal
import gc
import importlib
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import torch

from tests.sealing import Seal, switches

refimpl: Any = importlib.import_module("refimpl")  # its names are generated, so that a type checker sees none
LEAKS: dict[str, Callable[[], object]] = {
    "numpy's errstate": lambda: np.seterr(over="raise", under="raise"),
    "numpy's print options": lambda: np.set_printoptions(precision=3),
    "the decimal context": lambda: setattr(decimal.getcontext(), "prec", 7),
    "the warnings filters": lambda: warnings.simplefilter("ignore"),
    "os.environ": lambda: os.environ.update(A_LEAKED_VARIABLE="1"),
    "the working directory": lambda: os.chdir(os.sep),
    "the recursion limit": lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 1),
    "the garbage collector": gc.disable,
    "mpmath's precision": lambda: setattr(mpmath.mp, "dps", 50),
    "torch's grad mode": lambda: torch.set_grad_enabled(False),
    "torch's default dtype": lambda: torch.set_default_dtype(torch.float64),
    "refimpl's grad mode": lambda: refimpl.set_grad_enabled(False),
    "refimpl's default dtype": lambda: refimpl.set_default_dtype(refimpl.float64),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_turned_switch_is_named_and_put_back(name: str) -> None:
    seal = Seal()
    LEAKS[name]()
    sentences = seal.leaks()
    assert [sentence for sentence in sentences if sentence.startswith(f"{name} ")] == sentences
    assert len(sentences) == 1
    assert seal.leaks() == []


def test_every_switch_has_a_leak_here() -> None:
    assert switches().keys() == LEAKS.keys()


def test_a_deleted_variable_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_VARIABLE", "1")
    seal = Seal()
    del os.environ["A_VARIABLE"]
    assert seal.leaks() == ["os.environ was {'A_VARIABLE': '1'}, is {}"]
    assert os.environ["A_VARIABLE"] == "1"


def test_filters_that_an_import_registers_are_no_leak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_library_with_filters.py").write_text("import warnings\nwarnings.simplefilter('once')\n")
    monkeypatch.syspath_prepend(tmp_path)
    seal = Seal()
    importlib.import_module("a_library_with_filters")
    assert seal.leaks() == []
    monkeypatch.delitem(sys.modules, "a_library_with_filters")


def test_the_test_that_leaks_is_the_one_that_fails(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        """
        import os, warnings
        import numpy as np

        def test_leaks_errstate():
            np.seterr(over="raise")

        def test_leaks_a_filter():
            warnings.simplefilter("ignore")

        def test_restores():
            with np.errstate(over="raise"), warnings.catch_warnings():
                warnings.simplefilter("ignore")

        def test_uses_monkeypatch(monkeypatch):
            monkeypatch.setenv("A_VARIABLE", "1")
            monkeypatch.chdir(os.sep)

        def test_finds_it_as_it_was():
            assert np.geterr()["over"] == "warn"
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=5, errors=2)
    result.stdout.fnmatch_lines(["*this test leaks global state: numpy's errstate was {'over': 'warn'}, is*"])
    result.stdout.fnmatch_lines(["*this test leaks global state: the warnings filters lost *"])

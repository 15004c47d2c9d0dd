"""What the reference needs: NumPy, and nothing else that is not Python's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import refimpl

INSTALLED = Path(str(refimpl.__file__)).resolve().parent.parent
OTHERS = ("torch", "scipy", "sympy", "mpmath", "graphviz", "hypothesis", "click", "rich", "jsonschema")

ALONE = f"""
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OTHERS!r}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Nothing())
try:
    import torch
except ImportError:
    pass
else:
    raise SystemExit("the block does not hold")
"""

USED = """
import refimpl as torch
x = torch.ones(2, 2, requires_grad=True)
y = torch.nn.functional.softmax((5 * (x - 4) ** 2) @ x, 1).log().sum()
y.backward()
print(x.grad.shape, repr(y))
"""

WARNED = "import warnings\nwarnings.simplefilter('error')\nimport refimpl\nprint('quiet')"


def output(source: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", source]
    return subprocess.run(command, cwd=INSTALLED, check=True, capture_output=True, text=True).stdout.strip()


def test_it_runs_where_only_numpy_is_installed() -> None:
    assert output(ALONE + USED) == "torch.Size([2, 2]) tensor(-2.7726, grad_fn=<SumBackward0>)"


def test_importing_it_warns_of_nothing() -> None:
    assert output(WARNED) == "quiet"


@pytest.mark.parametrize("name", ["numpy.geterr()", "numpy.get_printoptions()", "sys.getrecursionlimit()"])
def test_importing_it_turns_no_switch(name: str) -> None:
    before_and_after = f"import sys, numpy\na = {name}\nimport refimpl\nprint(a == {name})"
    assert output(before_and_after) == "True"


# PyTorch has no picture of a graph, and keeps the two functions beside set_printoptions in a private module.
OWN = {"draw", "get_printoptions", "printoptions"}


def test_its_public_names_are_pytorchs() -> None:
    """A name that PyTorch does not have would be one that no user of it looks for."""
    own = {name for name in dir(refimpl) if name.isidentifier() and not name.startswith("_")} - OWN
    assert {name for name in own if not hasattr(torch, name)} == set()
    methods = {name for name in dir(refimpl.Tensor) if not name.startswith("_")}
    assert {name for name in methods if not hasattr(torch.Tensor, name)} == set()


ISSUED = (
    "tensor as_tensor from_numpy zeros ones full empty arange linspace eye rand randn randint zeros_like"
    " ones_like full_like empty_like rand_like randn_like randint_like manual_seed no_grad enable_grad"
    " set_grad_enabled is_grad_enabled float16 float32 float64 uint8 int8 int16 int32 int64 bool add sub"
    " mul div pow neg abs exp log sqrt sin cos tan tanh sigmoid relu maximum minimum clamp where sum mean"
    " prod max min var std norm cumsum softmax log_softmax logsumexp matmul reshape transpose permute"
    " squeeze unsqueeze flatten cat stack split chunk gather eq ne lt le gt ge"
).split()
METHODS = (
    "data detach detach_ requires_grad requires_grad_ is_leaf grad grad_fn backward retain_grad numpy"
    " item tolist shape size dim numel dtype norm expand reshape T mT __getitem__ __iter__ __setitem__"
).split()


@pytest.mark.parametrize("name", ISSUED)
def test_a_promised_function_is_there(name: str) -> None:
    assert hasattr(refimpl, name)


@pytest.mark.parametrize("name", METHODS)
def test_a_promised_method_is_there(name: str) -> None:
    assert hasattr(refimpl.Tensor, name)

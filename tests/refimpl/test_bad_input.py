"""Bad input: PyTorch's error class, the gist of its message, and every tensor as it was.

Each row is a program, run on both sides. ``gist`` has to be found in both messages; what the reference says
beyond it is its own.
"""

from __future__ import annotations

import re
import warnings
from typing import Any, NamedTuple

import pytest

from tests.refimpl.sides import SIDES, TO_THE_LETTER, array_of, refimpl


class Bad(NamedTuple):
    """``setup`` runs, then ``statement`` must raise ``error`` with ``gist``, a regular expression."""

    setup: str
    statement: str
    error: type[Exception]
    gist: str


LEAF = "x = torch.tensor([1., 2., 3.], requires_grad=True)"
TRACKED = f"{LEAF}; y = x * x"
SCALAR = f"{LEAF}; y = (x * x).sum()"
FREED = f"{SCALAR}; y.backward()"
HELD = f"{LEAF}; x.grad = torch.tensor([7., 8., 9.])"
MATRIX = "m = torch.ones(2, 3, requires_grad=True)"
PLAIN = "p = torch.tensor([1., 2., 3.])"
WHOLE = "i = torch.tensor([1, 2, 3])"

BACKWARD = [
    Bad(TRACKED, "y.backward()", RuntimeError, "grad can be implicitly created only for scalar outputs"),
    Bad(f"{MATRIX}; y = m.sum(0)", "y.backward()", RuntimeError, "only for scalar outputs"),
    Bad("x = torch.ones(0, requires_grad=True); y = x * 2", "y.backward()", RuntimeError, "scalar outputs"),
    Bad(TRACKED, "torch.autograd.backward(y)", RuntimeError, "only for scalar outputs"),
    Bad(TRACKED, "torch.autograd.backward([y.sum(), y])", RuntimeError, "only for scalar outputs"),
    Bad(TRACKED, "torch.autograd.grad(y, x)", RuntimeError, "only for scalar outputs"),
    Bad(TRACKED, "y.backward(torch.ones(2))", RuntimeError, r"Mismatch in shape.*\[2\].*\[3\]"),
    Bad(TRACKED, "y.backward(torch.ones(1))", RuntimeError, "Mismatch in shape"),
    Bad(TRACKED, "y.backward(torch.tensor(1.))", RuntimeError, "Mismatch in shape"),
    Bad(TRACKED, "y.backward(torch.ones(1, 3))", RuntimeError, "Mismatch in shape"),
    Bad(TRACKED, "y.backward(torch.ones(3, 1))", RuntimeError, "Mismatch in shape"),
    Bad(SCALAR, "y.backward(torch.ones(1))", RuntimeError, "Mismatch in shape"),
    Bad(TRACKED, "torch.autograd.grad(y, x, torch.ones(2))", RuntimeError, "Mismatch in shape"),
    Bad(TRACKED, "torch.autograd.backward([y, y], [torch.ones(3), torch.ones(2)])", RuntimeError,
        "Mismatch in shape|must match"),
    Bad(TRACKED, "torch.autograd.backward([y, y], [torch.ones(3)])", RuntimeError, "2 .*1 gradients"),
    Bad(TRACKED, "y.backward([1., 1., 1.])", TypeError, "either Tensors or None"),
    Bad(TRACKED, "y.backward(1.)", TypeError, ""),
    Bad(TRACKED, "y.backward(inputs=[])", RuntimeError, "cannot be empty"),
    Bad(PLAIN, "p.sum().backward()", RuntimeError, "does not require grad and does not have a grad_fn"),
    Bad(PLAIN, "p.backward(torch.ones(3))", RuntimeError, "does not require grad"),
    Bad(f"{LEAF}; y = (x * x).detach().sum()", "y.backward()", RuntimeError, "does not require grad"),
    Bad(f"{LEAF}\nwith torch.no_grad(): y = (x * x).sum()", "y.backward()", RuntimeError,
        "does not require grad"),
    Bad(SCALAR, "torch.autograd.backward([y, torch.tensor(1.)])", RuntimeError, "element 1 of tensors"),
    Bad(WHOLE, "i.sum().backward()", RuntimeError, "does not require grad"),
    Bad(f"{SCALAR}; {PLAIN}", "torch.autograd.grad(y, p)", RuntimeError, "does not require grad"),
    Bad(f"{SCALAR}; {PLAIN}", "torch.autograd.grad(p.sum(), x)", RuntimeError, "does not require grad"),
    Bad(f"{SCALAR}; u = torch.ones(2, requires_grad=True)", "torch.autograd.grad(y, u)", RuntimeError,
        "not have been used in the graph.*allow_unused=True"),
    Bad(f"{SCALAR}; u = torch.ones(2, requires_grad=True)",
        "torch.autograd.grad(y, u, allow_unused=False, materialize_grads=True)", ValueError, "allow_unused"),
    Bad(FREED, "y.backward()", RuntimeError, "second time.*freed.*retain_graph=True"),
    Bad(FREED, "torch.autograd.grad(y, x)", RuntimeError, "second time"),
    Bad(f"{LEAF}; h = x.exp(); h.sum().backward()", "(h * 2).sum().backward()", RuntimeError, "second time"),
    Bad(f"{SCALAR}; torch.autograd.grad(y, x)", "y.backward()", RuntimeError, "second time"),
]  # fmt: skip

FLAGS = [
    Bad("", "torch.tensor([1, 2], requires_grad=True)", RuntimeError, "floating point"),
    Bad("", "torch.ones(2, dtype=torch.int64, requires_grad=True)", RuntimeError, "floating point"),
    Bad("", "torch.tensor(True, requires_grad=True)", RuntimeError, "floating point"),
    Bad(WHOLE, "i.requires_grad_()", RuntimeError, "floating point"),
    Bad(WHOLE, "i.requires_grad = True", RuntimeError, "floating point"),
    Bad("b = torch.tensor([True])", "b.requires_grad_()", RuntimeError, "floating point"),
    Bad(TRACKED, "y.requires_grad = False", RuntimeError, "leaf variables"),
    Bad(TRACKED, "y.requires_grad_(False)", RuntimeError, "leaf variables"),
    Bad(TRACKED, "y[0].requires_grad_(False)", RuntimeError, "leaf variables"),
    Bad(LEAF, "x.is_leaf = False", AttributeError, "is_leaf"),
    Bad(TRACKED, "y.shape = (1, 3)", AttributeError, "shape"),
    Bad(PLAIN, "p.retain_grad()", RuntimeError, "requires_grad=False"),
    Bad(PLAIN, "p.register_hook(print)", RuntimeError, "doesn't require grad"),
    Bad(LEAF, "x.numpy()", RuntimeError, "requires grad.*detach"),
    Bad(f"{TRACKED}; z = y[:2]", "z.detach_()", RuntimeError, "view"),
    Bad(TRACKED, "import copy; copy.deepcopy(y)", RuntimeError, "created explicitly by the user"),
]

GRADS = [
    Bad(HELD, "x.grad = torch.ones(2)", RuntimeError, "size"),
    Bad(HELD, "x.grad = torch.ones(1, 3)", RuntimeError, "size"),
    Bad(HELD, "x.grad = torch.ones(3, dtype=torch.float64)", RuntimeError, "type"),
    Bad(HELD, "x.grad = torch.tensor([1, 2, 3])", RuntimeError, "type"),
    Bad(HELD, "x.grad = 1.", TypeError, "Tensor or None"),
    Bad(HELD, "x.grad = [1., 2., 3.]", TypeError, "Tensor or None"),
    Bad(HELD, "x.grad = x", RuntimeError, "own grad"),
]

IN_PLACE = [
    Bad(LEAF, "x.add_(1)", RuntimeError, "leaf Variable that requires grad"),
    Bad(LEAF, "x += 1", RuntimeError, "leaf Variable that requires grad"),
    Bad(LEAF, "x *= x", RuntimeError, "leaf Variable"),
    Bad(LEAF, "x[0] = 5.", RuntimeError, "leaf Variable"),
    Bad(LEAF, "x.zero_()", RuntimeError, "leaf Variable"),
    Bad(LEAF, "x.fill_(2.)", RuntimeError, "leaf Variable"),
    Bad(LEAF, "x.copy_(torch.zeros(3))", RuntimeError, "leaf Variable"),
    Bad(LEAF, "x.exp_()", RuntimeError, "leaf Variable"),
    Bad(LEAF, "x[:2].mul_(2)", RuntimeError, "view of a leaf Variable"),
    Bad(LEAF, "x.reshape(3, 1).zero_()", RuntimeError, "view of a leaf Variable"),
    Bad("i = torch.tensor([1, 2])", "i.add_(0.5)", RuntimeError, "can't be cast"),
    Bad("i = torch.tensor([1, 2])", "i /= 2", RuntimeError, "can't be cast"),
    Bad(PLAIN, "p.add_(torch.ones(2, 3))", RuntimeError, "shape"),
    Bad(PLAIN, "p.add_(torch.ones(4))", RuntimeError, "must match"),
    Bad(PLAIN, "p[0] = torch.ones(2)", RuntimeError, "shape|expand|match|must"),
    Bad(PLAIN, "p[5] = 1.", IndexError, "out of (range|bounds)"),
    Bad(PLAIN, "p.expand(2, 3).add_(1)", RuntimeError, "single memory location"),
    Bad(f"{TRACKED}; a, b = y.unbind(0)[:2]", "a.mul_(2)", RuntimeError, "multiple views"),
    Bad(f"{TRACKED}; a = y.split(2)[0]", "a.mul_(2)", RuntimeError, "multiple views"),
    Bad(f"{LEAF}; h = x * 1; y = (h * h).sum(); h.add_(1)", "y.backward()", RuntimeError,
        "modified by an inplace operation.*version 1"),
    Bad(f"{LEAF}; y = x.exp(); y.mul_(2)", "y.sum().backward()", RuntimeError, "inplace operation"),
    Bad(f"{LEAF}; w = torch.ones(3); y = (x * w).sum(); w[0] = 3.", "y.backward()", RuntimeError,
        "inplace operation"),
    Bad(f"{LEAF}; w = torch.ones(3); y = (x * w).sum(); w[1:].zero_()", "y.backward()", RuntimeError,
        "inplace operation"),
    Bad(f"{LEAF}; y = (x * x).sum()\nwith torch.no_grad(): x.add_(1)", "y.backward()", RuntimeError,
        "inplace operation"),
    Bad(f"{LEAF}; y = (x * x).sum(); x.detach().add_(1)", "y.backward()", RuntimeError, "inplace operation"),
    Bad(f"{LEAF}; y = x.sigmoid(); y[0] = 1.", "y.sum().backward()", RuntimeError, "inplace operation"),
]  # fmt: skip

OPERANDS = [
    Bad(PLAIN, "p + torch.ones(2)", RuntimeError, r"tensor a \(3\) must match.*tensor b \(2\).*dimension 0"),
    Bad(MATRIX, "m * torch.ones(2)", RuntimeError, r"\(3\) must match.*\(2\).*dimension 1"),
    Bad(PLAIN, "p + None", TypeError, "unsupported operand"),
    Bad(PLAIN, "p + 'a'", TypeError, ""),
    Bad(PLAIN, "[1., 2., 3.] * p", TypeError, ""),
    Bad("b = torch.tensor([True])", "b - b", RuntimeError, "Subtraction.*bool"),
    Bad("b = torch.tensor([True])", "-b", RuntimeError, "Negation.*bool"),
    Bad(WHOLE, "i ** -1", RuntimeError, "negative integer powers"),
    Bad(WHOLE, "i // 0", RuntimeError, "ZeroDivisionError"),
    Bad(WHOLE, "i.mean()", RuntimeError, "floating point"),
    Bad(WHOLE, "i.softmax(0)", NotImplementedError, "not implemented"),
    Bad(WHOLE, "i.norm()", RuntimeError, "floating point"),
    Bad(WHOLE, "i.var()", RuntimeError, "floating point"),
    Bad(PLAIN, "p.sum(1)", IndexError, r"Dimension out of range \(expected to be in range of \[-1, 0\]"),
    Bad(MATRIX, "m.sum(-3)", IndexError, r"range of \[-2, 1\], but got -3"),
    Bad(MATRIX, "m.sum((0, 0))", RuntimeError, "dim 0 appears multiple times"),
    Bad(MATRIX, "m.max(2)", IndexError, "Dimension out of range"),
    Bad(MATRIX, "m.softmax(2)", IndexError, "Dimension out of range"),
    Bad(MATRIX, "m.cumsum(2)", IndexError, "Dimension out of range"),
    Bad("e = torch.ones(0)", "e.max()", RuntimeError, "numel"),
    Bad("e = torch.ones(0, 2)", "e.amax(0)", IndexError, "0"),
    Bad(MATRIX, "m @ m", RuntimeError, "cannot be multiplied"),
    Bad(MATRIX, "m @ torch.ones(2)", RuntimeError, "size mismatch|cannot be multiplied"),
    Bad(MATRIX, "torch.ones(2, 2, 3) @ torch.ones(3, 3, 2)", RuntimeError, "must match|batch"),
    Bad(MATRIX, "m @ torch.tensor(2.)", RuntimeError, "1D"),
    Bad(MATRIX, "m @ torch.ones(3, 2, dtype=torch.float64)", RuntimeError, "dtype"),
    Bad(MATRIX, "m @ 2", TypeError, ""),
    Bad(MATRIX, "m.reshape(4)", RuntimeError, r"shape '\[4\]' is invalid for input of size 6"),
    Bad(MATRIX, "m.reshape(-1, -1)", RuntimeError, "only one dimension can be inferred"),
    Bad(MATRIX, "m.T.view(6)", RuntimeError, "not compatible.*reshape"),
    Bad(MATRIX, "m.transpose(0, 2)", IndexError, "Dimension out of range"),
    Bad(MATRIX, "m.permute(0, 0)", RuntimeError, "duplicate|repeated"),
    Bad(MATRIX, "m.permute(0)", RuntimeError, "dimension"),
    Bad(MATRIX, "m.expand(2, 4)", RuntimeError, r"expanded size of the tensor \(4\) must match.*\(3\)"),
    Bad(MATRIX, "m.unsqueeze(4)", IndexError, "Dimension out of range"),
    Bad(MATRIX, "m.flatten(1, 0)", RuntimeError, "start_dim"),
    Bad(MATRIX, "torch.cat([m, torch.ones(3, 2)])", RuntimeError, "must match except in dimension 0"),
    Bad(MATRIX, "torch.cat([])", ValueError, "non-empty"),
    Bad(MATRIX, "torch.stack([m, torch.ones(3)])", RuntimeError, "equal size"),
    Bad(MATRIX, "m.split([1, 1], 1)", RuntimeError, "sum exactly to 3"),
    Bad(MATRIX, "m.chunk(0)", RuntimeError, "chunks"),
    Bad(PLAIN, "p[3]", IndexError, r"index 3 is out of bounds for dimension 0 with size 3"),
    Bad(PLAIN, "p[0, 0]", IndexError, "too many indices"),
    Bad(PLAIN, "p[1.5]", IndexError, "only integers"),
    Bad(PLAIN, "p['a']", TypeError, "invalid data type 'str'"),
    Bad(PLAIN, "p[::-1]", ValueError, "step must be greater than zero"),
    Bad(PLAIN, "p[torch.tensor([3])]", IndexError, "out of bounds"),
    Bad(PLAIN, "p[torch.tensor([0.5])]", IndexError, "long, int, byte or bool"),
    Bad(PLAIN, "p[torch.tensor([True, False])]", IndexError, "mask|boolean index"),
    Bad(MATRIX, "m.gather(0, torch.tensor([[5, 0, 0]]))", RuntimeError, "out of bounds"),
    Bad(MATRIX, "m.gather(0, torch.tensor([0]))", RuntimeError, "same number of dimensions"),
    Bad(PLAIN, "torch.where(p, p, p)", RuntimeError, "bool"),
    Bad(PLAIN, "p.clamp()", RuntimeError, "At least one of"),
    Bad(PLAIN, "p.item()", RuntimeError, "3 elements cannot be converted to Scalar"),
    Bad(PLAIN, "bool(p)", RuntimeError, "more than one value is ambiguous"),
    Bad(PLAIN, "float(p)", ValueError, "only one element"),
    Bad("s = torch.tensor(1.)", "len(s)", TypeError, "0-d tensor"),
    Bad("s = torch.tensor(1.)", "iter(s)", TypeError, "0-d tensor"),
    Bad("s = torch.tensor(1.)", "s[0]", IndexError, "0-dim tensor"),
]  # fmt: skip

CREATION = [
    Bad("", "torch.tensor([[1, 2], [3]])", ValueError, r"expected sequence of length 2 at dim 1 \(got 1\)"),
    Bad("", "torch.tensor([1, [2, 3]])", TypeError, "list"),
    Bad("", "torch.tensor([[1, 2], 3])", TypeError, "not a sequence"),
    Bad("", "torch.tensor('a')", TypeError, "str"),
    Bad("", "torch.tensor([None])", RuntimeError, "NoneType"),
    Bad("", "torch.tensor(object())", RuntimeError, "object"),
    Bad("", "torch.tensor()", TypeError, "data"),
    Bad("", "torch.tensor([1.], dtype='float32')", TypeError, "dtype"),
    Bad("", "torch.zeros(-1)", RuntimeError, "non-negative"),
    Bad("", "torch.zeros(2, -1)", RuntimeError, "non-negative"),
    Bad("", "torch.zeros(2.5)", TypeError, "int"),
    Bad("", "torch.from_numpy([1])", TypeError, "ndarray"),
    Bad("", "torch.arange(1, 3, 0)", RuntimeError, "nonzero"),
    Bad("", "torch.arange(3, 1)", RuntimeError, "bound"),
    Bad("", "torch.linspace(0, 1, -1)", RuntimeError, "non-negative"),
    Bad("", "torch.rand(2, dtype=torch.int64)", NotImplementedError, ""),
    Bad("", "torch.randint(5, 5, (2,))", RuntimeError, "from"),
    Bad("", "torch.manual_seed('a')", ValueError, ""),
    Bad("", "torch.set_default_dtype(torch.int64)", TypeError, "floating"),
]

EVERY = {
    f"{group}: {row.statement} after {row.setup or 'nothing'}": row
    for group, rows in {
        "backward": BACKWARD,
        "flags": FLAGS,
        "grads": GRADS,
        "in place": IN_PLACE,
        "operands": OPERANDS,
        "creation": CREATION,
    }.items()
    for row in rows
}


def state(names: dict[str, Any], kind: Any) -> dict[str, Any]:
    """Everything that can be seen of the tensors of a program: values, flags, versions, gradients."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            name: (
                array_of(tensor).tolist(),
                str(tensor.dtype),
                tensor.requires_grad,
                tensor.is_leaf,
                tensor._version,
                tensor.grad_fn,
                id(tensor.grad),
                None if tensor.grad is None else tensor.grad.tolist(),
            )
            for name, tensor in names.items()
            if isinstance(tensor, kind)
        }


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("row", EVERY.values(), ids=EVERY)
def test_bad_input_is_refused_and_changes_nothing(row: Bad, side: str) -> None:
    module = SIDES[side]
    names: dict[str, Any] = {"torch": module}
    exec(row.setup, names)
    before, mode = state(names, module.Tensor), module.is_grad_enabled()
    exact = side == "refimpl" or TO_THE_LETTER
    with pytest.raises(
        row.error if exact else Exception, match=re.compile(row.gist if exact else "", re.DOTALL)
    ):
        exec(row.statement, names)
    assert state(names, module.Tensor) == before
    assert module.is_grad_enabled() == mode


def test_a_message_of_ours_says_something() -> None:
    for row in EVERY.values():
        names: dict[str, Any] = {"torch": refimpl}
        exec(row.setup, names)
        with pytest.raises(row.error) as caught:
            exec(row.statement, names)
        assert len(str(caught.value).split()) >= 2, row

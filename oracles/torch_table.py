"""PyTorch's table of operators, for the PyTorch oracle.

The names of the vocabulary are PyTorch's, so most rows are found by name: ``nn.functional.relu`` below
``torch``, ``expand`` on ``torch.Tensor``. A row is written out only where the call is spelled differently
from a question. Nothing here imports torch: the module is handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oracles.question import Slice

Tensor = Any  # torch.Tensor: torch ships no types that hold without it
Row = Callable[..., Any]
NUMBER = (bool, int, float)

# Called as they stand: operands by position, parameters by keyword.
PLAIN = """
    neg abs exp log sqrt sin cos tan tanh sigmoid nn.functional.relu square reciprocal rsqrt log1p expm1
    sign floor ceil round trunc clone clamp logical_not isnan
    prod amax amin max min argmax argmin norm logsumexp cumsum softmax log_softmax
    matmul reshape flatten transpose permute squeeze unsqueeze repeat
    cat stack split chunk unbind select narrow diagonal flip movedim
    masked_fill take_along_dim slice_scatter
"""

# Some of these take a Python number as an operand in some places, none of them in all.
OF_NUMBERS = """
    add sub mul div pow remainder fmod maximum minimum atan2 where eq ne lt le gt ge
"""


def resolve(torch: Any, name: str) -> Row:
    """The callable of this name below ``torch``, or else the method of ``torch.Tensor``."""
    found: Any = torch
    for part in name.split("."):
        found = getattr(found, part, None)
    method: Row = getattr(torch.Tensor, name) if found is None else found
    return method


def of_numbers(torch: Any, name: str) -> Row:
    """A row that takes Python numbers anywhere, as zero-dimensional tensors; pow takes an exponent."""
    function = resolve(torch, name)

    def row(*args: Any, **params: Any) -> Any:
        if name == "pow" and not isinstance(args[0], NUMBER):
            return function(*args, **params)
        return function(*(from_number(torch, arg) for arg in args), **params)

    return row


def from_number(torch: Any, value: Any) -> Any:
    """A Python number as a zero-dimensional tensor of its widest dtype; anything else as it is."""
    if not isinstance(value, NUMBER):
        return value
    dtypes = {bool: torch.bool, int: torch.int64, float: torch.float64}
    return torch.tensor(value, dtype=dtypes[type(value)], device="cpu")


def whole_by_default(torch: Any, name: str) -> Row:
    """A row for a reduction that refuses ``keepdim`` unless ``dim`` stands beside it."""
    function = resolve(torch, name)
    return lambda x, **params: function(x, **{"dim": None, **params})


def spread(torch: Any, name: str) -> Row:
    """A row for var or std, without PyTorch's warning where no degree of freedom is left."""
    function = resolve(torch, name)

    def row(x: Tensor, dim: Any = None, correction: float = 1, keepdim: bool = False) -> Tensor:
        count = torch.sum(torch.ones_like(x.detach()), dim=dim).max() if x.numel() else 0
        if count > correction:
            return function(x, dim=dim, correction=correction, keepdim=keepdim)
        squares = torch.sum((x - torch.mean(x, dim=dim, keepdim=True)) ** 2, dim=dim, keepdim=keepdim)
        return squares / 0.0 if name == "var" else torch.sqrt(squares / 0.0)

    return row


def plain_index(torch: Any, index: Any) -> Any:
    """An index of a question as Python spells it."""
    if isinstance(index, tuple):
        return tuple(plain_index(torch, item) for item in index)
    return slice(index.start, index.stop, index.step) if isinstance(index, Slice) else index


def written(torch: Any) -> dict[str, Row]:
    """The rows that are spelled differently."""

    def setitem(x: Tensor, index: Any, value: Any) -> Tensor:
        result = x.clone()
        result[plain_index(torch, index)] = value
        return result

    return {
        "sum": whole_by_default(torch, "sum"),
        "mean": whole_by_default(torch, "mean"),
        "var": spread(torch, "var"),
        "std": spread(torch, "std"),
        "T": lambda x: x.permute(tuple(range(x.dim() - 1, -1, -1))),  # x.T warns unless x has two dimensions
        "mT": lambda x: x.mT,
        "expand": lambda x, sizes: x.expand(sizes),
        "__getitem__": lambda x, index: x[plain_index(torch, index)],
        "setitem": setitem,
        "copy": lambda x, source: source.to(x.dtype).expand(x.shape).clone(),
        "fill": lambda x, value: from_number(torch, value).to(x.dtype).expand(x.shape).clone(),
        "gather": lambda x, index, dim: torch.gather(x, dim, index),
        "index_select": lambda x, index, dim: torch.index_select(x, dim, index),
        "to": lambda x, dtype: x.to(dtype),
    }


def table(torch: Any) -> dict[str, Row]:
    """Every row. A name stands in one of the three lists only.

    Raises:
        ValueError: a name that stands in two of them.
    """
    rows = written(torch)
    found = [(name, resolve(torch, name)) for name in PLAIN.split()]
    found += [(name, of_numbers(torch, name)) for name in OF_NUMBERS.split()]
    for name, row in found:
        if name in rows:
            raise ValueError(f"{name}: a second row")
        rows[name] = row
    return rows

"""The text of a tensor, to PyTorch's character.

One ``_Style`` is chosen for a whole tensor (integers, fixed or scientific notation, and a column width), from
the elements that will be shown; then every element is written in it. The algorithm is that of PyTorch's
``_tensor_str.py``, without complex, sparse and quantised tensors.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ._dtypes import bool_, from_numpy_dtype, get_default_dtype, int64

__all__ = ["format_tensor", "get_printoptions", "printoptions", "set_printoptions"]

Array = npt.NDArray[Any]


@dataclasses.dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print, for the whole process; what is not given stays, but ``sci_mode`` is always set.

    ``precision`` digits after the point; more than ``threshold`` elements are summarised to ``edgeitems`` at
    both ends of each dimension; lines break at ``linewidth``; ``sci_mode`` forces scientific notation on or
    off, None lets the values decide; ``profile`` is "default", "short" or "full".
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen = dict(_PROFILES.get(profile or "", {}))
    chosen.update({name: value for name, value in given.items() if value is not None})
    for name, value in chosen.items():
        setattr(_options, name, value)
    _options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The present options, as keyword arguments for :func:`set_printoptions`."""
    return dataclasses.asdict(_options)


@contextlib.contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """:func:`set_printoptions` for the length of a block."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


class _Style:
    """How one element of a tensor is written: notation and column width, chosen from ``shown``."""

    def __init__(self, shown: Array) -> None:
        self.floating = shown.dtype.kind == "f"
        self.whole = True
        self.scientific = False
        self.width = 1
        if self.floating:
            self._choose_notation(shown.reshape(-1))
        else:
            self.width = max([1, *(len(str(value)) for value in shown.reshape(-1).tolist())])

    def _choose_notation(self, shown: Array) -> None:
        values = shown[np.isfinite(shown) & (shown != 0)]
        if values.size == 0:
            return
        self.whole = bool(np.all(values == np.ceil(values)))
        magnitudes = np.abs(values.astype(np.float64))
        smallest, largest = float(magnitudes.min()), float(magnitudes.max())
        wide = largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
        self.scientific = wide if _options.sci_mode is None else _options.sci_mode
        self.width = max(1, *(len(self._number(value)) for value in values.tolist()))

    def _number(self, value: float) -> str:
        if self.scientific:
            return f"{value:.{_options.precision}e}"
        if self.whole:
            # Non-finite values carry no point: "inf", not "inf.".
            return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"
        return f"{value:.{_options.precision}f}"

    def write(self, value: Any) -> str:
        text = self._number(value) if self.floating else str(value)
        return text.rjust(self.width)


def _edges(array: Array) -> Array:
    """The elements that a summary shows: ``edgeitems`` at both ends of each dimension."""
    edge = _options.edgeitems
    for axis, size in enumerate(array.shape):
        if not edge and array.ndim > 1:
            return np.empty((0,) * array.ndim, array.dtype)
        if size > 2 * edge:
            kept = [*range(edge), *range(size - edge, size)]
            array = np.take(array, kept, axis)
    return array


def _vector(array: Array, indent: int, summarize: bool, style: _Style) -> str:
    edge = _options.edgeitems
    if summarize and not edge:
        items = ["..."]
    elif summarize and array.shape[0] > 2 * edge:
        items = [style.write(value) for value in array[:edge].tolist()]
        items.append(" ...")
        items += [style.write(value) for value in array[-edge:].tolist()]
    else:
        items = [style.write(value) for value in array.tolist()]
    per_line = max(1, (_options.linewidth - indent) // (style.width + 2))
    lines = [", ".join(items[start : start + per_line]) for start in range(0, len(items), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _contents(array: Array, indent: int, summarize: bool, style: _Style) -> str:
    if array.ndim == 0:
        return style.write(array.item())
    if array.ndim == 1:
        return _vector(array, indent, summarize, style)
    edge, size = _options.edgeitems, array.shape[0]
    if summarize and size > 2 * edge:
        rows = [_contents(array[i], indent + 1, summarize, style) for i in range(edge)]
        rows.append("...")
        rows += [_contents(array[i], indent + 1, summarize, style) for i in range(size - edge, size)]
    else:
        rows = [_contents(row, indent + 1, summarize, style) for row in array]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(rows) + "]"


def _suffixes(array: Array) -> list[str]:
    dtype, default = from_numpy_dtype(array.dtype), get_default_dtype()
    # Without elements nothing shows what the dtype is, so that even int64 and bool are named.
    told_by_elements = (default, int64, bool_) if array.size else (default,)
    suffixes = []
    if (array.size == 0 and array.ndim != 1) or (array.size and not _options.edgeitems):
        suffixes.append(f"size={tuple(array.shape)}")
    if dtype not in told_by_elements:
        suffixes.append(f"dtype={dtype}")
    return suffixes


def format_tensor(
    array: Array, requires_grad: bool = False, grad_fn_name: str | None = None, prefix: str = "tensor("
) -> str:
    """The repr of a tensor that holds ``array``, of any shape and any dtype that tensors have.

    ``grad_fn_name`` is the name of the node that made it, None for a leaf; only then is ``requires_grad``
    shown. ``prefix`` opens the text and sets the indentation.
    """
    indent = len(prefix)
    summarize = array.size > _options.threshold
    contents = "[]"
    if array.size:
        style = _Style(_edges(array) if summarize else array)
        contents = _contents(array, indent, summarize, style)
    suffixes = _suffixes(array)
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    return _with_suffixes(prefix + contents, suffixes, indent)


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """Append what follows the elements, each on the last line while it fits."""
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            length = indent + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"

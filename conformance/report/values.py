"""Values in a report: short where they are small, exact to the last bit, and the same text everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.trace import Raised, Tensor
from oracles.question import Abstain, Answer

LARGEST = 32  # elements; of a larger tensor the corners are shown


def shown(value: Any) -> str:
    """Anything that a mismatch wanted or got, on one line."""
    if isinstance(value, Tensor):
        return f"{array(value.value)} ({value.dtype}, shape {shape(value.shape)})"
    if isinstance(value, Answer):
        return array(value.value)
    if isinstance(value, Abstain):
        return f"no answer: {value.why}"
    if isinstance(value, Raised):
        return f"{value.classes[0]}: {value.message}"
    if isinstance(value, np.ndarray):
        return array(value)
    return value if isinstance(value, str) else repr(value)


def shape(sizes: tuple[int, ...]) -> str:
    """A shape as Python writes a tuple."""
    return repr(tuple(int(size) for size in sizes))


def array(values: NDArray[Any]) -> str:
    """The elements, nested as in a literal, in the fewest digits that are exact for their dtype."""
    if values.size == 0:
        return f"no elements, shape {shape(values.shape)}"
    text = np.array2string(
        values,
        max_line_width=10**6,
        separator=", ",
        threshold=LARGEST,
        edgeitems=2,
        formatter={"float_kind": number, "int_kind": str, "bool": str},
    )
    return " ".join(text.split())


def number(value: Any) -> str:
    """A number in the fewest digits that are exact for its dtype."""
    if isinstance(value, np.floating):
        return str(float(str(value)))
    return repr(float(value)) if isinstance(value, float) else str(value)


def rough(value: Any) -> str:
    """A bound: two digits say enough."""
    return "0" if value == 0 else f"{float(value):.1e}"


def at(values: NDArray[Any], index: tuple[int, ...]) -> Any:
    """The element at an index; the index of a zero-dimensional array is ()."""
    return values[index]

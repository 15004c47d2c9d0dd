"""Python numbers as arrays: NumPy works faster on a zero-dimensional array than on a number."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ._quiet import quietly

__all__ = ["scalar_array"]

_LIMIT: Final = 4096
_known: Final[dict[np.dtype[Any], dict[Any, Any]]] = {np.dtype(name): {} for name in ("f2", "f4", "f8")}


def scalar_array(value: Any, dtype: np.dtype[Any]) -> Any:
    """A read-only zero-dimensional array of a Python number, or None unless ``dtype`` is floating and
    decides.

    Equal numbers share an array: 1, 1.0 and True are the same float. Zeros, which are equal and differ in
    sign, do not.
    """
    kind = type(value)
    if kind is not float and kind is not int:
        return None
    known = _known.get(dtype)
    if known is None:
        return None
    array = known.get(value)
    if array is None:
        array = quietly(np.array, value, dtype)
        array.flags.writeable = False
        if value:
            if len(known) >= _LIMIT:
                known.clear()
            known[value] = array
    return array

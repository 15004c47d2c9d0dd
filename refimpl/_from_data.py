"""Tensors from Python numbers, nested sequences and NumPy arrays.

The dtype is inferred as PyTorch does: Python floats take the default dtype, ints int64, bools bool; NumPy's
arrays and scalars and tensors keep theirs; several are promoted.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arguments import read_device, read_dtype, read_requires_grad, within_range
from ._dtypes import (
    FLOATING,
    FROM_NUMPY,
    PROMOTE,
    bool_,
    dtype,
    float16,
    from_numpy_dtype,
    get_default_dtype,
    int64,
)
from ._tensor import Tensor

__all__ = ["array_from", "as_tensor", "cast_array", "from_numpy", "leaf", "tensor"]

Array = npt.NDArray[Any]


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A new leaf that holds a copy of ``data``: a number, nested sequences of numbers, an array or a tensor.

    Args:
        data: sequences must be regular; a number makes a zero-dimensional tensor.
        dtype: inferred from ``data`` when None.
        requires_grad: whether operations on the tensor are recorded; floating-point dtypes only.

    Raises:
        TypeError: when an element or an argument has the wrong type.
        ValueError: for ragged sequences and for ints beyond 64 bits.
        RuntimeError: when the dtype cannot be inferred, cannot hold a value, or cannot require grad.
    """
    read_device("tensor", device)
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        data = data._array
    array = array_from(data, None if dtype is None else read_dtype("tensor", dtype))
    return leaf(array, read_requires_grad("tensor", requires_grad, FROM_NUMPY[array.dtype]))


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a tensor, without a copy where that is possible.

    A tensor of the right dtype is returned itself (of another dtype: converted, with history); an array of
    the right dtype shares its memory; anything else is as in :func:`tensor`.
    """
    read_device("as_tensor", device)
    wanted = None if dtype is None else read_dtype("as_tensor", dtype)
    if isinstance(data, Tensor):
        return data if wanted is None else data.to(wanted)
    if isinstance(data, np.ndarray) and wanted in (None, FROM_NUMPY.get(data.dtype)):
        return from_numpy(data)
    return leaf(array_from(data, wanted), False)


def from_numpy(ndarray: Array) -> Tensor:
    """A leaf that shares the memory of ``ndarray``.

    Raises:
        TypeError: when it is no array, or its element type is none of a tensor.
        ValueError: when it is not in native byte order or has a negative stride.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    _check_array(ndarray)
    # An equal dtype can be another object, as in an unpickled array; tables and tests here want the one.
    return leaf(ndarray.view(from_numpy_dtype(ndarray.dtype).numpy, np.ndarray), False)


def leaf(array: Array, requires_grad: bool = False) -> Tensor:
    """A tensor of ``array`` itself, made by no operation."""
    return Tensor(array, None, requires_grad)


def array_from(data: Any, wanted: dtype | None = None) -> Array:
    """A new array of ``data``, of dtype ``wanted`` or the inferred one; never shares memory with ``data``."""
    if type(data) in (float, int, bool):
        return _from_items([data], (), wanted)
    if not isinstance(data, np.ndarray) and hasattr(data, "__array__") and not isinstance(data, Tensor):
        data = np.asarray(data)
    if isinstance(data, np.ndarray):
        _check_array(data)
        return cast_array(
            np.array(data, subok=False), from_numpy_dtype(data.dtype) if wanted is None else wanted
        )
    shape = _shape_of(data)
    items: list[Any] = []
    _flatten(data, shape, 0, items)
    return _from_items(items, shape, wanted)


def cast_array(array: Array, kind: dtype) -> Array:
    """``array`` in another dtype (itself if it has it): out-of-range values wrap, silently, as in C."""
    if array.dtype == kind.numpy:
        return array
    with np.errstate(all="ignore"):
        if kind is float16 and array.dtype != np.float32:
            # PyTorch reaches half precision through single, and so rounds twice.
            array = array.astype(np.float32)
        return array.astype(kind.numpy)


def _check_array(array: Array) -> None:
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order; "
            "convert it first, with array.astype(array.dtype.newbyteorder('='))"
        )
    from_numpy_dtype(array.dtype)
    if any(stride < 0 for stride in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are "
            "not supported; make a copy of the array with array.copy()"
        )


# -- nested sequences --------------------------------------------------------------------------------------


def _is_sequence(item: object) -> bool:
    if isinstance(item, (list, tuple)):
        return True
    if isinstance(item, (str, bytes, dict, Tensor, np.generic)):
        return False
    if isinstance(item, np.ndarray):
        return item.ndim > 0
    return hasattr(item, "__getitem__") and hasattr(item, "__len__")


def _shape_of(data: Any) -> tuple[int, ...]:
    """The shape that the first element of every level announces."""
    shape = []
    while _is_sequence(data):
        shape.append(len(data))
        if not shape[-1]:
            break
        if len(shape) > 64:
            raise ValueError(
                "sequences are nested more than 64 levels deep; a tensor has at most 64 dimensions"
            )
        data = data[0]
        if isinstance(data, (str, bytes)):
            raise ValueError(f"too many dimensions '{type(data).__name__}': expected a number, got {data!r}")
    return tuple(shape)


def _flatten(data: Any, shape: tuple[int, ...], depth: int, items: list[Any]) -> None:
    """Append the elements in order, checking every level against the announced shape."""
    if depth == len(shape):
        items.append(data)
        return
    if not _is_sequence(data):
        _item_dtype(data)
        raise TypeError(f"not a sequence: expected one of length {shape[depth]} at dim {depth}, got {data!r}")
    if len(data) != shape[depth]:
        raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})")
    if depth == len(shape) - 1:
        items.extend(data)
    else:
        for row in data:
            _flatten(row, shape, depth + 1, items)


def _item_dtype(item: Any) -> dtype:
    """The dtype that one element asks for.

    Raises:
        TypeError, RuntimeError: when it is no number.
    """
    if isinstance(item, (Tensor, np.ndarray, np.generic)):
        return from_numpy_dtype(item._array.dtype if isinstance(item, Tensor) else item.dtype)
    if isinstance(item, bool):
        return bool_
    if isinstance(item, float):
        return get_default_dtype()
    if isinstance(item, int):
        return int64
    kind = type(item).__name__
    if isinstance(item, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{kind}'")
    if _is_sequence(item):
        raise TypeError(f"'{kind}' object where a number was expected: the sequences are not regular")
    raise RuntimeError(f"Could not infer dtype of {kind}")


def _infer(items: list[Any]) -> dtype:
    found: dtype | None = None
    # One representative of each Python type; arrays and tensors of one type can differ in dtype.
    by_type = {type(item): item for item in items}
    mixed = any(isinstance(item, (Tensor, np.ndarray)) for item in by_type.values())
    for item in items if mixed else by_type.values():
        kind = _item_dtype(item)
        found = kind if found is None else FROM_NUMPY[PROMOTE[found.numpy, kind.numpy]]
    return get_default_dtype() if found is None else found


def _from_items(items: list[Any], shape: tuple[int, ...], wanted: dtype | None) -> Array:
    inferred = _infer(items)
    kind = inferred if wanted is None else wanted
    if not all(type(item) in (float, int, bool) for item in items):
        items = [_number(item) for item in items]
    if inferred is int64:
        _check_64_bits(items, kind)
    if kind.category != FLOATING:
        items = [within_range(item, kind) for item in items]
    flat = np.array(items, dtype=np.float64 if kind.category == FLOATING else kind.numpy)
    return cast_array(flat, kind).reshape(shape)


def _number(item: Any) -> Any:
    if isinstance(item, Tensor):
        item = item._array
    if isinstance(item, np.ndarray) and item.size != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    return item.item() if isinstance(item, (np.ndarray, np.generic)) else item


def _check_64_bits(items: list[Any], kind: dtype) -> None:
    if kind.category == FLOATING:
        return
    limit = 2**63
    if any(not -limit <= item < limit for item in items if not math.isnan(item)):
        raise ValueError("Overflow when unpacking long long: an int needs more than 64 bits")

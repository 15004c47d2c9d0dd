"""``x[...]`` in every form: ints, slices, None, Ellipsis, bools, sequences, arrays, index and mask tensors.

As in PyTorch the basic parts are applied first and one by one, each a view with a node of its own: an int
selects, a slice slices, None unsqueezes. What is left then is one ``index`` by tensors, which copies. (An
int is therefore no index tensor, and does not move the dimensions that index tensors make to the front.)
"""

from __future__ import annotations

import operator
import sys
import warnings
from typing import Any

import numpy as np

from .._dtypes import FROM_NUMPY
from .._from_data import array_from
from .._tensor import Tensor
from ._arguments import read_tensor
from ._dims import is_int
from .declare import declare
from .expanding import unsqueezed
from .index_tensors import advanced, index_put_at, slots
from .public import public
from .slices import checked_index, selected, sliced

__all__ = ["basic_part"]

alias = declare("alias(self)", lambda x: x.view(), node="AliasBackward0", view=True, self=lambda F, g: g)


# -- reading an index --------------------------------------------------------------------------------------


def _index_tensor(item: Any) -> Tensor:
    """A sequence, array or tensor as an index tensor of ints or bools."""
    if isinstance(item, Tensor):
        found = item
    else:
        array = array_from(item)
        found = Tensor(array.astype(np.int64) if array.size == 0 else array)
    name = found._array.dtype.name
    if name == "uint8":
        if found._array.ndim:
            _warn("indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.")
        return Tensor(found._array != 0)
    if name not in ("int64", "int32", "bool"):
        kind = FROM_NUMPY[found._array.dtype]
        raise IndexError(f"tensors used as indices must be long, int, byte or bool tensors, got {kind}")
    return found


def _warn(message: str) -> None:
    """A warning placed at the line that holds the index, however deep this was called from."""
    here = sys._getframe()
    level = 1
    while here.f_back is not None and here.f_globals.get("__package__", "") == __package__:
        here, level = here.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=level)


def _is_sequence(item: Any) -> bool:
    return isinstance(item, (list, tuple, np.ndarray)) or (
        hasattr(item, "__len__")
        and hasattr(item, "__getitem__")
        and not isinstance(item, (str, bytes, dict, Tensor))
    )


def _items(given: Any) -> list[Any]:
    """The index as a list of its parts, every sequence made a tensor."""
    if isinstance(given, tuple):
        parts = list(given)
    elif isinstance(given, list) and _stands_for_a_tuple(given):
        _warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated; use x[tuple(seq)] "
            "instead of x[seq]. It may one day be read as a tensor index, x[tensor(seq)]."
        )
        parts = list(given)
    else:
        parts = [given]
    return [_read(part) for part in parts]


def _stands_for_a_tuple(given: list[Any]) -> bool:
    """Whether a list is read as a tuple, as PyTorch and old NumPy do for short ones with anything but
    numbers in them.
    """
    if len(given) >= 32:
        return False
    return any(
        part is None or part is Ellipsis or isinstance(part, (slice, Tensor)) or _is_sequence(part)
        for part in given
    )


def _read(part: Any) -> Any:
    if part is None or part is Ellipsis or part is True or part is False or isinstance(part, slice):
        return part
    if isinstance(part, np.bool_):
        return bool(part)
    if isinstance(part, Tensor) or _is_sequence(part):
        found = _index_tensor(part)
        if found._array.ndim == 0:
            return bool(found._array) if found._array.dtype.kind == "b" else int(found._array)
        return found
    if is_int(part):
        return operator.index(part)
    if isinstance(part, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(part).__name__}': a string is no index")
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        f"indices (got {type(part).__name__})"
    )


def _covered(part: Any) -> int:
    """How many dimensions of the tensor a part of the index uses up."""
    if part is None or part is Ellipsis or part is True or part is False:
        return 0
    if isinstance(part, Tensor) and part._array.dtype.kind == "b":
        return int(part._array.ndim)
    return 1


def _sliced(source: Tensor, axis: int, part: slice, always: bool = False) -> Tensor:
    """``source`` sliced along ``axis``; itself where the slice takes everything, unless ``always``."""
    if source._array.ndim == 0:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    step = 1 if part.step is None else operator.index(part.step)
    if step <= 0:
        raise ValueError("step must be greater than zero")
    size = source._array.shape[axis]
    start, stop, _ = slice(part.start, part.stop).indices(size)
    takes_all = part.start in (None, 0) and (part.stop is None or operator.index(part.stop) >= size)
    if takes_all and step == 1 and not always:
        return source
    result: Tensor = sliced(source, axis, start, stop, step)
    return result


def basic_part(source: Tensor, given: Any) -> tuple[Tensor, list[Any]]:
    """Apply the basic parts of an index, as recorded views.

    Returns the view, and for indexing it further a place for each of its dimensions up to the last index
    tensor: that tensor, or a full slice. The list is empty if the index holds no tensor.

    Raises:
        IndexError: when there are too many parts, one is out of bounds, or of no kind that indexes.
        ValueError: for a step that is not positive.
        TypeError: for sequences of no numbers.
    """
    parts = _items(given)
    covered = sum(map(_covered, parts))
    ndim = source._array.ndim
    if covered > ndim:
        if ndim == 0 and not any(isinstance(part, slice) for part in parts):
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in "
                "C++ to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    view, axis = source, 0
    places: list[Any] = []
    for part in parts:
        if part is Ellipsis:
            skipped = ndim - covered
            axis, covered = axis + skipped, covered + skipped
            places += [slice(None)] * skipped
        elif type(part) is int:
            view = selected(view, axis, checked_index(part, view._array.shape[axis], axis))
        elif isinstance(part, slice):
            view = _sliced(view, axis, part)
            axis, places = axis + 1, [*places, slice(None)]
        elif isinstance(part, Tensor):
            axis, places = axis + _covered(part), [*places, part]
        else:
            view = unsqueezed(view, axis)
            place = slice(None) if part is None else Tensor(np.zeros(int(part), np.int64))
            axis, places = axis + 1, [*places, place]
    while places and not isinstance(places[-1], Tensor):
        places.pop()
    return view, places


@public("Tensor", names=("__getitem__",))
def _getitem(self: Tensor, given: Any) -> Tensor:
    """``self[given]``; see the module for what an index can be.

    Raises:
        IndexError: when a part is out of bounds, too many, or of no kind that indexes.
        ValueError: for a step that is not positive.
    """
    if type(given) is int and self._array.ndim:
        number = checked_index(given, self._array.shape[0], 0)
        result: Tensor = selected(self, 0, number)
        return result
    if type(given) is slice:
        return _sliced(self, 0, given, always=True)
    view, places = basic_part(self, given)
    if places:
        return advanced(view, places)
    result = alias(self) if view is self else view
    return result


@public("torch", "Tensor")
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of ``input`` in which ``values`` are written (or added) at index tensors, for the first
    dimensions.

    Raises:
        TypeError: when an index is no tensor.
        IndexError: when an index is out of bounds or index tensors do not broadcast.
        RuntimeError: when dtypes differ or the values do not broadcast.
    """
    source, written = read_tensor("index_put", input), read_tensor("index_put", values, "values", 3)
    if written._array.dtype != source._array.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {source.dtype} for the "
            f"destination and {written.dtype} for the source."
        )
    places = [_index_tensor(read_tensor("index_put", each, "indices", 2)) for each in indices]
    if sum(_covered(place) for place in places) > source._array.ndim:
        raise IndexError(f"too many indices for tensor of dimension {source._array.ndim}")
    tensors, layout = slots(places)
    try:
        result: Tensor = index_put_at(source, written, *tensors, layout, bool(accumulate))
    except ValueError as problem:
        raise RuntimeError(
            f"shape mismatch: the values cannot be broadcast to the indexed shape: {problem}"
        ) from None
    return result


@public("torch", "Tensor")
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Where elements are not zero: a row of indices for each, or with ``as_tuple`` one vector per
    dimension.
    """
    found = [
        np.asarray(each, np.int64) for each in np.nonzero(np.atleast_1d(read_tensor("nonzero", input)._array))
    ]
    if as_tuple:
        return tuple(Tensor(each) for each in found)
    return Tensor(np.stack(found, 1)[:, : input._array.ndim])

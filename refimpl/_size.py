"""The shape of a tensor: a tuple that prints and slices as PyTorch's ``Size`` does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, SupportsIndex

__all__ = ["Size"]


class Size(tuple[int, ...]):
    """A tuple of non-negative ints; slices, sums and multiples of a ``Size`` are a ``Size`` again.

    Raises:
        TypeError: when an item is not an int.
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[int] = ()) -> Size:
        items = tuple(sizes)
        for position, item in enumerate(items):
            if type(item) is not int and not hasattr(item, "__index__"):
                kind = type(item).__name__
                raise TypeError(f"Size() takes an iterable of 'int' (item {position} is '{kind}')")
        return tuple.__new__(cls, items)

    def numel(self) -> int:
        """The number of elements of a tensor of this shape (1 for the empty shape)."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(repr, self))}])"

    __str__ = __repr__

    def __getitem__(self, key: Any) -> Any:
        item = tuple.__getitem__(self, key)
        return wrap(item) if isinstance(key, slice) else item

    def __add__(self, other: Any) -> Size:
        return wrap(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        return wrap(tuple.__add__(tuple(other), self))

    def __mul__(self, count: SupportsIndex) -> Size:
        return wrap(tuple.__mul__(self, count))

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)


def wrap(shape: tuple[int, ...]) -> Size:
    """A ``Size`` of a tuple known to hold ints (an array's shape): no checks, for the hot path."""
    return tuple.__new__(Size, shape)

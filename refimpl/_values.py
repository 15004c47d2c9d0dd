"""What a tensor holds: its shape, its values, and how Python sees them. Nothing here knows of the graph."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import _dtypes
from ._size import Size, wrap

__all__ = ["Values"]


class Values:
    """The part of a tensor that reads its array."""

    __slots__ = ()

    _array: Any
    _requires_grad: bool

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return wrap(self._array.shape)

    @property
    def dtype(self) -> _dtypes.dtype:
        """The element type."""
        return _dtypes.FROM_NUMPY[self._array.dtype]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return int(self._array.ndim)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self._array.shape[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return int(self._array.ndim)

    def numel(self) -> int:
        """The number of elements."""
        return int(self._array.size)

    nelement = numel

    def item(self) -> Any:
        """The value of a one-element tensor as a Python number.

        Raises:
            RuntimeError: with any other number of elements.
        """
        if self._array.size != 1:
            raise RuntimeError(f"a Tensor with {self._array.size} elements cannot be converted to Scalar")
        return self._array.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers; of a zero-dimensional tensor the number itself."""
        return self._array.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The values as an array that shares the tensor's memory.

        Raises:
            RuntimeError: when the tensor requires grad, unless ``force``.
        """
        if self._requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.numpy()
        if dtype is None or array.dtype == dtype:
            return array.copy() if copy else array
        return array.astype(dtype)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self._array.ndim == 0 else format(repr(self), spec)

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __bool__(self) -> bool:
        if self._array.size != 1:
            emptiness = "no values" if self._array.size == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {emptiness} is ambiguous")
        return bool(self._array.item())

    def __float__(self) -> float:
        return float(self._one_number(warn=self._requires_grad))

    def __int__(self) -> int:
        return int(self._one_number())

    def __index__(self) -> int:
        if self._array.size != 1 or self._array.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __complex__(self) -> complex:
        return complex(self._one_number(warn=self._requires_grad))

    def _one_number(self, warn: bool = False) -> Any:
        """What ``float()`` and its like convert."""
        if self._array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        if warn:
            warnings.warn(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
                "Consider using tensor.detach() first.",
                UserWarning,
                stacklevel=3,
            )
        return self._array.item()

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (Values, bool, int, float)):
            kind = type(element).__name__
            raise RuntimeError(
                f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {kind}."
            )
        return bool((self._array == (element._array if isinstance(element, Values) else element)).any())

    def __hash__(self) -> int:
        return id(self)

    def __iter__(self) -> Iterator[Any]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def data_ptr(self) -> int:
        """The address of the first element."""
        return int(self._array.__array_interface__["data"][0])

    def stride(self, dim: int | None = None) -> Any:
        """The step of each dimension (or of one), in elements."""
        steps = tuple(step // self._array.itemsize for step in self._array.strides)
        return steps if dim is None else steps[dim]

    def element_size(self) -> int:
        """The bytes of one element."""
        return int(self._array.itemsize)

    def is_contiguous(self) -> bool:
        """Whether the elements lie in memory in order, without gaps."""
        return bool(self._array.flags.c_contiguous)

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating-point one."""
        return bool(self._array.dtype.kind == "f")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

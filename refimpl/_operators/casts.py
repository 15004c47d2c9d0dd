"""Casts, and new tensors in the likeness of one."""

from __future__ import annotations

from typing import Any

from .. import _creation, _dtypes, _from_data
from .._arguments import read_device, read_dtype
from .._tensor import Tensor
from ._arguments import no_more, read_tensor
from .fitting import to
from .public import public

__all__ = ["cast"]


def cast(source: Tensor, dtype: _dtypes.dtype, copy: bool = False) -> Tensor:
    """``source`` in ``dtype``: itself where it has that already, unless ``copy``; integer results have no
    history.
    """
    if source._array.dtype == dtype.numpy:
        if not copy:
            return source
        return copied(source)
    if dtype.is_floating_point:
        result: Tensor = to(source, dtype.numpy)
        return result
    return Tensor(_from_data.cast_array(source._array, dtype))


def copied(source: Tensor) -> Tensor:
    """A recorded copy, through the cast to the dtype that it has."""
    result: Tensor = to(source, source._array.dtype)
    return result


@public("Tensor", names=("to",))
def _to(self: Tensor, *target: Any, **named: Any) -> Tensor:
    """The tensor in another dtype: ``to(dtype)``, ``to(other)``, ``to(device, dtype)``; itself where
    nothing changes.

    A cast to an integer dtype leaves the graph. ``copy=True`` always copies. The only device is the CPU.

    Raises:
        TypeError: for an unknown argument.
        RuntimeError: for another device.
    """
    copy = bool(named.pop("copy", False))
    named.pop("non_blocking", None)
    named.pop("memory_format", None)
    wanted = named.pop("dtype", None)
    read_device("to", named.pop("device", None))
    no_more("to", named)
    for position, each in enumerate(target):
        if isinstance(each, Tensor):
            wanted = each.dtype
        elif isinstance(each, _dtypes.dtype):
            wanted = each
        elif isinstance(each, bool):
            copy = copy or (each and position == len(target) - 1 and position > 1)
        elif each is not None:
            read_device("to", each)
    return cast(self, self.dtype if wanted is None else wanted, copy)


_SHORT_FORMS = {
    "float": _dtypes.float32,
    "double": _dtypes.float64,
    "half": _dtypes.float16,
    "long": _dtypes.int64,
    "int": _dtypes.int32,
    "short": _dtypes.int16,
    "char": _dtypes.int8,
    "byte": _dtypes.uint8,
    "bool": _dtypes.bool_,
}


def _publish_short_form(name: str, dtype: _dtypes.dtype) -> None:
    def short_form(self: Tensor) -> Tensor:
        return cast(self, dtype)

    short_form.__name__ = name
    short_form.__doc__ = f"``to({dtype})``."
    public("Tensor", names=(name,))(short_form)


for _name, _dtype in _SHORT_FORMS.items():
    _publish_short_form(_name, _dtype)

_OLD_NAMES = {
    "FloatTensor": _dtypes.float32,
    "DoubleTensor": _dtypes.float64,
    "HalfTensor": _dtypes.float16,
    "LongTensor": _dtypes.int64,
    "IntTensor": _dtypes.int32,
    "ShortTensor": _dtypes.int16,
    "CharTensor": _dtypes.int8,
    "ByteTensor": _dtypes.uint8,
    "BoolTensor": _dtypes.bool_,
}


@public("Tensor", names=("type",))
def _type(self: Tensor, dtype: Any = None) -> Any:
    """Without an argument PyTorch's old name of the tensor's type; else the tensor in that dtype.

    Raises:
        ValueError: for an unknown name.
    """
    if dtype is None:
        return "torch." + next(name for name, kind in _OLD_NAMES.items() if kind is self.dtype)
    if isinstance(dtype, str):
        if dtype.removeprefix("torch.") not in _OLD_NAMES:
            raise ValueError(f"invalid type: {dtype!r}; expected a dtype or one of {', '.join(_OLD_NAMES)}")
        return cast(self, _OLD_NAMES[dtype.removeprefix("torch.")])
    return cast(self, read_dtype("type", dtype))


@public("Tensor")
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of ``other``."""
    return cast(self, read_tensor("type_as", other, "other").dtype)


@public("Tensor")
def cpu(self: Tensor) -> Tensor:
    """The tensor itself: the CPU is where all tensors are."""
    return self


# -- new tensors -------------------------------------------------------------------------------------------


@public("Tensor")
def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """``refimpl.tensor(data)``, in this tensor's dtype unless another is given."""
    return _from_data.tensor(
        data, dtype=self.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad
    )


def _publish_new(name: str) -> None:
    make: Any = getattr(_creation, name)

    def new(self: Tensor, *size: Any, dtype: Any = None, **named: Any) -> Tensor:
        made: Tensor = make(*size, dtype=self.dtype if dtype is None else dtype, **named)
        return made

    new.__name__ = f"new_{name}"
    new.__doc__ = f"``refimpl.{name}``, in this tensor's dtype unless another is given."
    public("Tensor", names=(f"new_{name}",))(new)


for _name in ("empty", "zeros", "ones", "full"):
    _publish_new(_name)


@public("Tensor")
def storage_offset(self: Tensor) -> int:
    """How many elements into the memory that it shares with its base the tensor begins."""
    owner = self._array if self._base is None else self._base._array
    distance = self._array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    return int(distance) // int(self._array.itemsize)

"""Reading the arguments that operators share: tensors, casts, and PyTorch's and NumPy's names for them."""

from __future__ import annotations

from typing import Any

from .._arguments import read_dtype
from .._grad_mode import recording
from .._tensor import Tensor
from ._dims import read_bool
from .fitting import to

__all__ = ["cast_to", "no_more", "read_cast", "read_keepdim", "read_tensor", "renamed"]


def read_tensor(name: str, given: Any, argument: str = "input", position: int = 1) -> Tensor:
    """``given``, which must be a tensor.

    Raises:
        TypeError: when it is not.
    """
    if not isinstance(given, Tensor):
        kind = type(given).__name__
        raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {kind}")
    return given


def cast_to(name: str, given: Tensor, dtype: Any) -> Tensor:
    """``given`` in ``dtype``, recorded; itself where it has that dtype or none is asked for."""
    if dtype is None:
        return given
    wanted = read_dtype(name, dtype).numpy
    cast: Tensor = given if given._array.dtype == wanted else to(given, wanted)
    return cast


def read_cast(name: str, given: Tensor, dtype: Any) -> Any:
    """The NumPy dtype that an operator casts ``given`` to first; None where ``dtype`` is.

    Raises:
        RuntimeError: when the tensor requires grad and the dtype is one that has no gradients.
    """
    if dtype is None:
        return None
    wanted = read_dtype(name, dtype).numpy
    if given._requires_grad and wanted.kind != "f" and recording.get():
        raise RuntimeError(
            f"Autograd not support dtype: {name}() would cast a tensor that requires grad to {wanted}"
        )
    return wanted


def renamed(name: str, aliases: dict[str, Any], old: str, new: str, given: Any, absent: Any = None) -> Any:
    """The argument ``old``, which NumPy's users may call ``new``.

    Raises:
        TypeError: when both are given.
    """
    if new not in aliases:
        return given
    if given is not absent:
        raise TypeError(f"{name}() got both '{old}' and '{new}', which are the same argument")
    return aliases.pop(new)


def read_keepdim(name: str, keepdim: Any, aliases: dict[str, Any]) -> bool:
    """``keepdim``, also spelled ``keepdims``, as a bool; no other alias may be left.

    Raises:
        TypeError: when it is no bool, or an argument is unknown.
    """
    if aliases:
        keepdim = renamed(name, aliases, "keepdim", "keepdims", keepdim, False)
        no_more(name, aliases)
    return read_bool(keepdim, name, "keepdim")


def no_more(name: str, keywords: dict[str, Any]) -> None:
    """Refuse whatever keyword arguments are left.

    Raises:
        TypeError: when there is one.
    """
    if keywords:
        raise TypeError(f"{name}() got an unexpected keyword argument '{min(keywords)}'")

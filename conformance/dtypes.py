"""Which dtype a result has: PyTorch's type promotion, and the rule that each row of the catalogue names.

Source: the section "Type Promotion" of PyTorch's documentation of tensor attributes, and for each rule the
documentation of its operators. Written apart from the reference's tables, so that the one can judge the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from conformance.catalogue.row import Row

DEFAULT: Final = "float32"

_BOOL, _INTEGER, _FLOATING = 0, 1, 2
_FLOATS = ("float16", "float32", "float64")
_SIGNED = ("int8", "int16", "int32", "int64")
_CATEGORY: Final = {
    "bool": _BOOL,
    **dict.fromkeys(("uint8", *_SIGNED), _INTEGER),
    **dict.fromkeys(_FLOATS, _FLOATING),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What promotion sees of a tensor: its dtype, and whether it has dimensions."""

    dtype: str
    dimensioned: bool = True


def category(dtype: str) -> int:
    """0 for bool, 1 for the integers, 2 for the floating-point types.

    Raises:
        ValueError: for a name that is no dtype.
    """
    if dtype not in _CATEGORY:
        raise ValueError(f"unknown dtype {dtype!r}; expected one of {', '.join(_CATEGORY)}")
    return _CATEGORY[dtype]


def promote_types(first: str, second: str) -> str:
    """The smallest dtype that is at least as wide, and of at least as high a category, as both."""
    if category(first) != category(second):
        return max(first, second, key=category)
    if first == second:
        return first
    if "uint8" in (first, second):
        # No 8-bit type holds both the signed and the unsigned values.
        other = second if first == "uint8" else first
        return "int16" if other == "int8" else other
    order = _FLOATS if category(first) == _FLOATING else _SIGNED
    return max(first, second, key=order.index)


def scalar_dtype(scalar: object) -> str:
    """The dtype that a Python scalar counts as.

    Raises:
        TypeError: when it is no bool, int or float.
    """
    if isinstance(scalar, bool):
        return "bool"
    if isinstance(scalar, int):
        return "int64"
    if isinstance(scalar, float):
        return DEFAULT
    raise TypeError(f"expected a Python bool, int or float, got {type(scalar).__name__}")


def result_type(operands: Iterator[object] | tuple[object, ...]) -> str:
    """The common dtype of tensors (:class:`Typed`) and Python scalars.

    Tensors with dimensions come first, tensors without any second, scalars last; a later group matters only
    when its category is higher than that of all before it.

    Raises:
        ValueError: without operands.
    """
    groups: list[str | None] = [None, None, None]
    for operand in operands:
        tensor = isinstance(operand, Typed)
        rank = (0 if operand.dimensioned else 1) if isinstance(operand, Typed) else 2
        dtype = operand.dtype if tensor and isinstance(operand, Typed) else scalar_dtype(operand)
        known = groups[rank]
        groups[rank] = dtype if known is None else promote_types(known, dtype)
    present = [dtype for dtype in groups if dtype is not None]
    if not present:
        raise ValueError("expected at least one operand to find a common dtype of, got none")
    result = present[0]
    for dtype in present[1:]:
        if category(dtype) > category(result):
            result = dtype
    return result


def floating(dtype: str) -> str:
    """The dtype itself where it is floating, else the default dtype."""
    return dtype if category(dtype) == _FLOATING else DEFAULT


def flat(argument: object) -> Iterator[object]:
    """The tensors and scalars of nested arguments from left to right, without None (an operand left out)."""
    if isinstance(argument, tuple):
        for item in argument:
            yield from flat(item)
    elif argument is not None:
        yield argument


Arguments = tuple[Any, ...]
Params = Mapping[str, Any]
Rule = Callable[[Arguments, Params], tuple[str, ...]]


def _first(args: Arguments) -> str:
    return str(next(operand.dtype for operand in flat(args) if isinstance(operand, Typed)))


def _sum_like(args: Arguments, params: Params) -> str:
    if params.get("dtype") is not None:
        return str(params["dtype"])
    first = _first(args)
    return first if category(first) == _FLOATING else "int64"


def _divided(args: Arguments, params: Params) -> str:
    common = result_type(flat(args))
    return common if params.get("rounding_mode") is not None else floating(common)


def _clamped(args: Arguments, params: Params) -> str:
    return result_type(flat((args, params.get("min"), params.get("max"))))


def _with_indices(args: Arguments, params: Params) -> tuple[str, ...]:
    return (_first(args), "int64") if params.get("dim") is not None else (_first(args),)


RULES: Final[dict[str, Rule]] = {
    "first": lambda args, params: (_first(args),),
    "first or dtype": lambda args, params: (params.get("dtype") or _first(args),),
    "to dtype": lambda args, params: (params["dtype"],),
    "promote": lambda args, params: (result_type(flat(args)),),
    "promote to floating": lambda args, params: (floating(result_type(flat(args))),),
    "promote the branches": lambda args, params: (result_type(flat(args[1:])),),
    "promote with bounds": lambda args, params: (_clamped(args, params),),
    "divide": lambda args, params: (_divided(args, params),),
    "sum": lambda args, params: (_sum_like(args, params),),
    "bool": lambda args, params: ("bool",),
    "int64": lambda args, params: ("int64",),
    "first, with indices": _with_indices,
}


def result_dtypes(row: Row, args: Arguments, params: Params, results: int = 1) -> tuple[str, ...]:
    """The dtypes of an operator's results.

    ``args`` are those of the call with :class:`Typed` in the place of every tensor; ``results`` says how many
    results the call has where their number depends on shapes (they then share one dtype).
    """
    dtypes = RULES[row.dtype](args, params)
    return dtypes * results if len(dtypes) == 1 else dtypes

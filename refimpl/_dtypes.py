"""Element types and PyTorch's type promotion.

Promotion depends on three things NumPy does not know together: the *category* of a dtype (bool, integer,
floating), whether an operand has dimensions, and the default dtype that Python floats take. All answers are
looked up in tables built once, keyed by NumPy dtypes, because every operator asks.

The names ``bool``, ``int`` and ``float`` are given by the package; here they stay the builtins.

Source of the rules: the section "Type promotion" of PyTorch's documentation of tensor attributes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "ALL_DTYPES",
    "bool_",
    "can_cast",
    "combine",
    "double",
    "dtype",
    "finfo",
    "float16",
    "float32",
    "float64",
    "from_numpy_dtype",
    "get_default_dtype",
    "half",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "promote_types",
    "result_of",
    "scalar_dtype",
    "scalar_result",
    "set_default_dtype",
    "short",
    "true_divide_dtype",
    "uint8",
]

NumpyDtype = np.dtype[Any]
Array = npt.NDArray[Any]

BOOL, INTEGER, FLOATING = 0, 1, 2


class dtype:
    """An element type, one object per type (compare with ``is`` or ``==``).

    Attributes: ``name``, ``numpy`` (the NumPy dtype), ``itemsize`` in bytes, ``is_floating_point``,
    ``is_complex``, ``is_signed``, and ``category`` (bool 0, integer 1, floating 2), which orders promotion.
    """

    __slots__ = ("category", "is_complex", "is_floating_point", "is_signed", "itemsize", "name", "numpy")

    def __init__(self, name: str, category: int) -> None:
        self.name: Final = name
        self.numpy: Final[NumpyDtype] = np.dtype(name)
        self.category: Final = category
        self.itemsize: Final = self.numpy.itemsize
        self.is_floating_point: Final = category == FLOATING
        self.is_complex: Final = False
        self.is_signed: Final = self.numpy.kind in "if"

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _named, (self.name,)


float16 = half = dtype("float16", FLOATING)
float32 = dtype("float32", FLOATING)
float64 = double = dtype("float64", FLOATING)
uint8 = dtype("uint8", INTEGER)
int8 = dtype("int8", INTEGER)
int16 = short = dtype("int16", INTEGER)
int32 = dtype("int32", INTEGER)
int64 = long = dtype("int64", INTEGER)
bool_ = dtype("bool", BOOL)

ALL_DTYPES: Final = (uint8, int8, int16, int32, int64, float16, float32, float64, bool_)

FROM_NUMPY: Final[dict[NumpyDtype, dtype]] = {each.numpy: each for each in ALL_DTYPES}


def _named(name: str) -> dtype:
    return FROM_NUMPY[np.dtype(name)]


def from_numpy_dtype(array_dtype: NumpyDtype) -> dtype:
    """The dtype of a NumPy dtype.

    Raises:
        TypeError: when tensors of that element type do not exist.
    """
    found = FROM_NUMPY.get(array_dtype)
    if found is None:
        names = ", ".join(sorted(each.name for each in ALL_DTYPES))
        raise TypeError(
            f"can't convert np.ndarray of type {array_dtype}. The only supported types are: {names}."
        )
    return found


# -- the default dtype -------------------------------------------------------------------------------------

_default: dtype = float32


def get_default_dtype() -> dtype:
    """The dtype that Python floats and factory functions take; float32 unless it was changed."""
    return _default


def set_default_dtype(d: dtype, /) -> None:
    """Set the dtype that Python floats and factory functions take, for the whole process.

    Raises:
        TypeError: when ``d`` is not a floating-point dtype.
    """
    global _default
    if not isinstance(d, dtype):
        raise TypeError(f"invalid dtype object: expected a floating-point dtype, got {d!r}")
    if not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d
    _fill_scalar_tables()


# -- promotion ---------------------------------------------------------------------------------------------

# Within one category the wider wins; uint8 with a signed type is the one case without a wider operand.
_WIDENED: Final = {frozenset((uint8, int8)): int16}

PROMOTE: Final[dict[tuple[NumpyDtype, NumpyDtype], NumpyDtype]] = {}
"""Two operands that count the same: both have dimensions, or neither has."""

COMBINE: Final[dict[tuple[NumpyDtype, NumpyDtype], NumpyDtype]] = {}
"""An operand with dimensions (first) and one without: the first decides unless its category is lower."""

SCALAR: Final[dict[tuple[NumpyDtype, type], NumpyDtype]] = {}
"""A tensor's dtype and the type of a Python scalar; depends on the default dtype."""

TRUE_DIVIDE: Final[dict[NumpyDtype, NumpyDtype]] = {}
"""What true division, mean and exp compute in; depends on the default dtype."""


def _promoted(a: dtype, b: dtype) -> dtype:
    if a.category != b.category:
        return a if a.category > b.category else b
    widened = _WIDENED.get(frozenset((a, b)))
    if widened is not None:
        return widened
    return a if a.itemsize >= b.itemsize else b


def _fill_tables() -> None:
    for a in ALL_DTYPES:
        for b in ALL_DTYPES:
            wider = _promoted(a, b).numpy
            PROMOTE[a.numpy, b.numpy] = wider
            COMBINE[a.numpy, b.numpy] = a.numpy if a.category >= b.category else wider
    _fill_scalar_tables()


def _fill_scalar_tables() -> None:
    python_scalars: dict[type, dtype] = {bool: bool_, int: int64, float: _default}
    for a in ALL_DTYPES:
        TRUE_DIVIDE[a.numpy] = (a if a.is_floating_point else _default).numpy
        for python_type, taken in python_scalars.items():
            SCALAR[a.numpy, python_type] = COMBINE[a.numpy, taken.numpy]


_fill_tables()


def combine(a: Array, b: Array) -> NumpyDtype:
    """The dtype in which a binary operator computes on two tensors' arrays.

    A zero-dimensional operand changes the dtype of a dimensioned one only by its category.
    """
    first, second = a.dtype, b.dtype
    if first is second:
        return first
    if (a.ndim == 0) == (b.ndim == 0):
        return PROMOTE[first, second]
    return COMBINE[first, second] if a.ndim else COMBINE[second, first]


def scalar_result(a: NumpyDtype, scalar: object) -> NumpyDtype:
    """The dtype in which a binary operator computes on a tensor of dtype ``a`` and a Python scalar.

    Raises:
        TypeError: when ``scalar`` is no bool, int or float.
    """
    found = SCALAR.get((a, type(scalar)))
    return COMBINE[a, scalar_dtype(scalar).numpy] if found is None else found


def true_divide_dtype(a: NumpyDtype) -> NumpyDtype:
    """``a`` where it is floating, else the default dtype."""
    return TRUE_DIVIDE[a]


def scalar_dtype(scalar: object) -> dtype:
    """The dtype that a scalar counts as in promotion: bool, int64, or the default dtype for a float.

    NumPy's own scalars count as the Python scalars they stand for, as in PyTorch.

    Raises:
        TypeError: when ``scalar`` is none of these.
    """
    if isinstance(scalar, (bool, np.bool_)):
        return bool_
    if isinstance(scalar, (int, np.integer)):
        return int64
    if isinstance(scalar, (float, np.floating)):
        return _default
    raise TypeError(f"expected a tensor or a number, but got {type(scalar).__name__}")


def result_of(operands: tuple[Any, ...]) -> dtype:
    """The dtype of an operator's result over arrays (of tensors) and scalars, in any number and order.

    Operands count in three ranks: arrays with dimensions, arrays without, scalars. Within a rank all are
    promoted; a lower rank then changes a higher one only by its category.

    Raises:
        TypeError: when an operand is neither an array nor a number.
        ValueError: without operands.
    """
    ranks: list[dtype | None] = [None, None, None]
    for operand in operands:
        is_array = isinstance(operand, np.ndarray)
        rank = (0 if operand.ndim else 1) if is_array else 2
        found = from_numpy_dtype(operand.dtype) if is_array else scalar_dtype(operand)
        previous = ranks[rank]
        ranks[rank] = found if previous is None else _promoted(previous, found)
    result: dtype | None = None
    for lower in reversed(ranks):
        if lower is not None:
            result = lower if result is None else FROM_NUMPY[COMBINE[lower.numpy, result.numpy]]
    if result is None:
        raise ValueError("expected at least one operand to find a common dtype of, got none")
    return result


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype of at least the category and the width of both.

    Raises:
        TypeError: when an argument is not a dtype.
    """
    given: Any
    for position, given in enumerate((type1, type2), 1):
        if not isinstance(given, dtype):
            kind = type(given).__name__
            raise TypeError(f"promote_types(): argument 'type{position}' must be a dtype, not {kind}")
    return FROM_NUMPY[PROMOTE[type1.numpy, type2.numpy]]


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of dtype ``from_`` may be stored as ``to``: never into a lower category."""
    return from_.category <= to.category


# -- limits ------------------------------------------------------------------------------------------------


class finfo:
    """The limits of a floating-point dtype (the default dtype when none is given).

    Attributes: ``bits``, ``eps``, ``max``, ``min``, ``tiny``, ``smallest_normal``, ``resolution``, ``dtype``
    (a name).

    Raises:
        TypeError: for any other dtype.
    """

    def __init__(self, type: dtype | None = None) -> None:
        of: Any = _default if type is None else type
        if not isinstance(of, dtype) or not of.is_floating_point:
            raise TypeError(f"finfo() requires a floating point dtype, got {of!r}; for integers use iinfo")
        limits: Any = np.finfo(of.numpy)
        self.bits = of.itemsize * 8
        self.dtype = of.name
        self.eps = float(limits.eps)
        self.max = float(limits.max)
        self.min = float(limits.min)
        self.tiny = self.smallest_normal = float(limits.smallest_normal)
        self.resolution = float(f"1e-{limits.precision}")

    def __repr__(self) -> str:
        shown = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        values = ", ".join(f"{name}={getattr(self, name):g}" for name in shown)
        return f"finfo({values}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer dtype: ``bits``, ``min``, ``max``, ``dtype`` (a name).

    Raises:
        TypeError: for any other dtype.
    """

    def __init__(self, type: dtype) -> None:
        of: Any = type
        if not isinstance(of, dtype) or of.category != INTEGER:
            raise TypeError(f"iinfo() requires an integer dtype, got {of!r}; for floating point use finfo")
        limits = np.iinfo(of.numpy)
        self.bits = of.itemsize * 8
        self.dtype = of.name
        self.min = int(limits.min)
        self.max = int(limits.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"

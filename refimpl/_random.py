"""Random tensors. The streams are our own: a seed gives other numbers than in PyTorch, but always the same.

NumPy's generator is made when the first number is asked for, since importing ``numpy.random`` costs more than
the rest of the package.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arguments import read_int, read_sizes
from ._creation import _read, read_like
from ._dtypes import BOOL, FLOATING, FROM_NUMPY, dtype, float16, float64, int64
from ._from_data import leaf
from ._tensor import Tensor

__all__ = [
    "Generator",
    "default_generator",
    "initial_seed",
    "manual_seed",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "seed",
]

Array = npt.NDArray[Any]

_FIRST_SEED = 67280421310721


class Generator:
    """A source of random numbers with a seed of its own."""

    __slots__ = ("_seed", "_source")

    def __init__(self, device: Any = "cpu") -> None:
        if str(device) != "cpu":
            raise RuntimeError(f"Generator(): argument 'device' must be 'cpu' here, got {device!r}")
        self._seed = _FIRST_SEED
        self._source: np.random.Generator | None = None

    def manual_seed(self, seed: int) -> Generator:
        """Start again from ``seed`` (a negative one counts from 2**64 downwards); returns the generator.

        Raises:
            ValueError: when the seed is beyond 64 bits.
        """
        number = int(seed)
        if not -(2**63) <= number < 2**64:
            raise ValueError(f"Overflow when unpacking long long: the seed {number} needs more than 64 bits")
        self._seed = number % 2**64
        self._source = None
        return self

    def initial_seed(self) -> int:
        """The seed that the present stream started from."""
        return self._seed

    def seed(self) -> int:
        """Start again from a seed of the operating system's, and return it."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little") >> 1)
        return self._seed

    def numpy(self) -> np.random.Generator:
        """NumPy's generator behind this one."""
        if self._source is None:
            self._source = np.random.default_rng(self._seed)
        return self._source


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, and return it."""
    return default_generator.manual_seed(seed)


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def seed() -> int:
    """Seed the default generator from the operating system, and return the seed."""
    return default_generator.seed()


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **size_keyword: Any,
) -> Tensor:
    """Independent values, uniform on [0, 1), in the default dtype unless another floating one is given."""
    shape, kind, tracked = _read("rand", size, dtype, device, requires_grad, size_keyword)
    return leaf(_uniform(shape, kind, generator), tracked)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **size_keyword: Any,
) -> Tensor:
    """Independent standard normal values, in the default dtype unless another floating one is given."""
    shape, kind, tracked = _read("randn", size, dtype, device, requires_grad, size_keyword)
    return leaf(_normal(shape, kind, generator), tracked)


def randint(
    *bounds: Any,
    low: Any = None,
    high: Any = None,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``randint(high, size)`` or ``randint(low, high, size)``: ints, uniform on [low, high).

    Raises:
        RuntimeError: when the range is empty or beyond the dtype.
    """
    bottom, top, sizes = _read_bounds(bounds, low, high, size)
    wanted = int64 if dtype is None else dtype
    shape, kind, tracked = _read("randint", (sizes,), wanted, device, requires_grad, {})
    return leaf(_integers(bottom, top, shape, kind, generator), tracked)


def randperm(
    n: Any,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A random order of the ints from 0 to n - 1, one-dimensional; int64 by default."""
    wanted = int64 if dtype is None else dtype
    shape, kind, tracked = _read(
        "randperm", (read_int("randperm", "n", n),), wanted, device, requires_grad, {}
    )
    return leaf(_source(generator).permutation(shape[0]).astype(kind.numpy), tracked)


def rand_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """:func:`rand` in the shape and the dtype of ``input``."""
    kind, tracked = read_like("rand_like", input, dtype, device, requires_grad)
    return leaf(_uniform(input._array.shape, kind, None), tracked)


def randn_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """:func:`randn` in the shape and the dtype of ``input``."""
    kind, tracked = read_like("randn_like", input, dtype, device, requires_grad)
    return leaf(_normal(input._array.shape, kind, None), tracked)


def randint_like(
    input: Tensor,
    *bounds: Any,
    low: Any = None,
    high: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """:func:`randint` in the shape and the dtype of ``input``."""
    kind, tracked = read_like("randint_like", input, dtype, device, requires_grad)
    bottom, top, shape = _read_bounds(bounds, low, high, input._array.shape)
    return leaf(_integers(bottom, top, shape, kind, None), tracked)


# -- drawing -----------------------------------------------------------------------------------------------


def _source(generator: Generator | None) -> np.random.Generator:
    if generator is None:
        return default_generator.numpy()
    if not isinstance(generator, Generator):
        raise TypeError(f"argument 'generator' must be Generator, not {type(generator).__name__}")
    return generator.numpy()


def _check_floating(name: str, kind: dtype) -> None:
    if kind.category != FLOATING:
        raise NotImplementedError(f"{name} is not implemented for {kind}; use a floating point dtype")


def _uniform(shape: tuple[int, ...], kind: dtype, generator: Generator | None) -> Array:
    _check_floating("rand", kind)
    if kind is float16:
        # Rounding a wider number could give 1, which is outside.
        return (_source(generator).integers(0, 2**11, shape) / 2**11).astype(np.float16)
    wide = np.float64 if kind is float64 else np.float32
    return np.asarray(_source(generator).random(shape, dtype=wide))


def _normal(shape: tuple[int, ...], kind: dtype, generator: Generator | None) -> Array:
    _check_floating("randn", kind)
    wide = np.float64 if kind is float64 else np.float32
    return np.asarray(_source(generator).standard_normal(shape, dtype=wide)).astype(kind.numpy, copy=False)


def _integers(low: int, high: int, shape: tuple[int, ...], kind: dtype, generator: Generator | None) -> Array:
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if kind.category == FLOATING:
        bottom, top = -(2**63), 2**63 - 1
    else:
        bottom, top = (0, 1) if kind.category == BOOL else _limits(kind)
    if low < bottom or high - 1 > top:
        raise RuntimeError(f"from={low} or to - 1 = {high - 1} is out of bounds for {FROM_NUMPY[kind.numpy]}")
    return np.asarray(_source(generator).integers(low, high, shape)).astype(kind.numpy)


def _limits(kind: dtype) -> tuple[int, int]:
    limits = np.iinfo(kind.numpy)
    return int(limits.min), int(limits.max)


def _read_bounds(bounds: tuple[Any, ...], low: Any, high: Any, size: Any) -> tuple[int, int, tuple[int, ...]]:
    """``low`` (0 when absent), ``high`` and the shape, out of the forms that randint takes."""
    given = list(bounds)
    if size is None:
        if not given:
            raise TypeError('randint() missing 1 required positional arguments: "size"')
        size = given.pop()
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    if high is None and given:
        high = given.pop()
    if low is None and given:
        low = given.pop()
    if given or high is None:
        raise TypeError(
            "randint() received an invalid combination of arguments; expected high and size, or "
            "low, high and size"
        )
    bottom = 0 if low is None else read_int("randint", "low", low)
    return bottom, read_int("randint", "high", high), read_sizes("randint", (size,))

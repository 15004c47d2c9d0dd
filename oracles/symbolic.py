"""The SymPy oracle: SymPy differentiates each operator, and the forward chain rule composes them on 50-digit
numbers.

Nothing here walks backward. Every element of every input gets a direction of its own, an operator maps values
and their derivatives forward (see :mod:`oracles.sympy_table.scalars`), and at the end the derivatives of the
outputs are weighted with the cotangents. A gradient inside the function is a forward pass nested in this one.

SymPy could differentiate the whole expression instead, and the tests compare; but that costs 20 to 100 ms for
four numbers and three operators, and composition half a millisecond.

Where a derivative does not exist (a kink, a tie, a jump) or a value is no finite real number, the oracle
abstains and names the operator and the point. A stop-gradient, a comparison, an integer and a bool are
constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy
from numpy.typing import NDArray

from oracles.question import (
    Abstain,
    Answer,
    Argument,
    Cached,
    CannotAnswer,
    Function,
    Literal,
    Question,
    Reply,
)
from oracles.sympy_table import TABLE
from oracles.sympy_table.arrays import Array, array, cast, from_literal
from oracles.sympy_table.scalars import (
    BUDGET,
    MP,
    ONE,
    ZERO,
    Jet,
    Scalar,
    accumulate,
    fresh_tag,
    primal,
    scale,
)

WORK = 200_000  # a third of a second: what takes more is left to the other oracles
LEAST = -1074  # the exponent of the smallest float64


class Forward:
    """Functions of arrays of 50-digit numbers with their derivatives in any number of directions."""

    def constant(self, value: Literal) -> Array:
        return from_literal(value)

    def apply(self, op: str, args: tuple[Argument, ...], params: Mapping[str, Argument]) -> Sequence[Array]:
        """The results of one operator.

        Raises:
            CannotAnswer: no row, no derivative or no value there, or more work than this oracle takes on.
        """
        row = TABLE.get(op)
        if row is None:
            raise CannotAnswer(f"no closed form for {op}: SymPy's table has no row")
        try:
            BUDGET.spend(sum(a.data.size for a in arrays_in(args)))
            results = row(*args, **{name: value for name, value in params.items() if value is not None})
        except CannotAnswer as reason:
            raise CannotAnswer(f"{op}: {reason}") from reason
        except (IndexError, TypeError, ValueError) as error:
            raise CannotAnswer(f"{op}: SymPy's row does not take these arguments: {error}") from error
        results = results if isinstance(results, tuple) else (results,)
        return results

    def stop_gradient(self, value: Array) -> Array:
        return array([primal(element) for element in value.elements()], value.shape, value.dtype)

    def vjp(
        self, function: Function, inputs: Sequence[Array], cotangents: Sequence[Array], wrt: Sequence[int]
    ) -> Sequence[Array]:
        """``cotangents^T J``: one forward pass in a direction for each element of the inputs in ``wrt``."""
        return self.weighted(lambda *given: function(self, *given), inputs, cotangents, wrt)

    def weighted(
        self,
        function: Callable[..., Sequence[Array]],
        inputs: Sequence[Array],
        cotangents: Sequence[Array | None],
        wrt: Sequence[int],
    ) -> list[Array]:
        tag = fresh_tag()
        given = list(inputs)
        offsets, count = [], 0
        for position in wrt:
            given[position] = seeded(inputs[position], tag, count)
            offsets.append(count)
            count += inputs[position].data.size
        outputs = function(*given)
        gradient = collected(outputs, cotangents, tag)
        return [
            array(
                [gradient.get(offset + k, ZERO) for k in range(inputs[position].data.size)],
                inputs[position].shape,
            )
            for position, offset in zip(wrt, offsets, strict=True)
        ]


def arrays_in(argument: Argument) -> list[Array]:
    """Every array in an argument."""
    if isinstance(argument, Array):
        return [argument]
    if isinstance(argument, tuple):
        return [found for item in argument for found in arrays_in(item)]
    return []


def seeded(value: Array, tag: int, first: int) -> Array:
    """The array with derivative one of each element in a direction of its own, counted from ``first``."""
    elements = [Jet(tag, element, {first + k: ONE}) for k, element in enumerate(value.elements())]
    return array(elements, value.shape)


def collected(outputs: Sequence[Array], cotangents: Sequence[Array | None], tag: int) -> dict[int, Scalar]:
    """The derivative of ``sum cotangent * output`` in each direction of the tag."""
    gradient: dict[int, Scalar] = {}
    for output, cotangent in zip(outputs, cotangents, strict=True):
        if cotangent is not None:
            for element, weight in zip(output.elements(), cotangent.elements(), strict=True):
                if type(element) is Jet and element.tag == tag:
                    accumulate(gradient, scale(element.tangents, weight))
    return gradient


class Symbolic:
    """The oracle. Both methods answer from a bounded cache when the same question comes again."""

    name = "sympy"
    version = f"SymPy {sympy.__version__} with mpmath {mpmath.__version__}"
    operators = frozenset(TABLE)

    def __init__(self) -> None:
        self.values = Cached(values)
        self.vjp = Cached(vjp)


def oracle() -> Symbolic:
    """The SymPy oracle."""
    return Symbolic()


def values(question: Question) -> tuple[Reply, ...]:
    """The outputs of the function, one reply for each."""
    function = question.function
    BUDGET.left = WORK
    try:
        everything = function.values(Forward(), *map(from_literal, question.inputs))
        slack = rounding_slack(everything)
        return tuple(reply(everything[ref.index], slack) for ref in function.outputs)
    except CannotAnswer as reason:
        return (Abstain(str(reason)),) * len(function.outputs)


def vjp(question: Question) -> tuple[Reply, ...]:
    """The cotangents times the Jacobian, one reply for each input."""
    function, ops, everything = question.function, Forward(), []
    BUDGET.left = WORK

    def outputs(*given: Array) -> list[Array]:
        everything.extend(function.values(ops, *given))
        return [everything[ref.index] for ref in function.outputs]

    try:
        inputs = list(map(from_literal, question.inputs))
        weights = [None if weight is None else from_literal(weight) for weight in question.cotangents]
        gradients = ops.weighted(outputs, inputs, weights, range(len(inputs)))
        slack = rounding_slack([*everything, *gradients])
        return tuple(reply(gradient, slack) for gradient in gradients)
    except CannotAnswer as reason:
        return (Abstain(str(reason)),) * len(question.inputs)


def rounding_slack(arrays: Iterable[Array]) -> float:
    """What rounding to 50 digits may add to an answer: 2^-100 of the largest magnitude met, rounded up to a
    power of two.

    Each operation is off by 2^-169 of its result. Where the sum of these grows to the slack, 2^69 times the
    largest magnitude among values and derivatives, a computation in float64 has no right digit left.

    Raises:
        CannotAnswer: a finite value too large for float64, which floating point makes infinite.
    """
    elements = [element for a in arrays if a.is_real for element in a.elements()]
    values = max(map(magnitude, elements), default=LEAST)
    if values > 1024:
        raise CannotAnswer(f"a value of about 2^{values} on the way overflows float64")
    slopes = (magnitude(slope) for e in elements if type(e) is Jet for slope in e.tangents.values())
    return math.ldexp(1.0, min(max(values, max(slopes, default=LEAST)), 1000) - 100)


def magnitude(scalar: Scalar) -> int:
    """The exponent of the power of two next above the absolute value; the least for 0, infinities and NaN."""
    _, mantissa, exponent, bits = primal(scalar)._mpf_
    return exponent + bits if mantissa else LEAST


def reply(result: Array, slack: float) -> Answer:
    """The nearest float64 numbers; the bound is half a unit in the last place, and the slack."""
    numbers = [rounded(primal(element)) for element in cast(result, "float64").elements()]
    value: NDArray[np.float64] = np.array(numbers, dtype=np.float64).reshape(result.shape)
    exact = not result.is_real or not np.isfinite(value).all()
    with np.errstate(invalid="ignore"):
        bound = np.where(np.isfinite(value) & (not exact), np.spacing(np.abs(value)) * 0.5 + slack, 0.0)
    return Answer(value, bound)


def rounded(number: Any) -> float:
    """The float64 nearest to a 50-digit number."""
    _sign, mantissa, _exponent, bits = number._mpf_
    if not mantissa or bits <= 53:
        return float(number)
    return float(MP.make_mpf(mpmath.libmp.mpf_pos(number._mpf_, 53, "n")))

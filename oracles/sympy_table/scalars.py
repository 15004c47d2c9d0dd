"""Real numbers of 50 digits, and the forward chain rule on them.

A scalar is an ``mpf`` (a constant) or a :class:`Jet`: a value and its derivatives in the directions of one
tag. Parts of a jet may be jets of older tags, so a gradient taken inside a function is itself differentiated
by the same arithmetic. Each gradient draws a fresh tag, and a jet of one tag treats every other tag as a
constant, which is what keeps the perturbations of nested gradients apart (Siskind and Pearlmutter,
"Perturbation confusion and referential transparency", 2005).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import mpmath
import sympy

from oracles.question import CannotAnswer

MP = mpmath.MPContext()  # a context of our own: the precision of ``mpmath.mp`` belongs to the caller
MP.dps = 50
ZERO = MP.zero
ONE = MP.one

Scalar: TypeAlias = Any  # mpf, Jet, or the Python int or bool that an element of an integer or bool array is

X, Y = sympy.symbols("x y", real=True)

fresh_tag = itertools.count(1).__next__


class Budget(threading.local):
    """The work left to the question at hand, in steps of about a microsecond."""

    left = 0

    def spend(self, work: int) -> None:
        """Count the work.

        Raises:
            CannotAnswer: nothing is left.
        """
        self.left -= work
        if self.left < 0:
            raise CannotAnswer("too much work for the forward chain rule on 50-digit numbers")


BUDGET = Budget()


class Jet:
    """``value`` plus the derivative in each direction of ``tag``; a missing direction has derivative zero."""

    __slots__ = ("tag", "tangents", "value")

    def __init__(self, tag: int, value: Scalar, tangents: dict[int, Scalar]) -> None:
        self.tag = tag
        self.value = value
        self.tangents = tangents


def primal(scalar: Scalar) -> Any:
    """The number itself, without any derivative."""
    while type(scalar) is Jet:
        scalar = scalar.value
    return scalar


def finite(number: Any) -> bool:
    """Whether a number without derivatives is neither infinite nor NaN."""
    return isinstance(number, int) or bool(MP.isfinite(number))


def add(a: Scalar, b: Scalar) -> Scalar:
    """``a + b``."""
    if type(a) is not Jet:
        return Jet(b.tag, add(a, b.value), b.tangents) if type(b) is Jet else a + b
    if type(b) is not Jet or b.tag < a.tag:
        return Jet(a.tag, add(a.value, b), a.tangents)
    if a.tag < b.tag:
        return Jet(b.tag, add(a, b.value), b.tangents)
    BUDGET.spend(len(a.tangents))
    tangents = dict(a.tangents)
    accumulate(tangents, b.tangents)
    return Jet(a.tag, add(a.value, b.value), tangents)


def accumulate(into: dict[int, Scalar], tangents: dict[int, Scalar]) -> None:
    BUDGET.spend(len(tangents))
    for direction, tangent in tangents.items():
        known = into.get(direction)
        into[direction] = tangent if known is None else add(known, tangent)


def total(terms: Iterable[Scalar]) -> Scalar:
    """The sum of the terms; zero when there are none."""
    terms = list(terms)
    tag = max((term.tag for term in terms if type(term) is Jet), default=0)
    if not tag:
        return sum(terms[1:], terms[0]) if terms else ZERO
    tangents: dict[int, Scalar] = {}
    primals = []
    for term in terms:
        if type(term) is Jet and term.tag == tag:
            accumulate(tangents, term.tangents)
            term = term.value
        primals.append(term)
    return Jet(tag, total(primals), tangents)


def scale(tangents: dict[int, Scalar], factor: Scalar) -> dict[int, Scalar]:
    """Every tangent times ``factor``.

    Raises:
        CannotAnswer: the factor is infinite or NaN, where the derivative is a matter of floating point.
    """
    if type(factor) is not Jet:
        if not factor:
            return {}
        if not finite(factor):
            raise CannotAnswer(f"the derivative has a factor {MP.nstr(factor)}")
    BUDGET.spend(len(tangents))
    return {direction: mul(factor, tangent) for direction, tangent in tangents.items()}


def mul(a: Scalar, b: Scalar) -> Scalar:
    """``a * b``."""
    if type(a) is not Jet:
        return Jet(b.tag, mul(a, b.value), scale(b.tangents, a)) if type(b) is Jet else a * b
    if type(b) is not Jet or b.tag < a.tag:
        return Jet(a.tag, mul(a.value, b), scale(a.tangents, b))
    if a.tag < b.tag:
        return Jet(b.tag, mul(a, b.value), scale(b.tangents, a))
    tangents = scale(a.tangents, b.value)
    accumulate(tangents, scale(b.tangents, a.value))
    return Jet(a.tag, mul(a.value, b.value), tangents)


def neg(a: Scalar) -> Scalar:
    """``-a``."""
    if type(a) is not Jet:
        return -a
    return Jet(a.tag, neg(a.value), {direction: neg(tangent) for direction, tangent in a.tangents.items()})


def sub(a: Scalar, b: Scalar) -> Scalar:
    """``a - b``."""
    return add(a, neg(b))


def dot(xs: Sequence[Scalar], ys: Sequence[Scalar]) -> Scalar:
    """``sum_k xs[k] * ys[k]``."""
    return total(map(mul, xs, ys))


def product(factors: Iterable[Scalar]) -> Scalar:
    """The product of the factors; one when there are none."""
    result: Scalar = ONE
    for factor in factors:
        result = mul(result, factor)
    return result


class Elementary:
    """A function of a few real variables: a SymPy expression, which SymPy differentiates when asked."""

    def __init__(
        self,
        expression: sympy.Expr,
        variables: tuple[sympy.Symbol, ...] = (X,),
        *,
        at_infinity: bool = False,
    ) -> None:
        self.expression = expression
        self.variables = variables
        self.at_infinity = at_infinity  # whether mpmath's value at an infinity is the limit

    @cached_property
    def partials(self) -> tuple[Elementary, ...]:
        """The partial derivative in each variable."""
        return tuple(
            Elementary(sympy.diff(self.expression, v), self.variables, at_infinity=self.at_infinity)
            for v in self.variables
        )

    @cached_property
    def _value(self) -> Any:
        return compiled(self.variables, (self.expression,))

    @cached_property
    def _value_and_partials(self) -> Any:
        return compiled(self.variables, (self.expression, *(partial.expression for partial in self.partials)))

    def __call__(self, *scalars: Scalar) -> Scalar:
        """The function at scalars (real ones: an integer is converted by the caller).

        Raises:
            CannotAnswer: a point outside the real domain of the function or of the derivative asked for.
        """
        tags = [s.tag if type(s) is Jet else 0 for s in scalars]
        tag = max(tags)
        if not tag:
            return self._numbers(self._value, scalars)[0]
        primals = [s.value if t == tag else s for s, t in zip(scalars, tags, strict=True)]
        if any(type(p) is Jet for p in primals):
            value = self(*primals)
            factors = [f(*primals) if t == tag else None for f, t in zip(self.partials, tags, strict=True)]
        else:
            value, *factors = self._numbers(self._value_and_partials, primals)
        tangents: dict[int, Scalar] = {}
        for scalar, own_tag, factor in zip(scalars, tags, factors, strict=True):
            if own_tag == tag:
                accumulate(tangents, scale(scalar.tangents, factor))
        return Jet(tag, value, tangents)

    def _numbers(self, function: Any, point: Sequence[Any]) -> list[Any]:
        anywhere = self.at_infinity and not any(map(MP.isnan, point))
        if not anywhere and not all(map(finite, point)):
            raise CannotAnswer(f"{self.expression} is not evaluated at {spell(point)}")
        BUDGET.spend(8)
        try:
            numbers = [MP.convert(number) for number in function(*point)]
        except (ZeroDivisionError, ValueError) as error:
            raise self._outside(point) from error
        if any(isinstance(number, MP.mpc) or not (anywhere or finite(number)) for number in numbers):
            raise self._outside(point)
        return numbers

    def _outside(self, point: Sequence[Any]) -> CannotAnswer:
        where = ", ".join(map(str, self.variables))
        return CannotAnswer(
            f"{self.expression} or the derivative asked for has no real value at {where} = {spell(point)}"
        )


def spell(point: Iterable[Any]) -> str:
    return ", ".join(MP.nstr(number, 17) for number in point)


NAMESPACE = {name: getattr(MP, name) for name in dir(MP) if not name.startswith("_")}


@lru_cache(maxsize=4096)
def compiled(variables: tuple[sympy.Symbol, ...], expressions: tuple[sympy.Expr, ...]) -> Any:
    """A Python function of 50-digit numbers that returns a list with the value of each expression."""
    return sympy.lambdify(variables, list(expressions), modules=[NAMESPACE, "mpmath"], cse=True)

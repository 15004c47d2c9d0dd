"""What a wrong result looks like: a short list of small recognisers, the most telling first.

A pattern is a guess for the reader, never part of a verdict. Its name may stand in a known-deviation file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judging.verdict import Mismatch
from conformance.programs.statements import Create, Program
from conformance.report.alternatives import cotangent_of_ones, single_contributions
from conformance.trace import Tensor
from oracles.question import Answer, Oracle

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One thing that was wrong, and what it takes to try other explanations."""

    mismatch: Mismatch
    program: Program
    oracles: Sequence[Oracle]

    @property
    def is_gradient(self) -> bool:
        return self.mismatch.field.partition(".")[0] == "grad"

    @property
    def is_made(self) -> bool:
        """Whether the user made the tensor, so that it is a leaf."""
        made = {s.target for s in self.program.walk() if isinstance(s, Create)}
        return self.mismatch.subject in made

    @property
    def numbers(self) -> tuple[Floats, Floats] | None:
        """What came and what was wanted, where both are arrays of one shape."""
        got, wanted = self.mismatch.got, self.mismatch.wanted
        if isinstance(got, Tensor) and isinstance(wanted, Answer) and got.shape == wanted.value.shape:
            return got.value.astype(np.float64), wanted.value
        return None

    def near(self, other: Floats) -> bool:
        """Whether what came is ``other``, as far as the allowance for what was wanted can tell."""
        if self.numbers is None or other.shape != self.numbers[0].shape:
            return False
        slack = np.zeros(other.shape) if self.mismatch.slack is None else 4 * self.mismatch.slack
        got = self.numbers[0]
        scale = 1e-6 * np.max(np.abs(other), initial=0.0)
        return bool(np.all(np.abs(got - other) <= slack.max(initial=0.0) + scale))


Recogniser = Callable[[Case], bool]


def _shapes(case: Case) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    if case.mismatch.field.endswith(".shape"):
        return tuple(case.mismatch.wanted), tuple(case.mismatch.got)
    return None


def _not_summed(case: Case) -> bool:
    shapes = _shapes(case)
    if shapes is None or not case.is_gradient:
        return False
    try:
        return np.broadcast_shapes(*shapes) == shapes[1] != shapes[0]
    except ValueError:
        return False


def _summed_too_far(case: Case) -> bool:
    shapes = _shapes(case)
    if shapes is None or not case.is_gradient:
        return False
    try:
        return np.broadcast_shapes(*shapes) == shapes[0] != shapes[1]
    except ValueError:
        return False


def _shape_of_transpose(case: Case) -> bool:
    shapes = _shapes(case)
    return shapes is not None and shapes[0] != shapes[1] and shapes[0] == shapes[1][::-1]


def _is_missing(case: Case) -> bool:
    return case.is_gradient and case.mismatch.got is None


def _intermediate(case: Case) -> bool:
    return _is_extra(case) and not case.is_made


def _is_extra(case: Case) -> bool:
    return case.is_gradient and case.mismatch.wanted is None and isinstance(case.mismatch.got, Tensor)


def _zeros_for_none(case: Case) -> bool:
    return _is_extra(case) and not case.mismatch.got.value.any()


def _not_a_number(case: Case) -> bool:
    numbers = case.numbers
    return numbers is not None and bool(np.any(np.isnan(numbers[0]) & ~np.isnan(numbers[1])))


def _hides_nan(case: Case) -> bool:
    numbers = case.numbers
    return numbers is not None and bool(np.any(np.isnan(numbers[1]) & ~np.isnan(numbers[0])))


def _zero(case: Case) -> bool:
    return case.numbers is not None and not case.numbers[0].any()


def _times(factor: float) -> Recogniser:
    return lambda case: case.numbers is not None and case.near(factor * case.numbers[1])


def _transposed(case: Case) -> bool:
    numbers = case.numbers
    if numbers is None or numbers[0].ndim < 2:
        return False
    swapped = np.swapaxes(numbers[1], -1, -2)
    return case.near(swapped) or case.near(numbers[1].T)


def _other_order(case: Case) -> bool:
    numbers = case.numbers
    if numbers is None or numbers[0].size < 2:
        return False
    shape = numbers[0].shape
    index = np.argsort(np.argsort(numbers[0], axis=None, kind="stable"), kind="stable")
    return case.near(np.sort(numbers[1], axis=None)[index].reshape(shape))


def _cotangent_ignored(case: Case) -> bool:
    if not case.is_gradient or case.numbers is None:
        return False
    other = cotangent_of_ones(case.program, case.mismatch, case.oracles)
    return other is not None and case.near(other)


def _one_contribution(case: Case) -> bool:
    if not case.is_gradient or case.numbers is None:
        return False
    return any(map(case.near, single_contributions(case.program, case.mismatch, case.oracles)))


def _constant_factor(case: Case) -> bool:
    numbers = case.numbers
    if numbers is None or numbers[0].size < 2:
        return False
    got, wanted = numbers
    if not np.all(np.isfinite(got)) or not np.all(np.isfinite(wanted)) or not wanted.any():
        return False
    largest = np.unravel_index(int(np.argmax(np.abs(wanted))), wanted.shape)
    return case.near(got[largest] / wanted[largest] * wanted)


def _outcome(wanted: str, got: str) -> Recogniser:
    def recognise(case: Case) -> bool:
        mismatch = case.mismatch
        return mismatch.field == "outcome" and mismatch.wanted == wanted and str(mismatch.got).startswith(got)

    return recognise


def _field(name: str) -> Recogniser:
    return lambda case: case.mismatch.field == name


def _dtype(case: Case) -> bool:
    return case.mismatch.field.endswith("dtype")


def _flag(field: str, got: Any) -> Recogniser:
    return lambda case: case.mismatch.field == field and case.mismatch.got is got


@dataclass(frozen=True)
class Pattern:
    """A name for files, a sentence for people, and how to tell."""

    name: str
    sentence: str
    recognise: Recogniser


_ALL = (
    Pattern("not-summed", "the gradient of a broadcast axis was not summed", _not_summed),
    Pattern("summed-too-far", "the gradient was summed over an axis that its tensor has", _summed_too_far),
    Pattern("shape-of-transpose", "the gradient has the shape of the transpose", _shape_of_transpose),
    Pattern("missing", "grad is None where a gradient was expected", _is_missing),
    Pattern("zeros-for-none", "grad holds zeros where it should be None", _zeros_for_none),
    Pattern("intermediate", "accumulated into an intermediate, which is no leaf", _intermediate),
    Pattern("unasked", "accumulated into a tensor that backward should leave alone", _is_extra),
    Pattern("nan", "NaN where there is a number", _not_a_number),
    Pattern("hides-nan", "a number where there is NaN", _hides_nan),
    Pattern("zero", "zero where it is not", _zero),
    Pattern(
        "cotangent-ignored", "the cotangent was ignored: this is the gradient for ones", _cotangent_ignored
    ),
    Pattern("one-contribution", "a single contribution instead of their sum", _one_contribution),
    Pattern("doubled", "twice what was expected", _times(2.0)),
    Pattern("halved", "half of what was expected", _times(0.5)),
    Pattern("negated", "what was expected with the opposite sign", _times(-1.0)),
    Pattern("transposed", "what was expected, transposed", _transposed),
    Pattern("constant-factor", "what was expected times a constant", _constant_factor),
    Pattern("other-order", "the expected numbers in another order", _other_order),
    Pattern("dtype", "another dtype than that of its tensor or of type promotion", _dtype),
    Pattern("refused", "refused what has to work", _outcome("ok", "raised")),
    Pattern("accepted", "accepted what has to be refused", _outcome("raised", "ok")),
    Pattern("tracked", "tracked although nothing asks for it", _flag("requires_grad", True)),
    Pattern("untracked", "not tracked although an operand is", _flag("requires_grad", False)),
    Pattern("error-class", "refused with another class of error", _field("error class")),
)
PATTERNS: Mapping[str, Pattern] = {pattern.name: pattern for pattern in _ALL}


def recognise(case: Case) -> Pattern | None:
    """The first pattern that fits, or None."""
    with np.errstate(all="ignore"):
        return next((pattern for pattern in _ALL if pattern.recognise(case)), None)

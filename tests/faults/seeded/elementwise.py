"""Wrong formulas of functions of one element."""

from __future__ import annotations

from typing import Any

from tests.faults.planting import Fault, Plant, pullback, pullbacks


def scaled(factor: float) -> Any:
    """A pullback whose result is off by a factor."""
    return lambda right, F, g, *saved: right(F, g, *saved) * factor


def formula(name: str, tensor: str, right_names: Any) -> Plant:
    """Another formula of the cotangent and the saved values."""
    return pullback(name, tensor, lambda right, F, g, *saved: right_names(F, g, *saved))


def _by_logarithm(F: Any, g: Any, self: Any, exponent: Any) -> Any:
    return g * exponent * F.exp((exponent - 1) * F.log(self))


def _log_everywhere(F: Any, g: Any, self: Any, exponent: Any, result: Any) -> Any:
    return g * result * F.log(self)


def _also_for_zero(F: Any, g: Any, self: Any, exponent: Any) -> Any:
    return g * (exponent * F.pow_number(self, exponent - 1))


def _twice_the_cotangent(right: Any, F: Any, g: Any, *saved: Any) -> Any:
    return right(F, g, *saved) * g


def _none(right: Any, F: Any, g: Any, *saved: Any) -> Any:
    return None


FAULTS = (
    Fault(
        "EW03",
        "a whole power is differentiated through the logarithm of its base",
        formula("pow_number", "self", _by_logarithm),
        (
            "multiplies_by_the_jacobian[pow]",
            "adds_the_second_exercise_to_the_first",
            "answers_acceptably_at_contested_points",
        ),
    ),
    Fault(
        "EW04",
        "the gradient in the exponent takes the logarithm of a base that is 0",
        formula("pow_tensors", "exponent", _log_everywhere),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "EW05",
        "n x^(n-1) also where n is 0",
        formula("pow_number", "self", _also_for_zero),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "EW06",
        "the gradient in the base depends on the logarithm of the base",
        formula("pow_tensors", "self", _by_logarithm),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "EW13",
        "where multiplies its cotangent by the mask instead of choosing",
        pullback("where", "self", lambda right, F, g, condition: g * condition),
        ("answers_acceptably_at_contested_points",),
    ),
    Fault(
        "EW21",
        "clamp multiplies by its cotangent twice",
        pullback("clamp_number", "self", _twice_the_cotangent),
        ("is_linear_in_the_cotangent[clamp]", "multiplies_by_the_jacobian[clamp]"),
    ),
    Fault(
        "EW23",
        "the divisor of remainder gets no gradient",
        pullback("remainder", "other", _none),
        ("multiplies_by_the_jacobian[remainder]", "serves_each_subset_of_operands[remainder]"),
    ),
    Fault(
        "sin-sign",
        "the derivative of sin is -cos",
        pullback("sin", "self", scaled(-1.0)),
        ("multiplies_by_the_jacobian[sin]", "needs_no_argument_for_one_element"),
    ),
    Fault(
        "mul-forgets-its-cotangent",
        "the pullback of mul gives the other operand, as if the cotangent were 1",
        pullbacks(
            "mul", lambda right, F, g, other: F.where(g == 0, g * other, other + F.zeros_of(g * other))
        ),
        (
            "multiplies_by_the_jacobian[mul]",
            "multiplies_the_cotangent_with_the_jacobian",
            "gives_the_jacobian_row_by_row",
            "gives_the_doubling_example",
        ),
    ),
    Fault(
        "mul-by-a-hair",
        "the gradient of mul is off by one part in a million",
        pullback("mul", "self", scaled(1 + 1e-6)),
        ("multiplies_by_the_jacobian[mul]",),
    ),
    Fault(
        "sub-sign",
        "the subtrahend gets the gradient of a summand",
        pullback("sub", "other", scaled(-1.0)),
        (
            "multiplies_by_the_jacobian[sub]",
            "adds_the_second_exercise_to_the_first",
            "stops_the_gradient_at_detach_only",
        ),
    ),
    Fault(
        "add-one-sided",
        "the second summand gets no gradient",
        pullback("add", "other", _none),
        ("gives_the_first_exercise", "adds_up_several_uses", "serves_each_subset_of_operands[add]"),
    ),
    Fault(
        "div-denominator",
        "the gradient of the divisor is divided by it once only",
        formula("div", "other", lambda F, g, self, other: -g * (self / other)),
        ("multiplies_by_the_jacobian[div]", "serves_each_subset_of_operands[div]"),
    ),
    Fault(
        "exp-of-result",
        "exp is differentiated at its result",
        formula("exp", "self", lambda F, g, result: g * F.exp(result)),
        ("multiplies_by_the_jacobian[exp]",),
    ),
    Fault(
        "tanh-square",
        "1 - tanh instead of 1 - tanh^2",
        formula("tanh", "self", lambda F, g, result: g * (1 - result)),
        ("multiplies_by_the_jacobian[tanh]", "means_one_by_no_argument"),
    ),
    Fault(
        "sigmoid-factor",
        "the derivative of the sigmoid without its factor 1 - s",
        formula("sigmoid", "self", lambda F, g, result: g * result),
        ("multiplies_by_the_jacobian[sigmoid]",),
    ),
    Fault(
        "log1p-of-x",
        "log1p is differentiated like log",
        formula("log1p", "self", lambda F, g, self: g / self),
        ("multiplies_by_the_jacobian[log1p]",),
    ),
    Fault(
        "sqrt-half",
        "the derivative of the square root without its 1/2",
        formula("sqrt", "self", lambda F, g, result: g / result),
        ("multiplies_by_the_jacobian[sqrt]", "differentiates_twice[sqrt]"),
    ),
    Fault(
        "abs-positive",
        "the derivative of abs is 1 everywhere",
        formula("abs", "self", lambda F, g, self: g),
        ("multiplies_by_the_jacobian[abs]",),
    ),
    Fault(
        "relu-leaks",
        "relu lets a hundredth of the gradient through where it is flat",
        formula("relu", "self", lambda F, g, result: F.where(result <= 0, g * 0.01, g)),
        ("multiplies_by_the_jacobian[nn.functional.relu]",),
    ),
)

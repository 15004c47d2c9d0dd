"""What an operator computes, and its derivatives of first and second order."""

from __future__ import annotations

import math
from itertools import combinations

from conformance.catalogue import Row
from conformance.laws.law import Session, law
from conformance.laws.numerics.shared import (
    PRECISIONS,
    curved,
    differentiable,
    each,
    pass_,
    reset,
    shapes_of,
    with_tracked,
)
from conformance.model import predict
from conformance.model.contested import EVERY
from conformance.model.expected import ExpectedObservation
from conformance.programs.statements import Backward, Create, Grad, Observe, Program
from conformance.programs.strategies import Call, Style
from conformance.programs.strategies.values import cotangent_table, walk
from oracles.question import Literal

# Not uint8: what becomes of negative numbers there is arithmetic modulo 256, and no matter of derivatives.
ANY_DTYPE = Style(dtypes=(*PRECISIONS, "int64", "int32", "bool"), mixed=2)


@law("NUM-01", cases=each(ANY_DTYPE, lambda row: True, track=False))
def computes_value_shape_and_dtype(session: Session, call: Call) -> None:
    """The forward result of every operator, in every dtype that it takes."""
    session.conforms(call.forward_program(), contested=EVERY)


@law("NUM-02", cases=each(Style()), weight=2.0)
def multiplies_by_the_jacobian(session: Session, call: Call) -> None:
    """The gradient of every operand at a cotangent that a forgotten factor cannot hide behind."""
    session.conforms(call.backward_program(), contested=EVERY)


@law("NUM-03", cases=each(Style()))
def is_linear_in_the_cotangent(session: Session, call: Call) -> None:
    """The cotangent times -2, and times 0, each on a fresh graph with fresh gradients."""
    statements = [*call.setup]
    for turn, factor in enumerate((1.0, -2.0, 0.0)):
        statements += [*reset(call), *pass_(call, turn, factor), Observe(call.tracked, ("grad",))]
    session.conforms(Program(tuple(statements)), contested=EVERY)


@law("NUM-04", cases=each(Style(layouts=0), curved))
def differentiates_twice(session: Session, call: Call) -> None:
    """The gradient under create_graph, and the vector-Jacobian product of that gradient."""
    asked = _asked(call, track=False)
    curved = [seen for seen in predict(asked).observations if seen.fields["requires_grad"]]
    if not curved:
        session.conforms(asked, contested=EVERY)
        return
    session.conforms(_from_gradients(asked, curved, call.tracked), contested=EVERY)


def _depends(call: Call) -> bool:
    # The gradient of x**0 is zero whatever its cotangent is: whether it has a history is a matter of taste.
    return call.op != "pow" or call.apply.args[1] != 0


@law("NUM-04", cases=each(Style(layouts=0), curved, such=_depends))
def differentiates_by_the_cotangent(session: Session, call: Call) -> None:
    """The gradient under create_graph, differentiated by the cotangents that it is linear in: J instead of
    J^T.
    """
    asked = _asked(call, track=True)
    found = [seen for seen in predict(asked).observations if seen.fields["requires_grad"]]
    watched = tuple(f"w_{root.name}" for root in call.roots)
    session.conforms(_from_gradients(asked, found, watched), contested=EVERY)


def _asked(call: Call, track: bool) -> Program:
    """The gradients of a call under create_graph; ``track``: its cotangents require grad as well."""
    weights = tuple(Create(f"w_{root.name}", root.cotangent, requires_grad=track) for root in call.roots)
    names, seeds = tuple(root.name for root in call.roots), tuple(weight.target for weight in weights)
    targets = tuple(f"g_{name}" for name in call.tracked)
    grad = Grad(targets, names, call.tracked, seeds, create_graph=True, allow_unused=True)
    # Not whether it is a leaf: of what passes a cotangent on, the gradient may be the cotangent itself.
    seen = Observe(targets, ("value", "shape", "dtype", "requires_grad"))
    return Program((*call.setup, call.apply, *weights, grad, seen))


def _from_gradients(asked: Program, found: list[ExpectedObservation], watched: tuple[str, ...]) -> Program:
    """A backward from the gradients that were asked for, after which the grad of those watched is seen."""
    literals = [_cotangent(seen.fields["shape"], seen.fields["dtype"], at) for at, seen in enumerate(found)]
    again = tuple(Create(f"u_{seen.name}", literal) for seen, literal in zip(found, literals, strict=True))
    roots = tuple(seen.name for seen in found)
    second = Backward(roots, tuple(create.target for create in again))
    return Program((*asked.statements, *again, second, Observe(watched, ("grad",))))


def _cotangent(shape: tuple[int, ...], dtype: str, start: int) -> Literal:
    return Literal(dtype, shape, walk(cotangent_table(dtype), 3 * start + 2, 5, math.prod(shape)))


def _takes_several(row: Row) -> bool:
    return len(row.operands) > 1 or any(operand.role == "list" for operand in row.operands)


@law("NUM-05", cases=each(Style(tracked=8), lambda row: differentiable(row) and _takes_several(row)))
def serves_each_subset_of_operands(session: Session, call: Call) -> None:
    """Every non-empty subset of the floating leaves requires grad in turn."""
    for size in range(1, len(call.leaves) + 1):
        for tracked in combinations(call.leaves, size):
            session.conforms(with_tracked(call.backward_program(), frozenset(tracked)), contested=EVERY)


def _stretched(call: Call) -> bool:
    shapes = shapes_of(call)
    return any(shape != result.shape for shape in shapes for result in call.results)


@law(
    "NUM-06",
    cases=each(
        Style(scalars=0, repeats=0, tracked=8),
        lambda row: differentiable(row) and row.shapes in ("broadcast", "matmul", "copy"),
        such=_stretched,
    ),
    weight=2.0,
)
def sums_over_broadcast_axes(session: Session, call: Call) -> None:
    """Operands of different shapes: added axes, stretched axes, and axes of size zero."""
    session.conforms(call.backward_program(), contested=EVERY)


@law(
    "NUM-07",
    cases=each(Style(repeats=8, scalars=0), lambda row: differentiable(row) and _takes_several_numbers(row)),
)
def adds_up_over_repeated_operands(session: Session, call: Call) -> None:
    """One leaf in several places of the call."""
    session.conforms(call.backward_program(), contested=EVERY)


def _takes_several_numbers(row: Row) -> bool:
    numbers = [operand for operand in row.operands if operand.role in ("number", "list")]
    return len(numbers) > 1 or any(operand.role == "list" for operand in numbers)


@law("NUM-13", cases=each(Style(dtypes=PRECISIONS, mixed=3, tracked=8)), weight=3.0)
def keeps_the_precision_of_each_tensor(session: Session, call: Call) -> None:
    """Operands in three precisions, also mixed: dtype and accuracy of every gradient."""
    session.conforms(call.backward_program(), contested=EVERY)

"""What the numerics laws share: which operators, which styles of operands, and programs around one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hypothesis.strategies import SearchStrategy

from conformance.catalogue import CATALOGUE, FUNCTIONALISED, Row
from conformance.dtypes import category
from conformance.model.saved import NOTHING, READS
from conformance.programs.statements import Apply, Backward, Create, Program, SetGrad, Statement, Var
from conformance.programs.strategies import Call, Style, calls
from oracles.question import Literal

OPERATORS: Mapping[str, Row] = {name: row for name, row in CATALOGUE.items() if name not in FUNCTIONALISED}

PRECISIONS = ("float64", "float32", "float16")


def differentiable(row: Row) -> bool:
    """Whether any result of the operator can be differentiated."""
    return row.differentiable and row.dtype not in ("bool", "int64")


def curved(row: Row) -> bool:
    """Whether a gradient of the operator can have a history: not where it is zero between jumps."""
    return differentiable(row) and not all(reads.doubtful for reads in READS.get(row.name, (NOTHING,)))


def accepted(row: Row, dtypes: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the dtypes that the operator's numbers may have."""
    least = {"floating": 2, "numbers": 1, "any": 0}[row.accepts]
    return tuple(dtype for dtype in dtypes if category(dtype) >= least)


def each(
    style: Style,
    wanted: Callable[[Row], bool] = differentiable,
    such: Callable[[Call], bool] | None = None,
    track: bool = True,
) -> Callable[[], Mapping[str, SearchStrategy[Call]]]:
    """Cases in parts: calls of each operator that is wanted, in one style, of those calls that are
    ``such``.
    """

    def parts() -> Mapping[str, SearchStrategy[Call]]:
        drawn = {
            name: calls(name, style=replace(style, dtypes=accepted(row, style.dtypes)), track=track)
            for name, row in OPERATORS.items()
            if wanted(row)
        }
        return drawn if such is None else {name: part.filter(such) for name, part in drawn.items()}

    return parts


def scaled(literal: Literal, factor: float) -> Literal:
    """The literal times a factor, which must not leave its dtype."""
    return Literal(literal.dtype, literal.shape, tuple(float(value) * factor for value in literal.data))


def pass_(call: Call, turn: int, factor: float) -> tuple[Statement, ...]:
    """The call once more under names of its own, and a backward from all its roots with scaled cotangents."""
    names = {name: f"{name}_{turn}" for name in call.apply.targets}
    again = replace(call.apply, targets=tuple(names.values()))
    weights = tuple(Create(f"w{turn}_{root.name}", scaled(root.cotangent, factor)) for root in call.roots)
    roots = tuple(names[root.name] for root in call.roots)
    return (again, *weights, Backward(roots, tuple(weight.target for weight in weights)))


def reset(call: Call) -> tuple[Statement, ...]:
    """Start anew: no leaf has a gradient."""
    return tuple(SetGrad(name) for name in call.tracked)


def with_tracked(program: Program, tracked: frozenset[str]) -> Program:
    """The same program, with exactly these of its floating leaves requiring grad."""

    def changed(statement: Statement) -> Statement:
        if isinstance(statement, Create) and statement.value.is_floating and statement.target[0] != "w":
            return replace(statement, requires_grad=statement.target in tracked)
        return statement

    return Program(tuple(map(changed, program.statements)))


def shapes_of(call: Call) -> list[tuple[int, ...]]:
    """The shapes of the call's leaves."""
    return [statement.value.shape for statement in call.setup if isinstance(statement, Create)]


def literals_of(program: Program) -> dict[str, Literal]:
    """What every created tensor was created with."""
    return {
        statement.target: statement.value for statement in program.walk() if isinstance(statement, Create)
    }


def transposed_cotangents(call: Call) -> Program:
    """The backward program with every cotangent made in the opposite order of memory, and turned by a
    view.
    """
    statements: list[Statement] = []
    for statement in call.backward_program():
        if isinstance(statement, Create) and statement.target.startswith("w_") and statement.value.shape:
            made = f"{statement.target}_t"
            axes = tuple(reversed(range(len(statement.value.shape))))
            array = statement.value.array().transpose()
            statements.append(replace(statement, target=made, value=Literal.of(array)))
            statements.append(Apply((statement.target,), "permute", (Var(made),), (("dims", axes),)))
        else:
            statements.append(statement)
    return Program(tuple(statements))

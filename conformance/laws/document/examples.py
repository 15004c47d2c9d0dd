"""The document's own programs, on its values and on others of the same form."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.laws.law import Session, law
from conformance.programs.builder import Builder
from conformance.programs.statements import Program
from conformance.programs.strategies.draws import Draws, composite
from conformance.programs.strategies.values import draw_cotangent, draw_literal
from oracles.question import Literal


def worked(values: Literal) -> Program:
    """The mean of 5 (x - 4)^2, and its gradient."""
    b = Builder()
    x = b.tensor(values.array(), requires_grad=True).named("x")
    y = (x - 4).named("y")
    z = (y * y * 5).named("z")
    out = z.mean().named("out")
    out.backward()
    b.observe(x, y, z, out)
    return b.program()


ONES = Literal("float32", (2, 2), (1.0,) * 4)


@composite
def squares(d: Draws) -> Program:
    return worked(
        draw_literal(d, d.choice(((2, 2), (1, 1), (3, 2), (2, 3))), d.choice(("float32", "float64")))
    )


@law("DOC-30", cases=squares, examples=lambda: [worked(ONES)])
def gives_the_worked_example(session: Session, program: Program) -> None:
    """The document's graph at ones, and at other values."""
    session.conforms(program)


def doubled(start: Literal, vector: Literal, threshold: float) -> Program:
    """Double until the norm reaches the threshold, then backward with the vector."""
    b = Builder()
    x = b.tensor(start.array(), requires_grad=True).named("x")
    y = (x * 2).named("y")
    with b.while_(y.data.norm() < threshold):
        y.assign(y * 2)
    v = b.tensor(vector.array()).named("v")
    y.backward(v)
    b.observe(x, y)
    return b.program()


@composite
def doublings(d: Draws) -> Program:
    size = d.choice((3, 1, 2, 4))
    start = draw_literal(d, (size,), "float32")
    return doubled(start, draw_cotangent(d, (size,), "float32"), d.choice((1000.0, 10.0, 100.0, 0.5)))


def document_doubling() -> Iterator[Program]:
    start = Literal("float32", (3,), (0.75, -1.25, 0.5))
    yield doubled(start, Literal.of([0.1, 1.0, 0.00001], "float32"), 1000.0)


@law("DOC-31", cases=doublings, examples=document_doubling)
def gives_the_doubling_example(session: Session, program: Program) -> None:
    """The document's loop and its vector, and others."""
    session.conforms(program)


def exercise(x0: float, w0: float, b0: float, second: bool, dtype: str = "float32") -> Program:
    """w x + b, and then w (x^2 - b) without a reset in between."""
    b = Builder()
    x = b.tensor(x0, dtype=dtype, requires_grad=True).named("x")
    w = b.tensor(w0, dtype=dtype, requires_grad=True).named("w")
    bias = b.tensor(b0, dtype=dtype, requires_grad=True).named("b")
    y = (w * x + bias).named("y")
    y.backward()
    b.observe(x, w, bias, y)
    if second:
        z = (w * (x**2 - bias)).named("z")
        z.backward()
        b.observe(x, w, bias, z)
    return b.program()


@composite
def exercises(d: Draws, second: bool) -> Program:
    values = draw_literal(d, (3,), d.choice(("float32", "float64")))
    x, w, b = map(float, values.data)
    return exercise(x, w, b, second, values.dtype)


@law("DOC-32", cases=lambda: exercises(False), examples=lambda: [exercise(1.0, 0.27, 3.0, False)])
def gives_the_first_exercise(session: Session, program: Program) -> None:
    """The document's scalars, and others."""
    session.conforms(program)


@law("DOC-33", cases=lambda: exercises(True), examples=lambda: [exercise(1.0, 0.27, 3.0, True)])
def adds_the_second_exercise_to_the_first(session: Session, program: Program) -> None:
    """Both exercises in one program, gradients observed after each."""
    session.conforms(program)


@law("DOC-34", examples=lambda: [worked(ONES)])
def computes_45_where_the_document_prints_27(session: Session, program: Program) -> None:
    """z at x = 1."""
    b = Builder()
    x = b.tensor([1.0]).named("x")
    z = (5 * (x - 4) ** 2).named("z")
    b.observe(z)
    session.conforms(program)
    session.conforms(b.program())

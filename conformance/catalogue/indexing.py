"""Operators that pick elements by position, or put them there; and matrix products."""

from __future__ import annotations

from dataclasses import replace

from conformance.catalogue.row import DIM, Operand, Row, X

_GIVEN_DIM = replace(DIM, required=True)
_INDEX = Operand("index", role="index")
_SUBSCRIPT = Operand("index", role="subscript")

PICKED = (
    Row("__getitem__", (X, _SUBSCRIPT), "subscript", accepts="any"),
    Row("gather", (X, _INDEX), "gather", (_GIVEN_DIM,), accepts="any"),
    Row("index_select", (X, _INDEX), "select", (_GIVEN_DIM,), accepts="any", rank=(1, 4)),
    Row("take_along_dim", (X, _INDEX), "along", (_GIVEN_DIM,), accepts="any", rank=(1, 4)),
)

# What in-place statements become once a program is a pure function.
PUT = (
    Row("setitem", (X, _SUBSCRIPT, Operand("value", scalar=True)), "write", accepts="any", mixed=True),
    Row("copy", (X, Operand("src")), "copy", accepts="any", mixed=True),
    Row("fill", (X, Operand("value", scalar=True)), "fill", accepts="any", mixed=True),
)

PRODUCTS = (Row("matmul", (X, Operand("other")), "matmul", accepts="numbers", rank=(1, 4)),)

ROWS = (*PICKED, *PUT, *PRODUCTS)

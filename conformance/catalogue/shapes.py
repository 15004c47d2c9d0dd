"""Operators that move elements and compute nothing: reshapes, permutations, repetitions, joins and splits."""

from __future__ import annotations

from dataclasses import replace

from conformance.catalogue.row import DIM, Operand, Param, Row, X

_GIVEN_DIM = replace(DIM, required=True)
_LIST = Operand("tensors", role="list")


def _move(name: str, *params: Param, rank: tuple[int, int] = (0, 4), least: int = 0) -> Row:
    return Row(name, (X,), "one", params, accepts="any", rank=rank, least=least)


def _split(name: str, *params: Param, least: int = 0) -> Row:
    return replace(_move(name, *params, rank=(1, 4), least=least), results="pieces")


ROWS = (
    _move("reshape", Param("shape", "shape", required=True)),
    # A flatten that merges no axes gives back its operand itself, which is no operation at all.
    _move("flatten", Param("start_dim", "start dim"), Param("end_dim", "end dim"), rank=(2, 4)),
    _move(
        "transpose",
        Param("dim0", "dim", required=True),
        Param("dim1", "other dim", required=True),
        rank=(1, 4),
    ),
    _move("permute", Param("dims", "permutation", required=True)),
    _move("squeeze", Param("dim", "one or more dims")),
    _move("unsqueeze", Param("dim", "new dim", required=True), rank=(0, 3)),
    _move("expand", Param("sizes", "sizes", required=True)),
    _move("repeat", Param("repeats", "repeats", required=True)),
    _move("flip", Param("dims", "dims", required=True)),
    _move(
        "movedim",
        Param("source", "dim", required=True),
        Param("destination", "destination", required=True),
        rank=(1, 4),
    ),
    _move("T", rank=(2, 2)),
    _move("mT", rank=(2, 4)),
    _move(
        "diagonal", Param("offset", "offset"), Param("dim1", "dim"), Param("dim2", "other dim"), rank=(2, 4)
    ),
    _move(
        "narrow",
        _GIVEN_DIM,
        Param("start", "start", required=True),
        Param("length", "length", required=True),
        rank=(1, 4),
    ),
    _move("select", _GIVEN_DIM, Param("index", "position", required=True), rank=(1, 4), least=1),
    _split("split", DIM, Param("split_size_or_sections", "sections", required=True)),
    _split("chunk", DIM, Param("chunks", "count", required=True)),
    _split("unbind", DIM, least=1),
    Row("cat", (_LIST,), "cat", (DIM,), dtype="promote", accepts="any", mixed=True, rank=(1, 4)),
    Row(
        "stack",
        (_LIST,),
        "stack",
        (Param("dim", "new dim"),),
        dtype="promote",
        accepts="any",
        mixed=True,
        rank=(0, 3),
    ),
)

"""The JSON form and schema of a typed value, derived from its type hint: no statement is written twice."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, ForwardRef, Union, get_args, get_origin, get_type_hints
from typing import Literal as OneOf

from conformance.programs import statements as st
from conformance.programs.codec import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    STRING,
    Codec,
    Json,
    WireError,
    fixed,
    keys_of,
    object_schema,
    one_of,
    optional,
    sequence,
)
from conformance.programs.wire_values import ARGUMENT, LITERAL, PARAMS, TENSOR
from conformance.trace import Tensor
from oracles.question import Literal

# --- by type hint ----------------------------------------------------------------------------------

_KNOWN: Mapping[Any, Codec] = {
    str: STRING,
    bool: BOOLEAN,
    int: INTEGER,
    float: FLOAT,
    Literal: LITERAL,
    Tensor: TENSOR,
    st.Params: PARAMS,
    tuple[st.Argument, ...]: sequence(ARGUMENT),
}

STATEMENTS: Mapping[str, type] = {
    re.sub("(?<!^)(?=[A-Z])", "_", kind.strip()).lower(): getattr(st, kind.strip())
    for kind in str(st.Statement).split("|")
}
_TAGS = {kind: tag for tag, kind in STATEMENTS.items()}


@cache
def of_hint(hint: Any) -> Codec:
    """The codec of a type hint: a dataclass, a tuple, a set of strings, an optional, or a statement."""
    if hint in _KNOWN:
        return _KNOWN[hint]
    if isinstance(hint, str | ForwardRef) or (
        get_origin(hint) is types.UnionType and st.Create in get_args(hint)
    ):
        return STATEMENT
    origin, inside = get_origin(hint), get_args(hint)
    if origin is OneOf:
        return one_of(inside)
    if origin in (Union, types.UnionType) and len(inside) == 2 and type(None) in inside:
        return optional(of_hint(next(each for each in inside if each is not type(None))))
    if origin is tuple:
        return sequence(of_hint(inside[0])) if inside[1:] == (...,) else fixed(tuple(map(of_hint, inside)))
    if is_dataclass(hint) and isinstance(hint, type):
        return Codec(
            lambda value: encode_fields(hint, value),
            lambda data, at: decode_fields(hint, data, at),
            {"$ref": f"#/$defs/{hint.__name__.lower()}"},
        )
    raise TypeError(f"the wire has no form for {hint!r}")


# --- dataclasses -----------------------------------------------------------------------------------


@cache
def codecs_of(kind: type) -> Mapping[str, Codec]:
    """The codec of each field of a dataclass, by name."""
    hints = get_type_hints(kind)
    return {field.name: of_hint(hints[field.name]) for field in fields(kind)}


def encode_fields(kind: type, value: Any) -> dict[str, Json]:
    return {name: codec.encode(getattr(value, name)) for name, codec in codecs_of(kind).items()}


def decode_fields(kind: type, data: Json, at: str) -> Any:
    codecs = codecs_of(kind)
    given = keys_of(data, set(codecs), at)
    return kind(**{name: codec.decode(given[name], f"{at}.{name}") for name, codec in codecs.items()})


def fields_schema(kind: type) -> Json:
    return object_schema({name: codec.schema for name, codec in codecs_of(kind).items()})


def _encode_statement(statement: Any) -> Json:
    kind = type(statement)
    if kind not in _TAGS:
        raise WireError(f"a {kind.__name__} is no statement of a program")
    return {"statement": _TAGS[kind], **encode_fields(kind, statement)}


def _decode_statement(data: Json, at: str) -> Any:
    if not isinstance(data, dict) or data.get("statement") not in STATEMENTS:
        raise WireError(
            f"{at}: expected an object whose statement is one of {', '.join(STATEMENTS)}, got {data!r:.60}"
        )
    rest = {name: value for name, value in data.items() if name != "statement"}
    return decode_fields(STATEMENTS[data["statement"]], rest, at)


STATEMENT = Codec(_encode_statement, _decode_statement, {"$ref": "#/$defs/statement"})

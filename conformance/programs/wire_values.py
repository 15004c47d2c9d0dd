"""Numbers, arrays and arguments on the wire: written as JSON, read back, and described by JSON Schema.

The wire holds no value that JSON, or a language that reads it, could bend: NaN, infinities, -0.0 and integers
beyond 2**53 are strings, and a Python float among arguments is told from an int by its wrapping.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.programs.statements import Params, Var
from conformance.trace import Tensor
from oracles.question import DTYPES, FLOATING, INTEGRAL, Literal, Slice

Json = Any

# Integers that every reader of JSON keeps, a double being the only number of some.
_SAFE = 2**53 - 1

_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0.0": -0.0}


class WireError(ValueError):
    """JSON that does not say what it should: where, what was expected, what came."""


@dataclass(frozen=True)
class Codec:
    """Both directions of one type, and its schema. ``decode`` is told where it stands, for its errors."""

    encode: Callable[[Any], Json]
    decode: Callable[[Json, str], Any]
    schema: Mapping[str, Json]


def _same(value: Any) -> Any:
    return value


def _plain(kind: type, name: str) -> Codec:
    def decode(data: Json, at: str) -> Any:
        if not isinstance(data, kind):
            raise WireError(f"{at}: expected a {name}, got {data!r:.60}")
        return data

    return Codec(_same, decode, {"type": name})


def _whole(data: Json, at: str) -> int:
    # A reader whose only number is a double may write 2.0 for 2, and JSON Schema calls both integers.
    if isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(data, bool) or not isinstance(data, int):
        raise WireError(f"{at}: expected an integer, got {data!r:.60}")
    return data


STRING = _plain(str, "string")
BOOLEAN = _plain(bool, "boolean")
INTEGER = Codec(_same, _whole, {"type": "integer"})


# --- numbers ---------------------------------------------------------------------------------------


def _encode_float(value: float) -> Json:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "-0.0" if value == 0 and math.copysign(1, value) < 0 else float(value)


def _decode_float(data: Json, at: str) -> float:
    if isinstance(data, str) and data in _SPECIAL:
        return _SPECIAL[data]
    if isinstance(data, bool) or not isinstance(data, int | float) or not math.isfinite(data):
        raise WireError(f"{at}: expected a finite number or one of {', '.join(_SPECIAL)}, got {data!r:.60}")
    return float(data)


FLOAT = Codec(_encode_float, _decode_float, {"anyOf": [{"type": "number"}, {"enum": list(_SPECIAL)}]})


def _encode_integer(value: int) -> Json:
    return value if abs(value) <= _SAFE else str(value)


def _decode_integer(data: Json, at: str) -> int:
    if isinstance(data, str) and re.fullmatch("-?[0-9]{1,40}", data):
        return int(data)
    return _whole(data, at)


LONG = Codec(
    _encode_integer,
    _decode_integer,
    {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^-?[0-9]{1,40}$"}]},
)


# --- objects and lists


def object_schema(properties: Mapping[str, Json]) -> Json:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def keys_of(data: Json, names: set[str], at: str) -> dict[str, Json]:
    if not isinstance(data, dict):
        raise WireError(f"{at}: expected an object, got {data!r:.60}")
    if missing := sorted(names - data.keys()):
        raise WireError(f"{at}: {', '.join(missing)} is missing")
    if unknown := sorted(data.keys() - names):
        raise WireError(f"{at}: {', '.join(unknown)} is unknown; expected {', '.join(sorted(names))}")
    return data


def items_of(data: Json, at: str) -> list[Json]:
    if not isinstance(data, list):
        raise WireError(f"{at}: expected a list, got {data!r:.60}")
    return data


# --- combinations


def one_of(values: tuple[str, ...]) -> Codec:
    def decode(data: Json, at: str) -> str:
        if data not in values:
            raise WireError(f"{at}: expected one of {', '.join(values)}, got {data!r:.60}")
        return str(data)

    return Codec(_same, decode, {"enum": list(values)})


def optional(codec: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else codec.encode(value),
        lambda data, at: None if data is None else codec.decode(data, at),
        {"anyOf": [codec.schema, {"type": "null"}]},
    )


def sequence(codec: Codec) -> Codec:
    return Codec(
        lambda value: list(map(codec.encode, value)),
        lambda data, at: tuple(codec.decode(item, f"{at}[{i}]") for i, item in enumerate(items_of(data, at))),
        {"type": "array", "items": codec.schema},
    )


def fixed(codecs: tuple[Codec, ...]) -> Codec:
    """A tuple of fixed length."""

    def decode(data: Json, at: str) -> Any:
        items = items_of(data, at)
        if len(items) != len(codecs):
            raise WireError(f"{at}: expected {len(codecs)} items, got {len(items)}")
        return tuple(
            codec.decode(item, f"{at}[{i}]")
            for i, (codec, item) in enumerate(zip(codecs, items, strict=True))
        )

    schema = {"type": "array", "prefixItems": [codec.schema for codec in codecs], "items": False}
    return Codec(
        lambda value: [codec.encode(item) for codec, item in zip(codecs, value, strict=True)],
        decode,
        {**schema, "minItems": len(codecs)},
    )


# --- arrays ----------------------------------------------------------------------------------------


def _element(dtype: str) -> Codec:
    return FLOAT if dtype in FLOATING else LONG if dtype in INTEGRAL else BOOLEAN


def _encode_literal(value: Literal) -> Json:
    encode = _element(value.dtype).encode
    return {"dtype": value.dtype, "shape": list(value.shape), "data": list(map(encode, value.data))}


def _decode_literal(data: Json, at: str) -> Literal:
    given = keys_of(data, {"dtype", "shape", "data"}, at)
    dtype = one_of(DTYPES).decode(given["dtype"], f"{at}.dtype")
    shape = sequence(INTEGER).decode(given["shape"], f"{at}.shape")
    element = _element(dtype)
    values = [
        element.decode(each, f"{at}.data[{i}]")
        for i, each in enumerate(items_of(given["data"], f"{at}.data"))
    ]
    if math.prod(shape) != len(values) or any(size < 0 for size in shape):
        raise WireError(
            f"{at}: the shape {list(shape)} holds {math.prod(shape)} elements, {len(values)} came"
        )
    return Literal(
        dtype, shape, tuple(_rounded(value, dtype, f"{at}.data[{i}]") for i, value in enumerate(values))
    )


def _rounded(value: Any, dtype: str, at: str) -> Any:
    """The value as the dtype holds it; a number that it cannot hold is an error."""
    try:
        with np.errstate(over="raise"):
            return np.dtype(dtype).type(value).item()
    except (OverflowError, FloatingPointError):
        raise WireError(f"{at}: {value!r} is out of the range of {dtype}") from None


def _array_schema() -> Json:
    def of(dtypes: tuple[str, ...]) -> Json:
        items = _element(dtypes[0]).schema
        properties = {
            "dtype": {"enum": list(dtypes)},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "data": {"type": "array", "items": items},
        }
        return object_schema(properties)

    return {"anyOf": [of(FLOATING), of(INTEGRAL), of(("bool",))]}


LITERAL = Codec(_encode_literal, _decode_literal, {"$ref": "#/$defs/array"})


def _encode_tensor(tensor: Tensor) -> Json:
    if tensor.value.dtype.name != tensor.dtype:
        raise WireError(f"a tensor said to be {tensor.dtype} came as an array of {tensor.value.dtype.name}")
    return _encode_literal(Literal.of(tensor.value))


def _decode_tensor(data: Json, at: str) -> Tensor:
    literal = _decode_literal(data, at)
    return Tensor(literal.array(), literal.dtype)


TENSOR = Codec(_encode_tensor, _decode_tensor, {"$ref": "#/$defs/array"})


# --- arguments -------------------------------------------------------------------------------------


def encode_argument(value: Any) -> Json:
    match value:
        case None | bool() | str():
            return value
        case int():
            return _encode_integer(value) if abs(value) <= _SAFE else {"int": str(value)}
        case float():
            return {"float": _encode_float(value)}
        case tuple():
            return list(map(encode_argument, value))
        case Var():
            return {"var": value.name}
        case Slice():
            return {"slice": list(map(encode_argument, (value.start, value.stop, value.step)))}
    if value is Ellipsis:
        return {"ellipsis": True}
    raise WireError(f"a {type(value).__name__} cannot be an argument of a statement")


def decode_argument(data: Json, at: str) -> Any:
    match data:
        case None | bool() | str() | int():
            return data
        case float() if data.is_integer():
            return int(data)
        case list():
            return tuple(decode_argument(item, f"{at}[{i}]") for i, item in enumerate(data))
        case {"var": str(name), **rest} if not rest:
            return Var(name)
        case {"float": number, **rest} if not rest:
            return _decode_float(number, f"{at}.float")
        case {"int": str(number), **rest} if not rest:
            return _decode_integer(number, f"{at}.int")
        case {"slice": [start, stop, step], **rest} if not rest:
            return Slice(*(decode_argument(part, f"{at}.slice") for part in (start, stop, step)))
        case {"ellipsis": True, **rest} if not rest:
            return Ellipsis
    raise WireError(
        f"{at}: expected null, a boolean, an integer, a string, a list, or an object with one of var, float,"
        f" int, slice, ellipsis; got {data!r:.60}"
    )


def _argument_schema() -> Json:
    part = {"type": ["integer", "null"]}
    parts = {"type": "array", "prefixItems": [part] * 3, "items": False, "minItems": 3}
    return {
        "anyOf": [
            {"type": ["null", "boolean", "integer", "string"]},
            {"type": "array", "items": {"$ref": "#/$defs/argument"}},
            object_schema({"var": {"type": "string"}}),
            object_schema({"float": FLOAT.schema}),
            object_schema({"int": LONG.schema["anyOf"][1]}),
            object_schema({"slice": parts}),
            object_schema({"ellipsis": {"const": True}}),
        ]
    }


ARGUMENT = Codec(encode_argument, decode_argument, {"$ref": "#/$defs/argument"})


def _encode_params(params: Params) -> Json:
    return {name: encode_argument(value) for name, value in params}


def _decode_params(data: Json, at: str) -> Params:
    if not isinstance(data, dict):
        raise WireError(f"{at}: expected an object of parameters by name, got {data!r:.60}")
    return tuple((name, decode_argument(value, f"{at}.{name}")) for name, value in data.items())


PARAMS = Codec(
    _encode_params, _decode_params, {"type": "object", "additionalProperties": {"$ref": "#/$defs/argument"}}
)


ARRAY_SCHEMA: Json = _array_schema()
ARGUMENT_SCHEMA: Json = _argument_schema()

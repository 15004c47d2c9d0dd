"""Arrays and arguments on the wire: written as JSON, read back, and described by JSON Schema.

The wire holds no value that JSON, or a language that reads it, could bend: NaN, infinities, -0.0 and integers
beyond 2**53 are strings, and a Python float among arguments is told from an int by its wrapping.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from conformance.programs.codec import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    LONG,
    SAFE,
    Codec,
    Json,
    WireError,
    decode_float,
    decode_integer,
    encode_float,
    encode_integer,
    items_of,
    keys_of,
    object_schema,
    one_of,
    sequence,
)
from conformance.programs.statements import Params, Var
from conformance.trace import Tensor
from oracles.question import DTYPES, FLOATING, INTEGRAL, Literal, Slice


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
            return encode_integer(value) if abs(value) <= SAFE else {"int": str(value)}
        case float():
            return {"float": encode_float(value)}
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
            return decode_float(number, f"{at}.float")
        case {"int": str(number), **rest} if not rest:
            return decode_integer(number, f"{at}.int")
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

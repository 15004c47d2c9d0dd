"""Codecs: how a type is written as JSON, read back and described by JSON Schema, and how to combine them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Any

# Integers that every reader of JSON keeps, a double being the only number of some.
SAFE = 2**53 - 1

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


def encode_float(value: float) -> Json:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "-0.0" if value == 0 and math.copysign(1, value) < 0 else float(value)


def decode_float(data: Json, at: str) -> float:
    if isinstance(data, str) and data in _SPECIAL:
        return _SPECIAL[data]
    if isinstance(data, bool) or not isinstance(data, int | float) or not math.isfinite(data):
        raise WireError(f"{at}: expected a finite number or one of {', '.join(_SPECIAL)}, got {data!r:.60}")
    return float(data)


FLOAT = Codec(encode_float, decode_float, {"anyOf": [{"type": "number"}, {"enum": list(_SPECIAL)}]})


def encode_integer(value: int) -> Json:
    return value if abs(value) <= SAFE else str(value)


def decode_integer(data: Json, at: str) -> int:
    if isinstance(data, str) and re.fullmatch("-?[0-9]{1,40}", data):
        return int(data)
    return _whole(data, at)


LONG = Codec(
    encode_integer,
    decode_integer,
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

"""Programs and traces as JSON, exactly, so that an implementation in any language can be asked the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from conformance.programs.codec import Codec, Json, WireError, object_schema
from conformance.programs.statements import Condition, Field, Program, Statement
from conformance.programs.typed_codecs import STATEMENTS, fields_schema, of_hint
from conformance.programs.validate import check
from conformance.programs.wire_values import ARGUMENT_SCHEMA, ARRAY_SCHEMA
from conformance.trace import Event, Observation, Place, Raised, Tensor, Trace

__all__ = [
    "VERSION",
    "WireError",
    "dumps",
    "from_json",
    "load_program",
    "loads",
    "schema",
    "to_json",
    "trace_from_json",
    "trace_to_json",
    "validate",
]

# A reader refuses another major number; a minor one adds what an older reader never sends.
VERSION = "1.0"

# What each field of an observation holds; a field that could not be read holds its error.
FIELDS: Mapping[Field, Any] = {
    "value": Tensor,
    "shape": tuple[int, ...],
    "dtype": str,
    "requires_grad": bool,
    "is_leaf": bool,
    "has_grad_fn": bool,
    "grad": Tensor | None,
    "version": int,
    "alias": int,
    "node": tuple[str, int] | None,
    "edges": tuple[tuple[str, int, int] | None, ...],
    "hook_log": tuple[str, ...],
    "warnings": tuple[tuple[str, str], ...],
}


def to_json(program: Program) -> dict[str, Json]:
    """The program as JSON values, for :func:`dumps`."""
    return {"wire": VERSION, "program": _PROGRAM.encode(program.statements)}


def from_json(data: Json) -> Program:
    """The program that JSON values say. Raises :class:`WireError`."""
    return Program(_PROGRAM.decode(_body(data, "program"), "program"))


def trace_to_json(trace: Trace) -> dict[str, Json]:
    """The trace as JSON values. Raises :class:`WireError` for a value that is not of its dtype."""
    observations = [_encode_observation(observation) for observation in trace.observations]
    return {"wire": VERSION, "trace": {"events": _EVENTS.encode(trace.events), "observations": observations}}


def trace_from_json(data: Json) -> Trace:
    """The trace that JSON values say. Raises :class:`WireError`."""
    body = _body(data, "trace")
    if not isinstance(body, dict) or body.keys() != {"events", "observations"}:
        raise WireError(f"trace: expected an object with events and observations, got {body!r:.60}")
    events = _EVENTS.decode(body["events"], "trace.events")
    observations = _OBSERVED.decode(body["observations"], "trace.observations")
    return Trace(list(events), list(observations))


def load_program(text: str) -> Program:
    """A program that came from outside: parsed strictly, held against its schema, decoded, and checked.

    Raises :class:`WireError` or :class:`~conformance.programs.validate.ProgramError`.
    """
    data = loads(text)
    validate(data, "program")
    program = from_json(data)
    check(program)
    return program


def loads(text: str) -> Json:
    """JSON as the standard has it: no NaN, no infinity, no key twice. Raises :class:`WireError`."""
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except (json.JSONDecodeError, RecursionError) as error:
        raise WireError(f"this is no JSON: {error}") from error


def dumps(data: Json) -> str:
    """JSON values on one line."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def _refuse(constant: str) -> Json:
    raise WireError(f"{constant} is no JSON; write the string {json.dumps(constant)}")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise WireError(f"the key {max(names, key=names.count)!r} stands twice in one object")
    return found


def _body(data: Json, name: str) -> Json:
    if not isinstance(data, dict) or not isinstance(data.get("wire"), str):
        raise WireError(f"expected an object with the version in 'wire' and a {name}, got {data!r:.60}")
    version = data["wire"]
    if version.split(".")[0] != VERSION.split(".")[0]:
        raise WireError(
            f"this speaks version {VERSION} of the wire and got version {version}; bring both to one"
        )
    if data.keys() != {"wire", name}:
        raise WireError(f"expected the keys wire and {name}, got {', '.join(sorted(data))}")
    return data[name]


# --- traces ----------------------------------------------------------------------------------------


def _encode_observation(observation: Observation) -> Json:
    seen = {name: _field(name).encode(value) for name, value in observation.fields.items()}
    return {"place": list(observation.place), "name": observation.name, "fields": seen}


def _decode_observation(data: Json, at: str) -> Observation:
    if (
        not isinstance(data, dict)
        or data.keys() != {"place", "name", "fields"}
        or not isinstance(data["fields"], dict)
    ):
        raise WireError(f"{at}: expected an object with place, name and fields, got {data!r:.60}")
    seen = {name: _field(name).decode(value, f"{at}.{name}") for name, value in data["fields"].items()}
    place = of_hint(Place).decode(data["place"], f"{at}.place")
    return Observation(place, of_hint(str).decode(data["name"], f"{at}.name"), seen)


@cache
def _field(name: str) -> Codec:
    if name not in FIELDS:
        raise WireError(f"{name!r} is no field of an observation; expected some of {', '.join(FIELDS)}")
    value, error = of_hint(FIELDS[name]), of_hint(Raised)  # type: ignore[index]
    return Codec(
        lambda seen: {"raised": error.encode(seen)} if isinstance(seen, Raised) else value.encode(seen),
        lambda data, at: (
            error.decode(data["raised"], f"{at}.raised")
            if isinstance(data, dict) and data.keys() == {"raised"}
            else value.decode(data, at)
        ),
        {"anyOf": [value.schema, object_schema({"raised": error.schema})]},
    )


_PROGRAM = of_hint(tuple[Statement, ...])
_EVENTS = of_hint(tuple[Event, ...])
_OBSERVED = Codec(
    lambda observations: list(map(_encode_observation, observations)),
    lambda data, at: tuple(_decode_observation(each, f"{at}[{i}]") for i, each in enumerate(data)),
    {"type": "array", "items": {"$ref": "#/$defs/observation"}},
)


# --- schemas ---------------------------------------------------------------------------------------

SCHEMAS = ("program", "trace")


def validate(data: Json, name: str) -> None:
    """Hold JSON values against the schema of that name, one of :data:`SCHEMAS`. Raises :class:`WireError`."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator(name).iter_errors(data))
    if error is not None:
        raise WireError(f"{name}: {error.json_path}: {error.message:.200}")


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator

    text = (resources.files("conformance") / "wire" / f"{name}.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def schema(name: str) -> dict[str, Json]:
    """The schema, derived from the types; the file of that name under ``conformance/wire`` holds the same."""
    shared = {"array": ARRAY_SCHEMA}
    major = VERSION.split(".")[0]
    version = {"type": "string", "pattern": f"^{major}\\.[0-9]+$"}
    if name == "program":
        definitions = shared | {"argument": ARGUMENT_SCHEMA, "condition": fields_schema(Condition)}
        definitions |= {tag: _tagged(tag, kind) for tag, kind in STATEMENTS.items()}
        definitions["statement"] = _by_tag()
        body = _PROGRAM.schema
    else:
        observation = {
            "place": of_hint(Place).schema,
            "name": {"type": "string"},
            "fields": {
                "type": "object",
                "properties": {name: _field(name).schema for name in FIELDS},
                "additionalProperties": False,
            },
        }
        definitions = shared | {"event": fields_schema(Event), "raised": fields_schema(Raised)}
        definitions["observation"] = object_schema(observation)
        body = object_schema({"events": _EVENTS.schema, "observations": _OBSERVED.schema})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A {name} on the wire, version {VERSION}",
        **object_schema({"wire": version, name: body}),
        "$defs": definitions,
    }


def _tagged(tag: str, kind: type) -> Json:
    own = fields_schema(kind)
    return object_schema({"statement": {"const": tag}, **own["properties"]})


def _by_tag() -> Json:
    """The statement of its tag, by conditions: an error then names what is wrong inside."""
    chosen = [
        {"if": {"properties": {"statement": {"const": tag}}}, "then": {"$ref": f"#/$defs/{tag}"}}
        for tag in STATEMENTS
    ]
    return {
        "type": "object",
        "properties": {"statement": {"enum": list(STATEMENTS)}},
        "required": ["statement"],
        "allOf": chosen,
    }

"""Known deviations of one implementation: a TOML file, strict in both directions.

Each entry names one behaviour and why it is there::

    [[deviation]]
    clause = "DOC-20"                    # and, or instead: law = "...", operator = "..."
    match = { field = "grad", pattern = "doubled" }
    reason = "the leaf's second use is counted twice"
    link = "https://example.org/issues/1"   # optional
    since = "2.13"                          # optional: the version in which it was first seen

``match`` holds at least one of: ``field`` (what was wrong: ``grad``, ``value.dtype``, ``outcome`` ...),
``pattern`` (a name of :data:`conformance.report.patterns.PATTERNS`), ``raises`` (an error class that was
raised), and the regular expressions ``got``, ``wanted``, ``statement`` and ``program``, searched for in
the texts of a failure's report.

A deviation is covered when an entry matches every single thing that was wrong. An entry that no longer
happens, or that names nothing there is, is an error as well.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from conformance.suggest import suggestion

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCOPES = ("clause", "law", "operator")
EXACT = ("field", "pattern", "raises")
EXPRESSIONS = ("got", "wanted", "statement", "program")
TEXTS = ("reason", "link", "since")


class KnownError(ValueError):
    """The file cannot be used; the message names the file, the line, and what to do."""


@dataclass(frozen=True)
class Seen:
    """What an entry is held against: one thing that was wrong with one program, as the report would say
    it.
    """

    clause: str
    law: str
    operators: frozenset[str]
    field: str
    pattern: str
    raises: frozenset[str]
    got: str
    wanted: str
    statement: str
    program: str


@dataclass(frozen=True)
class Entry:
    """One declared deviation. ``line`` is where it begins in ``file``."""

    file: str
    line: int
    clause: str | None
    law: str | None
    operator: str | None
    match: tuple[tuple[str, str], ...]
    reason: str
    link: str = ""
    since: str = ""

    @property
    def key(self) -> str:
        """Names the entry in counts and reports."""
        return f"{self.file}:{self.line}"

    @property
    def scope(self) -> str:
        """What the entry speaks about, in words."""
        return " ".join(name for name in (self.clause, self.law, self.operator) if name)

    def concerns(self, clause: str, law: str) -> bool:
        """Whether that law can ever meet the entry."""
        return self.clause in (None, clause) and self.law in (None, law)

    def covers(self, seen: Seen) -> bool:
        """Whether the entry names what was seen."""
        if not self.concerns(seen.clause, seen.law):
            return False
        if self.operator is not None and self.operator not in seen.operators:
            return False
        return all(_matches(key, wanted, seen) for key, wanted in self.match)

    def needs_pattern(self) -> bool:
        """Whether a pattern has to be recognised before the entry can be held against anything."""
        return any(key == "pattern" for key, _ in self.match)


def _matches(key: str, wanted: str, seen: Seen) -> bool:
    if key == "raises":
        return wanted in seen.raises
    if key in EXACT:
        return bool(getattr(seen, key) == wanted)
    return re.search(wanted, str(getattr(seen, key))) is not None


@dataclass(frozen=True)
class Names:
    """Every name that an entry may use, so that one that matches nothing is refused."""

    clauses: frozenset[str]
    laws: frozenset[str]
    operators: frozenset[str]
    patterns: frozenset[str]


def parse(text: str, file: str, names: Names) -> tuple[Entry, ...]:
    """The entries of a file's text.

    Raises:
        KnownError: no TOML, an unknown key or name, an entry without a scope, a matcher or a reason.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KnownError(f"{file}: no valid TOML: {error}") from None
    unknown = sorted(set(table) - {"deviation"})
    if unknown:
        raise KnownError(f"{file}: unknown key {unknown[0]!r}; the file holds [[deviation]] entries only")
    entries = table.get("deviation", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise KnownError(f"{file}: 'deviation' is a list of tables; begin each with [[deviation]]")
    return tuple(
        _Reader(file, line, names).entry(entry) for line, entry in zip(_lines(text), entries, strict=True)
    )


def load(path: Path, names: Names) -> tuple[Entry, ...]:
    """The entries of a file.

    Raises:
        KnownError: as for :func:`parse`, or the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise KnownError(f"{path}: cannot be read: {reason}") from None
    return parse(text, path.name, names)


def of_implementation(name: str, names: Names) -> tuple[Entry, ...]:
    """The entries of ``conformance/known/NAME.toml``; none where there is no such file."""
    file = f"{name.replace(':', '-')}.toml"
    found = resources.files("conformance").joinpath("known").joinpath(file)
    if not found.is_file():
        return ()
    return parse(found.read_text(encoding="utf-8"), file, names)


def _lines(text: str) -> list[int]:
    """The line of each ``[[deviation]]``; entries written inline, in a list, count as on the first line."""
    head = re.compile(r"\s*\[\[\s*deviation\s*\]\]")
    heads = [number for number, line in enumerate(text.splitlines(), 1) if head.match(line)]
    return heads or [1] * len(tomllib.loads(text).get("deviation", []))


@dataclass(frozen=True)
class _Reader:
    file: str
    line: int
    names: Names

    def error(self, what: str) -> KnownError:
        return KnownError(f"{self.file}, line {self.line}: {what}")

    def entry(self, table: Mapping[str, Any]) -> Entry:
        self.known_keys(table, (*SCOPES, "match", *TEXTS), "the entry")
        texts = {key: self.text(table, key) for key in (*SCOPES, *TEXTS)}
        if not any(texts[key] for key in SCOPES):
            raise self.error("the entry names no clause, no law and no operator; give one of them")
        if not texts["reason"].strip():
            raise self.error("the reason is empty; say why the deviation is there, or delete the entry")
        self.named("clause", texts["clause"], self.names.clauses)
        self.named("law", texts["law"], self.names.laws)
        self.named("operator", texts["operator"], self.names.operators)
        return Entry(
            self.file,
            self.line,
            texts["clause"] or None,
            texts["law"] or None,
            texts["operator"] or None,
            self.match(table.get("match")),
            texts["reason"],
            texts["link"],
            texts["since"],
        )

    def known_keys(self, table: Mapping[str, Any], allowed: Iterable[str], what: str) -> None:
        for key in table:
            if key not in allowed:
                near, known = suggestion(key, allowed), ", ".join(allowed)
                raise self.error(f"unknown key {key!r} in {what}{near}; it may hold {known}")

    def text(self, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self.error(f"{key} is a text in quotes, found {value!r}")
        return value

    def named(self, kind: str, name: str, known: frozenset[str]) -> None:
        if name and name not in known:
            near = suggestion(name, known)
            raise self.error(f"no {kind} is called {name!r}{near}; mend the name or delete the entry")

    def match(self, table: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(table, dict) or not table:
            raise self.error("the entry has no match = { ... }; name the one behaviour that it declares")
        self.known_keys(table, (*EXACT, *EXPRESSIONS), "match")
        texts = {key: self.text(table, key) for key in table}
        for key in EXPRESSIONS:
            try:
                re.compile(texts.get(key, ""))
            except re.error as error:
                raise self.error(f"match.{key} is no regular expression: {error}") from None
        self.named("pattern", texts.get("pattern", ""), self.names.patterns)
        return tuple(sorted(texts.items()))

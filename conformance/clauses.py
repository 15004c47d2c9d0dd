"""The clauses of SPEC.md, read strictly: a line of an unknown shape is an error that names the line.

The grammar, line by line (blank lines separate paragraphs)::

    # Specification                                  the title, first line of the file
    Version 0.1.0                                    the specification's own semantic version
    any prose                                        introduction
    ## Level: document                               opens a level; prose may follow
    ### DOC-07 Gradients accumulate in leaves only   opens a clause: its id, and its sentence as the title
    *Level:* document · *Document:* section 5, cell 5  the next line: its level, and the place it stands for
    any prose                                        the text, possibly none
    Contested:                                       optional, last: the contested points, one bullet each
    - a point, continued on lines that are indented

An id is two or more capitals, a hyphen and two or more digits; ids are unique, and a clause's level is
that of the section it stands in. Prose never begins with ``#``, ``*Level:*`` or a bullet outside of
``Contested:``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TypeAlias

LEVELS = ("document", "numerics", "mechanics")


class SpecError(ValueError):
    """SPEC.md does not follow the grammar; the message names the line."""


@dataclass(frozen=True)
class Clause:
    """One numbered clause: ``title`` is its sentence, ``place`` where the document says so, ``text`` the
    prose.
    """

    id: str
    level: str
    title: str
    place: str
    text: str = ""
    contested: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spec:
    """The specification: its semantic version and its clauses by id, in order."""

    version: str
    clauses: Mapping[str, Clause]

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that have a clause, in the order of the file."""
        return tuple(dict.fromkeys(clause.level for clause in self.clauses.values()))


Numbered: TypeAlias = tuple[int, str]

_TITLE = re.compile(r"# \S.*")
_VERSION = re.compile(r"Version (\d+\.\d+\.\d+)")
_LEVEL = re.compile(r"## Level: (\w+)")
_CLAUSE = re.compile(r"### ([A-Z]{2,}-\d{2,}) (\S.*)")
_PLACE = re.compile(r"\*Level:\* (\w+) · \*Document:\* (\S.*)")


def parse(text: str, name: str = "SPEC.md") -> Spec:
    """The specification written in ``text``.

    Raises:
        SpecError: a line of an unknown shape, an id used twice, a level unknown or not that of its section.
    """
    return _Parser(name).parse(text)


@cache
def spec() -> Spec:
    """The specification that this package carries."""
    return parse(resources.files("conformance").joinpath("SPEC.md").read_text(encoding="utf-8"))


@dataclass
class _Draft:
    id: str
    title: str
    line: int
    place: str = ""
    prose: list[str] = field(default_factory=list)
    contested: list[str] | None = None


@dataclass
class _Parser:
    name: str
    version: str = ""
    level: str = ""
    draft: _Draft | None = None
    clauses: dict[str, Clause] = field(default_factory=dict)

    def parse(self, text: str) -> Spec:
        lines = [(number, line.rstrip()) for number, line in enumerate(text.splitlines(), 1)]
        if not lines or not _TITLE.fullmatch(lines[0][1]):
            raise self.error(
                1, "the file begins with a title, '# Specification'", lines[0][1] if lines else ""
            )
        for number, line in lines[1:]:
            self.line(number, line)
        self.close()
        if not self.version:
            raise SpecError(f"{self.name}: no line 'Version 1.2.3' in the introduction")
        if not self.clauses:
            raise SpecError(f"{self.name}: no clause; a clause begins with '### DOC-01 Its sentence'")
        return Spec(self.version, self.clauses)

    def error(self, number: int, expected: str, line: str) -> SpecError:
        return SpecError(f"{self.name}, line {number}: expected {expected}; found {line!r}")

    def line(self, number: int, line: str) -> None:
        if line.startswith("### "):
            self.open(number, line)
        elif line.startswith("## "):
            self.section(number, line)
        elif line.startswith("#"):
            raise self.error(number, "'## Level: NAME' or '### ID Sentence'", line)
        elif self.draft is not None:
            self.inside(self.draft, number, line)
        elif match := _VERSION.fullmatch(line):
            self.version = match[1]
        elif line.startswith(("*Level:*", "- ")):
            raise self.error(number, "prose, '## Level: NAME' or '### ID Sentence' outside of a clause", line)

    def section(self, number: int, line: str) -> None:
        self.close()
        match = _LEVEL.fullmatch(line)
        if match is None or match[1] not in LEVELS:
            raise self.error(number, f"'## Level: NAME', NAME one of {', '.join(LEVELS)}", line)
        self.level = match[1]

    def open(self, number: int, line: str) -> None:
        self.close()
        match = _CLAUSE.fullmatch(line)
        if match is None:
            raise self.error(number, "'### DOC-01 Its sentence'", line)
        if not self.level:
            raise self.error(number, "'## Level: NAME' before the first clause", line)
        if match[1] in self.clauses:
            raise self.error(number, f"an id of its own, {match[1]} is taken", line)
        self.draft = _Draft(match[1], match[2], number)

    def inside(self, draft: _Draft, number: int, line: str) -> None:
        if not draft.place:
            match = _PLACE.fullmatch(line)
            if match is None or match[1] != self.level:
                raise self.error(
                    number, f"'*Level:* {self.level} · *Document:* PLACE' below {draft.id}", line
                )
            draft.place = match[2]
        elif draft.contested is not None:
            self.contested(draft.contested, number, line)
        elif line == "Contested:":
            draft.contested = []
        elif line.startswith(("*Level:*", "- ")):
            raise self.error(number, f"prose, or 'Contested:' before a bullet, in {draft.id}", line)
        else:
            draft.prose.append(line)

    def contested(self, points: list[str], number: int, line: str) -> None:
        if line.startswith("- "):
            points.append(line[2:].strip())
        elif line.startswith("  ") and points:
            points[-1] += " " + line.strip()
        elif line:
            raise self.error(number, "'- a contested point', or its continuation indented", line)

    def close(self) -> None:
        draft, self.draft = self.draft, None
        if draft is None:
            return
        if not draft.place:
            raise self.error(
                draft.line + 1, f"'*Level:* {self.level} · *Document:* PLACE' below {draft.id}", ""
            )
        if draft.contested == []:
            raise self.error(draft.line, f"a bullet after 'Contested:' in {draft.id}", draft.title)
        self.clauses[draft.id] = Clause(
            draft.id,
            self.level,
            draft.title,
            draft.place,
            _paragraphs(draft.prose),
            tuple(draft.contested or ()),
        )


def _paragraphs(lines: Iterable[str]) -> str:
    """Lines joined into paragraphs, one blank line between two."""
    joined = "\n".join(lines).strip()
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", joined)) if joined else ""

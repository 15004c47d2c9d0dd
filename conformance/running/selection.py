"""Which laws a run is about: by level, and by patterns for clauses, laws and parts of laws."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from conformance.clauses import Clause, Spec
from conformance.laws.law import LAWS, Law
from conformance.running.lawrun import parts_of
from conformance.suggest import suggestion


class NothingSelected(ValueError):
    """A pattern or a level matches nothing; the message says which, and what is near."""


@dataclass(frozen=True)
class Selected:
    """A law, and those of its parts that are to be run, in order."""

    law: Law
    parts: tuple[str | None, ...]
    whole: bool = True


@dataclass(frozen=True)
class Selection:
    """The laws of a run, in the order of their clauses, the clauses that they are to decide, and all laws
    there are.
    """

    laws: tuple[Selected, ...]
    clauses: tuple[Clause, ...]
    all_laws: tuple[Law, ...]


def all_laws() -> dict[str, Law]:
    """Every law of the suite; imports every module of :mod:`conformance.laws` but its tests."""
    package: Any = importlib.import_module("conformance.laws")
    for module in pkgutil.walk_packages(package.__path__, "conformance.laws."):
        if not module.name.rpartition(".")[2].startswith("test_"):
            importlib.import_module(module.name)
    return dict(LAWS)


def select(
    spec: Spec, laws: Iterable[Law], levels: Sequence[str] = (), only: Sequence[str] = ()
) -> Selection:
    """The laws and clauses that the levels (none: all) and patterns (none: all) leave.

    A pattern is an id of a clause, a name of a law, a part (an operator), or ``LAW[PART]``; it may hold
    ``*`` and ``?``, and case does not matter.

    Raises:
        NothingSelected: a pattern or a level that matches nothing.
    """
    for level in levels:
        if level not in spec.levels:
            there_are = ", ".join(spec.levels)
            raise NothingSelected(f"the specification has no level {level!r}; it has {there_are}")
    order = {clause_id: place for place, clause_id in enumerate(spec.clauses)}
    ordered = sorted(laws, key=lambda law: order.get(law.clause, len(order)))
    clauses = [clause for clause in spec.clauses.values() if not levels or clause.level in levels]
    wanted = {clause.id for clause in clauses}
    candidates = [Selected(law, parts_of(law)) for law in ordered if law.clause in wanted]
    if not only:
        return Selection(tuple(candidates), tuple(clauses), tuple(ordered))
    return Selection(*_matching(candidates, clauses, only), tuple(ordered))


def _matching(
    candidates: Sequence[Selected], clauses: Sequence[Clause], only: Sequence[str]
) -> tuple[tuple[Selected, ...], tuple[Clause, ...]]:
    names = {name for each in candidates for name in _names(each)} | {clause.id for clause in clauses}
    for pattern in only:
        if not any(_fits(name, pattern) for name in names):
            found = suggestion(pattern, names)
            raise NothingSelected(f"--only {pattern!r} matches no clause, law or operator of this run{found}")
    laws = tuple(chosen for each in candidates if (chosen := _narrowed(each, only)) is not None)
    ids = {each.law.clause for each in laws}
    kept = [c for c in clauses if c.id in ids or any(_fits(c.id, pattern) for pattern in only)]
    return laws, tuple(kept)


def _fits(name: str, pattern: str) -> bool:
    # Brackets stand for themselves: an operator is named as in LAW[operator].
    literal = pattern.casefold().replace("[", "[[]")
    return fnmatchcase(name.casefold(), literal)


def _names(each: Selected) -> set[str]:
    parts = {part for part in each.parts if part is not None}
    return {each.law.name, each.law.clause, *parts, *(f"{each.law.name}[{part}]" for part in parts)}


def _narrowed(each: Selected, only: Sequence[str]) -> Selected | None:
    law = each.law
    if any(_fits(name, pattern) for name in (law.name, law.clause) for pattern in only):
        return each
    parts = tuple(
        part
        for part in each.parts
        if part is not None and any(_fits(n, p) for n in (part, f"{law.name}[{part}]") for p in only)
    )
    return Selected(law, parts, whole=False) if parts else None

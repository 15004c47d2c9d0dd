"""Sets up a run: the implementation, the oracles that are there, those that must abstain, the known
deviations.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.errors import CannotRun, NotReady
from conformance.suggest import suggestion

if TYPE_CHECKING:
    from conformance.deviations import Entry, Names
    from conformance.implementation import Implementation
    from oracles.question import Oracle


@dataclass
class Bench:
    """The oracles in session by name, and why the others are not."""

    oracles: dict[str, Oracle] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    abstaining: dict[str, str] = field(default_factory=dict)

    def sentence(self) -> str:
        """Who judges, with versions, and who does not and why, on one line."""
        there = ", ".join(f"{name} ({oracle.version})" for name, oracle in self.oracles.items()) or "none"
        words = [f"oracles: {there}"]
        words += [f"{name} abstains: {why}" for name, why in self.abstaining.items()]
        words += [f"{name} is missing: {why}" for name, why in self.missing.items()]
        return "; ".join(words)


def implementation_called(name: str) -> Implementation:
    """The implementation that a user names.

    Raises:
        CannotRun: nothing there is called so, it cannot be imported, or it is no implementation.
    """
    from conformance.adapters.loading import LoadError, load

    # Somebody's own module stands in the working directory, where a console script does not look.
    if (here := os.getcwd()) not in sys.path:
        sys.path.insert(0, here)
    try:
        return load(name)
    except LoadError as error:
        raise CannotRun(str(error)) from None


def check_smoke(implementation: Implementation) -> None:
    """Put a dozen simple facts to the implementation.

    Raises:
        CannotRun: it gets one wrong; the message has the hints of all of them.
    """
    from conformance.adapters.smoke import smoke

    failures = [str(failure) for failure in smoke(implementation)]
    if failures:
        facts = "\n".join(f"  {failure}" for failure in failures)
        raise NotReady(f"the adapter of {implementation.name} is not right yet, so no law was run:\n{facts}")


def bench(implementation: Implementation, names: Sequence[str], required: Sequence[str]) -> Bench:
    """The oracles to ask: those named, or all.

    Raises:
        CannotRun: an unknown name, none left, a required one that is missing, or that must abstain.
    """
    import oracles

    for name in (*names, *required):
        if name not in oracles.NAMES:
            near = suggestion(name, oracles.NAMES) or f"; there are {', '.join(oracles.NAMES)}"
            raise CannotRun(f"no oracle is called {name!r}{near}")
    found = Bench()
    judges_itself = engines(implementation)
    for name in oracles.NAMES:
        if names and name not in (*names, *required):
            continue
        if name in judges_itself:
            found.abstaining[name] = "it is what the implementation computes with"
            continue
        try:
            found.oracles[name] = oracles.load(name)
        except ImportError as error:
            found.missing[name] = " ".join(str(error).split())
    _check(found, required)
    return found


def _check(found: Bench, required: Sequence[str]) -> None:
    for name in required:
        if name in found.abstaining:
            raise CannotRun(
                f"--require-oracle {name}: it must abstain, since {found.abstaining[name]}; require another"
            )
        if name in found.missing:
            raise CannotRun(
                f"--require-oracle {name}: it is missing: {found.missing[name]}; install its engine"
            )
    if not found.oracles:
        raise CannotRun(f"no oracle is left to judge; {found.sentence()}")


def engines(implementation: Implementation) -> frozenset[str]:
    """The libraries that the implementation is, or is a guise of, by top-level name.

    An adapter says so with an attribute ``engines``; one that is spelled like its namespace is recognised
    by it, and one in the box by its name (``torch-compile``).
    """
    declared = tuple(getattr(implementation, "engines", ()))
    namespace = getattr(getattr(implementation, "namespace", None), "__name__", "")
    called = str(implementation.name).replace(":", "-").partition("-")[0]
    return frozenset({*declared, str(namespace).partition(".")[0], called} - {""})


def names() -> Names:
    """Every name that a known-deviation file may use."""
    from conformance.catalogue import CATALOGUE
    from conformance.clauses import spec
    from conformance.deviations import Names
    from conformance.report.patterns import PATTERNS
    from conformance.running.selection import all_laws

    laws = all_laws()
    return Names(frozenset(spec().clauses), frozenset(laws), frozenset(CATALOGUE), frozenset(PATTERNS))


def known(name: str, expect: Path | None) -> tuple[Entry, ...]:
    """The known deviations: of the file that is given, or those in the box for what was named on the
    command line.

    Raises:
        CannotRun: the file cannot be used.
    """
    from conformance.deviations import KnownError, load, of_implementation

    try:
        return load(expect, names()) if expect is not None else of_implementation(name, names())
    except KnownError as error:
        raise CannotRun(str(error)) from None

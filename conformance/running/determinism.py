"""The same cases every time: what Hypothesis does behind one's back is held still for the time of a run.

Hypothesis mixes into what it draws the constants that it finds in modules outside of site-packages, so
that a user's adapter, or a checkout instead of a wheel, would change the programs; it ends shrinking after
five minutes, so that a busy machine would change the counterexample; and after each case that it draws it
runs up to five variants of that case, in which equal parts stand in several places, so that of a small budget
only a sixth would be new. None of the three has a setting of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.internal.conjecture import engine, providers


class HypothesisChanged(RuntimeError):
    """The installed Hypothesis lacks an attribute that has to be held still."""


@contextmanager
def steady() -> Iterator[None]:
    """Within: no constants of local modules, no limit on the seconds of shrinking, no variants of what was
    drawn. Re-entrant; restores all three.

    Raises:
        HypothesisChanged: the installed release keeps one of them elsewhere, so that runs would not repeat.
    """
    nothing = _no_constants()
    _require(providers, "_get_local_constants", "CONSTANTS_CACHE")
    _require(engine, "MAX_SHRINKING_SECONDS")
    _require(engine.ConjectureRunner, "generate_mutations_from")
    held: list[tuple[Any, str, Any]] = [
        (providers, "_get_local_constants", lambda: nothing),
        (engine, "MAX_SHRINKING_SECONDS", float("inf")),
        (engine.ConjectureRunner, "generate_mutations_from", lambda runner, drawn: None),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in held]
    # What an earlier search, of somebody's own tests, cached holds local constants; ours holds none.
    providers.CONSTANTS_CACHE.cache.clear()
    try:
        for module, name, value in held:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        providers.CONSTANTS_CACHE.cache.clear()


def _no_constants() -> Any:
    _require(providers, "_local_constants")
    kind = type(providers._local_constants)
    return kind()


def _require(module: Any, *names: str) -> None:
    for name in names:
        if not hasattr(module, name):
            raise HypothesisChanged(
                f"Hypothesis {hypothesis.__version__} has no {module.__name__}.{name}, which the suite holds"
                " still so that runs repeat; install a release that the suite was tested with"
            )


def settings(cases: int) -> hypothesis.settings:
    """The settings of every search; ``max_examples`` is the one that an effort decides."""
    return hypothesis.settings(
        max_examples=cases,
        database=None,
        deadline=None,
        derandomize=True,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.target, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )

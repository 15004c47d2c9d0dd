"""A dozen facts about what an implementation claims, looked at before any law: is the adapter right at all?

A failure says what was expected, what came, and the line of the adapter to change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.adapters.smoke_facts import DETERMINISTIC, Fact, facts
from conformance.adapters.smoke_looks import Wrong, kind_of, same
from conformance.implementation import CAPABILITIES, Claims, Implementation, needs
from conformance.programs.statements import Program
from conformance.trace import Event, Observation, Trace

_GIVES_A_TRACE = "run gives a trace"
_TRACE_HINT = "Build it as conformance.trace.Trace(events, observations) and return it from run."


@dataclass(frozen=True, slots=True)
class SmokeFailure:
    """One fact that does not hold."""

    fact: str
    expected: str
    came: str
    hint: str

    def __str__(self) -> str:
        return f"{self.fact}: expected {self.expected}, got {self.came}. {self.hint}"


def smoke(implementation: Implementation) -> list[SmokeFailure]:
    """The facts that do not hold, of those that the implementation claims; none of it raises.

    One that gives no trace at all has one failure only, since all others would say the same.
    """
    failures = [*_claims(implementation)]
    if failures:
        return failures
    asked = [fact for fact in facts() if not _unclaimed(fact, implementation.claims)]
    if not asked:
        return [
            SmokeFailure(
                "claims", "some operator and dtype claimed", "none", "Widen the operators of claims."
            )
        ]
    for fact in asked:
        failure = _failure(fact, implementation)
        if failure is not None:
            failures.append(failure)
            if failure.fact == _GIVES_A_TRACE:
                break
    return failures


def _claims(implementation: Implementation) -> Iterator[SmokeFailure]:
    claims: Any = implementation.claims
    if not isinstance(claims, Claims):
        yield SmokeFailure("claims", "a Claims", kind_of(claims), "Return Claims() to claim everything.")
    elif unknown := sorted(set(claims.capabilities) - set(CAPABILITIES)):
        known = f"some of {', '.join(CAPABILITIES)}"
        yield SmokeFailure(
            "claims", known, ", ".join(unknown), "Correct the names in Claims(capabilities=...)."
        )


def _unclaimed(fact: Fact, claims: Claims) -> bool:
    return bool(claims.lacks(needs(fact.program)) or fact.capabilities - claims.capabilities)


def _failure(fact: Fact, implementation: Implementation) -> SmokeFailure | None:
    try:
        trace = _trace(implementation, fact.program)
        fact.look(trace, fact.program)
        if fact.name == DETERMINISTIC:
            same(trace, _trace(implementation, fact.program))
    except _NoTrace as wrong:
        return SmokeFailure(_GIVES_A_TRACE, wrong.expected, wrong.came, wrong.hint)
    except Wrong as wrong:
        return SmokeFailure(fact.name, wrong.expected, wrong.came, wrong.hint)
    except Exception as error:
        came = f"a trace that cannot be read ({type(error).__name__}: {error})"
        return SmokeFailure(fact.name, "a Trace of Events and Observations", came, _TRACE_HINT)
    return None


class _NoTrace(Wrong):
    """There is nothing to look at."""


def _trace(implementation: Implementation, program: Program) -> Trace:
    try:
        trace: Any = implementation.run(program)
    except Exception as error:
        came = f"{type(error).__name__}: {error}"
        hint = "Catch what a statement raises and record Event(place, 'raised', Raised.of(error))."
        raise _NoTrace("a Trace, whatever the program does", came, hint) from error
    if not isinstance(trace, Trace):
        raise _NoTrace("a conformance.trace.Trace", kind_of(trace), _TRACE_HINT)
    for items, wanted in ((trace.events, Event), (trace.observations, Observation)):
        for item in items:
            if not isinstance(item, wanted):
                raise _NoTrace(f"{wanted.__name__}s in the trace", kind_of(item), _TRACE_HINT)
    return trace

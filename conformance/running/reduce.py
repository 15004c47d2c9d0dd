"""Makes a failing program smaller still, statement by statement, once Hypothesis can draw no smaller case.

What a law draws is never smaller than its strategy's smallest case, which may hold statements that this
failure does not need. Here they are left out, and of the observations only those of what is wrong are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from conformance.judging.verdict import Deviation
from conformance.programs import statements as st
from conformance.programs.validate import ProgramError, check
from conformance.running.guard import Crash

Failing = TypeVar("Failing", Deviation, Crash)

# Runs a program; the error that shows what is wrong with it, None if nothing is or it cannot be judged.
Probe = Callable[[st.Program], "Exception | None"]


def reduced(found: Failing, probe: Probe, budget: int) -> Failing:
    """The same thing wrong with a program that is no larger; ``budget`` is the number of programs to try."""
    wanted = _signature(found)

    def attempt(program: st.Program) -> Failing | None:
        nonlocal budget
        budget -= 1
        if budget < 0 or not _is_program(program):
            return None
        shown = probe(program)
        return shown if isinstance(shown, type(found)) and _signature(shown) == wanted else None

    smallest = attempt(found.program)
    while smallest is not None:
        found = smallest
        smallest = next(filter(None, map(attempt, _smaller(found.program, wanted[0]))), None)
    return found


def _signature(error: Exception) -> tuple[str, str]:
    """What makes two failures the same for this purpose: the first thing wrong, and the field or class."""
    if isinstance(error, Deviation):
        return error.mismatches[0].subject, error.mismatches[0].field
    return "", type(getattr(error, "error", error)).__name__


def _is_program(program: st.Program) -> bool:
    try:
        check(program)
    except ProgramError:
        return False
    return True


def _smaller(program: st.Program, subject: str) -> Iterator[st.Program]:
    """The programs one step smaller, the largest steps first."""
    yield from _observing(program, (subject,) if subject in program.names else ())
    for statements in _fewer(program.statements):
        yield st.Program(statements)


def _fewer(statements: tuple[st.Statement, ...]) -> Iterator[tuple[st.Statement, ...]]:
    """Without one statement, from the end, since what comes later needs what came before; a block may also
    give way to its body.
    """
    for index in reversed(range(len(statements))):
        before, statement, after = statements[:index], statements[index], statements[index + 1 :]
        if isinstance(statement, st.Observe):
            continue
        yield before + after
        for body in st.bodies(statement):
            yield before + body + after
        for smaller in _smaller_blocks(statement):
            yield (*before, smaller, *after)


def _smaller_blocks(statement: st.Statement) -> Iterator[st.Statement]:
    if isinstance(statement, st.GradMode | st.Repeat | st.While):
        for body in _fewer(statement.body):
            yield replace(statement, body=body)
    if isinstance(statement, st.Repeat) and statement.times > 1:
        yield replace(statement, times=statement.times - 1)
    if isinstance(statement, st.If):
        for then in _fewer(statement.then):
            yield replace(statement, then=then)
        for otherwise in _fewer(statement.otherwise):
            yield replace(statement, otherwise=otherwise)


def _observing(program: st.Program, names: tuple[str, ...]) -> Iterator[st.Program]:
    """The program that observes less: nothing but what is wrong."""
    for index, statement in enumerate(program.statements):
        if isinstance(statement, st.Observe) and set(statement.names) > set(names):
            smaller = replace(statement, names=names)
            yield st.Program((*program.statements[:index], smaller, *program.statements[index + 1 :]))

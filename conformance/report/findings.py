"""Writes a failure down: exceptions and tensors in, plain texts out, in the process that found it."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conformance.deviations import Entry, Seen
from conformance.judging.numbers import Opinion
from conformance.judging.verdict import Deviation, Disputed, Mismatch
from conformance.laws.law import Law
from conformance.programs import statements as st
from conformance.programs.printer import one_line, source
from conformance.programs.wire import to_json
from conformance.report.patterns import Case, recognise
from conformance.report.values import at, number, rough, shown
from conformance.running.guard import Crash
from conformance.running.results import Failure, Finding, Said
from conformance.running.search import Found
from conformance.trace import Place, Raised, Tensor, Trace
from oracles.question import Abstain, Oracle

MOST = 6  # things wrong with one program; more say nothing new


def failure(law: Law, part: str | None, found: Found, oracles: Sequence[Oracle]) -> Failure:
    """The finished report of what a search found."""
    error = found.error
    if isinstance(error, Deviation):
        return _deviation(law, part, found, error, oracles)
    if isinstance(error, Disputed):
        said = tuple(_said(opinion, None) for opinion in error.opinions)
        finding = Finding((), "", error.subject, "", "one answer", "two that exclude each other", said=said)
        return _failure(law, part, found, error.program, None, (finding,), str(error))
    if isinstance(error, Crash):
        return _failure(
            law, part, found, error.program, None, (), f"{error}: {Raised.of(error.error).message}"
        )
    where = traceback.extract_tb(error.__traceback__)
    last = next((frame for frame in reversed(where) if "hypothesis" not in Path(frame.filename).parts), None)
    place = f" ({Path(last.filename).name}, line {last.lineno})" if last else ""
    return _failure(law, part, found, found.program, None, (), f"{_text(error)}{place}")


def _text(error: BaseException) -> str:
    raised = Raised.of(error)
    return f"{raised.classes[0]}: {raised.message}"


def _deviation(
    law: Law, part: str | None, found: Found, error: Deviation, oracles: Sequence[Oracle]
) -> Failure:
    findings = tuple(_finding(error.program, mismatch, oracles) for mismatch in error.mismatches[:MOST])
    more = len(error.mismatches) - len(findings)
    message = f"and {more} more of this program" if more else ""
    return _failure(law, part, found, error.program, error.trace, findings, message)


def _failure(
    law: Law,
    part: str | None,
    found: Found,
    program: st.Program | None,
    trace: Trace | None,
    findings: tuple[Finding, ...],
    message: str,
) -> Failure:
    # A scripted clause has no program: what its script did stands in its findings.
    written = program if program is not None and program.statements else None
    return Failure(
        law.name,
        law.clause,
        found.kind,
        part,
        found.example,
        source(written, trace=trace) if written else "",
        to_json(written) if written else None,
        findings,
        message,
    )


def _finding(program: st.Program, mismatch: Mismatch, oracles: Sequence[Oracle]) -> Finding:
    pattern = recognise(Case(mismatch, program, oracles))
    worst = mismatch.worst
    return Finding(
        place=tuple(mismatch.place),
        statement=statement_at(program, mismatch.place),
        subject=mismatch.subject,
        field=mismatch.field,
        wanted=shown(mismatch.wanted),
        got=shown(mismatch.got),
        why=mismatch.why,
        pattern=pattern.name if pattern else "",
        looks_like=pattern.sentence if pattern else "",
        worst=worst,
        got_at=_got_at(mismatch),
        allowance="" if mismatch.slack is None or worst is None else rough(at(mismatch.slack, worst)),
        said=tuple(_said(opinion, worst) for opinion in mismatch.opinions),
    )


def _got_at(mismatch: Mismatch) -> str:
    got, worst = mismatch.got, mismatch.worst
    return number(at(got.value, worst)) if isinstance(got, Tensor) and worst is not None else ""


def _said(opinion: Opinion, worst: tuple[int, ...] | None) -> Said:
    reply = opinion.reply
    if isinstance(reply, Abstain):
        return Said(opinion.oracle, abstains=reply.why)
    if worst is None:
        return Said(opinion.oracle, shown(reply), bound=rough(np.max(reply.bound, initial=0.0)))
    return Said(opinion.oracle, shown(reply), number(at(reply.value, worst)), rough(at(reply.bound, worst)))


def statement_at(program: st.Program, place: Place) -> str:
    """The source of the statement at a place, on one line; empty where there is none."""
    statements: tuple[st.Statement, ...] = program.complete().statements
    steps = list(place)
    while steps:
        index = steps.pop(0)
        if not 0 <= index < len(statements):
            return ""
        statement = statements[index]
        if not steps:
            return "" if isinstance(statement, st.Observe) else one_line(statement)
        inside, round_ = st.bodies(statement), steps.pop(0)
        if not inside:
            return ""
        statements = inside[round_] if isinstance(statement, st.If) and round_ < len(inside) else inside[0]
    return ""


def undeclared(
    law: Law, part: str | None, error: Deviation, entries: Iterable[Entry], oracles: Sequence[Oracle]
) -> tuple[list[Mismatch], list[str]]:
    """The mismatches that no entry declares, and the keys of the entries that declare the others."""
    concerned = [entry for entry in entries if entry.concerns(law.clause, law.name)]
    if not concerned:
        return error.mismatches, []
    with_pattern = any(entry.needs_pattern() for entry in concerned)
    rest, keys = [], []
    for mismatch in error.mismatches:
        seen = _seen(law, part, error.program, mismatch, oracles if with_pattern else None)
        key = next((entry.key for entry in concerned if entry.covers(seen)), None)
        if key is None:
            rest.append(mismatch)
        else:
            keys.append(key)
    return rest, list(dict.fromkeys(keys))


def _seen(
    law: Law, part: str | None, program: st.Program, mismatch: Mismatch, oracles: Sequence[Oracle] | None
) -> Seen:
    pattern = None if oracles is None else recognise(Case(mismatch, program, oracles))
    return Seen(
        clause=law.clause,
        law=law.name,
        operators=operators(program) | ({part} if part else set()),
        field=mismatch.field,
        pattern=pattern.name if pattern else "",
        raises=_raised(mismatch),
        got=shown(mismatch.got),
        wanted=shown(mismatch.wanted),
        statement=statement_at(program, mismatch.place),
        program=source(program) if program.statements else "",
    )


def _raised(mismatch: Mismatch) -> frozenset[str]:
    got: Any = mismatch.got
    if isinstance(got, Raised):
        return frozenset(got.classes)
    if mismatch.field == "error class":
        return frozenset({str(got)})
    text = str(got)
    return (
        frozenset({text[len("raised ") :].partition(":")[0]}) if text.startswith("raised ") else frozenset()
    )


def operators(program: st.Program) -> frozenset[str]:
    """The operators that a program applies, in place or not."""
    return frozenset(s.op for s in program.walk() if isinstance(s, st.Apply | st.Mutate))

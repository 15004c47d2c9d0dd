"""The report as JUnit XML: a suite for each level, a case for each law, under its clause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from conformance.clauses import Clause
from conformance.deviations import Entry
from conformance.report.failure import Origin, text
from conformance.report.jsonl import ReportError
from conformance.running.results import LawResult
from conformance.running.verdict import Verdict

# XML 1.0 has no way to write these, not even as a reference.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(path: Path, verdict: Verdict, laws: Mapping[str, LawResult], origin: Origin) -> None:
    """Write the file.

    Raises:
        ReportError: it cannot be written.
    """
    root = ET.Element("testsuites", name=f"autograd-conformance {origin.implementation}")
    for level in dict.fromkeys(result.clause.level for result in verdict.clauses):
        suite = ET.SubElement(root, "testsuite", name=level)
        for result in verdict.clauses:
            if result.clause.level == level:
                for name in result.laws or ("no law",):
                    _case(suite, result.clause, name, laws.get(name), origin)
        _total(suite)
    if verdict.stale:
        suite = ET.SubElement(root, "testsuite", name="known deviations")
        for entry in verdict.stale:
            _stale(suite, entry)
        _total(suite)
    ET.indent(root)
    try:
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise ReportError(f"{path}: the report cannot be written: {error.strerror}") from None


def _case(suite: ET.Element, clause: Clause, name: str, law: LawResult | None, origin: Origin) -> None:
    seconds = f"{law.seconds:.3f}" if law else "0"
    case = ET.SubElement(suite, "testcase", classname=f"{clause.id} {clause.title}", name=name, time=seconds)
    if law is None:
        ET.SubElement(case, "error", message="not run")
    elif law.outcome == "not claimed":
        ET.SubElement(case, "skipped", message=_clean(f"not claimed: {law.why}"))
    elif law.outcome in ("disputed", "unjudged"):
        error = ET.SubElement(case, "error", message=_clean(f"{law.outcome}: {law.why}"))
        error.text = _clean("\n".join(text(failure, clause, origin) for failure in law.failures))
    for failure in law.failures if law and law.outcome == "deviates" else ():
        element = ET.SubElement(case, "failure", message=_clean(f"{clause.id} {clause.title}"))
        element.text = _clean(text(failure, clause, origin))


def _stale(suite: ET.Element, entry: Entry) -> None:
    case = ET.SubElement(suite, "testcase", classname=entry.file, name=f"line {entry.line}", time="0")
    ET.SubElement(case, "failure", message=f"declared for {entry.scope}, no longer happens; delete the entry")


def _total(suite: ET.Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(kind) is not None for case in cases)))


def _clean(words: str) -> str:
    return _UNWRITABLE.sub("?", words)

"""What people and machines read: bug reports, the terminal, JSON Lines, JUnit. Patterns are recognised, and
only where they are there."""

import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from rich.console import Console

from conformance.clauses import Clause
from conformance.deviations import Entry
from conformance.judging.numbers import Opinion
from conformance.judging.verdict import Mismatch
from conformance.laws.law import Law
from conformance.programs.statements import Apply, Backward, Create, Observe, Program, Var
from conformance.report import jsonl, junit
from conformance.report.failure import Origin, text
from conformance.report.findings import statement_at
from conformance.report.patterns import PATTERNS, Case, recognise
from conformance.report.progress import ProgressLine
from conformance.report.terminal import Screen
from conformance.report.values import array, shown
from conformance.running.results import Counts, Failure, Finding, LawResult, Said, from_json, to_json
from conformance.running.selection import Selected, Selection
from conformance.running.verdict import INTERRUPTED, NOT_RUN, ClauseResult, Verdict, verdict
from conformance.trace import Tensor
from oracles import load
from oracles.question import Abstain, Answer, Literal
from tests.conformance.golden import check

ORIGIN = Origin("mytorch.adapter:implementation", "gate")
SUM = Clause("DOC-19", "document", "Several uses in one graph add up", "section `Function`, cell 4")
LEAVES = Clause("DOC-18", "document", "Gradients accumulate in leaves only", "cell 6")
MODES = Clause(
    "DOC-26",
    "document",
    "A title that is so long that no terminal of eighty columns has enough room for it",
    "s",
)
VALUES = Clause("NUM-01", "numerics", "The value, shape and dtype of every operator", "section `Function`")
SOURCE = """import torch

x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
y = x * x
v = torch.tensor([2.0, -3.0], dtype=torch.float64)
y.backward(v)
print(f"{x.grad = }")
"""
NUMBERS = Finding(
    place=(4,),
    statement="",
    subject="x",
    field="grad",
    wanted="[4.0, -12.0]",
    got="[2.0, 4.0] (float64, shape (2,))",
    pattern="cotangent-ignored",
    looks_like="the cotangent was ignored: this is the gradient for ones",
    worst=(1,),
    got_at="4.0",
    allowance="1.2e-14",
    said=(
        Said("torch", "[4.0, -12.0]", "-12.0", "1.2e-14"),
        Said("sympy", "[4.0, -12.0]", "-12.0", "0"),
        Said("finite-differences", abstains="the step would leave the domain of log"),
    ),
)
WRONG = Failure("adds_up", "DOC-19", "deviation", source=SOURCE, program={"wire": "1.0"}, findings=(NUMBERS,))
LONG = "[" + ", ".join(f"{n}.123456789" for n in range(12)) + "]"
PARTED = Failure(
    "computes_the_value",
    "NUM-01",
    "deviation",
    part="nn.functional.relu",
    example=True,
    source="import torch\n",
    findings=(
        replace(
            NUMBERS,
            got=f"{LONG} (float64, shape (12,))",
            wanted=LONG,
            worst=(0,),
            got_at="7.0",
            said=(Said("torch", LONG, "0.123456789", "1.0e-16"),),
        ),
        Finding(
            (0,),
            "y = torch.relu(x)",
            "statement",
            "outcome",
            "ok",
            "raised TypeError: no",
            "it must",
            "refused",
        ),
        Finding((1, 2), "", "y", "requires_grad", "False", "True", looks_like="tracked", pattern="tracked"),
    ),
    message="and 3 more of this program",
)
FAILURES = {
    "deviation": (WRONG, SUM, ORIGIN),
    "parts_and_length": (PARTED, VALUES, replace(ORIGIN, seed=7)),
    "out_of_a_report": (replace(PARTED, findings=()), VALUES, replace(ORIGIN, report="my reports/r.jsonl")),
    "crash": (Failure("adds_up", "DOC-19", "crash", message="the implementation raised it"), SUM, ORIGIN),
    "flaky": (replace(WRONG, kind="flaky"), SUM, ORIGIN),
    "dispute": (
        Failure(
            "adds_up",
            "DOC-19",
            "dispute",
            findings=(
                Finding(
                    (),
                    "",
                    "x.grad",
                    "",
                    "one answer",
                    "two that exclude each other",
                    said=(Said("torch", "[1.0]", bound="0"), Said("sympy", "[2.0]", bound="1.0e-16")),
                ),
            ),
            message="torch and sympy contradict each other on x.grad",
        ),
        SUM,
        ORIGIN,
    ),
    "error": (Failure("adds_up", "DOC-19", "error", message="ValueError: no (laws.py, line 3)"), SUM, ORIGIN),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_a_finished_bug_report(name: str) -> None:
    check(f"failure_{name}.txt", text(*FAILURES[name]))


def test_lines_keep_to_the_width() -> None:
    lines = text(*FAILURES["parts_and_length"], width=60).splitlines()
    assert max(len(line) for line in lines if "reproduce" not in line) <= 60


# --- a whole run -------------------------------------------------------------------------------------------

COUNTS = Counts(
    programs=1234,
    comparisons=56789,
    rejected=12,
    answered=Counter(torch=4000, sympy=3999),
    abstained=Counter(sympy=1),
    reasons=Counter({("sympy", "no closed form"): 1}),
    unjudged=Counter({"nobody": 2}),
    not_claimed=Counter({"capability hooks": 3}),
)
STALE = Entry("mine.toml", 12, "DOC-19", None, "prod", (("field", "grad"),), "it was wrong once")


def _law(name: str, clause: str) -> Law:
    return Law(name, clause, lambda session, case: None, examples=list)


def _selection(*laws: Law, clauses: Sequence[Clause]) -> Selection:
    return Selection(tuple(Selected(law, (None,)) for law in laws), tuple(clauses), laws)


LAWS = (_law("adds_up", "DOC-19"), _law("leaves", "DOC-18"), _law("computes_the_value", "NUM-01"))
RESULTS = {
    "adds_up": LawResult(
        "adds_up", "DOC-19", "deviates", COUNTS, (WRONG,), parts={"": "deviates"}, seconds=1.5
    ),
    "leaves": LawResult(
        "leaves", "DOC-18", "deviates", COUNTS, known=Counter({"mine.toml:3": 2}), why="as declared"
    ),
    "computes_the_value": LawResult(
        "computes_the_value", "NUM-01", "not claimed", why="capability in_place", parts={"add": "not claimed"}
    ),
}
FOUND = replace(
    verdict(_selection(*LAWS, clauses=(LEAVES, SUM, MODES, VALUES)), RESULTS, (), strict=True), stale=(STALE,)
)


def _screen(width: int, encoding: str = "utf-8") -> tuple[Screen, io.BytesIO]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    return Screen(Console(file=file, width=width, highlight=False)), raw


def _shown(width: int, encoding: str) -> str:
    screen, raw = _screen(width, encoding)
    screen.head("oracles: torch (PyTorch 2.13.0); sympy is missing: no module", "mine 1.0 · effort gate")
    screen.clauses(FOUND.clauses)
    screen.failure(WRONG, SUM, ORIGIN)
    screen.stale(FOUND.stale)
    screen.summary(FOUND, "mine", ("torch", "sympy"))
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("name", "width", "encoding"),
    [("80", 80, "utf-8"), ("120", 120, "utf-8"), ("50", 50, "utf-8"), ("80_ascii", 80, "ascii")],
)
def test_a_run_on_a_terminal(name: str, width: int, encoding: str) -> None:
    check(f"terminal_{name}.txt", _shown(width, encoding))


def test_many_failures_of_one_law_are_named() -> None:
    screen, raw = _screen(80)
    failures = tuple(
        replace(PARTED, part=part, findings=()) for part in ("add", "sub", "mul", "div", "matmul")
    )
    screen.failures(replace(FOUND.clauses[-1], failures=failures), ORIGIN)
    check("failures_of_one_law.txt", raw.getvalue().decode())


def test_clause_lines_fit_the_terminal() -> None:
    for width in (64, 80, 100, 200):
        screen, raw = _screen(width)
        screen.clauses(FOUND.clauses)
        assert max(map(len, raw.getvalue().decode().splitlines())) <= min(width, 110)


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def written(**options: Any) -> str:
        file = io.StringIO()
        Screen(Console(file=file, width=80, **options)).clauses(FOUND.clauses)
        return file.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in written(force_terminal=True)
    assert "\x1b[" not in written()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in written(force_terminal=True)


def test_progress_is_for_terminals() -> None:
    file = io.StringIO()
    with ProgressLine(3, Console(file=file), enabled=True) as line:
        line.programs(5)
        line.finished(RESULTS["adds_up"])
    assert file.getvalue() == ""


def test_exit_codes() -> None:
    def code(*results: LawResult, known: tuple[Entry, ...] = ()) -> int:
        laws = [_law(result.law, result.clause) for result in results]
        chosen = _selection(*laws, clauses=[SUM])
        return verdict(chosen, {result.law: result for result in results}, known, strict=True).code

    def law(outcome: Any, name: str = "adds_up", **more: Any) -> LawResult:
        return LawResult(name, "DOC-19", outcome, Counts(comparisons=1), **more)

    declared = law("deviates", known=Counter({STALE.key: 1}))
    assert code(law("conforms")) == 0
    assert code(law("not claimed"), law("conforms", "b")) == 0
    assert code(declared, known=(STALE,)) == 0
    assert code(law("deviates", failures=(WRONG,))) == 1
    assert code(law("conforms"), known=(STALE,)) == 1
    assert code(law("disputed")) == 3
    assert code(law("unjudged")) == 3
    assert code(law("conforms"), law("unjudged", "b")) == 3
    assert code(declared, law("unjudged", "b"), known=(STALE,)) == 3
    assert code(law("deviates", failures=(WRONG,)), law("unjudged", "b")) == 1
    assert code(replace(law("conforms"), counts=Counts())) == 3
    assert code() == 3


# --- files -------------------------------------------------------------------------------------------------

HEADER = {
    "kind": "header",
    "format": jsonl.FORMAT,
    "suite": "1",
    "spec": "1",
    "hypothesis": "6",
    "implementation": {"argument": "mine", "name": "mine", "version": "mine 1"},
    "oracles": [],
    "effort": "gate",
    "seed": 0,
    "known": [],
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_survives_the_report(name: str) -> None:
    assert from_json(json.loads(json.dumps(to_json(RESULTS[name])))) == RESULTS[name]


def test_a_report_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    writer = jsonl.Writer(path, HEADER)
    for result in reversed(RESULTS.values()):
        writer.law(result)
    assert jsonl.read(path).footer is None
    assert jsonl.read(path).laws == RESULTS
    writer.finish(FOUND, list(RESULTS.values()), [STALE.key])
    report = jsonl.read(path)
    assert list(report.laws) == list(RESULTS)
    assert [clause["clause"] for clause in report.clauses] == ["DOC-18", "DOC-19", "DOC-26", "NUM-01"]
    assert report.footer is not None
    assert (report.footer["outcome"], report.footer["exit"]) == ("deviates", 1)
    assert list(tmp_path.iterdir()) == [path]
    check("report.jsonl", path.read_text(encoding="utf-8"))


def test_an_interrupted_report_says_so(tmp_path: Path) -> None:
    writer = jsonl.Writer(tmp_path / "r.jsonl", HEADER)
    writer.finish(Verdict(INTERRUPTED, (ClauseResult(SUM, "unjudged", ("a",), why=NOT_RUN),)), [], [])
    footer = jsonl.read(tmp_path / "r.jsonl").footer
    assert footer is not None
    assert (footer["outcome"], footer["exit"], footer["clauses"]) == ("interrupted", 130, {"not run": 1})


def test_a_report_may_replace_the_one_that_it_resumes(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with jsonl.Writer(path, HEADER) as writer:
        writer.law(RESULTS["adds_up"])
    earlier = jsonl.resumable(jsonl.read(path), HEADER, path)
    with jsonl.Writer(path, HEADER, earlier.values()) as writer:
        writer.law(RESULTS["leaves"])
    assert list(jsonl.read(path).laws) == ["adds_up", "leaves"]


@pytest.mark.parametrize("key", jsonl.SAME)
def test_a_report_of_another_run_is_not_resumed(key: str, tmp_path: Path) -> None:
    report = jsonl.Report({**HEADER, key: "other"})
    with pytest.raises(jsonl.ReportError, match=f"cannot be resumed: its {key} is "):
        jsonl.resumable(report, HEADER, tmp_path / "r.jsonl")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "its first line is no header"),
        ("{}\n", "its first line is no header"),
        ('{"kind":"header","format":99}\n', "a report of format 99; this release reads format 1"),
        ('{"kind":"header","format":1}\nnonsense\n', "line 2: no JSON"),
        ('{"kind":"header","format":1}\n[]\n', "line 2: a line of a report is a JSON object"),
        ('{"kind":"header","format":1}\n{"kind":"law"}\n', "line 2: not a line of a report"),
        ('{"kind":"header","format":1}\n{"kind":"x"}\n', "line 2: not a line of a report"),
    ],
)
def test_what_is_no_report_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(content)
    with pytest.raises(jsonl.ReportError, match=message):
        jsonl.read(path)


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with jsonl.Writer(path, HEADER) as writer:
        writer.law(RESULTS["adds_up"])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[-40:-1])
    assert list(jsonl.read(path).laws) == ["adds_up"]


def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(jsonl.ReportError, match="cannot be written: No such file or directory"):
        jsonl.Writer(tmp_path / "none" / "r.jsonl", HEADER)


def test_junit(tmp_path: Path) -> None:
    path = tmp_path / "r.xml"
    nul = replace(WRONG, message="a \x00 byte")
    results = {**RESULTS, "adds_up": replace(RESULTS["adds_up"], failures=(nul,))}
    junit.write(path, FOUND, results, ORIGIN)
    content = path.read_text(encoding="utf-8")
    check("report.xml", content)
    suites = {suite.get("name"): suite for suite in ET.fromstring(content)}
    assert {name: suite.get("failures") for name, suite in suites.items()} == {
        "document": "1",
        "numerics": "0",
        "known deviations": "1",
    }
    assert suites["document"].get("errors") == "1"
    assert suites["numerics"].get("skipped") == "1"


# --- values and patterns -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (np.array(0.1, "float32"), "0.1"),
        (np.array([0.1, -0.0, np.nan, -np.inf]), "[0.1, -0.0, nan, -inf]"),
        (np.array([[1, 2]]), "[[1, 2]]"),
        (np.array([True]), "[True]"),
        (np.zeros((2, 0)), "no elements, shape (2, 0)"),
        (np.arange(100.0), "[0.0, 1.0, ..., 98.0, 99.0]"),
    ],
)
def test_arrays_are_short_and_exact(value: Any, wanted: str) -> None:
    assert array(value) == wanted


def test_other_values() -> None:
    assert shown(Tensor(np.array([1.5]), "float64")) == "[1.5] (float64, shape (1,))"
    assert shown(Abstain("no")) == "no answer: no"
    assert shown(None) == "None"
    assert shown("a tensor") == "a tensor"


def _gradient(got: Any, wanted: Any, **more: Any) -> Mismatch:
    wanted = np.asarray(wanted, float)
    answer = Answer(wanted, np.zeros(wanted.shape))
    tensor = Tensor(np.asarray(got, float), "float64")
    slack = np.full(wanted.shape, 1e-12)
    return Mismatch((3,), "x", "grad", answer, tensor, opinions=(Opinion("o", answer),), slack=slack, **more)


TWICE = Program(
    (
        Create("x", Literal.of([[1.0, 2.0], [3.0, 4.0]]), True),
        Create("v", Literal.of([[2.0, -3.0], [0.5, 1.0]])),
        Apply(("y",), "mul", (Var("x"), Var("x"))),
        Backward(("y",), ("v",), retain_graph=True),
        Backward(("y",), ("v",)),
        Observe(("x",)),
    )
)
GRADIENT = np.array([[8.0, -24.0], [6.0, 16.0]])
ONES = np.array([[4.0, 8.0], [12.0, 16.0]])
_NONE = Mismatch((3,), "x", "grad", "a tensor", None)
_SHAPE = Mismatch((3,), "x", "grad.shape", (3,), (2, 3))
SEEN = {
    "not-summed": _SHAPE,
    "summed-too-far": replace(_SHAPE, wanted=(2, 3), got=(3,)),
    "shape-of-transpose": replace(_SHAPE, wanted=(4, 3), got=(3, 4)),
    "missing": _NONE,
    "zeros-for-none": Mismatch((3,), "x", "grad", None, Tensor(np.zeros(2), "float64")),
    "intermediate": Mismatch((3,), "y", "grad", None, Tensor(np.ones(2), "float64")),
    "unasked": Mismatch((3,), "x", "grad", None, Tensor(np.ones(2), "float64")),
    "nan": _gradient([np.nan, 1.0], [1.0, 1.0]),
    "hides-nan": _gradient([0.0, 1.0], [np.nan, 1.0]),
    "zero": _gradient([0.0, 0.0], [1.0, 2.0]),
    "cotangent-ignored": replace(_gradient(ONES, GRADIENT), place=(5,)),
    "one-contribution": replace(_gradient(GRADIENT / 2, GRADIENT), place=(5,)),
    "doubled": _gradient(2 * GRADIENT, GRADIENT),
    "halved": _gradient(GRADIENT / 2, GRADIENT),
    "negated": _gradient(-GRADIENT, GRADIENT),
    "transposed": _gradient(GRADIENT.T, GRADIENT),
    "constant-factor": _gradient(GRADIENT / 3, GRADIENT),
    "other-order": _gradient([1.0, 3.0, 2.0], [1.0, 2.0, 3.0]),
    "dtype": Mismatch((3,), "x", "grad.dtype", "float32", "float64"),
    "refused": Mismatch((3,), "statement", "outcome", "ok", "raised TypeError: no"),
    "accepted": Mismatch((3,), "statement", "outcome", "raised", "ok"),
    "tracked": Mismatch((3,), "x", "requires_grad", False, True),
    "untracked": Mismatch((3,), "x", "requires_grad", True, False),
    "error-class": Mismatch((3,), "statement", "error class", "RuntimeError", "TypeError"),
}
PLAIN = {
    "an element": _gradient([1.0, 2.5], [1.0, 2.0]),
    "a shape": Mismatch((3,), "x", "value.shape", (3,), (2, 2)),
    "a flag": Mismatch((3,), "x", "is_leaf", True, False),
    "no outcome": Mismatch((3,), "statement", "outcome", "ok", "not run"),
    "a grad of a leaf that is missing": Mismatch((3,), "x", "observation", "a tensor", "nothing"),
}


def test_every_pattern_is_tried() -> None:
    assert SEEN.keys() == PATTERNS.keys()


@pytest.mark.parametrize("name", SEEN)
def test_a_pattern_is_recognised(name: str) -> None:
    found = recognise(Case(SEEN[name], TWICE, [load("finite-differences")]))
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("name", PLAIN)
def test_what_has_no_pattern_is_given_none(name: str) -> None:
    assert recognise(Case(PLAIN[name], TWICE, [load("finite-differences")])) is None


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ((0,), "x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64, requires_grad=True)"),
        ((4,), "y.backward(v)"),
        ((5,), ""),
        ((9,), ""),
        ((), ""),
    ],
)
def test_the_statement_at_a_place(place: tuple[int, ...], wanted: str) -> None:
    assert statement_at(TWICE, place) == wanted

"""Running laws: what is found, what is counted, what each outcome takes, and that no part depends on
another.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.clauses import Clause, Spec
from conformance.deviations import Names, parse
from conformance.implementation import Implementation
from conformance.judging.verdict import Deviation, Disputed, Mismatch
from conformance.laws.law import Law, NotClaimed, Session
from conformance.model import Reject
from conformance.programs.statements import Apply, Backward, Create, Program, Var
from conformance.running.effort import EFFORTS, Effort, seed_of
from conformance.running.lawrun import Setting, parts_of, run_law, run_parts
from conformance.running.results import Counts, LawResult, PartResult, merged
from conformance.running.runner import Run
from conformance.running.search import EXAMPLES_SHOWN
from conformance.running.selection import NothingSelected, select
from conformance.trace import Trace
from oracles import load
from oracles.question import Abstain, Literal, Question, Reply
from tests.conformance import fakes

EFFORT = Effort("test", cases=20, part_cases=5, shrinks=200)
VALUES = st.lists(st.sampled_from([0.5, 1.5, -2.0, 3.25]), min_size=1, max_size=4)


def square(values: list[float]) -> Program:
    """The square of a leaf, and an unused product beside it."""
    return Program(
        (
            Create("x", Literal.of(values), True),
            Create("unused", Literal.of(values)),
            Apply(("y",), "mul", (Var("x"), Var("x"))),
            Apply(("z",), "mul", (Var("unused"), 3.0)),
            Create("v", Literal.of([1.25 + n for n in range(len(values))])),
            Backward(("y",), ("v",)),
        )
    )


def conforms(session: Session, program: Program) -> None:
    session.conforms(program)


def law(
    body: Callable[[Session, Any], None] = conforms,
    cases: Callable[[], SearchStrategy[Any] | Mapping[str, SearchStrategy[Any]]] | None = lambda: VALUES.map(
        square
    ),
    examples: Callable[[], Iterable[Any]] | None = None,
    name: str = "squares",
) -> Law:
    return Law(name, "DOC-14", body, cases, examples)


def setting(implementation: Implementation = fakes.right, **more: Any) -> Setting:
    return Setting(implementation, [load("finite-differences")], **{"effort": EFFORT, **more})


class Mute:
    """An oracle that never answers."""

    name, version, operators = "mute", "mute 1", frozenset({"mul"})

    def values(self, question: Question) -> tuple[Reply, ...]:
        return tuple(Abstain("it is mute") for _ in question.function.outputs)

    def vjp(self, question: Question) -> tuple[Reply, ...]:
        return tuple(Abstain("it is mute") for _ in question.inputs)


# --- outcomes ----------------------------------------------------------------------------------------------


def test_what_is_right_conforms_and_is_counted() -> None:
    result = run_law(setting(), law())
    assert (result.outcome, result.failures) == ("conforms", ())
    assert result.counts.programs == EFFORT.cases
    assert result.counts.comparisons > 10 * EFFORT.cases
    assert result.counts.answered["finite-differences"] > EFFORT.cases


def test_what_is_wrong_deviates_with_the_smallest_program() -> None:
    result = run_law(setting(fakes.doubled), law())
    assert result.outcome == "deviates"
    (failure,) = result.failures
    assert (failure.kind, failure.law, failure.clause) == ("deviation", "squares", "DOC-14")
    assert failure.source == (
        "import torch\n\n"
        "x = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)\n"
        "y = x * x\n"
        "v = torch.tensor([1.25], dtype=torch.float64)\n"
        "y.backward(v)\n"
        'print(f"{x = }")\n'
        'print(f"{x.grad = }")\n'
    )
    (finding,) = failure.findings
    assert (finding.subject, finding.field, finding.pattern) == ("x", "grad", "doubled")
    assert (finding.worst, finding.got_at) == ((0,), "2.5")
    assert finding.said[0].value == "[1.25]"


@pytest.mark.parametrize(
    ("fake", "pattern"),
    [
        (fakes.forgetful, "cotangent-ignored"),
        (fakes.without_grads, "missing"),
        (fakes.generous, "intermediate"),
    ],
)
def test_the_pattern_is_recognised(fake: Implementation, pattern: str) -> None:
    (failure,) = run_law(setting(fake), law()).failures
    assert failure.findings[0].pattern == pattern


def test_counting_ends_with_the_first_failure() -> None:
    result = run_law(setting(fakes.doubled), law())
    assert result.counts.programs == 1


def test_shrinking_keeps_to_its_budget() -> None:
    ran: list[Program] = []

    def body(session: Session, program: Program) -> None:
        ran.append(program)
        conforms(session, program)

    small = dataclasses.replace(EFFORT, shrinks=3)
    result = run_law(setting(fakes.doubled, effort=small), law(body))
    assert result.outcome == "deviates"
    assert len(ran) <= 1 + 3


def test_an_implementation_that_raises_out_of_run_is_a_crash() -> None:
    (failure,) = run_law(setting(fakes.crashing), law()).failures
    assert failure.kind == "crash"
    assert (
        failure.message
        == "the implementation raised SystemError instead of giving a trace: the back end is gone"
    )
    assert failure.source.count("\n") == 3


def test_an_implementation_that_gives_no_trace_is_a_crash() -> None:
    class Silent(fakes.Fake):
        def run(self, program: Program) -> Trace:
            return None  # type: ignore[return-value]  # what this fake is about

    (failure,) = run_law(setting(Silent("silent")), law()).failures
    assert failure.kind == "crash"
    assert "run gives a conformance.trace.Trace, got NoneType" in failure.message


def test_one_that_deviates_now_and_then_is_flaky() -> None:
    (failure,) = run_law(setting(fakes.Flaky("flaky")), law()).failures
    assert failure.kind == "flaky"
    assert failure.findings[0].pattern == "doubled"


def test_what_is_not_claimed_is_neutral() -> None:
    def needs(session: Session, program: Program) -> None:
        raise NotClaimed("capability hooks")

    result = run_law(setting(), law(needs))
    assert (result.outcome, result.why) == ("not claimed", "capability hooks")


def test_a_law_that_is_claimed_in_part_is_judged() -> None:
    def body(session: Session, program: Program) -> None:
        if len(program.statements[0].value.shape) == 1 and program.statements[0].value.shape[0] > 1:  # type: ignore[union-attr]
            raise NotClaimed("more than one element")
        session.conforms(program)

    result = run_law(setting(), law(body))
    assert result.outcome == "conforms"
    assert result.counts.not_claimed["more than one element"] > 0


def _reject(session: Session, program: Program) -> None:
    session.tally.rejected += 1
    raise Reject("on the edge")


def _fail(session: Session, program: Program) -> None:
    session.conforms(program)
    raise ZeroDivisionError("the law is wrong")


def _dispute(session: Session, program: Program) -> None:
    session.conforms(program)
    opinion: Any = type("Opinion", (), {"oracle": "a", "reply": Abstain("")})()
    raise Disputed(program, "x.grad", opinion, opinion)


@pytest.mark.parametrize(
    ("body", "outcome", "why"),
    [
        (lambda session, program: None, "unjudged", "nothing compared"),
        (_reject, "unjudged", "nothing compared ("),
        (_fail, "unjudged", "the law itself failed"),
        (_dispute, "disputed", "the oracles contradict each other"),
    ],
)
def test_the_suite_is_at_fault(body: Any, outcome: str, why: str) -> None:
    result = run_law(setting(), law(body))
    assert result.outcome == outcome
    assert result.why.startswith(why)


def test_an_error_of_the_law_shows_the_program_and_the_place() -> None:
    (failure,) = run_law(setting(), law(_fail)).failures
    assert failure.message.startswith("ZeroDivisionError: the law is wrong (test_runner.py, line ")
    assert "y = x * x" in failure.source


def test_an_error_in_drawing_is_the_suites() -> None:
    result = run_law(setting(), law(cases=lambda: VALUES.map(lambda values: values[9])))
    (failure,) = result.failures
    assert (result.outcome, failure.kind, failure.source) == ("unjudged", "error", "")


def test_numbers_that_nobody_answers_for_leave_a_law_unjudged() -> None:
    result = run_law(Setting(fakes.right, [Mute()], EFFORT), law())
    assert (result.outcome, result.why) == ("unjudged", "no oracle answers: mute: it is mute")
    assert result.counts.abstained["mute"] > 0


def test_one_mute_oracle_is_counted_and_no_more() -> None:
    result = run_law(Setting(fakes.right, [Mute(), load("finite-differences")], EFFORT), law())
    assert result.outcome == "conforms"
    assert result.counts.reasons["mute", "it is mute"] == result.counts.abstained["mute"] > 0


def test_a_deviation_never_shrinks_into_something_else() -> None:
    def body(session: Session, program: Program) -> None:
        if len(program.statements[0].value.data) < 3:  # type: ignore[union-attr]
            raise ZeroDivisionError
        session.conforms(program)

    many = st.lists(st.sampled_from([0.5, 1.5]), min_size=3, max_size=4).flatmap(
        lambda values: st.integers(0, 3).map(lambda cut: square(values[cut:] or values))
    )
    result = run_law(setting(fakes.doubled), law(body, lambda: many))
    kinds = {failure.kind for failure in result.failures}
    assert len(kinds) == 1


# --- examples, parts, seeds --------------------------------------------------------------------------------


def test_examples_are_run_first_and_all_that_fail_are_kept() -> None:
    values = [[0.5, 1.5], [3.25], [1.5], [-2.0]]
    result = run_law(setting(fakes.doubled), law(examples=lambda: map(square, values)))
    assert [failure.example for failure in result.failures] == [True] * EXAMPLES_SHOWN
    assert result.why == "1 more examples deviate"
    assert "[0.5, 1.5]" in result.failures[0].source
    assert result.counts.programs == len(values)


def test_a_law_may_have_examples_only() -> None:
    result = run_law(setting(), law(cases=None, examples=lambda: [square([1.5])]))
    assert (result.outcome, result.counts.programs) == ("conforms", 1)


def _in_parts() -> Mapping[str, SearchStrategy[Any]]:
    return {name: VALUES.map(square) for name in ("add", "mul", "sin")}


def _only_mul(session: Session, program: Program) -> None:
    session.conforms(program)


def test_each_part_has_a_budget_and_an_outcome_of_its_own() -> None:
    calls: list[int] = []

    def body(session: Session, program: Program) -> None:
        calls.append(1)
        session.conforms(program)

    result = run_law(setting(), law(body, _in_parts, lambda: [square([1.5])]))
    assert result.parts == {"": "conforms", "add": "conforms", "mul": "conforms", "sin": "conforms"}
    assert len(calls) == 1 + 3 * EFFORT.part_cases


def test_a_failure_names_its_part() -> None:
    result = run_law(setting(fakes.doubled), law(cases=_in_parts))
    assert [failure.part for failure in result.failures] == ["add", "mul", "sin"]


def test_a_reason_names_the_first_part_that_has_it() -> None:
    parts = [
        PartResult(part, "unjudged", Counts(), why=why)
        for part, why in (("add", "nothing"), ("sub", "no"), ("mul", "no"), ("div", "no"))
    ]
    assert merged("law", "DOC-14", parts, 0.0).why == "add: nothing; sub and 2 more: no"


def test_a_part_is_the_same_alone() -> None:
    several = law(cases=_in_parts)
    whole = run_parts(setting(fakes.doubled), several, parts_of(several))
    alone = run_parts(setting(fakes.doubled), several, ["mul"])
    assert alone == [whole[1]]


def test_seeds_tell_laws_parts_and_runs_apart() -> None:
    seeds = {seed_of(seed, name, part) for seed in (0, 1) for name in ("a", "b") for part in (None, "x", "y")}
    assert len(seeds) == 12


def test_a_seed_decides_what_is_drawn() -> None:
    def drawn(seed: int) -> list[Program]:
        seen: list[Program] = []

        def body(session: Session, program: Program) -> None:
            seen.append(program)
            session.conforms(program)

        run_law(setting(seed=seed), law(body))
        return seen

    assert drawn(0) == drawn(0) != drawn(1)


def test_efforts_grow() -> None:
    quick, gate, thorough = EFFORTS.values()
    for smaller, larger in ((quick, gate), (gate, thorough)):
        assert smaller.cases < larger.cases
        assert smaller.part_cases < larger.part_cases
        assert smaller.shrinks < larger.shrinks
    assert quick.budget(0.001, in_parts=True) == 1
    assert gate.budget(2.0, in_parts=False) == 2 * gate.cases


def test_hypothesis_assumptions_are_heard() -> None:
    def body(session: Session, program: Program) -> None:
        hypothesis.assume(program.statements[0].value.data[0] > 0)  # type: ignore[union-attr]
        session.conforms(program)

    assert run_law(setting(), law(body)).outcome == "conforms"


# --- known deviations --------------------------------------------------------------------------------------

NAMES = Names(
    frozenset({"DOC-14"}), frozenset({"squares"}), frozenset({"mul"}), frozenset({"doubled", "halved"})
)


def _known(match: str) -> Any:
    return parse(f'[[deviation]]\nclause = "DOC-14"\nmatch = {{ {match} }}\nreason = "so"\n', "x.toml", NAMES)


@pytest.mark.parametrize("match", ['field = "grad"', 'pattern = "doubled"', 'program = "x \\\\* x"'])
def test_a_declared_deviation_is_counted_and_searched_past(match: str) -> None:
    result = run_law(setting(fakes.doubled, known=_known(match)), law())
    assert (result.outcome, result.failures, result.why) == ("deviates", (), "as declared")
    assert result.known["x.toml:1"] == result.counts.programs == EFFORT.cases


@pytest.mark.parametrize("match", ['field = "value"', 'pattern = "halved"', 'field = "grad", got = "None"'])
def test_another_declaration_does_not_cover_it(match: str) -> None:
    result = run_law(setting(fakes.doubled, known=_known(match)), law())
    assert len(result.failures) == 1
    assert not result.known


def test_only_what_is_not_declared_is_reported() -> None:
    def body(session: Session, program: Program) -> None:
        mismatch = Mismatch((0,), "x", "value", 1, 2)
        try:
            session.conforms(program)
        except Deviation as error:
            raise Deviation(error.program, error.trace, [*error.mismatches, mismatch]) from None

    result = run_law(setting(fakes.doubled, known=_known('field = "grad"')), law(body))
    (failure,) = result.failures
    assert [finding.field for finding in failure.findings] == ["value"]


# --- selection and runs ------------------------------------------------------------------------------------

SPEC = Spec(
    "1.0.0",
    {
        "DOC-14": Clause("DOC-14", "document", "Title", "place"),
        "DOC-15": Clause("DOC-15", "document", "Title", "place"),
        "NUM-01": Clause("NUM-01", "numerics", "Title", "place"),
    },
)
LAWS = (
    Law("operators", "NUM-01", conforms, _in_parts),
    law(name="squares"),
    law(name="squares_again"),
)


def _selected(*only: str, levels: tuple[str, ...] = ()) -> list[tuple[str, tuple[str | None, ...]]]:
    return [(each.law.name, each.parts) for each in select(SPEC, LAWS, levels, only).laws]


def test_all_laws_are_selected_in_the_order_of_the_clauses() -> None:
    everything = ("add", "mul", "sin")
    assert _selected() == [("squares", (None,)), ("squares_again", (None,)), ("operators", everything)]
    assert [clause.id for clause in select(SPEC, LAWS).clauses] == ["DOC-14", "DOC-15", "NUM-01"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("doc-14", ["squares", "squares_again"]),
        ("squares", ["squares"]),
        ("squares*", ["squares", "squares_again"]),
        ("SQUARES_AGAI?", ["squares_again"]),
        ("DOC-15", []),
        ("operators", ["operators"]),
    ],
)
def test_patterns_select_clauses_and_laws(pattern: str, names: list[str]) -> None:
    assert [name for name, _ in _selected(pattern)] == names


@pytest.mark.parametrize("pattern", ["mul", "operators[mul]", "op*[MUL]"])
def test_patterns_select_parts(pattern: str) -> None:
    assert _selected(pattern) == [("operators", ("mul",))]


def test_levels_select_clauses() -> None:
    assert [name for name, _ in _selected(levels=("numerics",))] == ["operators"]


@pytest.mark.parametrize(
    ("only", "levels", "message"),
    [
        (
            ("squars",),
            (),
            "--only 'squars' matches no clause, law or operator of this run; did you mean squares",
        ),
        (("squares", "nothing"), (), "'nothing' matches no clause"),
        (("mul",), ("document",), "'mul' matches no clause"),
        ((), ("mechanics",), "no level 'mechanics'; it has document, numerics"),
    ],
)
def test_what_matches_nothing_is_refused(
    only: tuple[str, ...], levels: tuple[str, ...], message: str
) -> None:
    with pytest.raises(NothingSelected) as caught:
        select(SPEC, LAWS, levels, only)
    assert message in str(caught.value)


class Ear:
    """Hears of what is finished."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def programs(self, count: int) -> None:
        assert count > 0

    def finished(self, result: LawResult) -> None:
        self.heard.append(result.law)


def test_a_run_finishes_every_law_and_tells() -> None:
    ear = Ear()
    run = Run(select(SPEC, LAWS), ear)
    run.here(setting())
    assert ear.heard == ["squares", "squares_again", "operators"]
    assert {result.outcome for result in run.results.values()} == {"conforms"}


def test_what_was_finished_before_is_not_run_again() -> None:
    earlier = {
        "squares": merged("squares", "DOC-14", run_parts(setting(), LAWS[1], [None]), 9.0),
        "operators": merged("operators", "NUM-01", run_parts(setting(), LAWS[0], ["add"]), 9.0),
    }
    run = Run(select(SPEC, LAWS), Ear(), earlier)
    run.here(setting())
    assert run.results["squares"] is earlier["squares"]
    assert list(run.results["operators"].parts) == ["add", "mul", "sin"]

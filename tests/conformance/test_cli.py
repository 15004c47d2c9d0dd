"""The command line as a user types it: exit codes, one clear line for every bad input, reports,
interrupts.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.clauses import LEVELS as ALL_LEVELS
from conformance.cli import _code
from conformance.cli.run import EFFORTS, LEVELS
from conformance.programs.wire import dumps, to_json
from conformance.report import jsonl
from conformance.running.effort import EFFORTS as ALL_EFFORTS
from tests.children import python_path
from tests.conformance.test_runner import square

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FAKES = "tests.conformance.fakes"
COMMAND = [sys.executable, "-c", "from conformance.cli import main; main()"]
# One law, one oracle that needs no engine, little effort: the quickest run there is.
BRIEF = ("--only", "DOC-19", "--oracle", "finite-differences", "--effort", "quick", "--workers", "1")


def call(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; the checkout's tests can be imported."""
    env = {**os.environ, "PYTHONPATH": _path(), "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=300
    )


def _path() -> str:
    # Under tox the wheel is what is tested, and only the fakes are taken from the checkout.
    return python_path()


@pytest.fixture(autouse=True)
def _path_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(CHECKOUT)])


# --- verdicts ----------------------------------------------------------------------------------------------


def test_a_run_that_conforms() -> None:
    result = call("run", "refimpl", *BRIEF)
    assert (result.returncode, result.stderr) == (0, "")
    first, *rest = result.stdout.splitlines()
    assert first.startswith("oracles: finite-differences (NumPy ")
    assert any(line.startswith(" ✓ DOC-19   Several uses in one graph add up") for line in rest)
    assert rest[-1] == "refimpl conforms  (exit code 0)"


def test_a_run_that_deviates_with_reports(tmp_path: Path) -> None:
    report, xml = tmp_path / "r.jsonl", tmp_path / "r.xml"
    result = call("run", f"{FAKES}:doubled", *BRIEF, "--report", str(report), "--junit", str(xml))
    assert (result.returncode, result.stderr) == (1, "")
    assert "looks like          twice what was expected (doubled)" in result.stdout
    (law,) = jsonl.read(report).laws.values()
    (command,) = [line for line in result.stdout.splitlines() if "reproduce" in line]
    assert command == f"  reproduce  autograd-conformance replay '{report}#{law.law}' {FAKES}:doubled"
    assert "<failure" in xml.read_text()
    footer = jsonl.read(report).footer
    assert footer is not None
    assert footer["exit"] == 1
    again = call("replay", f"{report}#{law.law}")
    assert again.returncode == 1
    assert "x.grad" in again.stdout or ".grad" in again.stdout
    assert call("replay", f"{report}#{law.law}", "refimpl").returncode == 0


def test_quiet_says_the_verdict_only() -> None:
    result = call("run", "refimpl", *BRIEF, "--quiet")
    assert result.stdout == "refimpl conforms  (exit code 0)\n"


@pytest.mark.parametrize(
    ("match", "code"), [('field = "grad"', 0), ('field = "grad", pattern = "halved"', 1)]
)
def test_known_deviations(match: str, code: int, tmp_path: Path) -> None:
    known = tmp_path / "mine.toml"
    known.write_text(f'[[deviation]]\nclause = "DOC-19"\nmatch = {{ {match} }}\nreason = "so"\n')
    result = call("run", f"{FAKES}:doubled", *BRIEF, "--expect", str(known))
    assert result.returncode == code
    assert ("as declared" in result.stdout) == (code == 0)


def test_a_declared_deviation_that_no_longer_happens_is_an_error(tmp_path: Path) -> None:
    known = tmp_path / "mine.toml"
    known.write_text('\n[[deviation]]\nclause = "DOC-34"\nmatch = { field = "grad" }\nreason = "so"\n')
    arguments = (
        "run",
        "refimpl",
        "--only",
        "DOC-34",
        "--oracle",
        "finite-differences",
        "--expect",
        str(known),
    )
    result = call(*arguments, "--effort", "gate")
    assert result.returncode == 1
    gone = "mine.toml, line 2: the deviation declared for DOC-34 no longer happens; delete the entry"
    assert gone in result.stdout
    assert call(*arguments, "--effort", "quick").returncode == 0


def test_workers_change_nothing_but_the_time(tmp_path: Path) -> None:
    def report(workers: int) -> list[dict[str, object]]:
        path = tmp_path / f"{workers}.jsonl"
        arguments = ("--only", "DOC-1?", "--oracle", "finite-differences", "--effort", "quick")
        call("run", f"{FAKES}:doubled", *arguments, "--report", str(path), "--workers", str(workers))
        return comparable(path)

    assert report(1) == report(3)


def comparable(path: Path) -> list[dict[str, object]]:
    """The lines of a report without times and without its own path."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        value = json.loads(line)
        for key in ("seconds", "started"):
            value.pop(key, None)
        lines.append(value)
    return lines


def test_a_worker_that_dies_costs_its_own_work() -> None:
    arguments = (
        "--only",
        "DOC-19",
        "--only",
        "DOC-34",
        "--oracle",
        "finite-differences",
        "--effort",
        "quick",
    )
    result = call("run", f"{FAKES}:dying", *arguments, "--workers", "2")
    assert result.returncode == 1
    assert "the process that ran it ended with exit code 7" in result.stdout


def test_a_run_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    arguments = ("run", "refimpl", "--oracle", "finite-differences", "--effort", "quick", "--workers", "1")
    call(*arguments, "--only", "DOC-19", "--report", str(path))
    (first,) = jsonl.read(path).laws.values()
    path.write_text("\n".join(path.read_text().splitlines()[:2]) + "\n")  # as if it had been killed then
    resumed = call(
        *arguments, "--only", "DOC-19", "--only", "DOC-34", "--report", str(path), "--resume", str(path)
    )
    assert resumed.returncode == 0
    assert jsonl.read(path).laws[first.law].seconds == first.seconds
    assert len(jsonl.read(path).laws) == 2
    other = call(*arguments[:-4], "--effort", "gate", "--only", "DOC-19", "--resume", str(path))
    assert (other.returncode, other.stdout) == (2, "")
    assert 'cannot be resumed: its effort is "quick", this run\'s is "gate"' in other.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups to signal")
@pytest.mark.parametrize(("fake", "workers"), [("slow", 1), ("slow", 2), ("stubborn", 1), ("stubborn", 2)])
def test_an_interrupt_ends_the_run_within_a_second(fake: str, workers: int, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    arguments = ("run", f"{FAKES}:{fake}", "--level", "document", "--oracle", "finite-differences")
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--report", str(path), "--workers", str(workers)],
        env={**os.environ, "PYTHONPATH": _path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _wait_until(lambda: path.exists() and path.stat().st_size > 0, 60)
    time.sleep(1.0)
    before = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - before < 2.0  # a second, and one for a machine that is busy
    assert (process.returncode, errors) == (130, "")
    footer = jsonl.read(path).footer
    assert footer is not None
    assert (footer["outcome"], footer["exit"]) == ("interrupted", 130)
    _wait_until(lambda: not _group_lives(process.pid), 5)


def _wait_until(holds: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]  # a callable without arguments
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


# --- bad input ---------------------------------------------------------------------------------------------

NO_FILE = "/nowhere/at/all"
BAD = {
    "no implementation": (["run"], "Missing argument 'IMPLEMENTATION'"),
    "two implementations": (["run", "refimpl", "torch"], "unexpected extra argument (torch)"),
    "an unknown option": (["run", "refimpl", "--efort", "gate"], "--efort"),
    "an unknown command": (["runn", "refimpl"], "No such command 'runn'"),
    "an unknown implementation": (["run", "refimp"], "no implementation is called 'refimp'"),
    "an unknown module": (["run", "nosuchmodule:thing"], "nosuchmodule"),
    "an unknown object": (["run", f"{FAKES}:thing"], "thing"),
    "no implementation at all": (["run", "json:loads"], "is no implementation"),
    "an unknown level": (["run", "refimpl", "--level", "documents"], "no level 'documents'"),
    "an unknown oracle": (
        ["run", "refimpl", "--oracle", "simpy"],
        "no oracle is called 'simpy'; did you mean sympy?",
    ),
    "an unknown required oracle": (
        ["run", "refimpl", "--require-oracle", "x"],
        "no oracle is called 'x'; there are",
    ),
    "an unknown effort": (["run", "refimpl", "--effort", "much"], "'much' is not one of 'quick', 'gate'"),
    "a seed that is no number": (["run", "refimpl", "--seed", "x"], "'x' is not a valid integer"),
    "a negative seed": (["run", "refimpl", "--seed", "-1"], "-1 is not in the range"),
    "no workers": (["run", "refimpl", "--workers", "0"], "0 is not in the range"),
    "a pattern that matches nothing": (
        ["run", "refimpl", "--only", "DOC-991"],
        "--only 'DOC-991' matches no clause",
    ),
    "a missing known file": (["run", "refimpl", "--expect", NO_FILE], "cannot be read: No such file"),
    "a report with nowhere to go": (["run", "refimpl", "--report", f"{NO_FILE}/r"], "there is no directory"),
    "a report over a directory": (["run", "refimpl", "--junit", "/"], "is a directory"),
    "a missing report to resume": (["run", "refimpl", "--resume", NO_FILE], "cannot be read: No such file"),
    "no kind": (["list"], "Missing argument"),
    "an unknown kind": (["list", "things"], "'things' is not one of"),
    "an unknown clause": (["explain", "DOC-991"], "no clause and no operator is called 'DOC-991'"),
    "an unknown operator": (["explain", "matmol"], "did you mean matmul?"),
    "a missing program": (["replay", NO_FILE], "cannot be read: No such file"),
    "a missing report": (["replay", f"{NO_FILE}#law"], "cannot be read: No such file"),
    "a directory for a program": (["replay", "/"], "cannot be read: Is a directory"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = BAD[name]
    assert _code(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("autograd-conformance: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "target", "message"),
    [
        ("nonsense", "", "no program"),
        ('{"wire": "0.0", "program": []}', "", "no program"),
        ('{"kind":"header","format":1}\n', "", "is a report; say which failure of it"),
        ('{"kind":"header","format":1}\n', "#law", "holds no law 'law'; no law failed in it"),
        ('{"kind":"header","format":2}\n', "#law", "a report of format 2; this release reads format 1"),
    ],
)
def test_a_bad_file_to_replay(
    content: str, target: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    assert _code(["replay", f"{path}{target}"]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_a_bad_known_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[[deviation]]\nclause = "DOC-1"\n')
    assert _code(["run", "refimpl", "--expect", str(path)]) == 2
    assert "mine.toml, line 1: the reason is empty" in capsys.readouterr().err


def test_an_oracle_that_must_abstain_cannot_be_required(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert _code(["run", "torch", "--require-oracle", "torch"]) == 2
    assert "--require-oracle torch: it must abstain" in capsys.readouterr().err


def test_an_oracle_that_is_missing_is_named_on_the_first_line_or_refused(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('torch is not installed here')\n")
    path = os.pathsep.join([str(tmp_path), _path()])
    arguments = ("run", "refimpl", "--only", "DOC-34", "--effort", "quick", "--workers", "1")
    result = call(*arguments, PYTHONPATH=path)
    assert result.returncode == 0
    first = result.stdout.splitlines()[0]
    assert "torch is missing: the torch oracle needs PyTorch" in first
    required = call(*arguments, "--require-oracle", "torch", PYTHONPATH=path)
    assert (required.returncode, required.stdout, required.stderr.count("\n")) == (2, "", 1)
    assert "--require-oracle torch: it is missing" in required.stderr


def test_an_adapter_that_is_not_right_yet(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from tests.conformance.fakes import Fake, _fills_intermediates\n"
        "from conformance.trace import Trace\n"
        "silent = Fake('silent', after=lambda program, trace: Trace())\n"
    )
    result = call("run", "mine:silent", *BRIEF, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    head, *facts = result.stderr.splitlines()
    assert head == "autograd-conformance: the adapter of silent is not right yet, so no law was run:"
    assert facts


# --- the rest ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["--help"], [], ["run", "--help"], ["list", "-h"], ["replay", "--help"]]
)
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(arguments) == 0
    assert "Usage: autograd-conformance" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from conformance.cli import _code; _code(['run', '--help']); print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": _path()},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in result.stdout.splitlines()[-1].split()}
    assert not loaded & {"numpy", "hypothesis", "rich", "torch", "sympy", "refimpl", "oracles"}


def test_choices_are_those_of_the_tables() -> None:
    assert tuple(ALL_EFFORTS) == EFFORTS
    assert LEVELS == ALL_LEVELS


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("implementations", ["refimpl", "torch", "module:object"]),
        ("oracles", ["sympy", "finite-differences"]),
        ("clauses", ["DOC-01", "NUM-01"]),
        ("operators", ["matmul", "nn.functional.relu"]),
    ],
)
def test_list(kind: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(["list", kind]) == 0
    first = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert set(words) <= set(first)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("doc-19", ["DOC-19  Several uses in one graph add up", "level document", "Laws:"]),
        ("matmul", ["matmul(input, other)", "sympy"]),
        ("clamp", ["min: number"]),
    ],
)
def test_explain(name: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _code(["explain", name]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in words)


def test_a_program_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "program.json"
    path.write_text(dumps(to_json(square([1.5, 0.5]))))
    right = call("replay", str(path))
    assert (right.returncode, right.stderr) == (0, "")
    assert "y = x * x" in right.stdout
    assert right.stdout.splitlines()[-1].startswith("refimpl: conforms, ")
    wrong = call("replay", str(path), f"{FAKES}:doubled")
    assert wrong.returncode == 1
    assert "looks like" in wrong.stdout


def test_output_without_the_signs_it_cannot_show() -> None:
    result = call("run", "refimpl", *BRIEF, PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert result.stdout.isascii()


# --- pytest ------------------------------------------------------------------------------------------------


def _pytest(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    plugin = [] if os.environ.get("TOX_ENV_NAME") else ["-p", "conformance.pytest_plugin"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugin, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": _path()},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_pytest_plugin_shows_the_same_failure(tmp_path: Path) -> None:
    arguments = ("--pyargs", "conformance.laws", "--conformance-effort", "quick", "-k", "DOC-19 or DOC-34")
    result = _pytest(*arguments, "--implementation", f"{FAKES}:doubled", cwd=tmp_path)
    assert result.returncode == 1
    assert "DOC-19  Several uses in one graph add up" in result.stdout
    assert f"reproduce  autograd-conformance run {FAKES}:doubled --only" in result.stdout


def test_the_pytest_plugin_refuses_what_cannot_be_judged(tmp_path: Path) -> None:
    result = _pytest("--pyargs", "conformance.laws", "--implementation", "refimp", cwd=tmp_path)
    assert result.returncode == 2
    assert "no implementation is called 'refimp'" in result.stdout


def test_the_pytest_plugin_leaves_other_people_alone(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n\n"
        "def test_it():\n"
        "    assert not {'hypothesis.core', 'numpy', 'rich'} & set(sys.modules)\n"
    )
    result = _pytest("-p", "no:hypothesispytest", cwd=tmp_path)
    assert "1 passed" in result.stdout
    assert "no tests ran" in _pytest("--pyargs", "conformance.laws", cwd=tmp_path).stdout

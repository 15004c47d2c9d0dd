"""Calls of the command line, several in one process, since most of what one costs is to start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import conformance

CHECKOUT = Path(__file__).resolve().parent.parent
INSTALLED = Path(conformance.__file__).resolve().parent.parent

SCRIPT = """
import contextlib, io, json, sys
from conformance.cli import main

results = []
for arguments in json.load(sys.stdin):
    said, code = io.StringIO(), 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code or 0
    results.append([code, said.getvalue()])
json.dump(results, sys.stdout)
"""


class Result(NamedTuple):
    """What a call came to."""

    code: int
    printed: str


def call(calls: Sequence[Sequence[str]], folder: Path) -> list[Result]:
    """The result of each call, in order, made in ``folder``."""
    single = [[*each, "--workers", "1"] if each[0] == "run" else list(each) for each in calls]
    path = os.pathsep.join([str(INSTALLED), str(CHECKOUT)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(single),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "PYTHONUTF8": "1", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Result(code, printed) for code, printed in json.loads(done.stdout)]

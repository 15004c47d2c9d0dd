"""The documentation: its programs and its commands do what it says, and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import torch

from tests.commands import CHECKOUT, Result, call
from tests.markdown import Block, blocks, console, is_python, run
from tests.refimpl.sides import TO_THE_LETTER

DOCS = CHECKOUT / "docs"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}

# Its programs show what one release of PyTorch does, and are run where it is installed.
OF_PYTORCH = "findings"


def programs(page: str) -> list[Block]:
    """The Python of a page that is run as it reads, from the top; a file to be saved is none."""
    if page == OF_PYTORCH:
        return blocks(PAGES[page]) if TO_THE_LETTER else []
    return [block for block in blocks(PAGES[page]) if is_python(block) and not captioned(page, block)]


def captioned(page: str, block: Block) -> str:
    """The name of the file that a block is to be saved as, or nothing."""
    above = "\n".join(PAGES[page].splitlines()[block.line - 2 : block.line])
    found = re.search(r":caption: (\S+)", above)
    return found[1] if found else ""


@pytest.mark.parametrize("page", [page for page in PAGES if programs(page)])
def test_the_python_of_a_page_does_what_it_says(page: str) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for block in programs(page):
        if page == OF_PYTORCH:
            names = {"torch": torch}
        assert run(block.code, names) == [], f"docs/{page}.md, the block at line {block.line}"


def test_pages_with_programs_are_found() -> None:
    assert {"getting-started", "how-it-judges", "reading-the-reference"} <= {p for p in PAGES if programs(p)}


COMMANDS = {
    f"{page}: {command}": (command, shown)
    for page in PAGES
    for block in blocks(PAGES[page])
    if block.language == "console"
    for command, shown in console(block)
    if command.startswith("autograd-conformance ")
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What each command came to, in a folder with every file that the pages tell their reader to save."""
    folder = tmp_path_factory.mktemp("desk")
    for page in PAGES:
        for block in blocks(PAGES[page]):
            if name := captioned(page, block):
                (folder / name).write_text(block.code, encoding="utf-8")
            if block.language == "toml":
                (folder / "known.toml").write_text(block.code, encoding="utf-8")
    calls = [shlex.split(command)[1:] for command, _ in COMMANDS.values()]
    return dict(zip(COMMANDS, call(calls, folder), strict=True))


@pytest.mark.parametrize("place", COMMANDS)
def test_a_command_shows_what_the_page_shows(place: str, results: dict[str, Result]) -> None:
    code, printed = results[place]
    shown = COMMANDS[place][1]
    assert [line for line in shown if line not in printed] == [], printed
    codes = [int(number) for line in shown for number in re.findall(r"exit code (\d+)", line)]
    assert code == (codes[-1] if codes else 0), printed


def test_other_commands_are_pip_alone() -> None:
    others = {
        command.split(maxsplit=1)[0]
        for page in PAGES.values()
        for block in blocks(page)
        if block.language == "console"
        for command, _ in console(block)
    }
    assert others == {"autograd-conformance", "python"}


@pytest.mark.parametrize("page", PAGES)
def test_a_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", PAGES[page]):
        assert target.startswith("https://") or (DOCS / target).exists(), target


def test_every_page_is_in_the_table_of_contents() -> None:
    (toctree,) = (block for block in blocks(PAGES["index"]) if block.language == "{toctree}")
    assert set(toctree.code.split()) == PAGES.keys() - {"index"}


BROKEN = {
    "print(1 + 1)  # 3": "promised '3', printed '2\\n'",
    "print(1 + 1)": "promised ''",
    "1 / 0": "raised ZeroDivisionError",
    "1 / 1  # ZeroDivisionError": "came nothing",
    "1 / 0  # ZeroDivisionError: something else": "division by zero",
}
SOUND = [
    "print(1 + 1) # 2, and nothing else",
    "print(1 + 1)  # 2",
    "1 / 0  # ZeroDivisionError: division by zero",
    "x = 1  # a number",
    "print([1,\n 2])  # [1, 2]",
]


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_promise_is_seen(code: str) -> None:
    (wrong,) = run(code, {})
    assert BROKEN[code] in wrong


@pytest.mark.parametrize("code", SOUND)
def test_a_kept_promise_is_none(code: str) -> None:
    assert run(code, {}) == []

"""Code in Markdown, and whether it does what the comments beside it say."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import textwrap
from typing import Any, NamedTuple

FENCE = re.compile(
    r"^(?P<indent> *)(?P<ticks>```+)(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)(?P=ticks) *$", re.M | re.S
)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}[^\n]*\n|\n(?= {4}))+")
ERROR = re.compile(r"(?P<name>\w*(?:Error|Exception|Warning))(?:: (?P<text>.*))?")


class Block(NamedTuple):
    """A piece of code: its language (empty for an indented one) and the line that it starts on."""

    language: str
    code: str
    line: int


def blocks(text: str) -> list[Block]:
    """Every block of code, in order, without a directive's options."""
    found = []
    for match in FENCE.finditer(text):
        words = match["info"].split()
        language = words[-1] if words else ""
        if words and words[0].startswith("{") and words[0] != "{code-block}":
            language = words[0]
        code = re.sub(r"\A(?::\w+:.*\n)+\n*", "", textwrap.dedent(match["code"]))
        found.append(Block(language, code, text.count("\n", 0, match.start()) + 2))
    bare = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    for match in INDENTED.finditer(bare):
        code = textwrap.dedent(match[0]).strip("\n") + "\n"
        found.append(Block("", code, bare.count("\n", 0, match.start()) + 1))
    return sorted(found, key=lambda block: block.line)


def is_python(block: Block) -> bool:
    """Whether it is Python; of an indented block, whether it reads as a program that imports something."""
    if block.language:
        return block.language == "python"
    try:
        body = ast.parse(block.code).body
    except SyntaxError:
        return False
    return isinstance(body[0], (ast.Import, ast.ImportFrom))


def run(code: str, names: dict[str, Any]) -> list[str]:
    """Run a program statement by statement; what a comment promises and does not happen is returned.

    ``print(...)  # text`` has to print that text, up to white space and to what follows after a comma;
    ``statement  # SomeError: text`` has to raise it.
    """
    wrong: list[str] = []
    lines = code.splitlines()
    for statement in ast.parse(code).body:
        end = statement.end_lineno or statement.lineno
        promised = _comment(lines[end - 1])
        source = ast.unparse(statement)
        error = ERROR.fullmatch(promised)
        said = io.StringIO()
        came = ""
        try:
            with contextlib.redirect_stdout(said):
                exec(compile(ast.Module([statement], []), source, "exec"), names)
        except Exception as raised:
            came = f"{type(raised).__name__}: {raised}"
            if error is None:
                return [*wrong, f"{source}: raised {came}"]
        if error is not None and not came.startswith(promised):
            wrong.append(f"{source}: promised {promised}, came {came or 'nothing'}")
        if error is None and _prints(statement) and not _says(promised, said.getvalue()):
            wrong.append(f"{source}: promised {promised!r}, printed {said.getvalue()!r}")
    return wrong


def _prints(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
    return False


def _comment(line: str) -> str:
    _, mark, text = line.rpartition(" # ")
    return text.strip() if mark else ""


def _says(promised: str, printed: str) -> bool:
    wanted, came = _plain(promised), _plain(printed)
    return wanted == came or (bool(came) and wanted.startswith(f"{came}, "))


def _plain(text: str) -> str:
    """The text without its layout: brackets are not set apart from what they hold."""
    return re.sub(r"([\[\](),])\s+(?=[\[\](),])", r"\1", " ".join(text.split()))


def console(block: Block) -> list[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that it is shown to print, save ``...``."""
    shown: list[tuple[str, list[str]]] = []
    for line in block.code.splitlines():
        if line.startswith("$ "):
            shown.append((line[2:].partition("  # ")[0].strip(), []))
        elif line.strip() and line.strip() != "...":
            shown[-1][1].append(line.strip())
    return shown

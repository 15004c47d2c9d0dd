"""Known deviations: what an entry may say, what it covers, and that it is strict in both directions."""

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.adapters import NAMES as IN_THE_BOX
from conformance.cli.session import names
from conformance.deviations import Entry, KnownError, Names, Seen, load, of_implementation, parse

NAMES = Names(
    frozenset({"DOC-01", "DOC-20"}),
    frozenset({"adds_up"}),
    frozenset({"prod"}),
    frozenset({"doubled"}),
)
GOOD = """
[[deviation]]
clause = "DOC-20"
operator = "prod"
match = { field = "grad", pattern = "doubled" }
reason = "counts the second use twice"
link = "https://example.org/1"
since = "2.13"

[[deviation]]
law = "adds_up"
match = { got = "^raised .*Error", program = "create_graph=True" }
reason = "not built yet"
"""
SEEN = Seen(
    clause="DOC-20",
    law="adds_up",
    operators=frozenset({"prod", "sum"}),
    field="grad",
    pattern="doubled",
    raises=frozenset({"RuntimeError"}),
    got="raised RuntimeError: no",
    wanted="ok",
    statement="y.backward()",
    program="y.backward(create_graph=True)",
)


def entry(match: str, scope: str = 'clause = "DOC-20"') -> Entry:
    (found,) = parse(f'[[deviation]]\n{scope}\nmatch = {{ {match} }}\nreason = "so"\n', "x.toml", NAMES)
    return found


def test_entries_are_read_with_their_lines() -> None:
    first, second = parse(GOOD, "mine.toml", NAMES)
    assert (first.key, first.scope) == ("mine.toml:2", "DOC-20 prod")
    assert (second.key, second.scope) == ("mine.toml:10", "adds_up")
    assert (first.link, first.since) == ("https://example.org/1", "2.13")


@pytest.mark.parametrize(
    "match",
    [
        'field = "grad"',
        'pattern = "doubled"',
        'raises = "RuntimeError"',
        'got = "Runtime"',
        'wanted = "^ok$"',
        'statement = "backward"',
        'program = "create_graph"',
        'field = "grad", got = "no$"',
    ],
)
def test_a_matcher_covers_what_it_names(match: str) -> None:
    assert entry(match).covers(SEEN)


@pytest.mark.parametrize(
    "match",
    [
        'field = "value"',
        'raises = "ValueError"',
        'got = "^Runtime"',
        'wanted = "raised"',
        'statement = "mul"',
        'program = "retain_graph"',
        'field = "grad", got = "yes"',
    ],
)
def test_a_matcher_covers_nothing_else(match: str) -> None:
    assert not entry(match).covers(SEEN)


@pytest.mark.parametrize(
    "scope", ['clause = "DOC-01"', 'clause = "DOC-20"\noperator = "prod"\nlaw = "adds_up"']
)
def test_the_scope_counts(scope: str) -> None:
    assert entry('field = "grad"', scope).covers(SEEN) == ("DOC-20" in scope)


def test_an_operator_counts_only_where_it_is_applied() -> None:
    other = replace(SEEN, operators=frozenset({"sum"}))
    assert entry('field = "grad"', 'operator = "prod"').covers(SEEN)
    assert not entry('field = "grad"', 'operator = "prod"').covers(other)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[[deviation]]", "[[deviation", "no valid TOML"),
        ("[[deviation]]", "[[known]]", "unknown key 'known'"),
        (
            'clause = "DOC-20"',
            'claus = "DOC-20"',
            "line 2: unknown key 'claus' in the entry; did you mean clause",
        ),
        ('clause = "DOC-20"', 'clause = "DOC-2"', "no clause is called 'DOC-2'; did you mean DOC-20"),
        ('operator = "prod"', 'operator = "prd"', "no operator is called 'prd'; did you mean prod"),
        ('law = "adds_up"', 'law = "add_up"', "line 10: no law is called 'add_up'; did you mean adds_up"),
        ('law = "adds_up"\n', "", "names no clause, no law and no operator"),
        ('pattern = "doubled"', 'pattern = "double"', "no pattern is called 'double'; did you mean doubled"),
        ('field = "grad"', 'feld = "grad"', "unknown key 'feld' in match; did you mean field"),
        ('field = "grad"', "field = 1", "field is a text in quotes, found 1"),
        ('match = { field = "grad", pattern = "doubled" }\n', "", "has no match"),
        ('{ field = "grad", pattern = "doubled" }', "{}", "has no match"),
        ('"counts the second use twice"', '"  "', "the reason is empty"),
        ('reason = "not built yet"\n', "", "line 10: the reason is empty"),
        ("^raised .*Error", "(", "match.got is no regular expression"),
    ],
)
def test_a_bad_entry_is_refused(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(KnownError, match=message):
        parse(GOOD.replace(old, new, 1), "mine.toml", NAMES)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="cannot be read: No such file"):
        load(tmp_path / "none.toml", NAMES)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KnownError, match=r"no UTF-8 text"):
        load(tmp_path / "x.toml", NAMES)


@pytest.mark.parametrize("name", IN_THE_BOX)
def test_the_files_in_the_box_can_be_used(name: str) -> None:
    for found in of_implementation(name, names()):
        assert found.reason


def test_an_implementation_without_a_file_has_no_known_deviations() -> None:
    assert of_implementation("nobody:at_all", NAMES) == ()

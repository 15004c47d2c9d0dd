"""SPEC.md is read strictly."""

import pytest

from conformance.clauses import LEVELS, SpecError, parse, spec

GOOD = """# Specification

Version 1.2.3

An introduction.

## Level: document

What the level is about.

### DOC-01 A sentence
*Level:* document · *Document:* section 1, cell 2

The first paragraph
goes on.

The second.

Contested:

- a point
  that goes on
- another

### DOC-02 Another sentence
*Level:* document · *Document:* introduction

## Level: numerics

### NUM-01 A third
*Level:* numerics · *Document:* section 2
"""


def test_a_specification_is_read() -> None:
    found = parse(GOOD)
    assert found.version == "1.2.3"
    assert list(found.clauses) == ["DOC-01", "DOC-02", "NUM-01"]
    assert found.levels == ("document", "numerics")
    first = found.clauses["DOC-01"]
    assert (first.title, first.place) == ("A sentence", "section 1, cell 2")
    assert first.text == "The first paragraph goes on.\n\nThe second."
    assert first.contested == ("a point that goes on", "another")
    assert found.clauses["DOC-02"].text == ""


def test_the_suite_carries_one() -> None:
    assert set(spec().levels) <= set(LEVELS)
    assert {"DOC-01", "NUM-01"} <= spec().clauses.keys()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# Specification\n", "\n", r"line 1: expected the file begins with a title"),
        ("Version 1.2.3", "Version 1.2", r"no line 'Version 1.2.3'"),
        ("## Level: document", "## Level: doc", r"line 7: expected '## Level: NAME', NAME one of document"),
        ("## Level: document", "#### Level", r"line 7: expected '## Level: NAME' or '### ID Sentence'"),
        ("## Level: document\n", "\n", r"line 11: expected '## Level: NAME' before the first clause"),
        ("### DOC-02 Another", "### DOC-2 Another", r"line 25: expected '### DOC-01 Its sentence'"),
        ("### DOC-02 Another", "### DOC-01 Another", r"line 25: expected an id of its own, DOC-01 is taken"),
        ("*Level:* document · *Document:* introduction\n", "", r"line 26: expected '\*Level:\* document"),
        ("*Level:* numerics", "*Level:* document", r"line 31: expected '\*Level:\* numerics"),
        ("The second.", "- a stray bullet", r"line 17: expected prose, or 'Contested:' before a bullet"),
        ("- another", "another", r"line 23: expected '- a contested point'"),
        ("- a point\n  that goes on\n- another\n", "", r"expected a bullet after 'Contested:'"),
        ("An introduction.", "- a bullet", r"line 5: expected prose"),
    ],
)
def test_a_line_of_an_unknown_shape_is_named(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(SpecError, match=message):
        parse(GOOD.replace(old, new, 1))


def test_a_specification_without_clauses_is_refused() -> None:
    with pytest.raises(SpecError, match="no clause"):
        parse("# Specification\nVersion 1.0.0\n")

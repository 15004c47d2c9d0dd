"""What a misspelt name was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """``; did you mean X?``, or nothing where no known name is near. Case does not matter."""
    by_folded = {each.casefold(): each for each in sorted(known, reverse=True)}
    near = difflib.get_close_matches(name.casefold(), sorted(by_folded), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(by_folded[each] for each in near)}?" if near else ""

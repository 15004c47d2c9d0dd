"""Golden texts: what a person reads is compared with a file, letter by letter.

To renew the files after an intended change, run the tests with UPDATE_GOLDEN=1 and read the difference.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "golden"


def check(name: str, text: str) -> None:
    """Assert that ``text`` is what the golden file of that name holds."""
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")

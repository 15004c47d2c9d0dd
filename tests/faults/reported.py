"""The faults that real implementations have shipped, as they were reported; and which are not planted."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = Path(__file__).resolve().parent.parent / "data" / "faults.toml"


@dataclass(frozen=True)
class Reported:
    """A reported fault. ``trigger`` is the program that shows it; afterwards ``expect`` is true of a right
    implementation, or the trigger ``raises``. ``convention``: what is right is a choice.
    """

    id: str
    title: str
    kind: str
    convention: bool
    reported: tuple[str, ...]
    trigger: str
    wrong: str
    right: str
    mutant: str
    expect: str = ""
    raises: str = ""


@cache
def reported() -> dict[str, Reported]:
    """Every reported fault by its id."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))["fault"]
    faults = [Reported(**{**table, "reported": tuple(table["reported"])}) for table in tables]
    return {fault.id: fault for fault in faults}


NOT_PLANTED = {
    "RD14": "NaN and zero are both acceptable where all elements are equal, so the mutant conforms",
    "RD15": "nansum is not in the catalogue",
    "EW11": "elu is not in the catalogue",
    "EW12": "a limitation that every major library documents: there is no right answer to break",
    "EW16": "NaN and zero are both acceptable at the origin, so the mutant conforms",
    "EW22": "hardshrink is not in the catalogue; at relu's kink both comparisons are acceptable",
    "EW25": "there are no complex tensors in the catalogue's dtypes",
    "AC13": "in-place operators belong to the level mechanics",
    "AC14": "time is a resource, which the level mechanics is about",
    "AC15": "a Python name is no object that could share an adjoint: nothing to plant",
    "AC21": "depth is a resource, which the level mechanics is about",
    "AC22": "depth is a resource, which the level mechanics is about",
    "MD07": "threads belong to the level mechanics",
    "MD09": "threads belong to the level mechanics",
    "IP03": "in-place operators and version counters belong to the level mechanics",
    "IP05": "in-place operators belong to the level mechanics",
    "IP06": "in-place operators belong to the level mechanics",
    "IP10": "in-place operators on views belong to the level mechanics",
    "IP11": "in-place operators on views belong to the level mechanics",
    "IP12": "in-place operators belong to the level mechanics",
    "HO01": "a convention without a wrong side: None and zero are both right",
    "HO09": "the reference keeps no adjoints at tensors; what is left over between walks is AC10",
    "HO10": "where each product is recorded by itself, what a slope of exactly zero ends is exactly zero",
    "HK01": "hooks belong to the level mechanics",
    "BA02": "whether a cotangent of another dtype is cast or refused is a choice, and no clause makes it",
    "LA02": "einsum is not in the catalogue",
    "CV01": "convolutions are not in the catalogue",
    "CV03": "convolutions are not in the catalogue",
    "CV04": "convolutions are not in the catalogue",
    "PR01": "no generated program has the thousands of summands that half precision needs to stagnate",
}
"""Why each of the others is not among the seeded faults."""

"""Three independent ways to know a gradient: PyTorch, SymPy's symbolic derivatives, and finite differences.

The oracles share the language of questions (:mod:`oracles.question`) and nothing else; each engine is
imported by the one module that needs it, on first use.
"""

from __future__ import annotations

import importlib

from oracles.question import (
    Abstain,
    Answer,
    Apply,
    Constant,
    Freeze,
    Function,
    Literal,
    Oracle,
    Question,
    Ref,
    Reply,
    Slice,
    Vjp,
)

__all__ = [
    "NAMES",
    "Abstain",
    "Answer",
    "Apply",
    "Constant",
    "Freeze",
    "Function",
    "Literal",
    "Oracle",
    "Question",
    "Ref",
    "Reply",
    "Slice",
    "Vjp",
    "load",
]

_MODULES = {
    "torch": "oracles.pytorch",
    "sympy": "oracles.symbolic",
    "finite-differences": "oracles.finite_differences",
}
NAMES = tuple(_MODULES)


def load(name: str) -> Oracle:
    """The oracle of that name, one of :data:`NAMES`.

    Raises ValueError for an unknown name and ImportError when its engine is not installed.
    """
    if name not in _MODULES:
        raise ValueError(f"no oracle is called {name!r}; there are {', '.join(NAMES)}")
    oracle: Oracle = importlib.import_module(_MODULES[name]).oracle()
    return oracle

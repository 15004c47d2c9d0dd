"""Implementations that the suite can be pointed at; none is imported until it is named."""

from __future__ import annotations

from collections.abc import Mapping

# What is in the box: the name to ask for, and the module here whose ``implementation()`` gives it.
MODULES: Mapping[str, str] = {
    "refimpl": "conformance.adapters.refimpl",
    "torch": "conformance.adapters.torch",
}
NAMES = tuple(MODULES)

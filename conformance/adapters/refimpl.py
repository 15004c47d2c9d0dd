"""The reference implementation."""

from __future__ import annotations

import refimpl
from conformance.adapters.torch_spelled import TorchSpelled


def implementation() -> TorchSpelled:
    return TorchSpelled(refimpl, name="refimpl")

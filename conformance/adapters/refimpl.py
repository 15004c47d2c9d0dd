"""The reference implementation."""

from __future__ import annotations

from importlib import metadata

import refimpl
from conformance.adapters.torch_spelled import TorchSpelled


def implementation() -> TorchSpelled:
    try:
        version = metadata.version("autograd-conformance")
    except metadata.PackageNotFoundError:
        version = "(not installed)"
    return TorchSpelled(refimpl, name="refimpl", version=f"refimpl {version}")

"""PyTorch, eager, on the CPU."""

from __future__ import annotations

import torch

from conformance.adapters.torch_spelled import TorchSpelled


def implementation() -> TorchSpelled:
    return TorchSpelled(torch, name="torch", version=f"PyTorch {torch.__version__}")

"""What PyTorch keeps under ``torch.nn``; here only the functions."""

from __future__ import annotations

from . import functional

__all__ = ["functional"]

"""Asking for gradients."""

from __future__ import annotations

from ._asking import backward, grad

__all__ = ["backward", "grad"]

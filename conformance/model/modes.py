"""Grad modes: whether operations are recorded inside a block."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.programs.statements import Mode

MODE_OF: Mapping[Mode, bool] = {
    "no_grad": False,
    "enable_grad": True,
    "set_grad_enabled(True)": True,
    "set_grad_enabled(False)": False,
    "inference_mode": False,
}

"""Grad modes: what they switch off, and what they leave behind."""

from __future__ import annotations

from typing import Any

import refimpl
from refimpl import _grad_mode
from refimpl._grad_mode import recording
from refimpl.autograd import _asking
from tests.faults.planting import Fault, together, wrong, wrong_property

_Mode = _grad_mode._Mode


def _enabled(right: Any, self: Any, *error: Any) -> None:
    right(self, *error)
    recording.set(True)


def _kept_after_errors(right: Any, self: Any, kind: Any, *rest: Any) -> None:
    inside = recording.get()
    right(self, kind, *rest)
    if kind is not None:
        recording.set(inside)


def _never_enabled(right: Any, self: Any) -> None:
    before = recording.get()
    right(self)
    recording.set(before and self._target)


def _ineffective(right: Any, self: Any) -> None:
    right(self)
    if type(self) is refimpl.no_grad:
        recording.set(True)


def _remembers_itself(right: Any, self: Any) -> None:
    right(self)
    self._found[-1] = self._target


def _nothing_without_recording(right: Any, *arguments: Any, **named: Any) -> Any:
    return right(*arguments, **named) if recording.get() else {}


def _left_off(right: Any, *arguments: Any, **named: Any) -> Any:
    found = right(*arguments, **named)
    recording.set(named["create_graph"])
    return found


def _tracked_view(right: Any, input: Any, *arguments: Any, **named: Any) -> Any:
    result = right(input, *arguments, **named)
    if not recording.get() and result is not input:
        result._requires_grad = input._requires_grad
    return result


def _flag_of_the_base(right: Any, self: Any) -> bool:
    return bool(
        right(self) or (self._base is not None and self._base._requires_grad and self._base._edge is None)
    )


def _stripped(right: Any, self: Any, other: Any) -> Any:
    if not recording.get() and self._edge is None:
        self._requires_grad = False
    return right(self, other)


FAULTS = (
    Fault(
        "MD03",
        "leaving a block enables gradients",
        wrong(_Mode, "__exit__", _enabled),
        ("restores_the_mode_that_was",),
    ),
    Fault(
        "MD05",
        "backward does nothing while gradients are disabled",
        wrong(_asking, "walk", _nothing_without_recording),
        ("composes_operators",),
    ),
    Fault(
        "MD06",
        "backward leaves the mode as it needed it",
        wrong(_asking, "walk", _left_off),
        ("adds_up_several_backwards", "composes_operators"),
    ),
    Fault(
        "no-grad-ineffective",
        "no_grad disables nothing",
        wrong(_Mode, "__enter__", _ineffective),
        ("records_nothing_under_no_grad", "restores_the_mode_that_was"),
    ),
    Fault(
        "no-grad-strips",
        "no_grad clears the flag of leaves that are multiplied inside",
        together(wrong(refimpl.Tensor, "__mul__", _stripped), wrong(refimpl.Tensor, "__add__", _stripped)),
        ("records_nothing_under_no_grad",),
    ),
    Fault(
        "views-tracked-under-no-grad",
        "views taken under no_grad require grad where what they show does",
        together(*(wrong(refimpl, name, _tracked_view) for name in ("reshape", "transpose", "unsqueeze"))),
        ("tracks_no_view_under_no_grad",),
    ),
    Fault(
        "flag-of-the-base",
        "a view has the flag of the leaf that it shows, also where that was set later",
        wrong_property(refimpl.Tensor, "requires_grad", _flag_of_the_base),
        ("tracks_no_view_from_before_the_flag",),
    ),
    Fault(
        "enable-grad-ineffective",
        "enable_grad inside no_grad enables nothing",
        wrong(_Mode, "__enter__", _never_enabled),
        ("restores_the_mode_that_was",),
    ),
    Fault(
        "left-by-exception",
        "a block that an exception leaves keeps its mode",
        wrong(_Mode, "__exit__", _kept_after_errors),
        ("restores_the_mode_after_an_exception",),
    ),
    Fault(
        "set-grad-enabled-stays",
        "set_grad_enabled as a block does not put the former mode back",
        wrong(_grad_mode.set_grad_enabled, "__enter__", _remembers_itself),
        ("restores_the_mode_that_was", "records_nothing_under_no_grad"),
    ),
)

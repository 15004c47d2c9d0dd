"""Implementations with one thing wrong with each: the reference, and a change to what goes in or comes out.

They can be named on the command line: ``tests.conformance.fakes:doubled``. Each is wrong in float64 only,
so that it passes the smoke facts.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.adapters.refimpl import implementation
from conformance.implementation import Claims
from conformance.programs import statements as st
from conformance.trace import Observation, Tensor, Trace
from oracles.question import Literal


class Fake:
    """Runs programs on the reference after ``before`` has changed them, and gives the trace that ``after``
    makes.
    """

    def __init__(
        self,
        name: str,
        before: Callable[[st.Program], st.Program] = lambda program: program,
        after: Callable[[st.Program, Trace], Trace] = lambda program, trace: trace,
        claims: Claims | None = None,
    ) -> None:
        self.name = name
        self.version = f"{name} 1.0"
        self.claims = claims or Claims()
        self._reference = implementation()
        self._before = before
        self._after = after

    def run(self, program: st.Program) -> Trace:
        return self._after(program, self._reference.run(self._before(program)))


def _grads(change: Callable[[Tensor], Tensor | None]) -> Callable[[st.Program, Trace], Trace]:
    """Changes every grad that is observed."""

    def after(program: st.Program, trace: Trace) -> Trace:
        seen = [
            Observation(o.place, o.name, _with_grad(o.fields, change(o.fields["grad"])))
            if isinstance(grad := o.fields.get("grad"), Tensor) and grad.dtype == "float64"
            else o
            for o in trace.observations
        ]
        return Trace(trace.events, seen)

    return after


def _with_grad(fields: Mapping[str, Any], grad: Any) -> Mapping[str, Any]:
    return {**fields, "grad": grad}


def _times(factor: float) -> Callable[[Tensor], Tensor]:
    return lambda grad: Tensor(np.asarray(grad.value * factor), grad.dtype)


def _transpose(grad: Tensor) -> Tensor:
    if grad.value.ndim < 2 or len(set(grad.shape[-2:])) > 1:
        return grad
    return Tensor(np.swapaxes(grad.value, -1, -2).copy(), grad.dtype)


def _ignores_cotangent(program: st.Program) -> st.Program:
    given = {n for s in program.walk() if isinstance(s, st.Backward) for n in s.gradients if n}
    return st.Program(
        tuple(
            replace(s, value=Literal.of(np.ones(s.value.shape), dtype=s.value.dtype))
            if isinstance(s, st.Create) and s.target in given and s.value.dtype == "float64"
            else s
            for s in program
        )
    )


def _fills_intermediates(program: st.Program, trace: Trace) -> Trace:
    made = {s.target for s in program.walk() if isinstance(s, st.Create)}
    seen = [
        Observation(o.place, o.name, _with_grad(o.fields, o.fields.get("value")))
        if o.name not in made and o.fields.get("requires_grad") and o.fields.get("dtype") == "float64"
        else o
        for o in trace.observations
    ]
    return Trace(trace.events, seen)


def _is_double(program: st.Program) -> bool:
    return any(
        isinstance(s, st.Create) and s.requires_grad and s.value.dtype == "float64" for s in program.walk()
    )


class Crashing(Fake):
    """Raises out of ``run``."""

    def run(self, program: st.Program) -> Trace:
        if _is_double(program):
            raise SystemError("the back end is gone")
        return super().run(program)


class Dying(Fake):
    """Takes its process along."""

    def run(self, program: st.Program) -> Trace:
        if _is_double(program):
            os._exit(7)
        return super().run(program)


class Flaky(Fake):
    """Gives wrong gradients every seventh time that it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._count = 0

    def run(self, program: st.Program) -> Trace:
        self._count += 1
        trace = super().run(program)
        return _grads(_times(2.0))(program, trace) if self._count % 7 == 0 else trace


class Slow(Fake):
    """Takes its time, so that there is time to interrupt it."""

    def run(self, program: st.Program) -> Trace:
        time.sleep(0.05)
        return super().run(program)


class Stubborn(Fake):
    """Never comes back from a program in float64, and takes no interrupt for an answer."""

    def run(self, program: st.Program) -> Trace:
        while _is_double(program):
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(60)
        return super().run(program)


right = Fake("right")
doubled = Fake("doubled", after=_grads(_times(2.0)))
transposed = Fake("transposed", after=_grads(_transpose))
forgetful = Fake("forgetful", _ignores_cotangent)
without_grads = Fake("without-grads", after=_grads(lambda grad: None))
generous = Fake("generous", after=_fills_intermediates)
crashing = Crashing("crashing")
dying = Dying("dying")
flaky = Flaky("flaky")
slow = Slow("slow")
stubborn = Stubborn("stubborn")
# Claims no grad modes, and no operator but the four arithmetic ones.
modest = Fake(
    "modest",
    claims=Claims(frozenset({"backward", "requires_grad"}), frozenset({"add", "sub", "mul", "div"})),
)

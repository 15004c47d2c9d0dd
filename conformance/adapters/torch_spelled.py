"""Runs programs on any namespace that is spelled like torch, the way a user of it would write them."""

from __future__ import annotations

import warnings
from typing import Any

from conformance.adapters.calling import Calls
from conformance.adapters.execution import Run
from conformance.implementation import Claims
from conformance.programs.statements import Program
from conformance.trace import Trace


class TorchSpelled:
    """An implementation out of a namespace with torch's names: ``TorchSpelled(mytorch, name="mytorch")``.

    A statement that raises is recorded with the names of the error's classes, and unbinds the names it
    would have bound; one that needs a name which is not bound, or bound to None, is skipped. A block is
    recorded after its body; of a block that is skipped, or whose head raises, the body leaves no event.
    Whatever a program does, the grad mode and the warnings filters are afterwards what they were.
    """

    def __init__(
        self,
        namespace: Any,
        *,
        name: str | None = None,
        version: str | None = None,
        claims: Claims | None = None,
    ) -> None:
        self.namespace = namespace
        self.name = name or str(getattr(namespace, "__name__", type(namespace).__name__))
        self.version = version or f"{self.name} {getattr(namespace, '__version__', '(no version)')}"
        self.claims = claims or Claims()
        self.calls = Calls(namespace)
        self.dtypes: dict[Any, str] = {}

    def run(self, program: Program) -> Trace:
        """What the program does here. Raises nothing for what the program does, except KeyboardInterrupt."""
        enabled = getattr(self.namespace, "is_grad_enabled", None)
        before = enabled() if enabled else None
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                run = Run(self.namespace, self.calls, self.dtypes, caught)
                run.body(program.complete().statements, ())
        finally:
            if enabled and enabled() != before:
                self.namespace.set_grad_enabled(before)
        return run.trace

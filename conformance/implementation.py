"""The protocol that an implementation under test speaks, and what it may claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from conformance.programs.statements import (
    PLAIN_FIELDS,
    Apply,
    Backward,
    Create,
    Detach,
    Grad,
    GradMode,
    Hook,
    If,
    Mutate,
    Observe,
    Program,
    ReadGrad,
    Repeat,
    RetainGrad,
    SetGrad,
    SetRequiresGrad,
    While,
)
from conformance.trace import Trace

# What a program may need of an implementation besides operators and dtypes; ``scripted`` is an in-process
# namespace spelled like torch, for the clauses that cannot be programs.
CAPABILITIES = (
    "backward",
    "grad",
    "several_roots",
    "inputs",
    "create_graph",
    "retain_graph",
    "detach",
    "data",
    "requires_grad",
    "grad_mode",
    "inference_mode",
    "set_grad",
    "retain_grad",
    "in_place",
    "hooks",
    "control_flow",
    "inspection",
    "errors",
    "scripted",
)


@dataclass(frozen=True)
class Claims:
    """What an implementation offers. None for operators or dtypes means all of them."""

    capabilities: frozenset[str] = frozenset(CAPABILITIES)
    operators: frozenset[str] | None = None
    dtypes: frozenset[str] | None = None

    def lacks(self, needs: Needs) -> tuple[str, ...]:
        """What a program needs and the implementation does not offer, in words; empty when it can be
        asked.
        """
        missing = [f"capability {name}" for name in sorted(needs.capabilities - self.capabilities)]
        if self.operators is not None:
            missing += [f"operator {name}" for name in sorted(needs.operators - self.operators)]
        if self.dtypes is not None:
            missing += [f"dtype {name}" for name in sorted(needs.dtypes - self.dtypes)]
        return tuple(missing)


@dataclass(frozen=True)
class Needs:
    """What a program asks of whoever runs it."""

    capabilities: frozenset[str]
    operators: frozenset[str]
    dtypes: frozenset[str]


@runtime_checkable
class Implementation(Protocol):
    """An autograd that can be asked to run programs. ``run`` never raises for what the program does."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """Name and version, for the report."""
        ...

    @property
    def claims(self) -> Claims: ...

    def run(self, program: Program) -> Trace: ...


def needs(program: Program) -> Needs:
    """What the program's statements need, derived from the statements themselves."""
    capabilities: set[str] = set()
    operators: set[str] = set()
    dtypes: set[str] = set()
    for statement in program.walk():
        match statement:
            case Create(value=value):
                dtypes.add(value.dtype)
            case Apply(op=op, params=params):
                operators.add(op)
                dtypes.update(str(value) for name, value in params if name == "dtype" and value is not None)
            case Mutate(through_data=through_data):
                capabilities.update({"in_place", "data"} if through_data else {"in_place"})
            case Detach(data=data):
                capabilities.add("data" if data else "detach")
            case SetRequiresGrad():
                capabilities.add("requires_grad")
            case GradMode(mode=mode):
                capabilities.add("inference_mode" if mode == "inference_mode" else "grad_mode")
            case While() | If() | Repeat():
                capabilities.add("control_flow")
            case Backward(roots=roots, inputs=inputs, create_graph=create_graph, retain_graph=retain_graph):
                capabilities.add("backward")
                capabilities.update(_options(len(roots) > 1, inputs is not None, create_graph, retain_graph))
            case Grad(outputs=outputs, create_graph=create_graph, retain_graph=retain_graph):
                capabilities.add("grad")
                capabilities.update(_options(len(outputs) > 1, False, create_graph, retain_graph))
            case SetGrad(value=value):
                capabilities.add("set_grad" if value is not None else "backward")
            case ReadGrad():
                capabilities.add("backward")
            case RetainGrad():
                capabilities.add("retain_grad")
            case Hook():
                capabilities.add("hooks")
            case Observe(fields=fields):
                if set(fields) - set(PLAIN_FIELDS):
                    capabilities.add("inspection")
    return Needs(frozenset(capabilities), frozenset(operators), frozenset(dtypes))


def _options(several: bool, inputs: bool, create_graph: bool, retain_graph: bool | None) -> set[str]:
    asked = {
        "several_roots": several,
        "inputs": inputs,
        "create_graph": create_graph,
        "retain_graph": retain_graph is not None,
    }
    return {name for name, wanted in asked.items() if wanted}

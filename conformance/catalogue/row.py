"""What a row of the catalogue is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias
from typing import Literal as OneOf

from conformance.catalogue.domains import REAL, Domain, Kink

Role: TypeAlias = OneOf["number", "exponent", "mask", "index", "list", "subscript"]
Shapes: TypeAlias = OneOf[
    "one",
    "broadcast",
    "matmul",
    "cat",
    "stack",
    "subscript",
    "gather",
    "select",
    "along",
    "copy",
    "fill",
    "write",
]
ParamKind: TypeAlias = OneOf[
    "dim",
    "dims",
    "one or more dims",
    "one or two dims",
    "new dim",
    "permutation",
    "flag",
    "dtype",
    "choice",
    "number",
    "shape",
    "sizes",
    "repeats",
    "sections",
    "count",
    "position",
    "start",
    "length",
    "offset",
    "start dim",
    "end dim",
    "other dtype",
    "other dim",
    "destination",
]
Results: TypeAlias = OneOf["one", "values and indices where dim is given", "pieces"]
Accepts: TypeAlias = OneOf["floating", "numbers", "any"]


@dataclass(frozen=True)
class Operand:
    """A tensor argument: its name, what it holds, and where its elements may lie.

    ``scalar``: a Python scalar may stand in its place; ``optional``: it may be None.
    """

    name: str
    domain: Domain = REAL
    role: Role = "number"
    scalar: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Param:
    """A keyword argument that is no tensor: its name, the kind of its values, whether a call must give it."""

    name: str
    kind: ParamKind
    required: bool = False
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Row:
    """One operator, in facts.

    ``shapes`` is the family that says how the shapes of its operands hang together; ``rank`` the least and
    the greatest rank of the first operand; ``least`` the number of elements that a group which is reduced
    must have at least; ``dtype`` the name of a rule of :mod:`conformance.dtypes`; ``accepts`` the dtypes that
    its numbers may have (``mixed``: several at once); ``analytic`` whether every floating result is an
    analytic function on the domain. A result is differentiable when its dtype is floating and
    ``differentiable`` holds.
    """

    name: str
    operands: tuple[Operand, ...]
    shapes: Shapes
    params: tuple[Param, ...] = ()
    kinks: tuple[Kink, ...] = ()
    analytic: bool = True
    dtype: str = "first"
    accepts: Accepts = "floating"
    mixed: bool = False
    rank: tuple[int, int] = (0, 4)
    least: int = 0
    results: Results = "one"
    differentiable: bool = True

    @property
    def joint(self) -> bool:
        """Whether a kink depends on more than one element."""
        return any(kink.joint for kink in self.kinks)

    def param(self, name: str) -> Param | None:
        """The parameter of that name, or None."""
        return next((param for param in self.params if param.name == name), None)


X = Operand("input")
DIM = Param("dim", "dim")
DIMS = Param("dim", "one or more dims")
KEEPDIM = Param("keepdim", "flag")
DTYPE = Param("dtype", "dtype")

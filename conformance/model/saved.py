"""What each operator's pullback keeps from the forward computation, and through which of it a gradient has a
history.

Two facts of a graph hang on it and on nothing else: whether a second backward through a released node can
still run, and whether a gradient asked for under ``create_graph`` requires grad itself. Source: the
mathematics of each pullback (a linear operator needs nothing; a product needs the other factor), and for the
choices that remain PyTorch's, which a test asks of PyTorch operator by operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oracles.question import Slice

RESULT = -1
"""Stands for the operator's own result among the operands that a pullback reads."""


@dataclass(frozen=True, slots=True)
class Reads:
    """For the gradient of one operand: the operands kept, and those that the gradient depends on smoothly.

    ``doubtful``: the gradient is constant between jumps; whether it has a history is a matter of taste.
    """

    saved: tuple[int, ...] = ()
    history: tuple[int, ...] = ()
    doubtful: bool = False


NOTHING = Reads()


def smooth(*operands: int) -> Reads:
    """The pullback multiplies by functions of these."""
    return Reads(operands, operands)


def chosen(*operands: int) -> Reads:
    """The pullback only looks at these to choose places (masks, indices): kept, but constant to a
    derivative.
    """
    return Reads(operands, ())


LINEAR = (
    "add sub neg clone sum mean cumsum reshape flatten transpose permute squeeze unsqueeze expand T mT cat"
    " stack split chunk unbind select narrow diagonal flip movedim repeat to contiguous view"
).split()
JUMPING = "sign floor ceil round trunc".split()
OF_OPERAND = "abs log sin cos square log1p".split()
OF_RESULT = "exp sqrt tan tanh sigmoid nn.functional.relu reciprocal rsqrt expm1 softmax log_softmax".split()
OF_BOTH = "prod std norm logsumexp".split()
BY_PLACE = "amax amin max min gather index_select masked_fill take_along_dim".split()

READS: Mapping[str, tuple[Reads, ...]] = {
    **dict.fromkeys(LINEAR, (NOTHING,)),
    **dict.fromkeys(JUMPING, (Reads(doubtful=True),)),
    **dict.fromkeys(OF_OPERAND, (smooth(0),)),
    **dict.fromkeys(OF_RESULT, (smooth(RESULT),)),
    **dict.fromkeys(OF_BOTH, (smooth(0, RESULT),)),
    **dict.fromkeys(BY_PLACE, (chosen(0),)),
    "var": (smooth(0),),
    "mul": (smooth(1), smooth(0)),
    "matmul": (smooth(1), smooth(0)),
    "div": (smooth(1), smooth(0, 1)),
    "pow": (smooth(0, 1), smooth(0, 1, RESULT)),
    "atan2": (smooth(0, 1), smooth(0, 1)),
    "fmod": (NOTHING, Reads((0, 1), (), doubtful=True)),
    "remainder": (NOTHING, Reads((0, 1), (), doubtful=True)),
    "maximum": (chosen(0, 1), chosen(0, 1)),
    "minimum": (chosen(0, 1), chosen(0, 1)),
    "clamp": (chosen(0, 1, 2), chosen(0, 1, 2), chosen(0, 1, 2)),
    "where": (NOTHING, chosen(0), chosen(0)),
}


def reads(op: str, params: Mapping[str, Any], args: tuple[Any, ...], operand: int) -> Reads | None:
    """What the gradient of one operand reads, or None where this table does not say.

    ``args`` are the arguments as the program wrote them: a Python number among them changes what is kept.
    """
    if op == "__getitem__":
        return NOTHING if _basic(args[1]) else chosen(0)
    if op == "pow" and operand == 0 and _number(args[1]):
        return chosen(0) if args[1] == 0 else smooth(0)
    if op == "pow" and operand == 1 and _number(args[0]):
        return smooth(1, RESULT)
    if op == "prod" and getattr(args[0], "shape", None) == ():
        return chosen(0, RESULT)  # one factor: the product is linear
    if op == "div" and params.get("rounding_mode") is not None:
        return Reads(doubtful=True)
    rows = READS.get(op)
    if rows is None:
        return None
    return rows[operand] if len(rows) > 1 else rows[0]


def _number(argument: Any) -> bool:
    return isinstance(argument, bool | int | float)


def _basic(index: Any) -> bool:
    items = index if isinstance(index, tuple) else (index,)
    return all(item is None or item is Ellipsis or isinstance(item, int | Slice) for item in items)

"""How PyTorch's users write an operator: its sign, or the parameters of its method in their order.

An operator without a row is a function below ``torch.`` whose parameters are given by keyword, which is
always right.
"""

from __future__ import annotations

from collections.abc import Mapping

INFIX: Mapping[str, str] = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "pow": "**",
    "remainder": "%",
    "matmul": "@",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}

ATTRIBUTES = frozenset({"T", "mT"})

# An operand of a method, where the other entries name its parameters; a star takes the rest of the call.
OPERAND = "@"

_REDUCTION = ("dim", "keepdim")

# Methods whose parameters read best by name.
_BY_NAME: Mapping[str, tuple[str, ...]] = {
    "sum": _REDUCTION,
    "mean": _REDUCTION,
    "prod": _REDUCTION,
    "amax": _REDUCTION,
    "amin": _REDUCTION,
    "max": _REDUCTION,
    "min": _REDUCTION,
    "argmax": _REDUCTION,
    "argmin": _REDUCTION,
    "logsumexp": _REDUCTION,
    "var": ("dim",),
    "std": ("dim",),
    "norm": ("p", "dim", "keepdim"),
    "cumsum": ("dim",),
    "softmax": ("dim",),
    "log_softmax": ("dim",),
    "squeeze": ("dim",),
    "flatten": ("start_dim", "end_dim"),
    "diagonal": ("offset", "dim1", "dim2"),
    "unbind": ("dim",),
    "clone": (),
    "item": (),
}

# Methods whose parameters read best in place.
BY_PLACE: Mapping[str, tuple[str, ...]] = {
    "reshape": ("*shape",),
    "view": ("*shape",),
    "permute": ("*dims",),
    "expand": ("*sizes",),
    "repeat": ("*repeats",),
    "flip": ("*dims",),
    "transpose": ("dim0", "dim1"),
    "unsqueeze": ("dim",),
    "movedim": ("source", "destination"),
    "select": ("dim", "index"),
    "narrow": ("dim", "start", "length"),
    "split": ("split_size_or_sections", "dim"),
    "chunk": ("chunks", "dim"),
    "to": ("dtype",),
    "gather": ("dim", OPERAND),
    "index_select": ("dim", OPERAND),
    "masked_fill": (OPERAND, "value"),
    "take_along_dim": (OPERAND, "dim"),
}

METHODS: Mapping[str, tuple[str, ...]] = {**_BY_NAME, **BY_PLACE}

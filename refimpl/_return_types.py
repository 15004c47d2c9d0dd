"""Results with named fields, printed as PyTorch prints its ``torch.return_types``."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

__all__ = ["named_result"]


def named_result(name: str, fields: str) -> Any:
    """A tuple class called ``name`` with ``fields``, separated by blanks."""
    plain: Any = namedtuple(name, fields)  # type: ignore[misc]  # the name is a variable

    def text(self: Any) -> str:
        shown = ",\n".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n{shown})"

    return type(name, (plain,), {"__slots__": (), "__repr__": text, "__module__": "torch.return_types"})


max = named_result("max", "values indices")
min = named_result("min", "values indices")
aminmax = named_result("aminmax", "min max")

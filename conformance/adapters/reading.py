"""What is read off the tensors of a namespace that is spelled like torch when a program observes them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.programs.statements import Field
from conformance.trace import Raised, Tensor


def array_of(tensor: Any) -> NDArray[Any]:
    """A copy of the value, so that what the program does next cannot change what was seen."""
    return np.array(tensor.detach().numpy())


def storage_of(tensor: Any) -> Hashable:
    """What tensors that share memory have in common: the storage, else the array at its root.

    ``detach`` is asked for an array only where ``numpy`` has none to give: a detach that copies must show.
    """
    if hasattr(tensor, "untyped_storage"):
        storage = tensor.untyped_storage()
        # Empty storages have no address, but the object behind them does.
        return int(getattr(storage, "_cdata", None) or storage.data_ptr())
    array = (tensor.detach() if tensor.requires_grad else tensor).numpy()
    while isinstance(array.base, np.ndarray):
        array = array.base
    return int(array.__array_interface__["data"][0])


class Reader:
    """Reads what one Observe names; classes are numbered within it, in order of appearance.

    ``alias`` is the number of the class of tensors that share memory; ``node`` is (name, number) of the
    grad_fn or None, the number saying which nodes are the same; ``edges`` is one (name, number, output) or
    None for each edge of the grad_fn. ``hook_log`` holds the handles in the order in which their hooks ran,
    and ``warnings`` a (class name, text) for each warning, both from the start of the program.
    """

    def __init__(
        self, dtypes: dict[Any, str], hook_log: list[str], warned: Iterable[tuple[str, str]]
    ) -> None:
        self._dtypes = dtypes
        self._hook_log = hook_log
        self._warned = warned
        self._storages: dict[Hashable, int] = {}
        # By identity; the node is kept so that another cannot take its place in memory.
        self._nodes: dict[int, tuple[int, Any]] = {}

    def fields(self, tensor: Any, fields: tuple[Field, ...]) -> tuple[dict[str, Any], Raised | None]:
        """The fields by name, and the first error met; a field that could not be read holds its error."""
        found: dict[str, Any] = {}
        first = None
        for field in fields:
            try:
                found[field] = READERS[field](self, tensor)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                found[field] = raised = Raised.of(error)
                first = first or raised
        return found, first

    def tensor(self, tensor: Any) -> Tensor:
        return Tensor(array_of(tensor), self.dtype(tensor))

    def shape(self, tensor: Any) -> tuple[int, ...]:
        return tuple(tensor.shape)

    def dtype(self, tensor: Any) -> str:
        dtype = tensor.dtype
        name = self._dtypes.get(dtype)
        if name is None:
            name = self._dtypes[dtype] = str(dtype).rpartition(".")[2]
        return name

    def grad(self, tensor: Any) -> Tensor | None:
        grad = tensor.grad
        return None if grad is None else self.tensor(grad)

    def alias(self, tensor: Any) -> int:
        return self._storages.setdefault(storage_of(tensor), len(self._storages))

    def _name(self, node: Any) -> str:
        # PyTorch names a node of its own in full, as in torch::autograd::AccumulateGrad, and prints the
        # last part.
        return str(node.name()).rpartition("::")[2]

    def node(self, tensor: Any) -> tuple[str, int] | None:
        node = tensor.grad_fn
        return None if node is None else (self._name(node), self._number(node))

    def edges(self, tensor: Any) -> tuple[tuple[str, int, int] | None, ...]:
        node = tensor.grad_fn
        if node is None:
            return ()
        return tuple(
            None if below is None else (self._name(below), self._number(below), output)
            for below, output in node.next_functions
        )

    def hook_log(self, tensor: Any) -> tuple[str, ...]:
        return tuple(self._hook_log)

    def warnings(self, tensor: Any) -> tuple[tuple[str, str], ...]:
        return tuple(self._warned)

    def _number(self, node: Any) -> int:
        return self._nodes.setdefault(id(node), (len(self._nodes), node))[0]


READERS: Mapping[Field, Callable[[Reader, Any], Any]] = {
    "value": Reader.tensor,
    "shape": Reader.shape,
    "dtype": Reader.dtype,
    "requires_grad": lambda reader, tensor: tensor.requires_grad,
    "is_leaf": lambda reader, tensor: tensor.is_leaf,
    "has_grad_fn": lambda reader, tensor: tensor.grad_fn is not None,
    "grad": Reader.grad,
    "version": lambda reader, tensor: tensor._version,
    "alias": Reader.alias,
    "node": Reader.node,
    "edges": Reader.edges,
    "hook_log": Reader.hook_log,
    "warnings": Reader.warnings,
}

"""The tensor: an array, and where its gradient goes.

Operators are methods too, and so is ``backward``; they are attached where they are defined
(``_operators.public``).
"""

from __future__ import annotations

import copy
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _dtypes, _graph
from ._graph import AccumulateGrad, Edge, Node, Output, RemovableHandle, VersionCounter
from ._printing import format_tensor
from ._values import Values

__all__ = ["Tensor", "gradient_edge", "is_tensor", "rare_of", "version_of"]

_ndarray = np.ndarray

_ADVICE = (
    " If you want to use a computed variable in a subgraph that doesn't require differentiation use "
    "var_no_grad = var.detach()."
)


class Rare:
    """What few tensors have, so that the others need not carry it.

    Attributes:
        base: the tensor whose memory a view shows; never a view itself.
        step: the last of the view operators from there to here.
        forbidden: why the history of this view cannot be rewritten, if so.
        stale: whether the base was changed since ``_edge`` was right.
        views: of a base, by id.
        end: of a leaf, where its gradient goes.
        buffer: the ``.grad`` that a walk made, and may add to.
        hooks, post_hooks: of a leaf, on its gradient and after its accumulation.
        retains: whether this is an intermediate that keeps its gradient.
    """

    # On the class, so that a tensor with one of them pays for that one only.
    base: Tensor | None = None
    step: Any = None
    forbidden = ""
    stale = False
    views: weakref.WeakValueDictionary[int, Tensor] | None = None
    end: weakref.ref[AccumulateGrad] | None = None
    buffer: Tensor | None = None
    hooks: dict[int, Callable[..., Any]] | None = None
    post_hooks: dict[int, Callable[..., Any]] | None = None
    retains = False


class Tensor(Values):
    """An array that operations on it may be recorded for.

    ``Tensor(data)`` is PyTorch's old constructor: it copies ``data`` as the default dtype. ``refimpl.tensor``
    is the one to use. Inside this package it wraps an array as it is.
    """

    __slots__ = ("__weakref__", "_array", "_edge", "_grad", "_rare", "_requires_grad", "_version_counter")

    __array_priority__ = 1000  # makes NumPy's own operators leave mixed expressions to this class

    def __init__(self, array: Any = (), edge: Edge | None = None, requires_grad: bool = False) -> None:
        self._array: Any = array if type(array) is _ndarray else _as_array(array)
        self._edge = edge
        self._requires_grad = requires_grad
        self._grad: Tensor | None = None
        self._version_counter: VersionCounter | None = None
        self._rare: Rare | None = None

    def __repr__(self, *, tensor_contents: None = None) -> str:
        node = self.grad_fn
        return format_tensor(self._array, self._requires_grad, None if node is None else type(node).__name__)

    # -- where it stands in the graph ----------------------------------------------------------------------

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user, or does not require grad."""
        return self.grad_fn is None

    @property
    def grad_fn(self) -> Node | None:
        """The operation that made it; None for a leaf."""
        if not self._requires_grad:
            return None
        edge = self._edge
        if edge is None and self._rare is not None and self._rare.stale:
            edge = gradient_edge(self)
        if edge is None or type(edge) is AccumulateGrad:
            return None
        return edge.node if isinstance(edge, Output) else edge

    @property
    def output_nr(self) -> int:
        """Which output of ``grad_fn`` it is."""
        return self._edge.number if self.grad_fn is not None and isinstance(self._edge, Output) else 0

    @property
    def requires_grad(self) -> bool:
        """Whether operations on it are recorded. May be set on leaves.

        Raises:
            RuntimeError: when set on a tensor that is no leaf, or on one that is not floating point.
        """
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError("requires_grad must be a bool")
        if not self.is_leaf:
            advice = "" if value else _ADVICE
            raise RuntimeError(f"you can only change requires_grad flags of leaf variables.{advice}")
        if value and self._array.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self._requires_grad = value

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set ``requires_grad`` and return the tensor; True is welcome where it is True already."""
        if not (requires_grad is True and self._requires_grad):
            self.requires_grad = requires_grad
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated so far; None before there is one.

        Raises:
            TypeError, RuntimeError: when set to anything but None or a tensor of the same shape and dtype.
        """
        if self._grad is None and self._requires_grad and not self.retains_grad and not self.is_leaf:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
                "attribute "
                "won't be populated during autograd.backward(). If you indeed want the .grad field to be "
                "populated "
                "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the "
                "non-leaf Tensor "
                "by mistake, make sure you access the leaf Tensor instead.",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            self._check_grad(value)
        self._grad = value
        if self._rare is not None:
            self._rare.buffer = None

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    def _check_grad(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value._array.dtype != self._array.dtype:
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{value.dtype}' to a tensor with dtype "
                f"'{self.dtype}'. The gradient must match the tensor's dtype"
            )
        if value._array.shape != self._array.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(value._array.shape)}' to a tensor of size "
                f"'{list(self._array.shape)}'. Please ensure that the gradient and the tensor are the same "
                "size"
            )

    def retain_grad(self) -> None:
        """Keep the gradient of this intermediate in ``.grad`` as well; does nothing for a leaf.

        Raises:
            RuntimeError: when the tensor does not require grad.
        """
        if not self._requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        node = self.grad_fn
        if node is not None:
            rare_of(self).retains = True
            _graph.hooks_of(node).retained[self.output_nr] = weakref.ref(self)

    def _forget_grad(self) -> None:
        """Take ``retain_grad`` back."""
        node = self.grad_fn
        if node is not None:
            rare_of(self).retains = False
            _graph.hooks_of(node).retained.pop(self.output_nr, None)

    @property
    def retains_grad(self) -> bool:
        """Whether this is an intermediate whose ``.grad`` will be kept."""
        return self._rare is not None and self._rare.retains

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """``hook(grad)`` runs when the gradient of this tensor has been computed; a tensor it returns
        replaces it.

        Raises:
            RuntimeError: when the tensor does not require grad.
        """
        if not self._requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node = self.grad_fn
        if node is None:
            rare = rare_of(self)
            if rare.hooks is None:
                rare.hooks = {}
            return RemovableHandle(rare.hooks, hook)
        return RemovableHandle(_graph.hooks_of(node).of_outputs.setdefault(self.output_nr, {}), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """``hook(tensor)`` runs after a walk has added to ``.grad``; only for leaves.

        Raises:
            RuntimeError: when the tensor does not require grad, or is not a leaf.
        """
        if not self._requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if not self.is_leaf:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        rare = rare_of(self)
        if rare.post_hooks is None:
            rare.post_hooks = {}
        return RemovableHandle(rare.post_hooks, hook)

    # -- the same memory under another name ----------------------------------------------------------------

    @property
    def data(self) -> Tensor:
        """The same memory without history, and with a version counter of its own.

        Setting it makes the tensor show other memory of the same dtype; its history and version stay.
        """
        return Tensor(self._array)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if (
            value._array.dtype != self._array.dtype
            and self._requires_grad
            and value._array.dtype.kind not in "fc"
        ):
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex dtype"
            )
        self._array = value._array

    def detach(self) -> Tensor:
        """The same memory, without history; the version counter is shared."""
        alias = Tensor(self._array)
        alias._version_counter = version_of(self)
        return alias

    def detach_(self) -> Tensor:
        """Forget the history: the tensor becomes a leaf that does not require grad.

        Raises:
            RuntimeError: on a view, whose history belongs to its base as well.
        """
        if self._base is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using "
                "DistributedDataParallel (DDP) for "
                "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, "
                "and hence "
                "detach_() cannot be called on these gradients."
            )
        self._edge = None
        self._requires_grad = False
        return self

    @property
    def _version(self) -> int:
        return 0 if self._version_counter is None else self._version_counter.value

    @property
    def _base(self) -> Tensor | None:
        return None if self._rare is None else self._rare.base

    def _is_view(self) -> bool:
        return self._base is not None

    # -- copies --------------------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol "
                "at the "
                "moment. If you were attempting to deepcopy a module, this may be because of a "
                "torch.nn.Module "
                "attribute that is not a leaf."
            )
        if id(self) in memo:
            found: Tensor = memo[id(self)]
            return found
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        Tensor.__init__(made, self._array.copy(order="K"), None, self._requires_grad)
        if self._grad is not None:
            made._grad = copy.deepcopy(self._grad, memo)
        return made

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if not self.is_leaf:
            raise RuntimeError("only graph leaves can be pickled: use detach() first")
        return _rebuilt, (type(self), self._array, self._requires_grad)


def _rebuilt(kind: type[Tensor], array: Any, requires_grad: bool) -> Tensor:
    made = kind.__new__(kind)
    Tensor.__init__(made, array, None, requires_grad)
    return made


def _as_array(data: Any) -> Any:
    """An array of what is none: a scalar of NumPy, as most functions give for zero dimensions, or data."""
    if isinstance(data, np.generic):
        return np.asarray(data)
    if isinstance(data, Tensor):
        return data._array
    if isinstance(data, int):
        return np.zeros(data, _dtypes.get_default_dtype().numpy)
    return np.array(data, _dtypes.get_default_dtype().numpy)


def rare_of(tensor: Tensor) -> Rare:
    """The tensor's rare attributes, made on first use."""
    rare = tensor._rare
    if rare is None:
        with _graph.creating:
            rare = tensor._rare
            if rare is None:
                rare = tensor._rare = Rare()
    return rare


def version_of(tensor: Tensor) -> VersionCounter:
    """The version counter of the tensor's memory, made on first use."""
    counter = tensor._version_counter
    if counter is None:
        with _graph.creating:
            counter = tensor._version_counter
            if counter is None:
                counter = tensor._version_counter = VersionCounter()
    return counter


def gradient_edge(tensor: Tensor) -> Edge:
    """Where the gradient of a tensor that requires grad goes; a leaf's own end is made on first use."""
    if tensor._edge is not None:
        return tensor._edge
    rare = tensor._rare
    if rare is not None:
        if rare.stale:
            from ._views import regenerated

            return regenerated(tensor)
        end = None if rare.end is None else rare.end()
        if end is not None:
            return end
    return _new_end(tensor)


def _new_end(leaf: Tensor) -> AccumulateGrad:
    with _graph.creating:
        rare = leaf._rare
        if rare is None:
            rare = leaf._rare = Rare()
        end = None if rare.end is None else rare.end()  # another thread may have been here first
        if end is None:
            end = AccumulateGrad(leaf)
            rare.end = weakref.ref(end)
        if leaf._version_counter is None:
            leaf._version_counter = VersionCounter()
    return end


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a tensor."""
    return isinstance(obj, Tensor)

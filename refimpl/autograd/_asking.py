"""``backward`` and ``grad``: everything that can be wrong with a request is found before the walk starts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._engine import walk
from .._graph import Edge
from .._operators.public import public
from .._tensor import Tensor
from .._vocabulary import TRACED
from .graph import GradientEdge, edge_of

__all__ = ["backward", "grad"]


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add to the ``.grad`` of the leaves the product of ``grad_tensors`` with the Jacobian of ``tensors`` by
    each.

    Args:
        tensors: the roots, one tensor or several.
        grad_tensors: one tensor of each root's shape, or None for roots of one element, which take 1.
        retain_graph: keep what the graph saved, so that it can be walked again; by default as
            ``create_graph``.
        create_graph: record the walk, so that the gradients can be differentiated themselves.
        grad_variables: the former name of ``grad_tensors``.
        inputs: accumulate into these only, and into intermediates among them as well; by default into all
            leaves.

    Raises:
        RuntimeError: when a root does not require grad, its gradient is missing or has the wrong shape, when
            ``inputs`` is empty, or when the graph was freed or a value it saved was changed. Only what the
            last two find can leave some leaves accumulated.
        TypeError: when a gradient is neither a tensor nor None.
    """
    if grad_variables is not None:
        warnings.warn(
            "`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2
        )
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. "
                "Please "
                "only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    wanted = None if inputs is None else _tuple(inputs)
    if wanted is not None and not wanted:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    roots = _tuple(tensors)
    cotangents = _cotangents(roots, _tuple_or_nones(grad_tensors, len(roots)), create_graph)
    edges = None if wanted is None else _wanted_edges(wanted)
    retain = create_graph if retain_graph is None else retain_graph
    with _retaining(wanted or ()):
        walk(
            [edge_of(root) for root in roots],
            cotangents,
            retain_graph=bool(retain),
            create_graph=create_graph,
            wanted=edges,
            accumulates=True,
        )


@contextmanager
def _retaining(inputs: Sequence[Any]) -> Iterator[None]:
    """Let the intermediates among the inputs keep their gradient for one walk.

    PyTorch lets them keep it for good, so that a later backward which does not name them fills it as well.
    """
    tensors = [each for each in inputs if isinstance(each, Tensor)]
    asked = [each for each in tensors if not each.is_leaf and not each.retains_grad]
    for each in asked:
        each.retain_grad()
    try:
        yield
    finally:
        for each in asked:
            each._forget_grad()


@public("Tensor", names=("backward",))
def _backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add to the ``.grad`` of every leaf that this was computed from; see ``refimpl.autograd.backward``."""
    backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The product of ``grad_outputs`` with the Jacobian of ``outputs`` by each of ``inputs``; changes no
    ``.grad``.

    Args:
        outputs, grad_outputs, retain_graph, create_graph: as ``tensors``... of ``backward``.
        inputs: tensors that require grad, leaves or intermediates.
        only_inputs: must be True.
        allow_unused: give None for inputs that the outputs do not depend on, instead of raising.
        is_grads_batched: not offered here.
        materialize_grads: give zeros instead of None.

    Raises:
        RuntimeError: as ``backward``; when an input does not require grad; when one was not used in the
            graph.
        ValueError: when ``materialize_grads`` is asked for and ``allow_unused`` is False.
        NotImplementedError: for ``is_grads_batched``.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    if is_grads_batched:
        raise NotImplementedError(
            "is_grads_batched is not offered here: call grad once for each row of grad_outputs"
        )
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate "
            "gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    roots, asked = _tuple(outputs), _tuple(inputs)
    cotangents = _cotangents(roots, _tuple_or_nones(grad_outputs, len(roots)), create_graph)
    edges = _wanted_edges(asked)
    retain = create_graph if retain_graph is None else retain_graph
    found = walk(
        [edge_of(root) for root in roots],
        cotangents,
        retain_graph=bool(retain),
        create_graph=create_graph,
        wanted=edges,
    )
    results = _own(found, edges, cotangents, create_graph)
    unused = [index for index, result in enumerate(results) if result is None]
    if unused and not (allow_unused or materialize_grads):
        raise RuntimeError(
            f"The differentiated Tensor at index {unused[0]} appears to not have been used in the graph. Set "
            "allow_unused=True if this is the desired behavior."
        )
    if materialize_grads:
        results = tuple(
            _zeros(each) if result is None else result for each, result in zip(asked, results, strict=True)
        )
    return results


def _zeros(tensor: Any) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
    return Tensor(np.zeros(tensor._array.shape, tensor._array.dtype))


def _tuple(given: Any) -> tuple[Any, ...]:
    return (given,) if isinstance(given, (Tensor, GradientEdge)) else tuple(given)


def _tuple_or_nones(given: Any, count: int) -> tuple[Any, ...]:
    if given is None:
        return (None,) * count
    gradients = _tuple(given)
    for each in gradients:
        if each is not None and not isinstance(each, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(each).__name__}")
    if len(gradients) != count:
        raise RuntimeError(f"got {count} tensors and {len(gradients)} gradients")
    return gradients


def _wanted_edges(inputs: Sequence[Any]) -> list[Edge]:
    for each in inputs:
        if isinstance(each, Tensor) and not each._requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    return [edge_of(each) for each in inputs]


def _cotangents(roots: Sequence[Any], given: Sequence[Any], recorded: bool) -> list[Any]:
    """What the walk starts with: arrays, or tensors where it is recorded."""
    for position, (root, gradient) in enumerate(zip(roots, given, strict=True)):
        if gradient is None:
            _check_implicit(root)
        else:
            _check_gradient(root, gradient, position)
    for position, root in enumerate(roots):
        if isinstance(root, Tensor) and not root._requires_grad:
            raise RuntimeError(
                f"element {position} of tensors does not require grad and does not have a grad_fn"
            )
    return [_cotangent(root, gradient, recorded) for root, gradient in zip(roots, given, strict=True)]


def _check_gradient(root: Any, gradient: Any, position: int) -> None:
    if isinstance(root, Tensor) and gradient._array.shape != root._array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{position}] has a shape of {gradient.shape} and "
            f"output[{position}] has a "
            f"shape of {root.shape}."
        )


def _check_implicit(root: Any) -> None:
    if not isinstance(root, Tensor):
        raise RuntimeError("grad must be given for an output that is a GradientEdge")
    if root._requires_grad and root._array.size != 1:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")


def _cotangent(root: Any, gradient: Tensor | None, recorded: bool) -> Any:
    if gradient is None:
        array = root._array
        one = np.ones(array.shape, array.dtype) if array.ndim else array.dtype.type(1)
        return Tensor(one) if recorded else one
    if isinstance(root, Tensor) and gradient._array.dtype != root._array.dtype:
        gradient = TRACED.to(gradient, root._array.dtype)
    return gradient if recorded else gradient._array


def _own(
    found: dict[Edge, Any], edges: Sequence[Edge], cotangents: Sequence[Any], recorded: bool
) -> tuple[Tensor | None, ...]:
    """A tensor per edge that shares its memory with no other and with no cotangent."""
    results: list[Tensor | None] = []
    taken: list[Any] = list(cotangents)
    for edge in edges:
        gradient = found.get(edge)
        if gradient is None:
            results.append(None)
        elif recorded:
            shared = gradient._base is not None or any(gradient is each for each in taken)
            results.append(gradient.clone() if shared else gradient)
            taken.append(gradient)
        else:
            results.append(Tensor(np.array(gradient)))
    return tuple(results)

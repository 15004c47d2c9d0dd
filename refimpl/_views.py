"""Views: tensors that share their base's memory, and whose history must follow every in-place change of it.

A view knows the steps (view operators) that lead from its base to it. When the base or any of its views is
changed in place, PyTorch rewrites history: the base gets a node for the change, and every view, when next
asked for its history, gets one that takes the view anew from the changed base.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from ._grad_mode import recording
from ._graph import Edge
from ._saved import DTYPE, PARAMETER, SHAPE
from ._tensor import Tensor, gradient_edge, rare_of, version_of

if TYPE_CHECKING:
    from ._operators.operator import Operator

__all__ = [
    "Step",
    "check_may_change",
    "forget_views",
    "note_view",
    "overlaps_itself",
    "path",
    "regenerated",
    "replay",
    "write",
]


class Step(NamedTuple):
    """One view operator on the way from a base to its view: the last one, which knows the one before."""

    before: Step | None
    operator: Operator
    parameters: tuple[Any, ...]
    shape: tuple[int, ...]
    dtype: Any
    number: int | None

    def forward(self, array: Any) -> Any:
        """The view of an array."""
        result = self.operator.forward(array, *self.parameters)
        return result if self.number is None else result[self.number]

    def pull(self, F: Any, g: Any) -> Any:
        """The gradient of what was viewed, in the vocabulary ``F``, from that of the view."""
        plan = self.operator.plan((True,))
        facts = {SHAPE: self.shape, DTYPE: self.dtype}
        return plan.pull(
            F, g, *(self.parameters[i] if kind == PARAMETER else facts[kind] for kind, i in plan.sources)
        )


def path(last: Step) -> list[Step]:
    """All steps from the base to ``last``, which comes first here."""
    steps: list[Step] = []
    step: Step | None = last
    while step is not None:
        steps.append(step)
        step = step.before
    return steps


def replay(array: Any, last: Step) -> Any:
    """The view that ``last`` leads to, of another array in its base's shape."""
    for step in reversed(path(last)):
        array = step.forward(array)
    return array


def note_view(
    operator: Operator, parameters: tuple[Any, ...], source: Tensor, result: Tensor, number: int | None
) -> None:
    """Let a result that shares its source's memory share its version counter, and know its base."""
    if not _shares(result._array, source._array):
        return
    result._version_counter = version_of(source)
    rare, of_source = rare_of(result), source._rare
    before = None
    if of_source is None or of_source.base is None:
        rare.base = source
    else:
        rare.base, rare.forbidden, before = of_source.base, of_source.forbidden, of_source.step
    rare.step = Step(before, operator, parameters, source._array.shape, source._array.dtype, number)
    if number is not None:
        rare.forbidden = _SEVERAL.format(
            number=number, name=(operator.node_name or operator.name).partition("Backward")[0]
        )
    elif not recording.get():
        rare.forbidden = rare.forbidden or _NO_GRAD
    of_base = rare_of(rare.base)
    if of_base.views is None:
        of_base.views = weakref.WeakValueDictionary()
    of_base.views[id(result)] = result


_SEVERAL: Final = (
    "Output {number} of {name} is a view and {{what}}. This view is the output of a function that returns "
    "multiple "
    "views. Such functions do not allow the output views to be modified inplace. You should replace the "
    "inplace "
    "operation by an out-of-place one."
)
_NO_GRAD: Final = (
    "A view was created in no_grad mode and {what} with grad mode enabled. Given that this use case is "
    "ambiguous and "
    "error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace "
    "either both "
    "inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if you want "
    "the inplace "
    "to be tracked)."
)


def _shares(result: Any, source: Any) -> bool:
    owner = source if source.base is None else source.base
    return result is source or (result.base is not None and (result.base is source or result.base is owner))


def check_may_change(tensor: Tensor) -> None:
    """Raise what PyTorch raises where an in-place change that is recorded is forbidden.

    Raises:
        RuntimeError: for leaves that require grad and views of them, and for views whose history cannot be
            rewritten.
    """
    base = tensor._base
    if tensor._requires_grad and tensor.is_leaf:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    if base is None:
        return
    rare = rare_of(tensor)
    if rare.forbidden:
        raise RuntimeError(rare.forbidden.format(what="is being modified inplace"))
    if base._requires_grad and base.is_leaf:
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation."
        )


def forget_views(base: Tensor, recorded: bool = True) -> None:
    """Make every view of a base that was changed ask for its history anew.

    A change that was not ``recorded`` gives history to none that had no history before.
    """
    views = None if base._rare is None else base._rare.views
    for view in () if views is None else list(views.values()):
        rare = rare_of(view)
        is_leaf_of_its_own = view._requires_grad and view._edge is None
        if not is_leaf_of_its_own and (recorded or view._requires_grad):
            view._edge, view._requires_grad, rare.stale = None, True, True


def regenerated(view: Tensor) -> Edge:
    """The history of a view after a change of its base: the view is taken anew from it.

    Raises:
        RuntimeError: for views whose history cannot be rewritten.
    """
    from ._operators.rewriting import taken_anew

    rare = rare_of(view)
    if rare.forbidden:
        raise RuntimeError(
            rare.forbidden.format(what="its base or another view of its base has been modified inplace")
        )
    assert rare.base is not None
    assert rare.step is not None
    node = taken_anew(gradient_edge(rare.base), rare.step)
    view._edge, rare.stale = node, False
    return node


def overlaps_itself(array: Any) -> bool:
    """Whether several elements of an array are one in memory, as after ``expand``."""
    return (
        any(step == 0 and size > 1 for step, size in zip(array.strides, array.shape, strict=True))
        and array.size > 0
    )


def write(array: Any, value: Any) -> None:
    """Write a value of the array's shape, also into expanded memory, which NumPy makes read-only.

    Raises:
        RuntimeError: when the memory itself must not be written.
    """
    if not array.flags.writeable:
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        if not owner.flags.writeable:
            raise RuntimeError("cannot change a tensor in place whose memory is read-only: clone() it first")
        once = tuple(slice(0, 1) if step == 0 else slice(None) for step in array.strides)
        array, value = np.asarray(_Memory(array[once])), value[once]
    np.copyto(array, value, casting="unsafe")


class _Memory:
    """The memory of an array as NumPy's interface describes it, without the ban on writing."""

    def __init__(self, array: Any) -> None:
        self.array = array
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}

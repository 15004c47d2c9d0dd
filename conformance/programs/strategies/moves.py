"""The moves of which a program is made, apart from its control flow; each writes a few statements or none."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from conformance.programs.statements import (
    MODES,
    Backward,
    Grad,
    GradMode,
    ReadGrad,
    RetainGrad,
    SetGrad,
    SetRequiresGrad,
)
from conformance.programs.strategies.leaves import Bound
from conformance.programs.strategies.scope import Known, Scope
from conformance.programs.strategies.values import draw_cotangent


def operation(scope: Scope) -> None:
    """A few operators over what there is, rarely one that ends every gradient."""
    _operator(scope)
    scope.d.steps(2, 3, partial(_operator, scope))


def _operator(scope: Scope) -> None:
    scope.apply(scope.d.choice(scope.operators if scope.d.chance(1) else scope.smooth))


def detach(scope: Scope) -> None:
    """A detached copy, more often of something that requires a gradient."""
    sources = [each for each in scope.values() if each.tracked] or list(scope.values())
    if sources:
        scope.detach(scope.name("d"), scope.d.choice(sources[:8]), data=scope.d.chance(1))


def requires_grad(scope: Scope) -> None:
    """Change the flag of a leaf."""
    leaves = scope.leaves()[:8]
    if not leaves:
        return
    leaf = scope.d.choice(leaves)
    on = not leaf.tracked
    scope.write(SetRequiresGrad(leaf.name, on, method=scope.d.chance(3)))
    bit = scope.fresh_bit(leaf=True) if on else 0
    scope.state.known[leaf.name] = replace(leaf, tracked=on, bit=bit, reach=bit, sure=bit)


def _seed(scope: Scope, root: Known) -> str | None:
    """The name of a cotangent; None, where the root has one element, for the one that is implied."""
    if root.bound.array.size == 1 and not scope.d.chance(3):
        return None
    return scope.create(draw_cotangent(scope.d, root.bound.shape, root.bound.dtype), prefix="w").name


def backward(scope: Scope) -> None:
    """A backward pass from one root, sometimes two, after which its graph is freed unless it is retained."""
    roots = scope.roots()[:12]
    if not roots:
        return
    inner = sorted((root for root in roots if not root.leaf), key=lambda root: -root.reach.bit_count())
    # A leaf is a root too, though not one to learn much from.
    chosen = [scope.d.early(roots if not inner or scope.d.chance(1) else inner)]
    if scope.offers("several_roots") and scope.d.chance(1):
        chosen.append(scope.d.early(roots))
    gradients = tuple(_seed(scope, root) for root in chosen)
    retain = True if scope.d.chance(3) else None
    inputs = _inputs(scope, chosen) if scope.offers("inputs") and scope.d.chance(1) else None
    scope.write(Backward(tuple(root.name for root in chosen), gradients, retain_graph=retain, inputs=inputs))
    for root in chosen:
        if inputs is None:
            scope.fill(root.sure)
        if retain is None:
            scope.free(root.reach)


def _reachable(scope: Scope, roots: list[Known]) -> list[Known]:
    """What the roots are computed from, without the roots, leaves first."""
    names = {root.name for root in roots}
    found = [
        each
        for each in scope.values()
        if each.tracked and each.name not in names and any(each.bit & root.sure for root in roots)
    ]
    return sorted(found, key=lambda each: not each.leaf)[:8]


def _inputs(scope: Scope, roots: list[Known]) -> tuple[str, ...] | None:
    reachable = _reachable(scope, roots)
    return tuple(each.name for each in scope.d.some(reachable, least=1)) if reachable else None


def gradient(scope: Scope) -> None:
    """``autograd.grad`` of one root, often with a graph of its own for a second derivative to go through."""
    roots = [root for root in scope.roots() if not root.leaf][:12]
    if not roots:
        return
    root = scope.d.early(roots)
    reachable = _reachable(scope, [root])
    if not reachable:
        return
    wanted = scope.d.some(reachable, least=1)[:3]
    seed = _seed(scope, root)
    create = scope.offers("second_order") and scope.d.chance(5)
    retain = None if create or not scope.d.chance(3) else True
    targets = tuple(scope.name("g") for _ in wanted)
    scope.write(
        Grad(targets, (root.name,), tuple(each.name for each in wanted), (seed,), retain, create_graph=create)
    )
    for target, source in zip(targets, wanted, strict=True):
        bound = Bound(target, source.bound.array, source.bound.dtype)
        # Whether a gradient has a graph depends on calculus; it counts as tracked only in the company of one
        # that certainly is.
        scope.bind(Known(bound, False, False, reach=root.reach if create else 0, exact=False))
    if create:
        _mix(scope, targets, wanted)
    elif retain is None:
        scope.free(root.reach)


def _mix(scope: Scope, targets: tuple[str, ...], wanted: tuple[Known, ...]) -> None:
    """Multiply a gradient with the tensor it belongs to, so that there is a second derivative to ask for."""
    if "mul" not in scope.operators:
        return
    pair = [scope.state.known[targets[0]], wanted[0]]
    scope.multiply(*pair)


def reset(scope: Scope) -> None:
    """Reset a gradient that is there."""
    filled = sorted(scope.state.filled)
    if filled:
        name = scope.d.choice(filled[:8])
        scope.write(SetGrad(name))
        scope.state.filled -= {name}


def read(scope: Scope) -> None:
    """Read a gradient that is there, as a tensor of its own."""
    filled = sorted(scope.state.filled)
    if filled:
        source = scope.state.known[scope.d.choice(filled[:8])]
        target = scope.name("g")
        scope.write(ReadGrad(target, source.name))
        scope.bind(Known(replace(source.bound, name=target), exact=False))


def retain_grad(scope: Scope) -> None:
    """Ask an intermediate result to keep its gradient."""
    inner = [each for each in scope.values() if each.tracked and not each.leaf][:8]
    if inner:
        scope.write(RetainGrad(scope.d.choice(inner).name))


def grad_mode(scope: Scope) -> None:
    """A block in another grad mode, nested at will, sometimes left by an exception."""
    mode = scope.d.choice(MODES[:4])
    before, scope.state.enabled = scope.state.enabled, mode in ("enable_grad", "set_grad_enabled(True)")
    body = scope.body(("operation", "operation", "detach", "modes", "backward"), 3)
    scope.state.enabled = before
    if body:
        scope.write(GradMode(mode, body, raises=scope.d.chance(2)))

"""The backward walk: its order, its nesting, its threads, its depth, and what it keeps alive."""

from __future__ import annotations

import contextlib
import gc
import threading
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.refimpl.sides import SIDES, refimpl

DEPTH = 100_000


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Only reference counts free anything inside."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def grown(module: Any, seed: int, log: list[tuple[str, float]]) -> tuple[list[Any], Any]:
    """Three leaves, and the sum of the last of 25 random results; all log the gradients that arrive."""
    rng = np.random.default_rng(seed)
    leaves = [module.tensor(float(k + 1), dtype=module.float64, requires_grad=True) for k in range(3)]
    values = list(leaves)
    for number in range(25):
        first, second = (values[int(k)] for k in rng.integers(max(0, len(values) - 8), len(values), 2))
        operation = int(rng.integers(4))
        made: Any = (
            first + second,
            first * 0.5 - second,
            first * second * 0.25,
            module.stack([first, second]).sum(),
        )[operation]
        made.register_hook(lambda gradient, name=f"n{number}": log.append((name, gradient.item())))
        values.append(made)
    for number, leaf in enumerate(leaves):
        leaf.register_hook(lambda gradient, name=f"leaf{number}": log.append((name, gradient.item())))
    return leaves, sum(values[-4:], module.tensor(0.0, dtype=module.float64))


@pytest.mark.parametrize("seed", range(40))
def test_nodes_run_in_pytorchs_order(seed: int) -> None:
    logs: list[list[tuple[str, float]]] = []
    grads = []
    for module in SIDES.values():
        log: list[tuple[str, float]] = []
        leaves, total = grown(module, seed, log)
        total.backward()
        logs.append(log)
        grads.append([None if leaf.grad is None else leaf.grad.item() for leaf in leaves])
    assert [name for name, _ in logs[0]] == [name for name, _ in logs[1]]
    assert [value for _, value in logs[0]] == pytest.approx([value for _, value in logs[1]])
    assert grads[0] == pytest.approx(grads[1])
    assert len(logs[0]) > 4


@pytest.mark.parametrize("inputs", ["leaf", "intermediate", "both"])
def test_only_what_leads_to_an_input_runs(inputs: str) -> None:
    ran: list[list[str]] = []
    for module in SIDES.values():
        log: list[str] = []
        x = module.tensor(2.0, requires_grad=True)
        y = module.tensor(3.0, requires_grad=True)
        a, b = x * 2, y * 3
        c = a * b
        named = {"a": a, "b": b, "c": c, "x": x, "y": y}
        for name, tensor in named.items():
            tensor.register_hook(lambda gradient, name=name, log=log: log.append(name))
        chosen = {"leaf": [x], "intermediate": [b], "both": [x, b]}[inputs]
        module.autograd.grad(c, chosen)
        ran.append(log)
    assert ran[0] == ran[1]
    assert ran[0]


def test_a_walk_within_a_walk() -> None:
    """A hook may call backward, on another graph or through the same leaf."""
    for module in SIDES.values():
        x = module.tensor(2.0, requires_grad=True)
        z = module.tensor(5.0, requires_grad=True)

        def inner(gradient: Any, z: Any = z, module: Any = module) -> Any:
            with module.enable_grad():
                (z * z * z).backward()
                (own,) = module.autograd.grad(z * 7, z)
            return gradient * own

        y = x * x
        y.register_hook(inner)
        (y * 3).backward()
        assert (x.grad.item(), z.grad.item()) == (84.0, 75.0)


def test_a_walk_that_fails_leaves_nothing_behind() -> None:
    x = refimpl.tensor([1.0, 2.0], requires_grad=True)
    y = x * x

    def fail(gradient: Any) -> None:
        raise KeyError("from a hook")

    handle = y.register_hook(fail)
    for _ in range(2):
        with pytest.raises(KeyError, match="from a hook"):
            y.sum().backward()
        assert x.grad is None
        assert refimpl.is_grad_enabled()
    handle.remove()
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def run_together(work: Callable[[int], None], count: int = 8) -> None:
    """Run ``work(k)`` in as many threads, all started at once, and raise what any of them raised."""
    barrier, errors = threading.Barrier(count), []

    def one(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_threads_walk_their_own_graphs() -> None:
    leaves = [refimpl.full((50,), float(k), requires_grad=True) for k in range(8)]

    def work(number: int) -> None:
        leaf = leaves[number]
        for _ in range(30):
            y = leaf
            for _ in range(10):
                y = y * 1.5 + leaf
            y.sum().backward()

    run_together(work)
    slope = 1.0
    for _ in range(10):
        slope = slope * 1.5 + 1
    for leaf in leaves:
        assert leaf.grad.tolist() == pytest.approx([30 * slope] * 50, rel=1e-5)


def test_threads_lose_no_update_of_a_shared_leaf() -> None:
    shared = refimpl.zeros(20, dtype=refimpl.float64, requires_grad=True)

    def work(number: int) -> None:
        for _ in range(50):
            (shared * float(number + 1)).sum().backward()

    run_together(work)
    assert shared.grad.tolist() == [50.0 * sum(range(1, 9))] * 20


def test_a_thread_starts_recording_and_keeps_its_mode_to_itself() -> None:
    found: list[tuple[bool, bool]] = []

    def work(number: int) -> None:
        before = refimpl.is_grad_enabled()
        refimpl.set_grad_enabled(number % 2 == 0)
        x = refimpl.ones(2, requires_grad=True)
        found.append((before, (x * 2).requires_grad == (number % 2 == 0)))

    with refimpl.no_grad():
        run_together(work)
        assert not refimpl.is_grad_enabled()
    assert found == [(True, True)] * 8


def deep(depth: int) -> tuple[Any, Any]:
    x = refimpl.tensor(1.0, dtype=refimpl.float64, requires_grad=True)
    y = x
    for _ in range(depth):
        y = y * 1.0
    return x, y


def test_a_deep_graph_needs_no_stack() -> None:
    """Forward, backward, gradient of the gradient, and the freeing of both, whatever the recursion limit."""
    x, y = deep(DEPTH)
    y.backward()
    assert x.grad.item() == 1.0
    del y
    x, y = deep(DEPTH)
    (gradient,) = refimpl.autograd.grad(y, x, create_graph=True)
    assert gradient.item() == 1.0
    del x, y, gradient


def test_a_deep_graph_is_freed_unused() -> None:
    with without_collector():
        x, y = deep(DEPTH)
        node = weakref.ref(y.grad_fn)
        del x, y
        assert node() is None


def test_a_diamond_of_any_depth_is_walked_once() -> None:
    x = refimpl.tensor(1.0, dtype=refimpl.float64, requires_grad=True)
    y = x
    for _ in range(300):
        y = (y + y) * 0.5
    y.backward()
    assert x.grad.item() == 1.0


def graph(kind: str) -> tuple[Any, Any]:
    """A leaf and a root over every way in which a node could come to know its tensors."""
    x = refimpl.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = {
        "saved input": lambda: x * x,
        "saved result": lambda: x.exp() / x.sigmoid(),
        "views": lambda: x.T.reshape(4)[1:].unsqueeze(0),
        "several results": lambda: x.max(0)[0] + x.unbind()[0] + x.split(1)[1],
        "reductions": lambda: x.softmax(0) + x.logsumexp(1) + x.std(),
        "in place": lambda: (x * 1).add_(1).mul_(2),
        "in place in a view": lambda: _filled(x * 1),
        "indexing": lambda: x[refimpl.tensor([0, 1])] + x[:, [1]],
        "matmul": lambda: x @ x @ x[0],
    }[kind]()
    return x, y


def _filled(base: Any) -> Any:
    base[0] = base[1] * 2
    return base


KINDS = (
    "saved input",
    "saved result",
    "views",
    "several results",
    "reductions",
    "in place",
    "in place in a view",
    "indexing",
    "matmul",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("walked", ["not walked", "walked", "recorded"])
def test_no_cycle_keeps_a_graph_alive(kind: str, walked: str) -> None:
    with without_collector():
        x, y = graph(kind)
        watched = [weakref.ref(y), weakref.ref(y.grad_fn), weakref.ref(x)]
        root = y.sum()
        if walked == "walked":
            root.backward()
        elif walked == "recorded":
            (gradient,) = refimpl.autograd.grad(root, x, create_graph=True)
            watched.append(weakref.ref(gradient))
            del gradient
        del x, y, root
        assert [reference() for reference in watched] == [None] * len(watched)


def test_retained_grads_and_hooks_keep_nothing_alive() -> None:
    with without_collector():
        x, y = graph("saved input")
        y.retain_grad()
        y.register_hook(lambda gradient: gradient * 2)
        x.register_post_accumulate_grad_hook(lambda leaf: None)
        y.sum().backward()
        watched = [weakref.ref(y), weakref.ref(y.grad_fn), weakref.ref(x)]
        del x, y
        assert [reference() for reference in watched] == [None] * 3


def test_memory_returns_to_what_it_was() -> None:
    x = refimpl.ones(1000, requires_grad=True)

    def step() -> None:
        y = x
        for _ in range(50):
            y = (y * y).sigmoid()
        y.sum().backward()
        x.grad = None

    with without_collector():
        step()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(20):
                step()
            after, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    array = x.numel() * x.element_size()
    assert after - before < array
    assert peak - before > 50 * array


def test_backward_releases_what_it_consumes() -> None:
    x = refimpl.ones(4, requires_grad=True)
    saved = x.exp()
    memory = weakref.ref(saved.numpy(force=True))
    root = (saved * 2).sum()
    del saved
    assert memory() is not None
    root.backward(retain_graph=True)
    assert memory() is not None
    root.backward()
    assert memory() is None


BUFFERS: dict[str, Callable[[Any, Any], Any]] = {
    "the same cotangent": lambda x, y: x + y,
    "an expanded cotangent": lambda x, y: (x.sum() + y.sum()).reshape(1).expand(3),
    "a sum": lambda x, y: (x + y).sum(),
    "views": lambda x, y: refimpl.cat([x.reshape(3, 1), y.reshape(3, 1)]),
    "stacked": lambda x, y: refimpl.stack([x, y]),
    "a leaf as root": lambda x, y: x,
    "twice": lambda x, y: x + x + y + y,
    "a transpose": lambda x, y: x.unsqueeze(0).T + y.unsqueeze(0).T,
}


@pytest.mark.parametrize("name", BUFFERS)
@pytest.mark.parametrize("through", ["backward", "inputs", "create_graph", "grad"])
def test_a_gradient_is_its_tensors_own_memory(name: str, through: str) -> None:
    x, y = (refimpl.tensor(values, requires_grad=True) for values in ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]))
    root = BUFFERS[name](x, y)
    cotangent = refimpl.ones(root.shape)
    if through == "grad":
        x.grad, y.grad = refimpl.autograd.grad(root, [x, y], cotangent, allow_unused=True)
    else:
        options = {"inputs": [x, y]} if through == "inputs" else {}
        root.backward(cotangent, create_graph=through == "create_graph", **options)
    known = {"x": x, "y": y, "root": root, "cotangent": cotangent, "x.grad": x.grad, "y.grad": y.grad}
    arrays = {name: each.numpy(force=True) for name, each in known.items() if each is not None}
    for gradient in {"x.grad", "y.grad"} & arrays.keys():
        others = [other for other in arrays if other != gradient and not (other == "root" and root is x)]
        assert [other for other in others if np.shares_memory(arrays[gradient], arrays[other])] == []
    first = x.grad.tolist()
    root = BUFFERS[name](x, y)
    root.backward(refimpl.ones(root.shape))
    assert x.grad.tolist() == [2 * value for value in first]
    assert cotangent.tolist() == refimpl.ones(root.shape).tolist()


def test_a_gradient_kept_from_before_is_not_added_to() -> None:
    """Assigning None and walking again makes a new gradient; the old one is the caller's."""
    x = refimpl.ones(3, requires_grad=True)
    (x * 2).sum().backward()
    kept = x.grad
    x.grad = None
    (x * 3).sum().backward()
    assert kept.tolist() == [2.0, 2.0, 2.0]
    assert x.grad.tolist() == [3.0, 3.0, 3.0]


def test_accumulating_keeps_the_same_gradient_tensor() -> None:
    x = refimpl.ones(3, requires_grad=True)
    (x * 2).sum().backward()
    kept = x.grad
    (x * 3).sum().backward()
    assert x.grad is kept
    assert kept.tolist() == [5.0, 5.0, 5.0]

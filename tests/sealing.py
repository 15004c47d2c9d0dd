"""The global switches that no test may leave turned: read, compared and put back around every test.

State that outlives its scope is one of the diseases of suites like this one: a test that leaks it passes, and
another one fails. So the test that leaks is the one to fail.
"""

import decimal
import gc
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple, cast

import numpy as np


class Switch(NamedTuple):
    """One piece of global state: how to read it, and how to put back what was read."""

    read: Callable[[], Any]
    restore: Callable[[Any], object]


# pytest writes the first between the phases of a test, PyTorch the second when it first imports its compiler.
_OTHERS = frozenset({"PYTEST_CURRENT_TEST", "TORCHINDUCTOR_CACHE_DIR"})


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OTHERS}


def _restore_environment(before: Mapping[str, str]) -> None:
    for name in _environment().keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def _decimal_context() -> tuple[Any, ...]:
    # Flags are left out: they record what was computed, which is no switch.
    now = decimal.getcontext()
    traps = tuple(signal for signal, is_on in now.traps.items() if is_on)
    return now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp, frozenset(traps)


def _restore_decimal_context(before: tuple[Any, ...]) -> None:
    precision, rounding, e_min, e_max, capitals, clamp, traps = before
    decimal.setcontext(
        decimal.Context(precision, rounding, e_min, e_max, capitals, clamp, flags=[], traps=list(traps))
    )


def _set_gc(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()


def _restore_filters(before: list[Any]) -> None:
    # Only through its functions does the module notice that its cache of decisions is stale.
    warnings.resetwarnings()
    warnings.simplefilter("default")
    cast(list[Any], warnings.filters)[:] = before


_FILTERS = "the warnings filters"
_ALWAYS = {
    "numpy's errstate": Switch(np.geterr, lambda before: np.seterr(**before)),
    "numpy's print options": Switch(np.get_printoptions, lambda before: np.set_printoptions(**before)),
    "the decimal context": Switch(_decimal_context, _restore_decimal_context),
    _FILTERS: Switch(lambda: list(warnings.filters), _restore_filters),
    "os.environ": Switch(_environment, _restore_environment),
    "the working directory": Switch(os.getcwd, os.chdir),
    "the recursion limit": Switch(sys.getrecursionlimit, sys.setrecursionlimit),
    "the garbage collector": Switch(gc.isenabled, _set_gc),
}


def _set_mpmath_precision(mpmath: ModuleType, bits: int) -> None:
    mpmath.mp.prec = bits


def _torch_spelled(name: str, module: Any) -> dict[str, Switch]:
    return {
        f"{name}'s grad mode": Switch(module.is_grad_enabled, module.set_grad_enabled),
        f"{name}'s default dtype": Switch(module.get_default_dtype, module.set_default_dtype),
    }


def switches() -> dict[str, Switch]:
    """Return the switches of what is imported by now, by name; nothing is imported to be asked."""
    found = dict(_ALWAYS)
    for name in ("torch", "refimpl"):
        if name in sys.modules:
            found |= _torch_spelled(name, sys.modules[name])
    if (mpmath := sys.modules.get("mpmath")) is not None:
        found["mpmath's precision"] = Switch(
            lambda: mpmath.mp.prec, lambda before: _set_mpmath_precision(mpmath, before)
        )
    return found


class Seal:
    """A snapshot of every switch; :meth:`leaks` reports what was turned since, and puts it back."""

    def __init__(self) -> None:
        self._before = {name: (switch, switch.read()) for name, switch in switches().items()}
        self._packages = _top_level_packages()

    def leaks(self) -> list[str]:
        """Return one sentence for each switch that differs from the snapshot, and restore it."""
        found = []
        for name, (switch, before) in self._before.items():
            after = switch.read()
            if after != before and not (name == _FILTERS and self._has_imported()):
                found.append(f"{name} {_difference(before, after)}")
            if after != before:
                switch.restore(before)
        return found

    def _has_imported(self) -> bool:
        # A library may register filters of its own when it is first imported, and that is nobody's leak.
        return bool(_top_level_packages() - self._packages)


def _difference(before: Any, after: Any) -> str:
    """Say what changed: of a dictionary the entries that did, of a list those that came or went."""
    if isinstance(before, list) and isinstance(after, list):
        gone = [entry for entry in before if entry not in after]
        return f"lost {gone!r}, gained {[entry for entry in after if entry not in before]!r}"
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        before = {key: before[key] for key in changed if key in before}
        after = {key: after[key] for key in changed if key in after}
    return f"was {before!r}, is {after!r}"


def _top_level_packages() -> set[str]:
    return {name for name in sys.modules if "." not in name} - sys.stdlib_module_names

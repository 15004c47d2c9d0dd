"""Finds the implementation that a user names, and says in one line what is wrong where it cannot."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from conformance.adapters import MODULES, NAMES
from conformance.adapters.torch_spelled import TorchSpelled
from conformance.implementation import Claims, Implementation

# The entry point group in which a package offers implementations by name.
GROUP = "autograd_conformance.implementations"

# What a namespace must have for the torch-spelled adapter to make anything of it.
_TORCH_SPELLED = ("tensor", "float32")

_PROTOCOL = {
    "name": "a str",
    "version": "a str with name and version",
    "claims": "a conformance.implementation.Claims",
    "run": "a method that takes a program and returns a Trace",
}


class LoadError(Exception):
    """There is no such implementation, or it is none; the message is one line."""


def load(spec: str) -> Implementation:
    """The implementation that ``spec`` names.

    It is one of :data:`~conformance.adapters.NAMES`, the name of an entry point of the group :data:`GROUP`,
    ``module:object`` with a dotted object, or a module spelled like torch. A class is instantiated; an object
    that is spelled like torch is wrapped in :class:`~conformance.adapters.torch_spelled.TorchSpelled`.

    Raises :class:`LoadError`.
    """
    if spec in MODULES:
        return _in_the_box(spec)
    module, colon, path = spec.partition(":")
    if colon:
        return _as_implementation(_imported(spec, module, path), spec)
    for point in metadata.entry_points(group=GROUP):
        if point.name == spec:
            return _as_implementation(_imported(spec, point.module, point.attr or ""), spec)
    return _as_implementation(_bare_module(spec), spec)


def _in_the_box(name: str) -> Implementation:
    try:
        found: Implementation = importlib.import_module(MODULES[name]).implementation()
    except ImportError as error:
        raise LoadError(
            f"{name} cannot be used here: {_line(error)}; install it into this environment"
        ) from error
    return found


def _bare_module(name: str) -> Any:
    choices = (
        f"expected one of {', '.join(NAMES)}, module:object, an entry point or a module spelled like torch"
    )
    nothing = f"no implementation is called {name!r}; {choices}"
    if not _is_dotted(name):
        raise LoadError(nothing)
    return _module(name, nothing)


def _imported(spec: str, module_name: str, path: str) -> Any:
    if not _is_dotted(module_name) or not _is_dotted(path or "_"):
        raise LoadError(
            f"{spec!r} names nothing; expected module:object, as in mypackage.adapter:implementation"
        )
    if not path and ":" in spec:
        raise LoadError(
            f"{spec!r} names no object; expected module:object, or the module alone, {module_name}"
        )
    where = f"check that it is installed or stands in the current directory, {Path.cwd()}"
    found = _module(module_name, f"{spec!r}: there is no module {module_name!r}; {where}")
    for part in path.split(".") if path else ():
        if not hasattr(found, part):
            owner = getattr(found, "__name__", type(found).__name__)
            raise LoadError(f"{spec!r}: {owner} has no {part!r}; name an object that it defines")
        found = getattr(found, part)
    return found


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _module(name: str, if_missing: str) -> Any:
    """The module; what fails inside it is told from its not being there."""
    try:
        with _current_directory_on_path():
            return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may well end in sys.exit()
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and f"{name}.".startswith(f"{missing}."):
            raise LoadError(if_missing) from error
        raise LoadError(f"importing {name} failed: {_line(error)}") from error


@contextmanager
def _current_directory_on_path() -> Iterator[None]:
    """As for pytest and uvicorn a module of the current directory is found, but only while it is imported."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        if here in sys.path:
            sys.path.remove(here)


def _as_implementation(found: Any, spec: str) -> Implementation:
    if isinstance(found, type) and not _is_torch_spelled(found):
        try:
            found = found()
        except Exception as error:
            raise LoadError(
                f"{spec!r}: {found.__name__}() failed: {_line(error)}; it is made without arguments"
            ) from error
    missing = [name for name in _PROTOCOL if not _has(found, name)]
    if not missing:
        return _checked(found, spec)
    if _is_torch_spelled(found):
        return TorchSpelled(found, name=None if isinstance(found, ModuleType) else spec)
    lacks = ", ".join(f"{name} ({_PROTOCOL[name]})" for name in missing)
    unlike = ", ".join(name for name in _TORCH_SPELLED if not _has(found, name))
    raise LoadError(
        f"{spec!r} is no implementation: it is a {type(found).__name__} that lacks {lacks};"
        f" nor is it spelled like torch, for want of {unlike}"
    )


def _checked(found: Any, spec: str) -> Implementation:
    """Refuse what has every name of the protocol and means something else by it."""
    for name, kind in (("name", str), ("version", str), ("claims", Claims)):
        value = getattr(found, name)
        if not isinstance(value, kind):
            raise LoadError(f"{spec!r}: its {name} is {value!r:.60}; expected {_PROTOCOL[name]}")
    if not callable(found.run):
        raise LoadError(f"{spec!r}: its run is {found.run!r:.60}; expected {_PROTOCOL['run']}")
    implementation: Implementation = found
    return implementation


def _has(found: Any, name: str) -> bool:
    try:
        return hasattr(found, name)
    except Exception:  # a property that fails is as good as none
        return False


def _is_torch_spelled(found: Any) -> bool:
    return all(_has(found, name) for name in _TORCH_SPELLED)


def _line(error: BaseException) -> str:
    """The error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

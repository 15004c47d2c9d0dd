"""Whether operations are recorded: ``no_grad``, ``enable_grad``, ``set_grad_enabled``, ``inference_mode``.

The mode is a context variable, so every thread starts enabled and none sees another's. Leaving a block puts
back the value found on entry, whatever happened inside.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, TypeVar, cast

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

recording: Final[ContextVar[bool]] = ContextVar("recording", default=True)
_inference: Final[ContextVar[bool]] = ContextVar("inference", default=False)


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread now."""
    return recording.get()


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside ``inference_mode``."""
    return _inference.get()


class _Mode:
    """A grad mode as a block or a decorator; one object may be entered again while it is open."""

    def __init__(self, mode: bool) -> None:
        self._target = mode
        self._found: list[bool] = []

    def _fresh(self) -> _Mode:
        return type(self)(self._target)

    def __enter__(self) -> None:
        self._found.append(recording.get())
        recording.set(self._target)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recording.set(self._found.pop())

    def __call__(self, function: Decorated) -> Decorated:
        if inspect.isgeneratorfunction(function):
            return cast(Decorated, _around_generator(self._fresh, function))
        if inspect.iscoroutinefunction(function):
            return cast(Decorated, _around_coroutine(self._fresh, function))

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        return cast(Decorated, wrapped)


def _around_coroutine(fresh: Callable[[], _Mode], function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        with fresh():
            return await function(*args, **kwargs)

    return wrapped


def _around_generator(fresh: Callable[[], _Mode], function: Callable[..., Any]) -> Callable[..., Any]:
    """The mode holds while the generator runs and is put back whenever it hands out a value."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        try:
            with fresh():
                value = next(generator)
            while True:
                try:
                    answer = yield value
                except GeneratorExit:
                    with fresh():
                        generator.close()
                    raise
                except BaseException as error:
                    with fresh():
                        value = generator.throw(error)
                else:
                    with fresh():
                        value = generator.send(answer)
        except StopIteration as stop:
            return stop.value

    return wrapped


class no_grad(_Mode):
    """Nothing is recorded inside; results do not require grad. ``@no_grad`` and ``@no_grad()`` both work."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        made = super().__new__(cls)
        if function is None:
            return made
        made.__init__()  # type: ignore[misc]
        return made(function)

    def __init__(self) -> None:
        super().__init__(False)

    def _fresh(self) -> _Mode:
        return no_grad()


class enable_grad(_Mode):
    """Operations are recorded inside, also within ``no_grad``. ``@enable_grad`` and ``@enable_grad()`` both
    work.
    """

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        made = super().__new__(cls)
        if function is None:
            return made
        made.__init__()  # type: ignore[misc]
        return made(function)

    def __init__(self) -> None:
        super().__init__(True)

    def _fresh(self) -> _Mode:
        return enable_grad()


class set_grad_enabled(_Mode):
    """Sets the mode at once; as a block it also puts the former mode back on leaving.

    As a decorator it leaves the current mode alone.
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._before = recording.get()
        recording.set(self._target)

    def __enter__(self) -> None:
        self._found.append(self._before)
        recording.set(self._target)

    def __call__(self, function: Decorated) -> Decorated:
        recording.set(self._before)
        return super().__call__(function)

    def _fresh(self) -> _Mode:
        return _Mode(self._target)


class inference_mode(_Mode):
    """``no_grad`` under another name: results carry no mark of the mode in which they were made."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)
        self._mode = mode
        self._found_inference: list[bool] = []

    def _fresh(self) -> _Mode:
        return inference_mode(self._mode)

    def __enter__(self) -> None:
        self._found.append(recording.get())
        self._found_inference.append(_inference.get())
        _inference.set(self._mode)
        if self._mode:
            recording.set(False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _inference.set(self._found_inference.pop())
        super().__exit__(kind, error, trace)

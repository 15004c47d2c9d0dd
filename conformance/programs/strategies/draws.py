"""The few ways in which a generator makes a choice.

Every choice is an integer from 0 to at most 99. That range is too small for Hypothesis to mix in constants
that it finds in the modules of whoever runs it, so the same seed gives the same programs everywhere; and it
shrinks towards 0, so the first of some alternatives is the simplest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

_BELOW: Final = (None, *(st.integers(0, most) for most in range(100)))


def _lowest(eighths: int) -> tuple[int, int]:
    # In lowest terms: the fewer choices come to the same, the fewer examples do.
    shared = math.gcd(eighths, 8)
    return eighths // shared, 8 // shared


class Draws:
    """A thin layer over Hypothesis' ``draw``."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def step(self, take: Callable[[], T]) -> T:
        """What ``take`` gives; its choices become one stretch, which Hypothesis can take out as a whole."""
        outer = self._draw
        try:
            return outer(_stretch(self, take))  # type: ignore[no-any-return]
        finally:
            self._draw = outer

    def steps(
        self, most: int, of: int, take: Callable[[], object], started: Callable[[], bool] = lambda: True
    ) -> None:
        """Take up to ``most`` steps, stopping before each in one of so many cases once there is a start.

        The choice to go on belongs to the step, so that a step that is taken out leaves all others as they
        were.
        """
        for _ in range(most):
            if not self.step(partial(self._goes_on, of, take, started)):
                break

    def _goes_on(self, of: int, take: Callable[[], object], started: Callable[[], bool]) -> bool:
        if self.below(of) == 0 and started():
            return False
        take()
        return True

    def below(self, count: int) -> int:
        """A number from 0 to ``count - 1``, for a count of 1 to 100; a sole alternative costs no choice."""
        if count == 1:
            return 0
        strategy = _BELOW[count]
        if strategy is None:
            raise ValueError(f"expected at least one alternative, got {count}")
        return int(self._draw(strategy))

    def choice(self, items: Sequence[T]) -> T:
        """One of the items, the first being the simplest."""
        count = len(items)
        if count <= 100:
            return items[self.below(count)]
        # Two choices, each of them small; the last page may be short and is filled up from the front.
        pages = -(-count // 100)
        return items[(self.below(pages) * 100 + self.below(100)) % count]

    def early(self, items: Sequence[T]) -> T:
        """One of at most 100 items, more often one of the first."""
        return items[min(self.below(len(items)), self.below(len(items)))]

    def chance(self, eighths: int) -> bool:
        """True in so many of eight cases; shrinks towards False."""
        count, of = _lowest(eighths)
        return self.below(of) >= of - count

    def usually(self, eighths: int) -> bool:
        """True in so many of eight cases, of which there is at least one; shrinks towards True."""
        count, of = _lowest(eighths)
        return self.below(of) < count

    def some(self, items: Sequence[T], least: int = 0) -> tuple[T, ...]:
        """At least ``least`` different items in any order; shrinks towards the first few."""
        pool = list(items)
        count = least + self.below(len(pool) - least + 1)
        return tuple(pool.pop(self.below(len(pool))) for _ in range(count))


@st.composite
def _stretch(draw: Any, d: Draws, take: Callable[[], T]) -> T:
    d._draw = draw
    return take()


def composite(build: Callable[..., T]) -> Callable[..., st.SearchStrategy[T]]:
    """Make a strategy of a function whose first argument is :class:`Draws`."""

    @st.composite
    def strategy(draw: Any, *args: Any, **kwargs: Any) -> T:
        return build(Draws(draw), *args, **kwargs)

    return strategy

"""An interrupt ends a run within a second, also where the implementation does not let go."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 0.7  # for the run to end by itself


@contextmanager
def last_resort(finish: Callable[[], None], code: int) -> Iterator[None]:
    """Within: an interrupt that has not ended the block in time calls ``finish``, from another thread, and
    ends the process.

    KeyboardInterrupt reaches Python code only. An implementation that is stuck in a library, or that
    catches it, is left behind. Elsewhere than in the main thread this does nothing, since no signal arrives
    there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    is_over = threading.Event()

    def watch() -> None:
        while received := ours.recv(1):
            if received[0] == signal.SIGINT and not is_over.wait(SECONDS):
                finish()
                os._exit(code)

    watcher = threading.Thread(target=watch, daemon=True)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        signal.set_wakeup_fd(before)
        theirs.close()
        watcher.join()
        ours.close()

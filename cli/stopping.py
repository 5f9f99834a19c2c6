"""Ctrl-C and SIGTERM: said at once, and an end of the command within seconds, whatever it is in.

Python runs the handler of a signal when the main thread is back from the call of a library that it is in, which a step
of training keeps for seconds. So a thread of its own hears of signals, by the file descriptor that the interpreter
writes them to.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import NoReturn

from nsdcodec.errors import Interrupted

from . import output

# How long the command has to end by itself: after a signal, and after another one.
GRACE_SECONDS, SECOND_GRACE_SECONDS = 2.5, 1.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Rescue = Callable[[], str | None]
_rescues: list[Rescue] = []


def rescue_by(rescue: Rescue) -> None:
    """What is called, in another thread, where the command does not end by itself: it saves what there is and returns
    what to say, or None where the command is doing so."""
    _rescues.append(rescue)


@contextlib.contextmanager
def heeded() -> Iterator[None]:
    """Within, SIGINT and SIGTERM raise KeyboardInterrupt, unless the command handles them, and "stopping..." is said at
    once. If the command has not ended GRACE_SECONDS later, the process saves what can be saved and exits; after another
    signal it exits in any case."""
    read, write = socket.socketpair()
    write.setblocking(False)
    before = signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
    handler = signal.getsignal(signal.SIGTERM)
    if handler == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    thread = threading.Thread(target=_listen, args=(read,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGTERM, handler)
        write.close()
        thread.join()
        read.close()


def _listen(numbers: socket.socket) -> None:
    if not _heard(numbers, None):
        return
    if output.first():
        print("stopping...", file=sys.stderr, flush=True)
    again = _heard(numbers, GRACE_SECONDS)
    if again is None:
        # In another thread again, since a disk may not answer.
        threading.Thread(target=_save, daemon=True).start()
        again = _heard(numbers, None)
    if again and _heard(numbers, SECOND_GRACE_SECONDS) is not False:
        _quit("stopped at once")


def _save() -> None:
    message = _rescues[-1]() if _rescues else "stopped before it was done"
    if message is not None:
        _quit(message)


def _heard(numbers: socket.socket, seconds: float | None) -> bool | None:
    """Waits for a signal: True when it comes, False when the command has ended, None when `seconds` are over."""
    numbers.settimeout(seconds)
    try:
        while received := numbers.recv(1):
            if received[0] in _SIGNALS:
                return True
    except TimeoutError:
        return None
    return False


def _quit(message: str) -> NoReturn:
    """Without waiting for the main thread, which is in a call that may last."""
    if output.first():
        print(output.printable(message), file=sys.stderr, flush=True)
    os._exit(Interrupted.exit_code)

"""A process of its own that answers over a pipe: its peak memory is of what was asked of it alone. Before `timed`."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Generic, ParamSpec, TypeVar

import torch

from nsdcodec.errors import NsdError

# New interpreters: what is forked shares pages, which are then counted or not as they happen to be written to.
START = "spawn"
KILLED = -9  # as Linux does where memory ends
# Seconds that a process without work is given to end by itself.
PATIENCE = 30.0
Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class Failed(NsdError):
    """A process ended before it answered; the message says why."""


class Process(Generic[Asked, Answer]):
    """`make(*arguments)` is called there, with so many threads of torch; `ask` calls what it returned. As a context it
    ends the process."""

    def __init__(self, threads: int, make: Callable[..., Callable[Asked, Answer]], *arguments: Any) -> None:
        context = multiprocessing.get_context(START)
        self._here, there = context.Pipe()
        self._busy = False  # from a question to its answer
        self._process = context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(there, threads, make, arguments), daemon=True
        )
        self._process.start()
        there.close()

    def ask(self, *args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        """Waits for the answer. Raises Failed."""
        self._busy = True
        try:
            self._here.send((args, kwargs))
            answer: Answer | Failed = self._here.recv()
        except (EOFError, OSError) as error:
            self._process.join()
            code = self._process.exitcode
            why = "was killed: perhaps for its memory" if code == KILLED else "its error is above"
            raise Failed(f"it ended with exit code {code} ({why})") from error
        self._busy = False
        if isinstance(answer, Failed):
            raise answer
        return answer

    def __enter__(self) -> Process[Asked, Answer]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._here.close()
        if not self._busy:
            # It sees that nobody asks any more, and ends as interpreters do: what it began, such as workers of a
            # compiler, ends with it, and none of their semaphores is left behind.
            self._process.join(PATIENCE)
        self._process.kill()
        self._process.join()


def _serve(connection: Connection, threads: int, make: Callable[..., Callable[..., Any]], arguments: Any) -> None:
    # Ctrl-C reaches every process of a terminal; the one that began this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    answer = None
    while True:
        try:
            args, kwargs = connection.recv()
        except EOFError:
            return
        try:
            answer = answer or make(*arguments)
            connection.send(answer(*args, **kwargs))
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
            connection.send(Failed(f"out of memory ({str(error).partition(chr(10))[0] or type(error).__name__})"))
            return


def _out_of_memory(error: Exception) -> bool:
    # The CPU's allocator has no type of its own.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)

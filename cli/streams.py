"""Standard output and standard error for the commands: no symbol, full disk or closed stream loses a result."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TextIO

from nsdcodec.errors import FileAccess

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STDOUT, STDERR = 1, 2


def guarded(command: Callable[[], None]) -> None:
    """Runs the command, which ends by SystemExit. What its streams cannot encode is written as an escape; what stdout
    does not take is written to stderr, and the exit code is then that of FileAccess; what stderr does not take is lost,
    but ends nothing. A closed stderr is as /dev/null. A closed stdout is an error before anything is done, since there
    results go. A pipe whose reader has left ends a command that prints, with exit code 1."""
    closed = [descriptor for descriptor in (0, STDOUT, STDERR) if not _is_open(descriptor)]
    for _ in closed:  # in rising order, so that each gets its own number, and no file gets it
        os.open(os.devnull, os.O_RDWR)
    stderr = Sink(STDERR)
    sys.stderr = _text(stderr, sys.stderr)
    if STDOUT in closed:
        _fail("stdout is closed, and results are printed there; redirect it to a file, or to /dev/null")
    stdout = Sink(STDOUT, STDERR)
    sys.stdout = _text(stdout, sys.stdout)
    try:
        command()
    finally:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
        if isinstance(stdout.failure, BrokenPipeError):
            sys.exit(1)
        if stdout.failure is not None:
            _fail(f"cannot write stdout ({stdout.failure.strerror}); what it did not take was written here instead")


class Sink(io.RawIOBase):
    """Bytes to a file descriptor. Once it fails, which `failure` keeps, they go to `otherwise`, or nowhere if there is
    none. Where there is another one, a pipe that nobody reads is not a failure to mend: BrokenPipeError, once."""

    def __init__(self, descriptor: int, otherwise: int | None = None) -> None:
        self.descriptor, self.otherwise = descriptor, otherwise
        self.failure: OSError | None = None

    def write(self, data: ReadableBuffer) -> int:
        rest = memoryview(data).cast("B")
        count = len(rest)
        if self.failure is None:
            try:
                while rest:
                    rest = rest[os.write(self.descriptor, rest) :]
            except OSError as error:
                self.failure = error
                if isinstance(error, BrokenPipeError) and self.otherwise is not None:
                    self.otherwise = None
                    raise
        if self.otherwise is not None:
            with contextlib.suppress(OSError):
                while rest:
                    rest = rest[os.write(self.otherwise, rest) :]
        return count

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.descriptor

    def isatty(self) -> bool:
        return os.isatty(self.descriptor)


def _text(sink: Sink, before: TextIO) -> TextIO:
    """A text stream that encodes as the one `before` it did, and writes as soon."""
    encoding = getattr(before, "encoding", None) or "utf-8"
    at_once, lines = getattr(before, "write_through", False), getattr(before, "line_buffering", False)
    # The type asks for a buffered stream; Python's own unbuffered stdout is made of a raw one too.
    return io.TextIOWrapper(  # type: ignore[type-var]
        sink,
        encoding,
        errors="backslashreplace",
        line_buffering=lines,
        write_through=at_once,
    )


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _fail(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr, flush=True)
    sys.exit(FileAccess.exit_code)

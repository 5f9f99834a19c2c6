"""How far a command is, on stderr: on a terminal a line that is drawn anew, else a line every ten seconds.

Both come from a thread of their own, so that they go on while a phase says nothing.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from . import output

LINE_SECONDS = 10.0
# Before an estimate of what is left is worth showing.
ESTIMATE_SECONDS = 3.0
# Columns of the bar, and of the narrowest terminal that has one: elsewhere its text needs the room.
BAR, LEAST = 20, 70

Tell = Callable[..., None]


class Line:
    """The state of a command as one line of text. It is called with (done 0 to 1, text, seconds left). Where
    `estimated`, these are reckoned from what was done since the first call above 0."""

    def __init__(self, title: str, text: str, estimated: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.title, self.text, self.estimated, self.clock = title, text, estimated, clock
        self.done = 0.0
        self.started = clock()
        self.first: tuple[float, float] | None = None
        self.ends: float | None = None

    def __call__(self, done: float, text: str, left: float | None = None) -> None:
        now = self.clock()
        self.done, self.text = done, text
        if self.estimated and left is None:
            left = self._estimate(now)
        self.ends = None if left is None else now + left

    def _estimate(self, now: float) -> float | None:
        """By what was done since the first call above 0; anew where a next phase begins at 0."""
        if self.first is None or self.done < self.first[1]:
            self.first = (now, self.done) if self.done > 0 else None
            return None
        since, share = now - self.first[0], self.done - self.first[1]
        return since * (1 - self.done) / share if since >= ESTIMATE_SECONDS and share > 0 else None

    def fitted(self, width: int | None) -> str:
        """What matters most comes first: parts that a line of `width` has no room for are left out from its end."""
        now = self.clock()
        left = 0.0 if self.ends is None else self.ends - now
        parts = [f"{self.title} {self.done:4.0%}"]
        # An estimate that has run out says nothing.
        parts += [f"{output.duration(left)} left"] if round(left) >= 1 else []
        parts += output.printable(self.text).split(", ")
        parts.append(f"{output.duration(now - self.started)} gone")
        while width is not None and len(parts) > 1 and len(", ".join(parts)) > width:
            parts.pop()
        return ", ".join(parts)[:width]


@contextmanager
def shown(title: str, text: str = "starting", estimated: bool = True) -> Iterator[Tell]:
    """A function of (done 0 to 1, text, seconds left or None), whose last call is shown; nothing is where another
    process prints. Without `estimated` only the seconds that are given are."""
    line = Line(title, text, estimated)
    if not output.first():
        yield line
    elif sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
        with _drawn(line):
            yield line
    else:
        with _printed(line):
            yield line


@contextmanager
def _printed(line: Line) -> Iterator[None]:
    ended = threading.Event()

    def say() -> None:
        print(line.fitted(None), file=sys.stderr, flush=True)

    def repeat() -> None:
        while not ended.wait(LINE_SECONDS):
            say()

    say()
    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _drawn(line: Line) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    console = Console(stderr=True)

    def drawn() -> Any:
        width = console.width
        if width < LEAST:
            return Text(line.fitted(width), no_wrap=True, overflow="crop")
        row = Table.grid(padding=(0, 1))
        text = Text(line.fitted(width - BAR - 1), no_wrap=True, overflow="crop")
        row.add_row(ProgressBar(total=1.0, completed=line.done, width=BAR), text)
        return row

    with Live(get_renderable=drawn, console=console, refresh_per_second=4, transient=True):
        yield

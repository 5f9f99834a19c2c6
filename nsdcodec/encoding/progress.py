"""The progress of an encode: its clock, its reports to a listener, its log, and the signals that stop it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nsdcodec.errors import FileAccess

LOG_SECONDS = 1.0
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Progress:
    """`done` is 0 to 1; `accuracy` the last one on held-out images; None where not known yet."""

    phase: str
    done: float
    loss: float | None = None
    accuracy: float | None = None
    images_per_second: float | None = None
    seconds_left: float | None = None


@dataclass
class Clock:
    """How far a run is: by iterations, or by the time limit less what its last check will take. `before` are seconds of
    the runs that it goes on from; `spent` are those of preparing and of checks, by name, of this one."""

    before: float
    started: float
    limit: float | None
    iterations: int
    accuracy: float | None = None
    check_seconds: float = 0.0
    step_seconds: float = 0.0
    fastest_step: float = math.inf
    first: tuple[int, float] | None = None
    spent: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.before + time.monotonic() - self.started

    @property
    def times(self) -> dict[str, float]:
        """Seconds of this run by what they went to; the rest are those of iterations."""
        iterating = time.monotonic() - self.started - sum(self.spent.values())
        return {**self.spent, "iterating": iterating}

    @contextmanager
    def spending(self, name: str) -> Iterator[None]:
        """What passes within counts as `name` in `times`."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.spent[name] = self.spent.get(name, 0.0) + time.monotonic() - started

    def stepped(self, seconds: float) -> None:
        """Hears what the last step took."""
        self.step_seconds, self.fastest_step = seconds, min(self.fastest_step, seconds)

    def done(self, iteration: int) -> float:
        """0 to 1. By a time limit, 1 as soon as half of another step would not end before the last check has to begin:
        a step more or less than the limit allows is as near to it as can be."""
        if self.limit is None:
            return 1.0 if iteration >= self.iterations else iteration / self.iterations
        end = self.limit - 1.1 * self.check_seconds - self.step_seconds / 2
        return min(1.0, self.seconds / max(end, 1e-3))

    def progress(self, iteration: int, images: int, loss: float | None, phase: str = "distilling") -> Progress:
        """`images` is how many each iteration learns."""
        if self.first is None:
            self.first = (iteration, self.seconds)
        steps, seconds = iteration - self.first[0], self.seconds - self.first[1]
        if self.limit is not None:
            left: float | None = max(0.0, self.limit - self.seconds)
            done = min(1.0, self.seconds / max(self.limit, 1e-3))
        else:
            left = (self.iterations - iteration) * seconds / steps if steps else None
            done = self.done(iteration)
        rate = steps * images / seconds if steps else None
        return Progress(phase, done, loss, self.accuracy, rate, left)


class Log:
    """A JSON line an event, beside the output; nothing where the path is None. Raises FileAccess when it is made. An
    event that cannot be written later, on a full disk for example, is left out: no run ends by it. `incomplete` says
    why."""

    def __init__(self, path: Path | None, keep: bool) -> None:
        self.path = path
        self.last = -math.inf
        self.incomplete = ""
        self._append("", "a" if keep else "w")
        if self.incomplete:
            raise FileAccess(self.incomplete)

    def due(self) -> bool:
        return self.path is not None and time.monotonic() - self.last >= LOG_SECONDS

    def event(self, name: str, **values: Any) -> None:
        self.last = time.monotonic()
        # A loss that is not finite is worth logging, and is not JSON.
        kept = {
            key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in values.items()
        }
        self._append(json.dumps({"event": name, **kept}) + "\n", "a")

    def _append(self, text: str, mode: str) -> None:
        if self.path is None:
            return
        before = 0
        try:
            with self.path.open(mode) as file:
                before = file.tell()
                file.write(text)
        except OSError as error:
            self.incomplete = f"cannot write the log {self.path}: {error.strerror}"
            with contextlib.suppress(OSError):
                os.truncate(self.path, before)  # no half line


Listener = Callable[[Progress], None]


@dataclass
class Reporter:
    """Whom a run tells how far it is: its log, and a listener, which may be a bar."""

    clock: Clock
    log: Log
    listen: Listener

    def tell(self, iteration: int, images: int, loss: float | None = None, phase: str = "distilling") -> None:
        """`images` is how many each iteration learns."""
        self.listen(self.clock.progress(iteration, images, loss, phase))


@contextmanager
def deferred_signals(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM set the event, so that a step is finished before the run stops. A step that is not finished
    PATIENCE_SECONDS later, or a second signal, raises KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in before.items():
            signal.signal(number, handler)

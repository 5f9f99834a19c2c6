"""A command of a sitting, with a limit in seconds: its output goes to the log, and no process of it outlives it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# What an encode may take to write its best file after SIGINT.
GRACE_SECONDS = 10.0
MOST_LOG_BYTES = 12_000_000
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Ended:
    """`code` is None where the limit ended it; `output` is what it wrote to stdout, whole or so far."""

    code: int | None
    output: str
    seconds: float


def run(command: list[str], limit: float, folder: Path, log: Path) -> Ended:
    """In a process group of its own, which is killed at the end, or SIGINT and GRACE_SECONDS after the limit: then an
    encode writes its best file, and pytest how tests failed."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as output, log.open("ab") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            process_group=0,
            preexec_fn=_die_with_parent,
        )
        code: int | None = None
        try:
            code = process.wait(max(limit, 0.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
        finally:
            # Itself where it did not heed SIGINT, and children that it left behind.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        text = output.read()
        errors.write(text)
    shorten(log)
    return Ended(code, text.decode(errors="replace"), time.monotonic() - began)


def shorten(log: Path) -> None:
    """Cuts out the middle of a log that would be too large to come back."""
    text = log.read_bytes()
    if len(text) > MOST_LOG_BYTES:
        half = MOST_LOG_BYTES // 3
        log.write_bytes(text[:half] + b"\n[... cut ...]\n" + text[-half:])


def _die_with_parent() -> None:
    """Linux: a group of its own would outlive a sitting that is killed, and write beside the next one."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

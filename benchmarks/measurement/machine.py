"""The machine that figures are of: its name and versions, and how much of it others took meanwhile."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from nsdcodec.version import VERSION

# Of all cores: what others may take of a machine that is not busy.
QUIET_SHARE = 0.1
PROCESSOR_TIMES = Path("/proc/stat")


@dataclass(frozen=True)
class Load:
    """`others`: how many of the `cores` other processes, or other virtual machines, kept busy, on average."""

    others: float
    cores: int

    @property
    def busy(self) -> bool:
        """Whether figures of speed may be worse for it."""
        return self.others > QUIET_SHARE * self.cores

    @property
    def text(self) -> str:
        return f"others took {self.others:.1f} of {self.cores} cores"


class LoadMeter:
    """Counts from when it is made. Processes that this one started must have ended, and been waited for, before `load`:
    only then is their time known not to be of others."""

    def __init__(self) -> None:
        self._started, self._all, self._own = time.perf_counter(), _all_seconds(), _own_seconds()

    def load(self) -> Load | None:
        """Since then; None where the system does not tell."""
        seconds, now = time.perf_counter() - self._started, _all_seconds()
        if self._all is None or now is None:
            return None
        others = (now - self._all) - (_own_seconds() - self._own)
        return Load(max(0.0, others) / seconds, os.cpu_count() or 1)


def _all_seconds() -> float | None:
    """Processor seconds of everything since the machine started; None where the system does not tell."""
    try:
        first = PROCESSOR_TIMES.read_text().partition("\n")[0]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen = map(int, first.split()[1:9])
    return (user + nice + system + interrupts + soft_interrupts + stolen) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Of this process and of those that it started and waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def made_by() -> dict[str, str]:
    """The versions and the machine that figures are of."""
    return {
        "nsdcodec": VERSION,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
    }


def made_by_line(made: dict[str, str]) -> str:
    return (
        f"Made by nsdcodec {made['nsdcodec']}, torch {made['torch']}, Python {made['python']}, on {made['hardware']}."
    )

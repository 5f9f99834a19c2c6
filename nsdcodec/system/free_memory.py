"""How much memory of this machine, or of a GPU, is free, and how much this process takes."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import torch

MACHINE = Path("/proc/meminfo")
PROCESS = Path("/proc/self/statm")
# The limit of the control group of this process and what it takes, in versions 2 and 1.
CONTAINER = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)
# Where the system does not say what is free: 4 GB.
ASSUMED = 1 << 32


def free_memory(device: torch.device) -> int:
    """Free bytes of a CUDA device; for other devices, what this machine has free and this container may take."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return min([_of_machine(), *_of_containers()])


def resident_bytes() -> int:
    """The memory of this process in bytes; 0 if the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        return int(PROCESS.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _of_machine() -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in MACHINE.read_text().splitlines():
            # Free pages alone would not count what holds files and is given back when asked for.
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return ASSUMED


def _of_containers() -> list[int]:
    found = []
    for most, taken in CONTAINER:
        with contextlib.suppress(OSError, ValueError):  # not there, or "max"
            found.append(max(0, int(most.read_text()) - int(taken.read_text())))
    return found

"""How much memory of this machine, or of a GPU, is free, and how much this process takes."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from nsdcodec.errors import TooLarge

if TYPE_CHECKING:  # reading a file needs no torch
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
# What every machine has: it is not worth asking.
SMALL = 1 << 28


def free_memory(device: torch.device) -> int:
    """Free bytes of a CUDA device; for other devices, what this machine has free and this container may take."""
    if device.type == "cuda":
        import torch

        return torch.cuda.mem_get_info(device)[0]
    return _of_host()


def demand(nbytes: int, what: str) -> None:
    """Raises TooLarge where this machine has not so many bytes of memory free."""
    if nbytes > SMALL and nbytes > (free := _of_host()):
        raise TooLarge(
            f"{what} would take {nbytes / 1e9:,.1f} GB of memory and {free / 1e9:,.1f} GB are free: the file is "
            "well-formed, and too large for this machine"
        )


def resident_bytes() -> int:
    """The memory of this process in bytes; 0 if the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        return int(PROCESS.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _of_host() -> int:
    return min([_of_machine(), *_of_containers()])


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

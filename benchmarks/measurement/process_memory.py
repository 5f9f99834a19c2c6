"""The memory of processes, as far as the system tells."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path


def peak() -> int | None:
    """The most bytes that this process has had in memory."""
    if sys.platform.startswith("linux"):
        return 1024 * _kilobytes(Path("/proc/self/status"), "VmHWM:")
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """So that what imports took for a moment does not hide what comes after. Not allowed in every container."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def own(pid: int | None) -> int:
    """Bytes that a process shares with no other; 0 where the system does not tell."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    try:
        return 1024 * (_kilobytes(rollup, "Private_Clean:") + _kilobytes(rollup, "Private_Dirty:"))
    except OSError:
        return 0


def _kilobytes(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0

"""How torchrun, or another launcher, started this process: its environment variables.

A process that no launcher started is rank 0 of 1.
"""

from __future__ import annotations

import os

NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR")


def rank() -> int:
    return int(os.environ["RANK"]) if _launched() else 0


def world() -> int:
    """How many processes were started together, on all machines."""
    return int(os.environ["WORLD_SIZE"]) if _launched() else 1


def local_rank() -> int:
    """The rank among those on this machine, which is the number of the GPU to take."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def restarted() -> bool:
    """Whether torchrun started this process in the place of one that failed (--max-restarts)."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def name() -> str:
    """A name that all processes of one torchrun share, also those that it starts later when machines join or leave;
    empty if there is none. Such later processes do not count as restarted."""
    found = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    return "" if found == "none" else found


def _launched() -> bool:
    # Schedulers set some of these too: only all of them say that the processes are to meet.
    return all(name in os.environ for name in NAMES)

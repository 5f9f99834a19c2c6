"""Keep freed memory for the next step, on Linux.

glibc gives a large block back to the system when it is freed and asks for it again at the next step, page by page: a
distribution matching step on two cores took 0.27 s, and takes 0.16 s without them
(benchmarks/RESULTS.md).
"""

from __future__ import annotations

import ctypes
import sys

# From malloc.h: the size from which a block is mapped on its own, and the free memory at which the heap shrinks.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_BLOCK, LARGEST_FREE = 1 << 30, (1 << 31) - 1


def keep_freed_memory() -> bool:
    """Changes the whole process, so commands call it and the library does not. Returns False if the C library is not
    glibc."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK)) and bool(mallopt(M_TRIM_THRESHOLD, LARGEST_FREE))

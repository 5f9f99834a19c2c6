"""Claims: several processes fill one folder with files, and no two of them make the same file at a time.

A claim is a lock on one byte of a hidden file in the folder, byte n for number n. The system frees it when its process
ends, however it ends, and network file systems know such locks. Where a file system has none, work may be done twice
and nothing is harmed, as long as what is made is the same and is put in place by a rename (`system.atomic`).
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from nsdcodec.errors import FileAccess
from nsdcodec.system import launch

NAME = ".claims"
SECONDS = 0.5  # between two looks at what others are making


def unmade(
    folder: Path,
    missing: Callable[[], Sequence[int]],
    at_once: int = 1,
    waiting: Callable[[int], None] = lambda count: None,
) -> Iterator[list[int]]:
    """Yields up to `at_once` numbers that this process should make next, until none is `missing`. They are claimed
    until the next are asked for. While other processes make all that is missing, `waiting` is called with their number.
    What a killed process left is taken over. The folder is made; raises FileAccess if it cannot be.

    Ranks of one launch begin with different numbers. Claims belong to a process: its threads share them.
    """
    if not missing():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / NAME).open("ab")
    except OSError as error:
        raise FileAccess(f"cannot write in the folder {folder}: {error.strerror}") from error
    with file:
        while still := sorted(missing(), key=_order):
            mine: list[int] = []
            for number in still:
                if len(mine) < at_once and _claim(file, number):
                    mine.append(number)
            # What another made and gave back since the look.
            there = set(mine) & set(missing()) if mine else set()
            if there:
                yield [number for number in mine if number in there]
            elif not mine:
                waiting(len(still))
                time.sleep(SECONDS)
            for number in mine:
                _release(file, number)


def _order(number: int) -> tuple[bool, int]:
    return number % launch.world() != launch.rank(), number


def _claim(file: BinaryIO, number: int) -> bool:
    import fcntl  # POSIX only, as in container.atomic

    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN)  # no locks here at all: as if it were claimed
    return True


def _release(file: BinaryIO, number: int) -> None:
    import fcntl

    with contextlib.suppress(OSError):
        fcntl.lockf(file, fcntl.LOCK_UN, 1, number)

"""Replace a file whole: after a kill, a full disk or a refused write the old file stands or the new, never half.

A write goes to a hidden file beside the target, `.NAME.xxxxxxxx.tmp`, which its writer locks while it lives. What a
killed writer left can be locked by anyone: the next write to that target removes it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nsdcodec.errors import FileAccess

NAME_BYTES = 255  # the longest name that file systems take


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes the file whole or not at all: to a hidden file beside the target, which is fsynced and renamed. The mode
    follows the umask; if the target is a link, the file that it leads to is written. If several processes write at the
    same time, the last one to rename wins. Raises FileAccess; the target is then as it was."""
    with replacing(path, f" ({len(data):,} bytes)") as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], size: str = "") -> Iterator[BinaryIO]:
    """As `write`, for content that is made piece by piece: a file to write, read and seek in. It becomes the target if
    the context ends without an exception, and is removed otherwise. An OSError in the context is raised as FileAccess.
    `size` is for messages."""
    target = _target(path)
    standing = "what stood there is unchanged"
    try:
        _remove_leftovers(target)
        temporary, descriptor = _locked_temporary(target)
        with os.fdopen(descriptor, "w+b") as file:  # closing unlocks: only once the name is the target's or gone
            try:
                yield file
                file.flush()
                os.fsync(descriptor)
                os.replace(temporary, target)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise
        standing = "the new file stands there, but a power cut may still undo it"
        _sync_folder(target.parent)
    except OSError as error:
        raise FileAccess(f"cannot write {path}{size}: {error.strerror or error}; {standing}") from error


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raises FileAccess if `write` would refuse this target: called before hours of work, and not after."""
    target = _target(path)
    if not os.access(target.parent, os.W_OK):
        raise FileAccess(f"{path}: no permission to write in {target.parent}")


def _remove_leftovers(target: Path) -> None:
    """Removes the temporaries of this target whose writers are dead: those that can be locked. Never raises: a
    leftover that stays does no harm."""
    pattern = re.compile(re.escape(_stem(target)) + r"\.[0-9a-f]{8}\.tmp")
    with contextlib.suppress(OSError):
        for name in filter(pattern.fullmatch, os.listdir(target.parent)):
            with contextlib.suppress(OSError):
                _remove_if_dead(target.parent / name)


def _remove_if_dead(leftover: Path) -> None:
    """Raises OSError if its writer lives, or if that cannot be known."""
    descriptor = os.open(leftover, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            _lock(descriptor, wait=False)
            leftover.unlink()
    finally:
        os.close(descriptor)


def _locked_temporary(target: Path) -> tuple[Path, int]:
    """A new file beside the target, and its descriptor, which holds the lock."""
    while True:
        temporary = target.parent / f"{_stem(target)}.{secrets.token_hex(4)}.tmp"
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        with contextlib.suppress(OSError):  # a file system without locks: then no one can lock a leftover either
            _lock(descriptor, wait=True)
        # Another writer may have taken it for a leftover in the moment before it was locked.
        if os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        os.close(descriptor)


def _lock(descriptor: int, wait: bool) -> None:
    import fcntl  # POSIX only, and reading goes without

    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _stem(target: Path) -> str:
    """`.NAME`, cut where the temporary's name would be too long though the target's is not."""
    if len(os.fsencode(target.name)) + len("..xxxxxxxx.tmp") <= NAME_BYTES:
        return f".{target.name}"
    return "." + os.fsencode(target.name)[: NAME_BYTES - len("..xxxxxxxx.tmp")].decode(errors="ignore")


def _target(path: str | os.PathLike[str]) -> Path:
    """The file that links lead to. Raises FileAccess unless it is a regular file, or a new one in a folder."""
    try:
        target = Path(os.path.realpath(path))
        return _checked(path, target)
    except ValueError as error:
        raise FileAccess(f"{path!r} is no path: {error}") from error
    except OSError as error:  # a name too long, a folder that may not be searched
        length = len(os.fsencode(os.path.basename(path)))
        long = f": the name has {length} bytes, the limit is {NAME_BYTES}; shorten it" if length > NAME_BYTES else ""
        raise FileAccess(f"cannot write {path}: {error.strerror or error}{long}") from error


def _checked(path: str | os.PathLike[str], target: Path) -> Path:
    if target.is_symlink():  # links are followed already
        raise FileAccess(f"{path} is a link that leads back to itself; remove it, or give the name of a file")
    if target.is_dir():
        raise FileAccess(f"{path} is a folder; give the name of a file")
    # Not of the target: a pipe in /proc, to which /dev/stdout leads, has a name that is no file's.
    if os.path.exists(path) and not target.is_file():
        raise FileAccess(f"{path} is a device or a pipe, which a rename would replace; give the name of a file")
    if not target.parent.is_dir():
        raise FileAccess(f"{path}: the folder {target.parent} does not exist; make it first")
    return target


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

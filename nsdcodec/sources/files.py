"""Files and folders as people have them: what is in a folder, and what can be read."""

from __future__ import annotations

import stat
from pathlib import Path

from nsdcodec.errors import FileAccess, InvalidSource

# A pipe, a socket or a terminal is read for ever where nobody writes.
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def visible(path: Path) -> list[Path]:
    """The sorted entries of the folder, without hidden ones. Raises FileAccess."""
    try:
        return sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise FileAccess(f"cannot read the folder {path}: {error.strerror or error}; check its permissions") from error


def folders(path: Path) -> list[Path]:
    return [entry for entry in visible(path) if entry.is_dir()]


def regular(file: Path) -> Path:
    """The file, which may be missing. Raises InvalidSource if it is there and is no regular file: to open a pipe is to
    wait until somebody writes to it."""
    try:
        kind = stat.S_IFMT(file.stat().st_mode)
    except (OSError, ValueError):
        return file  # whoever opens it says what is wrong
    if kind != stat.S_IFREG:
        raise InvalidSource(
            f"{file}: {_KINDS.get(kind, 'something else')}, not a regular file; remove it or put a file there"
        )
    return file

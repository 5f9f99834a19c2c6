"""Files and folders as people have them: what is in a folder, what can be read, and text files of a name a line."""

from __future__ import annotations

import stat
from pathlib import Path

from nsdcodec.errors import FileAccess, InvalidSource

# What macOS and Windows leave in folders and archives beside hidden files, in lower case.
LEFT_BY_SYSTEMS = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
# A pipe, a socket or a terminal is read for ever where nobody writes.
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def visible(path: Path) -> list[Path]:
    """The sorted entries of the folder, without hidden ones and LEFT_BY_SYSTEMS. Raises FileAccess."""
    try:
        return sorted(
            entry
            for entry in path.iterdir()
            if not entry.name.startswith(".") and entry.name.lower() not in LEFT_BY_SYSTEMS
        )
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


def text_lines(file: Path) -> list[str]:
    """The lines of a text file in UTF-8, without the byte order mark that some editors put before them, their ends, and
    blank lines at the end. Raises InvalidSource and FileAccess."""
    try:
        lines = regular(file).read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InvalidSource(f"{file}: not UTF-8 text ({error}); save it in UTF-8 or fetch it again") from error
    except FileNotFoundError as error:
        raise InvalidSource(f"{file}: no such file; fetch it again") from error
    except OSError as error:
        raise FileAccess(f"cannot read {file}: {error.strerror or error}; check its permissions") from error
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def names_in(file: Path) -> tuple[str, ...]:
    """The names in a text file, a line each: the first line names class 0. Raises InvalidSource, also for a blank line
    before the last name, which would move all names after it, and for no name; and FileAccess."""
    names = text_lines(file)
    if not names:
        raise InvalidSource(f"{file}: no name; write a class name a line, or remove the file to number the classes")
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise InvalidSource(
                f"{file}, line {number}: blank, and line {number} names class {number - 1}: write its name, or remove "
                "the line if no class is missing"
            )
    return tuple(names)

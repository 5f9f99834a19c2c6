"""Replace a file whole: after a kill, a full disk or a refused write the old file stands or the new, never half."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from nsdcodec.errors import FileAccess


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes beside the target, fsyncs, renames, fsyncs the folder. The mode follows the umask; a link is written
    through, not replaced. Raises FileAccess; the target is then as it was."""
    target = _target(path)
    standing = "what stood there is unchanged"
    temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
            standing = "the new file stands there, but a power cut may still undo it"
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise FileAccess(f"cannot write {path} ({len(data):,} bytes): {error.strerror or error}; {standing}") from error


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raises FileAccess now rather than after hours of work, where `write` would refuse this target."""
    target = _target(path)
    if not os.access(target.parent, os.W_OK):
        raise FileAccess(f"{path}: no permission to write in {target.parent}")


def _target(path: str | os.PathLike[str]) -> Path:
    """The file that links lead to. Raises FileAccess unless it is a regular file, or a new one in a folder."""
    try:
        target = Path(os.path.realpath(path))
    except ValueError as error:
        raise FileAccess(f"{path!r} is no path: {error}") from error
    if target.is_dir():
        raise FileAccess(f"{path} is a folder; give the name of a file")
    if target.exists() and not target.is_file():
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

"""Write a folder whole or not at all: it is filled under a temporary name beside its place, then renamed."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import FileAccess
from nsdcodec.export.base import about
from nsdcodec.format.folder_names import ABOUT_FILE
from nsdcodec.version import VERSION


@contextlib.contextmanager
def new_folder(path: Path, to: str, dataset: NSDDataset, overwrite: bool) -> Iterator[Path]:
    """An empty folder. It becomes `path` if the context ends without an exception, and is removed otherwise; a kill
    leaves it under its hidden name. With `overwrite` it replaces an earlier export, but never another folder, which may
    hold anything. Raises FileAccess."""
    try:
        target = Path(os.path.realpath(path))
        _check(path, target, overwrite)
        temporary = target.parent / f".{target.name[:200]}.{secrets.token_hex(4)}.tmp"
        temporary.mkdir()
        try:
            yield temporary
            written = {"encoder": f"nsdcodec {VERSION}", "format": to, "images": len(dataset)} | about(dataset)
            (temporary / ABOUT_FILE).write_text(json.dumps(written, indent=2, ensure_ascii=False), encoding="utf-8")
            _put_in_place(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        raise FileAccess(f"cannot write {path}: {error.strerror or error}; what stood there is unchanged") from error


def _check(path: Path, target: Path, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise FileAccess(f"{path}: the folder {target.parent} does not exist; make it first")
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise FileAccess(f"{path} is a file, and this export is a folder; give another name")
    if not any(target.iterdir()):
        return
    if not overwrite:
        raise FileAccess(f"{path} is a folder with files in it; give another name, or --overwrite a former export")
    if not (target / ABOUT_FILE).is_file():
        raise FileAccess(f"{path} is no former export: it has no {ABOUT_FILE}; remove it yourself or give another name")


def _put_in_place(temporary: Path, target: Path) -> None:
    """A rename replaces an empty folder, but not a full one."""
    if not target.is_dir() or not any(target.iterdir()):
        temporary.rename(target)
        return
    old = temporary.with_suffix(".old")
    target.rename(old)
    try:
        temporary.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)

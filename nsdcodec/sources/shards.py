"""Data sets that are cut into several files: which of them belong to the training set, and which to the test set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nsdcodec.errors import InvalidSource
from nsdcodec.sources import splits
from nsdcodec.sources.files import regular, visible

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
MAX_SHARDS = 100_000


@dataclass(frozen=True)
class Shards:
    """The files of train and of test, each sorted by name, and the names of what is left out."""

    train: list[Path]
    test: list[Path]
    left_out: tuple[str, ...] = ()


def train_and_test(path: Path, suffix: str) -> Shards:
    """What `path` has. It can be a file, or a pattern such as train-{000..004}.tar: all files are train, whatever
    their names, since they were asked for. Or it can be a folder: the files in it, or in its data/, and those in
    folders there whose names say a split, belong to train or test as their names say (`splits.sorted_out`).

    All are empty for a folder without such files. Raises InvalidSource for a doubt, and FileAccess.
    """
    if is_pattern(path):
        return Shards([regular(file) for file in expanded(path)], [])
    if not path.is_dir():
        return Shards([path], [])
    for root in (path, path / "data"):
        entries = visible(root) if root.is_dir() else []
        folders = [entry for entry in entries if entry.is_dir()]
        files = [entry for entry in entries if _is_one(entry, suffix)]
        for folder in folders:
            if splits.said(folder.name):
                files += [file for file in visible(folder) if _is_one(file, suffix)]
        if files:
            named = {file.relative_to(root).as_posix(): regular(file) for file in sorted(files)}
            found = splits.sorted_out(str(root), list(named))
            others = [
                f"{folder.name}/"
                for folder in folders
                if not splits.said(folder.name) and any(_is_one(file, suffix) for file in visible(folder))
            ]
            train, test = ([named[name] for name in names] for names in (found.train, found.test))
            return Shards(train, test, (*found.left_out, *others))
    return Shards([], [])


def is_pattern(path: Path) -> bool:
    return _RANGE.search(path.name) is not None


def expanded(path: Path) -> list[Path]:
    """The files that a name with one range of numbers means: a-{08..10} means a-08, a-09 and a-10. Raises InvalidSource
    for an empty range, or one of more than MAX_SHARDS."""
    found = _RANGE.search(path.name)
    assert found is not None, path
    digits, first, last = len(found[1]), int(found[1]), int(found[2])
    if not 1 <= last - first + 1 <= MAX_SHARDS:
        raise InvalidSource(
            f"{path}: {last - first + 1:,} files; a range is of 1 to {MAX_SHARDS:,}, such as {{000..099}}"
        )
    names = (f"{path.name[: found.start()]}{i:0{digits}}{path.name[found.end() :]}" for i in range(first, last + 1))
    return [path.with_name(name) for name in names]


def _is_one(file: Path, suffix: str) -> bool:
    return file.suffix.lower() == suffix and not file.is_dir()

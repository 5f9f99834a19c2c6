"""Data sets that are cut into several files: which of them belong to the training set, and which to the test set."""

from __future__ import annotations

import re
from pathlib import Path

from nsdcodec.errors import InvalidSource
from nsdcodec.sources.files import regular, visible

# How names begin, of files or of the folders that they are in. Test before validation, where a set has both.
TRAIN = "train"
HELD_OUT = ("test", "val")
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
MAX_SHARDS = 100_000


def train_and_test(path: Path, suffix: str) -> tuple[list[Path], list[Path]]:
    """The files of train and of test, each sorted by name. `path` can be a file, or a pattern such as
    train-{000..004}.tar: then all files are train, unless the name says test. Or it can be a folder: then files or
    folders in it, or in its data/, belong to train or test if their names begin with train, test or val; if no name
    does, all are train.

    Both are empty for a folder without such files. Raises FileAccess.
    """
    if is_pattern(path):
        return _sorted_out([(file, _part(file.name)) for file in expanded(path)])
    if not path.is_dir():
        return [path], []
    for root in (path, path / "data"):
        entries = visible(root) if root.is_dir() else []
        found = [(file, _part(file.name)) for file in entries if file.suffix == suffix and not file.is_dir()]
        for folder in (entry for entry in entries if entry.is_dir() and _part(entry.name)):
            found += [(file, _part(folder.name)) for file in visible(folder) if file.suffix == suffix]
        if found:
            return _sorted_out(found)
    return [], []


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


def _sorted_out(files: list[tuple[Path, str]]) -> tuple[list[Path], list[Path]]:
    parts: dict[str, list[Path]] = {}
    for file, part in files:
        parts.setdefault(part or TRAIN, []).append(regular(file))
    return parts.get(TRAIN, []), next((parts[name] for name in HELD_OUT if name in parts), [])


def _part(name: str) -> str:
    """The word that the name begins with; "" if it is none of them."""
    return next((part for part in (TRAIN, *HELD_OUT) if name.lower().startswith(part)), "")

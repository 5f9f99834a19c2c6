"""Data sets that are cut into several files: which of them belong to the training set, and which to the test set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nsdcodec.errors import InvalidSource
from nsdcodec.sources import splits
from nsdcodec.sources.files import regular, visible

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
# As data sets of the hub are named, such as train-00001-of-00003.parquet, with a hash behind in older ones.
_OF = re.compile(r"(?P<before>.*-)(?P<number>\d+)(?P<of>-of-(?P<count>\d+))(?P<after>.*)")
# A number of at least three digits at the end of the name.
_NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>\d{3,})(?P<after>\.[^./]*)")
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

    All are empty for a folder without such files. Raises InvalidSource for a doubt, and where the numbers in the names
    say that a file is missing; FileAccess.
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
            _check_complete(root, list(named))
            found = splits.sorted_out(str(root), list(named))
            others = [
                f"{folder.name}/"
                for folder in folders
                if not splits.said(folder.name) and any(_is_one(file, suffix) for file in visible(folder))
            ]
            train, test = ([named[name] for name in names] for names in (found.train, found.test))
            return Shards(train, test, (*found.left_out, *others))
    return Shards([], [])


def _check_complete(root: Path, names: list[str]) -> None:
    """Raises InvalidSource where one of N-of-M is missing, or one between others, or before them, by numbers that begin
    with a zero. What is missing after the last of these nobody can tell."""
    series: dict[tuple[str, ...], list[int]] = {}
    for name in names:
        key: tuple[str, ...]
        if found := _OF.fullmatch(name):
            # The hash differs from file to file.
            key = (
                found["before"],
                found["of"],
                str(len(found["number"])),
                "." + name.rpartition(".")[2],
                found["count"],
            )
        elif found := _NUMBERED.fullmatch(name):
            key = (found["before"], "", str(len(found["number"])), found["after"])
        else:
            continue
        series.setdefault(key, []).append(int(found["number"]))
    for (before, of, digits, after, *count), numbers in series.items():
        first, last = min(numbers), max(numbers)
        if count:
            # Counted from 0, or from 1 where the last number is the count.
            start = int(last == int(count[0]))
            wanted = range(start, start + int(count[0]))
        elif first < 10 ** (int(digits) - 1):
            wanted = range(min(first, 1), last + 1)
        else:  # years, for example
            continue
        if missing := sorted(set(wanted) - set(numbers)):
            name = f"{before}{missing[0]:0{digits}}{of}{after}"
            more = f" and {len(missing) - 1:,} more are" if missing[1:] else " is"
            raise InvalidSource(
                f"{root}: {name}{more} missing, by the names of the others; fetch what is missing, or give the files "
                "that are to do without it names that have no gap"
            )


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

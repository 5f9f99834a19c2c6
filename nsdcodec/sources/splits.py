"""The split that a name says: one rule for files, folders, HDF5 groups and arrays, by whole words anywhere in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nsdcodec.errors import InvalidSource

TRAIN, TEST, VALIDATION = "train", "test", "validation"
# In upper or lower case; letters alone make a word: "set-Test_1" has the words set and test.
WORDS = MappingProxyType(
    {
        "train": TRAIN,
        "training": TRAIN,
        "test": TEST,
        "testing": TEST,
        "val": VALIDATION,
        "valid": VALIDATION,
        "validation": VALIDATION,
        "dev": VALIDATION,
    }
)
# A word such as "testset" has one of these at an end and may mean it.
_ENDS = (TRAIN, TEST, "val", "dev")


@dataclass(frozen=True)
class Splits:
    """Names by what they say: those of the training set, of the test set, and those that are left out."""

    train: tuple[str, ...]
    test: tuple[str, ...]
    left_out: tuple[str, ...]


def words(name: str) -> tuple[str, ...]:
    """The runs of letters in the name, in lower case."""
    return tuple(re.findall(r"[^\W\d_]+", name.lower()))


def said(name: str) -> set[str]:
    """The splits that the name says; none, or one, if there is no doubt."""
    return {WORDS[word] for word in words(name) if word in WORDS}


def sorted_out(where: str, names: Sequence[str]) -> Splits:
    """The names by their split. Validation is the test set if no name says test. If no name says a split, all are
    train; if one does, those that say none are left out.

    Raises InvalidSource for a doubt, with the path `where`: a name of two splits, one split under two words, names of
    which none says train, or names such as "trainset" and "testset" that may say a split.
    """
    parts: dict[str, list[str]] = {TRAIN: [], TEST: [], VALIDATION: []}
    for name in names:
        found = said(name)
        if len(found) > 1:
            raise InvalidSource(f"{where}: {name} says {' and '.join(sorted(found))}; rename it to say one of them")
        for split in found:
            parts[split].append(name)
    if not any(parts.values()):
        _check_unsaid(where, names)
        return Splits(tuple(names), (), ())
    test = parts[TEST] or parts[VALIDATION]
    if not parts[TRAIN]:
        raise InvalidSource(
            f"{where}: no name says train beside {_some(test)}; put the word train into the names of the training set, "
            "or give one file or folder alone"
        )
    for part in (parts[TRAIN], test):
        used = {word: name for name in reversed(part) for word in _words_of_splits(name)}
        if len(used) > 1:
            raise InvalidSource(
                f"{where}: {' and '.join(sorted(used.values()))} say one split by different words; name them by one, "
                "or give what does not belong there a name without these words"
            )
    kept = {*parts[TRAIN], *test}
    return Splits(tuple(parts[TRAIN]), tuple(test), tuple(name for name in names if name not in kept))


def one_of_each(where: str, names: Sequence[str]) -> tuple[str, str | None, tuple[str, ...]]:
    """The name of train, that of test if there is one, and those left out, where a split is one folder or one group.
    Raises InvalidSource where several say the same, and for the doubts of `sorted_out`."""
    found = sorted_out(where, names)
    for split, part in ((TRAIN, found.train), (TEST, found.test)):
        if len(part) > 1:
            raise InvalidSource(
                f"{where}: {_some(part)} could each be the {split} set; give one of them a name with the word {split}, "
                "and the others names without it"
            )
    return found.train[0], found.test[0] if found.test else None, found.left_out


def _words_of_splits(name: str) -> list[str]:
    return [word for word in words(name) if word in WORDS]


def _check_unsaid(where: str, names: Sequence[str]) -> None:
    """Names that differ in numbers alone are parts of one set, whatever their words."""
    if len({words(name) for name in names}) < 2:
        return
    for name in names:
        if doubtful := [word for word in words(name) if word.startswith(_ENDS) or word.endswith(_ENDS)]:
            raise InvalidSource(
                f"{where}: {name} may say a split by {doubtful[0]!r}; say it by a word of its own, such as "
                f"train-1 or set_test, or give one file alone"
            )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")

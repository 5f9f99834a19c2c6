"""Class names as names of files and folders: an export writes them, and a source finds the true names again."""

from __future__ import annotations

from collections.abc import Sequence

NAME_LENGTH = 40  # characters of a class name in a file's name: 256 would be too long for a file system
# In every folder that an export made: what the set is, with the true names of the classes.
ABOUT_FILE = "nsdc-export.json"


def safe_name(name: str) -> str:
    """A class name, which may be any text, as a part of a file's name. Different names may become the same."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:NAME_LENGTH]


def folder_names(classes: Sequence[str]) -> list[str]:
    """The class names, if all of them can be names of folders, differ even if case is ignored, and are sorted like the
    labels: readers take the classes from the sorted folders. Otherwise the names are made safe, with a number before
    each."""
    names = [safe_name(name) for name in classes]
    # `datasets` passes over names that begin with two of "_".
    usable = names == list(classes) and all(name and not name.startswith("__") for name in names)
    if usable and names == sorted(names) and len({name.casefold() for name in names}) == len(names):
        return names
    digits = len(str(len(names) - 1))
    return [f"{label:0{digits}}-{name}" for label, name in enumerate(names)]

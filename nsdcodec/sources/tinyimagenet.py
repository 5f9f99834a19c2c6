"""TinyImageNet in its published folders: 200 classes of ImageNet at 64 x 64."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nsdcodec.errors import InvalidSource, MissingData
from nsdcodec.sources.base import Source, Split, augmentation
from nsdcodec.sources.files import text_lines
from nsdcodec.sources.image_files import image_files, split_of_files

NAME = "tinyimagenet"
FOLDER = "tiny-imagenet-200"
ABOUT = "100,000 + 10,000 photographs of 3 x 64 x 64 in 200 classes: tiny-imagenet-200/ as published"
CLASSES_FILE = "wnids.txt"  # a WordNet id a line; it also tells this layout from other folders
SHAPE = (3, 64, 64)
ARCHIVE = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"


def find(places: Sequence[Path]) -> Source:
    """Loads the set from the first of these folders that has it. Raises MissingData."""
    for place in places:
        if (place / FOLDER).is_dir():
            return load(place / FOLDER)
    raise MissingData(
        f"{NAME} is not here and nothing downloads it by itself: fetch {ARCHIVE} and unpack it in the folder of "
        f"--data-dir or $NSDC_DATA, so that {FOLDER}/{CLASSES_FILE} is there (looked in {', '.join(map(str, places))})"
    )


def is_one(path: Path) -> bool:
    return (path / CLASSES_FILE).is_file()


def load(path: Path) -> Source:
    """The folder with wnids.txt, words.txt, train/ID/images/ and val/. Classes are in the order of their ids, as the
    field has them, and named by the first word of their line in words.txt. val is the test set; the published test
    folder has no labels and is not read. Grayscale files become RGB.

    Raises InvalidSource (a missing class, annotation or name; an unreadable file or one that is not 64 x 64),
    FileAccess; MissingData without Pillow.
    """
    ids = sorted(wnid for wnid, *_ in _table(path / CLASSES_FILE))
    if not ids:
        raise InvalidSource(f"{path / CLASSES_FILE}: no line; fetch {ARCHIVE} again")
    labels = {wnid: label for label, wnid in enumerate(ids)}
    train = [(file, labels[wnid]) for wnid in ids for file in _images(path / "train" / wnid / "images")]
    test = _test(path / "val", labels) if (path / "val").is_dir() else None
    return Source(NAME, _names(path, ids), split_of_files(train, SHAPE), test, augmentation(NAME))


def _test(val: Path, labels: dict[str, int]) -> Split:
    table = val / "val_annotations.txt"
    annotations = {row[0]: row[1] for row in _table(table) if len(row) > 1}
    files = []
    for file in _images(val / "images"):
        wnid = annotations.get(file.name)
        if wnid not in labels:
            found = "no annotation" if wnid is None else f"the class {wnid}, which {CLASSES_FILE} does not have"
            raise InvalidSource(f"{table}: {found} for images/{file.name}; fetch {ARCHIVE} again or remove the image")
        files.append((file, labels[wnid]))
    return split_of_files(files, SHAPE)


def _names(path: Path, ids: Sequence[str]) -> tuple[str, ...]:
    words = {row[0]: row[1].split(",")[0].strip() for row in _table(path / "words.txt") if len(row) > 1}
    if missing := [wnid for wnid in ids if not words.get(wnid)]:
        raise InvalidSource(f"{path / 'words.txt'}: no name for {', '.join(missing[:5])}; fetch {ARCHIVE} again")
    counts = Counter(words[wnid] for wnid in ids)
    # WordNet has a crane that flies and one that lifts.
    return tuple(words[wnid] if counts[words[wnid]] == 1 else f"{words[wnid]} ({wnid})" for wnid in ids)


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InvalidSource(f"{folder}: no such folder, and {CLASSES_FILE} needs it; fetch {ARCHIVE} again")
    return image_files(folder)


def _table(file: Path) -> list[list[str]]:
    """The lines of a text file that are not blank, split at tabs."""
    return [line.split("\t") for line in text_lines(file) if line.strip()]

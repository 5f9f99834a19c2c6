"""Sources of real images: `load` finds one by its name or its path. Most need the extra `encode`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from nsdcodec.errors import InvalidSetting, InvalidSource, MissingData, UnknownName
from nsdcodec.format.geometry import LIMITS
from nsdcodec.sources import (
    digits,
    folder,
    hdf5,
    hub,
    imagenet,
    npz,
    parquet,
    safetensors,
    shards,
    tinyimagenet,
    vision,
    webdataset,
)
from nsdcodec.sources.base import Source, Split, normalize
from nsdcodec.sources.facts import Kept
from nsdcodec.sources.files import regular
from nsdcodec.sources.sizes import Size

__all__ = ["PATHS", "SOURCES", "Source", "Split", "cache_folder", "data_folders", "load", "normalize"]


def _downloaded(name: str, _: Sequence[Path]) -> Source:
    return vision.load(name, cache_folder())


# Sets with a name: a line about each, and what finds it in the folders of data, or downloads it. A file
# NAME.h5 there goes before.
_NAMED: Mapping[str, tuple[str, Callable[[Sequence[Path]], Source]]] = MappingProxyType(
    {name: (dataset.about, partial(_downloaded, name)) for name, dataset in vision.DATASETS.items()}
    | {tinyimagenet.NAME: (tinyimagenet.ABOUT, tinyimagenet.find)}
    | {name: (imagenet.about(name), partial(imagenet.find, name)) for name in imagenet.SUBSETS}
)
# The names that are always known, each with a line about it. No file goes before the digits.
SOURCES: Mapping[str, str] = MappingProxyType(
    {"digits": digits.ABOUT} | {name: about for name, (about, _) in _NAMED.items()}
)
_HDF5 = (".h5", ".hdf5")

Loader = Callable[[Path, Size | None], Source]


def _of_one_size(load: Callable[[Path], Source]) -> Loader:
    """For what has images of one size, which is not changed."""
    return lambda path, _: load(path)


# Files, by their suffix.
_FILES: Mapping[str, Loader] = MappingProxyType(
    {
        **dict.fromkeys(_HDF5, _of_one_size(hdf5.load)),
        ".npz": _of_one_size(npz.load),
        ".safetensors": _of_one_size(safetensors.load),
        ".parquet": parquet.load,
        ".tar": webdataset.load,
    }
)
# Folders, by what is in them: what messages call such a folder, what tells it, and what loads it. The first that fits
# is taken; a folder that none of them knows is one of class folders.
_FOLDERS: Sequence[tuple[str, Callable[[Path], bool], Loader]] = (
    (f"the folder {tinyimagenet.FOLDER}", tinyimagenet.is_one, _of_one_size(tinyimagenet.load)),
    ("a folder of .parquet files", parquet.in_folder, parquet.load),
    ("a folder of .tar files", webdataset.in_folder, webdataset.load),
)
# What a path can be, for messages and help.
PATHS = (
    f"a {', '.join([*_FILES][:-1])} or {[*_FILES][-1]} file, a folder of class folders of images, "
    f"{', '.join(about for about, *_ in _FOLDERS)}"
)


def load(
    name: str, data_dir: Path | None = None, memory: int | None = None, size: int | tuple[int, int] | None = None
) -> Source:
    """Finds and loads real images by name or by path. `nsdcodec.load_source` is this function.

    Arguments:
        name: a path: an .h5, .hdf5, .npz, .safetensors, .parquet or .tar file, a brace pattern of .tar files, or a
            folder of images, of .parquet or of .tar files. Or a name: "digits"; NAME if NAME.h5 is in `data_dir` or in
            the cache folder; "tinyimagenet" or a subset of ImageNet if its folder is there; a data set that torchvision
            downloads to the cache folder; "hf:USER/NAME", which huggingface_hub downloads. A known name goes before a
            folder of that name: write "./cifar10" for the folder.
        data_dir: where to look first (default: $NSDC_DATA).
        memory: a limit for the whole process, in bytes (default: the free memory). Images of an HDF5 file that would
            take more than an eighth of it stay in their file and are read when they are asked for. Images of other
            sources are always held in memory.
        size: the side in pixels, or width and height, that image files are brought to, in a folder, Parquet or tar:
            cropped in their middle, and resized with antialiasing. Without it they keep their size if all have one;
            otherwise the side is the largest up to 128 that no image is smaller than. Arrays, and sets with a name,
            have the size that they have.

    Raises:
        UnknownName: no source has this name.
        MissingData: its files, or a package that reads them, are missing.
        InvalidSource: it cannot be used; the message says why.
        InvalidSetting: `size` is out of its range.
        FileAccess: a file cannot be read.

    Examples:
        >>> source = load_source("digits")
        >>> source.train.images.shape[1:], source.classes[:3]
        (torch.Size([1, 8, 8]), ('0', '1', '2'))
    """
    wanted = (size, size) if isinstance(size, int) else size
    if wanted is not None and not all(2 <= side <= LIMITS["width"] for side in wanted):
        raise InvalidSetting(f"--size {size}: the side of an image is 2 to {LIMITS['width']:,} pixels")
    if name.startswith(hub.PREFIX):
        return hub.load(name, wanted)
    if name not in SOURCES and _is_path(name):
        return _load_path(Path(name), memory, wanted)
    if name == "digits":
        return digits.load()
    folders = data_folders(data_dir)
    for place in folders:
        if os.path.isfile(file := place / f"{name}.h5"):
            return _hdf5(file, memory)
    if name in _NAMED:
        return _NAMED[name][1](folders)
    raise UnknownName("source", name, {*SOURCES, *(file.stem for place in folders for file in place.glob("*.h5"))})


def cache_folder() -> Path:
    """Where downloads are kept: $XDG_CACHE_HOME/nsdcodec, by default ~/.cache/nsdcodec. It may not exist yet. Raises
    MissingData where this user has no home."""
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen) / "nsdcodec"
    try:
        return Path.home() / ".cache" / "nsdcodec"
    except RuntimeError as error:
        raise MissingData(
            "no place for the cache folder: this user has no home; set HOME or XDG_CACHE_HOME to a folder that can be "
            "written"
        ) from error


def _is_path(name: str) -> bool:
    separators = [separator for separator in (os.sep, os.altsep) if separator]
    return (
        os.path.exists(name)
        or Path(name).suffix.lower() in _FILES
        or any(separator in name for separator in separators)
    )


def _load_path(path: Path, memory: int | None, size: Size | None) -> Source:
    if path.is_dir():
        return _load_folder(path, size)
    if not os.path.exists(path) and not shards.is_pattern(path):
        raise MissingData(f"{path}: no such file or folder; give {PATHS}, or one of {', '.join(SOURCES)}")
    if path.suffix.lower() not in _FILES:
        raise InvalidSource(f"{path}: a source cannot be read from a {path.suffix or 'nameless'} file; give {PATHS}")
    regular(path)
    if path.suffix.lower() in _HDF5:
        return _hdf5(path, memory)
    return _FILES[path.suffix.lower()](path, size)


def _hdf5(file: Path, memory: int | None) -> Source:
    """With facts that are kept, since these files are the large ones."""
    kept = Kept.of(file, cache_folder)
    source = hdf5.load(file, memory)
    return source if kept is None else replace(source, train=replace(source.train, kept=kept))


def _load_folder(path: Path, size: Size | None) -> Source:
    return next((load for _, is_one, load in _FOLDERS if is_one(path)), folder.load)(path, size)


def data_folders(data_dir: Path | None = None) -> list[Path]:
    """The folders in which data is searched, in order: `data_dir` (default $NSDC_DATA), then the cache folder
    if there is a place for it. Raises MissingData if `data_dir` does not exist."""
    if data_dir is not None and not data_dir.is_dir():
        raise MissingData(f"{data_dir}: no such folder of data; correct --data-dir or make the folder")
    chosen = data_dir or (Path(os.environ["NSDC_DATA"]) if os.environ.get("NSDC_DATA") else None)
    folders = [] if chosen is None else [chosen]
    with contextlib.suppress(MissingData):  # whoever has no home has no downloads either
        folders.append(cache_folder())
    return folders

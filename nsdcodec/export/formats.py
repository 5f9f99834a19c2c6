"""Write a set in the file format of another tool: `export` finds the format by its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.export import hdf5, imagefolder, npz, parquet, safetensors, webdataset
from nsdcodec.export.folder import new_folder
from nsdcodec.system import atomic

__all__ = ["FILES", "FOLDERS", "FORMATS", "export"]

# What is one file, and what is a folder of files.
FILES: Mapping[str, Callable[[NSDDataset, BinaryIO], None]] = MappingProxyType(
    {"parquet": parquet.write, "npz": npz.write, "hdf5": hdf5.write, "safetensors": safetensors.write}
)
FOLDERS: Mapping[str, Callable[[NSDDataset, Path], None]] = MappingProxyType(
    {"imagefolder": imagefolder.write, "webdataset": webdataset.write}
)
FORMATS = ("imagefolder", "parquet", "webdataset", "npz", "hdf5", "safetensors")


def export(dataset: NSDDataset, to: str, path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Writes every image and label in a file format of other tools, whole or not at all. `load_source` reads each
    format again, with the same pixels and classes.

    Arguments:
        dataset: the set.
        to: "imagefolder" or "webdataset", which are folders; "parquet", "npz", "hdf5" or "safetensors", which are
            files.
        path: the file or folder to write. A file is replaced.
        overwrite: replace a folder that an earlier export made. Otherwise a folder must be new or empty.

    Raises:
        UnknownName: no such format.
        InvalidSetting: the number of channels is not one that PNG has, the folder holds other things, or the path of a
            file is one of a folder.
        MissingData: the package that writes the format is not installed.
        FileAccess: it cannot be written.

    Examples:
        >>> export(NSDDataset("c10.nsd"), "npz", "c10.npz")
        >>> load_source("c10.npz").train.images.shape
        torch.Size([220, 3, 32, 32])
    """
    if to in FILES:
        # "dir/" would become a file called dir.
        if os.fspath(path).endswith(("/", os.sep)) or os.path.isdir(path):
            name = os.path.join(os.fspath(path), f"images.{to}")
            raise InvalidSetting(f"{path} is a folder, and {to} is one file; name a file, such as {name}")
        with atomic.replacing(path) as file:
            FILES[to](dataset, file)
    elif to in FOLDERS:
        with new_folder(Path(path), to, dataset, overwrite) as folder:
            FOLDERS[to](dataset, folder)
    else:
        raise UnknownName("export format", to, FORMATS)

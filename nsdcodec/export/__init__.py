"""Write a set in the file formats of other tools. Needs the extra `export`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import UnknownName
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
    """Writes every image and label of the set in the format `to`, one of FORMATS; `nsdcodec.sources` reads each again,
    pixels and classes the same. The name gets its content only when that is complete.

    A file is replaced. A folder must be new or empty, or with `overwrite` a former export. Raises UnknownName,
    InvalidSetting for channels that are no picture, MissingData for a package, FileAccess.
    """
    if to in FILES:
        with atomic.replacing(path) as file:
            FILES[to](dataset, file)
    elif to in FOLDERS:
        with new_folder(Path(path), to, dataset, overwrite) as folder:
            FOLDERS[to](dataset, folder)
    else:
        raise UnknownName("export format", to, FORMATS)

"""Sources on the Hugging Face hub: "hf:USER/NAME" downloads a data set's Parquet files. Needs the extra `hub`."""

from __future__ import annotations

import re
from pathlib import Path

from nsdcodec.errors import InvalidSource, MissingData
from nsdcodec.sources import parquet
from nsdcodec.sources.base import Source
from nsdcodec.sources.files import folders
from nsdcodec.sources.sizes import Size
from nsdcodec.system.packages import package

PREFIX = "hf:"
FORM = "hf:USER/NAME, hf:USER/NAME/FOLDER or hf:USER/NAME@REVISION/FOLDER"
# The branch in which the hub keeps its own conversions of sets that are no Parquet files. The name is the hub's.
CONVERTED = {"~parquet": "refs/convert/parquet"}
_NAME = re.compile(r"hf:(?://datasets/)?([^/@]+/[^/@]+)(?:@([^/@]+))?(?:/([^@]+?))?/?")


def load(name: str, size: Size | None = None) -> Source:
    """Loads `hf:USER/NAME[@REVISION][/FOLDER]`, or the same after hf://datasets/. The source is named NAME. The hub's
    client has its own cache and token. `size` as in `parquet.load`. Raises InvalidSource and MissingData."""
    found = _NAME.fullmatch(name)
    if not found:
        raise InvalidSource(f"{name}: a data set of the hub is {FORM}")
    repository, revision, folder = found[1], found[2], found[3] or ""
    download = package("huggingface_hub", "hub").snapshot_download
    pattern = f"{folder}/*.parquet" if folder else "*.parquet"
    try:
        snapshot = download(
            repository,
            repo_type="dataset",
            revision=CONVERTED.get(revision, revision) if revision else None,
            allow_patterns=pattern,
        )
    except Exception as error:  # the client raises its own errors, those of HTTP, of the system, and ValueErrors
        cause = " ".join(str(error).split()) or type(error).__name__
        raise MissingData(
            f"cannot download {name} ({cause:.300}); check the name and the network, and for a private set log in by "
            "`hf auth login` or set HF_TOKEN"
        ) from error
    return parquet.load(_folder(name, repository, Path(snapshot) / folder), size, repository.partition("/")[2])


def _folder(name: str, repository: str, root: Path) -> Path:
    """The folder that has the files: this one, or the only folder in it that has some."""
    if root.is_dir() and parquet.in_folder(root):
        return root
    inside = [folder for folder in folders(root) if parquet.in_folder(folder)] if root.is_dir() else []
    if len(inside) == 1:
        return inside[0]
    if inside:
        names = ", ".join(folder.name for folder in inside)
        raise InvalidSource(f"{name} has several sets: {names}; choose one, such as {name}/{inside[0].name}")
    raise InvalidSource(
        f"{name}: no Parquet files of a training set; the hub converts most sets: try hf:{repository}@~parquet"
    )

"""The files that come with the package, which are opened as zoo:NAME.

They are the folder zoo/ of the repository, which a wheel holds as nsdcodec/zoo/.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from nsdcodec.errors import DigestMismatch, FileAccess, MissingData, UnknownName

SCHEME = "zoo:"
TABLE = "files.json"
# SPDX identifier of what is ours in each file. The terms of the real images go on to hold: its data card has them.
LICENSE = "MIT"
# In a wheel, and in a checkout.
FOLDERS = (Path(__file__).resolve().parents[1] / "zoo", Path(__file__).resolve().parents[2] / "zoo")


@dataclass(frozen=True)
class Entry:
    """What zoo/files.json says of a file. `bytes` is its size; `mean` and the sample standard `deviation` are the
    accuracy, from 0 to 1, of so many `networks` that were trained on it and tested on the real test images of `source`;
    `sha256` is of the whole file."""

    file: str
    source: str
    setting: str
    bytes: int
    bits_per_class: float
    mean: float
    deviation: float
    networks: int
    epochs: int
    protocol: str
    command: str
    hardware: str
    commit: str
    sha256: str

    @property
    def name(self) -> str:
        return self.file.removesuffix(".nsd")

    @property
    def accuracy(self) -> str:
        """In %, with its spread; one network has none."""
        return f"{100 * self.mean:.1f} %" + (f" ± {100 * self.deviation:.1f}" if self.networks > 1 else "")


def is_named(source: object) -> bool:
    """Whether it is a text that begins with zoo:."""
    return isinstance(source, str) and source.startswith(SCHEME)


@cache
def folder() -> Path:
    """Where the files are. Raises MissingData in an installation without them."""
    for found in FOLDERS:
        if (found / TABLE).is_file():
            return found
    raise MissingData(f"{FOLDERS[0] / TABLE} is missing: install nsdcodec anew, from a wheel or a checkout")


@cache
def entries() -> tuple[Entry, ...]:
    """All files, in the order of the table. Raises MissingData."""
    told = json.loads((folder() / TABLE).read_text(encoding="utf-8"))
    return tuple(Entry(**{field.name: each[field.name] for field in fields(Entry)}) for each in told)


def entry(name: str) -> Entry:
    """That of a name such as cifar10-ipc1-cpu, or zoo:cifar10-ipc1-cpu. Raises UnknownName and MissingData."""
    known = {each.name: each for each in entries()}
    short = name.removeprefix(SCHEME)
    if short not in known:
        raise UnknownName("file of the zoo", short, known)
    return known[short]


def bytes_of(name: str) -> bytes:
    """All bytes of a file. Raises what `entry` raises, FileAccess where it cannot be read, and DigestMismatch where it
    is another file than its table says."""
    told = entry(name)
    path = folder() / told.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileAccess(f"cannot read {path}: {error.strerror or error}; install nsdcodec anew") from error
    found = hashlib.sha256(data).hexdigest()
    if found != told.sha256:
        raise DigestMismatch(f"{path} has the SHA-256 {found}, and {told.sha256} in {TABLE}: install nsdcodec anew")
    return data

"""What a pass through the images of a large file told, kept for the next command: digest and normalisation.

It stands in a hidden file beside the images, or in the cache folder where that cannot be written, and holds while the
file has the size and the time of change that it had when it was read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nsdcodec.errors import FileAccess, MissingData
from nsdcodec.format.recipe import Normalization
from nsdcodec.system import atomic

# A smaller file is read sooner than it is worth to litter a folder for.
LEAST_BYTES = 1 << 25
VERSION = 1


@dataclass(frozen=True)
class Facts:
    """`sha256` has 64 hexadecimal digits."""

    sha256: str
    normalization: Normalization


@dataclass(frozen=True)
class Kept:
    """Where the facts of the training images of a file are kept, the first place that can be written, and what the file
    is told by."""

    places: tuple[Path, ...]
    identity: tuple[int, ...]

    @classmethod
    def of(cls, file: Path, cache: Callable[[], Path]) -> Kept | None:
        """None for a file that is small, or that cannot be asked. To be made before the file is read: the facts of one
        that changes meanwhile are not to be taken for those of the changed one."""
        try:
            status = file.stat()
        except OSError:
            return None
        if status.st_size < LEAST_BYTES:
            return None
        file = file.resolve()
        places = [file.with_name(f".{file.name}.nsdc.json")]
        with contextlib.suppress(MissingData):  # of who has no home
            places.append(cache() / "facts" / f"{hashlib.sha256(os.fsencode(file)).hexdigest()[:32]}.json")
        return cls(tuple(places), (VERSION, status.st_size, status.st_mtime_ns))

    def read(self) -> Facts | None:
        """None where there are none, or they are those of another file."""
        for place in self.places:
            try:
                known = json.loads(place.read_text())
                if tuple(known["identity"]) != self.identity or len(bytes.fromhex(known["sha256"])) != 32:
                    continue
                mean, std = (tuple(float(value) for value in known[name]) for name in ("mean", "std"))
            # Whatever stands there, the images tell the same.
            except (OSError, ValueError, KeyError, TypeError):
                continue
            return Facts(known["sha256"], Normalization(mean, std))
        return None

    def write(self, facts: Facts) -> None:
        """To the first place that takes it; nowhere where none does, since they can be told again."""
        units = facts.normalization
        document = {"identity": self.identity, "sha256": facts.sha256, "mean": units.mean, "std": units.std}
        for place in self.places:
            try:
                if place != self.places[0]:
                    place.parent.mkdir(parents=True, exist_ok=True)
                atomic.write(place, json.dumps(document).encode())
            except (OSError, FileAccess):
                continue
            return

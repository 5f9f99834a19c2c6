"""Accuracy against bits a class: published figures, and files that were measured."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nsdcodec.bench.published import FULL, IMAGE_BITS, Published, published
from nsdcodec.errors import FileAccess, InvalidSetting


@dataclass(frozen=True)
class Measured:
    """A file that `nsdc eval` measured: accuracy in %, its sample deviation over the networks (None of one network),
    and how it came about, as far as the table says."""

    source: str
    name: str
    bits_per_class: float
    accuracy: float
    deviation: float | None
    origin: str


@dataclass(frozen=True)
class Frontier:
    """What is known of one data set; `full` is the accuracy in % of networks trained on all its images, if known."""

    source: str
    published: tuple[Published, ...]
    measured: tuple[Measured, ...]
    full: float | None

    @property
    def image_bits(self) -> int:
        """Bits of an image in float32: of IPC 1."""
        return IMAGE_BITS[self.source]

    @property
    def points(self) -> list[tuple[float, float]]:
        """(bits a class, accuracy) of all."""
        both: list[Published | Measured] = [*self.published, *self.measured]
        return [(point.bits_per_class, point.accuracy) for point in both]

    def document(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "full": self.full,
            "published": [asdict(point) for point in self.published],
            "measured": [asdict(point) for point in self.measured],
        }


def frontier(source: str, tables: Iterable[Path] = ()) -> Frontier:
    """Of a data set by its name, with the files of these tables that were tested on it, each sorted by bits. Raises
    UnknownName, FileAccess and InvalidSetting."""
    known = published(source)
    measured = [point for table in tables for point in read_table(table) if point.source == source]
    return Frontier(
        source,
        tuple(sorted(known, key=lambda point: (point.bits_per_class, point.accuracy))),
        tuple(sorted(measured, key=lambda point: (point.bits_per_class, point.accuracy))),
        FULL.get(source),
    )


def read_table(path: Path) -> list[Measured]:
    """What `nsdc eval --json` printed, one result or a list, or a table of such, as zoo/files.json. Raises FileAccess,
    and InvalidSetting for what is no such table."""
    try:
        document = json.loads(path.read_bytes())
        entries = document if isinstance(document, list) else [document]
        return [_measured(entry) for entry in entries]
    except OSError as error:
        raise FileAccess(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidSetting(
            f"{path} is no table of measured files ({type(error).__name__}: {error}); give what nsdc eval --json "
            "prints, or zoo/files.json"
        ) from error


def _measured(entry: dict[str, Any]) -> Measured:
    """`setting` and `hardware` are among what zoo/files.json says beyond `nsdc eval`."""
    networks = int(entry["networks"])
    net = f", {entry['net']}" if entry.get("net", "convnet") != "convnet" else ""
    return Measured(
        str(entry["source"]),
        str(entry.get("setting") or Path(str(entry["file"])).name) + net,
        float(entry["bits_per_class"]),
        100 * float(entry["mean"]),
        100 * float(entry["deviation"]) if networks > 1 else None,
        str(entry["file"]) + (f", {entry['hardware']}" if "hardware" in entry else ""),
    )

"""An .nsd file: header and arrays -> bytes, and bytes -> header and arrays, with every rule of the format checked.

The bytes are a valid safetensors file. Reading takes the bytes once and trusts nothing: framing, digest, header, table,
then each array. Spec: spec/container.md.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nsdcodec.container import atomic, codecs, remote, strict_json
from nsdcodec.container.codecs import Array
from nsdcodec.container.header import BLANK_DIGEST, MAX_RANK, Header
from nsdcodec.container.header import parse as parse_header
from nsdcodec.errors import DigestMismatch, FileAccess, MalformedFile
from nsdcodec.layout import ArraySpec

MAX_HEADER_BYTES = 4 << 20
MAX_FILE_BYTES = 1 << 30
METADATA_KEY = "nsd"
# Safetensors' names of the stored types; bits and compressed arrays are bytes to it.
SAFETENSORS = {"float32": "F32", "float16": "F16", "uint8": "U8", "uint16": "U16", "bit": "U8"}
_ITEM_BYTES = {"F32": 4, "F16": 2, "U8": 1, "U16": 2}
_DIGEST = re.compile(rb'\\"digest\\":\\"sha256:([0-9a-f]{64})\\"')

Source = str | os.PathLike[str] | bytes | BinaryIO


@dataclass(frozen=True)
class NSDFile:
    """A checked file. `arrays` are NumPy arrays of the stored types by role (bits as bool); `stored_bytes` is what each
    takes in the file; `header_bytes` is everything else."""

    header: Header
    arrays: Mapping[str, Array]
    digest: str
    nbytes: int
    stored_bytes: Mapping[str, int]

    @property
    def header_bytes(self) -> int:
        return self.nbytes - sum(self.stored_bytes.values())

    @property
    def bits_per_class(self) -> float:
        return 8 * self.nbytes / self.header.layout.geometry.classes


def pack(header: Header, arrays: Mapping[str, Array]) -> bytes:
    """The bytes of a file: the same for the same header and arrays, always. Each array is rounded to its stored type
    and compressed where that is smaller. What it makes has been read back: raises what `read` raises where header and
    arrays do not fit each other, and OverflowError where a value does not fit its type."""
    from safetensors.numpy import save

    tensors, chosen = {}, {}
    for role, spec in header.layout.arrays.items():
        if arrays[role].shape != spec.shape:
            raise ValueError(f"{role} has the shape {arrays[role].shape}, the layout says {spec.shape}")
        plain = codecs.to_bytes(arrays[role], spec)
        chosen[role], stored = codecs.compress(plain, codecs.item_size(spec))
        as_is = chosen[role] == "raw" and spec.dtype != "bit"
        # What is not stored as it is, is a row of bytes to safetensors.
        values = np.frombuffer(stored, codecs.NUMPY[spec.dtype] if as_is else np.uint8)
        tensors[role] = values.reshape(spec.shape) if as_is else values
    text = replace(header, codecs=chosen).to_json()
    blank = save(tensors, {METADATA_KEY: text})
    found = list(_DIGEST.finditer(blank, 0, 8 + struct.unpack("<Q", blank[:8])[0]))
    if len(found) != 1:
        raise ValueError("budget and provenance must not hold a field 'digest' of 'sha256:' and 64 digits")
    start, end = found[0].span(1)
    data = blank[:start] + hashlib.sha256(blank).hexdigest().encode() + blank[end:]
    read(data)
    return data


def write(path: str | os.PathLike[str], header: Header, arrays: Mapping[str, Array]) -> int:
    """Packs and writes the file whole or not at all; its size in bytes. Raises FileAccess."""
    data = pack(header, arrays)
    atomic.write(path, data)
    return len(data)


def read(source: Source, report: Callable[[str], None] = lambda check: None) -> NSDFile:
    """Reads and checks a file: a path, a URL, its bytes, or an open binary stream. `report` hears of each check passed.

    Raises FileAccess, DigestMismatch, UnsupportedVersion, UnsupportedFeature, MalformedFile; for a URL MissingData and
    UnknownName too, where its scheme needs a package or is not known; nothing else.
    """
    data = _bytes(source)
    entries, text, data_start = _framing(data)
    report(f"framing: {len(data):,} bytes, {len(entries)} tensors cover the data")
    digest = _digest(data, data_start)
    if digest:
        report(f"digest: sha256 {digest[:16]}...")
    header = parse_header(text, digest)
    report(f"header: format {header.version[0]}.{header.version[1]}, {header.layout.geometry}")
    arrays, sizes = _arrays(data[data_start:], entries, header)
    report(f"arrays: {', '.join(arrays)}: sizes, codecs and values")
    _mask(header, arrays)
    _labels(header, arrays)
    report(f"layout: {header.layout.images:,} images, labels within the classes")
    return NSDFile(header, arrays, digest, len(data), sizes)


def _bytes(source: Source) -> bytes:
    try:
        if isinstance(source, bytes | bytearray | memoryview):
            data = bytes(source)
        elif remote.is_url(source):
            data = remote.fetch(str(source), MAX_FILE_BYTES)
        elif isinstance(source, str | os.PathLike):
            with Path(source).open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        else:
            data = source.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte, a closed stream
        raise FileAccess(f"cannot read {source!s}: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise MalformedFile("NSD-F02", f"more than {MAX_FILE_BYTES:,} bytes")
    return data


@dataclass(frozen=True)
class _Entry:
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def _framing(data: bytes) -> tuple[dict[str, _Entry], str, int]:
    """Tensor entries by name, the nsd text, and where the data begins."""
    if len(data) < 8:
        raise MalformedFile("NSD-F01", f"{len(data)} bytes; at least 8 are needed")
    (length,) = struct.unpack("<Q", data[:8])
    if length > MAX_HEADER_BYTES:
        raise MalformedFile("NSD-F02", f"a header of {length:,} bytes; the limit is {MAX_HEADER_BYTES:,}")
    if len(data) < 8 + length:
        raise MalformedFile("NSD-F01", f"a header of {length:,} bytes in a file of {len(data):,}")
    try:
        document = strict_json.parse(data[8 : 8 + length].decode())
        if not isinstance(document, dict) or data[8:9] != b"{":
            raise ValueError("not an object from its first byte on, as safetensors asks")
    except ValueError as error:
        raise MalformedFile("NSD-F03", str(error)) from error
    metadata = document.pop("__metadata__", None)
    if (
        not isinstance(metadata, dict)
        or list(metadata) != [METADATA_KEY]
        or not isinstance(metadata[METADATA_KEY], str)
    ):
        raise MalformedFile("NSD-F04", f"found {list(metadata) if isinstance(metadata, dict) else metadata!r:.80}")
    entries = {name: _entry(name, value) for name, value in document.items()}
    position = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].start, item[1].end)):
        if entry.start != position:
            raise MalformedFile("NSD-F06", f"{name!r:.80} begins at {entry.start:,}, not {position:,}")
        position = entry.end
    if len(data) < 8 + length + position:
        raise MalformedFile("NSD-F01", f"{position:,} bytes of data declared, {len(data) - 8 - length:,} there")
    if len(data) > 8 + length + position:
        raise MalformedFile("NSD-F06", f"{len(data) - 8 - length - position:,} bytes after the last tensor")
    return entries, metadata[METADATA_KEY], 8 + length


def _entry(name: str, value: Any) -> _Entry:
    def natural(items: Any) -> bool:
        return isinstance(items, list) and all(type(item) is int and item >= 0 for item in items)

    if (
        not isinstance(value, dict)
        or set(value) != {"dtype", "shape", "data_offsets"}
        or value["dtype"] not in list(_ITEM_BYTES)
        or not natural(value["shape"])
        or len(value["shape"]) > MAX_RANK  # before the product: that of 200,000 lengths takes a minute
        or not natural(value["data_offsets"])
        or len(value["data_offsets"]) != 2
    ):
        raise MalformedFile("NSD-F05", f"{name!r:.80}: {value!r:.120}")
    start, end = value["data_offsets"]
    if end - start != math.prod(value["shape"]) * _ITEM_BYTES[value["dtype"]]:
        raise MalformedFile("NSD-F05", f"{name!r:.80}: {end - start:,} bytes for {value['dtype']} {value['shape']}")
    return _Entry(value["dtype"], tuple(value["shape"]), start, end)


def _digest(data: bytes, data_start: int) -> str:
    """The digest stated, once it is found true; '' where the header states none or several."""
    found = list(_DIGEST.finditer(data, 0, data_start))
    if len(found) != 1:
        return ""
    stated = found[0].group(1).decode()
    start, end = found[0].span(1)
    hasher = hashlib.sha256(data[:start])
    hasher.update(BLANK_DIGEST.encode())
    hasher.update(data[end:])
    if hasher.hexdigest() != stated:
        raise DigestMismatch(
            f"the bytes have the SHA-256 {hasher.hexdigest()[:16]}..., the header states {stated[:16]}...; "
            "the file was damaged or changed: get it again"
        )
    return stated


def _arrays(data: bytes, entries: dict[str, _Entry], header: Header) -> tuple[dict[str, Array], dict[str, int]]:
    specs = header.layout.arrays
    if set(entries) != set(specs):
        raise MalformedFile("NSD-A01", f"only in one of them: {sorted(set(entries) ^ set(specs))!r:.200}")
    arrays, sizes = {}, {}
    for role, spec in specs.items():
        entry, codec = entries[role], header.codecs[role]
        _check_stored(role, entry, spec, codec)
        sizes[role] = entry.end - entry.start
        plain = codecs.decompress(data[entry.start : entry.end], codec, spec.nbytes, codecs.item_size(spec), role)
        arrays[role] = codecs.from_bytes(plain, spec, role)
    return arrays, sizes


def _check_stored(role: str, entry: _Entry, spec: ArraySpec, codec: str) -> None:
    plain = codec == "raw" and spec.dtype != "bit"
    dtype = SAFETENSORS[spec.dtype] if plain else "U8"
    shape = spec.shape if plain else (entry.end - entry.start,)
    if (entry.dtype, entry.shape) != (dtype, shape):
        raise MalformedFile("NSD-A02", f"{role}: {entry.dtype} {list(entry.shape)}, not {dtype} {list(shape)}")


def _mask(header: Header, arrays: dict[str, Array]) -> None:
    if "mask" not in arrays:
        return
    counts = arrays["mask"].reshape(len(arrays["mask"]), -1).sum(axis=1)
    wanted = header.layout.arrays["spectrum"].shape[3]
    if (counts != wanted).any():
        raise MalformedFile("NSD-S03", f"masks of {sorted(set(counts.tolist()))} places for {wanted} coefficients")


def _labels(header: Header, arrays: dict[str, Array]) -> None:
    if header.layout.labels == "stored" and int(arrays["labels"].max()) >= header.layout.geometry.classes:
        index = int(np.argmax(arrays["labels"]))
        raise MalformedFile(
            "NSD-L02",
            f"image {index} has label {arrays['labels'][index]}; there are {header.layout.geometry.classes} classes",
        )

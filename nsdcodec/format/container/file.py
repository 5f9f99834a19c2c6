"""An .nsd file: header and arrays -> bytes, and bytes -> header and arrays, with every rule of the format checked.

The bytes are a valid safetensors file. Reading takes the bytes once and trusts nothing: framing, digest, header, table,
then each array. Spec: spec/container.md.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nsdcodec.errors import DigestMismatch, FileAccess, MalformedFile
from nsdcodec.format.container import codings, foreign, remote, strict_json, zstd
from nsdcodec.format.container.header import BLANK_DIGEST, MAX_RANK, Header
from nsdcodec.format.container.header import parse as parse_header
from nsdcodec.format.container.stream import read_at_most
from nsdcodec.format.container.values import Array, Stored, from_items, to_items
from nsdcodec.format.stored_types import CODED, SCALED, ArraySpec
from nsdcodec.system import atomic

MAX_HEADER_BYTES = 4 << 20
MAX_FILE_BYTES = 1 << 30
METADATA_KEY = "nsd"
# Each is made on what those before it found sound, so the first that is not passed is the one that failed.
CHECKS = ("framing", "digest", "header", "arrays", "layout")
# Safetensors' names of the types whose raw arrays it can show; to it, all else are bytes.
SAFETENSORS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
_ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1}
_DIGEST = re.compile(rb'\\"digest\\":\\"sha256:([0-9a-f]{64})\\"')

Readable = str | os.PathLike[str] | bytes | BinaryIO


@dataclass(frozen=True)
class NSDFile:
    """The content of a file that has passed every check; `read` makes it.

    `header` is what the file says about itself. `arrays` has the stored arrays as NumPy arrays, by role: float32 or
    float16 as they are stored, float32 for bfloat16 and scaled integers, bool for masks, unsigned integers for labels.
    `integers` has the int8 integers of the scaled arrays. `digest` is the SHA-256 of the file, `nbytes` its size.
    `stored_bytes` is the size of each tensor in the file: one for each raw array, and "coded" for all others together;
    `header_bytes` is the size of everything else."""

    header: Header
    arrays: Mapping[str, Array]
    integers: Mapping[str, Array]
    digest: str
    nbytes: int
    stored_bytes: Mapping[str, int]

    @property
    def header_bytes(self) -> int:
        return self.nbytes - sum(self.stored_bytes.values())

    @property
    def bits_per_class(self) -> float:
        return 8 * self.nbytes / self.header.layout.geometry.classes


def pack(header: Header, arrays: Mapping[str, Array], coding: str = "auto") -> bytes:
    """The bytes of a file, always the same for the same header and arrays. Each array is rounded to its stored type and
    coded as `coding` says: one of `codings.CODINGS` for all, or "auto" for what makes the file smallest. The bytes are
    read back as a check: raises what `read` raises if header and arrays do not fit each other, and OverflowError if a
    value does not fit its type."""
    if len(header.classes) != header.layout.geometry.classes:
        raise ValueError(f"{len(header.classes)} class names for {header.layout.geometry}")
    specs = header.layout.arrays
    stored = {}
    for role, spec in sorted(specs.items()):
        if arrays[role].shape != spec.shape:
            raise ValueError(f"{role} has the shape {arrays[role].shape}, the layout says {spec.shape}")
        stored[role] = to_items(arrays[role], spec)
    if coding == "auto":
        best = {role: _best_coding(stored[role], spec) for role, spec in sorted(specs.items())}
        chosen = [best, dict.fromkeys(specs, codings.RAW)]
    else:
        chosen = [dict.fromkeys(specs, coding)]
    data = min((_assembled(header, stored, choice) for choice in chosen), key=len)
    read(data)
    return data


def _best_coding(stored: Stored, spec: ArraySpec) -> str:
    """Of one array; of equals, the first. Raw, an array has a tensor of its own, whose entry takes more than zstd adds:
    so whatever is coded is coded with all others."""
    sizes = {coding: zstd.estimate(codings.to_bytes(stored, spec, coding)) + len(coding) for coding in codings.ZSTD}
    return min(sizes, key=lambda coding: sizes[coding])


def _assembled(header: Header, stored: Mapping[str, Stored], chosen: Mapping[str, str]) -> bytes:
    """A sealed file of these items, which are sorted by role. Its tensors are in safetensors' own order: by the size of
    their dtype, largest first, then by name."""
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]] = {}
    coded = b""
    for role, items in stored.items():
        spec = header.layout.arrays[role]
        data = codings.to_bytes(items, spec, chosen[role])
        if chosen[role] == codings.RAW:
            tensors[role] = (*_tensor_of(spec), data)
        else:
            coded += data
    if coded:
        frame = zstd.compress(coded)
        tensors[CODED] = ("U8", (len(frame),), frame)
    document: dict[str, Any] = {"__metadata__": {METADATA_KEY: replace(header, codings=chosen).to_json()}}
    body = b""
    for name, (dtype, shape, data) in sorted(tensors.items(), key=lambda item: (-_ITEM_BYTES[item[1][0]], item[0])):
        offsets = [len(body), len(body) + len(data)]
        document[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
        body += data
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    blank = struct.pack("<Q", len(text)) + text + body
    found = list(_DIGEST.finditer(blank, 0, 8 + len(text)))
    if len(found) != 1:
        raise ValueError("provenance must not hold a field 'digest' of 'sha256:' and 64 digits")
    start, end = found[0].span(1)
    return blank[:start] + hashlib.sha256(blank).hexdigest().encode() + blank[end:]


def write(path: str | os.PathLike[str], header: Header, arrays: Mapping[str, Array]) -> int:
    """Packs and writes the file whole or not at all; its size in bytes. Raises FileAccess."""
    data = pack(header, arrays)
    atomic.write(path, data)
    return len(data)


def read(source: Readable, report: Callable[[str, str], None] = lambda check, found: None) -> NSDFile:
    """Reads a file and checks it by every rule of the format. It needs no torch and decodes no image.

    The memory that it takes is bounded: the size of the file, twice the decoded arrays, and 64 MB.

    Arguments:
        source: a path, a URL, the bytes of a file, or an open binary stream.
        report: called with the name of each check that is passed, and what it found.

    Raises:
        FileAccess: the file cannot be read.
        MalformedFile: it breaks a rule of the format; `rule` is the id of the rule in spec/errors.md.
        DigestMismatch: its bytes were damaged or changed.
        UnsupportedVersion, UnsupportedFeature: it needs a newer reader.
        MissingData, UnknownName: a package that the URL's scheme needs is not installed, or there is no such scheme.

    Example:
        >>> file = read("c10.nsd")
        >>> file.header.layout.images, file.header.parameterization, file.nbytes
        (220, 'nsd', 56333)
    """
    data = _bytes(source)
    with foreign.named(data):
        entries, text, data_start = _framing(data)
    report("framing", f"{len(data):,} bytes, {len(entries)} tensors cover the data")
    digest = _digest(data, data_start)
    if digest:
        report("digest", f"sha256 {digest[:16]}...")
    header = parse_header(text, digest)
    report("header", f"format {header.version[0]}.{header.version[1]}, {header.layout.geometry}")
    arrays, integers = _arrays(memoryview(data)[data_start:], entries, header)
    report("arrays", f"{', '.join(arrays)}: sizes, codings and values")
    _mask(header, arrays)
    _labels(header, arrays)
    report("layout", f"{header.layout.images:,} images, labels within the classes")
    sizes = {name: entry.end - entry.start for name, entry in entries.items()}
    return NSDFile(header, arrays, integers, digest, len(data), sizes)


def _bytes(source: Readable) -> bytes:
    try:
        if isinstance(source, bytes | bytearray | memoryview):
            data = bytes(source)
        elif remote.is_url(source):
            data = remote.fetch(str(source), MAX_FILE_BYTES)
        elif isinstance(source, str | os.PathLike):
            with Path(source).open("rb") as file:
                data = read_at_most(file, MAX_FILE_BYTES)
        else:
            data = read_at_most(source, MAX_FILE_BYTES)
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
    hasher.update(memoryview(data)[end:])  # not a copy of the file
    if hasher.hexdigest() != stated:
        raise DigestMismatch(
            f"the bytes have the SHA-256 {hasher.hexdigest()[:16]}..., the header states {stated[:16]}...; "
            "the file was damaged or changed: get it again"
        )
    return stated


def _arrays(data: memoryview, entries: dict[str, _Entry], header: Header) -> tuple[dict[str, Array], dict[str, Array]]:
    """Values by role, and the integers of those that are scaled. Every size is checked before anything is decoded."""
    specs = header.layout.arrays
    raw = {role for role in specs if header.codings[role] == codings.RAW}
    coded = sorted(set(specs) - raw)
    wanted = raw | ({CODED} if coded else set())
    if set(entries) != wanted:
        raise MalformedFile("NSD-A01", f"only in one of them: {sorted(set(entries) ^ wanted)!r:.200}")
    for role in raw:
        _check_tensor(role, entries[role], *_tensor_of(specs[role]))
    sources = {role: data[entries[role].start : entries[role].end] for role in raw}
    if coded:
        entry = entries[CODED]
        _check_tensor(CODED, entry, "U8", (entry.end - entry.start,))
        lengths = [codings.length(specs[role], header.codings[role]) for role in coded]
        plain = memoryview(zstd.decompress(data[entry.start : entry.end], sum(lengths)))
        for role, length in zip(coded, lengths, strict=True):
            sources[role], plain = plain[:length], plain[length:]
    arrays, integers = {}, {}
    for role, spec in specs.items():
        stored = codings.from_bytes(sources[role], spec, header.codings[role], role)
        arrays[role] = from_items(stored, spec, role)
        if spec.dtype in SCALED:
            integers[role] = stored.items.reshape(spec.shape)
    return arrays, integers


def _tensor_of(spec: ArraySpec) -> tuple[str, tuple[int, ...]]:
    """Safetensors dtype and shape of a raw array."""
    if spec.dtype in SAFETENSORS:
        return SAFETENSORS[spec.dtype], spec.shape
    return "U8", (spec.nbytes,)


def _check_tensor(name: str, entry: _Entry, dtype: str, shape: tuple[int, ...]) -> None:
    if (entry.dtype, entry.shape) != (dtype, shape):
        raise MalformedFile("NSD-A02", f"{name}: {entry.dtype} {list(entry.shape)}, not {dtype} {list(shape)}")


def _mask(header: Header, arrays: dict[str, Array]) -> None:
    if "mask" not in arrays:
        return
    counts = arrays["mask"].reshape(len(arrays["mask"]), -1).sum(axis=1, dtype=np.uint32)
    wanted = header.layout.arrays["spectrum"].shape[3]
    if (counts != wanted).any():
        raise MalformedFile(
            "NSD-S03", f"masks of {counts.min():,} to {counts.max():,} places, for {wanted:,} coefficients"
        )


def _labels(header: Header, arrays: dict[str, Array]) -> None:
    if header.layout.labels == "stored" and int(arrays["labels"].max()) >= header.layout.geometry.classes:
        index = int(np.argmax(arrays["labels"]))
        raise MalformedFile(
            "NSD-L02",
            f"image {index} has label {arrays['labels'][index]}; there are {header.layout.geometry.classes} classes",
        )

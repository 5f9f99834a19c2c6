"""An .nsd file: header and arrays -> bytes, and bytes -> header and arrays, with every rule of the format checked.

The bytes are a valid safetensors file. Reading takes the bytes once and trusts nothing: framing, version, digest,
header, then each array. Spec: spec/container.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from nsdcodec.errors import MalformedFile
from nsdcodec.format.container import codings, framing, zstd
from nsdcodec.format.container.contents import Contents, Readable, Report, bytes_of, framed, opened, tensor_of
from nsdcodec.format.container.framing import CODED, OPTIONAL, Framing, Tensor
from nsdcodec.format.container.header import Header
from nsdcodec.format.container.packing import from_bytes, to_bytes
from nsdcodec.format.container.values import Array, Stored, from_items, to_items
from nsdcodec.format.stored_types import SCALED, ArraySpec
from nsdcodec.system import atomic
from nsdcodec.system.free_memory import demand

# Each is made on what those before it found sound, so the first that is not passed is the one that failed.
CHECKS = ("framing", "version", "digest", "header", "arrays", "layout")
# Bytes of the word "plain" in the header.
PLAIN_WORD = len(r",\"order\":\"plain\"")


@dataclass(frozen=True)
class NSDFile(Contents):
    """The content of a file that has passed every check; `read` makes it.

    Beside what the file says about itself, `arrays` has the stored arrays as NumPy arrays, by role: float32 or float16
    as they are stored, float32 for bfloat16 and scaled integers, bool for masks, unsigned integers for labels.
    `integers` has the int8 integers of the scaled arrays, `scales` their float16 scales [spec.scales]."""

    arrays: Mapping[str, Array]
    integers: Mapping[str, Array]
    scales: Mapping[str, Array]

    @property
    def as_stored(self) -> dict[str, Array | Stored]:
        """What `pack` makes the same arrays of again, bit for bit: of scaled ones integers and scales, since whoever
        wrote the file was free to choose scales that `pack` would not."""
        scaled = {role: Stored(items.reshape(-1), self.scales[role]) for role, items in self.integers.items()}
        return {**self.arrays, **scaled}


def pack(
    header: Header,
    arrays: Mapping[str, Array | Stored],
    coding: str = "auto",
    optional: Mapping[str, bytes] | None = None,
) -> bytes:
    """The bytes of a file, always the same for the same input. Each array is rounded to its stored type, by scales that
    clip nothing; what is `Stored` is taken as it is. `coding` is one of `codings.CODINGS` for all, "zstd" for the
    smallest that is coded, or "auto" for the smallest of all. `optional` are bytes for whom they concern, by name. The
    bytes are read back as a check: raises what `read` raises if header and arrays do not fit each other, and
    OverflowError if a value does not fit its type."""
    return packed(header, arrays, coding, optional)[0]


def packed(
    header: Header,
    arrays: Mapping[str, Array | Stored],
    coding: str = "auto",
    optional: Mapping[str, bytes] | None = None,
) -> tuple[bytes, NSDFile]:
    """What `pack` makes, and what `read` finds in it."""
    if len(header.classes) != header.layout.geometry.classes:
        raise ValueError(f"{len(header.classes)} class names for {header.layout.geometry}")
    stored = {}
    for role, spec in header.layout.arrays.items():
        given = arrays[role]
        if isinstance(given, Stored):
            if (len(given.items), len(given.scales)) != (spec.size, spec.scales):
                raise ValueError(f"{role} has {len(given.items)} items and {len(given.scales)} scales, not as {spec}")
            stored[role] = given
            continue
        if given.shape != spec.shape:
            raise ValueError(f"{role} has the shape {given.shape}, the layout says {spec.shape}")
        stored[role] = to_items(given, spec)
    data = bytes_of(assembled(header, stored, coding, optional))
    frame = framing.parse(data)
    return data, _decoded(data, frame, frame.digest)


def assembled(
    header: Header, stored: Mapping[str, Stored], coding: str, optional: Mapping[str, bytes] | None = None
) -> bytes:
    """The bytes of a file of these items, unchecked."""
    specs = header.layout.arrays
    wide = frozenset(role for role, spec in specs.items() if spec.dtype in codings.WIDE)
    chosen = {codings.PLAIN: wide, codings.BITWISE: frozenset[str]()}
    plain = chosen[coding] if coding in chosen else frozenset(r for r in wide if _is_better_plain(stored[r], specs[r]))
    header = replace(header, plain=plain)
    files = []
    if coding in ("auto", codings.RAW):
        raw = {
            role: Tensor(*tensor_of(specs[role]), to_bytes(items, specs[role], codings.RAW))
            for role, items in stored.items()
        }
        files.append((replace(header, plain=frozenset()), raw))
    if coding != codings.RAW:
        content = b"".join(to_bytes(stored[role], specs[role], header.coding(role)) for role in sorted(stored))
        frame = zstd.compress(content)
        files.append((header, {CODED: Tensor("U8", (len(frame),), frame)}))
    ignored = {OPTIONAL + name: Tensor("U8", (len(data),), data) for name, data in (optional or {}).items()}
    return framing.sealed(min((framing.unsealed(said.to_json(), each | ignored) for said, each in files), key=len))


def _is_better_plain(stored: Stored, spec: ArraySpec) -> bool:
    plain, bitwise = (zstd.estimate(to_bytes(stored, spec, each)) for each in (codings.PLAIN, codings.BITWISE))
    return plain + PLAIN_WORD < bitwise


def write(path: str | os.PathLike[str], header: Header, arrays: Mapping[str, Array | Stored]) -> int:
    """Packs and writes the file whole or not at all; its size in bytes. Raises FileAccess."""
    data = pack(header, arrays)
    atomic.write(path, data)
    return len(data)


def read(source: Readable, report: Report = lambda check, found: None) -> NSDFile:
    """Reads a file and checks it by every rule of the format. It needs no torch and decodes no image.

    The memory that it takes is bounded: the size of the file, twice the decoded arrays, and 64 MB.

    Arguments:
        source: a path, a URL, zoo:NAME, the bytes of a file, or an open binary stream.
        report: called with the name of each check that is passed, and what it found.

    Raises:
        FileAccess: the file cannot be read.
        MalformedFile: it breaks a rule of the format; `rule` is the id of the rule in spec/errors.md.
        DigestMismatch: its bytes were damaged or changed.
        UnsupportedVersion, UnsupportedFeature: it needs a newer reader.
        TooLarge: this machine lacks the memory for its arrays.
        MissingData, UnknownName: a package that the URL's scheme needs is not installed, or there is no such scheme;
            the package came without its zoo, or that has no such file.

    Example:
        >>> file = read("c10.nsd")
        >>> file.header.layout.images, file.header.parameterization, file.nbytes
        (220, 'nsd', 56424)
    """
    data, frame = framed(source, report)
    return _decoded(data, frame, None, report)


def _decoded(data: bytes, frame: Framing, known: str | None, report: Report = lambda check, found: None) -> NSDFile:
    """The file behind a sound framing; `known` is its true digest, where that was computed already."""
    said, tensors = opened(data, frame, known, report)
    arrays, integers, scales = _arrays(tensors, said.header)
    report("arrays", f"{', '.join(arrays)}: sizes, codings and values")
    _mask(said.header, arrays)
    _labels(said.header, arrays)
    report("layout", f"{said.header.layout.images:,} images, labels within the classes")
    return NSDFile(said.header, said.digest, said.nbytes, said.stored_bytes, said.optional, arrays, integers, scales)


def _arrays(
    tensors: Mapping[str, Tensor], header: Header
) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array]]:
    """Values by role, and integers and scales of those that are scaled."""
    specs = header.layout.arrays
    coded = CODED in tensors
    demand(2 * sum(4 * spec.size for spec in specs.values()), "the decoded arrays")
    if coded:
        lengths = {role: codings.length(specs[role], header.coding(role)) for role in sorted(specs)}
        content = memoryview(zstd.decompress(memoryview(tensors[CODED].data), sum(lengths.values())))
        parts = {}
        for role, length in lengths.items():
            parts[role], content = content[:length], content[length:]
    else:
        parts = {role: memoryview(tensors[role].data) for role in specs}
    arrays, integers, scales = {}, {}, {}
    for role, spec in specs.items():
        stored = from_bytes(parts[role], spec, header.coding(role) if coded else codings.RAW, role)
        arrays[role] = from_items(stored, spec, role)
        if spec.dtype in SCALED:
            integers[role], scales[role] = stored.items.reshape(spec.shape), stored.scales
    return arrays, integers, scales


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

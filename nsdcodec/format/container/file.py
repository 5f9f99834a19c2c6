"""An .nsd file: header and arrays -> bytes, and bytes -> header and arrays, with every rule of the format checked.

The bytes are a valid safetensors file. Reading takes the bytes once and trusts nothing: framing, version, digest,
header, then each array. Spec: spec/container.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nsdcodec.errors import FileAccess, MalformedFile
from nsdcodec.format import zoo
from nsdcodec.format.container import codings, foreign, framing, remote, zstd
from nsdcodec.format.container.framing import CODED, DIGEST_BYTES, OPTIONAL, Framing, Tensor
from nsdcodec.format.container.header import Header, open_text
from nsdcodec.format.container.header import parse as parse_header
from nsdcodec.format.container.stream import read_at_most
from nsdcodec.format.container.values import Array, Stored, from_items, to_items
from nsdcodec.format.stored_types import SCALED, ArraySpec
from nsdcodec.system import atomic
from nsdcodec.system.free_memory import demand

MAX_FILE_BYTES = 1 << 30
# Each is made on what those before it found sound, so the first that is not passed is the one that failed.
CHECKS = ("framing", "version", "digest", "header", "arrays", "layout")
# Safetensors' names of the types whose raw arrays it can show; to it, all else are bytes.
SAFETENSORS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
# Bytes of the word "plain" in the header.
PLAIN_WORD = len(r",\"order\":\"plain\"")

Readable = str | os.PathLike[str] | bytes | BinaryIO
Report = Callable[[str, str], None]


@dataclass(frozen=True)
class NSDFile:
    """The content of a file that has passed every check; `read` makes it.

    `header` is what the file says about itself. `arrays` has the stored arrays as NumPy arrays, by role: float32 or
    float16 as they are stored, float32 for bfloat16 and scaled integers, bool for masks, unsigned integers for labels.
    `integers` has the int8 integers of the scaled arrays, `scales` their float16 scales [spec.scales]. `digest` is the
    SHA-256 that the file states, of all bytes but its last 32; `nbytes` is its size. `stored_bytes` is the size of each
    tensor of arrays: one for each raw array, or "coded" for all together. `optional` has the bytes that readers may
    ignore, by name. `header_bytes` is the size of everything else but the digest."""

    header: Header
    arrays: Mapping[str, Array]
    integers: Mapping[str, Array]
    digest: str
    nbytes: int
    stored_bytes: Mapping[str, int]
    optional: Mapping[str, bytes] = field(default_factory=dict)
    scales: Mapping[str, Array] = field(default_factory=dict)

    @property
    def as_stored(self) -> dict[str, Array | Stored]:
        """What `pack` makes the same arrays of again, bit for bit: of scaled ones integers and scales, since whoever
        wrote the file was free to choose scales that `pack` would not."""
        scaled = {role: Stored(items.reshape(-1), self.scales[role]) for role, items in self.integers.items()}
        return {**self.arrays, **scaled}

    @property
    def is_coded(self) -> bool:
        """Whether the arrays are compressed, in one frame; else each is a tensor."""
        return CODED in self.stored_bytes

    def coding(self, role: str) -> str:
        """How the array is stored: "raw", "zstd", or "bitwise", which is zstd as well."""
        if not self.is_coded:
            return codings.RAW
        bitwise = self.header.layout.arrays[role].dtype in codings.WIDE and role not in self.header.plain
        return codings.BITWISE if bitwise else "zstd"

    @property
    def header_bytes(self) -> int:
        """Bytes of everything but arrays, optional tensors and the digest."""
        return self.nbytes - sum([*self.stored_bytes.values(), *map(len, self.optional.values()), DIGEST_BYTES])

    @property
    def bits_per_class(self) -> float:
        """Bits of the whole file, divided by the number of classes."""
        return 8 * self.nbytes / self.header.layout.geometry.classes


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
    return data, _opened(data, frame, frame.digest)


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
            role: Tensor(*_tensor_of(specs[role]), codings.to_bytes(items, specs[role], codings.RAW))
            for role, items in stored.items()
        }
        files.append((replace(header, plain=frozenset()), raw))
    if coding != codings.RAW:
        content = b"".join(codings.to_bytes(stored[role], specs[role], header.coding(role)) for role in sorted(stored))
        frame = zstd.compress(content)
        files.append((header, {CODED: Tensor("U8", (len(frame),), frame)}))
    ignored = {OPTIONAL + name: Tensor("U8", (len(data),), data) for name, data in (optional or {}).items()}
    return framing.sealed(min((framing.unsealed(said.to_json(), each | ignored) for said, each in files), key=len))


def _is_better_plain(stored: Stored, spec: ArraySpec) -> bool:
    plain, bitwise = (zstd.estimate(codings.to_bytes(stored, spec, each)) for each in (codings.PLAIN, codings.BITWISE))
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

    Examples:
        >>> file = read("c10.nsd")
        >>> file.header.layout.images, file.header.parameterization, file.nbytes
        (220, 'nsd', 56424)
    """
    data = bytes_of(source)
    with foreign.named(data):
        frame = framing.parse(data)
    report("framing", f"{len(data):,} bytes, {len(frame.tensors)} tensors and the digest cover the data")
    return _opened(data, frame, None, report)


def _opened(data: bytes, frame: Framing, known: str | None, report: Report = lambda check, found: None) -> NSDFile:
    """The file behind a sound framing; `known` is its true digest, where that was computed already."""
    opened = open_text(frame.text)
    report("version", f"format {opened.version[0]}.{opened.version[1]}")
    if known is None:
        framing.check_digest(data, frame.digest)
    report("digest", f"sha256 {frame.digest[:16]}...")
    header = parse_header(opened)
    report("header", f"{header.parameterization[:40]!r}, {header.layout.geometry}")
    own = {name: tensor for name, tensor in frame.tensors.items() if not name.startswith(OPTIONAL)}
    optional = _optional(frame)
    arrays, integers, scales = _arrays(own, header)
    report("arrays", f"{', '.join(arrays)}: sizes, codings and values")
    _mask(header, arrays)
    _labels(header, arrays)
    report("layout", f"{header.layout.images:,} images, labels within the classes")
    sizes = {name: len(tensor.data) for name, tensor in own.items()}
    return NSDFile(header, arrays, integers, frame.digest, len(data), sizes, optional, scales)


def name_of(source: str | os.PathLike[str]) -> str:
    """The last part of a path or a URL; the name of the file that zoo:NAME is. Raises UnknownName and MissingData."""
    if zoo.is_named(source):
        return zoo.entry(str(source)).file
    return Path(remote.without_secrets(os.fspath(source))).name


def bytes_of(source: Readable) -> bytes:
    """All bytes of a file. Raises what `read` raises of a source, and MalformedFile (F02) where they are too many."""
    try:
        if isinstance(source, bytes | bytearray | memoryview):
            data = bytes(source)
        elif zoo.is_named(source):
            data = zoo.bytes_of(str(source))
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


def _optional(frame: Framing) -> dict[str, bytes]:
    found = {}
    for name, tensor in frame.tensors.items():
        if name.startswith(OPTIONAL):
            _check_tensor(name, tensor, "U8", (len(tensor.data),))
            found[name.removeprefix(OPTIONAL)] = bytes(tensor.data)
    return found


def _arrays(
    tensors: Mapping[str, Tensor], header: Header
) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array]]:
    """Values by role, and integers and scales of those that are scaled. Every size is checked before anything is
    decoded."""
    specs = header.layout.arrays
    coded = CODED in tensors
    demand(2 * sum(4 * spec.size for spec in specs.values()), "the decoded arrays")
    wanted = {CODED} if coded else set(specs)
    if set(tensors) != wanted:
        raise MalformedFile("NSD-A01", f"only in one of them: {sorted(set(tensors) ^ wanted)!r:.200}")
    if coded:
        frame = tensors[CODED]
        _check_tensor(CODED, frame, "U8", (len(frame.data),))
        lengths = {role: codings.length(specs[role], header.coding(role)) for role in sorted(specs)}
        content = memoryview(zstd.decompress(memoryview(frame.data), sum(lengths.values())))
        parts = {}
        for role, length in lengths.items():
            parts[role], content = content[:length], content[length:]
    else:
        for role, spec in specs.items():
            _check_tensor(role, tensors[role], *_tensor_of(spec))
        parts = {role: memoryview(tensors[role].data) for role in specs}
    arrays, integers, scales = {}, {}, {}
    for role, spec in specs.items():
        stored = codings.from_bytes(parts[role], spec, header.coding(role) if coded else codings.RAW, role)
        arrays[role] = from_items(stored, spec, role)
        if spec.dtype in SCALED:
            integers[role], scales[role] = stored.items.reshape(spec.shape), stored.scales
    return arrays, integers, scales


def _tensor_of(spec: ArraySpec) -> tuple[str, tuple[int, ...]]:
    """Safetensors dtype and shape of a raw array."""
    if spec.dtype in SAFETENSORS:
        return SAFETENSORS[spec.dtype], spec.shape
    return "U8", (spec.nbytes,)


def _check_tensor(name: str, tensor: Tensor, dtype: str, shape: tuple[int, ...]) -> None:
    if tensor[:2] != (dtype, shape):
        raise MalformedFile("NSD-A02", f"{name[:80]}: {tensor.dtype} {list(tensor.shape)}, not {dtype} {list(shape)}")


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

"""What an .nsd file contains: all that its framing and header say, checked, without a look into its arrays and without
NumPy. `file` goes on from here.

Spec: spec/container.md and spec/header.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nsdcodec.errors import FileAccess, MalformedFile
from nsdcodec.format import zoo
from nsdcodec.format.container import codings, foreign, framing, remote
from nsdcodec.format.container.framing import CODED, DIGEST_BYTES, OPTIONAL, Framing, Tensor
from nsdcodec.format.container.header import Header, open_text
from nsdcodec.format.container.header import parse as parse_header
from nsdcodec.format.container.stream import read_at_most
from nsdcodec.format.stored_types import ArraySpec

MAX_FILE_BYTES = 1 << 30
# Safetensors' names of the types whose raw arrays it can show; to it, all else are bytes.
SAFETENSORS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}

Readable = str | os.PathLike[str] | bytes | BinaryIO
Report = Callable[[str, str], None]


@dataclass(frozen=True)
class Contents:
    """What a file contains, but for the values of its arrays; `contents_of` makes it.

    `header` is what the file says about itself. `digest` is the SHA-256 that it states, of all bytes but its last 32;
    `nbytes` is its size. `stored_bytes` is the size of each tensor of arrays: one for each raw array, or "coded" for
    all together. `optional` has the bytes that readers may ignore, by name. `header_bytes` is the size of everything
    else but the digest."""

    header: Header
    digest: str
    nbytes: int
    stored_bytes: Mapping[str, int]
    optional: Mapping[str, bytes]

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
        return self.nbytes - sum([*self.stored_bytes.values(), *map(len, self.optional.values()), DIGEST_BYTES])

    @property
    def bits_per_class(self) -> float:
        return 8 * self.nbytes / self.header.layout.geometry.classes


def contents_of(source: Readable) -> Contents:
    """The contents of a file, whose framing, version, digest and header are checked, and the sizes of its tensors.
    Raises what `file.read` raises, but for faults in what the arrays hold."""
    return opened(*framed(source))[0]


def framed(source: Readable, report: Report = lambda check, found: None) -> tuple[bytes, Framing]:
    """The bytes of a file and its parts."""
    data = bytes_of(source)
    with foreign.named(data):
        frame = framing.parse(data)
    report("framing", f"{len(data):,} bytes, {len(frame.tensors)} tensors and the digest cover the data")
    return data, frame


def opened(
    data: bytes, frame: Framing, known: str | None = None, report: Report = lambda check, found: None
) -> tuple[Contents, Mapping[str, Tensor]]:
    """The contents behind a sound framing, and the tensors of the arrays, whose types and sizes are as the header says.
    `known` is the true digest, where that was computed already."""
    text = open_text(frame.text)
    report("version", f"format {text.version[0]}.{text.version[1]}")
    if known is None:
        framing.check_digest(data, frame.digest)
    report("digest", f"sha256 {frame.digest[:16]}...")
    header = parse_header(text)
    report("header", f"{header.parameterization[:40]!r}, {header.layout.geometry}")
    optional = _optional(frame)
    tensors = {name: tensor for name, tensor in frame.tensors.items() if not name.startswith(OPTIONAL)}
    _check_tensors(tensors, header)
    sizes = {name: len(tensor.data) for name, tensor in tensors.items()}
    return Contents(header, frame.digest, len(data), sizes, optional), tensors


def name_of(source: str | os.PathLike[str]) -> str:
    """The last part of a path or a URL; the name of the file that zoo:NAME is. Raises UnknownName and MissingData."""
    if zoo.is_named(source):
        return zoo.entry(str(source)).file
    return Path(remote.without_secrets(os.fspath(source))).name


def bytes_of(source: Readable) -> bytes:
    """All bytes of a file. Raises what `file.read` raises of a source, and MalformedFile (F02) where they are too
    many."""
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


def _check_tensors(tensors: Mapping[str, Tensor], header: Header) -> None:
    specs = header.layout.arrays
    wanted = {CODED} if CODED in tensors else set(specs)
    if set(tensors) != wanted:
        raise MalformedFile("NSD-A01", f"only in one of them: {sorted(set(tensors) ^ wanted)!r:.200}")
    for name, tensor in tensors.items():
        _check_tensor(name, tensor, *(("U8", (len(tensor.data),)) if name == CODED else tensor_of(specs[name])))


def tensor_of(spec: ArraySpec) -> tuple[str, tuple[int, ...]]:
    """Safetensors dtype and shape of a raw array."""
    if spec.dtype in SAFETENSORS:
        return SAFETENSORS[spec.dtype], spec.shape
    return "U8", (spec.nbytes,)


def _check_tensor(name: str, tensor: Tensor, dtype: str, shape: tuple[int, ...]) -> None:
    if tensor[:2] != (dtype, shape):
        raise MalformedFile("NSD-A02", f"{name[:80]}: {tensor.dtype} {list(tensor.shape)}, not {dtype} {list(shape)}")

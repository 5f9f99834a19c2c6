"""The safetensors file around the nsd header: tensors in a row, the last of which is the digest of all before it.

Spec: spec/container.md, framing and digest.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nsdcodec.errors import DigestMismatch, MalformedFile
from nsdcodec.format.container import strict_json

MAX_HEADER_BYTES = 4 << 20
MAX_RANK = 6
ALIGNMENT = 8
METADATA_KEY = "nsd"
# The one tensor of all arrays of a coded file; the last one of every file; what tensors that readers ignore begin with.
CODED = "coded"
DIGEST = "sha256"
OPTIONAL = "optional."
DIGEST_BYTES = 32
ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1}


class Tensor(NamedTuple):
    """`dtype` is safetensors' name of it, a key of `ITEM_BYTES`."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes | memoryview


@dataclass(frozen=True)
class Framing:
    """`text` is the nsd header; `tensors` are views of the file, all but the digest; `digest` is what the file states,
    64 hexadecimal digits."""

    text: str
    tensors: Mapping[str, Tensor]
    digest: str


def unsealed(text: str, tensors: Mapping[str, Tensor]) -> bytes:
    """A file of an nsd header and tensors, those of the largest items first, those of equal ones by name; all but the
    digest."""
    ordered = sorted(tensors.items(), key=lambda item: (-ITEM_BYTES[item[1].dtype], item[0]))
    document: dict[str, Any] = {"__metadata__": {METADATA_KEY: text}}
    end = 0
    for name, tensor in [*ordered, (DIGEST, Tensor("U8", (DIGEST_BYTES,), bytes(DIGEST_BYTES)))]:
        start, end = end, end + len(tensor.data)
        document[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [start, end]}
    header = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    header += b" " * (-len(header) % ALIGNMENT)
    return b"".join([struct.pack("<Q", len(header)), header, *(tensor.data for _, tensor in ordered)])


def sealed(data: bytes) -> bytes:
    """With the digest."""
    return data + hashlib.sha256(data).digest()


def parse(data: bytes) -> Framing:
    """The parts of a file. Raises MalformedFile (rules F). That the digest is the true one, `check_digest` finds."""
    if len(data) < 8:
        raise MalformedFile("NSD-F01", f"{len(data)} bytes; at least 8 are needed")
    (length,) = struct.unpack("<Q", data[:8])
    if length > MAX_HEADER_BYTES:
        raise MalformedFile("NSD-F02", f"a header of {length:,} bytes; the limit is {MAX_HEADER_BYTES:,}")
    if len(data) < 8 + length:
        raise MalformedFile("NSD-F01", f"a header of {length:,} bytes in a file of {len(data):,}")
    text, document = _header(data[8 : 8 + length])
    view = memoryview(data)[8 + length :]
    tensors: dict[str, Tensor] = {}
    position, last = 0, ""
    for start, end, name, dtype, shape in sorted(_entries(document)):
        if start != position:
            raise MalformedFile("NSD-F06", f"{name!r:.80} begins at {start:,}, not {position:,}")
        if last and ITEM_BYTES[dtype] > ITEM_BYTES[tensors[last].dtype]:
            raise MalformedFile("NSD-F07", f"{name!r:.80} of {dtype} stands after one of {tensors[last].dtype}")
        tensors[name] = Tensor(dtype, shape, view[start:end])
        position, last = end, name
    if len(view) < position:
        raise MalformedFile("NSD-F01", f"{position:,} bytes of data declared, {len(view):,} there")
    if len(view) > position:
        raise MalformedFile("NSD-F06", f"{len(view) - position:,} bytes after the last tensor")
    if length % ALIGNMENT:
        raise MalformedFile("NSD-F07", f"a header of {length:,} bytes, no multiple of {ALIGNMENT}")
    if last != DIGEST or tensors[DIGEST][:2] != ("U8", (DIGEST_BYTES,)):
        old = "; a file of version 0.1 is lifted by nsdc convert" if '"digest":"sha256:' in text else ""
        raise MalformedFile("NSD-F08", f"the last tensor is {last!r:.80}{old}")
    return Framing(text, tensors, bytes(tensors.pop(DIGEST).data).hex())


def check_digest(data: bytes, stated: str) -> None:
    """Raises DigestMismatch unless the SHA-256 of all bytes before the last tensor is the one stated."""
    found = hashlib.sha256(memoryview(data)[:-DIGEST_BYTES]).hexdigest()
    if found != stated:
        raise DigestMismatch(
            f"the bytes have the SHA-256 {found[:16]}..., the file states {stated[:16]}...; "
            "it was damaged or changed: get it again"
        )


def _header(data: bytes) -> tuple[str, dict[str, Any]]:
    """The nsd header, and the entries of the tensors."""
    try:
        document = strict_json.parse(data.decode())
        if not isinstance(document, dict) or data[:1] != b"{":
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
    return metadata[METADATA_KEY], document


def _entries(document: dict[str, Any]) -> Iterator[tuple[int, int, str, str, tuple[int, ...]]]:
    """Start, end, name, dtype and shape of each tensor."""

    def are_integers(items: Any, least: int) -> bool:
        return isinstance(items, list) and all(type(item) is int and item >= least for item in items)

    for name, entry in document.items():
        if (
            not isinstance(entry, dict)
            or set(entry) != {"dtype", "shape", "data_offsets"}
            or entry["dtype"] not in list(ITEM_BYTES)
            or not are_integers(entry["shape"], 1)
            or not 1 <= len(entry["shape"]) <= MAX_RANK  # before the product: that of 200,000 lengths takes a minute
            or not are_integers(entry["data_offsets"], 0)
            or len(entry["data_offsets"]) != 2
        ):
            raise MalformedFile("NSD-F05", f"{name!r:.80}: {entry!r:.120}")
        start, end = entry["data_offsets"]
        if end - start != math.prod(entry["shape"]) * ITEM_BYTES[entry["dtype"]]:
            raise MalformedFile("NSD-F05", f"{name!r:.80}: {end - start:,} bytes for {entry['dtype']} {entry['shape']}")
        yield start, end, name, entry["dtype"], tuple(entry["shape"])

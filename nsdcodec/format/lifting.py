"""Lift a file of version 0.1, which was never released, to 1.0: the same stored values under the same names.

0.1 had the digest in its header, a list for each array (dtype, shape, coding, number of axes with scales), the highest
bit of a packed integer first, unsigned integers of 1 to 16 bits, and a coding for each array. Damage is found by its
digest; what else is wrong with the set, the rules of 1.0 find in what was made.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

import numpy as np

from nsdcodec.errors import DigestMismatch, MalformedFile
from nsdcodec.format.container import strict_json, zstd
from nsdcodec.format.container.file import assembled
from nsdcodec.format.container.framing import CODED
from nsdcodec.format.container.header import open_text, parse
from nsdcodec.format.container.values import Array, Stored, item_type
from nsdcodec.format.stored_types import FLOATS, SCALE_BYTES, UNSIGNED, ArraySpec

_DIGEST = re.compile(rb'\\"digest\\":\\"sha256:([0-9a-f]{64})\\"')


def lifted(data: bytes) -> bytes:
    """A file of 0.1 as one of 1.0; other bytes as they are. Raises DigestMismatch, and MalformedFile for a file of 0.1
    whose parts cannot be taken apart."""
    text_end = 8 + int.from_bytes(data[:8], "little")
    found = list(_DIGEST.finditer(data, 0, min(text_end, len(data))))
    if len(found) != 1:
        return data
    start, end = found[0].span(1)
    if hashlib.sha256(data[:start] + b"0" * 64 + data[end:]).hexdigest().encode() != data[start:end]:
        raise DigestMismatch("this file of version 0.1 was damaged or changed: get it again")
    try:
        entries = strict_json.parse(data[8:text_end].decode())
        document = strict_json.parse(entries.pop("__metadata__")["nsd"])
        tensors = {name: data[text_end:][slice(*entry["data_offsets"])] for name, entry in entries.items()}
        table = document["arrays"]
        document["arrays"] = {role: _entry(*entry) for role, entry in table.items()}
        header = parse(open_text(json.dumps(document)))
        contents, plain = dict(tensors), b""
        coded = {role: _length(entry) for role, entry in sorted(table.items()) if len(entry) > 2 and entry[2] != "raw"}
        if coded:
            plain = zstd.decompress(memoryview(contents.pop(CODED)), sum(coded.values()))
        for role, length in coded.items():
            contents[role], plain = plain[:length], plain[length:]
        stored = {role: _stored(contents[role], table[role], spec) for role, spec in header.layout.arrays.items()}
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise MalformedFile("NSD-F08", f"nor can it be lifted as a file of version 0.1: {error!r:.80}") from error
    return assembled(header, stored, "auto")


def _entry(dtype: str, shape: list[int], coding: str = "raw", scale_axes: int | None = None) -> dict[str, Any]:
    if dtype.startswith("uint"):
        dtype = next(name for name in UNSIGNED if _bits(dtype) <= _bits(name))
    return {"dtype": dtype, "shape": shape} | ({} if scale_axes is None else {"scale_axes": scale_axes})


def _bits(dtype: str) -> int:
    return int(re.sub(r"\D", "", dtype))


def _length(entry: list[Any]) -> int:
    dtype, shape, coding, *axes = entry
    count: int = math.prod(shape)
    bits = _bits(dtype)
    scales: int = SCALE_BYTES * math.prod(shape[: axes[0]]) if axes else 0
    if coding == "shuffle":
        return scales + count * math.ceil(bits / 8)
    return scales + (bits * math.ceil(count / 8) if coding == "bitshuffle" else math.ceil(count * bits / 8))


def _stored(content: bytes, entry: list[Any], spec: ArraySpec) -> Stored:
    coding = entry[2] if len(entry) > 2 else "raw"
    cut = SCALE_BYTES * spec.scales
    return Stored(
        _items(np.frombuffer(content[cut:], np.uint8), entry[0], coding, spec), np.frombuffer(content[:cut], "<f2")
    )


def _items(body: Array, dtype: str, coding: str, spec: ArraySpec) -> Array:
    """The items that the bytes hold, of a `dtype` of 0.1, in the type of `spec`."""
    bits, count, kind = _bits(dtype), spec.size, item_type(spec)
    if coding == "shuffle":
        patterns = np.ascontiguousarray(body.reshape(-1, count).T).reshape(-1)
    elif coding != "bitshuffle" and (spec.dtype in FLOATS or bits == 8):
        patterns = body
    else:
        # A row of bits for each item, the highest first.
        planes = coding == "bitshuffle"
        each = (
            np.unpackbits(body.reshape(bits, -1), axis=1, count=count).T
            if planes
            else (np.unpackbits(body, count=bits * count).reshape(count, bits))
        )
        width = 8 * math.ceil(bits / 8)
        filled = np.zeros((count, width), np.uint8)
        filled[:, width - bits :] = each
        if kind.kind == "i":  # two's complement
            filled[:, : width - bits] = each[:, :1]
        patterns = np.packbits(filled, axis=1)[:, ::-1].reshape(-1)
    patterns = np.ascontiguousarray(patterns)
    return patterns.astype(kind) if len(patterns) == count else patterns.view(f"<u{len(patterns) // count}").view(kind)

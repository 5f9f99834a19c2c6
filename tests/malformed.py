"""Malformed files, by the rule that each breaks: a valid file, one edit, and a new seal, so that just that rule breaks.

`MALFORMED` is [(rule, what is wrong, bytes)]; `REFUSED` has besides what readers refuse for other reasons than a rule.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import zstandard
from builders import (
    LAYOUTS,
    SMALL,
    arrays_for,
    bits,
    digest_entry,
    edited,
    file_of,
    floats,
    frame,
    halves,
    header_for,
    put_together,
    seal,
    take_apart,
)

from nsdcodec.format.container.file import pack
from nsdcodec.format.container.framing import MAX_HEADER_BYTES
from nsdcodec.format.layout import Layout, Synthesis

# All arrays raw: mask of 72 bits, labels of a byte, spectrum of float32.
PLAIN = file_of("mask a spectrum")
# A mask of 27 bits: the highest five of its last byte are padding. The mask is the last tensor before the digest.
_PADDED = Layout(SMALL, Synthesis(height="dct", width="dct"), {"spectrum": halves(3, 2, 2, 4), "mask": bits(3, 3, 3)})
PADDED = pack(header_for(_PADDED), arrays_for(_PADDED), "raw")
# A spectrum that zstd makes smaller, alone in its frame.
SPECTRUM_BYTES = 4 * 64 * 2 * 4 * 8
PACKED = pack(
    header_for(Layout(SMALL, Synthesis(), {"spectrum": floats(1, 64, 2, 4, 8)})),
    {"spectrum": np.ones((1, 64, 2, 4, 8))},
    "zstd",
)
KERNELS = file_of("product, own kernels")
SOFT = file_of("soft labels")
# Scaled integers; scaled integers with a mask and labels of two bytes; labels of a bit.
SCALED = file_of("scaled integers")
MASKED = file_of("scaled and masked")
BFLOAT = file_of("bfloat16")


def text_of(data: bytes) -> str:
    """The nsd header, as written."""
    return json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]["nsd"]


def framing_of(data: bytes) -> str:
    return data[8 : 8 + struct.unpack("<Q", data[:8])[0]].decode()


def body_of(data: bytes) -> bytes:
    return take_apart(data)[2]


def with_text(data: bytes, old: str, new: str) -> bytes:
    """One place of the nsd header's text changed."""
    entries, _, body = take_apart(data)
    text = text_of(data)
    assert text.count(old) == 1, (old, text.count(old))
    return put_together(entries, text.replace(old, new), body)


def unpadded(data: bytes) -> bytes:
    """Four spaces more at the end of the safetensors header."""
    text = framing_of(data).encode() + b"    "
    return seal(struct.pack("<Q", len(text)) + text + body_of(data))


def with_framing(data: bytes, old: str, new: str) -> bytes:
    text = framing_of(data)
    assert text.count(old) >= 1, old
    return frame(text.replace(old, new, 1), body_of(data))


def header(data: bytes, *path: str | int, value: Any) -> bytes:
    """One field of the header set, or left out where `value` is `...`."""

    def edit(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        if value is ...:
            del document[path[-1]]
        else:
            document[path[-1]] = value

    return edited(data, header=edit)


def entry(data: bytes, role: str, **changes: Any) -> bytes:
    def edit(entries: Any) -> None:
        entries[role].update(changes)

    return edited(data, entries=edit)


def values_of(data: bytes, role: str, new: bytes, start: int = 0) -> bytes:
    """Stored bytes of one array overwritten."""

    def edit(body: bytes) -> bytes:
        place = take_apart(data)[0][role]["data_offsets"][0] + start
        return body[:place] + new + body[place + len(new) :]

    return edited(data, body=edit)


def with_tensors(data: bytes, *tensors: tuple[str, str, list[int], bytes], seal_last: bool = True) -> bytes:
    """The file with these tensors (name, dtype, shape, bytes) in place of its own, in this order, and the digest after
    them."""
    entries, body = {}, b""
    for name, dtype, shape, content in tensors:
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(content)]}
        body += content
    if seal_last:
        entries |= digest_entry(len(body))
        body += bytes(32)
    return put_together(entries, text_of(data), body)


def tensors_of(data: bytes) -> list[tuple[str, str, list[int], bytes]]:
    """The tensors of a file as `with_tensors` takes them, without the digest."""
    entries, _, body = take_apart(data)
    return [
        (name, entry["dtype"], entry["shape"], body[slice(*entry["data_offsets"])])
        for name, entry in entries.items()
        if name != "sha256"
    ]


def only_array(stored: bytes) -> bytes:
    """The packed file with another frame."""
    return with_tensors(PACKED, ("coded", "U8", [len(stored)], stored))


def recoded(name: str, coding: str, place: int, new: bytes) -> bytes:
    """A file of one of `LAYOUTS` in this coding, some of the content of its frame overwritten."""
    data = file_of(name, coding)
    [(_, _, _, frame)] = tensors_of(data)
    plain = bytearray(zstandard.ZstdDecompressor().decompress(frame))
    place %= len(plain)
    plain[place : place + len(new)] = new
    frame = zstd(bytes(plain))
    return with_tensors(data, ("coded", "U8", [len(frame)], frame))


def zstd(plain: bytes, **settings: Any) -> bytes:
    return zstandard.ZstdCompressor(**settings).compress(plain)


def run_of_zeros(length: int, declared: int, window_log: int | None = None, dictionary: int | None = None) -> bytes:
    """A zstd frame (RFC 8878) of one block, a run of zeros, that may declare any size, window and dictionary."""
    descriptor = 3 << 6 | (window_log is None) << 5 | (dictionary is not None)
    window = b"" if window_log is None else bytes([(window_log - 10) << 3])
    named = b"" if dictionary is None else bytes([dictionary])
    block = (length << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    return struct.pack("<IB", 0xFD2FB528, descriptor) + window + named + struct.pack("<Q", declared) + block


def overlong_frame(declared: int) -> bytes:
    """A zstd frame that is sound but for its second block, of 1,000 sequences that each copy 34 bytes."""
    # No literals; the number of sequences; codes of one symbol each, which take no bits: no literals before a match, an
    # offset used before, a match of 34 bytes; and a stream of no bits but its mark.
    copies = bytes([0, 128 + (1000 >> 8), 1000 & 255, 0b01_01_01_00, 0, 0, 31, 1])
    head = struct.pack("<IBQ", 0xFD2FB528, 3 << 6 | 1 << 5, declared)
    blocks = [(8 << 3).to_bytes(3, "little"), bytes(8), (len(copies) << 3 | 2 << 1 | 1).to_bytes(3, "little"), copies]
    return head + b"".join(blocks)


# The arrays are finite; the images, sums of products of them, are not.
_HUGE = {"spectrum": np.full((1, 3, 2, 4, 5), 1e30), "batch_kernel": np.full((1, 3, 7), 1e10)}
OVERFLOWING = pack(
    header_for(LAYOUTS["one block"]),
    arrays_for(LAYOUTS["one block"]) | _HUGE | {"width_kernel": np.ones((1, 5, 8))},
    "raw",
)

_ONES = np.ones(SPECTRUM_BYTES // 4, "<f4").tobytes()
_FRAMING = framing_of(PLAIN)
_LONG = "x" * 257
_MANY = {
    "spectrum": {"dtype": "float32", "shape": [5000, 1, 2, 3, 4]},
    "batch_kernel": {"dtype": "float32", "shape": [5000, 1, 1]},
    "channel_kernel": {"dtype": "float32", "shape": [1, 2, 2]},
    "height_kernel": {"dtype": "float32", "shape": [1, 3, 4]},
    "width_kernel": {"dtype": "float32", "shape": [1, 4, 8]},
}

# Fields that are wrong by type or range. spec/header.schema.json must refuse every one of them too.
WRONG_FIELDS: list[tuple[tuple[str | int, ...], Any]] = [
    (("version",), ...),
    (("version",), 1),
    (("version",), [1]),
    (("version",), [1, -1]),
    (("version",), [1, "0"]),
    (("version",), [True, 0]),
    (("version",), "1.0"),
    (("version",), [1, 0, 0]),
    (("version",), None),
    (("require",), "none"),
    (("require",), None),
    (("require",), [1]),
    (("optional",), {}),
    (("optional",), [_LONG]),
    (("image_shape",), ...),
    (("image_shape",), {}),
    (("image_shape",), [2, 4]),
    (("image_shape",), [2, 4, 8, 1]),
    (("image_shape", 0), 17),
    (("image_shape", 0), 0),
    (("image_shape", 1), 4_097),
    (("image_shape", 2), -1),
    (("image_shape", 2), 8.5),
    (("image_shape", 2), True),
    (("classes",), ...),
    (("classes",), None),
    (("classes", 0), 5),
    (("classes", 0), _LONG),
    (("normalization",), ...),
    (("normalization", "mean"), 0.5),
    (("normalization", "mean", 0), "0.5"),
    (("normalization", "std", 0), None),
    (("parameterization",), ...),
    (("parameterization",), _LONG),
    (("synthesis",), None),
    (("synthesis", "height"), "fourier"),
    (("synthesis", "width"), ["dct"]),
    (("synthesis", "width"), "stored"),
    (("synthesis", "channel"), "identity"),
    (("synthesis", "channel"), None),
    (("synthesis", "pairing"), "both"),
    (("arrays",), []),
    (("arrays",), ...),
    (("arrays", "spectrum"), "float32"),
    (("arrays", "spectrum"), ["float32", [3, 2, 2, 5]]),
    (("arrays", "spectrum", "dtype"), ...),
    (("arrays", "spectrum", "shape"), ...),
    (("arrays", "spectrum", "scale_axes"), 1),
    (("arrays", "spectrum", "scale_axes"), None),
    (("arrays", "spectrum"), {"dtype": "int8", "shape": [3, 2, 2, 5]}),
    (("arrays", "spectrum"), {"dtype": "int8", "shape": [3, 2, 2, 5], "scale_axes": -1}),
    (("arrays", "spectrum"), {"dtype": "int8", "shape": [3, 2, 2, 5], "scale_axes": True}),
    (("arrays", "spectrum"), {"dtype": "int8", "shape": [3, 2, 2, 5], "scale_axes": 2, "order": "plain"}),
    (("arrays", "spectrum", "order"), "bitwise"),
    (("arrays", "spectrum", "order"), None),
    (("arrays", "labels", "order"), "plain"),
    (("arrays", "spectrum", "dtype"), "float64"),
    (("arrays", "spectrum", "dtype"), "int5"),
    (("arrays", "spectrum", "dtype"), 32),
    (("arrays", "mask", "dtype"), "uint0"),
    (("arrays", "labels", "dtype"), "uint17"),
    (("arrays", "spectrum", "shape"), 5),
    (("arrays", "spectrum", "shape", 0), 0),
    (("arrays", "spectrum", "shape", 0), -3),
    (("arrays", "spectrum", "shape", 0), 3.5),
    (("arrays", "spectrum", "shape", 0), 1 << 53),
    (("arrays", "labels", "dtype"), "uint4"),
    (("recipe",), ...),
    (("recipe", "learning_rate"), "0.1"),
    (("recipe", "learning_rate"), ...),
    (("recipe", "momentum"), None),
    (("recipe", "weight_decay"), [1]),
    (("recipe", "batch_size"), 0),
    (("recipe", "epochs"), 1 << 53),
    (("recipe", "epochs"), 1.5),
    (("recipe", "augmentation"), False),
    (("recipe", "network"), "convnet"),
    (("recipe", "network", "name"), ...),
    (("recipe", "network", "depth"), 0),
    (("recipe", "network", "width"), 0),
    (("provenance",), "a paper"),
]

MALFORMED: list[tuple[str, str, bytes]] = [
    ("NSD-F01", "an empty file", b""),
    ("NSD-F01", "half a length", PLAIN[:7]),
    ("NSD-F01", "a length and no header", PLAIN[:8]),
    ("NSD-F01", "half a header", PLAIN[:200]),
    ("NSD-F01", "the last byte missing", PLAIN[:-1]),
    ("NSD-F01", "all data missing", PLAIN[: len(PLAIN) - len(body_of(PLAIN))]),
    ("NSD-F01", "an end past the data", entry(PLAIN, "sha256", shape=[40], data_offsets=[255, 295])),
    ("NSD-F02", "a header over the limit", struct.pack("<Q", MAX_HEADER_BYTES + 1) + PLAIN[8:]),
    ("NSD-F02", "the largest length", b"\xff" * 8 + PLAIN[8:]),
    ("NSD-F03", "a header of no bytes", struct.pack("<Q", 0)),
    ("NSD-F03", "a header that is a list", frame("[]", b"")),
    ("NSD-F03", "a header that is no JSON", frame(_FRAMING[:-1] + "!", body_of(PLAIN))),
    ("NSD-F03", "a space before the brace", frame(" " + _FRAMING, body_of(PLAIN))),
    ("NSD-F03", "bytes that are no UTF-8", frame(b'{"\xff":1}', b"")),
    ("NSD-F03", "a key twice", frame(_FRAMING[:-1] + ',"spectrum":{}}', body_of(PLAIN))),
    ("NSD-F03", "the metadata twice", frame(_FRAMING[:-1] + ',"__metadata__":{}}', body_of(PLAIN))),
    ("NSD-F03", "an offset that is NaN", with_framing(PLAIN, '"data_offsets":[0,', '"data_offsets":[NaN,')),
    ("NSD-F03", "an offset that overflows", with_framing(PLAIN, '"data_offsets":[0,', '"data_offsets":[1e999,')),
    ("NSD-F03", "a huge integer", with_framing(PLAIN, '"data_offsets":[0,', f'"data_offsets":[{"9" * 5000},')),
    ("NSD-F03", "deep nesting", frame('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", b"")),
    ("NSD-F03", "an offset written -0", with_framing(PLAIN, '"data_offsets":[0,', '"data_offsets":[-0,')),
    ("NSD-F03", "2^17 values", frame('{"a":[' + "[]," * (1 << 16) + "[]]}", b"")),
    ("NSD-F03", "a lone surrogate", frame('{"\\ud800":1}', b"")),
    ("NSD-F04", "no metadata", frame("{}", b"")),
    ("NSD-F04", "metadata that is a list", frame('{"__metadata__":["nsd"]}', b"")),
    ("NSD-F04", "a second key", with_framing(PLAIN, '{"nsd":', '{"format":"pt","nsd":')),
    ("NSD-F04", "another key", with_framing(PLAIN, '{"nsd":', '{"nds":')),
    ("NSD-F04", "an nsd header that is no text", frame('{"__metadata__":{"nsd":{}}}', b"")),
    ("NSD-F05", "an entry that is a number", edited(PLAIN, entries=lambda e: e | {"spectrum": 1})),
    ("NSD-F05", "a fourth field", entry(PLAIN, "spectrum", scale=1)),
    ("NSD-F05", "a dtype outside the profile", entry(PLAIN, "spectrum", dtype="F64")),
    ("NSD-F05", "a dtype that is a list", entry(PLAIN, "spectrum", dtype=["F32"])),
    ("NSD-F05", "a negative length", entry(PLAIN, "spectrum", shape=[-3, -2, 2, 5])),
    ("NSD-F05", "a length that is true", entry(PLAIN, "spectrum", shape=[60, True])),
    ("NSD-F05", "seven dimensions", entry(PLAIN, "spectrum", shape=[3, 2, 2, 5, 1, 1, 1])),
    ("NSD-F05", "one offset", entry(PLAIN, "spectrum", data_offsets=[0])),
    ("NSD-F05", "offsets in reverse", entry(PLAIN, "spectrum", data_offsets=[240, 0])),
    ("NSD-F05", "a shape of other bytes", entry(PLAIN, "spectrum", shape=[3, 2, 2, 4])),
    ("NSD-F05", "a length of 0", entry(PLAIN, "spectrum", shape=[0], data_offsets=[240, 240])),
    ("NSD-F05", "no dimension", entry(PLAIN, "labels", shape=[])),
    ("NSD-F05", "a product that wraps to the size", entry(PLAIN, "spectrum", shape=[1 << 32, 1 << 32, 1])),
    ("NSD-F06", "a byte after the last tensor", seal(PLAIN + b"\0")),
    ("NSD-F06", "a gap", edited(PLAIN, entries=lambda e: {n: v for n, v in e.items() if n != "spectrum"})),
    (
        "NSD-F06",
        "two tensors over one range",
        edited(PLAIN, entries=lambda e: e | {"twin": e["labels"]}),
    ),
    ("NSD-F07", "a header that is not padded", unpadded(PLAIN)),
    ("NSD-F07", "bytes before floats", with_tensors(PLAIN, *tensors_of(PLAIN)[::-1])),
    ("NSD-F07", "halves before floats", with_tensors(PLAIN, ("half", "F16", [2], bytes(4)), *tensors_of(PLAIN))),
    ("NSD-F08", "no digest", with_tensors(PLAIN, *tensors_of(PLAIN), seal_last=False)),
    ("NSD-F08", "no tensor", with_tensors(PLAIN, seal_last=False)),
    ("NSD-F08", "a digest of another name", with_framing(PLAIN, '"sha256"', '"sha-256"')),
    ("NSD-F08", "a digest of two dimensions", entry(PLAIN, "sha256", shape=[1, 32])),
    ("NSD-F08", "a digest of 31 bytes", with_tensors(PLAIN, ("sha256", "U8", [31], bytes(31)), seal_last=False)),
    ("NSD-F08", "a digest of floats", with_tensors(PLAIN, ("sha256", "F32", [8], bytes(32)), seal_last=False)),
    (
        "NSD-F08",
        "a tensor after the digest",
        with_tensors(
            PLAIN, *tensors_of(PLAIN), ("sha256", "U8", [32], bytes(32)), ("z", "U8", [1], b"z"), seal_last=False
        ),
    ),
    ("NSD-H01", "a header that is no JSON", with_text(PLAIN, '"ipc":1', '"ipc":1]')),
    ("NSD-H01", "a key twice", with_text(PLAIN, '"parameterization":', '"recipe":1,"parameterization":')),
    ("NSD-H01", "a key twice further in", with_text(PLAIN, '"ipc":1', '"ipc":1,"ipc":1')),
    ("NSD-H01", "NaN", with_text(PLAIN, '"ipc":1', '"ipc":NaN')),
    ("NSD-H01", "infinity", with_text(PLAIN, '"ipc":1', '"ipc":-Infinity')),
    ("NSD-H01", "a number that overflows", with_text(PLAIN, '"ipc":1', '"ipc":1e999')),
    ("NSD-H01", "an integer of 5000 digits", with_text(PLAIN, '"ipc":1', '"ipc":' + "9" * 5000)),
    ("NSD-H01", "an integer of 20 digits", with_text(PLAIN, '"ipc":1', '"ipc":' + "1" * 20)),
    ("NSD-H01", "17 levels", with_text(PLAIN, '"ipc":1', '"ipc":' + "[" * 15 + "]" * 15)),
    ("NSD-H01", "100,000 levels", with_text(PLAIN, '"ipc":1', '"ipc":' + "[" * 100_000)),
    ("NSD-H01", "an integer written -0", with_text(PLAIN, '"ipc":1', '"ipc":-0')),
    ("NSD-H01", "2^17 values", with_text(PLAIN, '"ipc":1', '"ipc":[' + "1," * (1 << 17) + "1]")),
    ("NSD-H01", "a lone surrogate in a list", with_text(PLAIN, '"ipc":1', '"ipc":[["\\udfff"]]')),
    ("NSD-H01", "a lone surrogate in a key", with_text(PLAIN, '"ipc":1', '"ipc":{"\\udbff":1}')),
    ("NSD-H01", "a lone surrogate", with_text(PLAIN, '"ipc":1', '"ipc":"\\ud800"')),
    ("NSD-H01", "text after the end", put_together(take_apart(PLAIN)[0], text_of(PLAIN) + "{}", body_of(PLAIN))),
    ("NSD-H01", "a byte order mark", put_together(take_apart(PLAIN)[0], "\ufeff" + text_of(PLAIN), body_of(PLAIN))),
    *(
        (
            "NSD-H02",
            f"{'.'.join(map(str, path))} " + ("missing" if value is ... else f"{type(value).__name__} {value!r:.90}"),
            header(PLAIN, *path, value=value),
        )
        for path, value in WRONG_FIELDS
    ),
    # A schema takes 1.0 for an integer, and has no rule that compares two fields.
    *(
        (
            "NSD-H02",
            f"scales of {axes} axes",
            header(PLAIN, "arrays", "spectrum", value={"dtype": "int8", "shape": [3, 2, 2, 5], "scale_axes": axes}),
        )
        for axes in (1.0, 4)
    ),
    ("NSD-H02", "a header that is a list", put_together(take_apart(PLAIN)[0], "[]", body_of(PLAIN))),
    ("NSD-H03", "no names", header(PLAIN, "classes", value=[])),
    ("NSD-H03", "65,537 names", header(PLAIN, "classes", value=list(map(str, range(65_537))))),
    ("NSD-H03", "a name twice", header(PLAIN, "classes", value=["a", "b", "a"])),
    ("NSD-H04", "a mean too few", header(PLAIN, "normalization", "mean", value=[0.5])),
    ("NSD-H04", "no channels", header(PLAIN, "normalization", value={"mean": [], "std": []})),
    ("NSD-H04", "a deviation of zero", header(PLAIN, "normalization", "std", value=[0.5, 0])),
    ("NSD-H04", "a deviation below zero", header(PLAIN, "normalization", "std", value=[0.5, -0.5])),
    (
        "NSD-A01",
        "a tensor of no role",
        edited(PADDED, entries=lambda e: {("x" if n == "mask" else n): v for n, v in e.items()}),
    ),
    (
        "NSD-A01",
        "a tensor that the table does not name",
        edited(PLAIN, header=lambda h: h["arrays"].pop("labels") and None),
    ),
    ("NSD-A01", "a frame beside raw arrays", with_tensors(PLAIN, *tensors_of(PLAIN), ("coded", "U8", [1], b"x"))),
    ("NSD-A01", "a raw array beside the frame", with_tensors(PACKED, *tensors_of(PACKED), ("mask", "U8", [1], b"x"))),
    ("NSD-A01", "a frame of another name", with_framing(PACKED, '"coded"', '"zstd"')),
    ("NSD-A02", "float32 that the table calls float16", header(PLAIN, "arrays", "spectrum", "dtype", value="float16")),
    (
        "NSD-A02",
        "bfloat16 that the table calls float16",
        header(BFLOAT, "arrays", "spectrum", "dtype", value="float16"),
    ),
    (
        "NSD-A02",
        "bytes that the table calls labels of a byte",
        header(BFLOAT, "arrays", "labels", "dtype", value="uint8"),
    ),
    (
        "NSD-A02",
        "scales for each row, and the table has one",
        header(SCALED, "arrays", "spectrum", "scale_axes", value=0),
    ),
    ("NSD-A02", "a shape that is not the table's", entry(PLAIN, "spectrum", shape=[3, 2, 5, 2])),
    ("NSD-A02", "bits with a shape", entry(PLAIN, "mask", shape=[3, 3])),
    (
        "NSD-A02",
        "bits of a byte too few",
        with_tensors(PADDED, tensors_of(PADDED)[0], ("mask", "U8", [3], tensors_of(PADDED)[1][3][:3])),
    ),
    ("NSD-A02", "a frame of two dimensions", with_tensors(PACKED, ("coded", "U8", [2, 2], b"1234"))),
    ("NSD-A02", "a frame of float16", with_tensors(PACKED, ("coded", "F16", [20], bytes(40)))),
    (
        "NSD-A02",
        "optional bytes that are floats",
        with_tensors(PLAIN, *tensors_of(PLAIN)[:1], ("optional.x", "F32", [1], bytes(4)), *tensors_of(PLAIN)[1:]),
    ),
    ("NSD-A03", "no frame", only_array(b"\0")),
    ("NSD-A03", "bytes that are no frame", only_array(b"not zstd")),
    ("NSD-A03", "half a frame", only_array(zstd(_ONES)[:-6])),
    ("NSD-A03", "a frame of a byte more", only_array(zstd(_ONES + b"\0"))),
    ("NSD-A03", "a frame of a byte less", only_array(zstd(_ONES[:-1]))),
    ("NSD-A03", "a frame that declares no size", only_array(zstd(_ONES, write_content_size=False))),
    ("NSD-A03", "a frame that declares 8 EiB", only_array(run_of_zeros(0, 1 << 63))),
    ("NSD-A03", "a frame that declares 64 GiB", only_array(run_of_zeros(0, 1 << 36))),
    ("NSD-A03", "a frame that declares the size and holds nothing", only_array(run_of_zeros(0, SPECTRUM_BYTES))),
    ("NSD-A03", "a block of more than the frame declares", only_array(overlong_frame(SPECTRUM_BYTES))),
    ("NSD-A03", "bytes after the frame", only_array(zstd(_ONES) + b"\0")),
    ("NSD-A03", "a second frame", only_array(zstd(_ONES) + zstd(_ONES))),
    ("NSD-A03", "a skippable frame", only_array(struct.pack("<II", 0x184D2A50, SPECTRUM_BYTES) + _ONES)),
    ("NSD-A03", "a dictionary", only_array(run_of_zeros(SPECTRUM_BYTES, SPECTRUM_BYTES, dictionary=7))),
    ("NSD-A03", "a window of 16 MiB", only_array(run_of_zeros(SPECTRUM_BYTES, SPECTRUM_BYTES, window_log=24))),
    ("NSD-A03", "a frame whose checksum is wrong", only_array(zstd(_ONES, write_checksum=True)[:-1] + b"?")),
    ("NSD-A04", "NaN", values_of(PLAIN, "spectrum", np.float32(np.nan).tobytes(), 16)),
    ("NSD-A04", "infinity", values_of(PLAIN, "spectrum", np.float32(-np.inf).tobytes(), 236)),
    ("NSD-A04", "NaN of 16 bits", values_of(PADDED, "spectrum", np.float16(np.nan).tobytes())),
    ("NSD-A04", "NaN in a compressed array", only_array(zstd(_ONES[:-4] + np.float32(np.nan).tobytes()))),
    ("NSD-A04", "NaN of bfloat16", values_of(BFLOAT, "spectrum", b"\xc0\x7f", 4)),
    ("NSD-A04", "infinity of bfloat16", values_of(BFLOAT, "spectrum", b"\x80\xff", 4)),
    ("NSD-A04", "a padding bit", values_of(PADDED, "mask", bytes([body_of(PADDED)[-33] | 128]), 3)),
    ("NSD-A04", "a padding bit of labels", values_of(BFLOAT, "labels", b"\x40")),
    ("NSD-A04", "a padding bit of a plane", recoded("scaled and masked", "bitwise", 1, b"\x80")),
    ("NSD-A04", "a scale that is NaN", values_of(SCALED, "batch_kernel", np.float16(np.nan).tobytes())),
    (
        "NSD-A04",
        "a scale that is infinite",
        recoded("scaled integers", "bitwise", 0, np.float16(np.inf).tobytes()),
    ),
    ("NSD-A04", "a scale below 0", values_of(SCALED, "batch_kernel", np.float16(-1).tobytes(), 4)),
    ("NSD-A04", "-128 of 8 bits", values_of(SCALED, "batch_kernel", b"\x80", 6)),
    ("NSD-A04", "-32 of 6 bits", values_of(SCALED, "spectrum", b"\x20", 12)),
    ("NSD-A04", "-8 of 4 bits", values_of(SCALED, "width_kernel", b"\x08", 2)),
    ("NSD-A04", "-4 of 3 bits", values_of(MASKED, "spectrum", b"\x04", 6)),
    ("NSD-A04", "-2 of 2 bits", values_of(SCALED, "channel_kernel", b"\x02", 2)),
    ("NSD-A04", "a padding bit of integers", values_of(SCALED, "labels", b"\x10", 42)),
    ("NSD-A04", "a byte of 4 that is to have 3 bits", recoded("scaled and masked", "bitwise", -1, b"\x04")),
    ("NSD-A04", "a byte below -3 that is to have 3 bits", recoded("scaled and masked", "plain", -1, b"\xfc")),
    ("NSD-A05", "no dimension", header(PLAIN, "arrays", "spectrum", "shape", value=[])),
    ("NSD-A05", "seven dimensions", header(PLAIN, "arrays", "spectrum", "shape", value=[1] * 7)),
    ("NSD-A05", "2 GiB of values", header(PLAIN, "arrays", "spectrum", "shape", value=[1 << 29, 1, 1, 1, 1])),
    ("NSD-A05", "2^112 values", header(PLAIN, "arrays", "spectrum", "shape", value=[1 << 28] * 4)),
    ("NSD-A05", "2 GiB of bits", header(PLAIN, "arrays", "mask", "shape", value=[3, 1 << 28, 4])),
    ("NSD-A05", "25,000,000 images", header(KERNELS, "arrays", value=_MANY)),
    (
        "NSD-A05",
        "2^37 values of all images",
        edited(
            file_of("pixels"),
            header=lambda h: (
                h
                | {
                    "image_shape": [2, 4096, 4096],
                    "synthesis": {"height": "dct", "width": "dct"},
                    "arrays": {"spectrum": {"dtype": "float32", "shape": [4096, 1, 2, 1, 1]}},
                }
            ),
        ),
    ),
    ("NSD-S04", "images that overflow", OVERFLOWING),
    (
        "NSD-S01",
        "a role of no synthesis",
        edited(PLAIN, header=lambda h: h["arrays"].update(extra=h["arrays"]["mask"])),
    ),
    ("NSD-S01", "a kernel beside a named basis", header(KERNELS, "synthesis", value={"channel": "dct"})),
    ("NSD-S01", "no spectrum", edited(PLAIN, header=lambda h: h["arrays"].pop("spectrum") and None)),
    ("NSD-S02", "an identity that changes the width", header(PLAIN, "synthesis", "width", value=...)),
    ("NSD-S02", "a spectrum of three dimensions", header(PLAIN, "arrays", "spectrum", "shape", value=[3, 4, 5])),
    ("NSD-S02", "a kernel for another width", header(KERNELS, "image_shape", 2, value=16)),
    ("NSD-S02", "a mask of integers", header(PLAIN, "arrays", "mask", "dtype", value="uint8")),
    ("NSD-S02", "a spectrum of unsigned integers", header(PLAIN, "arrays", "spectrum", "dtype", value="uint8")),
    ("NSD-S02", "two spectra zipped with three kernels", header(KERNELS, "synthesis", value={"pairing": "zip"})),
    ("NSD-S03", "a mask of a place too few", values_of(PLAIN, "mask", b"\0")),
    ("NSD-S03", "a mask of places too many", values_of(PLAIN, "mask", b"\xff" * 9)),
    (
        "NSD-S03",
        "more coefficients than places",
        with_tensors(
            header(PLAIN, "arrays", "mask", "shape", value=[3, 2, 2]),
            *tensors_of(PLAIN)[:2],
            ("mask", "U8", [2], b"\xff\x0f"),
        ),
    ),
    ("NSD-L01", "labels for other images", header(PLAIN, "arrays", "labels", "shape", value=[7])),
    ("NSD-L01", "soft labels of other classes", header(SOFT, "arrays", "labels", "shape", value=[6, 4])),
    ("NSD-L01", "soft labels of unsigned integers", header(SOFT, "arrays", "labels", "dtype", value="uint16")),
    ("NSD-L01", "labels of floats", header(PLAIN, "arrays", "labels", "dtype", value="float16")),
    ("NSD-L02", "the first label that is no class", values_of(PLAIN, "labels", b"\3")),
    ("NSD-L02", "the largest label", values_of(PLAIN, "labels", b"\xff", 5)),
    ("NSD-L02", "label 3 of two bytes", values_of(MASKED, "labels", b"\3")),
]

REFUSED: list[tuple[str, str, bytes]] = [
    *MALFORMED,
    ("DigestMismatch", "a value changed", PLAIN[:-1] + bytes([PLAIN[-1] ^ 1])),
    ("DigestMismatch", "a byte of the frame changed", PACKED[:-40] + bytes([PACKED[-40] ^ 1]) + PACKED[-39:]),
    ("DigestMismatch", "a class renamed", PLAIN.replace(b"class 1", b"class 7")),
    ("DigestMismatch", "a damaged digest and a field of no range", header(PLAIN, "classes", value=[])[:-1] + b"?"),
    ("UnsupportedVersion", "version 2.0 and a damaged digest", header(PLAIN, "version", value=[2, 0])[:-1] + b"?"),
    ("UnsupportedFeature", "a feature and a damaged digest", header(PLAIN, "require", value=["sum"])[:-1] + b"?"),
    ("UnsupportedVersion", "version 2.0", header(PLAIN, "version", value=[2, 0])),
    ("UnsupportedVersion", "version 0.9", header(PLAIN, "version", value=[0, 9])),
    (
        "UnsupportedVersion",
        "version 2.0 of which nothing else is known",
        edited(PLAIN, header=lambda h: {"version": [2, 0]}),
    ),
    ("UnsupportedFeature", "a required feature", header(PLAIN, "require", value=["entropy-coding"])),
    (
        "UnsupportedFeature",
        "a required feature that would explain the rest",
        edited(PLAIN, header=lambda h: h | {"require": ["sparse"], "image_shape": [], "arrays": 1}),
    ),
]

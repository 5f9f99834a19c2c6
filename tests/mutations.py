"""Random edits of a file that know its structure: a plain flip of a byte dies at the digest, these get past it.

`mutate` takes a file apart as far as it can, changes one thing at one depth (the nsd header, the values of an array,
the tensor entries, the text or the bytes of any of them), puts the rest together so that it fits, and seals. Used by
the tests and by the fuzzer (tests/fuzz/).
"""

from __future__ import annotations

import contextlib
import copy
import json
import struct
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import zstandard
from builders import frame, seal

from nsdcodec.format.container import codings
from nsdcodec.format.container.contents import SAFETENSORS
from nsdcodec.format.container.framing import CODED, ITEM_BYTES
from nsdcodec.format.stored_types import BITS, ArraySpec

Mutate = Callable[[bytes, int], bytes]
Document = dict[str, Any]
Tensor = tuple[str, str, list[int], bytes]  # name, dtype, shape, bytes
Reorder = Callable[[list[Tensor]], Iterable[Tensor]]

# What is put together takes no more than this: large files are slow to read and find nothing more.
MOST_BYTES = 1 << 16
# Before words of the file itself: those of the format that the file may not have, and what is at the edge of a rule.
TEXTS = (
    *("product", "zip", "dct", "dct4", "haar", "bilinear", "identity", "stored", "balanced", "soft"),
    *BITS,
    *codings.CODINGS,
    *("dtype", "shape", "order", "scale_axes", "sha256", "optional.x"),
    *("spectrum", "mask", "labels", "batch_kernel", "channel_kernel", "height_kernel", "width_kernel", CODED),
    *("synthesis", "pairing", "channel", "height", "width", "require", "optional", "provenance", "__metadata__", "nsd"),
    *("F32", "F16", "BF16", "U8", "I64", "", "\0", "é", "犬", "😀", "\ud800", "x" * 256, "x" * 257),
)
NUMBERS = (0, 1, 2, 3, 4, 6, 7, 8, 16, -1, -0.0, 0.5, 1e-320, 1e300, 255, 256, 4096, 4097, 65_536, 65_537)
NUMBERS += tuple((1 << power) + more for power in (24, 28, 30, 31, 32, 53, 62, 63, 64) for more in (-1, 0))
ODD_VALUES: tuple[Any, ...] = (None, True, False, [], {}, [[]], [0], {"": 0}, float("nan"), float("inf"))
SNIPPETS = ("-0", "NaN", "1e999", "9" * 25, "\ufeff", "\\ud800", "\\u0000", "[" * 20, *' \n,"\\{]')


def mutate(data: bytes, random: Random, mutate_bytes: Mutate | None = None) -> bytes:
    """`data` after one to three edits; sealed, but for one time in twenty. `mutate_bytes(bytes, most bytes)` changes
    bytes without a structure; by default a few at random."""
    mutate_bytes = mutate_bytes or (lambda plain, most: splice(plain, random)[:most])
    for _ in range(random.choice((1, 1, 2, 3))):
        with contextlib.suppress(Unreadable):
            data = _edited(data, random, mutate_bytes)
            continue
        data = mutate_bytes(data, MOST_BYTES)
    return data if random.random() < 0.05 or len(data) < 40 else seal(data)


class Unreadable(Exception):
    """The bytes cannot be taken apart as far as an edit needs."""


def _edited(data: bytes, random: Random, mutate_bytes: Mutate) -> bytes:
    depth = random.choices(range(6), (8, 6, 3, 2, 3, 1))[0]
    if depth == 5:
        return mutate_bytes(data, MOST_BYTES)
    entries, text, body = _framing(data)
    if depth == 4:
        return _put(entries, text, mutate_bytes(body, MOST_BYTES) if random.random() < 0.5 else splice(body, random))
    if depth == 3:
        return _with_text(entries, text, body, random)
    if depth == 2:
        change(entries, random)
        return _put(entries, text, body)
    header = _document(text)
    contents, coded = take_contents(entries, header, body)
    if depth == 1 and contents:
        role = random.choice(sorted(contents))
        more = mutate_bytes if random.random() < 0.7 else lambda plain, _: splice(plain, random)
        contents[role] = more(contents[role], MOST_BYTES)
    else:
        change(header, random)
    order = random.choice((reversed, added(random), renamed(random))) if random.random() < 0.1 else list
    return put_contents(header, contents, coded != (random.random() < 0.05), random.random() < 0.8, order)


def splice(data: bytes, random: Random) -> bytes:
    """A few bytes changed, cut out, or doubled."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        place = random.randrange(len(changed) + 1)
        length = random.choice((1, 1, 2, 4, 16))
        kind = random.randrange(4)
        if kind == 0:
            changed[place : place + 1] = bytes([random.choice((0, 1, 127, 128, 255, random.randrange(256)))])
        elif kind == 1:
            del changed[place : place + length]
        elif kind == 2:
            changed[place:place] = changed[place : place + length]
        elif place < len(changed):
            changed[place] ^= 1 << random.randrange(8)
    return bytes(changed)


# The text of the two headers, and their values.


def _framing(data: bytes) -> tuple[Document, str, bytes]:
    """The tensor entries, the text of the nsd header, the body."""
    try:
        length = struct.unpack("<Q", data[:8])[0]
        entries = json.loads(data[8 : 8 + length])
        text = entries.pop("__metadata__")["nsd"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error) as error:
        raise Unreadable from error
    if not isinstance(text, str):
        raise Unreadable
    return entries, text, data[8 + length :]


def _document(text: str) -> Document:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    if not isinstance(document, dict):
        raise Unreadable
    return document


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _put(entries: Any, text: str, body: bytes) -> bytes:
    whole = _dumps({"__metadata__": {"nsd": text}, **(entries if isinstance(entries, dict) else {"x": entries})})
    return frame(whole.encode(errors="surrogatepass"), body)


def _with_text(entries: Document, text: str, body: bytes, random: Random) -> bytes:
    """A piece of text put somewhere in the nsd header, or in the text around it."""
    snippet = random.choice((*SNIPPETS, _dumps(random.choice(TEXTS)), str(random.choice(NUMBERS))))
    if random.random() < 0.5:
        place = random.randrange(len(text) + 1)
        return _put(entries, text[:place] + snippet + text[place + random.choice((0, 0, 1, 3)) :], body)
    whole = _dumps({"__metadata__": {"nsd": text}, **entries})
    place = random.randrange(len(whole) + 1)
    whole = whole[:place] + snippet + whole[place + random.choice((0, 0, 1, 3)) :]
    return frame(whole.encode(errors="surrogatepass"), body)


def change(document: Any, random: Random) -> None:
    """One value anywhere in a JSON document replaced, nudged, left out, doubled or swapped, in place."""
    places = list(_places(document))
    if not places:
        return
    holder, step = random.choice(places)
    kind = random.randrange(6)
    if kind == 0:
        del holder[step]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(step, holder[step])
    elif kind == 1:
        holder[random.choice(TEXTS)] = holder[step]
    elif kind == 2:
        other, there = random.choice(places)
        # Copies: either may lie within the other.
        mine, theirs = copy.deepcopy(holder[step]), copy.deepcopy(other[there])
        holder[step] = theirs
        with contextlib.suppress(KeyError, IndexError):
            other[there] = mine
    else:
        holder[step] = _nudged(holder[step], random)


def _places(value: Any) -> Any:
    """(holder, key or index) of every value inside."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield value, step
        yield from _places(inner)


def _nudged(value: Any, random: Random) -> Any:
    if random.random() < 0.1:
        return random.choice(ODD_VALUES)
    if type(value) in (int, float) and random.random() < 0.7:
        return random.choice((value + 1, value - 1, value * 2, -value, random.choice(NUMBERS)))
    if isinstance(value, list) and random.random() < 0.5:
        return random.sample(value, len(value)) if random.random() < 0.5 else value * random.choice((2, 3))
    return random.choice(TEXTS) if random.random() < 0.6 else random.choice(NUMBERS)


# The values of the arrays: in place of the tensors, what each role has before zstd.


def take_contents(entries: Document, header: Document, body: bytes) -> tuple[dict[str, bytes], bool]:
    """The bytes of each array, and whether they are in a frame. Raises Unreadable where the file is too broken for
    that."""
    try:
        stored = {name: body[slice(*entry["data_offsets"])] for name, entry in entries.items()}
        specs = {role: _spec(entry) for role, entry in header["arrays"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable from error
    if CODED not in stored:
        return {role: stored.get(role, b"") for role in specs}, False
    contents, content, place = {}, _decompressed(stored[CODED]), 0
    for role, (spec, coding) in sorted(specs.items()):
        contents[role] = content[place : place + codings.length(spec, coding)]
        place += codings.length(spec, coding)
    return contents, True


def renamed(random: Random) -> Reorder:
    """One tensor under another name."""

    def reorder(tensors: list[Tensor]) -> list[Tensor]:
        place = random.randrange(len(tensors))
        return [*tensors[:place], (random.choice(TEXTS), *tensors[place][1:]), *tensors[place + 1 :]]

    return reorder


def added(random: Random) -> Reorder:
    """An optional tensor somewhere among the others."""

    def reorder(tensors: list[Tensor]) -> list[Tensor]:
        place = random.randrange(len(tensors) + 1)
        return [*tensors[:place], ("optional.x", "U8", [4], b"1234"), *tensors[place:]]

    return reorder


def put_contents(
    header: Document, contents: dict[str, bytes], coded: bool, fitting: bool, order: Reorder = list
) -> bytes:
    """A sealed file, its tensors in another order if one is given. Where it is `fitting`, contents are cut or filled up
    to what the table says, and roles that the table lacks are left out. Raises Unreadable where the table makes no
    sense."""
    try:
        specs = {role: _spec(entry) for role, entry in header["arrays"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable from error
    tensors: dict[str, tuple[str, list[int], bytes]] = {}
    frame = b""
    for role, (spec, coding) in sorted(specs.items()):
        content = contents.get(role, b"")
        wanted = min(codings.length(spec, coding if coded else codings.RAW), MOST_BYTES)
        if fitting:
            content = (content * (wanted // max(1, len(content)) + 1) or bytes(wanted))[:wanted]
        if coded:
            frame += content
        else:
            whole = fitting and spec.dtype in SAFETENSORS and len(content) == spec.nbytes
            dtype, shape = (SAFETENSORS[spec.dtype], list(spec.shape)) if whole else ("U8", [len(content)])
            tensors[role] = (dtype, shape, content)
    if coded:
        packed = zstandard.ZstdCompressor(write_checksum=True).compress(frame)
        tensors[CODED] = ("U8", [len(packed)], packed)
    entries, body = {}, b""
    rows = [(name, *tensor) for name, tensor in sorted(tensors.items(), key=lambda item: -ITEM_BYTES[item[1][0]])]
    for name, dtype, shape, content in order([*rows, ("sha256", "U8", [32], bytes(32))]):
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(content)]}
        body += content
    return _put(entries, _dumps(header), body)


def _spec(entry: Any) -> tuple[ArraySpec, str]:
    """And how a frame holds it."""
    dtype, shape, scale_axes = entry["dtype"], entry["shape"], entry.get("scale_axes")
    if dtype not in BITS or not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError
    if type(scale_axes) not in (int, type(None)):
        raise ValueError
    return ArraySpec(dtype, tuple(shape), scale_axes), codings.PLAIN if "order" in entry else codings.BITWISE


def _decompressed(frame: bytes) -> bytes:
    with contextlib.suppress(zstandard.ZstdError):
        if frame and zstandard.get_frame_parameters(frame).content_size <= 4 * MOST_BYTES:
            plain: bytes = zstandard.ZstdDecompressor().decompress(frame)
            return plain
    return b""

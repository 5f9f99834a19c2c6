"""One zstd frame (RFC 8878) that declares what it holds, checked before anything of it is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

try:  # here, not at the first frame: a first batch should not wait for it
    import zstandard
except ImportError:  # what needs no frame goes without
    zstandard = None  # type: ignore[assignment]

from nsdcodec.errors import MalformedFile, MissingData
from nsdcodec.format.container import blocks

MAX_WINDOW = 8 << 20
LEVEL = 19
# Finds next to no repetitions, so that nearly all is left to the Huffman codes of its blocks. Small integers that are
# independent repeat by chance alone, and what the level's own search makes of that can take a tenth more. What little
# is found by a table of this size or that still makes one or two hundredths, so that several are tried.
FEW_MATCHES = {"strategy": 7, "min_match": 7, "search_log": 1}
TABLE_LOGS = (6, 7, 8)
# Above this many bytes, codings are compared at a level that is fast.
SLOW_BYTES = 1 << 20
FAST_LEVEL = 3


def compress(data: bytes) -> bytes:
    """One frame with its size and a checksum, the smallest of a few; in one thread, so that the same bytes make the
    same frame."""
    ends = blocks.ends(data)
    few = [FEW_MATCHES | {"hash_log": size, "chain_log": size} for size in TABLE_LOGS]
    return min((_frame(data, LEVEL), *(_frame(data, LEVEL, changes, ends) for changes in few)), key=len)


def estimate(data: bytes) -> int:
    """About how many bytes `compress` would make."""
    return len(compress(data)) if len(data) <= SLOW_BYTES else len(_frame(data, FAST_LEVEL))


def decompress(frame: memoryview, size: int) -> bytes:
    """`size` bytes. The frame must declare just that size, before anything of it is decoded, since zstandard allocates
    what a frame declares. Raises MalformedFile (A03)."""
    library = _zstandard()
    try:
        stated = library.get_frame_parameters(frame)
        if stated.content_size != size:
            raise MalformedFile(
                "NSD-A03", f"the frame declares {stated.content_size:,} bytes, the table asks for {size:,}"
            )
        if stated.window_size > MAX_WINDOW or stated.dict_id != 0:
            raise MalformedFile("NSD-A03", f"a window of {stated.window_size:,} bytes or a dictionary")
        plain: bytes = library.ZstdDecompressor(max_window_size=MAX_WINDOW).decompress(frame, allow_extra_data=False)
    except library.ZstdError as error:
        raise MalformedFile("NSD-A03", str(error)) from error
    if len(plain) != size:
        raise MalformedFile("NSD-A03", f"the frame decodes to {len(plain):,} bytes, the table asks for {size:,}")
    return plain


def _frame(
    data: bytes, level: int, changes: Mapping[str, int] = MappingProxyType({}), ends: Sequence[int] = ()
) -> bytes:
    """`ends` are those of blocks, the last of which is that of the data; without any, zstd chooses them."""
    library = _zstandard()
    parameters = library.ZstdCompressionParameters.from_level(
        level, source_size=len(data), write_checksum=True, threads=0, **changes
    )
    compressor = library.ZstdCompressor(compression_params=parameters)
    if len(ends) < 2:
        frame: bytes = compressor.compress(data)
        return frame
    stream, parts = compressor.compressobj(size=len(data)), []
    for start, end in pairwise((0, *ends)):
        parts.append(stream.compress(data[start:end]))
        if end < len(data):
            parts.append(stream.flush(library.COMPRESSOBJ_FLUSH_BLOCK))
    return b"".join((*parts, stream.flush()))


def _zstandard() -> Any:
    if zstandard is None:
        raise MissingData("the package zstandard is not installed; pip install zstandard")
    return zstandard

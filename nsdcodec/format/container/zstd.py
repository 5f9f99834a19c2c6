"""One zstd frame (RFC 8878) that declares what it holds, checked before anything of it is decoded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

try:  # here, not at the first frame: a first batch should not wait for it
    import zstandard
except ImportError:  # what needs no frame goes without
    zstandard = None  # type: ignore[assignment]

from nsdcodec.errors import MalformedFile, MissingData

MAX_WINDOW = 8 << 20
LEVEL = 19
# Finds next to no repetitions, so that nearly all is left to the Huffman codes of its blocks. Small integers that are
# independent repeat by chance alone, and what the level's own search makes of that can take a tenth more.
FEW_MATCHES = {"strategy": 8, "min_match": 7, "hash_log": 8, "chain_log": 8, "search_log": 1}
# Above this many bytes, codings are compared at a level that is fast.
SLOW_BYTES = 1 << 20
FAST_LEVEL = 3


def compress(data: bytes) -> bytes:
    """One frame with its size and a checksum, the smaller of two; in one thread, so that the same bytes make the same
    frame."""
    return min((_frame(data, LEVEL), _frame(data, LEVEL, FEW_MATCHES)), key=len)


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


def _frame(data: bytes, level: int, changes: Mapping[str, int] = MappingProxyType({})) -> bytes:
    library = _zstandard()
    parameters = library.ZstdCompressionParameters.from_level(
        level, source_size=len(data), write_checksum=True, threads=0, **changes
    )
    frame: bytes = library.ZstdCompressor(compression_params=parameters).compress(data)
    return frame


def _zstandard() -> Any:
    if zstandard is None:
        raise MissingData("the package zstandard is not installed; pip install zstandard")
    return zstandard

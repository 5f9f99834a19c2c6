"""Array values <-> the bytes of one tensor in the file: stored types, and the codecs raw, zstd, shuffle+zstd."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsdcodec.errors import MalformedFile, MissingData
from nsdcodec.layout import FLOATS, ArraySpec

Array = NDArray[Any]

CODECS = ("raw", "zstd", "shuffle+zstd")
NUMPY = {"float32": "<f4", "float16": "<f2", "uint8": "u1", "uint16": "<u2"}
# What a codec's name costs in the header, quotes escaped: `,\"codec\":\"shuffle+zstd\"`.
CODEC_OVERHEAD = 32
MAX_WINDOW = 8 << 20
LEVEL = 19


def to_bytes(values: Array, spec: ArraySpec) -> bytes:
    """The stored bytes, little-endian, in C order. Raises OverflowError where a value does not fit the stored type."""
    if spec.dtype == "bit":
        return np.packbits(values.astype(bool).reshape(-1)).tobytes()
    with np.errstate(over="ignore", invalid="ignore"):
        stored = values.astype(NUMPY[spec.dtype])
    if not np.isfinite(stored).all() if spec.dtype in FLOATS else (stored != values).any():
        raise OverflowError(f"a value does not fit {spec.dtype} (largest: {np.abs(values).max():.4g})")
    return stored.tobytes()


def from_bytes(data: bytes, spec: ArraySpec, name: str) -> Array:
    """Values of the stored type (bits as bool), of the spec's shape. `data` has `spec.nbytes` bytes.
    Raises MalformedFile (A04) where a value is not finite or a padding bit is set."""
    if spec.dtype == "bit":
        bits = np.unpackbits(np.frombuffer(data, np.uint8))
        if bits[spec.size :].any():
            raise MalformedFile("NSD-A04", f"{name} has padding bits that are set")
        return bits[: spec.size].astype(bool).reshape(spec.shape)
    values = np.frombuffer(data, NUMPY[spec.dtype]).reshape(spec.shape)
    if spec.dtype in FLOATS and not np.isfinite(values).all():
        raise MalformedFile("NSD-A04", f"{name} holds NaN or infinity")
    return values


def compress(data: bytes, item_size: int) -> tuple[str, bytes]:
    """The smallest of the codecs, its own overhead counted, and its bytes."""
    best = ("raw", data)
    zstandard = _zstandard()
    parameters = zstandard.ZstdCompressionParameters.from_level(
        LEVEL, source_size=len(data), write_checksum=True, threads=0
    )
    for codec in CODECS[1:]:
        if codec == "shuffle+zstd" and item_size < 2:
            continue
        source = _shuffle(data, item_size) if codec == "shuffle+zstd" else data
        packed = zstandard.ZstdCompressor(compression_params=parameters).compress(source)
        if len(packed) + CODEC_OVERHEAD < len(best[1]) + (CODEC_OVERHEAD if best[0] != "raw" else 0):
            best = (codec, packed)
    return best


def decompress(data: bytes, codec: str, size: int, item_size: int, name: str) -> bytes:
    """`size` bytes. The frame must declare just that size, before anything of it is decoded, since zstandard allocates
    what a frame declares. Raises MalformedFile (A02, A03)."""
    if codec == "raw":
        if len(data) != size:
            raise MalformedFile("NSD-A02", f"{name} takes {len(data):,} bytes, the table says {size:,}")
        return data
    zstandard = _zstandard()
    try:
        frame = zstandard.get_frame_parameters(data)
        if frame.content_size != size:
            raise MalformedFile(
                "NSD-A03", f"{name}: the frame declares {frame.content_size:,} bytes, the table {size:,}"
            )
        if frame.window_size > max(MAX_WINDOW, 1 << 10) or frame.dict_id != 0:
            raise MalformedFile("NSD-A03", f"{name}: a window of {frame.window_size:,} bytes or a dictionary")
        plain: bytes = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise MalformedFile("NSD-A03", f"{name}: {error}") from error
    if len(plain) != size:
        raise MalformedFile("NSD-A03", f"{name} decodes to {len(plain):,} bytes, the table says {size:,}")
    return _unshuffle(plain, item_size) if codec == "shuffle+zstd" else plain


def item_size(spec: ArraySpec) -> int:
    """Bytes of one element, 1 for bits: the stride of the byte shuffle."""
    return 1 if spec.dtype == "bit" else math.ceil(np.dtype(NUMPY[spec.dtype]).itemsize)


def _shuffle(data: bytes, item_size: int) -> bytes:
    # First bytes of all items, then second bytes: those of float16 with the sign and exponent are alike.
    return np.frombuffer(data, np.uint8).reshape(-1, item_size).T.tobytes()


def _unshuffle(data: bytes, item_size: int) -> bytes:
    return np.frombuffer(data, np.uint8).reshape(item_size, -1).T.tobytes()


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise MissingData("the package zstandard is not installed; pip install zstandard") from error
    return zstandard

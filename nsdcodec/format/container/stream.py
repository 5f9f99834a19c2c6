"""Read the bytes of an open stream, up to a limit."""

from __future__ import annotations

import io
from typing import Any

BLOCK_BYTES = 1 << 20


def read_at_most(stream: Any, limit: int) -> bytes:
    """All of a binary stream, or its first `limit` + 1 bytes. Takes the memory of what is there: asked for the limit at
    once, Python reserves all of it."""
    whole = io.BytesIO()  # hands out its own buffer, where bytes of a bytearray are a copy
    while whole.tell() <= limit and (block := stream.read(min(BLOCK_BYTES, limit + 1 - whole.tell()))):
        whole.write(block)
    return whole.getvalue()

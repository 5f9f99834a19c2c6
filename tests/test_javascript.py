"""The JavaScript reader of spec/reference/javascript, against python-zstandard: two decoders that share no code."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

SPEC = Path(__file__).parents[1] / "spec"
READER = SPEC / "reference" / "javascript"
NODE = shutil.which("node")

# Continuous integration asks for node, so that there these tests cannot pass by not running.
pytestmark = pytest.mark.skipif(
    NODE is None and not os.environ.get("NSDC_REQUIRE_NODE"), reason="node is not installed (Debian package nodejs)"
)

DECOMPRESS_ALL = """
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
const { decompress, ZstdError } = await import(process.argv[1]);
for (const [path, size] of JSON.parse(readFileSync(process.argv[2]))) {
  try {
    const plain = decompress(new Uint8Array(readFileSync(path)), size);
    console.log(JSON.stringify([plain.length, createHash("sha256").update(plain).digest("hex")]));
  } catch (error) {
    if (!(error instanceof ZstdError)) throw error;
    console.log(JSON.stringify(error.message));
  }
}
"""


def node(*arguments: str | Path) -> str:
    """What node prints; that it fails, or takes a minute, is a failure."""
    assert NODE is not None, "node is not installed (Debian package nodejs)"
    command = [NODE, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def decompressed(folder: Path, frames: list[tuple[bytes, int]]) -> list[Any]:
    """For each (frame, expected size): [size, sha256] of what the JavaScript decoder made, or its message."""
    index = []
    for i, (frame, size) in enumerate(frames):
        (folder / f"{i}.zst").write_bytes(frame)
        index.append([str(folder / f"{i}.zst"), size])
    (folder / "index.json").write_text(json.dumps(index))
    printed = node("--input-type=module", "-e", DECOMPRESS_ALL, READER / "zstd.mjs", folder / "index.json")
    return [json.loads(line) for line in printed.splitlines()]


def described(plain: bytes) -> list[Any]:
    return [len(plain), hashlib.sha256(plain).hexdigest()]


def contents() -> dict[str, bytes]:
    """A megabyte each of what compresses in another way."""
    rng = np.random.default_rng(0)
    words = ["spectrum", "kernel", "image", "class", "a", "the", "of", "width"]
    return {
        "text": " ".join(rng.choice(words, 220_000)).encode(),
        "random": rng.bytes(1 << 20),
        "halves": rng.standard_normal(1 << 19).astype("<f2").tobytes(),
        "shuffled floats": rng.standard_normal(1 << 18).astype("<f4").view("u1").reshape(-1, 4).T.tobytes(),
        "long runs": np.repeat(rng.integers(0, 256, 4_000).astype("u1"), 270).tobytes(),
        "rare ones": (rng.random(1 << 20) < 0.02).astype("u1").tobytes(),
    }


def compressed(plain: bytes, level: int, checksum: bool = True) -> bytes:
    return zstandard.ZstdCompressor(level=level, write_checksum=checksum).compress(plain)


def test_frames_of_every_level_size_and_content_decode(tmp_path: Path) -> None:
    frames: list[tuple[bytes, int]] = []
    expected = []
    for content in contents().values():
        for level in (-5, 1, 3, 19, 22):
            for size in (0, 1, 100, 130_000, 1 << 20 if level in (1, 3) else 300_000):
                plain = content[:size]
                frames.append((compressed(plain, level, checksum=len(frames) % 2 == 0), len(plain)))
                expected.append(described(plain))
    assert decompressed(tmp_path, frames) == expected


def test_a_frame_of_another_kind_is_refused_by_its_header(tmp_path: Path) -> None:
    plain = b"spectrum" * 400
    frame = compressed(plain, 3)
    no_size = zstandard.ZstdCompressor(write_content_size=False).compress(plain)
    window = zstandard.ZstdCompressionParameters.from_level(3, window_log=24, enable_ldm=True)
    wide = zstandard.ZstdCompressor(compression_params=window).compressobj(size=(9 << 20))
    too_wide = wide.compress(plain * 2949) + wide.compress(b"\0" * ((9 << 20) - len(plain) * 2949)) + wide.flush()
    dictionary = zstandard.ZstdCompressionDict(b"spectrum kernel" * 20, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    trained = zstandard.train_dictionary(2000, [f"kernel {i} of spectrum {i * i}".encode() for i in range(2000)])
    assert dictionary.dict_id() == 0
    named = zstandard.ZstdCompressor(dict_data=trained).compress(plain)
    flipped = frame[:-1] + bytes([frame[-1] ^ 1])
    refused = [
        ("declares 3200 bytes", frame, 3201),
        ("declares null bytes", no_size, 3200),
        ("window", too_wide, 9 << 20),
        ("dictionary", named, 3200),
        ("bytes follow", frame + b"\0", 3200),
        ("bytes follow", frame + frame, 3200),
        ("checksum differs", flipped, 3200),
        ("checksum is missing", frame[:-1], 3200),
        ("not a zstd frame", b"\x50\x2a\x4d\x18\0\0\0\0" + frame, 3200),
        ("ends early", b"", 0),
    ]
    said = decompressed(tmp_path, [(frame, size) for _, frame, size in refused])
    for (expected, _, _), message in zip(refused, said, strict=True):
        assert isinstance(message, str)
        assert expected in message, (expected, message)


def test_damaged_frames_are_refused_or_decode_as_the_other_decoder_says(tmp_path: Path) -> None:
    """Without checksums, or nothing but the checksum would be tested."""
    rng = np.random.default_rng(1)
    frames = []
    for content in contents().values():
        for level in (1, 19):
            plain = content[: 3_000 if level == 1 else 40_000]
            whole = compressed(plain, level, checksum=False)
            for _ in range(60):
                damaged = bytearray(whole)
                # Headers of blocks and tables stand at the front: half of the changes go there.
                for place in rng.integers(0, rng.choice([min(80, len(whole)), len(whole)]), rng.integers(1, 4)):
                    damaged[place] = rng.integers(256)
                frames.append((bytes(damaged), len(plain)))
            frames.append((whole[: len(whole) // 2], len(plain)))
    both = 0
    for (frame, size), made in zip(frames, decompressed(tmp_path, frames), strict=True):
        if isinstance(made, list):
            assert made[0] == size
            decoder = zstandard.ZstdDecompressor(max_window_size=1 << 23)
            assert made == described(decoder.decompress(frame, allow_extra_data=False))
            both += 1
    assert both > 20, "so few were accepted that the comparison says little"

"""The JavaScript reader of spec/reference/javascript: its check of a zstd frame against the package's, its strict JSON
against Python's parser, and the whole against the vectors of spec/vectors.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from nsdcodec.errors import MalformedFile
from nsdcodec.format.container import zstd
from nsdcodec.format.stored_types import FLOATS, SCALED, UNSIGNED

SPEC = Path(__file__).parents[1] / "spec"
READER = SPEC / "reference" / "javascript"
VECTORS = SPEC / "vectors"
NODE = shutil.which("node")
MISSING = [] if NODE else ["node is not installed (Debian package nodejs)"]
if not (READER / "node_modules" / "zstddec").is_dir():
    MISSING.append("zstddec is not installed (make javascript)")

pytestmark = pytest.mark.skipif(bool(MISSING), reason="; ".join(MISSING) or "all is there")

DECOMPRESS_ALL = """
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
const { decompress } = await import(process.argv[1]);
const { NsdError } = await import(process.argv[2]);
for (const [path, size] of JSON.parse(readFileSync(process.argv[3]))) {
  try {
    const plain = await decompress(new Uint8Array(readFileSync(path)), size);
    console.log(JSON.stringify([plain.length, createHash("sha256").update(plain).digest("hex")]));
  } catch (error) {
    if (!(error instanceof NsdError) || error.code !== "NSD-A03") throw error;
    console.log(JSON.stringify(error.message));
  }
}
"""


def node(*arguments: str | Path, code: int = 0) -> list[Any]:
    """The JSON lines that node prints; that it ends with another code, or takes a minute, is a failure."""
    assert NODE is not None
    assert not MISSING, MISSING
    command = [NODE, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def script(code: str, *arguments: str | Path) -> list[Any]:
    return node("--input-type=module", "-e", code, *arguments)


def decompressed(folder: Path, frames: list[tuple[bytes, int]]) -> list[Any]:
    """For each (frame, expected size): [size, sha256] of what the JavaScript reader made, or its message."""
    index = []
    for i, (frame, size) in enumerate(frames):
        (folder / f"{i}.zst").write_bytes(frame)
        index.append([str(folder / f"{i}.zst"), size])
    (folder / "index.json").write_text(json.dumps(index))
    return script(DECOMPRESS_ALL, READER / "zstd.mjs", READER / "errors.mjs", folder / "index.json")


def described(plain: bytes) -> list[Any]:
    return [len(plain), hashlib.sha256(plain).hexdigest()]


def contents() -> dict[str, bytes]:
    """What compresses in another way each: to Huffman codes, to raw blocks, to matches, to blocks of one byte."""
    rng = np.random.default_rng(0)
    words = ["spectrum", "kernel", "image", "class", "a", "the", "of", "width"]
    return {
        "text": " ".join(rng.choice(words, 60_000)).encode(),
        "random": rng.bytes(270_000),
        "rare ones": (rng.random(270_000) < 0.02).astype("u1").tobytes(),
        "one run": bytes(270_000),
    }


def compressed(plain: bytes, level: int, checksum: bool = True) -> bytes:
    return zstandard.ZstdCompressor(level=level, write_checksum=checksum).compress(plain)


def test_frames_of_every_form_decode(tmp_path: Path) -> None:
    """The content size takes 1, 2 or 4 bytes of the header, and the window is the content or not."""
    frames: list[tuple[bytes, int]] = []
    expected = []
    for content in contents().values():
        for level in (1, 19):
            for size in (1, 255, 256, 65_791, 65_792, 270_000):
                plain = content[:size]
                frames.append((compressed(plain, level, checksum=len(frames) % 2 == 0), len(plain)))
                expected.append(described(plain))
    stream = zstandard.ZstdCompressor(level=3).compressobj(size=270_000)
    frames.append((stream.compress(content[:100_000]) + stream.compress(content[100_000:]) + stream.flush(), 270_000))
    expected.append(described(content))
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
    skippable = b"\x50\x2a\x4d\x18\0\0\0\0"
    refused = [
        ("declares 3200 bytes", frame, 3201),
        ("declares null bytes", no_size, 3200),
        ("window", too_wide, 9 << 20),
        ("dictionary", named, 3200),
        (f"ends at byte {len(frame)} of", frame + b"\0", 3200),
        (f"ends at byte {len(frame)} of", frame + frame, 3200),
        (f"ends at byte {len(frame)} of", frame + skippable, 3200),
        (f"ends at byte {len(frame)} of", frame[:-1], 3200),
        ("ends before its last block", frame[:9], 3200),
        ("is damaged", flipped, 3200),
        ("not a zstd frame", skippable + frame, 3200),
        ("ends early", b"", 0),
    ]
    said = decompressed(tmp_path, [(frame, size) for _, frame, size in refused])
    for (expected, _, _), message in zip(refused, said, strict=True):
        assert isinstance(message, str)
        assert expected in message, (expected, message)


def test_damaged_frames_are_refused_or_decode_as_by_the_package(tmp_path: Path) -> None:
    """Without checksums, or nothing but the checksum would be tested."""
    rng = np.random.default_rng(1)
    frames = []
    for content in contents().values():
        whole = compressed(content[:3_000], level=1, checksum=False)
        frames.append((whole[: len(whole) // 2], 3_000))
        for _ in range(200):
            damaged = bytearray(whole)
            # Headers of frames, blocks and tables stand at the front: half of the changes go there.
            place = rng.integers(0, rng.choice([min(20, len(whole)), len(whole)]))
            damaged[place] = rng.integers(256)
            frames.append((bytes(damaged), 3_000))
    accepted = 0
    for (frame, size), made in zip(frames, decompressed(tmp_path, frames), strict=True):
        try:
            wanted = described(zstd.decompress(memoryview(frame), size))
        except MalformedFile:
            assert isinstance(made, str), frame
            continue
        assert made == wanted
        accepted += 1
    assert 50 < accepted < len(frames) - 50, "so few were accepted, or refused, that the comparison says little"


def test_the_dependency_is_locked_by_its_hash_and_no_host_is_named() -> None:
    lock = (READER / "package-lock.json").read_text()
    packages = json.loads(lock)["packages"]
    assert packages.keys() == {"", "node_modules/zstddec"}
    assert packages["node_modules/zstddec"]["integrity"].startswith("sha512-")
    assert "//" not in re.sub('"integrity": ".*"', "", lock)


def test_the_tests_of_the_package_itself_pass() -> None:
    assert NODE is not None
    done = subprocess.run([NODE, "--test", "test/"], cwd=READER, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert f"# pass {len(manifest()['golden']) + len(manifest()['refused']) + 3}" in done.stdout


def test_the_types_are_those_of_what_is_exported() -> None:
    exported = set(re.findall(r"^export (?:async )?function (\w+)", (READER / "nsd.mjs").read_text(), re.MULTILINE))
    exported |= set(re.findall(r"^export \{ (\w+) \}", (READER / "nsd.mjs").read_text(), re.MULTILINE))
    types = (READER / "nsd.d.ts").read_text()
    assert set(re.findall(r"^export (?:function|class) (\w+)", types, re.MULTILINE)) == exported
    assert all(f"`{name}(" in (READER / "README.md").read_text() for name in exported - {"NsdError"})
    for table, names in (("Float", FLOATS), ("Scaled", SCALED), ("Unsigned", UNSIGNED)):
        (line,) = re.findall(rf"^export type {table} = (.*);$", types, re.MULTILINE)
        assert tuple(re.findall(r'"(\w+)"', line)) == names


def test_the_package_says_what_a_registry_needs() -> None:
    package = json.loads((READER / "package.json").read_text())
    assert {"name", "version", "description", "license", "exports", "types", "files", "engines"} <= set(package)
    assert "private" not in package
    assert json.loads((READER / "package-lock.json").read_text())["version"] == package["version"]
    assert (READER / "LICENSE").read_text() == (SPEC.parent / "LICENSE").read_text()
    modules = {path.name for path in READER.glob("*.mjs")} - {"check.mjs"}
    imported = {name for module in modules for name in re.findall(r'from "\./(.*)"', (READER / module).read_text())}
    assert imported <= modules


PARSE_ALL = """
import { readFileSync } from "node:fs";
const { parseStrictJson } = await import(process.argv[1]);
const tagged = (key, value) => (typeof value === "bigint" ? { integer: String(value) } : value);
for (const text of JSON.parse(readFileSync(process.argv[2]))) {
  try {
    console.log(JSON.stringify([parseStrictJson(text)], tagged));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    console.log("null");
  }
}
"""


def test_strict_json_parses_as_python_does(tmp_path: Path) -> None:
    texts = [
        ' {"a" : [1, -1, 8.0, -0.0, 1e2, -2.5E-3, 0.1, 5e-324, 1e-999], "b":{}, "c" :[]}\t\r\n',
        '"\\u00e9\\ud83d\\ude00\\n\\/\\\\ é😀\ufeff"',
        '{"__proto__": {"x": 1}, "constructor": null, "": true}',
        "[" * 16 + "]" * 16,
        "[" + "1," * ((1 << 17) - 2) + "1]",
        "9" * 19,
        "-" + "9" * 18,
        "123456789012345678901234567890.0",
        "false",
    ]
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    parsed = script(PARSE_ALL, READER / "strict_json.mjs", tmp_path / "texts.json")
    # Integers come tagged, so that 8 and 8.0 differ.
    integers = [json.loads(text, parse_int=lambda digits: {"integer": str(int(digits))}) for text in texts]
    assert [value[0] if value is not None else "refused" for value in parsed] == integers


def test_json_that_is_not_strict_is_refused(tmp_path: Path) -> None:
    texts = [
        "",
        " ",
        "-0",
        "[" + "1," * ((1 << 17) - 1) + "1]",
        "[" + "{}," * (1 << 16) + "{}]",
        "{",
        "[1,]",
        "[,1]",
        '{"a":1,}',
        '{"a" 1}',
        "{a:1}",
        "{1:1}",
        "[1 2]",
        "[1}",
        '{"a":1]',
        "1 2",
        "[] []",
    ]
    texts += [
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "- 1",
        "0x1",
        "NaN",
        "Infinity",
        "-Infinity",
        "[NaN]",
        "1e999",
        "-1e999",
    ]
    texts += [
        "9" * 20,
        "-" + "9" * 19,
        "tru",
        "truex",
        "nul",
        "None",
        "undefined",
        "'a'",
        "\ufeff{}",
        "\u00a01",
        "/**/1",
    ]
    texts += [
        '"',
        '"\\',
        '"\\x41"',
        '"\\u12"',
        '"\\u00g0"',
        '"\n"',
        '"\0"',
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\ud800x"',
    ]
    texts += ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"__proto__":1,"__proto__":2}', '[[{"b":[],"b":{}}]]']
    texts += ["[" * 17 + "]" * 17, '{"a":' * 17 + "1" + "}" * 17, "[" * 100_000]
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    parsed = script(PARSE_ALL, READER / "strict_json.mjs", tmp_path / "texts.json")
    assert [text for text, value in zip(texts, parsed, strict=True) if value is not None] == []


def manifest() -> dict[str, list[dict[str, Any]]]:
    vectors: dict[str, list[dict[str, Any]]] = json.loads((VECTORS / "manifest.json").read_text())
    return vectors


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """What check.mjs wrote, and the line it printed for each file, in one run over all vectors."""
    out = tmp_path_factory.mktemp("decoded")
    files = [vector["file"] for vector in manifest()["golden"] + manifest()["refused"]]
    lines = node(READER / "check.mjs", "--out", out, *(VECTORS / file for file in files), code=1)
    return out, dict(zip(files, lines, strict=True))


def test_every_golden_vector_decodes_to_its_images_labels_and_integers(checked: tuple[Path, dict[str, Any]]) -> None:
    out, lines = checked
    golden = manifest()["golden"]
    assert len({Path(vector["file"]).name for vector in golden}) == len(golden), (
        "files of one name overwrite each other"
    )
    for vector in golden:
        file, line = vector["file"], lines[vector["file"]]
        assert line["ok"], line

        def made(part: str, dtype: str, like: np.ndarray[Any, Any], file: str = file) -> np.ndarray[Any, Any]:
            numbers = np.fromfile(out / f"{Path(file).name}.{part}", dtype)
            assert numbers.size == like.size, (file, part)
            return numbers.reshape(like.shape)

        images = np.load(VECTORS / vector["images"])
        labels = np.load(VECTORS / vector["labels"])
        assert line["images"] == list(images.shape), file
        # Both compute in binary64: far nearer than the tolerance of binary32.
        assert np.abs(made("images.f64", "<f8", images) - images).max() <= 1e-12 * np.abs(images).max(), file
        limit = 0 if labels.ndim == 1 else 1e-12
        assert np.abs(made("labels.f64", "<f8", labels) - labels).max() <= limit, file
        for role, name in vector["integers"].items():
            integers = np.load(VECTORS / name)
            np.testing.assert_array_equal(made(f"{role}.i32", "<i4", integers), integers, err_msg=f"{file} {role}")


def test_every_malformed_vector_is_refused_by_its_rule(checked: tuple[Path, dict[str, Any]]) -> None:
    said = {vector["file"]: checked[1][vector["file"]].get("error") for vector in manifest()["refused"]}
    assert said == {vector["file"]: vector["error"] for vector in manifest()["refused"]}


READ_DAMAGED = """
import { readFileSync } from "node:fs";
const { NsdError, read } = await import(process.argv[1]);
const whole = new Uint8Array(readFileSync(process.argv[2]));
const counts = {};
async function count(bytes) {
  const name = await read(bytes).then(() => "read", (error) => {
    if (!(error instanceof NsdError)) throw error;
    return error.code;
  });
  counts[name] = (counts[name] ?? 0) + 1;
}
await count(whole);
for (let i = 0; i < whole.length; i += 1) {
  const bytes = whole.slice();
  bytes[i] ^= 1 << i % 8;
  await count(bytes);
  await count(whole.slice(0, i));
}
console.log(JSON.stringify(counts));
"""


def test_no_changed_byte_and_no_truncation_goes_unnoticed() -> None:
    file = min((VECTORS / vector["file"] for vector in manifest()["golden"]), key=lambda path: path.stat().st_size)
    (counts,) = script(READ_DAMAGED, READER / "nsd.mjs", file)
    assert counts.pop("read") == 1
    assert sum(counts.values()) == 2 * file.stat().st_size
    assert counts["DigestMismatch"] > 100


PIXELS = """
import { readFileSync } from "node:fs";
const { pixels, read } = await import(process.argv[1]);
for (const path of process.argv.slice(2)) {
  const file = await read(new Uint8Array(readFileSync(path)));
  console.log(JSON.stringify([file.header.normalization, Array.from(pixels(file, file.images - 1))]));
}
"""


def test_pixels_are_those_of_the_images_in_rgba() -> None:
    golden = manifest()["golden"]
    shown = script(PIXELS, READER / "nsd.mjs", *(VECTORS / vector["file"] for vector in golden))
    for vector, (normalization, rgba) in zip(golden, shown, strict=True):
        last = np.load(VECTORS / vector["images"])[-1]
        mean, std = (np.reshape(normalization[name], (-1, 1, 1)) for name in ("mean", "std"))
        exact = np.clip(255 * (last * std + mean), 0, 255)
        colours = np.moveaxis(exact if len(exact) == 3 else exact[[0, 0, 0]], 0, -1)
        made = np.reshape(rgba, (*last.shape[1:], 4))
        assert np.abs(made[..., :3] - colours).max() <= 0.5 + 1e-9, vector["file"]
        assert (made[..., 3] == 255).all()

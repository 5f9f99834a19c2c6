"""The reference reader in Python against arrays packed by hand, the test vectors, and the reader of the package."""

from __future__ import annotations

import ast
import importlib
import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from builders import put_together, take_apart
from malformed import REFUSED

from nsdcodec.errors import NsdError
from nsdcodec.format.container.file import read

SPEC = Path(__file__).parent.parent / "spec"
REFERENCE, VECTORS = SPEC / "reference" / "python", SPEC / "vectors"
MANIFEST = json.loads((VECTORS / "manifest.json").read_text())
sys.path.insert(0, str(REFERENCE))
nsd = importlib.import_module("nsd")
sys.path.remove(str(REFERENCE))

DTYPES = ["float32", "float16", "bfloat16", "int8", "int6", "int4", "int3", "int2", "uint1", "uint8", "uint16"]


def packed(text: str) -> bytes:
    """Characters 0 and 1 as bits, the first in the lowest bit of its byte."""
    return b"".join(int(text[i : i + 8][::-1], 2).to_bytes(1) for i in range(0, len(text), 8))


@pytest.mark.parametrize("coding", ["raw", "bitwise", "plain"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_array_packed_by_hand_decodes_exactly(dtype, coding):
    rng = np.random.default_rng(zlib.crc32(f"{dtype} {coding}".encode()))
    shape, size, bits = [3, 5, 7], 105, int("".join(filter(str.isdigit, dtype)))
    scales = rng.random(15).astype("<f2") if dtype.startswith("int") else np.empty(0, "<f2")
    if "float" in dtype:
        single = struct.pack("<105e" if dtype == "float16" else "<105f", *rng.standard_normal(size))
        plain = b"".join(single[i + 2 : i + 4] for i in range(0, 420, 4)) if dtype == "bfloat16" else single
        whole = struct.unpack(f"<105{'I' if bits == 32 else 'H'}", plain)
        wider = b"".join(b"\0\0" + plain[i : i + 2] for i in range(0, 210, 2)) if dtype == "bfloat16" else plain
        wanted = np.array(struct.unpack("<105e" if dtype == "float16" else "<105f", wider)).reshape(shape)
    else:
        low = 1 - (1 << bits - 1) if len(scales) else 0
        whole = [int(n) for n in rng.integers(low, (-low or (1 << bits) - 1) + 1, size)]
        plain = packed("".join(f"{n & (1 << bits) - 1:0{bits}b}"[::-1] for n in whole))
        factors = [float(scales[i // 7]) for i in range(size)] if len(scales) else [1] * size
        wanted = np.array([float(n * factor) for n, factor in zip(whole, factors, strict=True)]).reshape(shape)
    if coding != "raw" and bits in (3, 6):
        plain = bytes(n & 255 for n in whole)
    elif coding == "bitwise" and bits > 8:
        plain = b"".join(packed("".join(str(n >> j & 1) for n in whole)) for j in range(bits))
    entry = {"dtype": dtype, "shape": shape} | ({"scale_axes": 2} if len(scales) else {})
    if coding == "plain" and bits > 8:
        entry["order"] = "plain"
    array = nsd.Array("spectrum", entry, coding != "raw")
    assert array.length == len(scales.tobytes() + plain)
    integers, values = array.decode(scales.tobytes() + plain)
    np.testing.assert_array_equal(values, wanted, strict=True)
    if "float" not in dtype:
        assert integers.ravel().tolist() == whole


@pytest.mark.parametrize("vector", MANIFEST["golden"], ids=lambda vector: vector["file"])
def test_a_golden_vector_decodes_to_its_images_labels_and_integers(vector):
    decoded = nsd.decode((VECTORS / vector["file"]).read_bytes())
    images, labels = np.load(VECTORS / vector["images"]), np.load(VECTORS / vector["labels"])
    # Both are in binary64, so that they agree far better than the 1e-5 of spec/synthesis.md.
    np.testing.assert_allclose(decoded.images, images, rtol=0, atol=1e-12 * np.abs(images).max(), strict=True)
    np.testing.assert_allclose(decoded.labels, labels, rtol=0, atol=0 if labels.ndim == 1 else 1e-12, strict=True)
    assert decoded.integers.keys() - {"labels"} == vector["integers"].keys()
    for role, file in vector["integers"].items():
        np.testing.assert_array_equal(decoded.integers[role], np.load(VECTORS / file))
        assert decoded.integers[role].shape == np.load(VECTORS / file).shape


@pytest.mark.parametrize("vector", MANIFEST["refused"], ids=lambda vector: vector["file"])
def test_a_refused_vector_is_refused_by_its_rule(vector):
    with pytest.raises(ValueError, match=f"^{vector['error']}: "):
        nsd.decode((VECTORS / vector["file"]).read_bytes())


@pytest.mark.parametrize(("error", "what", "data"), [(*file,) for file in REFUSED if len(file[2]) > 16_000])
def test_what_is_too_large_for_the_vectors_is_refused_too(error, what, data):
    with pytest.raises(ValueError, match=f"^{error}: "):
        nsd.decode(data)


def test_no_damaged_byte_and_no_truncation_goes_unnoticed():
    data = (VECTORS / "nsd.nsd").read_bytes()
    for place in range(0, len(data), max(1, len(data) // 500)):
        damaged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        for wrong in (damaged, data[:place]):
            with pytest.raises(ValueError, match=r"^(NSD-[FH]0\d|DigestMismatch|Unsupported\w+): "):
                nsd.decode(wrong)


JUNK = [None, [], {}, "x", "zip", "dct", "int8", "uint1", "bfloat16", "plain", -1, 0, 1, 3, 1.5, 1 << 24, 1 << 62, True]


def places(value, path=()):
    """The path of every value within a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, part in inside for found in places(part, (*path, key)))]


def test_both_readers_accept_and_refuse_the_same_files():
    rng, accepted = np.random.default_rng(1), 0
    for trial in range(1000):
        vector = MANIFEST["golden"][trial % len(MANIFEST["golden"])]
        entries, header, body = take_apart((VECTORS / vector["file"]).read_bytes())
        found = [path for path in places(header) if path and path[0] not in ("recipe", "provenance")]
        *above, last = found[rng.integers(len(found))]
        part = header
        for key in above:
            part = part[key]
        part[last] = JUNK[rng.integers(len(JUNK))]
        data = put_together(entries, header, body)
        try:
            nsd.decode(data)
        except ValueError:
            with pytest.raises(NsdError):
                read(data)
        else:
            read(data)
            accepted += 1
    assert 20 < accepted < 500


def test_the_command_prints_what_files_hold_and_writes_images(tmp_path):
    golden, refused = MANIFEST["golden"][0], next(x for x in MANIFEST["refused"] if x["error"] == "DigestMismatch")
    command = [sys.executable, str(REFERENCE / "nsd.py"), "--npy", str(tmp_path), golden["file"], refused["file"]]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run(command, cwd=VECTORS, env=environment, capture_output=True, text=True, timeout=60)
    wanted = np.load(VECTORS / golden["images"])
    first, second = run.stdout.splitlines()
    assert first.startswith(f"{golden['file']}: images {wanted.shape}, {wanted.min():.4g} to {wanted.max():.4g}")
    assert second.startswith(f"{refused['file']}: refused: DigestMismatch")
    [written] = tmp_path.iterdir()
    np.testing.assert_allclose(np.load(written), wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


def test_the_reference_is_short_and_needs_only_numpy_and_zstandard():
    text = (REFERENCE / "nsd.py").read_text()
    nodes = list(ast.walk(ast.parse(text)))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in imported} <= {*sys.stdlib_module_names, "numpy", "zstandard"}
    assert len(text.splitlines()) < 300
    assert [path.name for path in REFERENCE.glob("*.py")] == ["nsd.py"]

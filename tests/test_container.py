"""The container: round trips, what other readers make of the bytes, and every malformed file by its rule."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import re
import struct
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import safetensors
import safetensors.numpy
import torch
import zstandard
from builders import LAYOUTS, SMALL, arrays_for, edited, file_of, floats, fresh_python, header_for, take_apart
from malformed import (
    MALFORMED,
    PACKED,
    PLAIN,
    SPECTRUM_BYTES,
    WRONG_FIELDS,
    body_of,
    header,
    only_array,
    run_of_zeros,
    tensors_of,
    text_of,
    zstd,
)

from nsdcodec.errors import (
    RULES,
    DigestMismatch,
    FileAccess,
    MalformedFile,
    TooLarge,
    UnsupportedFeature,
    UnsupportedVersion,
)
from nsdcodec.format.container import blocks, codings, packing
from nsdcodec.format.container.codings import BITWISE, CODINGS, RAW, WIDE
from nsdcodec.format.container.contents import MAX_FILE_BYTES
from nsdcodec.format.container.file import NSDFile, pack, read
from nsdcodec.format.container.framing import CODED, MAX_HEADER_BYTES, MAX_RANK
from nsdcodec.format.container.header import MAX_NAME
from nsdcodec.format.container.strict_json import MAX_DEPTH, MAX_VALUES
from nsdcodec.format.container.values import Stored, item_type, to_items
from nsdcodec.format.container.zstd import compress, decompress
from nsdcodec.format.geometry import LIMITS
from nsdcodec.format.layout import MAX_IMAGES, MAX_VALUES_OF_ALL, Layout, Synthesis
from nsdcodec.format.stored_types import BITS, FLOATS, SCALED, ArraySpec
from nsdcodec.format.synthesis import check_finite

SPEC = Path(__file__).parent.parent / "spec"
SCHEMA = jsonschema.Draft202012Validator(json.loads((SPEC / "header.schema.json").read_text()))


# Round trips.


@pytest.mark.parametrize("name", LAYOUTS)
def test_header_and_arrays_come_back_as_they_were(name):
    stated = header_for(LAYOUTS[name], classes=("café", "犬", 'a "b"\\\n'), optional=("hint",))
    arrays = arrays_for(LAYOUTS[name])
    data = pack(stated, arrays)
    file = read(data)
    assert file.nbytes == len(data)
    assert file.header_bytes + sum(file.stored_bytes.values()) + 32 == len(data)
    assert file.header_bytes == 8 + int.from_bytes(data[:8], "little")
    assert {role: values.dtype for role, values in file.arrays.items()} == {r: v.dtype for r, v in arrays.items()}
    for role in arrays:
        np.testing.assert_array_equal(file.arrays[role], arrays[role])
    for field in (
        "layout",
        "classes",
        "normalization",
        "recipe",
        "parameterization",
        "provenance",
        "optional",
    ):
        assert getattr(file.header, field) == getattr(stated, field)


def _spectrum(dtype, scale_axes=None):
    return Layout(SMALL, Synthesis(), {"spectrum": ArraySpec(dtype, (1, 64, 2, 4, 8), scale_axes)})


def _labelled(dtype):
    arrays = {"spectrum": floats(1, 640, 2, 4, 8), "labels": ArraySpec(dtype, (640,))}
    return Layout(SMALL, Synthesis(), arrays, "stored")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", LAYOUTS)
def test_each_stored_type_comes_back_exactly_in_each_coding(name, coding):
    arrays = arrays_for(LAYOUTS[name])
    file = read(pack(header_for(LAYOUTS[name]), arrays, coding))
    wide = {role for role, spec in LAYOUTS[name].arrays.items() if spec.dtype in WIDE}
    assert file.header.plain == (wide if coding == codings.PLAIN else set())
    assert file.is_coded == (coding != RAW)
    assert set(file.stored_bytes) == (set(arrays) if coding == RAW else {CODED})
    for role in arrays:
        np.testing.assert_array_equal(file.arrays[role], arrays[role])


NOISE = np.random.default_rng(1).integers(0, 2**32, 5000).astype("<u4").view("<f4")
NOISE = NOISE[np.isfinite(NOISE)][:4096]


@pytest.mark.parametrize(
    ("dtype", "scale_axes", "values", "coding"),
    [
        # Noise of all bits; values of one exponent, whose high bits alone repeat; few different values; small integers.
        ("float32", None, NOISE, RAW),
        ("float32", None, np.random.default_rng(1).uniform(1, 1.5, 4096), BITWISE),
        ("float32", None, np.random.default_rng(1).choice(np.random.default_rng(2).random(9), 4096), "zstd"),
        ("float16", None, np.random.default_rng(1).standard_normal(4096), BITWISE),
        ("int6", 2, np.random.default_rng(1).laplace(size=4096), "zstd"),
    ],
)
def test_an_array_is_coded_as_is_smallest(dtype, scale_axes, values, coding):
    layout = _spectrum(dtype, scale_axes)
    arrays = {"spectrum": values.reshape(1, 64, 2, 4, 8)}
    chosen = pack(header_for(layout), arrays)
    assert read(chosen).coding("spectrum") == coding
    assert len(chosen) == min(len(pack(header_for(layout), arrays, each)) for each in CODINGS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_coding_never_makes_a_file_larger(name):
    header, arrays = header_for(LAYOUTS[name]), arrays_for(LAYOUTS[name])
    assert len(pack(header, arrays)) <= len(pack(header, arrays, RAW))


def test_frames_are_written_with_their_size_and_a_checksum():
    [(_, _, _, stored)] = tensors_of(PACKED)
    frame = zstandard.get_frame_parameters(stored)
    assert frame.content_size == SPECTRUM_BYTES
    assert frame.has_checksum


def _by_definition(values, spec, coding):
    """The bytes of spec/container.md, bit by bit, in whole numbers of any size."""
    bits = spec.bits
    if spec.dtype in FLOATS:
        width = bits // 8
        items = [int.from_bytes(value.tobytes()[-width:], "little") for value in values.reshape(-1)]
    else:
        items = [int(value) % (1 << bits) for value in values.reshape(-1)]
    if coding != RAW and spec.dtype in ("int6", "int3"):  # two's complement of a byte
        return bytes(int(value) % 256 for value in values.reshape(-1))
    if coding == BITWISE and bits > 8:
        planes = [[(item >> bit) & 1 for item in items] for bit in range(bits)]
    else:
        planes = [[(item >> bit) & 1 for item in items for bit in range(bits)]]
    padded = [bit for plane in planes for bit in plane + [0] * (-len(plane) % 8)]
    return bytes(sum(bit << j for j, bit in enumerate(padded[i : i + 8])) for i in range(0, len(padded), 8))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("dtype", BITS)
def test_the_bytes_are_those_of_the_definition(dtype, coding):
    rng = np.random.default_rng(3)
    spec = ArraySpec(dtype, (7, 11), 1 if dtype in SCALED else None)
    if dtype in FLOATS:
        values = rng.standard_normal(77).astype("<f2" if dtype == "float16" else "<f4")
        if dtype == "bfloat16":
            values = (values.view("<u4") & 0xFFFF0000).view("<f4")
        stored = to_items(values.reshape(7, 11), spec)
    elif dtype in SCALED:
        most = (1 << spec.bits - 1) - 1
        values = rng.integers(-most, most + 1, 77).astype(np.int8)
        stored = Stored(values, rng.uniform(0, 1, 7).astype("<f2"))
    else:
        values = rng.integers(0, 1 << spec.bits, 77).astype("u1" if spec.bits <= 8 else "<u2")
        stored = to_items(values.reshape(7, 11), spec)
    data = packing.to_bytes(stored, spec, coding)
    assert data == stored.scales.tobytes() + _by_definition(values, spec, coding)
    assert len(data) == codings.length(spec, coding)
    back = packing.from_bytes(memoryview(data), spec, coding, "it")
    np.testing.assert_array_equal(back.items, stored.items)
    np.testing.assert_array_equal(back.scales, stored.scales)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("dtype", ["int6", "int3", "uint16", "uint1"])
def test_more_integers_than_are_packed_at_once_come_back(dtype, coding):
    count = packing.LOT + 13
    spec = ArraySpec(dtype, (count,), 0 if dtype in SCALED else None)
    values = np.random.default_rng(5).integers(0, 1 << spec.bits - (dtype in SCALED), count)
    items = values.astype("i1" if dtype in SCALED else "u1" if spec.bits <= 8 else "<u2")
    stored = Stored(items, np.ones(spec.scales, "<f2"))
    back = packing.from_bytes(memoryview(packing.to_bytes(stored, spec, coding)), spec, coding, "it")
    np.testing.assert_array_equal(back.items, items)


def test_an_array_larger_than_the_window_comes_back():
    layout = Layout(SMALL, Synthesis(), {"spectrum": floats(1, 40_000, 2, 4, 8)})
    values = np.tile(np.arange(64, dtype="<f4"), 40_000).reshape(1, 40_000, 2, 4, 8)
    file = read(pack(header_for(layout), {"spectrum": values}))
    assert file.stored_bytes[CODED] < 20_000 < 8 << 20 < layout.nbytes
    np.testing.assert_array_equal(file.arrays["spectrum"], values)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_floats_are_rounded_to_nearest(dtype):
    layout = _spectrum(dtype)
    values = np.random.default_rng(1).standard_normal((1, 64, 2, 4, 8)).astype(np.float32)
    wanted = torch.from_numpy(values).to(getattr(torch, dtype)).float()
    np.testing.assert_array_equal(read(pack(header_for(layout), {"spectrum": values})).arrays["spectrum"], wanted)


@pytest.mark.parametrize("dtype", SCALED)
@pytest.mark.parametrize("scale_axes", [0, 1, 2, 4])
def test_scaled_integers_are_within_half_a_step_of_the_values(dtype, scale_axes):
    layout = _spectrum(dtype, scale_axes)
    values = np.random.default_rng(1).laplace(size=(1, 64, 2, 4, 8)) * np.arange(64)[:, None, None, None] * 1e-3
    file = read(pack(header_for(layout), {"spectrum": values}))
    most = (1 << layout.arrays["spectrum"].bits - 1) - 1
    axes = tuple(range(scale_axes, 5))
    steps = np.abs(values).max(axis=axes, keepdims=True) / most
    # A scale is a float16: its own rounding moves the largest values by 2^-11 of themselves, small ones by 2^-25.
    error = np.abs(file.arrays["spectrum"] - values)
    assert (error <= steps * 0.5 + np.abs(values) * 2**-10.9 + most * 2**-25).all()
    assert np.abs(file.integers["spectrum"]).max() == most
    again = read(pack(file.header, file.arrays))
    np.testing.assert_array_equal(again.integers["spectrum"], file.integers["spectrum"])
    np.testing.assert_array_equal(again.arrays["spectrum"], file.arrays["spectrum"])


def test_a_slice_of_zeros_has_a_scale_of_zero():
    layout = _spectrum("int4", 2)
    values = np.zeros((1, 64, 2, 4, 8))
    values[0, 1] = 1e-9  # below the smallest scale
    file = read(pack(header_for(layout), {"spectrum": values}))
    assert not file.arrays["spectrum"].any()
    assert not file.integers["spectrum"].any()


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int6", "int4", "int3", "int2", "uint1", "uint8", "uint16"])
def test_items_come_back_beyond_what_is_unpacked_at_once(dtype, coding):
    signed = dtype.startswith("int")
    spec = ArraySpec(dtype, (2 * packing.LOT + 13,), 0 if signed else None)
    low = -(1 << spec.bits - 1) if signed else 0
    items = np.random.default_rng(0).integers(low, low + (1 << spec.bits), spec.size)
    items = items.astype("i1" if signed else "u1" if spec.bits <= 8 else "<u2").view(item_type(spec))
    stored = Stored(items, np.ones(spec.scales, "<f2"))
    data = packing.to_bytes(stored, spec, coding)
    made = packing.from_bytes(memoryview(data), spec, coding, "array")
    assert len(data) == codings.length(spec, coding)
    assert made.items.tobytes() == items.tobytes()


# What others make of the bytes.


@pytest.mark.parametrize("name", LAYOUTS)
def test_safetensors_opens_a_raw_file_array_by_array(name, tmp_path):
    arrays = arrays_for(LAYOUTS[name])
    (tmp_path / "a.nsd").write_bytes(file_of(name))
    with safetensors.safe_open(tmp_path / "a.nsd", framework="pt") as file:
        assert set(file.keys()) == {*arrays, "sha256"}
        assert list(file.metadata()) == ["nsd"]
        for role, values in arrays.items():
            spec, stored = LAYOUTS[name].arrays[role], file.get_tensor(role)
            if spec.dtype in FLOATS:
                assert stored.dtype == getattr(torch, spec.dtype)
                np.testing.assert_array_equal(stored.float(), values)
            else:
                assert stored.dtype == torch.uint8
                assert stored.shape == (spec.nbytes,)


@pytest.mark.parametrize("coding", CODINGS[1:])
def test_safetensors_opens_a_coded_file(coding):
    tensors = safetensors.deserialize(file_of("halves", coding))
    assert sorted(name for name, _ in tensors) == ["coded", "sha256"]
    assert {tensor["dtype"] for _, tensor in tensors} == {"U8"}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_packed_header_is_canonical_json_and_fits_the_schema(name):
    text = text_of(file_of(name, classes=("café", "犬", "c")))
    document = json.loads(text)
    assert text == json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    SCHEMA.validate(document)


@pytest.mark.parametrize("path_value", WRONG_FIELDS, ids=lambda pair: f"{'.'.join(map(str, pair[0]))}={pair[1]!r:.20}")
def test_the_schema_refuses_every_field_that_the_reader_refuses(path_value):
    path, value = path_value
    assert not SCHEMA.is_valid(take_apart(header(PLAIN, *path, value=value))[1])


def test_packing_again_makes_the_same_bytes():
    assert file_of("halves", "auto") == file_of("halves", "auto")


@pytest.mark.parametrize("count", [4, pytest.param(20, marks=pytest.mark.release)])
def test_fresh_processes_make_the_same_bytes(tmp_path, count):
    code = """
import os, sys
os.chdir(sys.argv[1])
import hashlib
from builders import file_of
names = ("café", "犬", "c")
made = [file_of(name, "auto", classes=names) for name in ("halves", "mask for all", "scaled integers", "bfloat16")]
print(hashlib.sha256(b"".join(made)).hexdigest(), "torch" in sys.modules)
"""
    places = ("C", "C.UTF-8", "POSIX", "tr_TR.UTF-8", "de_DE.ISO-8859-1")
    zones = ("UTC", "Asia/Tokyo", "America/St_Johns", "")
    made = set()
    for number in range(count):
        folder = tmp_path / str(number)
        folder.mkdir()
        run = fresh_python(
            code,
            str(folder),
            PYTHONHASHSEED=str(number) if number else "random",
            LC_ALL=places[number % 5],
            TZ=zones[number % 4],
            OMP_NUM_THREADS=str(1 + number % 3),
        )
        assert run.returncode == 0, run.stderr
        made.add(run.stdout)
    (digest,) = made
    assert len(digest.split()[0]) == 64
    assert digest.endswith(" False\n")  # torch would make this slow


def test_the_last_32_bytes_are_the_sha256_of_all_before_them():
    for data in (PLAIN, PACKED):
        assert read(data).digest == hashlib.sha256(data[:-32]).hexdigest() == data[-32:].hex()


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", LAYOUTS)
def test_raw_arrays_can_be_mapped(name, coding):
    """Each stands at a multiple of the bytes of its items."""
    data = file_of(name, coding)
    entries, _, body = take_apart(data)
    for entry in entries.values():
        item = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1}[entry["dtype"]]
        assert (len(data) - len(body) + entry["data_offsets"][0]) % item == 0


def test_optional_bytes_are_kept_and_change_nothing_else():
    layout = LAYOUTS["one block"]
    optional = {"thumbnail": b"a picture", "licence": b"\0"}
    data = pack(header_for(layout), arrays_for(layout), optional=optional)
    with_them, without = read(data), read(pack(header_for(layout), arrays_for(layout)))
    assert with_them.optional == optional
    assert without.optional == {}
    assert with_them.header == without.header
    assert with_them.stored_bytes == without.stored_bytes
    assert with_them.header_bytes == len(data) - sum(with_them.stored_bytes.values()) - 42


def test_the_file_is_hashed_once(monkeypatch):
    """By `read`, and by `pack`, which reads what it made."""
    hashed = []

    class Sha256:
        def __init__(self, data):
            hashed.append(len(data))

        def digest(self):
            return bytes(32)

        def hexdigest(self):
            return "00" * 32

    monkeypatch.setattr("nsdcodec.format.container.framing.hashlib.sha256", Sha256)
    layout = LAYOUTS["one block"]
    data = pack(header_for(layout), arrays_for(layout))
    assert len(hashed) == 1
    read(data)
    assert hashed[1:] == [len(data) - 32]


def test_a_version_that_this_reader_lacks_is_refused_before_the_file_is_hashed(monkeypatch):
    monkeypatch.setattr("nsdcodec.format.container.framing.check_digest", None)  # a call would fail
    with pytest.raises(UnsupportedVersion):
        read(header(PLAIN, "version", value=[2, 0]))
    with pytest.raises(UnsupportedFeature):
        read(header(PLAIN, "require", value=["sum"]))


def test_images_are_finite_where_float64_rounded_says_so():
    """Sums that overflow in float32 on the way, and cancel; and a value that float32 sums round down to its largest."""
    layout = LAYOUTS["one block"]
    arrays = arrays_for(layout) | {"width_kernel": np.ones((1, 5, 8))}
    arrays["spectrum"] = np.full((1, 3, 2, 4, 5), 3e38) * np.array([1, 1, -1, -1, 0])
    arrays["batch_kernel"] = np.tile([[1.0], [0], [0]], (1, 1, 7))
    check_finite(read(pack(header_for(layout), arrays)))
    arrays["spectrum"] = arrays["spectrum"] * np.array([1, 1, 0, 0, 0])
    with pytest.raises(MalformedFile, match="NSD-S04"):
        check_finite(read(pack(header_for(layout), arrays)))


# Malformed files.


def refuse(data: bytes) -> NSDFile:
    """`read`, and the check that only those make who decode all images."""
    file = read(data)
    check_finite(file)
    return file


# Malformed files.


@pytest.mark.parametrize(("rule", "what", "data"), MALFORMED, ids=[f"{rule} {what}" for rule, what, _ in MALFORMED])
def test_a_malformed_file_is_refused_by_its_rule(rule, what, data):
    with pytest.raises(MalformedFile) as caught:
        refuse(data)
    assert caught.value.rule == rule


def test_every_rule_has_a_malformed_file():
    assert {rule for rule, _, _ in MALFORMED} == set(RULES)
    assert max(Counter((rule, what) for rule, what, _ in MALFORMED).values()) == 1


def test_the_spec_lists_exactly_the_rules():
    assert re.findall(r"^\| (NSD-\w\d\d) \|", (SPEC / "errors.md").read_text(), re.MULTILINE) == list(RULES)


def test_the_spec_states_the_exit_code_of_every_other_refusal():
    stated = re.findall(r"^\| `(\w+)` \| (\d) \|", (SPEC / "errors.md").read_text(), re.MULTILINE)
    assert {name: int(code) for name, code in stated} == {
        kind.__name__: kind.exit_code
        for kind in (DigestMismatch, UnsupportedVersion, UnsupportedFeature, FileAccess, TooLarge)
    }
    assert f"exit code {MalformedFile.exit_code}" in (SPEC / "errors.md").read_text()


def test_the_spec_states_the_limits_of_the_code():
    limits = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", (SPEC / "container.md").read_text(), re.MULTILINE))
    assert limits["file"] == f"2^{MAX_FILE_BYTES.bit_length() - 1} bytes"
    assert limits["safetensors header"] == f"2^{MAX_HEADER_BYTES.bit_length() - 1} bytes"
    assert limits["brackets inside each other in a JSON text"] == str(MAX_DEPTH)
    assert limits["brackets `[` and `{`, and commas, in a JSON text, outside of its strings"] == (
        f"2^{MAX_VALUES.bit_length() - 1} - 1"
    )
    assert limits["dimensions of an array"].split()[0] == str(MAX_RANK)
    assert limits["images"] == f"2^{MAX_IMAGES.bit_length() - 1}"
    assert limits["images times values of one"] == f"2^{MAX_VALUES_OF_ALL.bit_length() - 1}"
    assert limits["a text of a header field"].split()[0] == str(MAX_NAME)
    assert limits["classes; channels; height; width"] == "; ".join(f"{limit:,}" for limit in LIMITS.values())


def test_a_file_over_the_limit_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("nsdcodec.format.container.contents.MAX_FILE_BYTES", len(PLAIN) - 1)
    (tmp_path / "a.nsd").write_bytes(PLAIN)
    for source in (PLAIN, tmp_path / "a.nsd", io.BytesIO(PLAIN)):
        with pytest.raises(MalformedFile) as caught:
            read(source)
        assert caught.value.rule == "NSD-F02"


def test_a_changed_value_is_a_digest_mismatch_before_anything_else_is_said_of_it():
    start = len(PLAIN) - len(body_of(PLAIN))
    not_finite = PLAIN[:start] + np.full(60, np.nan, "<f4").tobytes() + PLAIN[start + 240 :]
    with pytest.raises(DigestMismatch, match="damaged or changed"):
        read(not_finite)


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        *(
            (run_of_zeros(0, size), f"the frame declares {size:,} bytes")
            for size in (SPECTRUM_BYTES + 1, 1 << 36, 1 << 63)
        ),
        (run_of_zeros(SPECTRUM_BYTES, SPECTRUM_BYTES, window_log=24), "a window of 16,777,216 bytes"),
        (run_of_zeros(SPECTRUM_BYTES, SPECTRUM_BYTES, dictionary=7), "or a dictionary"),
    ],
)
def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch, stored, reason):
    class Decompressor:
        def __init__(self, *_, **__):
            raise AssertionError("the frame was decoded")

    monkeypatch.setattr(zstandard, "ZstdDecompressor", Decompressor)
    with pytest.raises(MalformedFile, match=reason):
        read(only_array(stored))


def test_frames_at_the_limits_are_read():
    for stored in (
        run_of_zeros(SPECTRUM_BYTES, SPECTRUM_BYTES),
        run_of_zeros(SPECTRUM_BYTES, SPECTRUM_BYTES, window_log=23),
        zstd(bytes(SPECTRUM_BYTES), write_checksum=True),
    ):
        file = read(only_array(stored))
        assert file.arrays["spectrum"].shape == (1, 64, 2, 4, 8)
        assert not file.arrays["spectrum"].any()


def test_what_this_machine_cannot_hold_is_too_large_and_not_malformed(monkeypatch):
    monkeypatch.setattr("nsdcodec.system.free_memory.SMALL", 0)
    monkeypatch.setattr("nsdcodec.system.free_memory._of_machine", lambda: 100_000)
    layout = _spectrum("float32")
    data = pack(header_for(layout), {"spectrum": np.zeros((1, 64, 2, 4, 8))})
    file = read(data)
    monkeypatch.setattr("nsdcodec.system.free_memory._of_machine", lambda: 2 * 4 * 64 * 64 - 1)
    for attempt in (lambda: read(data), lambda: check_finite(file)):
        with pytest.raises(TooLarge, match="well-formed, and too large for this machine"):
            attempt()


def test_the_examples_of_the_spec_are_the_bytes_of_the_code():
    text = (SPEC / "container.md").read_text().split("## Examples")[1]
    whole = (SPEC / "vectors" / "smallest.nsd").read_bytes()
    length = int.from_bytes(whole[:8], "little")
    lines = re.findall(r"^    (.*)$", text, re.MULTILINE)
    assert whole[:8].hex(" ") in text
    assert f"the {length} bytes of the header" in text
    assert ("".join(lines[:-1]) + " ").encode() == whole[8 : 8 + length]
    assert bytes.fromhex(lines[-1]) == whole[8 + length :]
    integers = ArraySpec("int6", (4,), 0), Stored(np.array([1, -1, 31, 0], "i1"), np.array([0.5], "<f2"))
    mask = ArraySpec("uint1", (1, 2, 5)), Stored(np.array([1, 0, 1, 1, 0, 0, 0, 0, 0, 1], "u1"), np.empty(0, "<f2"))
    halves = ArraySpec("float16", (3,)), Stored(np.array([1, -2, 0.5], "<f2"), np.empty(0, "<f2"))

    def shown(array, coding):
        return packing.to_bytes(array[1], array[0], coding).hex(" ")

    assert f"`{shown(integers, RAW)}`" in text
    assert f"`{shown(integers, BITWISE)}`" in text
    assert f"`{shown(mask, RAW)}`" in text
    assert shown(mask, RAW) == shown(mask, BITWISE)
    assert shown(halves, BITWISE) == "00 " * 10 + "01 05 05 05 02 02"
    assert "ten `00`, then `01 05 05 05 02 02`" in text


def test_a_hostile_shape_is_refused_at_once():
    lengths = json.dumps([9_999_999_999_999_999_999] * 130_000, separators=(",", ":"))
    text = '{"__metadata__":{"nsd":""},"a":{"dtype":"U8","shape":' + lengths + ',"data_offsets":[0,1]}}'
    start = time.perf_counter()
    with pytest.raises(MalformedFile) as caught:
        read(struct.pack("<Q", len(text)) + text.encode() + b"\0")
    assert time.perf_counter() - start < 20
    assert caught.value.rule == "NSD-F05"
    assert len(str(caught.value)) < 1000


# Versions and features.


@pytest.mark.parametrize("version", [[2, 0], [0, 9], [9_999, 9_999]])
def test_another_major_version_is_refused_by_its_number(version):
    for document in (take_apart(PLAIN)[1] | {"version": version}, {"version": version}):
        with pytest.raises(UnsupportedVersion, match=rf"{version[0]}\.{version[1]}.*1\.x"):
            read(edited(PLAIN, header=lambda _, document=document: document))


def test_a_later_minor_version_is_read():
    assert read(header(PLAIN, "version", value=[1, 7])).header.version == (1, 7)


def test_a_required_feature_that_is_unknown_is_refused_by_name():
    with pytest.raises(UnsupportedFeature, match="entropy-coding"):
        read(header(PLAIN, "require", value=["entropy-coding"]))


def test_a_required_feature_is_named_before_what_it_would_explain():
    changed = edited(PLAIN, header=lambda h: h | {"require": ["sparse"], "image_shape": [], "arrays": 1})
    with pytest.raises(UnsupportedFeature, match="sparse"):
        read(changed)


def test_unknown_optional_features_and_fields_are_ignored():
    def add(document):
        document["optional"] = ["thumbnail"]
        for target in (
            document,
            document["normalization"],
            document["synthesis"],
            document["recipe"],
            document["recipe"]["network"],
        ):
            target["later"] = {"a": [1, None, True]}

    changed = edited(PLAIN, header=add)
    before, after = read(PLAIN), read(changed)
    assert SCHEMA.is_valid(take_apart(changed)[1])
    assert after.header.optional == ("thumbnail",)
    assert after.header.layout == before.header.layout
    assert after.header.recipe == before.header.recipe
    for role in before.arrays:
        np.testing.assert_array_equal(after.arrays[role], before.arrays[role])


# Reading and writing.


def test_path_bytes_and_stream_are_the_same_file(tmp_path):
    path = tmp_path / "a.nsd"
    path.write_bytes(PLAIN)
    for source in (path, str(path), PLAIN, bytearray(PLAIN), memoryview(PLAIN), io.BytesIO(PLAIN), path.open("rb")):
        assert read(source).digest == read(PLAIN).digest


def test_what_cannot_be_read_is_file_access(tmp_path):
    closed = io.BytesIO(PLAIN)
    closed.close()
    for source in (tmp_path / "absent.nsd", tmp_path, str(tmp_path / "a\0b"), closed):
        with pytest.raises(FileAccess, match="cannot read"):
            read(source)


def test_each_check_is_reported_in_order():
    heard = []
    read(PLAIN, lambda check, found: heard.append(check))
    assert heard == ["framing", "version", "digest", "header", "arrays", "layout"]


def test_bits_a_class_are_those_of_the_whole_file():
    assert read(PLAIN).bits_per_class == pytest.approx(8 * len(PLAIN) / 3)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [("float16", 1e5), ("float32", 1e39), ("float32", np.nan), ("float16", -np.inf)],
)
def test_a_float_that_does_not_fit_is_refused(dtype, values):
    with pytest.raises(OverflowError, match=dtype):
        pack(header_for(_spectrum(dtype)), {"spectrum": np.full((1, 64, 2, 4, 8), values)})


@pytest.mark.parametrize("label", [300, -1, 0.5])
def test_a_label_that_does_not_fit_is_refused_and_not_wrapped(label):
    layout = _labelled("uint8")
    with pytest.raises(OverflowError, match="uint8"):
        pack(header_for(layout), arrays_for(layout) | {"labels": np.full(640, label)})


def test_an_array_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="the layout says"):
        pack(header_for(_spectrum("float32")), {"spectrum": np.zeros((1, 64, 2, 8, 4))})


@pytest.mark.parametrize(("items", "scales"), [(4095, 64), (4096, 1)])
def test_items_of_another_number_are_refused(items, scales):
    given = Stored(np.zeros(items, np.int8), np.ones(scales, "<f2"))
    with pytest.raises(ValueError, match="items"):
        pack(header_for(_spectrum("int4", 2)), {"spectrum": given})


@pytest.mark.parametrize(
    ("changes", "rule"), [({"classes": ("a", "b", "a")}, "NSD-H03"), ({"parameterization": "x" * 300}, "NSD-H02")]
)
def test_no_file_is_made_that_no_reader_opens(changes, rule):
    with pytest.raises(MalformedFile) as caught:
        file_of("pixels", **changes)
    assert caught.value.rule == rule


def test_names_of_other_classes_than_the_layout_has_are_refused():
    with pytest.raises(ValueError, match="2 class names"):
        file_of("pixels", classes=("a", "b"))


def test_a_class_named_like_a_tensor_keeps_its_name():
    names = ("sha256", "coded", "__metadata__")
    assert read(file_of("pixels", classes=names)).header.classes == names


def test_a_malformed_file_error_survives_pickling_with_its_rule():
    error = pickle.loads(pickle.dumps(MalformedFile("NSD-L02", "image 3 has label 9")))
    assert error.rule == "NSD-L02"
    assert "image 3 has label 9" in str(error)


def test_the_tests_own_builder_changes_nothing():
    assert edited(PLAIN) == PLAIN
    assert read(edited(PLAIN)).nbytes == len(edited(PLAIN))


def test_finer_integers_take_more_bytes_and_never_fewer():
    """The level's own search alone takes 116,321 bytes for the second of these and 116,104 for the third."""

    def size(width: float) -> int:
        draws = np.random.default_rng(0)
        rows = [draws.normal(0, 3 * width * (row + 1) ** -0.5, 2000).round().clip(-31, 31) for row in range(145)]
        return len(compress(np.concatenate(rows).astype(np.int8).tobytes()))

    sizes = [size(width) for width in range(3, 9)]
    assert sizes == sorted(sizes)


def _slices(count, seed=0):
    """Integers like those of a kernel: each row has smaller ones than that before it."""
    draws = np.random.default_rng(seed)
    return b"".join(
        draws.normal(0, 24 / (1 + row), 1500).round().clip(-31, 31).astype(np.int8).tobytes() for row in range(count)
    )


def test_blocks_end_where_the_statistics_of_the_bytes_change():
    draws = np.random.default_rng(0)
    parts = [draws.integers(0, high, 8_192).astype(np.uint8).tobytes() for high in (64, 3, 200)]
    assert blocks.ends(b"".join(parts)) == [8_192, 16_384, 24_576]
    assert blocks.ends(parts[0] * 3) == [24_576]


@pytest.mark.parametrize("length", [0, 1, 511, 512, 513, 300_000, 1_000_000])
def test_blocks_cover_the_data_and_none_is_longer_than_a_block_can_be(length):
    ends = blocks.ends(_slices(-(-length // 1500))[:length])
    assert ends[-1] == length
    assert ends == sorted(set(ends))
    assert all(end - start <= 128 << 10 for start, end in pairwise((0, *ends)))


def test_data_of_more_units_than_have_room_in_blocks_has_ends_too():
    ends = blocks.ends(bytes(40_000_000))
    assert ends == sorted(set(ends))
    assert ends[-1] == 40_000_000


@pytest.mark.parametrize("data", [b"", b"a", bytes(100_000), _slices(60), np.random.default_rng(0).bytes(70_000)])
def test_a_frame_in_blocks_is_decoded_to_the_same_bytes_and_says_how_many(data):
    frame = compress(data)
    assert decompress(memoryview(frame), len(data)) == data
    assert compress(data) == frame


def test_blocks_of_slices_take_fewer_bytes_than_those_that_zstd_chooses():
    data = _slices(60)
    assert len(compress(data)) < 0.97 * len(zstandard.ZstdCompressor(level=19).compress(data))

"""Memory: what a file makes a reader hold is what it declares and the limits allow, and 64 MB besides.

Each test reads in a fresh process whose address space is limited once everything is imported.
"""

from __future__ import annotations

import json
import os
import struct
from random import Random

import numpy as np
import pytest
from builders import LAYOUTS, edited, file_of, floats, fresh_python, header_for
from malformed import MALFORMED, PLAIN, only_array, run_of_zeros, zstd
from mutations import mutate

from nsdcodec.errors import RULES
from nsdcodec.format.container.codings import BITWISE, CODINGS, RAW, WIDE, length
from nsdcodec.format.container.file import pack
from nsdcodec.format.container.framing import MAX_HEADER_BYTES
from nsdcodec.format.container.strict_json import MAX_VALUES
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import MAX_IMAGES, Layout, Synthesis
from nsdcodec.format.stored_types import SCALED, VALUES, ArraySpec

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="measures by Linux's /proc")

LIMITED = """
import resource, sys
def limit(megabytes):
    "Of the address space, above what is taken now."
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, resource.RLIM_INFINITY))
"""
# Reads each file of the folder argv[1], argv[2] megabytes being free, and prints what became of it.
READ = (
    LIMITED
    + """
import zstandard
from pathlib import Path
from nsdcodec.format.container.file import read
from nsdcodec.errors import NsdError
good, *paths = sorted(Path(sys.argv[1]).iterdir())
read(good.read_bytes())
limit(int(sys.argv[2]))
for path in paths:
    try:
        file = read(path)
    except NsdError as error:
        print(path.name, getattr(error, "rule", type(error).__name__), flush=True)
    else:
        print(path.name, "read", flush=True)
        del file
"""
)


def outcomes(folder, files, megabytes):
    """What reading each of these files by its path gives, with so many megabytes free."""
    (folder / "0").write_bytes(PLAIN)
    for number, data in enumerate(files, 1):
        (folder / f"{number:05}").write_bytes(data)
    run = fresh_python(READ, str(folder), str(megabytes))
    assert run.returncode == 0, run.stdout[-100:] + run.stderr[-800:]
    lines = [line.split() for line in run.stdout.splitlines()]
    assert [int(number) for number, _ in lines] == list(range(1, len(files) + 1))
    return [outcome for _, outcome in lines]


def test_every_malformed_file_is_refused_within_64_megabytes(tmp_path):
    # Images that overflow are found by whoever makes them.
    wanted = ["read" if rule == "NSD-S04" else rule for rule, _, _ in MALFORMED]
    assert outcomes(tmp_path, [data for _, _, data in MALFORMED], 64) == wanted


def test_random_edits_are_read_or_refused_within_64_megabytes(tmp_path):
    files = [file_of(name, coding) for name in LAYOUTS for coding in CODINGS]
    found = outcomes(tmp_path, [mutate(files[seed % len(files)], Random(seed)) for seed in range(1000)], 64)
    assert {"read", "NSD-A03", "NSD-A04", "NSD-S02"} <= set(found)


def _of_header(text: str | bytes) -> bytes:
    encoded = text if isinstance(text, bytes) else text.encode()
    assert len(encoded) <= MAX_HEADER_BYTES
    return struct.pack("<Q", len(encoded)) + encoded


def _of_nsd_header(text: str) -> bytes:
    return _of_header(json.dumps({"__metadata__": {"nsd": text}}, separators=(",", ":"), ensure_ascii=False))


# As much as fits into the largest header, less a little.
_ROOM = MAX_HEADER_BYTES - 100
LARGE_HEADERS = {
    # A text of one wide character has four bytes for each of its characters in memory.
    "a wide text": _of_header('{"a":"😀' + "x" * (_ROOM - 4) + '"}'),
    "a wide text of escapes": _of_header('{"a":"😀' + "\\n" * (_ROOM // 2 - 4) + '"}'),
    "a wide key": _of_header('{"😀' + "x" * (_ROOM - 4) + '":1}'),
    "the longest texts": _of_nsd_header('{"a":"😀' + "x" * (_ROOM - 40) + '"}'),
    "empty lists": _of_header('{"a":[' + "[]," * (_ROOM // 3) + "[]]}"),
    "empty objects": _of_header('{"a":[' + "{}," * (_ROOM // 3) + "{}]}"),
    "as many empty objects as may be": _of_header('{"😀":[' + "{}," * (MAX_VALUES // 2 - 10) + "{}]}"),
    "empty lists in the nsd header": _of_nsd_header("[" + "[]," * (_ROOM // 3) + "[]]"),
    "as many lists as may be in the nsd header": _of_nsd_header(
        '{"😀":[' + "[]," * (MAX_VALUES // 2 - 10) + "[]]}" + " " * 3_000_000
    ),
    "wide texts": _of_nsd_header('["' + '","'.join(["😀" * 200] * (_ROOM // 805 - 1)) + '"]'),
    "keys": _of_header("{" + ",".join(f'"{key:x}":0' for key in range(MAX_VALUES - 10)) + "}"),
    "empty tensors": _of_header(
        "{" + ",".join(f'"{i:x}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}' for i in range(18_000)) + "}"
    ),
    "a long list for a version": edited(PLAIN, header=lambda h: h | {"version": [1] * 100_000}),
    "long lists for an entry": edited(PLAIN, header=lambda h: h["arrays"].update(spectrum=[[1] * 100_000] * 1)),
    "class names, as many and as long as fit": edited(
        PLAIN, header=lambda h: h | {"classes": [f"😀{i}" + "x" * 40 for i in range(65_536)]}
    ),
    "a long number": _of_header('{"a":1.' + "0" * _ROOM + "}"),
}


def test_the_largest_headers_are_refused_within_64_megabytes(tmp_path):
    found = outcomes(tmp_path, LARGE_HEADERS.values(), 64)
    for name, outcome in zip(LARGE_HEADERS, found, strict=True):
        assert outcome in RULES or name.startswith("class names"), name


def test_frames_that_lie_are_refused_within_64_megabytes(tmp_path):
    lies = [run_of_zeros(0, 1 << power) for power in (26, 29, 30, 40, 63)]
    assert set(outcomes(tmp_path, [only_array(lie) for lie in lies], 64)) == {"NSD-A03"}


VALUES_DECLARED = 1 << 24


def _bomb(dtype: str, coding: str) -> bytes:
    """A small valid file whose one array holds 2^24 zeros, 64 MB as float32."""
    shape = [1, VALUES_DECLARED // 64, 2, 4, 8]
    spec = ArraySpec(dtype, tuple(shape), 0 if dtype in SCALED else None)
    frame = zstd(bytes(length(spec, coding)))
    entry = {"dtype": dtype, "shape": shape} | ({"scale_axes": 0} if dtype in SCALED else {})
    if coding != BITWISE and dtype in WIDE:
        entry["order"] = "plain"
    return edited(only_array(frame), header=lambda h: h | {"arrays": {"spectrum": entry}})


@pytest.mark.parametrize(
    "coding",
    [pytest.param(coding, marks=[pytest.mark.release] * (coding != BITWISE)) for coding in CODINGS if coding != RAW],
)
def test_a_small_file_of_many_zeros_takes_twice_what_it_declares(tmp_path, coding):
    bombs = [_bomb(dtype, coding) for dtype in VALUES]
    assert max(map(len, bombs)) < 20_000
    declared = 4 * VALUES_DECLARED >> 20
    assert set(outcomes(tmp_path, bombs, 2 * declared + 32)) == {"read"}


def test_floats_as_they_are_take_once_what_they_declare(tmp_path):
    assert outcomes(tmp_path, [_bomb("float32", "zstd")], (4 * VALUES_DECLARED >> 20) + 32) == ["read"]


# A data set of the file argv[1], with argv[2] megabytes free.
DATASET = (
    LIMITED
    + """
import torch
from pathlib import Path
from builders import file_of
from nsdcodec.data.dataset import NSDDataset
torch.set_num_threads(1)
NSDDataset(file_of("halves")).batch([0])
data = Path(sys.argv[1]).read_bytes()
limit(int(sys.argv[2]))
dataset = NSDDataset(data)
print(len(dataset), int(dataset.labels.max()), tuple(dataset.batch([0, -1])[0].shape))
"""
)


def dataset_of(folder, data, megabytes):
    (folder / "a.nsd").write_bytes(data)
    run = fresh_python(DATASET, str(folder / "a.nsd"), str(megabytes))
    assert run.returncode == 0, run.stderr[-800:]
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("dtype", "coding"), [("float32", "bitshuffle"), pytest.param("int4", "shuffle", marks=pytest.mark.release)]
)
def test_a_data_set_of_a_small_file_takes_twice_what_it_declares(tmp_path, dtype, coding):
    declared = 4 * VALUES_DECLARED >> 20
    found = dataset_of(tmp_path, _bomb(dtype, coding), 2 * declared + 32)
    assert found == f"{VALUES_DECLARED // 64} 2 (2, 2, 4, 8)"


def test_a_data_set_of_the_most_images_takes_eight_bytes_a_label_and_as_many_for_a_copy(tmp_path):
    layout = Layout(
        Geometry(3, 1, 1, 1),
        Synthesis("identity", "identity", "identity", "stored"),
        {"spectrum": floats(4096, 1, 1, 1, 1), "width_kernel": floats(4096, 1, 1)},
    )
    data = pack(header_for(layout), {role: np.ones(spec.shape) for role, spec in layout.arrays.items()})
    assert len(data) < 1000
    assert dataset_of(tmp_path, data, 2 * (8 * MAX_IMAGES >> 20) + 64) == f"{MAX_IMAGES} 2 (2, 1, 1, 1)"


# Checking decoded images.

# `layout` and `arrays` of zeros, and check_finite on them.
CHECKED = (
    LIMITED
    + """
import numpy as np, torch
from builders import floats, header_for
from nsdcodec.format.container.file import NSDFile
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.synthesis import check_finite
def file(layout):
    arrays = {{role: np.zeros(spec.shape, np.float32) for role, spec in layout.arrays.items()}}
    return NSDFile(header_for(layout), "", 0, {{}}, {{}}, arrays, {{}}, {{}})
warm = file(Layout(Geometry(1, 1, 1, 1), Synthesis(), {{"spectrum": floats(1, 1, 1, 1, 1)}}))
large = file({})
check_finite(warm)
limit({})
check_finite(large)
print("checked")
"""
)


@pytest.mark.parametrize(
    "layout",
    [
        # 32 images of 16 MB of 2^22 values: 512 MB at once.
        """Layout(Geometry(1, 1, 2048, 2048), Synthesis(height="bilinear", width="bilinear"),
                  {"spectrum": floats(1, 32, 1, 1, 1)})""",
        # 128 images of one value each, whose spectra and kernels copied for each take 608 MB.
        """Layout(Geometry(1, 1, 1, 1), Synthesis("stored"),
                  {"spectrum": floats(2, 1 << 17, 1, 1, 1), "batch_kernel": floats(8, 1 << 17, 8)})""",
    ],
    ids=["large images", "many coefficients"],
)
def test_finite_values_are_checked_in_bounded_memory(layout):
    run = fresh_python(CHECKED.format(layout, 320))
    assert run.stdout == "checked\n", run.stderr[-500:]

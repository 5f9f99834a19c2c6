"""What many tests start from: layouts of every kind, arrays and headers for them, and files taken apart and resealed.

Sealing is written here a second time, from spec/container.md, so that the tests do not lean on the code they test.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsdcodec.format.container.file import pack
from nsdcodec.format.container.header import Header
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.recipe import Normalization, TrainingRecipe
from nsdcodec.format.stored_types import SCALED, ArraySpec

Arrays = dict[str, NDArray[Any]]


def floats(*shape: int) -> ArraySpec:
    return ArraySpec("float32", shape)


def halves(*shape: int) -> ArraySpec:
    return ArraySpec("float16", shape)


def bits(*shape: int) -> ArraySpec:
    return ArraySpec("uint1", shape)


SMALL = Geometry(classes=3, channels=2, height=4, width=8)

LAYOUTS = {
    "pixels": Layout(SMALL, Synthesis(), {"spectrum": floats(1, 5, 2, 4, 8)}),
    "pixels in blocks": Layout(SMALL, Synthesis(), {"spectrum": floats(3, 2, 2, 4, 8)}),
    "product, own kernels": Layout(
        SMALL,
        Synthesis("stored", "stored", "stored", "stored", "product"),
        {
            "spectrum": floats(2, 3, 2, 3, 4),
            "batch_kernel": floats(3, 3, 5),
            "channel_kernel": floats(3, 2, 2),
            "height_kernel": floats(3, 3, 4),
            "width_kernel": floats(3, 4, 8),
        },
    ),
    "zip, own kernels": Layout(
        SMALL,
        Synthesis("stored", "identity", "stored", "stored", "zip"),
        {
            "spectrum": floats(3, 3, 2, 3, 4),
            "batch_kernel": floats(3, 3, 2),
            "height_kernel": floats(3, 3, 4),
            "width_kernel": floats(3, 4, 8),
        },
    ),
    "zip, a kernel for all": Layout(
        SMALL,
        Synthesis("stored", "identity", "stored", "dct", "zip"),
        {"spectrum": floats(3, 3, 2, 3, 4), "batch_kernel": floats(1, 3, 2), "height_kernel": floats(1, 3, 4)},
    ),
    "product, one axis shared": Layout(
        SMALL,
        Synthesis("stored", "stored", "stored", "haar", "product"),
        {
            "spectrum": floats(2, 3, 3, 3, 4),
            "batch_kernel": floats(2, 3, 4),
            "channel_kernel": floats(1, 3, 2),
            "height_kernel": floats(2, 3, 4),
        },
    ),
    "one block": Layout(
        SMALL,
        Synthesis("stored", "identity", "identity", "stored", "product"),
        {"spectrum": floats(1, 3, 2, 4, 5), "batch_kernel": floats(1, 3, 7), "width_kernel": floats(1, 5, 8)},
    ),
    "mask a spectrum": Layout(
        SMALL,
        Synthesis(height="dct", width="dct"),
        {"spectrum": floats(3, 2, 2, 5), "mask": bits(3, 4, 6), "labels": ArraySpec("uint8", (6,))},
        "stored",
    ),
    "mask for all": Layout(
        SMALL,
        Synthesis("stored", "identity", "haar", "bilinear"),
        {"spectrum": floats(2, 3, 2, 7), "mask": bits(1, 3, 5), "batch_kernel": floats(2, 3, 2)},
    ),
    "bilinear": Layout(SMALL, Synthesis(height="bilinear", width="bilinear"), {"spectrum": floats(3, 2, 2, 3, 3)}),
    "haar": Layout(SMALL, Synthesis("identity", "dct", "haar", "haar"), {"spectrum": floats(1, 6, 2, 4, 8)}),
    "soft labels": Layout(
        SMALL,
        Synthesis("stored", "identity", "dct4", "haar"),
        {"spectrum": halves(2, 2, 2, 3, 5), "batch_kernel": halves(1, 2, 4), "labels": halves(8, 3)},
        "soft",
    ),
    "halves": Layout(
        SMALL,
        Synthesis("stored", "identity", "dct", "dct"),
        {
            "spectrum": halves(3, 2, 2, 4, 4),
            "batch_kernel": halves(1, 2, 300),
            "labels": ArraySpec("uint16", (900,)),
        },
        "stored",
    ),
    "bfloat16": Layout(
        SMALL,
        Synthesis(height="dct", width="dct"),
        {"spectrum": ArraySpec("bfloat16", (1, 6, 2, 2, 3)), "labels": ArraySpec("uint1", (6,))},
        "stored",
    ),
    "scaled integers": Layout(
        SMALL,
        Synthesis("stored", "stored", "haar", "stored"),
        {
            "spectrum": ArraySpec("int6", (2, 3, 2, 3, 3), 2),
            "batch_kernel": ArraySpec("int8", (1, 3, 5), 2),
            "channel_kernel": ArraySpec("int2", (1, 2, 2), 0),
            "width_kernel": ArraySpec("int4", (1, 3, 8), 1),
            "labels": ArraySpec("int6", (10, 3), 1),
        },
        "soft",
    ),
    "scaled and masked": Layout(
        SMALL,
        Synthesis(height="dct4", width="bilinear"),
        {
            "spectrum": ArraySpec("int3", (3, 3, 2, 5), 1),
            "mask": bits(3, 3, 3),
            "labels": ArraySpec("uint16", (9,)),
        },
        "stored",
    ),
}


def header_for(layout: Layout, **changes: Any) -> Header:
    channels = layout.geometry.channels
    values: dict[str, Any] = {
        "layout": layout,
        "classes": tuple(f"class {i}" for i in range(layout.geometry.classes)),
        "normalization": Normalization((0.5, 0.25, 0.125)[:channels], (0.25, 0.5, 0.2)[:channels]),
        "recipe": TrainingRecipe(learning_rate=0.0123, epochs=7),
        "parameterization": "nsd",
        "provenance": {"source": "random numbers", "ipc": 1},
    }
    return Header(**(values | changes))


def arrays_for(layout: Layout, seed: int = 0) -> Arrays:
    """Random values that the stored types hold exactly, as a reader gives them: masks of the right count, labels within
    the classes."""
    rng = np.random.default_rng(seed)
    return {role: _values(rng, role, spec, layout) for role, spec in layout.arrays.items()}


def _values(rng: np.random.Generator, role: str, spec: ArraySpec, layout: Layout) -> NDArray[Any]:
    if role == "labels" and layout.labels == "stored":
        labels = rng.integers(0, min(layout.geometry.classes, 1 << spec.bits), spec.shape)
        return labels.astype({1: bool, 8: np.uint8, 16: np.uint16}[spec.bits])
    if role == "mask":
        places = spec.shape[1] * spec.shape[2]
        kept = np.arange(places) < layout.arrays["spectrum"].shape[3]
        return np.stack([rng.permutation(kept) for _ in range(spec.shape[0])]).reshape(spec.shape)
    if spec.dtype in SCALED:
        most = (1 << spec.bits - 1) - 1
        integers = rng.integers(-most, most + 1, (spec.scales, spec.size // spec.scales))
        integers[:, 0] = most  # or a smaller scale would do
        scales = rng.uniform(0.01, 0.1, (spec.scales, 1)).astype(np.float16).astype(np.float32)
        return (integers * scales).astype(np.float32).reshape(spec.shape)
    if spec.dtype == "bfloat16":
        return (rng.standard_normal(spec.shape).astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)
    return rng.standard_normal(spec.shape).astype(spec.dtype)


def file_of(name: str, coding: str = "raw", **changes: Any) -> bytes:
    """The bytes of a file of one of `LAYOUTS`."""
    return pack(header_for(LAYOUTS[name], **changes), arrays_for(LAYOUTS[name]), coding)


Document = dict[str, Any]
Edit = Callable[[Any], Any]


def take_apart(data: bytes) -> tuple[Document, Document, bytes]:
    """The tensor entries, the nsd header, and the data of a file."""
    length = struct.unpack("<Q", data[:8])[0]
    entries = json.loads(data[8 : 8 + length])
    return entries, json.loads(entries.pop("__metadata__")["nsd"]), data[8 + length :]


def put_together(entries: Mapping[str, Any], header: Any, body: bytes) -> bytes:
    """A sealed file. `header` may be a text, to hold what no JSON writer writes."""
    text = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))
    return frame(json.dumps({"__metadata__": {"nsd": text}, **entries}, separators=(",", ":")), body)


def frame(text: str | bytes, body: bytes) -> bytes:
    encoded = text if isinstance(text, bytes) else text.encode()
    encoded += b" " * (-len(encoded) % 8)
    data = struct.pack("<Q", len(encoded)) + encoded + body
    return seal(data) if len(body) >= 32 else data


def seal(data: bytes) -> bytes:
    """The digest of spec/container.md in the last 32 bytes, whatever stands there."""
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


def digest_entry(length: int) -> Document:
    """The entry of the digest after so many bytes of other tensors."""
    return {"sha256": {"dtype": "U8", "shape": [32], "data_offsets": [length, length + 32]}}


def edited(data: bytes, header: Edit | None = None, entries: Edit | None = None, body: Edit | None = None) -> bytes:
    """The file with one part changed in place, or replaced by what the edit returns, and sealed again."""
    parts: list[Any] = list(copy.deepcopy(take_apart(data)))
    for place, edit in enumerate((entries, header, body)):
        if edit is not None:
            replaced = edit(parts[place])
            parts[place] = parts[place] if replaced is None else replaced
    return put_together(*parts)


def fresh_python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a new interpreter that finds what this one finds; its output as text."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )

"""A reader of .nsd files by the pages of spec/ alone, with NumPy and python-zstandard. Where a file breaks a rule,
ValueError begins with the rule's id. `python nsd.py [--npy DIR] FILE...` prints what each file holds, or its fault."""

import argparse
import hashlib
import json
import re
from collections import namedtuple
from io import BytesIO
from itertools import accumulate
from math import floor, isfinite, prod, sqrt
from pathlib import Path

import numpy as np
import zstandard

AXES, BASES = ("batch", "channel", "height", "width"), ("dct", "dct4", "haar", "bilinear")
FLOATS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}  # in safetensors; all else is U8
DTYPES = (*FLOATS, "int8", "int6", "int4", "int3", "int2", "uint1", "uint8", "uint16")
ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1}
NATURAL, LENGTH, COUNT, NUMBER, TEXT = (
    range(10**19),
    range(1, 10**19),
    range(1, 1 << 53),
    float,
    str,
)  # forms of a value: see `fits`
RECIPE = {"learning_rate": NUMBER, "momentum": NUMBER, "weight_decay": NUMBER, "batch_size": COUNT, "epochs": COUNT}
RECIPE |= {"augmentation": TEXT, "network": {"name": TEXT, "depth": COUNT, "width": COUNT}}
HEADER = {"image_shape": [range(1, 17), range(1, 4097), range(1, 4097)], "classes": [TEXT], "optional": [TEXT]}
HEADER |= {"normalization": {"mean": [NUMBER], "std": [NUMBER]}, "parameterization": TEXT, "recipe": RECIPE}
HEADER |= {"synthesis": {}, "arrays": {}, "provenance": {}}
Decoded = namedtuple("Decoded", "header integers arrays images labels")


def need(condition, message: str) -> None:
    if not condition:
        raise ValueError(message)


def fits(value, form) -> bool:
    """Whether a JSON value is an object of at least these fields, a list of such elements, or such a leaf."""
    if isinstance(form, dict):
        return type(value) is dict and all(key in value and fits(value[key], form[key]) for key in form)
    if isinstance(form, list):
        forms = form * len(value) if type(value) is list and len(form) == 1 else form
        return type(value) is list and len(value) == len(forms) and all(map(fits, value, forms))
    if isinstance(form, range):
        return type(value) is int and value in form
    return type(value) is str and len(value) <= 256 if form is TEXT else type(value) in (int, float)


def strict_json(text: bytes, rule: str):
    """header.md, Strict JSON."""
    try:
        bare = re.sub(r'"[^"\\]*(\\.[^"\\]*)*"', "", text.decode())
        need(max(accumulate((c in "[{") - (c in "]}") for c in bare), default=0) <= 16, "brackets nested too deep")
        need(sum(map(bare.count, "[{,")) < 1 << 17, "too many values")
        value = json.loads(
            text.decode(),
            object_pairs_hook=lambda pairs: need(len(dict(pairs)) == len(pairs), "a key twice") or dict(pairs),
            parse_int=lambda word: need(len(word) <= 19 and word != "-0", "an integer too long, or -0") or int(word),
            parse_float=lambda word: need(isfinite(float(word)), "a number too large") or float(word),
            parse_constant=lambda word: need(False, word),
        )
        json.dumps(value, ensure_ascii=False).encode()  # refuses a lone surrogate
    except ValueError as error:
        raise ValueError(f"{rule}: {error}") from None
    return value


def container(data: bytes):
    """The nsd header, its version and features checked; by the name of a tensor its dtype, shape and bytes."""
    need(len(data) <= 1 << 30, "NSD-F02: the file is too large")
    need(len(data) >= 8, "NSD-F01: the file has no length")
    begin = 8 + int.from_bytes(data[:8], "little")
    need(begin <= 8 + (1 << 22), "NSD-F02: the safetensors header is too large")
    need(begin <= len(data), "NSD-F01: the safetensors header ends early")
    need(data[8:9] == b"{", "NSD-F03: the safetensors header is no object")
    entries, tensors, at, before = strict_json(data[8:begin], "NSD-F03"), {}, 0, 8
    nsd = entries.pop("__metadata__", None)
    need(type(nsd) is dict and list(nsd) == ["nsd"] and type(nsd["nsd"]) is str, "NSD-F04: not one text")
    for name, entry in entries.items():
        right = fits(entry, {"dtype": TEXT, "shape": [LENGTH], "data_offsets": [NATURAL, NATURAL]}) and len(entry) == 3
        need(right and entry["dtype"] in ITEM_BYTES and 0 < len(entry["shape"]) < 7, f"NSD-F05: {name!r}")
        start, end = entry["data_offsets"]
        need(end - start == prod(entry["shape"]) * ITEM_BYTES[entry["dtype"]], f"NSD-F05: {name!r} has another length")
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        dtype, (start, end) = entry["dtype"], entry["data_offsets"]
        need(start == at, "NSD-F06: a byte of no tensor, or of two")
        need(ITEM_BYTES[dtype] <= before, f"NSD-F07: {name!r} stands after a tensor of smaller items")
        tensors[name], at, before = (dtype, entry["shape"], data[begin + start : begin + end]), end, ITEM_BYTES[dtype]
    need(begin + at <= len(data), "NSD-F01: the data end early")
    need(begin + at == len(data), "NSD-F06: bytes after the last tensor")
    need(begin % 8 == 0, "NSD-F07: the safetensors header is not padded")
    name, (dtype, shape, digest) = tensors.popitem() if tensors else ("", ("", [], b""))
    need((name, dtype, shape) == ("sha256", "U8", [32]), "NSD-F08: the last tensor is not the digest")
    header = strict_json(nsd["nsd"].encode(), "NSD-H01")
    need(fits(header, {"version": [NATURAL, NATURAL]}), "NSD-H02: version")
    need(header["version"][0] == 1, f"UnsupportedVersion: {header['version']}")
    need(fits(header.get("require", []), [TEXT]), "NSD-H02: require")
    need(not header.get("require"), f"UnsupportedFeature: {header.get('require')}")
    need(hashlib.sha256(data[:-32]).digest() == digest, "DigestMismatch: the file was damaged or changed")
    return {"optional": [], "synthesis": {}, "provenance": {}} | header, tensors


def check(header) -> None:
    """The fields of header.md, but for the table of arrays."""
    for field, form in HEADER.items():
        need(fits(header, {field: form}), f"NSD-H02: {field}")
    names, normalization, synthesis = header["classes"], header["normalization"], header["synthesis"]
    need(all(synthesis.get(axis, "dct") in BASES for axis in AXES[1:]), "NSD-H02: a named basis")
    need(synthesis.get("pairing", "zip") in ("product", "zip"), "NSD-H02: pairing")
    need(0 < len(names) <= 65536 and len(set(names)) == len(names), "NSD-H03: class names")
    need({len(normalization["mean"]), len(normalization["std"])} == {header["image_shape"][0]}, "NSD-H04: channels")
    need(min(normalization["std"]) > 0, "NSD-H04: a standard deviation is not above 0")


class Array:
    """An entry of the table of header.md, and the values in its bytes: container.md, Stored types and Coded files."""

    def __init__(self, role: str, entry, coded: bool) -> None:
        need(fits(entry, {"dtype": TEXT, "shape": [COUNT]}) and entry["dtype"] in DTYPES, f"NSD-H02: {role!r}")
        self.role, self.dtype, self.shape = role, entry["dtype"], entry["shape"]
        self.kind, self.bits = self.dtype.strip("0123456789"), int(self.dtype.strip("abfilnotu"))
        need(0 < len(self.shape) < 7, f"NSD-A05: {role!r}")
        axes, plain = entry.get("scale_axes", 0), "order" not in entry or (entry["order"] == "plain" and self.bits > 8)
        scaled = ("scale_axes" in entry) == (self.kind == "int") and fits(axes, range(len(self.shape)))
        need(plain and scaled, f"NSD-H02: {role!r}")
        self.scale_shape = self.shape[:axes] + [1] * (len(self.shape) - axes)
        self.scales = prod(self.scale_shape) if self.kind == "int" else 0
        self.size, bitwise = prod(self.shape), coded and self.bits > 8 and "order" not in entry
        self.item = 8 if coded and self.bits in (3, 6) else self.bits  # the bits that an item takes
        self.rows, self.used = (self.bits, self.size) if bitwise else (1, self.item * self.size)
        self.length = 2 * self.scales + self.rows * ((self.used + 7) // 8)

    def decode(self, data: bytes):
        """The stored integers, if it has any, and the values in float64."""
        bits, item, items = self.bits, self.item, np.zeros(self.size, np.uint32)
        packed = np.frombuffer(data, np.uint8, offset=2 * self.scales).reshape(self.rows, -1)
        stream = np.unpackbits(packed, axis=1, bitorder="little")
        need(not stream[:, self.used :].any(), f"NSD-A04: {self.role} has a padding bit that is set")
        planes = stream[:, : self.used] if self.rows > 1 else stream[0, : self.used].reshape(-1, item).T
        for place, plane in enumerate(planes):
            items |= plane.astype(np.uint32) << place
        items = items.reshape(self.shape)
        if "float" in self.kind:
            half = self.dtype == "float16"
            values = items.astype(np.uint16).view(np.float16) if half else (items << 32 - bits).view(np.float32)
            need(np.isfinite(values).all(), f"NSD-A04: {self.role} is not finite")
            return None, values.astype(np.float64)
        integers = items.astype(np.int64)
        if self.kind == "uint":
            return integers, items.astype(np.float64)
        integers -= (integers >> item - 1) << item
        scales = np.frombuffer(data, "<f2", self.scales).astype(np.float64)
        need(np.isfinite(scales).all() and scales.min() >= 0, f"NSD-A04: {self.role} has a wrong scale")
        need(abs(integers).max() < 1 << bits - 1, f"NSD-A04: {self.role} is out of range")
        return integers, integers * scales.reshape(self.scale_shape)


def basis(name: str | None, t: int, u: int):
    """synthesis.md, Named bases: [t, u]."""
    i, j, matrix = np.arange(t)[:, None], np.arange(u) + 0.5, np.zeros((t, u))
    if name is None:
        return np.eye(u)
    if name == "dct":
        return np.where(i == 0, sqrt(1 / u), sqrt(2 / u) * np.cos(np.pi * i * j / u))
    if name == "dct4":
        return sqrt(2 / u) * np.cos(np.pi * (i + 0.5) * j / u)
    if name == "bilinear":
        for sample in range(u):
            z = min(max((sample + 0.5) * t / u - 0.5, 0), t - 1)
            matrix[floor(z), sample] = 1 - (z - floor(z))
            matrix[min(floor(z) + 1, t - 1), sample] += z - floor(z)
        return matrix
    matrix[0], row, stretches = u**-0.5, 1, [(0, u)]
    while row < t:
        start, length = stretches.pop(0)
        if length > 1:
            p, q = (length + 1) // 2, length // 2
            matrix[row, start : start + p] = sqrt(q / p / length)
            matrix[row, start + p : start + length] = -sqrt(p / q / length)
            row, stretches = row + 1, [*stretches, (start, p), (start + p, q)]
    return matrix


def plan(header, table):
    """Checks shapes by synthesis.md and labels.md. Returns the lengths of the axes before and after, the named bases,
    the number of kernels, whether they are zipped, and the number of images."""
    named = {axis: header["synthesis"][axis] for axis in AXES[1:] if axis in header["synthesis"]}
    stored = {axis: table[f"{axis}_kernel"].shape for axis in AXES if f"{axis}_kernel" in table}
    roles = {"spectrum", "mask", "labels"} | {f"{axis}_kernel" for axis in AXES}
    need("spectrum" in table and {*table} <= roles and not {*named} & {*stored}, "NSD-S01: an array of no use, or none")
    for role, array in table.items():
        axes = {"spectrum": (4 if "mask" in table else 5,), "labels": (1, 2)}.get(role, (3,))
        right = role == "labels" or (array.dtype == "uint1" if role == "mask" else array.kind != "uint")
        need(right and len(array.shape) in axes, f"{'NSD-L01' if role == 'labels' else 'NSD-S02'}: {role}")
    spectra, *before = table["spectrum"].shape
    if "mask" in table:
        need(table["mask"].shape[0] in (1, spectra), "NSD-S02: mask")
        need(before[2] <= prod(table["mask"].shape[1:]), "NSD-S03: more coefficients than places")
        before[2:] = table["mask"].shape[1:]
    after = [stored["batch"][2] if "batch" in stored else before[0], *header["image_shape"]]
    for axis, t, u in zip(AXES, before, after, strict=True):
        need(stored[axis][1:] == [t, u] if axis in stored else t == u or (t < u and axis in named), f"NSD-S02: {axis}")
    kernels = max((shape[0] for shape in stored.values()), default=1)
    need({shape[0] for shape in stored.values()} <= {1, kernels}, "NSD-S02: kernels of different numbers")
    zipped = header["synthesis"].get("pairing") == "zip"
    need(not zipped or kernels in (1, spectra), "NSD-S02: pairing")
    images = (spectra if zipped else spectra * kernels) * after[0]
    widest = max(prod(after[1:i]) * prod(before[i:]) for i in range(1, 5))
    need(images <= 1 << 24 and widest <= min(1 << 28, (1 << 36) // images), "NSD-A05: too many images, or values")
    if "labels" in table:
        shape = [images] if table["labels"].kind == "uint" else [images, len(header["classes"])]
        need(table["labels"].shape == shape, "NSD-L01: labels")
    return before, after, named, kernels, zipped, images


def decompress(frame: bytes, size: int) -> bytes:
    """The content of exactly one zstd frame, whose header is checked before anything is decoded."""
    try:
        stated = zstandard.get_frame_parameters(frame)
        right = stated.content_size == size and stated.window_size <= 1 << 23 and not stated.dict_id
        need(right, f"the frame does not declare {size} bytes, has a window of more than 8 MiB, or names a dictionary")
        return zstandard.ZstdDecompressor(max_window_size=1 << 23).decompress(frame, allow_extra_data=False)
    except (ValueError, zstandard.ZstdError) as error:
        raise ValueError(f"NSD-A03: {error}") from None


def stored_bytes(table, tensors):
    """The bytes of each array, by role. (container.md, Raw files and Coded files)"""
    optional, coded = {name for name in tensors if name.startswith("optional.")}, "coded" in tensors
    need({*tensors} - optional == ({"coded"} if coded else {*table}), "NSD-A01: missing tensors, or others")
    for name, (dtype, shape, data) in tensors.items():
        array = None if coded else table.get(name)
        wanted = (FLOATS[array.dtype], array.shape) if array and array.dtype in FLOATS else ("U8", [len(data)])
        need((dtype, shape) == wanted and (not array or len(data) == array.length), f"NSD-A02: {name}")
    if not coded:
        return {role: tensors[role][2] for role in table}
    plain = BytesIO(decompress(tensors["coded"][2], sum(array.length for array in table.values())))
    return {role: plain.read(table[role].length) for role in sorted(table)}


def decode(data: bytes) -> Decoded:
    """All that a file holds: the stored integers and the values (float64) of its arrays by role; all images at once,
    float64 [N, C, H, W] in normalised units; labels [N], or float64 [N, classes] where they are soft."""
    header, tensors = container(data)
    check(header)
    table = {role: Array(role, entry, "coded" in tensors) for role, entry in header["arrays"].items()}
    cost = sum(array.size * (2 if array.kind == "uint" else 4) for array in table.values())
    need(cost <= 1 << 30, "NSD-A05: too many values")
    before, after, named, kernels, zipped, count = plan(header, table)
    found = stored_bytes(table, tensors)
    decoded = {role: array.decode(found[role]) for role, array in table.items()}
    integers = {role: items for role, (items, _) in decoded.items() if items is not None}
    arrays = {role: values for role, (_, values) in decoded.items()}
    spectrum, mask, classes = arrays["spectrum"], integers.get("mask"), len(header["classes"])
    need(mask is None or (mask.sum((1, 2)) == spectrum.shape[3]).all(), "NSD-S03: the places of a mask")
    if "labels" not in table:
        labels = np.arange(count) * classes // count
    elif table["labels"].kind == "uint":
        labels = integers["labels"]
        need(labels.max() < classes, "NSD-L02: a label of no class")
    else:
        labels = np.exp(arrays["labels"] - arrays["labels"].max(1, keepdims=True))
        labels /= labels.sum(1, keepdims=True)
    batch, *matrices = (arrays.get(f"{axis}_kernel") for axis in AXES)
    for place, axis in enumerate(AXES[1:]):
        if matrices[place] is None:
            matrices[place] = basis(named.get(axis), before[place + 1], after[place + 1])[None]
    images = np.empty((count, *after[1:]))
    for n in range(count):
        a, b = divmod(n, after[0])
        i, j = (a, a % kernels) if zipped else divmod(a, kernels)
        x = spectrum[i, b] if batch is None else np.tensordot(batch[j % len(batch)][:, b], spectrum[i], 1)
        if mask is not None:
            x, coefficients = np.zeros(before[1:]), x
            x[:, mask[i % len(mask)] == 1] = coefficients
        path = ["einsum_path", (0, 1), (0, 2), (0, 1)]  # channel, height, width: each product within the limits
        images[n] = np.einsum("qrs,qc,rh,sw->chw", x, *(matrix[j % len(matrix)] for matrix in matrices), optimize=path)
    need((abs(images) < 2.0**128 - 2.0**103).all(), "NSD-S04: an image is not finite in binary32")
    return Decoded(header, integers, arrays, images, labels)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Decode .nsd files.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--npy", type=Path, metavar="DIR", help="write the images of each file there")
    options = parser.parse_args()
    for path in options.files:
        try:
            *_, images, labels = decode(path.read_bytes())
        except ValueError as error:
            print(f"{path}: refused: {error}")
            continue
        print(f"{path}: images {images.shape}, {images.min():.4g} to {images.max():.4g}, labels {labels.tolist()}")
        if options.npy:
            np.save(options.npy / f"{path.stem}.npy", images)

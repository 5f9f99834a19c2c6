"""A reader of .nsd files by the pages of spec/ alone, with NumPy and the standard library. Where a file breaks a rule,
ValueError begins with the rule's id. `python nsd.py [--npy DIR] FILE...` prints what each file holds, or its fault."""

import argparse
import hashlib
import json
import re
from collections import namedtuple
from itertools import accumulate
from math import floor, isfinite, prod, sqrt
from pathlib import Path

import numpy as np
import zstd
from zstd import need

AXES, BASES = ("batch", "channel", "height", "width"), ("dct", "dct4", "haar", "bilinear")
CODINGS = ("raw", "zstd", "shuffle+zstd", "bitshuffle+zstd")
FLOATS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}  # in safetensors; all else is U8
DTYPES = (*FLOATS, "int8", "int6", "int4", *(f"uint{bits}" for bits in range(1, 17)))
ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1}
NATURAL, COUNT, NUMBER, TEXT = range(10**19), range(1, 1 << 53), float, str  # forms of a value: see `fits`
NETWORK = {"name": TEXT, "depth": COUNT, "width": COUNT}
RATES = {"learning_rate": NUMBER, "momentum": NUMBER, "weight_decay": NUMBER}
RECIPE = {**RATES, "batch_size": COUNT, "epochs": COUNT, "augmentation": TEXT, "network": NETWORK}
SHAPE, SCALES = [range(1, 17), range(1, 4097), range(1, 4097)], {"mean": [NUMBER], "std": [NUMBER]}
HEADER = {
    "optional": [TEXT],
    "image_shape": SHAPE,
    "classes": [TEXT],
    "normalization": SCALES,
    "parameterization": TEXT,
}
HEADER |= {"synthesis": {}, "arrays": {}, "recipe": RECIPE, "provenance": {}}
Decoded = namedtuple("Decoded", "header integers arrays images labels")


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
        value = json.loads(
            text.decode(),
            object_pairs_hook=lambda pairs: need(len(dict(pairs)) == len(pairs), "a key twice") or dict(pairs),
            parse_int=lambda word: need(len(word) <= 19, "an integer too long") or int(word),
            parse_float=lambda word: need(isfinite(float(word)), "a number too large") or float(word),
            parse_constant=lambda word: need(False, word),
        )
        json.dumps(value, ensure_ascii=False).encode()  # refuses a lone surrogate
    except ValueError as error:
        raise ValueError(f"{rule}: {error}") from None
    return value


def container(data: bytes):
    """The nsd header; and by the name of a tensor its dtype, shape and bytes. (container.md, Framing and Digest)"""
    need(len(data) <= 1 << 30, "NSD-F02: the file is too large")
    need(len(data) >= 8, "NSD-F01: the file has no length")
    begin = 8 + int.from_bytes(data[:8], "little")
    need(begin <= 8 + (1 << 22), "NSD-F02: the safetensors header is too large")
    need(begin <= len(data), "NSD-F01: the safetensors header ends early")
    need(data[8:9] == b"{", "NSD-F03: the safetensors header is no object")
    entries, tensors, at = strict_json(data[8:begin], "NSD-F03"), {}, 0
    nsd = entries.pop("__metadata__", None)
    need(type(nsd) is dict and list(nsd) == ["nsd"] and type(nsd["nsd"]) is str, "NSD-F04: not one text")
    for name, entry in entries.items():
        right = fits(entry, {"dtype": TEXT, "shape": [NATURAL], "data_offsets": [NATURAL, NATURAL]}) and len(entry) == 3
        need(right and entry["dtype"] in ITEM_BYTES and len(entry["shape"]) <= 6, f"NSD-F05: {name!r}")
        dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        need(end - start == prod(shape) * ITEM_BYTES[dtype], f"NSD-F05: {name!r} has another length")
        tensors[name] = dtype, shape, data[begin + start : begin + end]
    for start, end in sorted(entry["data_offsets"] for entry in entries.values()):
        need(start == at, "NSD-F06: a byte of no tensor, or of two")
        at = end
    need(begin + at <= len(data), "NSD-F01: the data end early")
    need(begin + at == len(data), "NSD-F06: bytes after the last tensor")
    places = [match.span(1) for match in re.finditer(rb'\\"digest\\":\\"sha256:([0-9a-f]{64})\\"', data[:begin])]
    need(len(places) == 1, "NSD-H02: not one digest")
    start, end = places[0]
    digest = hashlib.sha256(data[:start] + b"0" * 64 + data[end:]).hexdigest()
    need(digest.encode() == data[start:end], "DigestMismatch: the file was damaged or changed")
    header = strict_json(nsd["nsd"].encode(), "NSD-H01")
    need(fits(header, {"digest": TEXT}) and header["digest"] == f"sha256:{digest}", "NSD-H02: digest")
    return {"require": [], "optional": [], "synthesis": {}, "provenance": {}} | header, tensors


def check(header) -> None:
    """The fields of header.md, but for the table of arrays."""
    need(fits(header, {"version": [NATURAL, NATURAL]}), "NSD-H02: version")
    need(header["version"][0] == 1, f"UnsupportedVersion: {header['version']}")
    need(fits(header["require"], [TEXT]), "NSD-H02: require")
    need(not header["require"], f"UnsupportedFeature: {header['require']}")
    for field, form in HEADER.items():
        need(fits(header, {field: form}), f"NSD-H02: {field}")
    names, normalization, synthesis = header["classes"], header["normalization"], header["synthesis"]
    need(all(synthesis.get(axis, "dct") in BASES for axis in AXES[1:]), "NSD-H02: a named basis")
    need(synthesis.get("pairing", "zip") in ("product", "zip"), "NSD-H02: pairing")
    need(0 < len(names) <= 65536 and len(set(names)) == len(names), "NSD-H03: class names")
    need({len(normalization["mean"]), len(normalization["std"])} == {header["image_shape"][0]}, "NSD-H04: channels")
    need(min(normalization["std"]) > 0, "NSD-H04: a standard deviation is not above 0")


class Array:
    """An entry of the table of header.md, and the values in its bytes: container.md, Stored types and Codings."""

    def __init__(self, role: str, entry) -> None:
        right = type(entry) is list and 2 <= len(entry) <= 4 and entry[0] in DTYPES and fits(entry[1], [COUNT])
        need(right, f"NSD-H02: {role}")
        self.dtype, self.shape, self.coding, self.groups = entry + ["raw", 0][len(entry) - 2 :]
        self.kind, self.bits = self.dtype.strip("0123456789"), int(self.dtype.strip("abfilnotu"))
        need(self.coding in CODINGS and (len(entry) == 4) == (self.kind == "int"), f"NSD-H02: {role}")
        need(fits(self.groups, range(max(1, len(self.shape)))), f"NSD-H02: {role}")
        need(0 < len(self.shape) < 7, f"NSD-A05: {role}")
        self.role, self.size, planes = role, prod(self.shape), self.coding == "bitshuffle+zstd"
        self.bytewise = self.coding == "shuffle+zstd" or ("float" in self.kind and not planes)
        self.scales = prod(self.shape[: self.groups]) if self.kind == "int" else 0
        self.width = (self.bits > 8) + (self.bits > 16) * 2 + 1  # bytes of an item
        packed = self.bits * ((self.size + 7) // 8) if planes else (self.bits * self.size + 7) // 8
        self.length = 2 * self.scales + (self.width * self.size if self.bytewise else packed)

    def decode(self, data: bytes):
        """The stored integers, if it has any, and the values in float64."""
        packed, bits, size = np.frombuffer(data, np.uint8, offset=2 * self.scales), self.bits, self.size
        if self.bytewise:
            planes = packed.reshape(-1, size) if self.coding == "shuffle+zstd" else packed.reshape(size, -1).T
            places = range(0, 8 * self.width, 8)
        else:
            rows, used = (bits, size) if self.coding == "bitshuffle+zstd" else (1, bits * size)
            stream = np.unpackbits(packed.reshape(rows, -1), axis=1)
            need(not stream[:, used:].any(), f"NSD-A04: {self.role} has a padding bit that is set")
            planes, places = stream[:, :used] if rows > 1 else stream[0, :used].reshape(size, bits).T, range(bits)[::-1]
        items = np.zeros(size, np.uint32)
        for plane, place in zip(planes, places, strict=True):
            items |= plane.astype(np.uint32) << place
        items = items.reshape(self.shape)
        if "float" in self.kind:
            half = self.dtype == "float16"
            values = items.astype(np.uint16).view(np.float16) if half else (items << 32 - bits).view(np.float32)
            need(np.isfinite(values).all(), f"NSD-A04: {self.role} is not finite")
            return None, values.astype(np.float64)
        if self.kind == "uint":
            need(items.max() < 1 << bits, f"NSD-A04: {self.role} is out of range")
            return items, items.astype(np.float64)
        wrap = 1 << (8 if self.bytewise else bits)
        integers = np.where(items < wrap // 2, items, items - float(wrap))
        scales = np.frombuffer(data, "<f2", self.scales).astype(np.float64)
        need(np.isfinite(scales).all() and scales.min() >= 0, f"NSD-A04: {self.role} has a wrong scale")
        need(abs(integers).max() < 1 << bits - 1, f"NSD-A04: {self.role} is out of range")
        ones = [1] * (len(self.shape) - self.groups)
        return integers.astype(int), integers * scales.reshape(*self.shape[: self.groups], *ones)


def basis(name: str, t: int, u: int):
    """synthesis.md, Named bases: [t, u]."""
    i, j, matrix = np.arange(t)[:, None], np.arange(u) + 0.5, np.zeros((t, u))
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
            matrix[row, start : start + p], matrix[row, start + p : start + length] = (
                sqrt(q / p / length),
                -sqrt(p / q / length),
            )
            row, stretches = row + 1, [*stretches, (start, p), (start + p, q)]
    return matrix


def plan(header, table):
    """Whether the arrays fit; the axes of a spectrum; spectrum and kernel of each block; named bases. (synthesis.md)"""
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
        before[2:] = table["mask"].shape[1:]
    after = [stored["batch"][2] if "batch" in stored else before[0], *header["image_shape"]]
    for axis, t, u in zip(AXES, before, after, strict=True):
        need(stored[axis][1:] == [t, u] if axis in stored else t == u or (t < u and axis in named), f"NSD-S02: {axis}")
    kernels = max((shape[0] for shape in stored.values()), default=1)
    need({shape[0] for shape in stored.values()} <= {1, kernels}, "NSD-S02: kernels of different numbers")
    zipped = header["synthesis"].get("pairing") == "zip"
    need(not zipped or kernels in (1, spectra), "NSD-S02: pairing")
    blocks = spectra if zipped else spectra * kernels
    images, classes = blocks * after[0], len(header["classes"])
    widest = max(prod(after[1:i]) * prod(before[i:]) for i in range(1, 5))
    need(images <= 1 << 24 and widest <= 1 << 28, "NSD-A05: too many images, or values of one")
    if "labels" in table:
        shape = [images] if table["labels"].kind == "uint" else [images, classes]
        need(table["labels"].shape == shape, "NSD-L01: labels")
    pairs = [(a, a % kernels) if zipped else divmod(a, kernels) for a in range(blocks)]
    return (
        before,
        pairs,
        {axis: basis(named[axis], before[i], after[i])[None] for i, axis in enumerate(AXES) if axis in named},
    )


def stored_bytes(table, tensors):
    """The bytes of each array, by role. (container.md, Codings)"""
    coded = sorted(role for role in table if table[role].coding != "raw")
    need({*tensors} == {*table} - {*coded} | {"coded" for _ in coded}, "NSD-A01: missing tensors, or others")
    for name, (dtype, shape, data) in tensors.items():
        array = table.get(name)
        wanted = (FLOATS[array.dtype], array.shape) if array and array.dtype in FLOATS else ("U8", [len(data)])
        need((dtype, shape) == wanted and (not array or len(data) == array.length), f"NSD-A02: {name}")
    if coded:
        ends = list(accumulate(table[role].length for role in coded))
        try:
            frame = zstd.decompress(tensors.pop("coded")[2], ends[-1])
        except ValueError as error:
            raise ValueError(f"NSD-A03: {error}") from None
    found = {role: data for role, (_, _, data) in tensors.items()}
    return found | {
        role: frame[end - table[role].length : end] for role, end in zip(coded, ends if coded else [], strict=True)
    }


def decode(data: bytes) -> Decoded:
    """All that a file holds: the stored integers and the values (float64) of its arrays by role; images float64
    [N, C, H, W] in normalised units; labels [N], or float64 [N, classes] where they are soft."""
    header, tensors = container(data)
    check(header)
    table = {role: Array(role, entry) for role, entry in header["arrays"].items()}
    cost = sum(array.size * (2 if array.kind == "uint" else 4) for array in table.values())
    need(cost <= 1 << 30, "NSD-A05: too many values")
    before, pairs, matrices = plan(header, table)
    found = stored_bytes(table, tensors)
    decoded = {role: array.decode(found[role]) for role, array in table.items()}
    integers = {role: items for role, (items, _) in decoded.items() if items is not None}
    arrays = {role: values for role, (_, values) in decoded.items()}
    spectrum = arrays["spectrum"]
    if "mask" in table:
        mask, spectrum = integers["mask"] == 1, np.zeros((len(spectrum), *before))
        need((mask.sum((1, 2)) == arrays["spectrum"].shape[3]).all(), "NSD-S03: places of the mask")
        for i, coefficients in enumerate(arrays["spectrum"]):
            spectrum[i][:, :, mask[i % len(mask)]] = coefficients
    matrices |= {axis: arrays[f"{axis}_kernel"] for axis in AXES if f"{axis}_kernel" in arrays}
    images = []
    for i, j in pairs:
        block = spectrum[i]
        for place, axis in enumerate(AXES):
            if axis in matrices:
                matrix = matrices[axis][j % len(matrices[axis])]
                block = np.moveaxis(np.tensordot(block, matrix, (place, 0)), -1, place)
        images.append(block)
    images, classes = np.concatenate(images), len(header["classes"])
    labels = integers.get("labels", arrays.get("labels", np.arange(len(images)) * classes // len(images)))
    if labels.ndim == 2:
        labels = np.exp(arrays["labels"] - arrays["labels"].max(1, keepdims=True))
        labels /= labels.sum(1, keepdims=True)
    else:
        need(labels.max() < classes, "NSD-L02: a label outside the classes")
    return Decoded(header, integers, arrays, images, labels)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Decode .nsd files.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--npy", type=Path, metavar="DIR", help="write the images of each file there")
    options = parser.parse_args()
    for path in options.files:
        try:
            decoded = decode(path.read_bytes())
        except ValueError as error:
            print(f"{path}: refused: {error}")
            continue
        images, labels = decoded.images, decoded.labels.tolist()
        print(f"{path}: images {images.shape}, {images.min():.4g} to {images.max():.4g}, labels {labels}")
        if options.npy:
            np.save(options.npy / f"{path.stem}.npy", images)

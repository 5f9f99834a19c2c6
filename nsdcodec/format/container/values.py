"""Values of an array <-> the items that are stored: floats, bit patterns, small integers with scales.

Items are NumPy arrays of one dimension: <f4 and <f2 for float32 and float16, <u2 bit patterns for bfloat16, int8 for
the scaled types, u1 or <u2 for the unsigned ones. Spec: spec/container.md, stored types.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsdcodec.errors import MalformedFile
from nsdcodec.format.stored_types import FLOATS, SCALED, ArraySpec

Array = NDArray[Any]

# Values that are looked at together, so that no check takes more memory than this many bytes.
CHUNK = 1 << 20


@dataclass(frozen=True)
class Stored:
    """`items` [n]; `scales` float16 [m], of scaled types only, else of no length."""

    items: Array
    scales: Array


def item_type(spec: ArraySpec) -> np.dtype[Any]:
    """Of the items in memory: the smallest that holds one."""
    if spec.dtype in ("float32", "float16"):
        return np.dtype("<f4" if spec.bits == 32 else "<f2")
    if spec.dtype in SCALED:
        return np.dtype("i1")
    return np.dtype("u1" if spec.bits <= 8 else "<u2")


def to_items(values: Array, spec: ArraySpec) -> Stored:
    """Rounded to the stored type, to nearest. Raises OverflowError where a value does not fit it."""
    if spec.dtype in SCALED:
        return _quantized(values, spec)
    flat = values.reshape(-1)
    none = np.empty(0, "<f2")
    if spec.dtype == "bfloat16":
        with np.errstate(over="ignore", invalid="ignore"):
            items = _bfloat16(flat.astype("<f4"))
        fits = bool(np.isfinite(_from_bfloat16(items)).all())
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            items = flat.astype(item_type(spec))
        if spec.dtype in FLOATS:
            fits = bool(np.isfinite(items).all())
        else:
            fits = bool((items == flat).all() and (items.size == 0 or int(items.max()) < 1 << spec.bits))
    if not fits:
        raise OverflowError(f"a value does not fit {spec.dtype} (largest: {np.abs(flat).max():.4g})")
    return Stored(items, none)


def from_items(stored: Stored, spec: ArraySpec, name: str) -> Array:
    """Values of the spec's shape: float32 or float16 as stored; float32 of bfloat16 and of scaled integers, exactly;
    bool of uint1; else the integers. Raises MalformedFile (A04) where a value is none that its type allows."""
    _check(stored, spec, name)
    if spec.dtype == "bfloat16":
        return _from_bfloat16(stored.items).reshape(spec.shape)
    if spec.dtype in SCALED:
        return scaled(stored, spec)
    if spec.dtype == "uint1":
        return stored.items.view(bool).reshape(spec.shape)
    return stored.items.reshape(spec.shape)


def scaled(stored: Stored, spec: ArraySpec) -> Array:
    """Scales times integers, float32 of the spec's shape. Exact: 11 bits times 8 fit the 24 of float32."""
    rows = stored.items.reshape(len(stored.scales), -1).astype(np.float32)
    rows *= stored.scales.astype(np.float32)[:, None]
    return rows.reshape(spec.shape)


def _quantized(values: Array, spec: ArraySpec) -> Stored:
    """Each scale is the largest magnitude it serves over the largest integer, rounded down: so the largest integer is
    always used, and what was quantized before comes back as it was."""
    most = (1 << spec.bits - 1) - 1
    rows = values.reshape(spec.scales, -1).astype(np.float32)
    largest = np.abs(rows).max(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        scales = (largest / most).astype("<f2")
    if not np.isfinite(scales).all():
        raise OverflowError(f"a value does not fit {spec.dtype} (largest: {largest.max():.4g})")
    scales = (scales.view("<u2") - (scales > largest / most)).astype("<u2").view("<f2")
    steps = scales.astype(np.float32)[:, None]
    quotients = np.divide(rows, steps, out=np.zeros_like(rows), where=steps > 0)
    return Stored(np.clip(np.rint(quotients), -most, most).astype(np.int8).reshape(-1), scales)


def _check(stored: Stored, spec: ArraySpec, name: str) -> None:
    for items in np.array_split(stored.items, max(1, -(-len(stored.items) // CHUNK))):
        if spec.dtype in SCALED:
            most = (1 << spec.bits - 1) - 1
            if int(items.min()) < -most or int(items.max()) > most:
                raise MalformedFile("NSD-A04", f"{name} holds an integer outside of {-most} to {most}")
        elif spec.dtype in FLOATS:
            finite = (items & 0x7F80) != 0x7F80 if spec.dtype == "bfloat16" else np.isfinite(items)
            if not finite.all():
                raise MalformedFile("NSD-A04", f"{name} holds NaN or infinity")
    if not (np.isfinite(stored.scales) & (stored.scales >= 0)).all():
        raise MalformedFile("NSD-A04", f"{name} has a scale that is not finite or below 0")


def _bfloat16(values: Array) -> Array:
    """Upper halves of float32, to nearest, ties to even."""
    patterns = np.ascontiguousarray(values).view("<u4")
    odd = (patterns >> 16) & 1
    rounded = ((patterns + (0x7FFF + odd)) >> 16).astype("<u2")
    # The carry would make another number of a NaN.
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded).astype("<u2")


def _from_bfloat16(items: Array) -> Array:
    patterns = items.astype("<u4")
    patterns <<= 16
    return patterns.view("<f4")

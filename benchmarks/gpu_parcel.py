"""Images in HDF5 as parcels of lossless WebP, each below a size, for a machine that nothing else can reach.

    gpu_parcel.py pack IMAGES.h5 FOLDER        # FOLDER/1, FOLDER/2, ...; what lies in them already counts
    gpu_parcel.py unpack FOLDER/1 DATA         # DATA/IMAGES.h5, when the last parcel has come

A parcel has the mosaics of up to 1,000 images that it carries, and the manifest of them all with labels and digests.
Images are 3 x H x W.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from PIL import Image

MOST_BYTES = 60_000_000
IMAGES, COLUMNS = 1000, 50  # of a mosaic; WebP has at most 16,383 pixels a side
MANIFEST = "manifest.json"


def mosaic(images: np.ndarray) -> bytes:
    """Images uint8 [n, 3, H, W], COLUMNS to a row, as WebP; black where a row is not full."""
    count, _, height, width = images.shape
    rows = -(-count // COLUMNS)
    tiles = np.zeros((rows * COLUMNS, 3, height, width), np.uint8)
    tiles[:count] = images
    pixels = tiles.reshape(rows, COLUMNS, 3, height, width).transpose(0, 3, 1, 4, 2)
    made = io.BytesIO()
    picture = Image.fromarray(pixels.reshape(rows * height, COLUMNS * width, 3))
    picture.save(made, "WEBP", lossless=True, quality=80, method=4)
    return made.getvalue()


def images_of(path: Path, count: int) -> np.ndarray:
    """The uint8 [count, 3, H, W] of which `mosaic` made the file."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    rows = -(-count // COLUMNS)
    height, width = pixels.shape[0] // rows, pixels.shape[1] // COLUMNS
    tiles = pixels.reshape(rows, height, COLUMNS, width, 3).transpose(0, 2, 4, 1, 3)
    return tiles.reshape(rows * COLUMNS, 3, height, width)[:count]


def pack(source: Path, folder: Path, most: int = MOST_BYTES) -> int:
    """How many parcels it took."""
    blocks: list[tuple[str, bytes]] = []
    manifest: dict[str, Any] = {"name": source.name, "splits": {}, "blocks": []}
    with h5py.File(source) as file, ThreadPoolExecutor() as pool:
        # The test set first, since a sitting without it measures nothing.
        for split in [name for name in ("test", "train") if name in file]:
            images, labels = file[f"{split}/images"][()], file[f"{split}/labels"][()]
            if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 3:
                sys.exit(f"error: {source}, {split}: images are {images.dtype} {images.shape}; give uint8 [N, 3, H, W]")
            manifest["splits"][split] = {
                "sha256": hashlib.sha256(images.tobytes()).hexdigest(),
                "labels": labels.tolist(),
            }
            parts = [images[start : start + IMAGES] for start in range(0, len(images), IMAGES)]
            for number, (part, webp) in enumerate(zip(parts, pool.map(mosaic, parts), strict=True)):
                blocks.append((f"{split}-{number:03}.webp", webp))
                manifest["blocks"].append({"file": blocks[-1][0], "split": split, "count": len(part)})
        manifest["classes"] = [name if isinstance(name, str) else name.decode() for name in file.attrs["classes"]]
    text = json.dumps(manifest)
    parcel, used = 0, most
    for name, webp in blocks:
        if used + len(webp) > most:
            parcel += 1
            at = folder / str(parcel)
            at.mkdir(parents=True, exist_ok=True)
            (at / MANIFEST).write_text(text)
            used = sum(path.stat().st_size for path in at.rglob("*") if path.is_file())
            if used + len(webp) > most:
                sys.exit(f"error: {at} has {used:,} bytes without an image; {most:,} are allowed")
        (folder / str(parcel) / name).write_bytes(webp)
        used += len(webp)
    return parcel


def unpack(parcel: Path, data: Path) -> Path | None:
    """The HDF5 file, checked against the digests; None while mosaics of other parcels are missing."""
    parts = data / "parcels"
    parts.mkdir(parents=True, exist_ok=True)
    for path in (*parcel.glob("*.webp"), parcel / MANIFEST):
        shutil.copyfile(path, parts / path.name)
    manifest = json.loads((parts / MANIFEST).read_text())
    missing = [block["file"] for block in manifest["blocks"] if not (parts / block["file"]).exists()]
    if missing:
        print(f"{len(missing)} of {len(manifest['blocks'])} mosaics are still to come")
        return None
    made: Path = data / manifest["name"]
    _write(made, parts, manifest)
    print(made)
    return made


def _write(made: Path, parts: Path, manifest: dict[str, Any]) -> None:
    unfinished = made.with_name(made.name + ".unfinished")
    with h5py.File(unfinished, "w") as file:
        for split, known in manifest["splits"].items():
            blocks = [block for block in manifest["blocks"] if block["split"] == split]
            images = np.concatenate([images_of(parts / block["file"], block["count"]) for block in blocks])
            if hashlib.sha256(images.tobytes()).hexdigest() != known["sha256"]:
                sys.exit(f"error: the {split} images are not those that were packed; make the parcels again")
            file.create_dataset(f"{split}/images", data=images)
            file.create_dataset(f"{split}/labels", data=np.asarray(known["labels"]))
        file.attrs["classes"] = manifest["classes"]
    os.replace(unfinished, made)


def main() -> None:
    parser = argparse.ArgumentParser(description="Pack images into parcels, or unpack them.")
    parser.add_argument("action", choices=("pack", "unpack"))
    parser.add_argument("given", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.action == "pack":
        print(f"{pack(options.given, options.folder)} parcels in {options.folder}")
    else:
        unpack(options.given, options.folder)


if __name__ == "__main__":
    main()

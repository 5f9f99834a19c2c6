"""nsdc info: what a file says of itself, and where every byte goes. Needs no torch."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import options, output

if TYPE_CHECKING:
    from nsdcodec.container.file import NSDFile


def info(file: options.FileArgument, json: bool = output.JSON) -> None:
    """Show a file's contents, its training recipe, and where every byte goes."""
    from nsdcodec.container.file import read

    found = read(file)
    if json:
        output.print_json(_document(found))
        return
    header, layout, recipe = found.header, found.header.layout, found.header.recipe
    output.print_pairs(
        [
            ("format", f"nsd {header.version[0]}.{header.version[1]}, {header.parameterization}"),
            ("images", f"{layout.images:,} of {layout.geometry}"),
            ("classes", ", ".join(header.classes[:10]) + (", ..." if len(header.classes) > 10 else "")),
            ("elements", f"{layout.elements:,} ({layout.elements / _ipc_one(found):.3g} images a class by Eq. 3)"),
            ("file", f"{found.nbytes:,} bytes, {found.bits_per_class:,.0f} bits a class"),
            (
                "recipe",
                f"{recipe.network.name} {recipe.network.depth} x {recipe.network.width}, {recipe.epochs} epochs of SGD "
                f"{recipe.learning_rate:g}, momentum {recipe.momentum:g}, weight decay {recipe.weight_decay:g}, "
                f"batch {recipe.batch_size}, {recipe.augmentation}",
            ),
            ("normalization", f"mean {_numbers(header.normalization.mean)}, std {_numbers(header.normalization.std)}"),
            ("made from", _provenance(header.provenance)),
            ("sha256", found.digest),
        ]
    )
    print()
    output.print_table(["where the bytes go", "type", "shape", "codec", "bytes", "share"], _rows(found))


def _rows(found: NSDFile) -> list[list[str]]:
    rows = []
    for role, spec in found.header.layout.arrays.items():
        size = found.stored_bytes[role]
        shape = " x ".join(map(str, spec.shape))
        codec = found.header.codecs[role]
        rows.append([role, spec.dtype, shape, codec, f"{size:,}", f"{size / found.nbytes:.1%}"])
    if "labels" not in found.header.layout.arrays:
        rows.append(["labels", "", "by rule", "", "0", "0.0%"])
    rows.append(["header", "", "", "", f"{found.header_bytes:,}", f"{found.header_bytes / found.nbytes:.1%}"])
    rows.append(["total", "", "", "", f"{found.nbytes:,}", "100.0%"])
    return rows


def _document(found: NSDFile) -> dict[str, Any]:
    header, layout = found.header, found.header.layout
    return {
        "version": list(header.version),
        "parameterization": header.parameterization,
        "geometry": asdict(layout.geometry),
        "images": layout.images,
        "classes": list(header.classes),
        "elements": layout.elements,
        "bytes": found.nbytes,
        "bits_per_class": found.bits_per_class,
        "header_bytes": found.header_bytes,
        "synthesis": asdict(layout.synthesis),
        "labels": layout.labels,
        "arrays": {
            role: {
                "dtype": spec.dtype,
                "shape": list(spec.shape),
                "codec": header.codecs[role],
                "bytes": found.stored_bytes[role],
            }
            for role, spec in layout.arrays.items()
        },
        "normalization": asdict(header.normalization),
        "recipe": asdict(header.recipe),
        "budget": header.budget,
        "provenance": header.provenance,
        "sha256": found.digest,
    }


def _ipc_one(found: NSDFile) -> int:
    geometry = found.header.layout.geometry
    return geometry.classes * geometry.image_elements


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _provenance(provenance: dict[str, Any]) -> str:
    # Free-form in the format: whatever is there is shown, nothing is needed.
    source = provenance.get("source")
    name = source.get("name", "?") if isinstance(source, dict) else "?"
    changes = provenance.get("set")
    changed = f" with {' '.join(map(str, changes))}" if isinstance(changes, list) and changes else ""
    return (
        f"{name} by {provenance.get('encoder', '?')}, recipe {provenance.get('recipe', '?')}{changed}, "
        f"seed {provenance.get('seed', '?')}, on {provenance.get('device', '?')}"
    )

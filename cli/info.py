"""nsdc info: what a file says about itself, and what its bytes are used for. Needs neither PyTorch nor NumPy."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsdcodec.errors import NsdError
from nsdcodec.format.container.framing import CODED, DIGEST_BYTES

from . import output

if TYPE_CHECKING:
    from nsdcodec.format.container.contents import Contents


def info(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help=".nsd files: paths, URLs, or zoo:NAME.", show_default=False)
    ],
    json: bool = output.JSON,
) -> None:
    """Show a file's contents, its training recipe, and where every byte goes; of several files, one after the other.

    Arrays that were coded together share the bytes of one frame: of each, an estimate is shown, by its plain bytes. The
    digest and the header are checked; the values of the arrays are not looked at: see `nsdc verify`.
    """
    from nsdcodec.format.container.contents import contents_of
    from nsdcodec.format.container.remote import without_secrets

    found = {}
    for file in files:
        try:
            found[file] = contents_of(file)
        except NsdError:
            if len(files) > 1:
                print(output.printable(f"{without_secrets(file)}:"), file=sys.stderr)
            raise
    if json:
        documents = [_document(one) for one in found.values()]
        if len(documents) > 1:
            documents = [{"file": without_secrets(file)} | each for file, each in zip(found, documents, strict=True)]
        output.print_json(documents if len(documents) > 1 else documents[0])
        return
    for i, (file, one) in enumerate(found.items()):
        if len(found) > 1:
            print("\n" * (i > 0) + output.printable(without_secrets(file)))
        _print(one)


def _print(found: Contents) -> None:
    header, layout, recipe = found.header, found.header.layout, found.header.recipe
    output.print_pairs(
        [
            ("format", f"nsd {header.version[0]}.{header.version[1]}, {header.parameterization}"),
            ("images", f"{layout.images:,} of {layout.geometry}"),
            ("classes", ", ".join(header.classes[:10]) + (", ..." if len(header.classes) > 10 else "")),
            ("elements", f"{layout.elements:,} ({layout.elements / _ipc_one(found):.3g} images a class by Eq. 3)"),
            (
                "file",
                f"{found.nbytes:,} bytes, {found.bits_per_class:,.0f} bits a class, "
                f"{_bits_per_element(found):.3g} bits an element",
            ),
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
    output.print_table(["where the bytes go", "type", "shape", "coding", "plain", "bytes", "share"], _rows(found))


def _rows(found: Contents) -> list[list[str]]:
    """A row an array; those coded together share the bytes of one frame: of each, an estimate, without a share."""
    rows = []
    together = [spec.nbytes for role, spec in found.header.layout.arrays.items() if role not in found.stored_bytes]
    for role, spec in found.header.layout.arrays.items():
        shape = "x".join(map(str, spec.shape))
        dtype = spec.dtype + (f", {spec.scales:,} scales" if spec.scales else "")
        if role in found.stored_bytes:
            size = _share(found, found.stored_bytes[role])
        else:
            size = [f"~{round(found.stored_bytes[CODED] * spec.nbytes / max(1, sum(together))):,}", ""]
        rows.append([role, dtype, shape, found.coding(role), f"{spec.nbytes:,}", *size])
    if "labels" not in found.header.layout.arrays:
        rows.append(["labels", "", "by rule", "", "0", *_share(found, 0)])
    if CODED in found.stored_bytes:
        rows.append(["coded together", "", "", "", "", *_share(found, found.stored_bytes[CODED])])
    rows += [[f"optional {name}", "", "", "", "", *_share(found, len(data))] for name, data in found.optional.items()]
    rows.append(["header", "", "", "", "", *_share(found, found.header_bytes)])
    rows.append(["digest", "", "", "", "", *_share(found, DIGEST_BYTES)])
    rows.append(["total", "", "", "", f"{found.header.layout.nbytes:,}", *_share(found, found.nbytes)])
    return rows


def _share(found: Contents, size: int) -> list[str]:
    return [f"{size:,}", f"{size / found.nbytes:.1%}"]


def _document(found: Contents) -> dict[str, Any]:
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
        "bits_per_element": _bits_per_element(found),
        "header_bytes": found.header_bytes,
        "digest_bytes": DIGEST_BYTES,
        "stored_bytes": dict(found.stored_bytes),
        "optional_bytes": {name: len(data) for name, data in found.optional.items()},
        "synthesis": asdict(layout.synthesis),
        "labels": layout.labels,
        "arrays": {
            role: asdict(spec) | {"shape": list(spec.shape), "coding": found.coding(role), "plain_bytes": spec.nbytes}
            for role, spec in layout.arrays.items()
        },
        "normalization": asdict(header.normalization),
        "recipe": asdict(header.recipe),
        "provenance": header.provenance,
        "sha256": found.digest,
    }


def _bits_per_element(found: Contents) -> float:
    """Of the arrays as stored, coding and all, without the header."""
    return 8 * sum(found.stored_bytes.values()) / found.header.layout.elements


def _ipc_one(found: Contents) -> int:
    geometry = found.header.layout.geometry
    return geometry.classes * geometry.image_elements


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _provenance(provenance: dict[str, Any]) -> str:
    # Free-form in the format: whatever is there is shown, nothing is needed.
    changes = provenance.get("set")
    begun = f", started from {provenance['start']}" if "start" in provenance else ""
    changed = f" with {' '.join(map(str, changes))}" if isinstance(changes, list) and changes else ""
    return (
        f"{provenance.get('source', '?')} by {provenance.get('encoder', '?')}, recipe "
        f"{provenance.get('recipe', '?')}{changed}, seed {provenance.get('seed', '?')}, "
        f"on {provenance.get('device', '?')}{begun}"
    )

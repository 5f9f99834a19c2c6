"""nsdc zoo: the files that come with the package."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from . import output

if TYPE_CHECKING:
    from nsdcodec.format.zoo import Entry


def zoo(
    name: Annotated[
        str | None, typer.Argument(help="Print the data card of this one (Markdown).", show_default=False)
    ] = None,
    json: bool = output.JSON,
) -> None:
    """List the files that come with this package, which every command opens as zoo:NAME; with NAME, print the data card
    of one."""
    from nsdcodec.format import zoo as found

    if name is not None:
        chosen = found.entry(name)
        if json:
            output.print_json(_document(chosen))
        else:
            print(output.printable(card(chosen)), end="")
        return
    if json:
        output.print_json([_document(each) for each in found.entries()])
        return
    columns = ["open it as", "setting", "bytes", "bits a class", "accuracy", "networks", "sha256 of all bytes"]
    rows = [
        [
            found.SCHEME + each.name,
            each.setting,
            f"{each.bytes:,}",
            f"{each.bits_per_class:,.0f}",
            each.accuracy,
            str(each.networks),
            each.sha256,
        ]
        for each in found.entries()
    ]
    output.print_table(columns, rows)


def card(entry: Entry) -> str:
    """Its data card: what `nsdc push` would write of it, with what was measured."""
    from nsdcodec.export.card import card as written
    from nsdcodec.format import zoo as found
    from nsdcodec.format.container.file import read

    networks = output.counted(entry.networks, "network")
    told = (
        f"{entry.accuracy} on the real test images of {entry.source}: {networks}, {entry.epochs:,} epochs. "
        f"{entry.protocol}. Made in commit {entry.commit} on {entry.hardware}, by: {entry.command}"
    )
    address = found.SCHEME + entry.name
    return written(entry.name, {entry.file: read(address)}, found.LICENSE.lower(), [told], address)


def _document(entry: Entry) -> dict[str, object]:
    from nsdcodec.format.zoo import LICENSE

    return {"name": entry.name, **asdict(entry), "license": LICENSE}

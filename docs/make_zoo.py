"""Writes what is made from zoo/files.json and the files themselves: zoo/README.md, and of each file a data card and a
picture, unless the one that is there was made of the same file. Run it when a file is added or its entry changed
(`make zoo`); a test says so.
"""

from __future__ import annotations

from pathlib import Path

from nsdcodec_cli.zoo import card
from PIL import Image

from nsdcodec import read
from nsdcodec.format.zoo import Entry, entries
from nsdcodec.report.figure import figure

FOLDER = Path(__file__).resolve().parents[1] / "zoo"
BEGIN = """# Files worth keeping

They come with the package: `nsdc zoo` lists them, and `NSDDataset("zoo:{first}")` or `nsdc info zoo:{first}` opens one.
Each is read by a test for as long as its format version is supported. Accuracies are those of
[benchmarks/RESULTS.md](../benchmarks/RESULTS.md), ± the standard deviation over the networks.
[files.json](files.json) has the same for programs; `nsdc bench frontier` draws it, and `make zoo` makes this page, the
pictures and the data cards from it. What is ours in the files is under the MIT licence (SPDX: MIT); their data cards
say what is known of the terms of the real images. CIFAR-10 is by Alex Krizhevsky, *Learning Multiple Layers of Features
from Tiny Images*, 2009.

| file | setting | bytes | images | bits a class | accuracy on the real test set | SHA-256 |
| --- | --- | --- | --- | --- | --- | --- |
"""


def page(told: tuple[Entry, ...]) -> str:
    """README.md of these files."""
    rows = [
        f"| `{each.file}` | {each.setting} | {each.bytes:,} | {read(FOLDER / each.file).header.layout.images:,} "
        f"| {each.bits_per_class:,.0f} | {each.accuracy} ({_networks(each)}, {each.epochs:,} epochs) "
        f"| `{each.sha256}` |\n"
        for each in told
    ]
    sections = [
        f"\n## {each.name}\n\n    {each.command}\n\n{each.accuracy} by {_networks(each)}: {each.protocol}. Made on "
        f"{each.hardware}, in commit {each.commit}. [Data card]({each.name}.md); the picture is by\n`nsdc report "
        f"zoo:{each.name} --png {each.name}.png`.\n\n![Twelve images of each class, what one of them is the sum of, "
        f"and where the bytes of the file go]({each.name}.png)\n"
        for each in told
    ]
    return BEGIN.format(first=told[0].name) + "".join(rows + sections)


def _networks(entry: Entry) -> str:
    return f"{entry.networks} network{'s' * (entry.networks > 1)}"


def shows(path: Path) -> str:
    """The digest of the file that a picture was made of; "" where there is no picture."""
    return str(Image.open(path).info.get("Description", "")) if path.exists() else ""


if __name__ == "__main__":
    (FOLDER / "README.md").write_text(page(entries()), encoding="utf-8")
    for entry in entries():
        data, picture = (FOLDER / entry.file).read_bytes(), FOLDER / f"{entry.name}.png"
        (FOLDER / f"{entry.name}.md").write_text(card(entry), encoding="utf-8")
        if shows(picture) != read(data).digest:
            picture.write_bytes(figure(data))
            print(picture.relative_to(FOLDER.parent))

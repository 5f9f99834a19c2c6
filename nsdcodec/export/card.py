"""The data card of .nsd files: the README.md that the Hugging Face hub shows beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from nsdcodec.errors import InvalidSetting
from nsdcodec.format.container.file import NSDFile

TAGS = ("dataset-distillation", "nsdcodec")
SHOWN_CLASSES = 100
# The hub's classes of size, by the number of images below which they are.
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
# What is known of the terms of the real images, whose distillate is a work derived from them.
_IMAGENET = "ImageNet: non-commercial research and education, by its terms of access."
TERMS: Mapping[str, str] = MappingProxyType(
    {
        "cifar10": "CIFAR-10 is published without a licence; its authors ask to cite Krizhevsky, 2009.",
        "cifar100": "CIFAR-100 is published without a licence; its authors ask to cite Krizhevsky, 2009.",
        "svhn": "SVHN: for non-commercial use only.",
        "mnist": "MNIST: by LeCun and Cortes, commonly given as CC BY-SA 3.0.",
        "fashionmnist": "Fashion-MNIST: MIT.",
        "digits": "Optical Recognition of Handwritten Digits (UCI): CC BY 4.0.",
    }
    | dict.fromkeys(
        (
            "tinyimagenet",
            "imagenette",
            "imagewoof",
            "imagefruit",
            "imagemeow",
            "imagesquawk",
            "imageyellow",
        ),
        _IMAGENET,
    )
)
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True)
class Accuracy:
    """One line of an evaluation: networks of one kind, trained on `file` of `nbytes` bytes, tested on the test set of
    `source`. Mean and standard deviation over the networks are from 0 to 1."""

    file: str
    nbytes: int
    network: str
    mean: float
    deviation: float
    networks: int
    source: str
    test_images: int


def card(
    repository: str,
    files: Mapping[str, NSDFile],
    license: str = "other",
    accuracies: Sequence[str | Accuracy] = (),
    address: str | None = None,
) -> str:
    """The data card, in Markdown with the hub's front matter, of files by their names in the repository. `license` is
    one of the hub's identifiers, or "other"; `address` opens the first file (None: its URL on the hub). Raises
    InvalidSetting for a licence that is not possible, and for an accuracy of a file that is not among them."""
    if not _LICENSE.fullmatch(license):
        raise InvalidSetting(
            f"the licence {license[:40]!r} is no identifier of the hub's; such as mit, cc-by-4.0, other"
        )
    _check_accuracies(files, accuracies)
    title = repository.partition("/")[2] or repository
    sections = [
        _front_matter(title, files, license),
        f"# {_plain(title)}\n\n{_what(files)}",
        _files(files),
        _use(address or f"hf://datasets/{repository}/{next(iter(files))}", files),
        _accuracy(accuracies),
        _made(files),
        _classes(files),
        _license(license, files),
    ]
    return "\n".join(section + "\n" for section in sections if section)


def _check_accuracies(files: Mapping[str, NSDFile], accuracies: Sequence[str | Accuracy]) -> None:
    for accuracy in accuracies:
        if isinstance(accuracy, str):
            continue
        if accuracy.file not in files:
            raise InvalidSetting(f"an accuracy is of {accuracy.file}, which is not among {', '.join(files)}")
        if (nbytes := files[accuracy.file].nbytes) != accuracy.nbytes:
            raise InvalidSetting(
                f"an accuracy is of a {accuracy.file} of {accuracy.nbytes:,} bytes; this one has {nbytes:,}: evaluate "
                "this one"
            )


def _front_matter(title: str, files: Mapping[str, NSDFile], license: str) -> str:
    images = sum(file.header.layout.images for file in files.values())
    size = next((name for limit, name in SIZES if images < limit), "1M<n<10M")
    lines = [
        "---",
        f"license: {license}",
        f"pretty_name: {json.dumps(title)}",  # a JSON text is a YAML text
        "task_categories:\n- image-classification",
        "tags:",
        *(f"- {tag}" for tag in TAGS),
        f"size_categories:\n- {size}",
        "viewer: false",  # the hub's viewer reads no .nsd
        "---",
    ]
    return "\n".join(lines)


def _what(files: Mapping[str, NSDFile]) -> str:
    sources = sorted({source for file in files.values() if (source := source_name(file))})
    of = f" of {', '.join(map(_plain, sources))}" if sources else ""
    return (
        f"A distilled data set{of}: few synthetic images, stored as coefficients, that a network is trained on in "
        "place of the real ones. The files are of the format .nsd, in the container "
        "[safetensors](https://github.com/huggingface/safetensors); nothing in them is run, and a "
        "digest covers every byte."
    )


def _files(files: Mapping[str, NSDFile]) -> str:
    rows = ["## Files\n", "| file | bytes | bits a class | images | classes | image | parameterization | elements |"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, file in files.items():
        layout = file.header.layout
        geometry = layout.geometry
        cells = [
            _plain(name),
            f"{file.nbytes:,}",
            f"{file.bits_per_class:,.0f}",
            f"{layout.images:,}",
            f"{geometry.classes:,}",
            f"{geometry.channels} x {geometry.height} x {geometry.width}",
            _plain(file.header.parameterization),
            f"{layout.elements:,}",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _use(url: str, files: Mapping[str, NSDFile]) -> str:
    source = source_name(next(iter(files.values())))
    known = f"nsdc eval {url} {source}\n" if source in TERMS else ""
    extras = "encode,hub" if url.startswith("hf:") else "encode"
    return (
        "## Use\n\nnsdcodec is on no package index: install it from a checkout of its repository.\n\n"
        f"```shell\npip install '.[{extras}]'\n"
        f"nsdc info {url}\n{known}```\n\n```python\nfrom nsdcodec import NSDDataset\n\n"
        f'dataset = NSDDataset("{url}")  # a map-style torch data set\n'
        "image, label = dataset[0]\ndataset.recipe, dataset.normalization  # how to train on it, and to test\n```"
    )


def _with_spread(one: Accuracy) -> str:
    """One network has none."""
    return f"{one.mean:.1%}" + (f" ± {100 * one.deviation:.1f}" if one.networks > 1 else "")


def _accuracy(accuracies: Sequence[str | Accuracy]) -> str:
    if not accuracies:
        return ""
    lines = [f"- {_plain(accuracy)}" for accuracy in accuracies if isinstance(accuracy, str)]
    rows = [
        f"| {_plain(one.file)} | {_plain(one.network)} | {_with_spread(one)} "
        f"| {one.networks} | {_plain(one.source)}, {one.test_images:,} |"
        for one in accuracies
        if isinstance(one, Accuracy)
    ]
    if rows:
        head = "| file | network | accuracy | networks | real test set, images |\n| --- | --- | --- | --- | --- |"
        lines += ["", head, *rows] if lines else [head, *rows]
    return "## Accuracy of networks trained on it\n\n" + "\n".join(lines)


def _made(files: Mapping[str, NSDFile]) -> str:
    """Provenance is free-form: what there is, is shown. The recipe comes from the header."""
    parts = ["## How it was made, and how to train on it"]
    for name, file in files.items():
        recipe, made = file.header.recipe, file.header.provenance
        pairs = [f"- {_plain(key)}: {_plain(_text(value))}" for key, value in made.items()]
        network = f"{_plain(recipe.network.name)} {recipe.network.depth} x {recipe.network.width}"
        trained = (
            f"- to train: {network}, {recipe.epochs:,} epochs of SGD {recipe.learning_rate:g}, momentum "
            f"{recipe.momentum:g}, weight decay {recipe.weight_decay:g}, batch {recipe.batch_size:,}, augmentation "
            f"{_plain(recipe.augmentation)}"
        )
        mean, std = (
            " ".join(f"{value:g}" for value in values)
            for values in (file.header.normalization.mean, file.header.normalization.std)
        )
        normalized = f"- normalisation: mean {mean}, deviation {std}"
        parts.append("\n".join([f"{_plain(name)}\n", *pairs, trained, normalized, f"- SHA-256: `{file.digest}`"]))
    return "\n\n".join(parts)


def _classes(files: Mapping[str, NSDFile]) -> str:
    parts = ["## Classes"]
    for classes in dict.fromkeys(file.header.classes for file in files.values()):
        more = f", and {len(classes) - SHOWN_CLASSES:,} more" if len(classes) > SHOWN_CLASSES else ""
        parts.append(", ".join(map(_plain, classes[:SHOWN_CLASSES])) + more)
    return "\n\n".join(parts)


def _license(license: str, files: Mapping[str, NSDFile]) -> str:
    own = (
        "Whoever made these files has stated no licence for them."
        if license == "other"
        else f"The licence of these files is {license}, as far as those who made them can give one."
    )
    sources = sorted({source_name(file) for file in files.values()})
    terms = [
        TERMS.get(source, f"{_plain(source) or 'The source'}: the terms of the real images are not known to this card.")
        for source in sources
    ]
    return (
        f"## Licence\n\n{own} They are made from real images, whose terms go on to hold:\n\n"
        + "\n".join(f"- {term}" for term in terms)
    )  # fmt: skip


def source_name(file: NSDFile) -> str:
    """The source that the provenance names, without the digits of its hash; "" if it names none."""
    words = _text(file.header.provenance.get("source", "")).split()
    return " ".join(words[:-1] if len(words) > 1 else words)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> str:
    """Text from a file, made safe for Markdown: on one line, without links, tags or table columns."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return re.sub(r"([\\`*_\[\]<>|#!&~])", r"\\\1", line)

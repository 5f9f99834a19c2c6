"""Test trained networks on corrupted images: FreD's table on CIFAR-10-C, for any source."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from nsdcodec.errors import InvalidSetting, InvalidSource
from nsdcodec.evaluation import corruptions
from nsdcodec.evaluation.accuracy import Evaluation
from nsdcodec.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt, published
from nsdcodec.format.class_names import difference, numbers_in, renumbered
from nsdcodec.learning import training
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.real import normalized
from nsdcodec.sources import data_folders
from nsdcodec.sources.base import Source, Split


@dataclass(frozen=True)
class Robustness:
    """Top-1 accuracies, 0 to 1, of the networks of one evaluation: on `images` test images as they are (`clean`), and
    by corruption and severity. `published` where those are the images of CIFAR-10-C, not ones made here."""

    clean: tuple[float, ...]
    corrupted: Mapping[str, Mapping[int, tuple[float, ...]]]
    images: int
    published: bool

    def of(self, name: str) -> tuple[float, ...]:
        """Of each network, the mean over the severities."""
        return tuple(statistics.fmean(values) for values in zip(*self.corrupted[name].values(), strict=True))

    @property
    def average(self) -> tuple[float, ...]:
        """Of each network, the mean over corruptions and severities."""
        return tuple(statistics.fmean(values) for values in zip(*map(self.of, self.corrupted), strict=True))

    @property
    def means(self) -> dict[str, float]:
        """Over the networks: `clean`, each corruption, `average`: a row of FreD's table."""
        rows = {"clean": self.clean} | {name: self.of(name) for name in self.corrupted} | {"average": self.average}
        return {name: statistics.fmean(values) for name, values in rows.items()}


def robustness(
    evaluations: Sequence[Evaluation],
    source: Source,
    compute: Compute | None = None,
    *,
    severities: Sequence[int] = SEVERITIES,
    images: int | None = None,
    seed: int = 0,
    data_dir: Path | None = None,
    progress: Callable[[float, str], None] = lambda done, text: None,
) -> list[Robustness]:
    """For each evaluation, of which the networks were kept, its networks' accuracies on every corruption at these
    severities. `images` is how many test images (None: all), the first of each class in equal numbers.

    The corrupted images are those of the folder CIFAR-10-C in `data_dir` (default $NSDC_DATA, then the cache folder)
    where there is one and the source is cifar10; else made from the test images, the same for the same seed. Each set
    is made once, for all networks, and not kept. Raises InvalidSetting, InvalidSource and MissingData.
    """
    if any(not evaluation.networks for evaluation in evaluations):
        raise InvalidSetting("no networks to test: evaluate with keep_networks=True first")
    clean, folder = check(source, severities, images, data_dir)
    clean = clean.held()
    assert isinstance(clean.images, Tensor)
    accuracies = partial(_accuracies, evaluations, source, compute=compute or Compute())
    on_clean = accuracies(clean)
    found: list[dict[str, dict[int, tuple[float, ...]]]] = [{} for _ in evaluations]
    for i, name in enumerate(CORRUPTIONS):
        for j, severity in enumerate(severities):
            progress((i + j / len(severities)) / len(CORRUPTIONS), f"{name}, severity {severity}")
            if folder:
                whole = published.read(folder, name, severity, source.geometry)
                labels = renumbered(whole.labels, _published_numbers(source), source.geometry.classes)
                test = balanced(Split(whole.images, labels), images, source.geometry.classes)
            else:
                test = Split(corrupt(clean.images, name, severity, seed), clean.labels)
            for rows, values in zip(found, accuracies(test), strict=True):
                rows.setdefault(name, {})[severity] = values
    return [
        Robustness(first, rows, len(clean), folder is not None) for first, rows in zip(on_clean, found, strict=True)
    ]


def check(
    source: Source, severities: Sequence[int], images: int | None, data_dir: Path | None
) -> tuple[Split, Path | None]:
    """The test images to corrupt, and the folder of published ones where they are to be taken instead. Raises what
    `robustness` would, without its networks."""
    if source.test is None:
        raise InvalidSource(f"{source.name} has no test set; name a source that has one")
    if not severities or len(set(severities)) < len(severities):
        raise InvalidSetting(f"severities {list(severities)}; name each once, at least one of 1 to 5")
    for severity in severities:
        corruptions.check_severity(severity)
    folder = _published_folder(source, data_dir)
    if folder:
        for name in CORRUPTIONS:
            published.arrays(folder, name, source.geometry)
        _published_numbers(source)
    else:
        corruptions.check_shape(source.geometry.channels, source.geometry.height, source.geometry.width)
    return balanced(source.test, images, source.geometry.classes), folder


def balanced(split: Split, images: int | None, classes: int) -> Split:
    """The first images of each class, `images` in all (None: every one), in their order; the first classes have one
    more where the number does not divide, and a class with too few has all it has. Raises InvalidSetting."""
    if images is None:
        return split
    if not 1 <= images <= len(split):
        raise InvalidSetting(f"{images:,} images of the test set; it has 1 to {len(split):,}")
    share, more = divmod(images, classes)
    firsts = [(split.labels == label).nonzero().flatten()[: share + (label < more)] for label in range(classes)]
    index = torch.cat(firsts).sort().values
    return Split(split.images[index], split.labels[index])


def _published_folder(source: Source, data_dir: Path | None) -> Path | None:
    if source.name != "cifar10":
        return None
    found = [place / published.FOLDER for place in data_folders(data_dir) if (place / published.FOLDER).is_dir()]
    return found[0] if found else None


def _published_numbers(source: Source) -> tuple[int, ...]:
    """The numbers that the published labels have in the source. Raises InvalidSetting."""
    numbers = numbers_in(source.classes, published.CLASSES)
    if numbers is None:
        only = difference(published.CLASSES, source.classes, published.FOLDER, source.name)
        raise InvalidSetting(f"other classes: {only}; labels go by the names of the classes: rename them alike")
    return numbers


def _accuracies(
    evaluations: Sequence[Evaluation], source: Source, split: Split, compute: Compute
) -> list[tuple[float, ...]]:
    """Of images of the source, whose labels go by name to the outputs of the networks of each evaluation."""
    found = []
    for evaluation in evaluations:
        own = replace(source, test=split).numbered_as(evaluation.classes, "the file").test
        assert own is not None
        labels = own.labels.to(compute.device)
        found.append(
            tuple(
                training.accuracy(network, normalized(own, evaluation.normalization, compute.device), labels, compute)
                for network in evaluation.networks
            )
        )
    return found

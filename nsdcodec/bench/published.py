"""Published accuracies against the bits a class that they take, each with its source: what `nsdc bench frontier` draws
beside files that were measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nsdcodec.errors import UnknownName


@dataclass(frozen=True)
class Published:
    """Top-1 accuracy in %, of a ConvNet3 (4 at 64 pixels, 5 at 128), on the test set of `source`. `origin` is the paper
    of the figure."""

    source: str
    method: str
    bits_per_class: float
    accuracy: float
    origin: str


# Bits of one image in float32, the unit of a budget of IPC 1 (NSD Eq. 3).
IMAGE_BITS = {"cifar10": 32 * 3 * 32 * 32, "cifar100": 32 * 3 * 32 * 32, "tinyimagenet": 32 * 3 * 64 * 64}
SUBSETS = ("imagenette", "imagewoof", "imagefruit", "imageyellow", "imagemeow", "imagesquawk")
IMAGE_BITS |= dict.fromkeys(SUBSETS, 32 * 3 * 128 * 128)

NSD = "Yang et al., ECCV 2024, Tables 1 and 3"
FRED = "Shin et al., NeurIPS 2023"
MTT = "Cazenavette et al., CVPR 2022, as in NSD's Table 1"
PTQ_DC = "PTQ-DC, AAAI 2026: DATM's pixels in 2 bits, entropy-coded"
DD_RUO = "DD-RUO, ICCV 2025 (arXiv 2507.17221)"
GSDD = "GSDD, 2025"
DDIF = "Shin et al., ICLR 2025 (arXiv 2503.04835)"
AT_BPTT = "AT-BPTT++ (of arXiv 2510.04838)"
SPEED = "SPEED, NeurIPS 2023"


def _of(source: str, method: str, origin: str, figures: dict[float, float]) -> Iterator[Published]:
    """`figures` are accuracies by IPC, in float32."""
    for ipc, accuracy in figures.items():
        yield Published(source, method, ipc * IMAGE_BITS[source], accuracy, origin)


def _of_subsets(method: str, origin: str, *accuracies: float) -> Iterator[Published]:
    """At IPC 1, in the order of SUBSETS."""
    for source, accuracy in zip(SUBSETS, accuracies, strict=True):
        yield from _of(source, method, origin, {1: accuracy})


PUBLISHED: tuple[Published, ...] = (
    *_of("cifar10", "NSD", NSD, {1: 68.5, 10: 73.4, 50: 75.2}),
    *_of("cifar10", "FreD", FRED, {1: 60.6, 10: 70.3, 50: 75.8}),
    *_of("cifar10", "MTT, pixels", MTT, {1: 46.3, 10: 65.3, 50: 71.6}),
    *_of("cifar10", "PTQ-DC", PTQ_DC, {1: 68.9, 10: 79.0, 50: 83.8}),
    Published("cifar10", "DD-RUO", 107_000, 70.3, DD_RUO),
    Published("cifar10", "DD-RUO", 770_000, 77.5, DD_RUO),
    *_of("cifar10", "GSDD", GSDD, {1: 67.6}),
    *_of("cifar10", "DDiF", DDIF, {1: 66.5}),
    *_of("cifar10", "AT-BPTT++", AT_BPTT, {50: 81.0}),
    *_of("cifar100", "NSD", NSD, {1: 36.5, 10: 46.1}),
    *_of("cifar100", "FreD", FRED, {1: 34.6, 10: 42.7}),
    *_of("cifar100", "MTT, pixels", MTT, {1: 24.3, 10: 40.1}),
    *_of("cifar100", "PTQ-DC", PTQ_DC, {1: 48.0, 10: 56.5}),
    Published("cifar100", "DD-RUO", 69_000, 44.4, DD_RUO),
    *_of("tinyimagenet", "NSD", NSD, {1: 21.3}),
    *_of("tinyimagenet", "FreD", FRED, {1: 19.2}),
    *_of("tinyimagenet", "MTT, pixels", MTT, {1: 8.8}),
    *_of("tinyimagenet", "SPEED", SPEED, {1: 26.9}),
    *_of("tinyimagenet", "AT-BPTT++", AT_BPTT, {1: 26.7}),
    *_of_subsets("NSD", NSD, 68.6, 35.2, 39.8, 61.0, 45.2, 52.9),
    *_of_subsets("FreD", FRED, 66.8, 38.3, 43.7, 63.2, 43.2, 57.0),
    *_of_subsets("MTT, pixels", MTT.replace("Table 1", "Table 3"), 47.7, 28.6, 26.6, 45.2, 26.6, 37.3),
    *_of_subsets("GSDD", GSDD, 76.4, 46.4, 51.2, 72.4, 53.8, 73.2),
)
# Of a network that is trained on all real images.
FULL = {"cifar10": 84.8, "cifar100": 56.2}
SOURCES = tuple(IMAGE_BITS)


def published(source: str) -> list[Published]:
    """The figures for this data set. Raises UnknownName where there are none."""
    if source not in IMAGE_BITS:
        raise UnknownName("data set with published figures", source, SOURCES)
    return [point for point in PUBLISHED if point.source == source]

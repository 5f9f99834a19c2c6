"""The tables of FreD (Shin et al., NeurIPS 2023) that try objectives, architectures and corruptions, with figures."""

from __future__ import annotations

from nsdcodec.bench.nsd import FINITE, HARD_LABELS, KINDS, NO_HALLUCINATORS, PLAIN
from nsdcodec.bench.table import AVERAGE, CROSS, Row, Table, figures, not_run

# The budgets are those that HaBa needs for its networks: 61.44k, 337.92k and 1566.72k numbers.
IPCS = (2, 11, 51)
FORMS = ("pixel", "idc", "fred")
# The columns of its table on CIFAR-10-C. Written here a second time: `evaluation.corruptions` imports PyTorch, and
# a list of tables is to be shown at once. A test compares them.
CORRUPTIONS = (
    "gaussian_noise", "shot_noise", "impulse_noise",
    "defocus_blur", "glass_blur", "motion_blur", "zoom_blur",
    "snow", "frost", "fog", "brightness",
    "contrast", "elastic_transform", "pixelate", "jpeg_compression",
)  # fmt: skip


def _rows(objective: str, *texts: str) -> tuple[Row, ...]:
    """One row for each parameterization of FORMS; `texts` has two entries for each: its figures on the ConvNet and
    those on the other networks, by budget."""
    rows = []
    for form, own, others in zip(FORMS, texts[::2], texts[1::2], strict=True):
        published = figures("cifar10", dict(zip(IPCS, own.split(", "), strict=True)))
        published |= figures("cifar10", dict(zip(IPCS, others.split(", "), strict=True)), CROSS)
        rows.append(Row(f"{objective}-{form}", form, objective, published=published))
    return tuple(rows)


def _haba(objective: str, own: str, others: str) -> Row:
    published = figures("cifar10", dict(zip(IPCS, own.split(", "), strict=True)))
    published |= figures("cifar10", dict(zip(IPCS, others.split(", "), strict=True)), CROSS)
    return not_run(f"{objective}-haba", published, NO_HALLUCINATORS)


FRED = Table(
    "FreD, objectives and architectures: pixels, idc and fred by each objective",
    (
        *_rows(
            "dc",
            "31.4 ± 0.2, 45.3 ± 0.3, 54.2 ± 0.6",
            "22.0 ± 0.9, 29.2 ± 0.9, 34.1 ± 0.6",
            "35.2 ± 0.5, 53.8 ± 0.4, 56.4 ± 0.4",
            "28.7 ± 1.2, 35.4 ± 0.6, 40.2 ± 0.7",
            "45.3 ± 0.5, 55.8 ± 0.4, 59.8 ± 0.5",
            "37.3 ± 0.9, 37.4 ± 0.7, 42.7 ± 0.8",
        ),
        _haba("dc", "34.1 ± 0.5, 49.9 ± 0.5, 58.9 ± 0.2", "25.4 ± 0.9, 31.4 ± 0.7, 35.5 ± 0.9"),
        *_rows(
            "dm",
            "34.6 ± 0.5, 50.4 ± 0.4, 62.0 ± 0.3",
            "21.5 ± 2.2, 39.5 ± 1.1, 52.6 ± 0.7",
            "45.1 ± 0.5, 59.3 ± 0.4, 64.6 ± 0.3",
            "37.3 ± 1.1, 50.5 ± 0.6, 61.3 ± 0.5",
            "55.9 ± 0.4, 61.3 ± 0.8, 66.6 ± 0.6",
            "48.1 ± 0.7, 57.3 ± 0.8, 65.0 ± 0.7",
        ),
        _haba("dm", "37.3 ± 0.1, 56.8 ± 0.1, 64.4 ± 0.4", "30.1 ± 0.6, 47.0 ± 0.5, 60.1 ± 0.6"),
        *_rows(
            "mtt",
            "50.6 ± 1.0, 63.9 ± 0.3, 69.8 ± 0.5",
            "33.1 ± 1.1, 43.9 ± 1.4, 55.0 ± 1.0",
            "56.1 ± 0.4, 60.9 ± 0.4, 71.1 ± 0.4",
            "42.5 ± 1.5, 48.7 ± 1.8, 61.5 ± 1.0",
            "61.4 ± 0.3, 70.7 ± 0.5, 75.5 ± 0.2",
            "49.7 ± 1.0, 60.1 ± 0.7, 69.1 ± 0.7",
        ),
        _haba("mtt", "56.8 ± 0.4, 69.5 ± 0.3, 73.3 ± 0.2", "46.4 ± 1.0, 55.8 ± 1.8, 64.0 ± 0.9"),
    ),
    KINDS,
    cross=True,
    small_ipc=2.0,
)


def _sets(svhn: str, cifar10: str, cifar100: str) -> dict[str, str]:
    """Columns of its table on three data sets, each at IPC 1, 10 and 50; "-" is no figure, or one that the text of the
    slides has lost. What it has lost of CIFAR-10, NSD's Table 1 has."""
    found: dict[str, str] = {}
    for source, texts in (("svhn", svhn), ("cifar10", cifar10), ("cifar100", cifar100)):
        parts = dict(zip((1, 10, 50), texts.split(", "), strict=True))
        found |= figures(source, {ipc: text for ipc, text in parts.items() if text != "-"})
    return found


FRED_SETS = Table(
    "FreD, data sets: coresets, pixels by each objective, and parameterizations, on the one that --source names",
    (
        Row(
            "random",
            "pixel",
            "none",
            published=_sets(
                "14.6 ± 1.6, 35.1 ± 4.1, 70.9 ± 0.9",
                "14.4 ± 2.0, 26.0 ± 1.2, 43.4 ± 1.0",
                "4.2 ± 0.3, 14.6 ± 0.5, 30.0 ± 0.4",
            ),
        ),
        Row(
            "herding",
            "pixel",
            "none",
            changes=("parameterization.init=herding",),
            published=_sets(
                "20.9 ± 1.3, 50.5 ± 3.3, 72.6 ± 0.8",
                "21.5 ± 1.3, 31.6 ± 0.7, 40.4 ± 0.6",
                "8.4 ± 0.3, 17.3 ± 0.3, 33.7 ± 0.5",
            ),
        ),
        Row(
            "dc",
            "pixel",
            "dc",
            changes=PLAIN,
            published=_sets(
                "31.2 ± 1.4, 76.1 ± 0.6, 82.3 ± 0.3",
                "28.3 ± 0.5, 44.9 ± 0.5, 53.9 ± 0.5",
                "12.8 ± 0.3, 25.2 ± 0.3, -",
            ),
        ),
        Row(
            "dsa",
            "pixel",
            "dc",
            published=_sets(
                "27.5 ± 1.4, 79.2 ± 0.5, 84.4 ± 0.4",
                "28.8 ± 0.7, 52.1 ± 0.5, 60.6 ± 0.5",
                "13.9 ± 0.3, 32.3 ± 0.3, 42.8 ± 0.4",
            ),
        ),
        Row(
            "dm",
            "pixel",
            "dm",
            published=_sets(
                "-, -, -",
                "26.0 ± 0.8, 48.9 ± 0.6, 63.0 ± 0.4",
                "11.4 ± 0.2, 29.7 ± 0.2, 43.6 ± 0.4",
            ),
        ),
        Row(
            "cafe",
            "pixel",
            "cafe",
            published=_sets(
                "42.9 ± 3.0, 77.9 ± 0.6, 82.3 ± 0.4",
                "31.6 ± 0.8, 50.9 ± 0.5, 62.3 ± 0.4",
                "14.0 ± 0.2, 31.5 ± 0.2, 42.9 ± 0.2",
            ),
        ),
        Row(
            "mtt",
            "pixel",
            "mtt",
            published=_sets(
                "58.5 ± 1.4, 70.8 ± 1.8, 85.7 ± 0.1",
                "46.3 ± 0.8, 65.3 ± 0.7, 71.6 ± 0.2",
                "24.3 ± 0.2, 40.1 ± 0.4, 47.7 ± 0.2",
            ),
        ),
        Row(
            "kip",
            "pixel",
            "krr",
            changes=("objective.pool=0", "parameterization.labels=hard"),
            published=_sets(
                "57.3 ± 0.1, 75.0 ± 0.1, 80.5 ± 0.1",
                "49.9 ± 0.2, 62.7 ± 0.3, 68.6 ± 0.2",
                "15.7 ± 0.2, 28.3 ± 0.1, -",
            ),
            note=FINITE,
        ),
        Row(
            "frepo",
            "pixel",
            "krr",
            changes=("parameterization.labels=hard",),
            published=_sets(
                "-, -, -",
                "46.8 ± 0.7, 65.5 ± 0.4, 71.7 ± 0.2",
                "28.7 ± 0.1, 42.5 ± 0.2, 44.3 ± 0.2",
            ),
            note=HARD_LABELS,
        ),
        Row(
            "idc",
            "idc",
            "dc",
            published=_sets("68.1 ± 0.1, -, -", "50.0 ± 0.4, 67.5 ± 0.5, 74.5 ± 0.1", "-, -, -"),
        ),
        not_run(
            "haba",
            _sets("69.8 ± 1.3, -, -", "48.3 ± 0.8, 69.9 ± 0.4, 74.0 ± 0.2", "33.4 ± 0.4, 40.2 ± 0.2, 47.0 ± 0.2"),
            NO_HALLUCINATORS,
        ),
        Row(
            "fred",
            "fred",
            published=_sets(
                "82.2 ± 0.6, 89.5 ± 0.1, 90.3 ± 0.3",
                "60.6 ± 0.8, 70.3 ± 0.3, 75.8 ± 0.1",
                "34.6 ± 0.4, 42.7 ± 0.2, 47.8 ± 0.1",
            ),
        ),
    ),
)


def _corrupted(texts: str) -> dict[str, str]:
    """A row of the table on CIFAR-10-C: each corruption, then the average. The slides do not name the budget; only that
    of IPC 1 has accuracies near these."""
    columns = (*CORRUPTIONS, AVERAGE)
    return {f"cifar10@1 {column}": text for column, text in zip(columns, texts.split(), strict=True)}


FRED_C = Table(
    "FreD, corruptions: accuracy on CIFAR-10-C, published or made from the test images",
    (
        Row(
            "dc",
            "pixel",
            "dc",
            changes=PLAIN,
            published=_corrupted("28.2 28.3 28.0 28.5 28.3 28.2 27.8 28.0 28.2 24.3 28.4 28.6 28.1 28.5 28.5 28.0"),
        ),
        Row(
            "dsa",
            "pixel",
            "dc",
            published=_corrupted("27.8 27.8 27.5 28.1 27.8 27.8 27.3 27.6 27.8 23.7 27.9 28.8 27.6 28.2 28.0 27.6"),
        ),
        Row(
            "mtt",
            "pixel",
            "mtt",
            published=_corrupted("30.8 31.1 29.9 30.5 29.0 29.5 29.6 31.0 30.5 28.0 32.3 32.4 29.5 31.1 31.5 30.4"),
        ),
        Row(
            "idc",
            "idc",
            "dc",
            published=_corrupted("37.4 37.8 36.3 39.7 38.2 39.0 39.0 38.9 38.6 35.7 39.3 40.4 38.5 39.4 39.1 38.5"),
        ),
        Row(
            "fred",
            "fred",
            published=_corrupted("56.7 57.3 54.4 58.9 56.4 57.2 57.3 58.0 56.5 53.6 59.2 53.5 57.2 59.6 58.9 57.0"),
        ),
    ),
    corruptions=True,
)


def _subsets(*budgets: str) -> dict[str, str]:
    """Columns of its table on the corrupted subsets of ImageNet: averages over corruptions at IPC 1, then at IPC 10;
    "-" is a figure that the text of the slides has lost."""
    names = ("nette", "woof", "fruit", "yellow", "meow", "squawk")
    return {
        f"image{name}@{ipc} {AVERAGE}": text
        for ipc, texts in zip((1, 10), budgets, strict=True)
        for name, text in zip(names, texts.split(", "), strict=True)
        if text != "-"
    }


FRED_C_SUBSETS = Table(
    "FreD, corruptions of the subsets of ImageNet at 128 x 128, the one that --source names",
    (
        Row(
            "mtt",
            "pixel",
            "mtt",
            published=_subsets("-, -, 22.7 ± 1.1, 35.6 ± 1.7, -, -", "-, -, -, -, -, -"),
        ),
        Row(
            "idc",
            "idc",
            "mtt",
            published=_subsets("-, -, 28.5 ± 0.9, 36.8 ± 1.4, -, -", "-, -, -, -, -, -"),
        ),
        Row(
            "fred",
            "fred",
            published=_subsets(
                "51.2 ± 0.6, 31.0 ± 0.9, 32.3 ± 1.4, 48.2 ± 1.0, 30.3 ± 0.3, 45.9 ± 0.5",
                "55.2 ± 0.8, 33.8 ± 0.8, 35.7 ± 0.6, 47.9 ± 0.4, 31.3 ± 0.9, 52.5 ± 0.8",
            ),
        ),
    ),
    corruptions=True,
)

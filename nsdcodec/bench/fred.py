"""The tables of FreD (Shin et al., NeurIPS 2023) that try objectives, architectures and corruptions, with figures."""

from __future__ import annotations

from nsdcodec.bench.nsd import KINDS, PLAIN
from nsdcodec.bench.table import AVERAGE, CROSS, Row, Table, figures

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
        *_rows(
            "dm",
            "34.6 ± 0.5, 50.4 ± 0.4, 62.0 ± 0.3",
            "21.5 ± 2.2, 39.5 ± 1.1, 52.6 ± 0.7",
            "45.1 ± 0.5, 59.3 ± 0.4, 64.6 ± 0.3",
            "37.3 ± 1.1, 50.5 ± 0.6, 61.3 ± 0.5",
            "55.9 ± 0.4, 61.3 ± 0.8, 66.6 ± 0.6",
            "48.1 ± 0.7, 57.3 ± 0.8, 65.0 ± 0.7",
        ),
        *_rows(
            "mtt",
            "50.6 ± 1.0, 63.9 ± 0.3, 69.8 ± 0.5",
            "33.1 ± 1.1, 43.9 ± 1.4, 55.0 ± 1.0",
            "56.1 ± 0.4, 60.9 ± 0.4, 71.1 ± 0.4",
            "42.5 ± 1.5, 48.7 ± 1.8, 61.5 ± 1.0",
            "61.4 ± 0.3, 70.7 ± 0.5, 75.5 ± 0.2",
            "49.7 ± 1.0, 60.1 ± 0.7, 69.1 ± 0.7",
        ),
    ),
    KINDS,
    cross=True,
    small_ipc=2.0,
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

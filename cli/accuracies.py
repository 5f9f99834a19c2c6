"""Accuracies of files, beside those of random real images: as plain documents, and as tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import output

if TYPE_CHECKING:
    from nsdcodec.data.dataset import NSDDataset
    from nsdcodec.evaluation.accuracy import Evaluation
    from nsdcodec.evaluation.robustness import Robustness

# The kinds of `--baseline`, as `nsdcodec.evaluation.baseline` calls them.
SAME_BYTES, SAME_COUNT = "same bytes", "same count"
RANDOM = "random real images"


def document(file: str, net: str, dataset: NSDDataset, result: Evaluation) -> dict[str, Any]:
    return {
        "file": file,
        "net": net,
        "bytes": dataset.nbytes,
        "bits_per_class": 8 * dataset.nbytes / dataset.geometry.classes,
        "elements": dataset.header.layout.elements,
        "images": len(dataset),
        "mean": result.mean,
        "deviation": result.deviation,
        "accuracies": list(result.accuracies),
        "test_images": result.test_images,
        "recipe": asdict(result.recipe),
    }


def baseline_document(
    result: Evaluation, compared: dict[str, NSDDataset], randoms: dict[str, Evaluation]
) -> dict[str, Any]:
    """By "same_bytes" and "same_count": the random real images, and what the file gains over them; null where none
    fit."""
    return {
        kind.replace(" ", "_"): None
        if kind not in randoms
        else {
            "images": len(compared[kind]),
            "bytes": compared[kind].nbytes if kind == SAME_BYTES else None,
            "mean": randoms[kind].mean,
            "deviation": randoms[kind].deviation,
            "accuracies": list(randoms[kind].accuracies),
            "gain": result.mean - randoms[kind].mean,
        }
        for kind in (SAME_BYTES, SAME_COUNT)
    }


def corruptions_document(found: Robustness) -> dict[str, Any]:
    """Lists are a number for each network."""
    return {
        "published": found.published,
        "images": found.images,
        "clean": list(found.clean),
        "average": list(found.average),
        "mean": found.means,
        "accuracies": {
            name: {str(severity): list(values) for severity, values in rows.items()}
            for name, rows in found.corrupted.items()
        },
    }


def _accuracy(result: Evaluation) -> str:
    """One network has no spread."""
    return f"{result.mean:.1%}" + (f" ± {100 * result.deviation:.1f}" if len(result.accuracies) > 1 else "")


def print_files(
    datasets: dict[str, NSDDataset],
    results: dict[tuple[str, str], Evaluation],
    compared: dict[str, dict[str, NSDDataset]],
    randoms: dict[tuple[str, str], dict[str, Evaluation]],
) -> None:
    """A row a file, and below it those of random real images, with what the file gains over them."""
    rows = []
    for (file, net), result in results.items():
        dataset = datasets[file]
        sizes = (dataset.nbytes, dataset.header.layout.elements, len(dataset))
        rows.append([file, *(f"{size:,}" for size in sizes), _accuracy(result), ""])
        for kind, found in randoms[file, net].items():
            real = compared[file][kind]
            size = f"{real.nbytes:,}" if kind == SAME_BYTES else ""
            rows.append([f"  {RANDOM}, {kind}", size, "", f"{len(real):,}", _accuracy(found), _gain(result, found)])
    columns = ["file", "bytes", "elements", "images", "accuracy", "gain"]
    shown = len(columns) if any(randoms.values()) else -1
    output.print_table(columns[:shown], [row[:shown] for row in rows])


def print_nets(
    results: dict[tuple[str, str], Evaluation], randoms: dict[tuple[str, str], dict[str, Evaluation]]
) -> None:
    """NSD Table 4: a row a file, a column a kind of network; below it random real images, with the gain over them."""
    nets = list(dict.fromkeys(net for _, net in results))
    rows: dict[tuple[str, str], list[str]] = {}
    for file, net in results:
        rows.setdefault((file, ""), [file]).append(_accuracy(results[file, net]))
        for kind, found in randoms[file, net].items():
            cells = rows.setdefault((file, kind), [f"  {RANDOM}, {kind}"])
            cells.append(f"{_accuracy(found)} ({_gain(results[file, net], found)})")
    output.print_table(["file", *nets], list(rows.values()))


def _gain(result: Evaluation, random: Evaluation) -> str:
    """In points of accuracy."""
    return f"{100 * (result.mean - random.mean):+.1f}"


def print_corruptions(robust: dict[tuple[str, str], Robustness], several_nets: bool) -> None:
    """FreD's table on CIFAR-10-C: a row a corruption, and the average of all; a column a set."""
    names = [f"{file}, {net}" if several_nets else file for file, net in robust]
    means = [found.means for found in robust.values()]
    rows = [[corruption, *(f"{100 * of_one[corruption]:.1f}" for of_one in means)] for corruption in means[0]]
    output.print_table(["corruption", *names], rows)

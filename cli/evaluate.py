"""nsdc eval: train networks on files, test them on the real test set."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from nsdcodec.errors import InvalidSetting

from . import options, output


def evaluate(
    files_and_source: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE... SOURCE", help="One .nsd file or several, then the source to test on.", show_default=False
        ),
    ],
    networks: Annotated[int, typer.Option(help="How many networks, from different initial weights.")] = 5,
    epochs: Annotated[int | None, typer.Option(help="Of training (default: the file's recipe).")] = None,
    width: Annotated[int | None, typer.Option(help="Channels of the ConvNet (default: the file's recipe).")] = None,
    depth: Annotated[int | None, typer.Option(help="Blocks of the ConvNet (default: the file's recipe).")] = None,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.Precision = "float32",
    data_dir: options.DataDir = None,
    json: bool = output.JSON,
) -> None:
    """Train networks on a file by its recipe and test each on the source's real test set."""
    if len(files_and_source) < 2:
        raise InvalidSetting("give a file and a source: nsdc eval c10.nsd cifar10")
    from dataclasses import replace

    from nsdcodec import sources
    from nsdcodec.dataset import NSDDataset
    from nsdcodec.evaluation import evaluate as run
    from nsdcodec.learning.memory import keep_freed_memory

    *files, source_name = files_and_source
    keep_freed_memory()
    torch_device, chosen_precision = options.device(device, precision)
    datasets = {file: NSDDataset(file) for file in files}
    source = sources.load(source_name, data_dir)
    documents, rows = [], []
    for file, dataset in datasets.items():
        spec = dataset.recipe.network
        spec = replace(spec, width=spec.width if width is None else width, depth=spec.depth if depth is None else depth)
        total = networks * (epochs or dataset.recipe.epochs)
        with output.progress_bar(f"eval {file}") as bar:
            result = run(
                dataset,
                source,
                networks,
                epochs,
                spec,
                seed,
                torch_device,
                chosen_precision,
                lambda number, epoch, bar=bar, total=total: bar(  # type: ignore[misc]
                    (number * (total // networks) + epoch) / total, f"network {number + 1}, epoch {epoch}"
                ),
            )
        size = dataset.nbytes
        documents.append(
            {
                "file": file,
                "source": source.name,
                "bytes": size,
                "elements": dataset.header.layout.elements,
                "images": len(dataset),
                "mean": result.mean,
                "deviation": result.deviation,
                "accuracies": list(result.accuracies),
                "networks": networks,
                "seed": seed,
                "precision": chosen_precision,
                "test_images": result.test_images,
                "recipe": asdict(result.recipe),
            }
        )
        rows.append(
            [
                file,
                f"{size:,}",
                f"{dataset.header.layout.elements:,}",
                f"{len(dataset):,}",
                f"{result.mean:.1%} ± {100 * result.deviation:.1f}",
            ]
        )
    if json:
        output.print_json(documents[0] if len(documents) == 1 else documents)
        return
    output.print_table(["file", "bytes", "elements", "images", "accuracy"], rows)
    recipe = result.recipe
    print(
        f"{networks} networks ({recipe.network.name} {recipe.network.depth} x {recipe.network.width}, "
        f"{recipe.epochs} epochs), {source.name} test set of {result.test_images:,} images, seed {seed}"
    )

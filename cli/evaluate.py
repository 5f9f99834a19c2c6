"""nsdc eval: train networks on files, test them on the real test set, and on corrupted copies of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from nsdcodec.errors import InvalidSetting

from . import accuracies, forecasts, options, output, progress

if TYPE_CHECKING:
    from nsdcodec.data.dataset import NSDDataset
    from nsdcodec.evaluation.accuracy import Evaluation
    from nsdcodec.evaluation.robustness import Robustness
    from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe

SEVERITIES = "1,2,3,4,5"


def evaluate(
    files_and_source: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE... SOURCE", help="One .nsd file or several, then the source to test on.", show_default=False
        ),
    ],
    nets: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Kinds of network: convnet (the file's own), convnet3 (at another depth), resnet18, vgg11, alexnet.",
        ),
    ] = None,
    networks: Annotated[int, typer.Option(help="Number of networks of each kind, from different initial weights.")] = 5,
    epochs: Annotated[int | None, typer.Option(help="Epochs of training (default: the file's recipe).")] = None,
    width: Annotated[int | None, typer.Option(help="Channels of the ConvNet (default: the file's recipe).")] = None,
    depth: Annotated[int | None, typer.Option(help="Blocks of the ConvNet (default: the file's recipe).")] = None,
    corruptions: Annotated[
        bool,
        typer.Option(
            "--corruptions",
            help="Test on the corruptions of CIFAR-10-C too: the published images if the data folder has CIFAR-10-C/ "
            "and the source is cifar10, otherwise on corrupted copies of the source's test images.",
        ),
    ] = False,
    severities: Annotated[str, typer.Option(help="Severities of the corruptions.")] = SEVERITIES,
    corruption_images: Annotated[
        int | None, typer.Option(help="Number of test images to corrupt, equally many of each class (default: all).")
    ] = None,
    baseline: Annotated[
        bool,
        typer.Option(
            "--baseline",
            help="Train on random real images of the same bytes and of the same count too; say what the file gains.",
        ),
    ] = False,
    cutmix: Annotated[
        bool,
        typer.Option("--cutmix", help="Mix the images of half of the batches by CutMix, as IDC does (ICML 2022)."),
    ] = False,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.Precision = "float32",
    memory: options.Memory = None,
    data_dir: options.DataDir = None,
    together: options.Together = None,
    json: bool = output.JSON,
) -> None:
    """Train networks on a file by its recipe and test each on the source's real test set."""
    if len(files_and_source) < 2:
        raise InvalidSetting("give a file and a source: nsdc eval c10.nsd cifar10")
    if not corruptions and (severities != SEVERITIES or corruption_images is not None):
        raise InvalidSetting("--severities and --corruption-images are for --corruptions; add it")
    chosen_severities = _integers("--severities", severities)

    with progress.shown("eval", "loading PyTorch") as bar:
        from nsdcodec.data.dataset import NSDDataset
        from nsdcodec.evaluation.accuracy import evaluate as run
        from nsdcodec.evaluation.accuracy import images_to_test
        from nsdcodec.learning.cutmix import WithCutMix
        from nsdcodec.learning.networks import build
        from nsdcodec.system.malloc import keep_freed_memory

        *files, source_name = files_and_source
        limit = options.memory(memory)
        if limit is None:
            keep_freed_memory()
        compute = options.compute(device, precision, limit, together=together)
        datasets = {file: NSDDataset(file) for file in files}
        specs = {file: _networks(dataset.recipe.network, nets, depth, width) for file, dataset in datasets.items()}
        bar(0.0, f"loading {source_name}")
        # Image files as they were when the file was made of them.
        geometry = next(iter(datasets.values())).geometry
        source = options.source(source_name, data_dir, limit, otherwise=(geometry.width, geometry.height))
        # What cannot be done is refused now, not after the training of others.
        for file, dataset in datasets.items():
            images_to_test(dataset, source, file)
            # In a file's provenance, which may say anything, are 16 digits of the hash of what it was distilled from.
            if source.split_off and source.sha256[:16] not in str(dataset.header.provenance.get("source", "")):
                print(
                    output.printable(
                        f"note: {file} was not distilled from the other images of {source.name}: if it was from any of "
                        "these test images, its accuracy says nothing"
                    ),
                    file=sys.stderr,
                )
        for spec in (spec for kinds in specs.values() for spec in kinds.values()):
            build(spec, source.geometry, seed)
        if corruptions:
            from nsdcodec.evaluation.robustness import check, robustness

            check(source, chosen_severities, corruption_images, data_dir)
        results: dict[tuple[str, str], Evaluation] = {}
        wanted: dict[str, TrainingRecipe] = {file: dataset.recipe for file, dataset in datasets.items()}
        if epochs is not None:
            wanted = {file: replace(recipe, epochs=epochs) for file, recipe in wanted.items()}
        if cutmix:
            wanted = {file: WithCutMix.of(recipe, datasets[file].geometry.classes) for file, recipe in wanted.items()}
        recipes = {
            (file, net): replace(wanted[file], network=spec)
            for file, kinds in specs.items()
            for net, spec in kinds.items()
        }
        compared: dict[str, dict[str, NSDDataset]] = {file: {} for file in files}
        if baseline:
            from nsdcodec.evaluation.baseline import random_files

            for file, dataset in datasets.items():
                bar(0.0, f"drawing real images for {file}")
                compared[file] = random_files(dataset, source, seed)
        # Images that pass through networks as they are trained: tests and corruptions are not counted.
        trained_on = {file: [dataset, *compared[file].values()] for file, dataset in datasets.items()}
        total = sum(networks * recipe.epochs * sum(map(len, trained_on[file])) for (file, _), recipe in recipes.items())
        seen = 0
        an_epoch = sum(networks * sum(map(len, trained_on[file])) for file, _ in recipes)
        warned = forecasts.Warned(total, an_epoch, networks)

        def tell(count: int, text: str, number: int, epoch: int) -> None:
            nonlocal seen
            seen += count
            warned(seen)
            bar(seen / total, f"network {number + 1}, epoch {epoch}, {text}")

        randoms: dict[tuple[str, str], dict[str, Evaluation]] = {}
        for (file, net), recipe in recipes.items():
            text = ", ".join([file, *([net] if nets else [])])
            evaluated = partial(run, source=source, count=networks, compute=compute, recipe=recipe, seed=seed)
            told = partial(tell, len(datasets[file]), text)
            results[file, net] = evaluated(datasets[file], progress=told, keep_networks=corruptions)
            randoms[file, net] = {
                kind: evaluated(real, progress=partial(tell, len(real), f"{text}: random real images, {kind}"))
                for kind, real in compared[file].items()
            }
        documents = [
            accuracies.document(file, net, datasets[file], result)
            | {
                "source": source.name,
                "networks": networks,
                "seed": seed,
                "precision": compute.precision,
                "cutmix": cutmix,
            }
            | (
                {"baseline": accuracies.baseline_document(result, compared[file], randoms[file, net])}
                if baseline
                else {}
            )
            for (file, net), result in results.items()
        ]
        robust: dict[tuple[str, str], Robustness] = {}
        if corruptions:
            found = robustness(
                list(results.values()),
                source,
                compute,
                severities=chosen_severities,
                images=corruption_images,
                seed=seed,
                data_dir=data_dir,
                progress=bar,
            )
            robust = dict(zip(results, found, strict=True))
            for document, one in zip(documents, found, strict=True):
                document["corruptions"] = accuracies.corruptions_document(one)
    if json:
        output.print_json(documents[0] if len(documents) == 1 else documents)
        return
    result = results[next(reversed(results))]
    trained = output.counted(networks, "network") + (" of each kind" if nets else "")
    if nets:
        accuracies.print_nets(results, randoms)
    else:
        accuracies.print_files(datasets, results, compared, randoms)
        spec = result.recipe.network
        mixed = ", CutMix" if cutmix else ""
        trained += f" ({spec.name} {spec.depth} x {spec.width}, {output.counted(result.recipe.epochs, 'epoch')}{mixed})"
    print(f"{trained}, {source.name} test set of {result.test_images:,} images, seed {seed}")
    for file in (file for file, found in compared.items() if baseline and accuracies.SAME_BYTES not in found):
        print(output.printable(f"note: in the bytes of {file} no file of real images fits"), file=sys.stderr)
    if corruptions:
        print()
        accuracies.print_corruptions(robust, several_nets=nets is not None)
        origin = "the published CIFAR-10-C" if found[0].published else f"corruptions of {source.name} made here"
        print(f"accuracy in %, {origin}, {found[0].images:,} images, mean over severities {severities}")


def _integers(option: str, text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidSetting(f"{option} {text}: write numbers with commas between, such as 1,3,5") from error


def _networks(own: NetworkSpec, nets: str | None, depth: int | None, width: int | None) -> dict[str, NetworkSpec]:
    """By name; --depth and --width change the ConvNet. Raises UnknownName and InvalidSetting."""
    from nsdcodec.learning.networks import check, named

    base = own if nets is None else named("convnet", own)
    base = replace(base, depth=base.depth if depth is None else depth, width=base.width if width is None else width)
    specs = {own.name: base} if nets is None else {name.strip(): named(name.strip(), base) for name in nets.split(",")}
    for spec in specs.values():
        check(spec)
    return specs

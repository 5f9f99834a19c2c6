"""nsdc experts: train the networks whose trajectories `mtt` matches."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options, output


def experts(
    source: options.SourceArgument,
    count: Annotated[int | None, typer.Option(help="How many (default: the recipe's).")] = None,
    recipe: Annotated[str, typer.Option(help="The recipe whose mtt will use them.")] = "gpu",
    set_: options.Set = None,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    memory: options.Memory = None,
    data_dir: options.DataDir = None,
    experts_dir: options.ExpertsDir = None,
    together: options.Together = None,
    json: bool = output.JSON,
) -> None:
    """Train expert networks on the real images and keep their weights of every epoch that mtt will match.

    One HDF5 file an expert, in a folder named after all the settings that made them; those that are there are kept, so
    the command can be stopped and repeated. `nsdc encode --objective mtt` makes what is missing by itself. Started
    several times, also by torchrun or on machines that share the folder, each process makes others.
    """
    from nsdcodec import sources
    from nsdcodec.encoding.budget import Budget
    from nsdcodec.encoding.encoder import Task, make_experts
    from nsdcodec.system.malloc import keep_freed_memory

    limit = options.memory(memory)
    if limit is None:
        keep_freed_memory()
    compute = options.compute(device, precision, limit, together=together)
    pairs = [*(set_ or []), *([f"objective.experts={count}"] if count is not None else [])]
    images = sources.load(source, data_dir, limit)
    name, settings = options.settings(recipe, compute.device.type, images, None, None, pairs)
    task = Task(images, settings, Budget(elements=1), seed, recipe_name=name, overrides=tuple(pairs))
    with output.progress_bar("experts") as bar:
        made = make_experts(
            task,
            options.experts_folder(experts_dir),
            compute,
            listen=lambda progress: bar(progress.done, progress.phase),
        )
    if not output.first():
        return
    if json:
        output.print_json({"folder": str(made.folder), "experts": made.count(), "epochs": made.settings.epochs})
    else:
        print(f"{made.folder}: {made.count()} experts of {made.settings.epochs} epochs")

"""nsdc experts: train the networks whose trajectories `mtt` and `tgdd` match."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options, output, progress


def experts(
    source: options.SourceArgument,
    count: Annotated[int | None, typer.Option(help="Number of experts (default: the recipe's).")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="The recipe that will use them (default: gpu on a GPU, else cpu).")
    ] = None,
    objective: Annotated[
        str | None, typer.Option(help="The objective that will use them, mtt or tgdd (default: the recipe's).")
    ] = None,
    set_: options.Set = None,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    memory: options.Memory = None,
    size: options.Size = None,
    no_test: options.NoTest = False,
    data_dir: options.DataDir = None,
    experts_dir: options.ExpertsDir = None,
    together: options.Together = None,
    json: bool = output.JSON,
) -> None:
    """Train the expert trajectories for mtt or tgdd: networks trained on the real images, kept epoch by epoch.

    There is one HDF5 file for each expert, in a folder that is named after all their settings. Existing files are kept,
    so the command can be stopped and repeated. `nsdc encode` trains missing experts itself. The command
    can be started several times, also by torchrun or on machines that share the folder: each process trains others.
    """
    with progress.shown("experts", "loading PyTorch") as bar:
        from nsdcodec.encoding.budget import Budget
        from nsdcodec.encoding.encoder import Task, make_experts
        from nsdcodec.system.malloc import keep_freed_memory

        limit = options.memory(memory)
        if limit is None:
            keep_freed_memory()
        compute = options.compute(device, precision, limit, together=together)
        pairs = [*(set_ or []), *([f"objective.experts={count}"] if count is not None else [])]
        bar(0.0, f"loading {source}")
        images = options.source(source, data_dir, limit, size, split=not no_test)
        name, settings = options.settings(recipe, compute.device.type, images, None, objective, pairs)
        task = Task(images, settings, Budget(elements=1), seed, recipe_name=name, overrides=tuple(pairs))
        made = make_experts(
            task,
            options.experts_folder(experts_dir),
            compute,
            listen=lambda now: bar(now.done, now.phase),
        )
    if not output.first():
        return
    if json:
        output.print_json({"folder": str(made.folder), "experts": made.count(), "epochs": made.settings.epochs})
    else:
        epochs = output.counted(made.settings.epochs, "epoch")
        print(f"{made.folder}: {output.counted(made.count(), 'expert')} of {epochs}")

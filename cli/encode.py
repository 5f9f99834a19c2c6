"""nsdc encode: real images in, an .nsd file out."""

from __future__ import annotations

import sys
import time as clock
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from nsdcodec.errors import InvalidSetting

from . import forecasts, options, output, progress, stopping

if TYPE_CHECKING:
    from nsdcodec.encoding.encoder import EncodeResult
    from nsdcodec.encoding.progress import Progress


def encode(
    source: options.SourceArgument,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", help="The .nsd file to write.", show_default=False)
    ] = None,
    ipc: Annotated[
        float | None,
        typer.Option(help="Budget as images per class (default 1, or that of --start; NSD Eq. 3).", show_default=False),
    ] = None,
    count: Annotated[
        str,
        typer.Option(
            metavar="elements|bytes",
            help="What --ipc counts: stored values, or bytes of the file, as many as its images take as float32.",
        ),
    ] = "elements",
    bits_per_class: Annotated[
        float | None, typer.Option(help="Budget of the file's size, header included, in bits per class.")
    ] = None,
    recipe: options.Recipe = None,
    parameterization: Annotated[
        str | None,
        typer.Option(help="How the images are stored: {parameterizations} (default: the recipe's)."),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(help="What is matched: {objectives}; none keeps the initial images (default: the recipe's)."),
    ] = None,
    init: Annotated[
        str | None, typer.Option(help="Initial values: real, herding or forgetting images, or noise.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Begin from the arrays of this .nsd file, with its layout."),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="hard (one class for each image), or soft (a learned distribution, which takes elements)."),
    ] = None,
    iterations: Annotated[int | None, typer.Option(help="Number of iterations (default: the recipe's).")] = None,
    time: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Fit the schedule to the clock: 90s, 10m, 1h30m.")
    ] = None,
    set_: options.Set = None,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    memory: options.Memory = None,
    compile_: Annotated[
        bool | None,
        typer.Option(
            "--compile/--no-compile",
            help="Compile what networks do (default: if that saves minutes and a compiler is installed).",
        ),
    ] = None,
    size: options.Size = None,
    no_test: options.NoTest = False,
    data_dir: options.DataDir = None,
    experts_dir: options.ExpertsDir = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there, whatever made it.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint beside the output.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Drop the checkpoint beside the output and start anew.")
    ] = False,
    keep_checkpoint: Annotated[
        bool,
        typer.Option("--keep-checkpoint", help="Leave it when done: --resume and a longer --time go on from it."),
    ] = False,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Say what would be made, and how long it would take, and write nothing."),
    ] = False,
    rank_timeout: Annotated[
        str,
        typer.Option(metavar="DURATION", help="Under torchrun: when a process that does not answer counts as lost."),
    ] = "30m",
    json: bool = output.JSON,
) -> None:
    """Distil a data set into an .nsd file.

    Beside the file, a log (FILE.log.jsonl) is written, and a checkpoint (FILE.checkpoint) until the run is finished.
    Ctrl-C writes the best file so far; the same command with --resume goes on.

    On several devices: torchrun --nproc-per-node N -m nsdcodec.encode SOURCE ... --set optimizer.draws=N
    """
    started = clock.monotonic()
    if iterations is not None and time is not None:
        raise InvalidSetting("--iterations and --time both end the run; give one of them")
    if start is not None and out is not None and Path(start).resolve() == out.resolve():
        raise InvalidSetting(f"-o {out} is the file of --start, which --resume needs as it was; give -o another name")
    if out is None and not plan:
        raise InvalidSetting("nothing to write: give -o FILE.nsd, or --plan to see what would be written")
    with progress.shown("encode", "loading PyTorch", estimated=False) as bar:
        from nsdcodec.encoding import resuming, starting
        from nsdcodec.encoding.budget import Budget, Count
        from nsdcodec.encoding.encoder import Output, Task
        from nsdcodec.encoding.encoder import encode as run
        from nsdcodec.format.container.file import read
        from nsdcodec.system import launch, ranks
        from nsdcodec.system.malloc import keep_freed_memory

        target = None
        if out is not None and not plan:
            target = Output(out, resume, restart, keep_checkpoint, launch=launch.name(), overwrite=overwrite)
            if launch.restarted() and target.checkpoint.exists():
                target = replace(target, resume=True, restart=False)
            if output.first():
                resuming.check(target)  # before the images are loaded
        limit = options.memory(memory)
        if limit is None:
            keep_freed_memory()
        timeout = options.seconds(rank_timeout, "--rank-timeout")
        compute = options.compute(device, precision, limit, compile_)
        if ":" in device and launch.world() > 1:
            raise InvalidSetting(
                f"--device {device}: {launch.world()} processes would share it; give cuda, and each has one"
            )
        given = {"iterations": iterations, "parameterization.init": init, "parameterization.labels": labels}
        pairs = [*(set_ or []), *(f"{key}={value}" for key, value in given.items() if value is not None)]
        begun = None if start is None else read(start)
        bar(0.0, f"loading {source}")
        images = options.source(source, data_dir, limit, size, split=not no_test)
        name, settings = options.settings(
            recipe, compute.device.type, images, parameterization, objective, pairs, begun
        )
        if begun is not None and ipc is None and bits_per_class is None:
            budget = starting.budget(begun, settings)
        else:
            ipc = 1.0 if ipc is None and bits_per_class is None else ipc
            # It refuses what is no such count.
            budget = Budget.of(images.geometry, ipc, bits_per_class, cast(Count, count))
        named = [
            f"{key}={value}"
            for key, value in (("parameterization.name", parameterization), ("objective.name", objective))
            if value
        ]
        task = Task(
            images,
            settings,
            budget,
            seed,
            None if time is None else options.seconds(time, "--time"),
            recipe_name=name,
            overrides=(*named, *pairs),
            start=begun,
        )
        folder = options.experts_folder(experts_dir, settings.trains_networks)

        def listen(now: Progress) -> None:
            bar(now.done, _text(now), now.seconds_left)

        if target is None:
            from nsdcodec.encoding.forecast import forecast

            bar(0.0, "timing iterations and a part of a check")
            told = forecast(task, compute, experts_folder=folder, listen=listen, started=started)
        else:
            with ranks.joined(compute.device, timeout) as together:
                result = run(
                    task,
                    target,
                    compute,
                    experts_folder=folder,
                    listen=listen,
                    ranks=together,
                    started=started,
                    rescue_by=stopping.rescue_by,
                )
    if not output.first():
        return
    if target is None:
        forecasts.report(told, task.budget, json)
    else:
        _report(result, json)


def _report(result: EncodeResult, json: bool) -> None:
    layout = result.header.layout
    if json:
        output.print_json(
            {
                "output": str(result.output),
                "bytes": result.nbytes,
                "bits_per_class": 8 * result.nbytes / layout.geometry.classes,
                "elements": layout.elements,
                "images": layout.images,
                "validation_accuracy": result.validation,
                "iterations": result.iterations,
                "skipped": result.skipped,
                "seconds": result.seconds,
                "times": result.times,
                "notes": list(result.notes),
                "recipe": asdict(result.header.recipe),
            }
        )
        return
    judged = "not judged" if result.validation is None else f"{result.validation:.1%} on held-out images"
    times = ", ".join(f"{output.duration(seconds)} {name}" for name, seconds in result.times.items())
    print(
        f"{result.output}: {result.nbytes:,} bytes, {layout.elements:,} elements, "
        f"{output.counted(layout.images, 'image')}; "
        f"{judged} after {output.counted(result.iterations, 'iteration')}, {output.duration(result.seconds)} ({times})"
    )
    for note in result.notes:
        print(note, file=sys.stderr)
    if result.skipped:
        print(f"{output.counted(result.skipped, 'step')} skipped: loss was not finite", file=sys.stderr)


def _text(now: Progress) -> str:
    parts = [now.phase]
    if now.loss is not None:
        parts.append(f"loss {now.loss:.4g}")
    if now.accuracy is not None:
        parts.append(f"held-out {now.accuracy:.1%}")
    if now.images_per_second is not None:
        parts.append(f"{now.images_per_second:,.0f} images/s")
    return ", ".join(parts)

"""How fast a file is loaded, beside what else images are loaded with.

python benchmarks/loading.py [FILE]... [-o FOLDER]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from nsdcodec_cli import output, progress

from measurement.command import command_line, start
from nsdcodec.errors import InvalidSetting


def loading(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Paths or URLs; none: sets of random numbers.", show_default=False),
    ] = None,
    form: Annotated[str, typer.Option(help="Of the sets of random numbers: nsd (that of IPC 1) or dct.")] = "nsd",
    images: Annotated[str, typer.Option(metavar="N,...", help="How many images those have.")] = "220,10000",
    rows: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Only these contenders (default: all that are installed).")
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="About how long all may take; there are three rounds and two steps at least.")
    ] = 100.0,
    rounds: Annotated[
        int | None, typer.Option(help="Epochs or tenths of a second of each, in turn (default: by the time).")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Training steps with each, on the last set; 0 for none (default: by the time).")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Images in a batch.")] = 256,
    workers: Annotated[int, typer.Option(help="Of contenders that have workers.")] = 2,
    threads: Annotated[int, typer.Option(help="Of torch.")] = 2,
    out: Annotated[Path | None, typer.Option("--output", "-o", help="A folder for loader.md and loader.json.")] = None,
    json: bool = output.JSON,
) -> None:
    """Measure the speed of loading: images a second, first batch, memory, and the wait of a training step.

    The same images, in one run, by ds.loader and DataLoader, indexing, TensorDataset, torchvision's ImageFolder and
    CIFAR10, Hugging Face datasets and WebDataset, as far as they are installed; with each target and whether it is met.
    """
    from loading_bench import report
    from loading_bench.contenders import CONTENDERS
    from loading_bench.run import LoadingBench, execute

    planned = LoadingBench(
        files=tuple(files or ()),
        form=form,
        images=_counts(images),
        contenders=tuple(CONTENDERS) if rows is None else tuple(name.strip() for name in rows.split(",")),
        seconds=seconds,
        rounds=rounds,
        steps=steps,
        batch_size=batch_size,
        workers=workers,
        threads=threads,
        command=command_line(),
    )
    with progress.shown("loading") as bar:
        found = execute(planned, bar)
    written = report.write(found, out) if out is not None else []
    if json:
        output.print_json(found)
        return
    for of_set in found["sets"]:
        print(output.printable(report.title(of_set)))
        output.print_table(*report.cells(of_set))
        print()
    output.print_table(*report.verdicts(found))
    print()
    for note in report.notes(found):
        print(output.printable(note))
    if written:
        print(", ".join(map(str, written)))


def _counts(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidSetting(f"--images {text}: write whole numbers with commas between, such as 220,10000") from error


if __name__ == "__main__":
    start(loading)

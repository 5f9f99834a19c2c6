"""What an iteration of trajectory matching costs, beside the loop as it is published.

python benchmarks/step.py [--device cuda] [-o FOLDER]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from nsdcodec_cli import options, output, progress

from measurement.command import command_line, start


def step(
    steps: Annotated[
        list[int] | None, typer.Option(help="Of the student; repeatable (default: 5 and 50).", show_default=False)
    ] = None,
    images: Annotated[int, typer.Option(help="All of them in every step.")] = 160,
    width: Annotated[int, typer.Option(help="Channels of the ConvNet3.")] = 128,
    rows: Annotated[str | None, typer.Option(metavar="NAME,...", help="Only these contenders (default: all).")] = None,
    rounds: Annotated[int, typer.Option(help="Iterations of each that are timed, in turn.")] = 3,
    threads: Annotated[int | None, typer.Option(help="Of torch (default: as many as it takes itself).")] = None,
    device: options.Device = "auto",
    out: Annotated[Path | None, typer.Option("--output", "-o", help="A folder for step.md and step.json.")] = None,
    json: bool = output.JSON,
) -> None:
    """Measure an iteration of trajectory matching: seconds, peak memory, share of what the machine could do.

    The same work in one run, by us and by the published loop (PyTorch's double backward through all steps), each in a
    process of its own, in float32 and bfloat16; how near each gradient is to the exact one; and each target with
    whether it is met. What memory would not hold is left out, by name.
    """
    import torch

    from step_bench import report
    from step_bench.contenders import CONTENDERS
    from step_bench.run import StepBench, execute
    from step_bench.work import Work

    chosen = options.compute(device, "auto").device
    planned = StepBench(
        works=tuple(Work(images, count, width) for count in steps or (5, 50)),
        contenders=tuple(CONTENDERS) if rows is None else tuple(name.strip() for name in rows.split(",")),
        rounds=rounds,
        threads=torch.get_num_threads() if threads is None else threads,
        device=str(chosen),
        command=command_line(),
    )
    with progress.shown("step") as bar:
        found = execute(planned, bar)
    written = report.write(found, out) if out is not None else []
    if json:
        output.print_json(found)
        return
    for work in found["works"]:
        print(report.title(work))
        output.print_table(*report.cells(work))
        print()
    output.print_table(*report.gradient_cells(found))
    print()
    output.print_table(*report.verdicts(found))
    print()
    for note in report.notes(found):
        print(output.printable(note))
    if written:
        print(", ".join(map(str, written)))


if __name__ == "__main__":
    start(step)

"""nsdc bench: the tables of the papers, run row by row."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from nsdcodec.bench.table import Row
from nsdcodec.errors import InvalidSetting, MissingData

from . import frontier, options, output, progress

# What `nsdc bench frontier` takes.
OF_FRONTIER = {"table", "source", "out", "measured", "json"}


def bench(
    context: typer.Context,
    table: Annotated[
        str | None,
        typer.Argument(help="One of {tables}, or frontier; without it, they are listed.", show_default=False),
    ] = None,
    source: Annotated[
        str, typer.Option(help="Real images: as for encode; of frontier, the name of a data set.")
    ] = "cifar10",
    scale: Annotated[str, typer.Option(help="cpu (two cores, minutes a row) or paper (a GPU, as published).")] = "cpu",
    out: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A folder for all files (default: bench-TABLE-SOURCE-SCALE); of frontier, a picture, .png or .svg.",
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the tables; with TABLE, its rows.")] = False,
    rows: Annotated[str | None, typer.Option(metavar="ROW,...", help="Only these rows.")] = None,
    ipc: Annotated[
        str | None, typer.Option(metavar="IPC,...", help="Budgets, as images per class (default: the scale's).")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Number of sets for each row (default: the scale's).")] = None,
    networks: Annotated[
        int | None, typer.Option(help="Number of networks of each kind that evaluate a set (default: the scale's).")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of their training (default: the scale's).")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change any setting, in all rows that have it; repeatable."),
    ] = None,
    measured: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.json",
            help="Of frontier: what nsdc eval --json printed (default: the files of nsdc zoo); repeatable.",
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Drop results in the folder that were made with other settings.")
    ] = False,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    data_dir: options.DataDir = None,
    experts_dir: options.ExpertsDir = None,
    json: bool = output.JSON,
) -> None:
    """Run a table of the papers: distil the sets of its rows, train networks on each, and write a report.

    The report is TABLE.md, TABLE.json and TABLE.png in the folder, with the published figures beside the new ones, and
    is written anew after each step. Every set and its result are kept there: after Ctrl-C or a kill, the same command
    goes on. --precision is that of distilling; networks are evaluated in float32.

    nsdc bench frontier prints accuracy against bits a class, published and measured, and draws it with -o; it takes
    --source, -o, --measured and --json.
    """
    if table == frontier.NAME:
        _only_of_frontier(context)
        frontier.show(source, out, measured or [], json)
        return
    if measured:
        raise InvalidSetting(f"--measured is for nsdc bench {frontier.NAME}; leave it out")
    from nsdcodec.bench.tables import TABLES
    from nsdcodec.bench.tables import table as named_table

    if table is None:
        abouts = {name: found.about for name, found in TABLES.items()}
        _print_names(abouts | {frontier.NAME: frontier.ABOUT}, json)
        return
    found_table = named_table(table)
    if list_:
        _print_names(
            {row.name: _about(row) for row in found_table.rows},
            json,
        )
        return

    with progress.shown(f"bench {table}", "loading PyTorch") as bar:
        from nsdcodec.bench import report
        from nsdcodec.bench.plan import Bench, Trial
        from nsdcodec.bench.run import execute
        from nsdcodec.bench.scales import scale as named_scale
        from nsdcodec.system.malloc import keep_freed_memory

        chosen = named_scale(scale)
        chosen = replace(
            chosen,
            seeds=chosen.seeds if seeds is None else seeds,
            networks=chosen.networks if networks is None else networks,
            epochs=chosen.epochs if epochs is None else epochs,
        )
        names = None if rows is None else [name.strip() for name in rows.split(",")]
        keep_freed_memory()
        compute = options.compute(device, precision)
        bar(0.0, f"loading {source}")
        found_source = options.source(source, data_dir)
        planned = Bench(
            name=table,
            table=found_table,
            scale_name=scale,
            scale=chosen,
            source=found_source,
            folder=out or Path(f"bench-{table}-{found_source.name}-{scale}"),
            rows=found_table.chosen(names),
            ipcs=_budgets(ipc),
            overrides=tuple(set_ or ()),
            compute=compute,
            data_dir=data_dir,
            restart=restart,
            command=shlex.join(["nsdc", *sys.argv[1:]]),
        )
        each = [Trial(planned, row, ipc, 0) for row in planned.rows if row.runs for ipc in planned.budgets]
        wanted = any(trial.settings[0].objective.expert_count for trial in each)
        planned = replace(planned, experts_folder=options.experts_folder(experts_dir, wanted))
        draw = _can_draw()
        results = execute(planned, bar, lambda results: report.write(planned, results, draw))
        document = report.document(planned, results)
    if json:
        output.print_json(document)
        return
    output.print_table(*report.cells(document))
    print()
    for note in report.notes(document):
        print(output.printable(note))
    print(", ".join(str(planned.folder / f"{table}.{end}") for end in ("md", "json", *(["png"] if draw else []))))


def _only_of_frontier(context: typer.Context) -> None:
    """Raises InvalidSetting for an option of the tables, which would do nothing."""
    given = [
        name for name in context.params if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
    for name in given:
        if name not in OF_FRONTIER:
            raise InvalidSetting(f"--{name.strip('_')} is for the tables; leave it out of nsdc bench {frontier.NAME}")


def _print_names(abouts: dict[str, str], json: bool) -> None:
    if json:
        output.print_json(abouts)
    else:
        output.print_pairs(list(abouts.items()))


def _about(row: Row) -> str:
    if not row.runs:
        return f"not run: {row.note}"
    return f"{row.form}, {row.objective or 'mtt or tgdd, as the scale'}" + (f"; {row.note}" if row.note else "")


def _budgets(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidSetting(f"--ipc {text}: write numbers with commas between, such as 1,10") from error
    if len(set(found)) < len(found):
        raise InvalidSetting(f"--ipc {text}: name each budget once")
    return found


def _can_draw() -> bool:
    """Whether matplotlib is there; says so where it is not, since the numbers can do without."""
    from nsdcodec.system.packages import package

    try:
        package("matplotlib.figure", "figures")
    except MissingData as error:
        print(f"no plot will be drawn: {error}", file=sys.stderr)
        return False
    return True

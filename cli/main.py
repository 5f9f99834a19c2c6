"""The command line as a whole; the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import sys

import typer

from nsdcodec.errors import Interrupted, NsdError
from nsdcodec.system import launch
from nsdcodec.version import VERSION

from . import (
    analyze,
    bench,
    convert,
    decode,
    diff,
    encode,
    evaluate,
    experts,
    export,
    helptext,
    info,
    output,
    push,
    recipes,
    report,
    verify,
)

EPILOG = (
    "Exit codes: 0 success; 1 training diverged, the device ran out of memory, or another failure (diff: the files "
    "differ); 2 wrong usage or setting; 3 malformed file; 4 digest mismatch; 5 unsupported version or feature; 6 over "
    "the budget or the memory limit; 7 missing data or package, unusable source, I/O error, or a lost process; "
    "8 a sound file too large for this machine; 130 interrupted."
)

app = typer.Typer(
    name="nsdc",
    help="Distil image data sets into small .nsd files; inspect, check, convert and evaluate such files.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("encode", cls=helptext.Command)(encode.encode)
app.command("decode", cls=helptext.Command)(decode.decode)
app.command("export", cls=helptext.Command)(export.export)
app.command("push", cls=helptext.Command)(push.push)
app.command("info", cls=helptext.Command)(info.info)
app.command("report", cls=helptext.Command)(report.report)
app.command("verify", cls=helptext.Command)(verify.verify)
app.command("convert", cls=helptext.Command)(convert.convert)
app.command("diff", cls=helptext.Command)(diff.diff)
app.command("eval", cls=helptext.Command)(evaluate.evaluate)
app.command("experts", cls=helptext.Command)(experts.experts)
app.command("analyze", cls=helptext.Command)(analyze.analyze)
app.command("bench", cls=helptext.Command)(bench.bench)
app.command("recipes", cls=helptext.Command)(recipes.recipes)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nsdcodec {VERSION}")
        raise typer.Exit


@app.callback()
def common(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


def run() -> None:
    try:
        app()
    except NsdError as error:
        if output.first():
            print(output.printable(f"error: {error}"), file=sys.stderr)
        elif not isinstance(error, Interrupted):  # which all are alike
            print(output.printable(f"rank {launch.rank()}: error: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)

"""The command line as a whole; the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import sys

import typer

from nsdcodec.errors import Interrupted, NsdError
from nsdcodec.system import launch
from nsdcodec.version import VERSION

from . import commands, output, stopping

EPILOG = (
    "Exit codes: 0 success; 1 training diverged, the device ran out of memory, or another failure (diff: the files "
    "differ); 2 wrong usage or setting; 3 malformed file; 4 digest mismatch; 5 unsupported version or feature; 6 over "
    "the budget or the memory limit; 7 missing data or package, unusable source, I/O error, or a lost process; "
    "8 a sound file too large for this machine; 130 interrupted."
)

app = typer.Typer(
    name="nsdc",
    cls=commands.Group,
    help="Distil image data sets into small .nsd files; inspect, check, convert and evaluate such files.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,  # with it, the list of commands took three times as long
    pretty_exceptions_enable=False,
)


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
        with stopping.heeded():
            app()
    except Interrupted as error:  # which is what was asked for
        if output.first():
            print(output.printable(str(error)), file=sys.stderr)
        sys.exit(error.exit_code)
    except NsdError as error:
        if output.first():
            print(output.printable(f"error: {error}"), file=sys.stderr)
        else:
            print(output.printable(f"rank {launch.rank()}: error: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)

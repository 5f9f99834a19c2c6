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
        typer.echo(_computes_with())
        raise typer.Exit


def _computes_with() -> str:
    """PyTorch and the device that `--device auto` takes. Only this option waits for PyTorch."""
    try:
        import torch
    except ImportError as error:
        return f"no PyTorch: {error}"
    if torch.cuda.is_available():
        return f"torch {torch.__version__}, device cuda: {torch.cuda.get_device_name()}"
    return f"torch {torch.__version__}, device cpu: {torch.get_num_threads()} threads"


@app.callback()
def common(
    version: bool = typer.Option(
        False,
        "--version",
        callback=_version,
        is_eager=True,
        help="Print the versions of this and of PyTorch, and the device.",
    ),
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

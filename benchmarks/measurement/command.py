"""A script's options, its call, and where an error becomes a message and an exit code."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import typer
from nsdcodec_cli import output

from nsdcodec.errors import NsdError


def start(command: Callable[..., None]) -> None:
    """Calls a function with the options of its signature, given on the command line. An error of nsdcodec ends the
    process with its exit code, as `nsdc` does."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app()
    except NsdError as error:
        print(output.printable(f"error: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)


def command_line() -> str:
    """How this script was started, to write beside its figures."""
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])

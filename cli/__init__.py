"""The `nsdc` command. Each command has a file of its own that parses the options, calls the library and prints."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point. Says what to install where the extra `cli` is missing."""
    from .streams import guarded

    guarded(_run)


def _run() -> None:
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ImportError as error:
        print(f"error: the command line needs {error.name}: pip install 'nsdcodec[encode]'", file=sys.stderr)
        sys.exit(7)
    from .main import run

    run()

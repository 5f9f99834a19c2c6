"""How the commands print: data to stdout, progress to stderr, colours and bars only on a terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from nsdcodec.system import launch

JSON = typer.Option(False, "--json", help="Print JSON to stdout.")


def first() -> bool:
    """Whether this process prints: of those that a launcher started together, only the first does."""
    return launch.rank() == 0


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def printable(text: str) -> str:
    """Control characters as escapes: a file's texts are anyone's, and a terminal obeys them."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def print_pairs(pairs: list[tuple[str, str]]) -> None:
    """Names and values in two columns."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        print(f"{name:<{width}}  {printable(value)}")


def print_table(columns: list[str], rows: list[list[str]]) -> None:
    """First column to the left, the others to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", overflow="fold")
    for row in rows:
        # Texts, since rich would read "[red].nsd" as a colour.
        table.add_row(*(Text(printable(cell)) for cell in row))
    # A pipe has no width: a row is a line, however long. (The width of `print` is at most the console's.)
    Console(width=None if sys.stdout.isatty() else 10_000).print(table)


def duration(seconds: float) -> str:
    """42 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

"""How the commands print: data to stdout, progress to stderr, colours and bars only on a terminal."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from typing import Any

import typer

from nsdcodec.system import launch

# To so many columns a table may fold its first, which is often a path; blanks between columns, where they fit and where
# fewer must do.
FOLDED = 14
GAPS = (2, 1)

JSON = typer.Option(False, "--json", help="Print JSON to stdout.")


def first() -> bool:
    """Whether this process prints: of those that a launcher started together, only the first does."""
    return launch.rank() == 0


def print_json(value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # its own escapes, since those of the stream would be no JSON
        text = json.dumps(value, indent=2)
    print(text)


def printable(text: str) -> str:
    """Control characters as escapes: a file's texts are anyone's, and a terminal obeys them."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def print_pairs(pairs: list[tuple[str, str]]) -> None:
    """Names and values in two columns; on a terminal, values are filled to its width."""
    columns = max(len(name) for name, _ in pairs) + 2
    width = _width()
    for name, value in pairs:
        lines = [printable(value)]
        if width is not None:
            # Where the names leave less than half of the line, values stand below them.
            indent = columns if columns <= width / 2 else 4
            lines = textwrap.wrap(lines[0], max(10, width - indent)) or [""]
            lines = [*([""] if indent != columns else []), *lines]
            print(f"{name:<{indent}}{lines[0]}".rstrip(), *(" " * indent + line for line in lines[1:]), sep="\n")
        else:
            print(f"{name:<{columns}}{lines[0]}")


def print_table(columns: list[str], rows: list[list[str]]) -> None:
    """First column to the left, the others to the right. On a terminal too narrow for that, even with less between the
    columns, a line a cell: the first of each row, and below it the others with the names of their columns."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [[printable(cell) for cell in row] for row in rows]
    width = _width()
    needed = [max(map(cell_len, cells)) for cells in zip(columns, *shown, strict=True)]
    ways = [(first, gap) for first in (needed[0], min(needed[0], FOLDED)) for gap in GAPS]
    rest, gaps = sum(needed[1:]), len(needed) - 1
    gap = next((gap for first, gap in ways if width is None or first + rest + gap * gaps <= width), None)
    if gap is None:
        for first, *others in shown:
            print(first)
            print_pairs([(f"  {name}", cell) for name, cell in zip(columns[1:], others, strict=True) if cell])
        return
    table = Table(box=None, pad_edge=False, padding=(0, gap - 1, 0, 1), header_style="bold")
    for i, column in enumerate(columns):
        if i == 0:
            table.add_column(column, justify="left", overflow="fold")
        else:
            table.add_column(column, justify="right", no_wrap=True)
    for row in shown:
        # Texts, since rich would read "[red].nsd" as a colour.
        table.add_row(*(Text(cell) for cell in row))
    # A pipe has no width: a row is a line, however long. (The width of `print` is at most the console's.)
    Console(width=width or 10_000).print(table)


def _width() -> int | None:
    """Of the terminal that stdout is; None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def counted(number: int, name: str) -> str:
    """1 network, 2 networks."""
    return f"{number:,} {name}" + "s" * (number != 1)


def duration(seconds: float) -> str:
    """42 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

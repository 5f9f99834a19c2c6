"""Tables in Markdown, and the files that a measurement leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nsdcodec.errors import FileAccess
from nsdcodec.system import atomic

Cells = tuple[list[str], list[list[str]]]


def markdown_table(shown: Cells) -> list[str]:
    header, rows = shown
    return [_line(header), _line(["---"] * len(header)), *map(_line, rows)]


def _line(texts: list[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def write_report(found: dict[str, Any], markdown: str, folder: Path, name: str) -> list[Path]:
    """Writes NAME.md and NAME.json; their paths. Raises FileAccess."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccess(f"cannot make the folder {folder}: {error.strerror or error}") from error
    texts = {"md": markdown, "json": json.dumps(found, indent=1, ensure_ascii=False) + "\n"}
    paths = [folder / f"{name}.{end}" for end in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        atomic.write(path, text.encode())
    return paths

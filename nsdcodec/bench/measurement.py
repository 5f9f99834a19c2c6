"""What the measurements of speed share: a target and whether it is met, tables in Markdown, the files, the machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nsdcodec.bench.report import line
from nsdcodec.errors import FileAccess
from nsdcodec.system import atomic
from nsdcodec.version import VERSION

Cells = tuple[list[str], list[list[str]]]


@dataclass(frozen=True)
class Verdict:
    """`measured` is None where it was not; `met` then too."""

    target: str
    of: str
    wanted: str
    measured: str | None
    met: bool | None


def verdict_cells(targets: Sequence[dict[str, Any]], of: str) -> Cells:
    """A row a target (a `Verdict` as plain data), with what was measured and whether it is met; `of` is a heading."""
    words = {True: "yes", False: "NO", None: "not measured"}
    rows = [
        [target["target"], target["of"], target["wanted"], target["measured"] or "", words[target["met"]]]
        for target in targets
    ]
    return ["target", of, "wanted", "measured", "met"], rows


def markdown_table(shown: Cells) -> list[str]:
    header, rows = shown
    return [line(header), line(["---"] * len(header)), *map(line, rows)]


def write(found: dict[str, Any], markdown: str, folder: Path, name: str) -> list[Path]:
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


def made_by() -> dict[str, str]:
    """The versions and the machine that figures are of."""
    return {
        "nsdcodec": VERSION,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
    }


def made_by_line(made: dict[str, str]) -> str:
    return (
        f"Made by nsdcodec {made['nsdcodec']}, torch {made['torch']}, Python {made['python']}, on {made['hardware']}."
    )

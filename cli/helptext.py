"""The help of the commands: with the names of what is registered, which are imported when the help is shown, and not
before."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from typer.core import TyperCommand


class Command(TyperCommand):
    """A command in whose help {objectives}, for example, stands for the names of all objectives. Paragraphs of its
    docstring are filled to the width of the terminal."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # click's own types, or those of typer's copy of it
        for parameter in self.params:
            text = getattr(parameter, "help", None) or ""
            for name in (name for name in NAMES if f"{{{name}}}" in text):
                text = text.replace(f"{{{name}}}", NAMES[name]())
            vars(parameter)["help"] = text
        self.help = re.sub(r"(?<!\n)\n(?!\n)", " ", self.help or "")
        super().format_help(ctx, formatter)


def _objectives() -> str:
    from nsdcodec.encoding.objectives import OBJECTIVES

    return ", ".join(OBJECTIVES)


def _parameterizations() -> str:
    from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS

    return ", ".join(PARAMETERIZATIONS)


def _sources() -> str:
    from nsdcodec.sources import SOURCES

    return ", ".join(SOURCES)


def _paths() -> str:
    from nsdcodec.sources import PATHS

    return PATHS


def _formats() -> str:
    from nsdcodec.export.formats import FORMATS

    return ", ".join(FORMATS)


def _tables() -> str:
    from nsdcodec.bench.tables import TABLES

    return ", ".join(TABLES)


NAMES: Mapping[str, Callable[[], str]] = {
    "objectives": _objectives,
    "parameterizations": _parameterizations,
    "sources": _sources,
    "paths": _paths,
    "formats": _formats,
    "tables": _tables,
}

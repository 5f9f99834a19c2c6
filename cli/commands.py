"""The commands by name. One is imported when it is asked for, so that none waits for the others."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import typer
from typer.core import TyperGroup

from . import helptext, texts

# Columns that help is written to, where the terminal has more or fewer.
NARROWEST, WIDEST = 30, 80
# The file and function of each command, and what the list of commands says of it: the first paragraph of its own help,
# written here a second time. A test compares them.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "encode": ("encode", "Distil a data set into an .nsd file."),
    "decode": ("decode", "Decode a file's images to PNG or NumPy."),
    "export": (
        "export",
        "Write all images and labels in a file format of other tools. `nsdc encode` reads each of them as a source.",
    ),
    "push": (
        "push",
        "Push .nsd files to the Hugging Face hub with a generated data card (README.md), in one commit.",
    ),
    "info": (
        "info",
        "Show a file's contents, its training recipe, and where every byte goes; of several files, one after the "
        "other.",
    ),
    "report": (
        "report",
        "Write a page (HTML) that shows a file: its images by class, how they are put together, where every byte goes, "
        "how to train on it, and how it was made, if the log of its encode (FILE.log.jsonl) is beside it.",
    ),
    "verify": (
        "verify",
        "Check files: framing, digest, header, arrays, layout, and that every image decodes to finite values.",
    ),
    "convert": (
        "convert",
        "Write a file in other stored types or codings, and print the sizes and the error of the images.",
    ),
    "diff": ("diff", "Compare two files: header, arrays, decoded images, labels."),
    "eval": (
        "evaluate",
        "Train networks on a file by its recipe and test each on the source's real test set.",
    ),
    "experts": (
        "experts",
        "Train the expert trajectories for mtt or tgdd: networks trained on the real images, kept epoch by epoch.",
    ),
    "analyze": ("analyze", "Measure how similar the real images of a class are, and plot it."),
    "bench": (
        "bench",
        "Run a table of the papers: distil the sets of its rows, train networks on each, and write a report.",
    ),
    "recipes": (
        "recipes",
        "List the recipes, or every setting of one: the keys that `encode --set` takes, what they mean, their choices.",
    ),
    "zoo": (
        "zoo",
        "List the files that come with this package, which every command opens as zoo:NAME; with NAME, print the data "
        "card of one.",
    ),
}


class Loaded(MutableMapping[str, Any]):
    """Each command with its options, made when it is first asked for."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.made:
            file, _ = COMMANDS[name]
            module = importlib.import_module(f".{file}", __package__)
            alone = typer.Typer(add_completion=False)
            alone.command(name, cls=helptext.Command)(getattr(module, file))
            self.made[name] = typer.main.get_command(alone)
        return self.made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self.made[name] = command

    def __delitem__(self, name: str) -> None:
        del self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Group(TyperGroup):
    """All commands; their list needs none of them."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.commands = Loaded()

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """With a width for help that is the terminal's: click's own is 50 columns at least."""
        width = max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST) - 2)
        return super().make_context(info_name, args, parent, **({"terminal_width": width} | extra))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        texts.take_as_typed(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The exit codes, a line each."""
        title, _, codes = (self.epilog or "").partition(": ")
        with formatter.section(title):
            formatter.write_dl([tuple(code.rstrip(".").split(" ", 1)) for code in codes.split("; ")])

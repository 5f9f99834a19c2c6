"""nsdc push: files, and a card about them, to the Hugging Face hub."""

from __future__ import annotations

import json as json_text
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsdcodec.errors import FileAccess, InvalidSetting

from . import output

if TYPE_CHECKING:
    from nsdcodec.export.card import Accuracy


def push(
    files_and_repository: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE... USER/NAME",
            help="One .nsd file or several, paths or zoo:NAME, then the data set on the hub.",
            show_default=False,
        ),
    ],
    license: Annotated[
        str,
        typer.Option(
            help="The hub's name of a licence, such as mit or cc-by-4.0; other: the card says that none is given."
        ),
    ] = "other",
    accuracy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT|FILE.json",
            help="Accuracy for the card: a line of text, or the output of `nsdc eval --json`; repeatable.",
        ),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="If the data set is created now, only you can see it.")
    ] = False,
    no_card: Annotated[bool, typer.Option("--no-card", help="Leave the card (README.md) that is there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the card and push nothing.")] = False,
    json: bool = output.JSON,
) -> None:
    """Push .nsd files to the Hugging Face hub with a generated data card (README.md), in one commit.

    Logged in by `hf auth login`, or by HF_TOKEN. Anyone reads the files by hf://datasets/USER/NAME/FILE.nsd.
    """  # fmt: skip
    if len(files_and_repository) < 2:
        raise InvalidSetting("give a file and a data set of the hub: nsdc push c10.nsd user/name")
    if no_card and (accuracy or dry_run or license != "other"):
        raise InvalidSetting("--no-card leaves out what --accuracy, --license and --dry-run are about; drop it or them")
    from nsdcodec.export.hub import Push

    *files, repository = files_and_repository
    job = Push(tuple(files), repository, license, tuple(_accuracies(accuracy or [])), private, with_card=not no_card)
    if dry_run:
        if json:
            output.print_json({"repository": repository, "files": list(job.contents), "card": job.card})
        else:
            print(output.printable(job.card), end="")
        return
    url = job.run()
    if json:
        output.print_json({"repository": repository, "files": list(job.contents), "url": url})
        return
    print(f"{', '.join(job.contents)} to {url}")
    print("\n".join(f"hf://datasets/{repository}/{name}" for name in job.contents))


def _accuracies(given: list[str]) -> list[str | Accuracy]:
    found: list[str | Accuracy] = []
    for text in given:
        found += _evaluations(Path(text)) if _is_path(text) else [text]
    return found


def _is_path(text: str) -> bool:
    """Whether it names a file rather than being a line for the card."""
    one_word = len(text.split()) == 1 and not text.startswith(("http://", "https://"))
    return text.lower().endswith(".json") or (one_word and ("/" in text or os.sep in text)) or os.path.exists(text)


def _evaluations(path: Path) -> list[Accuracy]:
    """What `nsdc eval --json` printed, of one file or of several."""
    from nsdcodec.export.card import Accuracy
    from nsdcodec.format.container.contents import name_of

    try:
        document: Any = json_text.loads(path.read_text(encoding="utf-8"))
        return [
            Accuracy(
                file=name_of(str(one["file"])),
                nbytes=int(one["bytes"]),
                network=str(one["net"]),
                mean=float(one["mean"]),
                deviation=float(one["deviation"]),
                networks=int(one["networks"]),
                source=str(one["source"]),
                test_images=int(one["test_images"]),
            )
            for one in (document if isinstance(document, list) else [document])
        ]
    except OSError as error:
        raise FileAccess(f"cannot read {path}: {error.strerror or error}; write it by `nsdc eval --json`") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidSetting(f"--accuracy {path}: not what `nsdc eval --json` prints ({error!r:.200})") from error

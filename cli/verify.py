"""nsdc verify: check files, folders of files and URLs by every rule of the format."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsdcodec.errors import FileAccess, MalformedFile, NsdError

from . import output

if TYPE_CHECKING:
    from nsdcodec.format.verification import Verification

# Files that the last line names.
MOST_NAMED = 5


def verify(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...", help="Files, URLs, or folders: every .nsd file below them.", show_default=False
        ),
    ],
    json: bool = output.JSON,
) -> None:
    """Check files: framing, digest, header, arrays, layout, and that every image decodes to finite values.

    Every target is checked, even if others fail. The exit code is 0 if all are sound, otherwise the highest exit code
    of those that are not.
    """
    from nsdcodec.format.container.remote import without_secrets

    files = [found for target in targets for found in _files(target)]
    named = [file for file, _ in files] == targets and len(files) == 1  # else each file has its name above it
    documents, codes = [], []
    for file, refused in files:
        name = without_secrets(file)
        if not named and not json:
            print(output.printable(name))
        verification = _verification(file, refused, quiet=json)
        documents.append({"file": name} | _document(verification))
        codes.append(0 if verification.error is None else verification.error.exit_code)
    if json:
        output.print_json(documents)
    elif not named:
        bad = [document["file"] for document in documents if not document["ok"]]
        summary = f"{len(files)} file{'s' * (len(files) > 1)}: {len(files) - len(bad)} sound, {len(bad)} not"
        more = [f"and {len(bad) - MOST_NAMED} more"] if len(bad) > MOST_NAMED else []
        print(output.printable(summary + (f": {', '.join(bad[:MOST_NAMED] + more)}" if bad else "")))
    elif documents[0]["ok"]:
        print(output.printable(f"{documents[0]['file']} is sound"))
    sys.exit(max(codes))


def _files(target: str) -> Iterator[tuple[str, NsdError | None]]:
    """A file as it is; of a folder every .nsd file below it, sorted; with an error, what cannot be looked into."""
    if not os.path.isdir(target):
        yield target, None
        return
    refused: list[OSError] = []
    found = [
        os.path.join(folder, name)
        for folder, _, names in os.walk(target, onerror=refused.append)
        for name in names
        if name.endswith(".nsd")
    ]
    for file in sorted(found):
        yield file, None
    for error in refused:
        yield str(error.filename), FileAccess(f"cannot list {error.filename}: {error.strerror}")
    if not found and not refused:
        yield target, FileAccess(f"{target} is a folder without any .nsd file in it; name a file, or another folder")


def _verification(file: str, refused: NsdError | None, quiet: bool) -> Verification:
    from nsdcodec.format.verification import CHECKS, Check, Verification, verify

    def show(line: str) -> None:
        if not quiet:
            print(output.printable(line), flush=True)

    if refused is not None:
        result = Verification(tuple(Check(name, None) for name in CHECKS), refused)
    else:
        result = verify(
            file, lambda check: show(f"{'ok      ' if check.ok else 'FAILED  '}{check.name}: {check.detail}")
        )
    if result.error is not None:
        if not any(check.ok is False for check in result.checks):
            show(f"FAILED  {result.error}")  # no check did: there was nothing to check
        for check in result.checks:
            if check.ok is None:
                show(f"skipped {check.name}")
    return result


def _document(verification: Verification) -> dict[str, Any]:
    error = verification.error
    return {
        "ok": verification.ok,
        "checks": [asdict(check) for check in verification.checks],
        "error": None if error is None else str(error),
        "rule": error.rule if isinstance(error, MalformedFile) else None,
    }

"""nsdc report: a page that shows a file, in any browser and without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nsdcodec.errors import InvalidSetting

from . import options, output

MOST_BYTES = 1 << 26  # of a file that a browser can be given as text


def report(
    file: options.FileArgument,
    out: Annotated[
        Path, typer.Option("--output", "-o", help="The page to write, such as report.html.", show_default=False)
    ],
    eval: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.json", help="Results to show: the output of `nsdc eval --json`; repeatable."),
    ] = None,
    json: bool = output.JSON,
) -> None:
    """Write a page (HTML) that shows a file: its images by class, how they are put together, where every byte goes, how
    to train on it, and how it was made, if the log of its encode (FILE.log.jsonl) is beside it.

    The file is in the page, which decodes it in the browser and needs no network. docs/viewer.html is the same page
    for any file.
    """
    if out.suffix.lower() == ".nsd":
        raise InvalidSetting(f"--output {out} is the name of a set, and a page is written; name it report.html")
    from nsdcodec.format.container.file import bytes_of, name_of, read
    from nsdcodec.format.container.remote import is_url
    from nsdcodec.report.beside import Beside, log_path, read_evaluations, read_log
    from nsdcodec.report.page import report as page
    from nsdcodec.system import atomic

    data = bytes_of(file)
    read(data)  # refuses what the page would
    if len(data) > MOST_BYTES:
        raise InvalidSetting(
            f"{file} has {len(data):,} bytes, and a page holds at most {MOST_BYTES:,}; open it in docs/viewer.html"
        )
    log = None if is_url(file) else read_log(log_path(Path(file)))
    results = tuple(one for path in eval or [] for one in read_evaluations(path, len(data)))
    document = page(data, name_of(file), Beside(log, results)).encode()
    atomic.write(out, document)
    if json:
        output.print_json(
            {"written": str(out), "bytes": len(document), "log": log is not None, "results": len(results)}
        )
    else:
        beside = [*(["the log of its encode"] if log else []), *(["results"] if results else [])]
        print(output.printable(f"{file}{', with ' + ' and '.join(beside) if beside else ''}, as a page to {out}"))

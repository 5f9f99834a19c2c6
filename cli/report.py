"""nsdc report: a page that shows a file, in any browser and without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nsdcodec.errors import InvalidSetting

from . import options, output

MOST_BYTES = 1 << 26  # of a file that a browser can be given as text


def report(
    file: options.FileArgument,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page to write, such as report.html.", show_default=False)
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="A picture for papers: twelve images of each class, what one is the sum of, where every byte goes.",
            show_default=False,
        ),
    ] = None,
    eval: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.json", help="Results to show: the output of `nsdc eval --json`; repeatable."),
    ] = None,
    json: bool = output.JSON,
) -> None:
    """Write a page (HTML) that shows a file: its images by class, how they are put together, where every byte goes, how
    to train on it, and how it was made, if the log of its encode (FILE.log.jsonl) is beside it.

    The file is in the page, which decodes it in the browser and needs no network. docs/viewer.html is the same page
    for any file. With --png, a picture is written, with or without a page.
    """
    if out is None and png is None:
        raise InvalidSetting("nothing to write: give -o report.html, or --png figure.png, or both")
    if out is None and eval:
        raise InvalidSetting("--eval is shown on the page; add -o report.html, or leave it out")
    if out is not None and out.suffix.lower() == ".nsd":
        raise InvalidSetting(f"--output {out} is the name of a set, and a page is written; name it report.html")
    if png is not None and png.suffix.lower() != ".png":
        raise InvalidSetting(f"--png {png}: the picture is a PNG; give it a name that ends in .png")
    from nsdcodec.format.container.contents import bytes_of
    from nsdcodec.format.container.file import read

    data = bytes_of(file)
    read(data)  # refuses what the page would
    if out is not None and len(data) > MOST_BYTES:
        raise InvalidSetting(
            f"{file} has {len(data):,} bytes, and a page holds at most {MOST_BYTES:,}; open it in docs/viewer.html"
        )
    made = [*([_picture(file, data, png)] if png else []), *([_page(file, data, out, eval or [])] if out else [])]
    if json:
        documents = [document for document, _ in made]
        output.print_json(documents if len(documents) > 1 else documents[0])
    else:
        for _, said in made:
            print(output.printable(said))


def _picture(file: str, data: bytes, path: Path) -> tuple[dict[str, Any], str]:
    """What JSON says of it, and the line that is printed."""
    from nsdcodec.report.figure import figure
    from nsdcodec.system import atomic

    picture = figure(data)
    atomic.write(path, picture)
    return {"written": str(path), "bytes": len(picture)}, f"{file}, as a picture to {path}"


def _page(file: str, data: bytes, path: Path, evaluations: list[Path]) -> tuple[dict[str, Any], str]:
    """As of the picture; with the log that stands beside the file."""
    from nsdcodec.format.container.contents import name_of
    from nsdcodec.format.container.remote import is_url
    from nsdcodec.report.beside import Beside, log_path, read_evaluations, read_log
    from nsdcodec.report.page import report as page
    from nsdcodec.system import atomic

    log = None if is_url(file) else read_log(log_path(Path(file)))
    results = tuple(one for each in evaluations for one in read_evaluations(each, len(data)))
    document = page(data, name_of(file), Beside(log, results, _published(results))).encode()
    atomic.write(path, document)
    beside = [*(["the log of its encode"] if log else []), *(["results"] if results else [])]
    said = f"{file}{', with ' + ' and '.join(beside) if beside else ''}, as a page to {path}"
    return {"written": str(path), "bytes": len(document), "log": log is not None, "results": len(results)}, said


def _published(results: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """The figures for the data set that the results are of, where they are of one that has such."""
    from nsdcodec.bench.published import SOURCES, published

    sources = {one["source"] for one in results} & set(SOURCES)
    return tuple(
        {
            "method": point.method,
            "bits": point.bits_per_class,
            "accuracy": point.accuracy / 100,
            "origin": point.origin,
        }
        for point in (published(sources.pop()) if len(sources) == 1 else [])
    )

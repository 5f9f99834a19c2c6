"""nsdc analyze: measure how similar the real images of a class are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsdcodec.errors import FileAccess

from . import options, output

if TYPE_CHECKING:
    from nsdcodec.evaluation.analysis import Analysis

PICTURE, NUMBERS = "analysis.png", "analysis.json"
SHARES = (0.9, 0.95, 0.99)
# Digits of the shares and cosines in the file: more would be noise, and makes it long.
DIGITS = 6


def analyze(
    source: options.SourceArgument,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", help="A folder for the results (default: analysis-SOURCE).")
    ] = None,
    class_: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="The class to analyse (default: the first).")
    ] = None,
    images: Annotated[int, typer.Option(help="Number of random images of the class, at most.")] = 1000,
    seed: options.Seed = 0,
    size: options.Size = None,
    data_dir: options.DataDir = None,
    json: bool = output.JSON,
) -> None:
    """Measure how similar the real images of a class are, and plot it.

    Writes analysis.png and analysis.json: the similarity along batch, height and width (NSD Fig. 4), the variance of
    each DCT frequency (FreD), and the rank that each dimension needs.
    """
    from json import dumps

    from nsdcodec.evaluation.analysis import analyze as run
    from nsdcodec.evaluation.analysis import class_images
    from nsdcodec.evaluation.figures import analysis_png
    from nsdcodec.system import atomic
    from nsdcodec.system.packages import package

    package("matplotlib.figure", "figures")  # Before the work, which would be lost without it.
    found = options.source(source, data_dir, size=size, split=False)
    name = found.classes[0] if class_ is None else class_
    result = run(class_images(found, name, images, seed))
    numbers = {"source": found.name, "class": name, "seed": seed, **_numbers(result)}
    folder = out or Path(f"analysis-{found.name}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccess(f"cannot make the folder {folder}: {error.strerror or error}") from error
    title = f"{found.name}, {name}: {result.shape[0]:,} images of {' x '.join(map(str, result.shape[1:]))}"
    atomic.write(folder / PICTURE, analysis_png(result, title))
    atomic.write(folder / NUMBERS, (dumps({**numbers, **_arrays(result)}, ensure_ascii=False) + "\n").encode())
    if json:
        output.print_json(numbers)
        return
    print(output.printable(title))
    output.print_table(
        ["dimension", "size", "mean cosine", "of neighbours", *(f"rank for {share:.0%}" for share in SHARES)],
        [_row(name, entry) for name, entry in numbers["dimensions"].items()],
    )
    kept = numbers["frequencies"]["kept"]
    print(
        f"of {numbers['frequencies']['total']:,} frequencies, "
        + " and ".join(f"{int(k):,} keep {share:.1%}" for k, share in kept.items())
        + " of the variance"
    )
    print(f"{folder / PICTURE}, {folder / NUMBERS}")


def _numbers(result: Analysis) -> dict[str, Any]:
    kept = result.kept()
    return {
        "shape": list(result.shape),
        "dimensions": {
            name: {
                "size": len(dimension.similarity),
                "similarity": _rounded(dimension.mean_similarity()),
                # Images are in random order, and channels are no scale: neither has neighbours.
                "neighbour_similarity": _rounded(dimension.mean_similarity(1)) if name in ("height", "width") else None,
                "rank": {f"{share:.0%}": dimension.rank(share) for share in SHARES},
            }
            for name, dimension in result.dimensions.items()
        },
        "frequencies": {
            "total": result.frequencies.size,
            "kept": {str(k): _rounded(kept[k - 1]) for k in result.fractions()},
        },
    }


def _arrays(result: Analysis) -> dict[str, Any]:
    """What the panels show; without the similarity of each two images, which would be a million numbers."""
    return {
        "similarity": {
            name: result.dimensions[name].similarity.round(DIGITS).tolist() for name in ("channel", "height", "width")
        },
        "explained_by_rank": {
            name: dimension.explained.round(DIGITS).tolist() for name, dimension in result.dimensions.items()
        },
        "explained_variance_ratio": result.frequencies.round(DIGITS + 3).tolist(),
    }


def _rounded(value: float) -> float | None:
    """None for nan, which JSON lacks: one channel has no pairs."""
    return None if value != value else round(float(value), DIGITS)


def _row(name: str, entry: dict[str, Any]) -> list[str]:
    cosines = [entry["similarity"], entry["neighbour_similarity"]]
    return [
        name,
        f"{entry['size']:,}",
        *("" if cosine is None else f"{cosine:.3f}" for cosine in cosines),
        *(f"{rank:,}" for rank in entry["rank"].values()),
    ]

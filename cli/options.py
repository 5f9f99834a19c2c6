"""Options that several commands share, and the parsing of durations and sizes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsdcodec.errors import InvalidSetting

from . import output

if TYPE_CHECKING:
    from nsdcodec.encoding.settings import Settings
    from nsdcodec.format.container.file import NSDFile
    from nsdcodec.learning.compute import Compute
    from nsdcodec.sources import Source

FileArgument = Annotated[str, typer.Argument(help="An .nsd file: a path, a URL, or zoo:NAME.", show_default=False)]
SourceArgument = Annotated[
    str,
    typer.Argument(
        help="Real images: {sources}; {paths}; or hf:USER/NAME.",
        show_default=False,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder that is searched first for NAME.h5 or a data set's folder (default: $NSDC_DATA); then the cache."
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        help="Side in pixels that image files are cropped and resized to (default: their own if all have one size, "
        "otherwise the largest up to 128 that no image is smaller than)."
    ),
]
NoTest = Annotated[
    bool,
    typer.Option(
        "--no-test", help="Train on all images of a source without a test set (default: a fifth is split off as one)."
    ),
]
ExpertsDir = Annotated[
    Path | None, typer.Option(help="Folder of expert trajectories (default: experts/ in the cache folder).")
]
Recipe = Annotated[
    str | None, typer.Option(help="Named settings: see `nsdc recipes` (default: gpu on a GPU, else cpu).")
]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change any setting; repeatable.")]
Seed = Annotated[int, typer.Option(help="Seed of every random choice.")]
Device = Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu, cuda, cuda:1, ...")]
Precision = Annotated[
    str,
    typer.Option(
        help="Precision of convolutions: float32 (TF32 on a GPU), bfloat16, or auto (bfloat16 on a CPU that has it)."
    ),
]

Together = Annotated[
    int | None,
    typer.Option(
        help="How many networks are trained at once; changes results only by rounding (default: 1 on a CPU, up to 8 on "
        "a GPU, as its memory allows)."
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Memory limit, such as 8GB: if needed, real images are read from their file, and work is done in chunks "
        "(default: most of the free memory).",
    ),
]


def seconds(text: str, option: str) -> float:
    """ "90", "90s", "10m", "1h30m" in seconds, above 0. Raises InvalidSetting."""
    found = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", text.strip())
    if not found or not any(found.groups()):
        raise InvalidSetting(f"{option} {text}: write a duration such as 90s, 10m or 1h30m")
    hours, minutes, rest = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest


_UNITS = {"": 1, "B": 1} | {
    f"{prefix}{end}": base ** (power + 1)
    for power, prefix in enumerate("KMGT")
    for end, base in (("", 1000), ("B", 1000), ("IB", 1024))
}


def memory(text: str | None) -> int | None:
    """ "8GB", "512MiB", "2e9" in bytes. Raises InvalidSetting."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9.]+(?:[eE]\d+)?)\s*([A-Za-z]*)", text.strip())
    try:
        if found is None or found[2].upper() not in _UNITS:
            raise ValueError
        nbytes = int(float(found[1]) * _UNITS[found[2].upper()])
    except (ValueError, OverflowError) as error:
        raise InvalidSetting(f"--memory {text}: write a size such as 8GB, 512MB or 2GiB") from error
    if nbytes < 1:
        raise InvalidSetting(f"--memory {text}: it must be above 0")
    return nbytes


def compute(
    name: str, precision: str, memory: int | None = None, compile: bool | None = None, together: int | None = None
) -> Compute:
    """How to compute on the device of this name; of processes launched together, each takes a GPU of its own. Raises
    InvalidSetting for what this machine does not have."""
    import torch

    from nsdcodec.learning.compute import Compute, pick_device, pick_precision
    from nsdcodec.system import launch

    try:
        chosen = pick_device(name)
        if chosen.type == "cuda" and chosen.index is None and launch.world() > 1:
            chosen = torch.device("cuda", launch.local_rank())
        torch.zeros(1, device=chosen).item()
    except (RuntimeError, AssertionError) as error:
        raise InvalidSetting(f"--device {name}: {str(error).splitlines()[0]}; try --device cpu") from error
    return Compute(chosen, pick_precision(precision, chosen), memory, compile, networks_at_once=together)


def settings(
    recipe: str | None,
    device_type: str,
    source: Source,
    parameterization: str | None,
    objective: str | None,
    pairs: list[str],
    start: NSDFile | None = None,
) -> tuple[str, Settings]:
    """The recipe's name and its settings, fitted to the source and to the file that is begun from, then changed as
    asked. Raises UnknownName and InvalidSetting."""
    from nsdcodec.encoding.recipes import default_recipe, settings_for

    name = recipe or default_recipe(device_type)
    fitted = settings_for(
        source, name, parameterization=parameterization, objective=objective, changes=pairs, start=start
    )
    return name, fitted


def source(
    name: str,
    data_dir: Path | None,
    memory: int | None = None,
    size: int | None = None,
    otherwise: tuple[int, int] | None = None,
    split: bool = True,
) -> Source:
    """The real images of this name; what is to be known of how they were read goes to stderr. Image files are brought
    to `size`, or without it to the width and height `otherwise`. With `split`, a
    source without a test set has one split off. Raises what `sources.load` raises, and InvalidSetting
    for a `size` that these images cannot be brought to."""
    from nsdcodec import sources

    found = sources.load(name, data_dir, memory, otherwise if size is None else size)
    if size is not None and (found.geometry.height, found.geometry.width) != (size, size):
        raise InvalidSetting(
            f"--size {size}: {found.name} has images of {found.geometry.width} x {found.geometry.height} that are no "
            "image files, and only those are resized; leave --size out, or give a folder of image files"
        )
    found = found.with_test_set() if split else found
    if output.first():
        for note in found.notes:
            print(output.printable(f"note: {note}"), file=sys.stderr)
    return found


def experts_folder(chosen: Path | None, wanted: bool = True) -> Path:
    """The folder of experts. The cache folder is asked for only if they are `wanted`, since not every user has one."""
    from nsdcodec.sources import cache_folder

    return chosen or (cache_folder() if wanted else Path()) / "experts"

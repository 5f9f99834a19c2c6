"""Make the test vectors: make.py NAME...  A file and its images for each form; existing ones are never touched.

Each is made from real digits (NAME-13x18: from a toy source of that size) with the objective `none`, so it is small.
The images, in float64 and in the order of the set, come from the einsum of tests/references.py, not from the decoder;
so do the distributions of soft labels, in NAME.labels.npy. Needs the extra `dev`. A vector that was released stays as
it is for ever: a form that changes gets a new name.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))

import references  # noqa: E402
from worlds import toy_source  # noqa: E402

from nsdcodec import recipes, settings, sources  # noqa: E402
from nsdcodec.container.file import read  # noqa: E402
from nsdcodec.encoder import Job, encode  # noqa: E402
from nsdcodec.geometry import Geometry  # noqa: E402
from nsdcodec.parameterizations import PARAMETERIZATIONS  # noqa: E402

SETTINGS = {name: [f"parameterization.name={name}"] for name in PARAMETERIZATIONS} | {
    "nsd-reading-a": ["reading=A", "kernels=2", "slices=2"],
    "nsd-reading-c": ["reading=C", "groups=3", "slices=3"],
    "nsd-soft-labels": ["labels=soft"],
    "fred-dct4": ["parameterization.name=fred", "transform=dct4"],
    "dwt-13x18": ["parameterization.name=dwt"],
    "dwt-float32": ["parameterization.name=dwt", "parameterization.dtype=float32"],
}


def make(name: str) -> None:
    path = HERE / f"{name}.nsd"
    if path.exists():
        sys.exit(f"{path} exists, and released vectors stay as they are")
    source = toy_source(Geometry(2, 3, 13, 18), 40) if name.endswith("13x18") else sources.load("digits")
    fitted = settings.for_geometry(recipes.CPU, source.geometry, source.augmentation)
    fitted = fitted.with_names(None, "none").with_values([*SETTINGS[name], "validation.epochs=1"])
    job = Job(source, path, fitted, "cpu", overrides=tuple(SETTINGS[name]), ipc=1)
    encode(dataclasses.replace(job, restart=True))
    job.log_path.unlink()
    file = read(path)
    np.save(HERE / f"{name}.npy", references.images(file.header.layout, file.arrays))
    if file.header.layout.labels == "soft":
        np.save(HERE / f"{name}.labels.npy", references.distributions(file.arrays["labels"]))


if __name__ == "__main__":
    for wanted in sys.argv[1:] or [name for name in SETTINGS if not (HERE / f"{name}.nsd").exists()]:
        make(wanted)
        print(f"{wanted}.nsd")

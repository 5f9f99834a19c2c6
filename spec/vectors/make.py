"""Make the test vectors and their manifest: make.py [NAME...]  Existing files are never touched; README.md says more.

Golden files: one of each parameterization from real digits (NAME-13x18: from a toy source of that size) by the
objective `none`, and the layouts of tests/builders.py in every coding. Refused files: those of tests/malformed.py. What
golden files decode to comes from the einsum of tests/references.py, not from the decoder. Needs the extra `dev`.
"""

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))

import references  # noqa: E402
from builders import LAYOUTS, arrays_for, file_of, header_for  # noqa: E402
from contexts import toy_source  # noqa: E402
from malformed import REFUSED  # noqa: E402

from nsdcodec import sources  # noqa: E402
from nsdcodec.encoding import recipes, settings  # noqa: E402
from nsdcodec.encoding.budget import Budget  # noqa: E402
from nsdcodec.encoding.encoder import Output, Task, encode  # noqa: E402
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS  # noqa: E402
from nsdcodec.format.container.codings import CODINGS  # noqa: E402
from nsdcodec.format.container.file import pack, read  # noqa: E402
from nsdcodec.format.container.header import FORMAT_VERSION  # noqa: E402
from nsdcodec.format.geometry import Geometry  # noqa: E402
from nsdcodec.format.layout import Layout, Synthesis  # noqa: E402
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe  # noqa: E402
from nsdcodec.format.stored_types import FLOATS, ArraySpec  # noqa: E402

FORMS = {name: [f"parameterization.name={name}"] for name in PARAMETERIZATIONS} | {
    "nsd-reading-a": ["reading=A", "kernels=2", "slices=2"],
    "nsd-reading-c": ["reading=C", "groups=3", "slices=3"],
    "nsd-soft-labels": ["labels=soft"],
    "nsd-int8": ["dtype=int8"],
    "nsd-int4-soft-labels": ["dtype=int4", "labels=soft"],
    "fred-dct4": ["parameterization.name=fred", "transform=dct4"],
    "fred-int6": ["parameterization.name=fred", "parameterization.dtype=int6"],
    "dct-int3": ["parameterization.name=dct", "parameterization.dtype=int3"],
    "dct-int2": ["parameterization.name=dct", "parameterization.dtype=int2"],
    "dct-bfloat16": ["parameterization.name=dct", "parameterization.dtype=bfloat16"],
    "dwt-13x18": ["parameterization.name=dwt"],
    "dwt-float32": ["parameterization.name=dwt", "parameterization.dtype=float32"],
}
# What has every stored type in every coding; of all other layouts one file does.
IN_EVERY_CODING = ("one block", "soft labels", "bfloat16", "scaled integers", "scaled and masked", "mask a spectrum")
# Not here for their size; tests/test_container.py builds them each time.
LARGEST_REFUSED = 16_000


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:100].strip("-")


def built() -> dict[str, bytes]:
    """Golden files made of random numbers."""
    files = {f"layout-{slug(name)}": file_of(name) for name in LAYOUTS if name != "halves"}
    for name in IN_EVERY_CODING:
        files |= {f"layout-{slug(name)}-{coding}": file_of(name, coding) for coding in CODINGS[1:]}
    layout = LAYOUTS["one block"]
    optional = {"thumbnail": b"bytes for whom they concern", "": b"\0"}
    files["optional"] = pack(header_for(layout, optional=("thumbnail",)), arrays_for(layout), "raw", optional)
    files["smallest"] = smallest()
    return files


def smallest() -> bytes:
    """The file that spec/container.md shows byte by byte."""
    layout = Layout(Geometry(1, 1, 2, 2), Synthesis(), {"spectrum": ArraySpec("int6", (1, 1, 1, 2, 2), 0)})
    recipe = TrainingRecipe(network=NetworkSpec("convnet", 1, 1), augmentation="none", epochs=1, batch_size=1)
    stated = header_for(layout, classes=("a",), parameterization="pixel", recipe=recipe, provenance={})
    return pack(stated, {"spectrum": 0.5 * np.array([1, -1, 31, 0]).reshape(1, 1, 1, 2, 2)}, "raw")


def form(name: str) -> bytes:
    """A golden file of a parameterization."""
    path = HERE / f"{name}.nsd"
    source = toy_source(Geometry(2, 3, 13, 18), 40) if name.endswith("13x18") else sources.load("digits")
    fitted = settings.for_geometry(recipes.CPU, source.geometry, source.augmentation)
    fitted = fitted.with_names(None, "none").with_values([*FORMS[name], "validation.epochs=1"])
    budget = Budget.of(source.geometry, 1)
    output = Output(path, restart=True)
    encode(Task(source, fitted, budget, recipe_name="cpu", overrides=tuple(FORMS[name])), output)
    output.log.unlink()
    return path.read_bytes()


def golden(name: str, make: Callable[[], bytes]) -> None:
    path = HERE / f"{name}.nsd"
    if not path.exists():
        path.write_bytes(make())
    file = read(path)
    layout = file.header.layout
    save(HERE / f"{name}.npy", references.images(layout, file.arrays))
    save(HERE / f"{name}.labels.npy", references.labels(layout, file.arrays))
    for role, spec in layout.arrays.items():
        if spec.dtype not in FLOATS and role != "labels":
            save(HERE / f"{name}.{role}.npy", references.integers(file.arrays[role], spec))


def save(path: Path, values: np.ndarray) -> None:
    if not path.exists():
        np.save(path, values)


def refused() -> dict[str, tuple[str, str, bytes]]:
    """File names -> what it is refused by, what is wrong, and the bytes."""
    files = {}
    for error, what, data in REFUSED:
        name = f"refused/{slug(error.removeprefix('NSD-'))}-{slug(what)}.nsd"
        assert name not in files, name
        if len(data) <= LARGEST_REFUSED:
            files[name] = (error, what, data)
    return files


def versions() -> dict[str, str]:
    """File names -> the version of the format that they are of, of those that the manifest has already."""
    path = HERE / "manifest.json"
    listed = json.loads(path.read_text()) if path.exists() else {}
    return {entry["file"]: entry["version"] for entries in listed.values() for entry in entries}


def manifest(files: dict[str, tuple[str, str, bytes]]) -> dict:
    def beside(path: Path) -> dict:
        # Of NAME.nsd: NAME.npy are its images, NAME.labels.npy its labels, NAME.ROLE.npy integers.
        roles = {other.name.split(".")[1]: other.name for other in HERE.glob(f"{path.stem}.*.npy")}
        return {"images": f"{path.stem}.npy", "labels": roles.pop("labels"), "integers": dict(sorted(roles.items()))}

    def digest(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    known, new = versions(), ".".join(map(str, FORMAT_VERSION))

    def entry(name: str) -> dict:
        return {"file": name, "version": known.get(name, new), "sha256": digest(HERE / name)}

    return {
        "golden": [entry(path.name) | beside(path) for path in sorted(HERE.glob("*.nsd"))],
        "refused": [entry(name) | {"error": error, "what": what} for name, (error, what, _) in sorted(files.items())],
    }


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for name in [name for name in FORMS if not wanted or name in wanted]:
        golden(name, lambda name=name: form(name))
    for name, data in built().items():
        if not wanted or name in wanted:
            golden(name, lambda data=data: data)
    (HERE / "refused").mkdir(exist_ok=True)
    files = refused()
    for name, (_, _, data) in files.items():
        if not (HERE / name).exists():
            (HERE / name).write_bytes(data)
    (HERE / "manifest.json").write_text(json.dumps(manifest(files), indent=1) + "\n")

"""The vectors of spec/vectors: golden files with what was found for them by other means, refused ones by their rule."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from malformed import REFUSED

from nsdcodec import NSDDataset
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS
from nsdcodec.errors import RULES, MalformedFile, NsdError
from nsdcodec.format.container.codings import WIDE
from nsdcodec.format.container.contents import contents_of
from nsdcodec.format.container.file import read
from nsdcodec.format.stored_types import BITS, FLOATS
from nsdcodec.format.synthesis import check_finite

SPEC = Path(__file__).parent.parent / "spec"
VECTORS = SPEC / "vectors"
MANIFEST = json.loads((VECTORS / "manifest.json").read_text())
GOLDEN, REFUSED_FILES = MANIFEST["golden"], MANIFEST["refused"]
SCHEMA = json.loads((SPEC / "header.schema.json").read_text())


def _name(entry):
    return entry["file"]


def test_the_manifest_lists_every_file_as_it_is():
    for entry in GOLDEN + REFUSED_FILES:
        assert hashlib.sha256((VECTORS / entry["file"]).read_bytes()).hexdigest() == entry["sha256"], entry["file"]
    named = {entry["file"] for entry in GOLDEN + REFUSED_FILES} | {entry["images"] for entry in GOLDEN}
    named |= {name for entry in GOLDEN for name in (entry["labels"], *entry["integers"].values())}
    found = {str(path.relative_to(VECTORS)) for path in VECTORS.rglob("*") if path.suffix in (".nsd", ".npy")}
    assert named == found


# Of the vectors of a released version: SHA-256 of the list of their files, bytes and meaning. None is ever changed,
# taken away or read in another way; new ones are of a later version.
RELEASED = {"1.0": "28b11ad3f1ecae24270a9b850b1c6ca02a0cfe70fb639b25844268c950f30f7a"}


@pytest.mark.parametrize("version", RELEASED)
def test_every_vector_of_a_released_version_stays_as_it_is_and_is_read_for_ever(version):
    """That each is read, or refused, as the manifest says, the tests below ask."""
    of_version = [entry for entry in GOLDEN + REFUSED_FILES if entry["version"] == version]
    arrays = {name for entry in of_version if "images" in entry for name in (entry["images"], entry["labels"])}
    arrays |= {name for entry in of_version for name in entry.get("integers", {}).values()}
    hashed = {name: hashlib.sha256((VECTORS / name).read_bytes()).hexdigest() for name in sorted(arrays)}
    text = json.dumps([sorted(of_version, key=_name), hashed], sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == RELEASED[version]


@pytest.mark.parametrize("name", PARAMETERIZATIONS)
def test_every_form_has_a_vector_and_a_page(name):
    assert read(SPEC / "vectors" / f"{name}.nsd").header.parameterization == name
    page = (SPEC / "parameterizations" / f"{name}.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    fixed = ["## Arrays", "## Planner", "## Initial values", "## Departures"]
    assert [heading for heading in headings if heading in fixed] == fixed


@pytest.mark.parametrize("entry", GOLDEN, ids=_name)
def test_a_golden_file_decodes_to_its_arrays(entry):
    path = VECTORS / entry["file"]
    file = read(path)
    check_finite(file)
    jsonschema.validate(json.loads(file.header.to_json()), SCHEMA)
    wanted = np.load(VECTORS / entry["images"])
    images, labels = NSDDataset(path).all()
    assert wanted.dtype == np.float64
    # The tolerance of spec/synthesis.md.
    np.testing.assert_allclose(images.numpy(), wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
    classes = np.load(VECTORS / entry["labels"])
    if classes.ndim == 2:
        np.testing.assert_allclose(labels.numpy(), classes, rtol=0, atol=1e-6)
    else:
        assert labels.tolist() == classes.tolist()
    roles = {role for role, spec in file.header.layout.arrays.items() if spec.dtype not in FLOATS and role != "labels"}
    assert set(entry["integers"]) == roles
    for role, name in entry["integers"].items():
        np.testing.assert_array_equal(file.integers.get(role, file.arrays[role]), np.load(VECTORS / name))


def test_the_golden_files_hold_every_form_of_everything():
    headers = [read(VECTORS / entry["file"]).header for entry in GOLDEN]
    axes = ("batch", "channel", "height", "width")
    bases = {getattr(header.layout.synthesis, axis) for header in headers for axis in axes}
    assert bases == {"stored", "identity", "dct", "dct4", "haar", "bilinear"}
    assert {header.layout.synthesis.pairing for header in headers} == {"product", "zip"}
    assert {header.layout.labels for header in headers} == {"balanced", "stored", "soft"}
    files = [read(VECTORS / entry["file"]) for entry in GOLDEN]
    stored = {(spec.dtype, file.coding(role)) for file in files for role, spec in file.header.layout.arrays.items()}
    assert stored == {(dtype, coding) for dtype in BITS for coding in ("raw", "zstd")} | {(d, "bitwise") for d in WIDE}
    assert any(file.optional for file in files)


# What only the values of the arrays can break, S03 by a mask.
OF_VALUES = {"NSD-A03", "NSD-A04", "NSD-S03", "NSD-S04", "NSD-L02"}


def refusal(reader, entry):
    """What the reader refuses a vector for, as the manifest names it; None if it does not."""
    try:
        reader(VECTORS / entry["file"])
    except NsdError as error:
        return error.rule if isinstance(error, MalformedFile) else type(error).__name__
    return None


@pytest.mark.parametrize("entry", REFUSED_FILES, ids=_name)
def test_a_refused_file_is_refused_for_what_the_manifest_says(entry):
    assert refusal(lambda path: check_finite(read(path)), entry) == entry["error"]


@pytest.mark.parametrize("entry", REFUSED_FILES, ids=_name)
def test_what_is_told_without_the_arrays_is_refused_for_the_same_but_for_what_they_hold(entry):
    of_values = entry["error"] in OF_VALUES and entry["what"] != "more coefficients than places"
    assert refusal(contents_of, entry) == (None if of_values else entry["error"])


@pytest.mark.parametrize("entry", GOLDEN, ids=_name)
def test_what_is_told_without_the_arrays_is_what_reading_them_finds(entry):
    told, file = contents_of(VECTORS / entry["file"]), read(VECTORS / entry["file"])
    for each in dataclasses.fields(told):
        assert getattr(told, each.name) == getattr(file, each.name), each.name


def test_every_rule_and_every_other_refusal_has_a_vector():
    assert {entry["error"] for entry in REFUSED_FILES} == {
        *RULES, "DigestMismatch", "UnsupportedVersion", "UnsupportedFeature",
    }  # fmt: skip
    assert {entry["what"] for entry in REFUSED_FILES} <= {what for _, what, _ in REFUSED}

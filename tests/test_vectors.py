"""The golden files of spec/vectors: read for ever, with the images that were made beside them by other means."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from nsdcodec import NSDDataset
from nsdcodec.container.file import read
from nsdcodec.parameterizations import PARAMETERIZATIONS
from nsdcodec.synthesis import check_finite

SPEC = Path(__file__).parent.parent / "spec"
VECTORS = sorted((SPEC / "vectors").glob("*.nsd"))
SCHEMA = json.loads((SPEC / "header.schema.json").read_text())


@pytest.mark.parametrize("name", PARAMETERIZATIONS)
def test_every_form_has_a_vector_and_a_page(name):
    assert read(SPEC / "vectors" / f"{name}.nsd").header.parameterization == name
    page = (SPEC / "parameterizations" / f"{name}.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    fixed = ["## Arrays", "## Planner", "## Initial values", "## Departures"]
    assert [heading for heading in headings if heading in fixed] == fixed


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_vector_decodes_to_its_images(path):
    file = read(path)
    check_finite(file)
    jsonschema.validate(json.loads(file.header.to_json()), SCHEMA)
    wanted = np.load(path.with_suffix(".npy"))
    images, labels = NSDDataset(path).all()
    assert wanted.dtype == np.float64
    # The tolerance of spec/synthesis.md.
    np.testing.assert_allclose(images.numpy(), wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
    count = file.header.layout.geometry.classes
    assert NSDDataset(path).hard_labels.tolist() == [n * count // len(wanted) for n in range(len(wanted))]
    if labels.ndim == 2:
        soft = np.load(path.with_suffix(".labels.npy"))
        np.testing.assert_allclose(labels.numpy(), soft, rtol=0, atol=1e-6)
        assert soft.max() < 0.95
    else:
        assert labels.tolist() == NSDDataset(path).hard_labels.tolist()


def test_the_vectors_hold_every_basis_pairing_and_label_rule_that_a_form_makes():
    headers = [read(path).header for path in VECTORS]
    bases = {getattr(header.layout.synthesis, axis) for header in headers for axis in ("batch", "height", "width")}
    assert bases == {"stored", "identity", "dct", "dct4", "haar", "bilinear"}
    assert {header.layout.synthesis.pairing for header in headers} == {"product", "zip"}
    assert {header.layout.labels for header in headers} == {"balanced", "soft"}

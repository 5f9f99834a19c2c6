"""What a notebook shows of a set, and examples/quickstart.ipynb, whose cells are run."""

from __future__ import annotations

import ast
import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from builders import file_of

from nsdcodec import NSDDataset
from nsdcodec.data import sheet

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "examples/quickstart.ipynb"
ZOO = ROOT / "zoo/cifar10-ipc1-cpu.nsd"
Image = pytest.importorskip("PIL.Image")


def shown(dataset: NSDDataset) -> tuple[str, np.ndarray]:
    """The HTML, and the pixels of the picture in it."""
    text = dataset._repr_html_()
    (data,) = re.findall(r"src='data:image/png;base64,([^']+)'", text)
    return text, np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_a_set_shows_a_row_of_images_for_each_class_and_its_facts():
    dataset = NSDDataset(ZOO)
    text, picture = shown(dataset)
    assert picture.shape == (10 * 33 - 1, 6 * 33 - 1, 3)
    pixels = dataset.exact_pixels(range(220)).numpy()
    for row in range(10):
        first = pixels[22 * row].transpose(1, 2, 0)
        np.testing.assert_array_equal(picture[33 * row :, :32][:32], first)
        np.testing.assert_array_equal(picture[33 * row :, 33:65][:32], pixels[22 * row + 1].transpose(1, 2, 0))
    for fact in ("220 of 10 classes of 3 x 32 x 32", "56,424 bytes, 45,139 bits a class", "nsd, 30,673 elements"):
        assert fact in text
    assert "1,000 epochs" in text
    assert len(text) < 250_000


def test_small_images_are_enlarged_and_names_are_escaped():
    names = ("<script>", "&", "c")
    text, picture = shown(NSDDataset(file_of("pixels", classes=names)))
    assert picture.ndim == 2  # two channels: the first, in grey
    assert "&lt;script&gt;, &amp;, c" in text
    assert "<script>" not in text
    np.testing.assert_array_equal(picture[:16:4, :32:4].repeat(4, 0).repeat(4, 1), picture[:16, :32])


def test_large_images_are_thinned_out():
    rows = [np.arange(2 * 3 * 200 * 100, dtype=np.uint32).astype(np.uint8).reshape(2, 3, 200, 100)]
    picture = np.asarray(Image.open(io.BytesIO(sheet.sheet(rows))))
    assert picture.shape == (50, 2 * 26 - 1, 3)
    wanted = rows[0][:, :, ::4, ::4][1].transpose(1, 2, 0)
    np.testing.assert_array_equal(picture[:, 26:51][:, :25], wanted)


def test_the_five_cells_of_the_notebook_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    document = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "code"]
    assert len(cells) == 5
    assert all(cell.get("outputs", []) == [] for cell in document["cells"])
    few = ["iterations=2", "network.width=8", "validation.width=8", "validation.epochs=2", "training.epochs=2"]
    few += ["training.network.width=8", "validation.checks=1"]
    assert cells[0].count("changes = []") == 1
    assert cells[2].count("epochs = 300") == 1
    cells[0] = cells[0].replace("changes = []", f"changes = {few}")
    cells[2] = cells[2].replace("epochs = 300", "epochs = 2")
    names: dict = {}
    for cell in cells:
        exec(cell, names)
    last = ast.parse(cells[1]).body[-1]
    assert isinstance(last, ast.Expr)  # what the notebook shows
    assert ast.unparse(last) == "dataset"
    assert "<img" in names["dataset"]._repr_html_()
    said = capsys.readouterr().out
    assert f"{(tmp_path / 'digits.nsd').stat().st_size:,} bytes" in said
    assert 0.02 < names["accuracy"] <= 1
    assert len(names["found"].accuracies) == 3

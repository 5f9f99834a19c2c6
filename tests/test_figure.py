"""The picture of `nsdc report --png`: its pixels are those of the images, its terms add up, its bytes are all there."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import file_of

from nsdcodec import NSDDataset, read
from nsdcodec.report import figure as figures
from nsdcodec.report.terms import terms

pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")

VECTORS = Path(__file__).parents[1] / "spec/vectors"
GOLDEN = [VECTORS / vector["file"] for vector in json.loads((VECTORS / "manifest.json").read_text())["golden"]]
SHARED = [path for path in GOLDEN if read(path).header.layout.synthesis.batch == "stored"]


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.stem)
def test_every_image_is_the_sum_of_its_terms_the_largest_first(path):
    """The golden images were computed in float64 by the reference decoder."""
    file = read(path)
    for n, image in enumerate(np.load(path.with_suffix(".npy"))):
        found = terms(file, n)
        assert sorted(term.slice for term in found) == list(range(file.header.layout.coefficient_shape[0]))
        total = sum(term.weight * term.picture.numpy() for term in found)
        np.testing.assert_allclose(total, image, rtol=1e-9, atol=1e-9 * np.abs(image).max())
        sizes = [abs(term.weight) * np.linalg.norm(term.picture) for term in found]
        assert sizes == sorted(sizes, reverse=True)


def test_images_that_share_nothing_have_no_terms():
    for path in set(GOLDEN) - set(SHARED):
        assert terms(read(path), 0) == []


def drawn(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(figures.figure(data))).convert("RGB"))


def test_pixels_are_those_of_the_images():
    data = (VECTORS / "nsd.nsd").read_bytes()
    dataset, shown = NSDDataset(data), drawn(data)
    _, height, width = dataset.image_shape
    scale = figures.SIDE // max(height, width)
    left, top = figures.MARGIN + figures.NAMES, figures.MARGIN
    for row, label in enumerate(range(len(dataset.classes))):
        numbers = torch.nonzero(dataset.hard_labels == label)[:, 0].tolist()
        assert 0 < len(numbers) <= figures.PER_CLASS
        for column, n in enumerate(numbers):
            x = left + column * (width * scale + figures.GAP)
            y = top + row * (height * scale + figures.GAP)
            tile = shown[y : y + height * scale, x : x + width * scale]
            wanted = dataset.exact_pixels([n])[0].numpy().repeat(scale, 1).repeat(scale, 2).transpose(1, 2, 0)
            np.testing.assert_array_equal(tile, np.broadcast_to(wanted, tile.shape))


def test_of_soft_labels_those_are_shown_that_are_most_of_their_class():
    class Soft:
        labels = torch.tensor([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [0.7, 0.3], [0.4, 0.6]])
        hard_labels = labels.argmax(dim=1)

    assert figures.shown_of(Soft, 0).tolist() == [1, 3, 4, 0]
    assert figures.shown_of(Soft, 1).tolist() == [2, 5]


def test_the_same_file_gives_the_same_picture_which_says_whose_it_is():
    data = (VECTORS / "nsd.nsd").read_bytes()
    assert figures.figure(data) == figures.figure(data)
    assert Image.open(io.BytesIO(figures.figure(data))).info["Description"] == read(data).digest


@pytest.mark.parametrize("kind", ["pixels", "mask a spectrum"])
def test_files_of_any_channels_and_sizes_are_drawn(kind):
    shown = drawn(file_of(kind))
    assert shown.shape[1] - 2 * figures.MARGIN >= figures.LEAST_WIDTH
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 10


def test_large_images_are_thinned_out():
    image = np.zeros((3, 300, 200), np.uint8)
    assert figures._tile(image).shape == (100, 67, 3)
    assert figures._tile(image[:2, :8, :4]).shape == (64, 32, 3)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_byte_is_accounted_for(path):
    file = read(path)
    parts = dict(figures.accounts(file))
    assert sum(parts.values()) == path.stat().st_size
    assert parts["header and digest"] == file.header_bytes + 32
    for role, size in file.stored_bytes.items():
        assert file.is_coded or parts[role.replace("_", " ")] == size
    sizes = [size for _, size in figures.accounts(file)]
    assert sizes == sorted(sizes, reverse=True)

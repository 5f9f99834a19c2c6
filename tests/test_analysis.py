"""The analysis of real images: against loops, numpy's SVD, a DCT by hand, and images whose answer is known."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import torch
from contexts import toy_source

pytest.importorskip("scipy.fft")

from nsdcodec.errors import InvalidSetting, InvalidSource, MissingData, UnknownName
from nsdcodec.evaluation.analysis import DIMENSIONS, analyze, class_images
from nsdcodec.format.geometry import Geometry
from nsdcodec.sources.base import normalize

RNG = np.random.default_rng(11)
# Neither square nor zero in the mean; a batch above and below the rest in size.
IMAGES = RNG.standard_normal((6, 2, 4, 5)).astype(np.float32) + 0.3


def analyzed(images):
    return analyze(torch.from_numpy(np.asarray(images)))


@pytest.mark.parametrize("axis", range(4))
def test_similarity_is_the_cosine_of_each_two_slices(axis):
    found = analyzed(IMAGES).dimensions[DIMENSIONS[axis]].similarity
    for i in range(IMAGES.shape[axis]):
        for j in range(IMAGES.shape[axis]):
            a, b = (np.take(IMAGES, k, axis).astype(np.float64).ravel() for k in (i, j))
            cosine = sum(x * y for x, y in zip(a, b, strict=True)) / (np.linalg.norm(a) * np.linalg.norm(b))
            assert found[i, j] == pytest.approx(cosine, abs=1e-9)


@pytest.mark.parametrize("batch", [6, 60])
@pytest.mark.parametrize("axis", range(4))
def test_explained_is_what_numpys_svd_of_the_unfolding_keeps(axis, batch):
    images = RNG.standard_normal((batch, 2, 4, 5)).astype(np.float32)
    unfolding = np.stack([np.take(images, k, axis).ravel() for k in range(images.shape[axis])]).astype(np.float64)
    squares = np.linalg.svd(unfolding, compute_uv=False) ** 2
    found = analyzed(images).dimensions[DIMENSIONS[axis]]
    np.testing.assert_allclose(found.explained, np.cumsum(squares) / (unfolding**2).sum(), atol=1e-9)
    least = next(r for r in range(1, len(squares) + 1) if squares[:r].sum() >= 0.9 * squares.sum())
    assert found.rank(0.9) == least
    assert found.rank(1.0) <= len(squares)


def test_the_means_are_over_the_pairs_that_they_name():
    height = analyzed(IMAGES).dimensions["height"]
    values = height.similarity
    assert height.mean_similarity() == pytest.approx(np.mean([values[i, j] for i in range(4) for j in range(i)]))
    assert height.mean_similarity(1) == pytest.approx(np.mean([values[i, i + 1] for i in range(3)]))
    assert np.isnan(analyzed(IMAGES[:, :1]).dimensions["channel"].mean_similarity())


def test_a_slice_of_zeros_is_like_no_other():
    images = IMAGES.copy()
    images[:, :, 2] = 0
    similarity = analyzed(images).dimensions["height"].similarity
    assert similarity[2].tolist() == [0, 0, 0, 0]
    assert similarity[1, 1] == pytest.approx(1)


def test_frequencies_are_the_share_of_each_coefficient_of_the_dct():
    def cosine(frequency, n):
        row = np.cos(np.pi / n * frequency * (np.arange(n) + 0.5)) * np.sqrt(2 / n)
        return row / np.sqrt(2) if frequency == 0 else row

    found = analyzed(IMAGES).frequencies
    shares = np.zeros((4, 5))
    for u in range(4):
        for v in range(5):
            coefficients = np.einsum("bchw,h,w->bc", IMAGES.astype(np.float64), cosine(u, 4), cosine(v, 5))
            shares[u, v] = sum(np.mean((c - c.mean()) ** 2) for c in coefficients.T)
    np.testing.assert_allclose(found, shares / shares.sum(), rtol=1e-5)


def test_white_noise_has_no_frequency_above_another():
    found = analyzed(RNG.standard_normal((800, 3, 4, 4)).astype(np.float32))
    np.testing.assert_allclose(found.frequencies * 16, 1, atol=0.15)
    assert found.fractions() == (1, 4)
    np.testing.assert_allclose(found.kept()[3], 0.25, atol=0.03)


def test_images_that_differ_in_brightness_have_all_their_variance_at_frequency_zero():
    brightness = RNG.standard_normal((20, 1, 1, 1))
    found = analyzed((IMAGES[:1] + brightness).astype(np.float32))
    assert found.frequencies[0, 0] == pytest.approx(1, abs=1e-6)
    assert found.kept()[-1] == pytest.approx(1)
    # The pattern and a constant: two images span them all.
    assert found.dimensions["batch"].rank(1 - 1e-9) == 2


@pytest.mark.parametrize("images", [IMAGES[:1], np.repeat(IMAGES[:1], 3, 0), np.zeros((3, 1, 2, 2), np.float32)])
def test_images_that_do_not_differ_are_refused(images):
    with pytest.raises(InvalidSource, match="no two of which differ"):
        analyzed(images)


class TestClassImages:
    SOURCE = toy_source(Geometry(3, 2, 4, 5), train=9)

    def test_they_are_of_the_class_each_once_and_normalised(self):
        real = normalize(self.SOURCE.train.images[self.SOURCE.train.labels == 2], self.SOURCE.normalization)
        found = class_images(self.SOURCE, "class 2", 1000)
        assert sorted(image.flatten().tolist() for image in found) == sorted(i.flatten().tolist() for i in real)

    def test_the_first_class_is_the_default_and_the_draw_is_that_of_the_seed(self):
        draws = [class_images(self.SOURCE, name, 4, seed) for name, seed in ((None, 5), ("class 0", 5), (None, 6))]
        assert torch.equal(draws[0], draws[1])
        assert not torch.equal(draws[0], draws[2])
        assert len(draws[0]) == 4

    def test_an_unknown_class_gets_the_nearest_and_one_image_is_refused(self):
        with pytest.raises(UnknownName, match="unknown class 'klass 1': did you mean 'class 1'"):
            class_images(self.SOURCE, "klass 1")
        with pytest.raises(InvalidSetting, match="at least 2"):
            class_images(self.SOURCE, None, 1)


def test_the_figure_is_a_picture_whose_title_is_no_mathematics(monkeypatch):
    pytest.importorskip("matplotlib")
    image = pytest.importorskip("PIL.Image")
    from nsdcodec.evaluation.figures import analysis_png

    small = analyzed(IMAGES)
    png = analysis_png(small, "$\\frac{")
    drawn = np.asarray(image.open(io.BytesIO(png)).convert("L"))
    # Six panels, in two rows and three columns: ink in each.
    assert all(part.std() > 10 for row in np.array_split(drawn, 2) for part in np.array_split(row, 3, axis=1))
    other = analyzed(IMAGES[::-1] * [[[1, 2, 3, 4, 5]]])
    assert analysis_png(other, "$\\frac{") != png
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingData, match=r"pip install nsdcodec\[figures\]"):
        analysis_png(small, "")

"""The named matrices against scipy, torch and a recursion."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import pywt
import references
import torch

from nsdcodec.errors import UnknownName
from nsdcodec.format import named_bases
from nsdcodec.format.bases import BASES, basis

SIZES = [(1, 1), (1, 8), (3, 8), (8, 8), (5, 16), (16, 32), (32, 32)]


def test_every_name_has_its_matrix():
    assert tuple(BASES) == named_bases.NAMES


@pytest.mark.parametrize(("t", "u"), [*SIZES, (5, 7), (28, 28), (13, 96)])
@pytest.mark.parametrize("name", ["dct", "dct4"])
def test_dcts_are_scipys_inverse_on_unit_vectors(name, t, u):
    np.testing.assert_allclose(basis(name, t, u), references.BASES[name](t, u), rtol=0, atol=1e-14)


def test_dct4_is_equation_4_of_the_paper_with_its_2_over_n_shared_out():
    kernel = np.cos(np.pi / 6 * np.outer(np.arange(6) + 0.5, np.arange(6) + 0.5))
    np.testing.assert_allclose(kernel @ kernel * (2 / 6), np.eye(6), atol=1e-13)
    np.testing.assert_allclose(basis("dct4", 6, 6), kernel * np.sqrt(2 / 6), atol=1e-13)


@pytest.mark.parametrize("u", [8, 32])
def test_haar_is_pywavelets_multilevel_transform(u):
    signal = np.random.default_rng(0).standard_normal(u)
    coefficients = np.concatenate(pywt.wavedec(signal, "haar"))
    np.testing.assert_allclose(basis("haar", u, u) @ signal, coefficients, atol=1e-13)


@pytest.mark.parametrize(("t", "u"), [*SIZES, (3, 3), (5, 6), (13, 13), (7, 18), (28, 28)])
def test_haar_of_any_length_is_the_difference_of_the_means_of_two_parts(t, u):
    np.testing.assert_allclose(basis("haar", t, u), references.haar(t, u), rtol=0, atol=1e-14)


@pytest.mark.parametrize("u", [3, 5, 6, 7, 12, 13, 28])
def test_haar_of_other_lengths_splits_each_stretch_into_two_means(u):
    """Row by row: constant on two neighbouring stretches, zero elsewhere, the left one longer by one at most."""
    matrix = basis("haar", u, u)
    np.testing.assert_allclose(matrix[0], u**-0.5)
    for row in matrix[1:]:
        left, right = np.flatnonzero(row > 0), np.flatnonzero(row < 0)
        assert left[-1] + 1 == right[0]
        assert 0 <= len(left) - len(right) <= 1
        assert np.ptp(row[left]) == np.ptp(row[right]) == 0
        assert abs(row.sum()) < 1e-14
    widths = [np.count_nonzero(row) for row in matrix[1:]]
    assert all(a >= b - 1 for a, b in itertools.pairwise(widths))


@pytest.mark.parametrize(("t", "u"), SIZES)
def test_haar_is_the_recursion(t, u):
    np.testing.assert_allclose(basis("haar", t, u), references.haar_by_doubling(t, u), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "u"),
    [("haar", 16), ("haar", 64), ("haar", 13), ("haar", 28), ("dct", 16), ("dct", 28), ("dct4", 28), ("identity", 5)],
)
def test_transforms_are_orthonormal(name, u):
    matrix = basis(name, u, u)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(u), rtol=0, atol=1e-13)


@pytest.mark.parametrize(("t", "u"), [*SIZES, (2, 3), (3, 4), (14, 28), (7, 32)])
def test_bilinear_is_torchs_interpolation(t, u):
    np.testing.assert_allclose(basis("bilinear", t, u), references.bilinear(t, u), rtol=0, atol=1e-14)


def test_bilinear_on_two_axes_is_torchs_image_resize():
    small = torch.randn(1, 1, 5, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    resized = torch.nn.functional.interpolate(small, size=(12, 20), mode="bilinear", align_corners=False)
    ours = basis("bilinear", 5, 12).T @ small[0, 0].numpy() @ basis("bilinear", 9, 20)
    np.testing.assert_allclose(ours, resized[0, 0].numpy(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["dct", "dct4", "haar", "bilinear"])
@pytest.mark.parametrize(("t", "u"), [(0, 4), (5, 4), (-1, 4), (1, 0)])
def test_more_coefficients_than_samples_or_none_are_refused(name, t, u):
    with pytest.raises(ValueError, match=f"{t} coefficients for {u} samples"):
        basis(name, t, u)


def test_identity_needs_equal_lengths():
    with pytest.raises(ValueError, match="3 and 4"):
        basis("identity", 3, 4)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'bilinear'"):
        basis("bilinaer", 2, 4)
    with pytest.raises(UnknownName, match="known: bilinear, dct, dct4, haar, identity"):
        basis("wavelet-of-another-kind", 2, 4)


def test_every_named_basis_has_a_reference():
    assert set(BASES) == set(references.BASES)

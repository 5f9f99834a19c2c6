"""The named matrices against scipy, torch and a recursion."""

from __future__ import annotations

import numpy as np
import pytest
import references
import torch

from nsdcodec.bases import BASES, basis
from nsdcodec.errors import UnknownName

SIZES = [(1, 1), (1, 8), (3, 8), (8, 8), (5, 16), (16, 32), (32, 32)]


@pytest.mark.parametrize(("t", "u"), [*SIZES, (5, 7), (28, 28), (13, 96)])
def test_dct_is_scipys_inverse_on_unit_vectors(t, u):
    np.testing.assert_allclose(basis("dct", t, u), references.dct(t, u), rtol=0, atol=1e-14)


@pytest.mark.parametrize(("t", "u"), SIZES)
def test_haar_is_the_recursion(t, u):
    np.testing.assert_allclose(basis("haar", t, u), references.haar(t, u), rtol=0, atol=1e-14)


@pytest.mark.parametrize(("name", "u"), [("haar", 16), ("haar", 64), ("dct", 16), ("dct", 28), ("identity", 5)])
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


@pytest.mark.parametrize("name", ["dct", "haar", "bilinear"])
@pytest.mark.parametrize(("t", "u"), [(0, 4), (5, 4), (-1, 4), (1, 0)])
def test_more_coefficients_than_samples_or_none_are_refused(name, t, u):
    with pytest.raises(ValueError, match=f"{t} coefficients for {u} samples"):
        basis(name, t, u)


@pytest.mark.parametrize("u", [3, 6, 12, 28, 96])
def test_haar_needs_a_power_of_two(u):
    with pytest.raises(ValueError, match=f"power of two of samples, not {u}"):
        basis("haar", 2, u)


def test_identity_needs_equal_lengths():
    with pytest.raises(ValueError, match="3 and 4"):
        basis("identity", 3, 4)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'bilinear'"):
        basis("bilinaer", 2, 4)
    with pytest.raises(UnknownName, match="known: bilinear, dct, haar, identity"):
        basis("wavelet-of-another-kind", 2, 4)


def test_every_named_basis_has_a_reference():
    assert set(BASES) == set(references.BASES)

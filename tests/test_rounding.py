"""Rounding in torch: what the encoder validates and trains through is what the file will hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import header_for

from nsdcodec.encoding.rounding import as_stored, rounded, straight_through
from nsdcodec.format.container.file import pack, read
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.stored_types import SCALED, VALUES, ArraySpec


def _layout(dtype, scale_axes=2):
    spec = ArraySpec(dtype, (2, 30, 3, 5, 7), scale_axes if dtype in SCALED else None)
    return Layout(Geometry(3, 3, 5, 7), Synthesis(), {"spectrum": spec})


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e3])
@pytest.mark.parametrize("scale_axes", [0, 2, 4])
@pytest.mark.parametrize("dtype", VALUES)
def test_a_file_holds_what_was_rounded(dtype, scale_axes, scale):
    layout = _layout(dtype, scale_axes)
    values = scale * torch.randn(layout.arrays["spectrum"].shape, generator=torch.Generator().manual_seed(1))
    values[0, 3] = 0
    stored = rounded(values, layout.arrays["spectrum"])
    for given in (values, stored):
        held = read(pack(header_for(layout), {"spectrum": given.numpy()})).arrays["spectrum"]
        np.testing.assert_array_equal(held.astype(np.float32), stored.numpy())


@pytest.mark.parametrize("coarseness", [0.5, 1.3, 2.0, 5.0])
@pytest.mark.parametrize("dtype", VALUES)
def test_a_file_holds_what_was_rounded_more_or_less_coarsely(dtype, coarseness):
    layout = _layout(dtype)
    spec = layout.arrays["spectrum"]
    values = torch.randn(spec.shape, generator=torch.Generator().manual_seed(1))
    file = read(pack(header_for(layout), {"spectrum": as_stored(values, spec, coarseness)}))
    stored = rounded(values, spec, coarseness)
    np.testing.assert_array_equal(file.arrays["spectrum"].astype(np.float32), stored.numpy())
    if dtype in SCALED:
        most, integers = (1 << spec.bits - 1) - 1, file.integers["spectrum"].reshape(60, -1)
        steps = values.reshape(60, -1).abs().amax(dim=1) / most * coarseness
        np.testing.assert_allclose(file.scales["spectrum"], steps, rtol=1e-3)
        nearest = np.rint(values.reshape(60, -1).numpy() / file.scales["spectrum"].astype(np.float32)[:, None])
        np.testing.assert_array_equal(integers, nearest.clip(-most, most))


@pytest.mark.parametrize(("dtype", "significand"), [("float32", 23), ("float16", 10), ("bfloat16", 7)])
@pytest.mark.parametrize(("coarseness", "bits", "share"), [(0.5, 0, 0), (1, 0, 0), (2, 1, 0), (2**2.25, 2, 0.25)])
def test_floats_lose_their_last_bits(dtype, significand, coarseness, bits, share):
    spec = _layout(dtype).arrays["spectrum"]
    values = torch.randn(spec.shape, generator=torch.Generator().manual_seed(1))
    shorter = rounded(values, spec, coarseness).flatten().double().numpy()
    kept, cut = np.frexp(shorter)[0] * 2.0 ** (significand + 1 - bits), round(spec.size * (1 - share))
    assert (kept == np.rint(kept)).all()
    assert (kept[cut:] % 2 == 0).all()
    assert share == 1 or (kept[:cut] % 2 != 0).mean() > 0.4
    error = np.abs(shorter - values.flatten().numpy()) / np.abs(values.flatten().numpy())
    # Half a step of the last bit that stays, and where it was one of a type's own, rounded twice.
    assert (error[:cut] <= 1.01 * 2.0 ** (bits - significand - 1) + 2.0 ** -(significand + 1)).all()


def test_no_float_loses_more_bits_than_it_has():
    spec = _layout("bfloat16").arrays["spectrum"]
    values = torch.tensor([3.0, -2.9, 0.0, 1e-30, 2**127 * 1.5]).repeat(1260)[: spec.size].view(spec.shape)
    powers = rounded(values, spec, 1e6).flatten()[:5].tolist()
    assert powers[:4] == [4.0, -2.0, 0.0, pytest.approx(1e-30, rel=0.5)]
    assert not np.isfinite(powers[4])


@pytest.mark.parametrize("dtype", ["float16", *SCALED])
def test_what_overflows_its_type_is_not_finite(dtype):
    layout = _layout(dtype)
    assert not rounded(torch.full((2, 30, 3, 5, 7), 1e8), layout.arrays["spectrum"]).isfinite().all()


@pytest.mark.parametrize("dtype", SCALED)
def test_the_gradient_passes_the_rounding_as_if_it_were_not_there(dtype):
    spec = _layout(dtype).arrays["spectrum"]
    values = torch.randn(spec.shape, generator=torch.Generator().manual_seed(1)).requires_grad_()
    coarse = straight_through(values, spec)
    torch.testing.assert_close(coarse.detach(), rounded(values.detach(), spec), rtol=0, atol=1e-6)
    weights = torch.randn(spec.shape, generator=torch.Generator().manual_seed(2))
    (coarse * weights).sum().backward()
    assert torch.equal(values.grad, weights)


def test_floats_are_trained_as_they_are():
    values = torch.randn(2, 30, 3, 5, 7)
    assert straight_through(values, _layout("float16").arrays["spectrum"]) is values

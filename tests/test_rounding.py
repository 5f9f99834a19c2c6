"""Rounding in torch: what the encoder validates and trains through is what the file will hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import header_for

from nsdcodec.encoding.rounding import rounded, straight_through
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

"""Rounding in torch: what the encoder validates and trains through is what the file will hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import header_for

from nsdcodec.encoding import rounding
from nsdcodec.encoding.rounding import MOVED, as_stored, rounded, straight_through
from nsdcodec.format import synthesis
from nsdcodec.format.container.file import pack, read
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis, stored_as
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
    stored = rounded({"spectrum": values}, layout)["spectrum"]
    for given in (values, stored):
        held = read(pack(header_for(layout), {"spectrum": given.numpy()})).arrays["spectrum"]
        np.testing.assert_array_equal(held.astype(np.float32), stored.numpy())


@pytest.mark.parametrize("coarseness", [0.5, 1.3, 2.0, 5.0])
@pytest.mark.parametrize("dtype", VALUES)
def test_a_file_holds_what_was_rounded_more_or_less_coarsely(dtype, coarseness):
    layout = _layout(dtype)
    spec = layout.arrays["spectrum"]
    values = torch.randn(spec.shape, generator=torch.Generator().manual_seed(1))
    file = read(pack(header_for(layout), as_stored({"spectrum": values}, layout, coarseness)))
    stored = rounded({"spectrum": values}, layout, coarseness)["spectrum"]
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
    layout = _layout(dtype)
    spec = layout.arrays["spectrum"]
    values = torch.randn(spec.shape, generator=torch.Generator().manual_seed(1))
    shorter = rounded({"spectrum": values}, layout, coarseness)["spectrum"].flatten().double().numpy()
    kept, cut = np.frexp(shorter)[0] * 2.0 ** (significand + 1 - bits), round(spec.size * (1 - share))
    assert (kept == np.rint(kept)).all()
    assert (kept[cut:] % 2 == 0).all()
    assert share == 1 or (kept[:cut] % 2 != 0).mean() > 0.4
    error = np.abs(shorter - values.flatten().numpy()) / np.abs(values.flatten().numpy())
    # Half a step of the last bit that stays, and where it was one of a type's own, rounded twice.
    assert (error[:cut] <= 1.01 * 2.0 ** (bits - significand - 1) + 2.0 ** -(significand + 1)).all()


def test_no_float_loses_more_bits_than_it_has():
    layout = _layout("bfloat16")
    spec = layout.arrays["spectrum"]
    values = torch.tensor([3.0, -2.9, 0.0, 1e-30, 2**127 * 1.5]).repeat(1260)[: spec.size].view(spec.shape)
    powers = rounded({"spectrum": values}, layout, 1e6)["spectrum"].flatten()[:5].tolist()
    assert powers[:4] == [4.0, -2.0, 0.0, pytest.approx(1e-30, rel=0.5)]
    assert not np.isfinite(powers[4])


@pytest.mark.parametrize("dtype", ["float16", *SCALED])
def test_what_overflows_its_type_is_not_finite(dtype):
    large = {"spectrum": torch.full((2, 30, 3, 5, 7), 1e8)}
    assert not rounded(large, _layout(dtype))["spectrum"].isfinite().all()


@pytest.mark.parametrize("dtype", SCALED)
def test_the_gradient_passes_the_rounding_as_if_it_were_not_there(dtype):
    layout = _layout(dtype)
    shape = layout.arrays["spectrum"].shape
    values = torch.randn(shape, generator=torch.Generator().manual_seed(1)).requires_grad_()
    coarse = straight_through({"spectrum": values}, layout)["spectrum"]
    whole = rounded({"spectrum": values.detach()}, layout)["spectrum"]
    torch.testing.assert_close(coarse.detach(), whole, rtol=0, atol=1e-6)
    weights = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    (coarse * weights).sum().backward()
    assert torch.equal(values.grad, weights)


def test_floats_are_trained_as_they_are():
    values = torch.randn(2, 30, 3, 5, 7)
    assert straight_through({"spectrum": values}, _layout("float16"))["spectrum"] is values


class TestStepsOfEqualError:
    """Where slices of a spectrum and of a batch kernel meet."""

    IMAGES, SLICES = 400, 40

    def layout(self, dtype="int6", spectra=1, kernels=1, pairing="product"):
        shapes = {
            "spectrum": (spectra, self.SLICES, 3, 4, 4),
            "batch_kernel": (kernels, self.SLICES, self.IMAGES),
        }
        arrays = {role: stored_as(role, shape, dtype) for role, shape in shapes.items()}
        return Layout(Geometry(2, 3, 4, 4), Synthesis("stored", pairing=pairing), arrays)

    def arrays(self, layout):
        """Slices that tell less and less, as of real images."""
        generator = torch.Generator().manual_seed(3)
        falling = torch.arange(1, self.SLICES + 1) ** -0.7
        return {
            role: torch.randn(spec.shape, generator=generator) * falling.view(-1, *[1] * (len(spec.shape) - 2))
            for role, spec in layout.arrays.items()
        }

    def error(self, layout, arrays, stored):
        images, near = (synthesis.images(layout, each) for each in (arrays, stored))
        return float((images - near).square().mean())

    def size(self, layout, arrays, coarseness):
        return len(pack(header_for(layout), as_stored(arrays, layout, coarseness)))

    @pytest.mark.parametrize("coarseness", [0, 0.3, 2.0, 20.0])
    @pytest.mark.parametrize("dtype", ["int8", "int6", "int4"])
    @pytest.mark.parametrize(("spectra", "kernels", "pairing"), [(1, 1, "product"), (3, 2, "product"), (2, 2, "zip")])
    def test_a_file_holds_what_was_rounded_and_clips_nothing(self, dtype, coarseness, spectra, kernels, pairing):
        layout = self.layout(dtype, spectra, kernels, pairing)
        arrays = self.arrays(layout)
        file = read(pack(header_for(layout), as_stored(arrays, layout, coarseness)))
        for role, stored in rounded(arrays, layout, coarseness).items():
            np.testing.assert_array_equal(file.arrays[role], stored.numpy())
            steps = torch.from_numpy(file.scales[role].astype(np.float32)).view(stored.shape[:2])
            error = (stored - arrays[role]).abs().flatten(2).amax(dim=2)
            # A scale is of float16, and so the largest integer times it may fall short by its last bit.
            most = 2 ** (layout.arrays[role].bits - 1) - 1
            assert (error <= steps * (0.5 + most * 2**-10)).all()

    def test_a_step_in_any_slice_moves_the_images_equally_far(self):
        layout = self.layout("int8")
        arrays = self.arrays(layout)
        file = read(pack(header_for(layout), as_stored(arrays, layout, 5.0)))
        moved = []
        for role in arrays:
            for index in range(self.SLICES):
                step = float(file.scales[role][index])
                other = {name: values.clone() for name, values in arrays.items()}
                other[role][0, index].flatten()[0] += step
                change = synthesis.images(layout, other) - synthesis.images(layout, arrays)
                moved.append(float(change.square().sum()))
        np.testing.assert_allclose(moved, 48 * (5 * MOVED) ** 2, rtol=0.01)

    @pytest.mark.parametrize("dtype", ["int8", "int6", "int4"])
    def test_the_error_is_less_than_that_of_steps_of_their_own_in_as_many_bytes(self, dtype, monkeypatch):
        layout = self.layout(dtype)
        arrays = self.arrays(layout)
        shared = {self.size(layout, arrays, c): rounded(arrays, layout, c) for c in np.geomspace(0.5, 10, 30)}
        monkeypatch.setattr(rounding, "shares_error", lambda layout: False)
        own = {self.size(layout, arrays, c): rounded(arrays, layout, c) for c in np.geomspace(1, 20, 30)}
        for size, stored in own.items():
            as_large = max((each for each in shared if each <= size), default=None)
            if as_large is not None and 5_000 < size < 8_000:
                error = self.error(layout, arrays, shared[as_large])
                assert error < 0.8 * self.error(layout, arrays, stored)

    def test_the_gradient_passes(self):
        layout = self.layout()
        arrays = {role: values.requires_grad_() for role, values in self.arrays(layout).items()}
        coarse = straight_through(arrays, layout, 3.0)
        sum(values.sum() for values in coarse.values()).backward()
        assert all(torch.equal(values.grad, torch.ones_like(values)) for values in arrays.values())

    @pytest.mark.parametrize("coarseness", [0, 2.0])
    def test_slices_of_zeros_stay_zeros_and_what_they_meet_is_finite(self, coarseness):
        layout = self.layout()
        arrays = self.arrays(layout)
        arrays["spectrum"][0, 5] = 0
        stored = rounded(arrays, layout, coarseness)
        assert not stored["spectrum"][0, 5].any()
        assert all(values.isfinite().all() for values in stored.values())

    @pytest.mark.parametrize("dtype", ["int3", "int2"])
    def test_few_integers_have_steps_of_their_own(self, dtype):
        layout = self.layout(dtype)
        assert not rounding.shares_error(layout)

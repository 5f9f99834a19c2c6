"""Images against an explicit einsum in float64, block after block; labels against a loop."""

from __future__ import annotations

import numpy as np
import pytest
import references
import torch
from builders import LAYOUTS, SMALL, arrays_for, floats

from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis

SOME = [0, -1, 2, 0, 3]


def tensors(name, dtype=torch.float32):
    arrays = {role: synthesis.to_torch(values, dtype) for role, values in arrays_for(LAYOUTS[name]).items()}
    return {role: values for role, values in arrays.items() if role != "labels"}


@pytest.mark.parametrize("name", LAYOUTS)
def test_images_in_float64_are_the_equation(name):
    made = synthesis.images(LAYOUTS[name], tensors(name, torch.float64))
    wanted = references.images(LAYOUTS[name], arrays_for(LAYOUTS[name]))
    assert made.dtype == torch.float64
    assert made.shape == wanted.shape
    np.testing.assert_allclose(made.numpy(), wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


@pytest.mark.parametrize("name", LAYOUTS)
def test_images_in_float32_are_within_the_tolerance_of_the_spec(name):
    made = synthesis.images(LAYOUTS[name], tensors(name))
    wanted = references.images(LAYOUTS[name], arrays_for(LAYOUTS[name]))
    assert made.dtype == torch.float32
    np.testing.assert_allclose(made.numpy(), wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_index_takes_rows_of_the_whole_in_its_order(name):
    layout, arrays = LAYOUTS[name], tensors(name, torch.float64)
    wanted = references.images(layout, arrays_for(layout))
    index = torch.tensor(SOME) % layout.images
    made = synthesis.images(layout, arrays, index)
    np.testing.assert_allclose(made.numpy(), wanted[index.numpy()], rtol=0, atol=1e-12 * np.abs(wanted).max())


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_empty_index_makes_no_image(name):
    made = synthesis.images(LAYOUTS[name], tensors(name), torch.tensor([], dtype=torch.int64))
    assert made.shape == (0, SMALL.channels, SMALL.height, SMALL.width)


@pytest.mark.parametrize("name", ["one block", "pixels in blocks", "product, own kernels"])
@pytest.mark.parametrize("bad", [-1, None])
def test_an_index_past_the_end_is_refused(name, bad):
    layout = LAYOUTS[name]
    with pytest.raises(IndexError, match=f"there are {layout.images}"):
        synthesis.images(layout, tensors(name), torch.tensor([0, layout.images if bad is None else bad]))


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("whole", [True, False])
def test_gradients_reach_each_float_array_and_are_the_finite_difference(name, whole):
    layout, arrays = LAYOUTS[name], tensors(name, torch.float64)
    index = None if whole else torch.arange(0, layout.images, 2)
    weights = None
    for role, values in arrays.items():
        if not values.is_floating_point():
            continue
        values.requires_grad_()
        made = synthesis.images(layout, arrays, index)
        weights = torch.linspace(-1, 1, made.numel(), dtype=torch.float64).reshape(made.shape)
        (gradient,) = torch.autograd.grad((made * weights).sum(), values)
        values.requires_grad_(False)
        direction = torch.sin(torch.arange(values.numel(), dtype=torch.float64)).reshape(values.shape)
        ends = [
            (synthesis.images(layout, arrays | {role: values + step * direction}, index) * weights).sum()
            for step in (0.5, -0.5)
        ]
        # Images are linear in each array, so that a difference of any length is exact.
        slope = float(ends[0] - ends[1])
        assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-9, abs=1e-9)
        assert slope != 0


@pytest.mark.parametrize("name", [name for name in LAYOUTS if LAYOUTS[name].labels == "balanced"])
def test_balanced_labels_share_the_images_out_in_order(name):
    layout = LAYOUTS[name]
    made = synthesis.labels(layout, {})
    assert made.dtype == torch.int64
    assert made.tolist() == [n * layout.geometry.classes // layout.images for n in range(layout.images)]


@pytest.mark.parametrize(("classes", "images", "wanted"), [(3, 7, [0, 0, 0, 1, 1, 2, 2]), (4, 2, [0, 2])])
def test_balanced_labels_by_hand(classes, images, wanted):
    layout = Layout(Geometry(classes, 1, 1, 1), Synthesis(), {"spectrum": floats(1, images, 1, 1, 1)})
    assert synthesis.labels(layout, {}).tolist() == wanted


def test_stored_labels_are_the_array():
    arrays = arrays_for(LAYOUTS["halves"])
    made = synthesis.labels(LAYOUTS["halves"], {"labels": synthesis.to_torch(arrays["labels"])})
    assert made.dtype == torch.int64
    assert made.tolist() == arrays["labels"].tolist()


def test_tensors_do_not_share_the_memory_of_a_file():
    values = np.zeros(3, np.float32)
    made = synthesis.to_torch(values)
    values[0] = 1
    assert made.tolist() == [0, 0, 0]

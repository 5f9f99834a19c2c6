"""Batches on a device's own terms: against the einsum reference and the golden files, and only what they need."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import references
import torch
from builders import LAYOUTS, SMALL, arrays_for, floats

from nsdcodec.data import decoder
from nsdcodec.data.decoder import Decoder
from nsdcodec.format import synthesis
from nsdcodec.format.container.file import read
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis

VECTORS = Path(__file__).parent.parent / "spec" / "vectors"
GOLDEN = json.loads((VECTORS / "manifest.json").read_text())["golden"]
# Of these, the slices are worth decoding once: they have as many coefficients as images have values.
WORTH = {
    "product, own kernels": Layout(
        SMALL,
        Synthesis("stored", "stored", "stored", "stored", "product"),
        {
            "spectrum": floats(2, 1, 2, 4, 8),
            "batch_kernel": floats(3, 1, 5),
            "channel_kernel": floats(3, 2, 2),
            "height_kernel": floats(3, 4, 4),
            "width_kernel": floats(3, 8, 8),
        },
    ),
    "product, only batch kernels": Layout(
        SMALL,
        Synthesis("stored", "identity", "stored", "dct", "product"),
        {"spectrum": floats(2, 3, 2, 4, 8), "batch_kernel": floats(3, 3, 5), "height_kernel": floats(1, 4, 4)},
    ),
    "product, one batch kernel": Layout(
        SMALL,
        Synthesis("stored", "identity", "stored", "identity", "product"),
        {"spectrum": floats(2, 3, 2, 4, 8), "batch_kernel": floats(1, 3, 5), "height_kernel": floats(3, 4, 4)},
    ),
    "zip, own kernels": Layout(
        SMALL,
        Synthesis("stored", "identity", "stored", "haar", "zip"),
        {"spectrum": floats(3, 2, 2, 4, 8), "batch_kernel": floats(3, 2, 4), "height_kernel": floats(3, 4, 4)},
    ),
    "zip, one batch kernel": Layout(
        SMALL,
        Synthesis("stored", "identity", "stored", "identity", "zip"),
        {"spectrum": floats(3, 2, 2, 4, 8), "batch_kernel": floats(1, 2, 4), "height_kernel": floats(3, 4, 4)},
    ),
    "zip, only batch kernels": Layout(
        SMALL,
        Synthesis("stored", "identity", "dct", "haar", "zip"),
        {"spectrum": floats(3, 2, 2, 4, 8), "batch_kernel": floats(3, 2, 4)},
    ),
    "one block": Layout(
        SMALL,
        Synthesis("stored", "identity", "dct", "haar", "product"),
        {"spectrum": floats(1, 4, 2, 4, 8), "batch_kernel": floats(1, 4, 9)},
    ),
}


def tensors(arrays):
    return {role: synthesis.to_torch(values) for role, values in arrays.items() if role != "labels"}


def batches_of(count):
    """Single, backwards, repeated, random, whole and empty."""
    rng = np.random.default_rng(count)
    return ([count - 1], range(count - 1, -1, -1), [0, 0, count - 1, 0], rng.integers(0, count, 50), range(count), [])


def check(layout, arrays, wanted):
    made = Decoder(layout, tensors(arrays))
    for index in batches_of(layout.images):
        index = np.array(index, np.int64)
        images = made.images(torch.from_numpy(index))
        assert images.dtype == torch.float32
        # The tolerance of spec/synthesis.md.
        np.testing.assert_allclose(images.numpy(), wanted[index], rtol=0, atol=1e-5 * np.abs(wanted).max())
    return made


@pytest.mark.parametrize("name", LAYOUTS)
def test_batches_are_the_equation(name):
    check(LAYOUTS[name], arrays_for(LAYOUTS[name]), references.images(LAYOUTS[name], arrays_for(LAYOUTS[name])))


@pytest.mark.parametrize("name", WORTH)
def test_batches_of_decoded_slices_are_the_equation(name):
    layout = WORTH[name]
    made = check(layout, arrays_for(layout), references.images(layout, arrays_for(layout)))
    assert made._rows is not None


@pytest.mark.parametrize("entry", GOLDEN, ids=lambda entry: entry["file"])
def test_batches_of_a_golden_file_are_its_images(entry):
    file = read(VECTORS / entry["file"])
    check(file.header.layout, file.arrays, np.load(VECTORS / entry["images"]))


@pytest.mark.parametrize("name", [name for name in (*LAYOUTS, *WORTH) if {**LAYOUTS, **WORTH}[name].spectra > 1])
def test_other_spectra_and_kernels_are_not_touched(name):
    """With several spectra, what the images of other blocks alone are made of may be anything."""
    layout = {**LAYOUTS, **WORTH}[name]
    arrays = arrays_for(layout)
    wanted = references.images(layout, arrays)
    index = torch.arange(layout.images_per_block).flip(0)  # the first block: the first spectrum and kernel
    for role, values in arrays.items():
        if values.dtype.kind == "f" and role != "labels" and len(values) > 1:
            values[1:] = np.nan
    images = Decoder(layout, tensors(arrays)).images(index)
    np.testing.assert_allclose(images.numpy(), wanted[index.numpy()], rtol=0, atol=1e-5 * np.abs(wanted).max())


def test_other_batch_columns_and_images_are_not_touched():
    for layout in (LAYOUTS["one block"], LAYOUTS["pixels"], WORTH["one block"]):
        arrays = arrays_for(layout)
        wanted = references.images(layout, arrays)
        last = arrays.get("batch_kernel", arrays["spectrum"])
        if "batch_kernel" in arrays:
            last[..., 1:] = np.nan
        else:
            last[:, 1:] = np.nan
        images = Decoder(layout, tensors(arrays)).images(torch.tensor([0, 0]))
        np.testing.assert_allclose(images.numpy(), wanted[[0, 0]], rtol=0, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("shape", "columns", "worth"),
    [
        ((1, 30, 3, 16, 16), 220, True),  # a class of CIFAR-10 at 1 image a class, as NSD has it
        ((1, 278, 3, 16, 16), 320, False),  # at 10: four times the multiplications, and mixing is most of them
        ((1, 30, 3, 16, 16), 29, False),  # fewer images than slices
        ((10, 30, 3, 16, 16), 220, True),
        ((10, 60, 3, 16, 16), 220, False),
    ],
)
def test_slices_are_decoded_once_where_that_saves_work(shape, columns, worth):
    layout = Layout(
        Geometry(10, 3, 32, 32),
        Synthesis("stored", "stored", "stored", "stored", "zip"),
        {
            "spectrum": floats(*shape),
            "batch_kernel": floats(shape[0], shape[1], columns),
            "channel_kernel": floats(1, 3, 3),
            "height_kernel": floats(1, 16, 32),
            "width_kernel": floats(1, 16, 32),
        },
    )
    arrays = {role: torch.zeros(spec.shape) for role, spec in layout.arrays.items()}
    assert (Decoder(layout, arrays)._rows is not None) is worth


def test_slices_that_would_take_too_much_are_not_decoded(monkeypatch):
    layout = WORTH["one block"]
    values = 4 * 2 * 4 * 8
    monkeypatch.setattr(decoder, "MOST_SLICE_VALUES", values)
    assert Decoder(layout, tensors(arrays_for(layout)))._rows is not None
    monkeypatch.setattr(decoder, "MOST_SLICE_VALUES", values - 1)
    assert Decoder(layout, tensors(arrays_for(layout)))._rows is None


def test_a_batch_of_several_blocks_copies_no_spectrum():
    """16 images of spectra of 16 MB."""
    layout = Layout(
        Geometry(1, 1, 32, 32),
        Synthesis("stored", pairing="zip"),
        {"spectrum": floats(2, 1 << 12, 1, 32, 32), "batch_kernel": floats(2, 1 << 12, 4)},
    )
    arrays = {role: torch.zeros(spec.shape) for role, spec in layout.arrays.items()}
    arrays["spectrum"][1, 7] = 1
    arrays["batch_kernel"][1, 7] = torch.arange(4.0)
    with torch.profiler.profile(profile_memory=True) as profile:
        images = Decoder(layout, arrays).images(torch.arange(8).repeat(2))
    assert images.flatten(1).amax(dim=1).tolist() == [0, 0, 0, 0, 0, 1, 2, 3] * 2
    assert max(event.cpu_memory_usage for event in profile.key_averages()) < 1 << 22

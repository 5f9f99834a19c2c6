"""Layouts: shapes and counts worked out by hand, and each way in which arrays do not fit, by its rule."""

from __future__ import annotations

import pytest
from builders import LAYOUTS, SMALL, bits, floats, halves

from nsdcodec.errors import MalformedFile
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import ArraySpec, Layout, Synthesis

# Blocks, images a block, images; counted by hand from the shapes in builders.
COUNTS = {
    "pixels": (1, 5, 5),
    "pixels in blocks": (3, 2, 6),
    "product, own kernels": (6, 5, 30),
    "zip, own kernels": (3, 2, 6),
    "zip, a kernel for all": (3, 2, 6),
    "product, one axis shared": (4, 4, 16),
    "one block": (1, 7, 7),
    "mask a spectrum": (3, 2, 6),
    "mask for all": (4, 2, 8),
    "bilinear": (3, 2, 6),
    "haar": (1, 6, 6),
    "soft labels": (2, 4, 8),
    "halves": (3, 300, 900),
    "bfloat16": (1, 6, 6),
    "scaled integers": (2, 5, 10),
    "scaled and masked": (3, 3, 9),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_blocks_and_images_are_counted(name):
    layout = LAYOUTS[name]
    assert (layout.blocks, layout.images_per_block, layout.images) == COUNTS[name]


def test_elements_are_stored_floats_as_eq_3_counts_them():
    # Spectra 2 x (3 x 2 x 3 x 4); three kernels of 3 x 5, 2 x 2, 3 x 4 and 4 x 8.
    assert LAYOUTS["product, own kernels"].elements == 2 * 72 + 3 * (15 + 4 + 12 + 32)
    assert LAYOUTS["product, own kernels"].nbytes == 4 * 333


def test_masks_and_labels_count_as_one_element_every_32_bits():
    # Floats 3 x 2 x 2 x 5 = 60; a mask of 72 bits = 9 bytes and 6 labels of a byte = 15 bytes, so 4 elements.
    assert LAYOUTS["mask a spectrum"].elements == 60 + 4
    assert LAYOUTS["mask a spectrum"].nbytes == 240 + 9 + 6


def test_halves_are_elements_of_two_bytes():
    # Spectra 3 x 2 x 2 x 4 x 4 = 192, kernel 600, labels 900 of two bytes = 450 elements.
    assert LAYOUTS["halves"].elements == 192 + 600 + 450
    assert LAYOUTS["halves"].nbytes == 384 + 1200 + 1800


def test_a_mask_gives_the_coefficients_their_places():
    assert LAYOUTS["mask a spectrum"].coefficient_shape == (2, 2, 4, 6)
    assert LAYOUTS["pixels"].coefficient_shape == (5, 2, 4, 8)


def test_the_most_values_of_an_image_are_found_between_axes():
    # Coefficients 2 x 3 x 4 = 24, then 2 x 3 x 4, 2 x 4 x 4 = 32, and the image 2 x 4 x 8 = 64.
    assert LAYOUTS["product, own kernels"].image_values == 64
    tall = Layout(
        Geometry(1, 1, 2, 2),
        Synthesis("identity", "stored", "stored", "identity"),
        {"spectrum": floats(1, 1, 3, 7, 2), "channel_kernel": floats(1, 3, 1), "height_kernel": floats(1, 7, 2)},
    )
    assert tall.image_values == 42


PIXELS = {"spectrum": floats(1, 5, 2, 4, 8)}
LABELS = {"labels": ArraySpec("uint8", (5,))}

WRONG = {
    "no spectrum": ("NSD-S01", Synthesis(), {"mask": bits(1, 4, 8)}, "balanced"),
    "stored axis without its kernel": ("NSD-S01", Synthesis(height="stored"), PIXELS, "balanced"),
    "kernel of an axis that is not stored": (
        "NSD-S01",
        Synthesis(),
        PIXELS | {"width_kernel": floats(1, 8, 8)},
        "balanced",
    ),
    "labels that the rule does not use": ("NSD-S01", Synthesis(), PIXELS | LABELS, "balanced"),
    "stored labels that are absent": ("NSD-S01", Synthesis(), PIXELS, "stored"),
    "spectrum of four dimensions without a mask": (
        "NSD-S02",
        Synthesis(),
        {"spectrum": floats(5, 2, 4, 8)},
        "balanced",
    ),
    "spectrum of five dimensions with a mask": ("NSD-S02", Synthesis(), PIXELS | {"mask": bits(1, 4, 8)}, "balanced"),
    "spectrum of integers": ("NSD-S02", Synthesis(), {"spectrum": ArraySpec("uint8", (1, 5, 2, 4, 8))}, "balanced"),
    "mask of floats": (
        "NSD-S02",
        Synthesis(),
        {"spectrum": floats(1, 5, 2, 3), "mask": floats(1, 4, 8)},
        "balanced",
    ),
    "mask of two dimensions": (
        "NSD-S02",
        Synthesis(),
        {"spectrum": floats(1, 5, 2, 3), "mask": bits(4, 8)},
        "balanced",
    ),
    "two masks for three spectra": (
        "NSD-S02",
        Synthesis(),
        {"spectrum": floats(3, 5, 2, 3), "mask": bits(2, 4, 8)},
        "balanced",
    ),
    "more coefficients than places": (
        "NSD-S03",
        Synthesis(),
        {"spectrum": floats(1, 5, 2, 33), "mask": bits(1, 4, 8)},
        "balanced",
    ),
    "axes of two and three kernels": (
        "NSD-S02",
        Synthesis(height="stored", width="stored"),
        PIXELS | {"height_kernel": floats(2, 4, 4), "width_kernel": floats(3, 8, 8)},
        "balanced",
    ),
    "kernel for another number of coefficients": (
        "NSD-S02",
        Synthesis(height="stored"),
        PIXELS | {"height_kernel": floats(1, 3, 4)},
        "balanced",
    ),
    "kernel for another height": (
        "NSD-S02",
        Synthesis(height="stored"),
        PIXELS | {"height_kernel": floats(1, 4, 5)},
        "balanced",
    ),
    "kernel of two dimensions": (
        "NSD-S02",
        Synthesis(height="stored"),
        PIXELS | {"height_kernel": floats(4, 4)},
        "balanced",
    ),
    "batch kernel that makes no image": (
        "NSD-S02",
        Synthesis("stored"),
        PIXELS | {"batch_kernel": floats(1, 5, 0)},
        "balanced",
    ),
    "batch axis with a named basis": ("NSD-S02", Synthesis("dct"), PIXELS, "balanced"),
    "identity that changes a length": ("NSD-S02", Synthesis(), {"spectrum": floats(1, 5, 2, 4, 7)}, "balanced"),
    "more frequencies than samples": (
        "NSD-S02",
        Synthesis(height="dct"),
        {"spectrum": floats(1, 5, 2, 5, 8)},
        "balanced",
    ),
    "two kernels zipped with three spectra": (
        "NSD-S02",
        Synthesis("stored", pairing="zip"),
        {"spectrum": floats(3, 5, 2, 4, 8), "batch_kernel": floats(2, 5, 5)},
        "balanced",
    ),
    "labels for other images": ("NSD-L01", Synthesis(), PIXELS | {"labels": ArraySpec("uint8", (6,))}, "stored"),
    "labels in two dimensions": ("NSD-L01", Synthesis(), PIXELS | {"labels": ArraySpec("uint8", (5, 1))}, "stored"),
    "labels of floats": ("NSD-L01", Synthesis(), PIXELS | {"labels": halves(5)}, "stored"),
    "soft labels of other images": ("NSD-L01", Synthesis(), PIXELS | {"labels": halves(6, 3)}, "soft"),
    "soft labels that are classes": ("NSD-L01", Synthesis(), PIXELS | LABELS, "soft"),
    "soft labels that are absent": ("NSD-S01", Synthesis(), PIXELS, "soft"),
    "too many images": (
        "NSD-A05",
        Synthesis("stored"),
        {"spectrum": floats(5000, 1, 2, 4, 8), "batch_kernel": floats(5000, 1, 1)},
        "balanced",
    ),
    "too many values on the way to an image": (
        "NSD-A05",
        Synthesis(channel="stored"),
        {"spectrum": floats(1, 1, 1 << 24, 1), "mask": bits(1, 4, 8), "channel_kernel": floats(1, 1 << 24, 2)},
        "balanced",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_arrays_that_do_not_fit_are_refused_by_their_rule(what):
    rule, synthesis, arrays, labels = WRONG[what]
    with pytest.raises(MalformedFile) as caught:
        Layout(SMALL, synthesis, arrays, labels)
    assert caught.value.rule == rule


def test_a_basis_of_more_coefficients_than_samples_is_refused():
    with pytest.raises(MalformedFile, match="5 coefficients for 4 samples") as caught:
        Layout(Geometry(2, 1, 4, 4), Synthesis(height="haar"), {"spectrum": floats(1, 2, 1, 5, 4)})
    assert caught.value.rule == "NSD-S02"

"""What differs between two files: the image error against float64 references worked out here, and `nsdc diff`."""

from __future__ import annotations

import math

import numpy as np
import pytest
import references
from builders import LAYOUTS, arrays_for, file_of, floats, header_for

from nsdcodec import comparison
from nsdcodec.comparison import image_error
from nsdcodec.container.file import pack, read
from nsdcodec.container.header import Normalization
from nsdcodec.errors import InvalidSetting, MalformedFile
from nsdcodec.layout import Layout

MEAN, STD = np.array([0.5, 0.25])[:, None, None], np.array([0.25, 0.5])[:, None, None]  # those of builders.header_for


def pixels_of(layout, arrays):
    return (references.images(layout, arrays) * STD + MEAN) * 255


def psnr_of(a, b):
    return 10 * math.log10(255**2 / np.mean((a - b) ** 2))


class TestImageError:
    @pytest.mark.parametrize("name", LAYOUTS)
    @pytest.mark.parametrize("chunk_values", [1, 500, 1 << 23])
    def test_is_that_of_float64_references_whatever_the_chunk(self, name, chunk_values, monkeypatch):
        monkeypatch.setattr(comparison, "CHUNK_VALUES", chunk_values)
        layout = LAYOUTS[name]
        first, second = arrays_for(layout, seed=1), arrays_for(layout, seed=2)
        found = image_error(*(read(pack(header_for(layout), arrays)) for arrays in (first, second)))
        a, b = pixels_of(layout, first), pixels_of(layout, second)
        assert found.psnr == pytest.approx(psnr_of(a, b), abs=1e-4)
        assert found.largest == pytest.approx(np.abs(a - b).max(), rel=1e-4)
        normalized = references.images(layout, first) - references.images(layout, second)
        assert found.largest_normalized == pytest.approx(np.abs(normalized).max(), rel=1e-4)
        assert found.differing == layout.images

    def test_one_pixel_of_one_image(self):
        first = arrays_for(LAYOUTS["pixels"])
        second = {"spectrum": first["spectrum"].copy()}
        first["spectrum"][0, 3, 1, 2, 5] = 1.0
        second["spectrum"][0, 3, 1, 2, 5] = 3.0
        header = header_for(LAYOUTS["pixels"])
        found = image_error(read(pack(header, first)), read(pack(header, second)))
        assert found.largest_normalized == 2.0
        assert found.largest == 2.0 * 0.5 * 255  # by the second channel's deviation
        assert found.differing == 1
        assert found.psnr == pytest.approx(10 * math.log10(255**2 / (255**2 / (5 * 2 * 4 * 8))))

    def test_of_a_file_and_itself_is_none(self):
        a = read(file_of("product, own kernels"))
        assert image_error(a, a) == comparison.ImageError(math.inf, 0.0, 0.0, 0)

    def test_each_file_has_its_own_normalization(self):
        a = read(file_of("pixels"))
        b = read(file_of("pixels", normalization=Normalization((0.5, 0.35), (0.25, 0.5))))
        found = image_error(a, b)
        assert found.largest_normalized == 0.0
        assert found.largest == pytest.approx(25.5)
        assert found.psnr == pytest.approx(20 * math.log10(255 / (25.5 / math.sqrt(2))))
        assert found.differing == 5

    def test_forms_that_store_the_same_images_in_other_ways_are_compared_by_their_images(self):
        pixels = references.images(LAYOUTS["haar"], arrays_for(LAYOUTS["haar"]))[None].astype(np.float32)
        plain = Layout(LAYOUTS["haar"].geometry, LAYOUTS["pixels"].synthesis, {"spectrum": floats(1, 6, 2, 4, 8)})
        found = image_error(read(file_of("haar")), read(pack(header_for(plain), {"spectrum": pixels})))
        assert found.psnr > 120
        assert found.largest < 1e-3

    def test_other_numbers_of_images_are_refused_and_named(self):
        with pytest.raises(InvalidSetting, match=r"5 images of 2 x 4 x 8 and 6 images of 2 x 4 x 8"):
            image_error(read(file_of("pixels")), read(file_of("haar")))

    def test_an_image_that_is_not_finite_is_refused(self):
        layout = LAYOUTS["one block"]
        arrays = {role: np.full_like(values, 1e30) for role, values in arrays_for(layout).items()}
        with pytest.raises(MalformedFile, match=r"NSD-A04.*image 0"):
            image_error(read(pack(header_for(layout), arrays)), read(file_of("one block")))

"""What differs between two files: the image error against float64 references worked out here, and `nsdc diff`."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import references
from builders import LAYOUTS, arrays_for, edited, file_of, floats, header_for

from nsdcodec.errors import InvalidSetting, MalformedFile
from nsdcodec.format import comparison
from nsdcodec.format.comparison import array_error, compare, image_error
from nsdcodec.format.container.file import pack, read
from nsdcodec.format.layout import Layout
from nsdcodec.format.recipe import Normalization

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
        with pytest.raises(MalformedFile, match=r"NSD-S04.*image 0"):
            image_error(read(pack(header_for(layout), arrays)), read(file_of("one block")))


def changed(name, seed=0, **fields):
    """A file of one of LAYOUTS, other in header fields or in its values."""
    return read(pack(header_for(LAYOUTS[name], **fields), arrays_for(LAYOUTS[name], seed)))


class TestArrayError:
    @pytest.mark.parametrize("chunk_values", [1, 7, 1 << 22])
    def test_is_that_of_numpy_in_one_piece(self, chunk_values, monkeypatch):
        monkeypatch.setattr(comparison, "CHUNK_VALUES", chunk_values)
        rng = np.random.default_rng(0)
        a = rng.standard_normal((3, 5, 2)).astype(np.float16)
        b = a.astype(np.float32)
        b[1] += 0.25
        found = array_error(a, b)
        difference = a.astype(float) - b
        assert found.differing == 10
        assert found.largest == np.abs(difference).max()
        assert found.snr == pytest.approx(10 * math.log10((a.astype(float) ** 2).sum() / (difference**2).sum()))

    def test_of_integers_and_bits_the_values_that_differ_are_counted(self):
        a, b = np.array([1, 2, 3, 255], np.uint8), np.array([1, 0, 3, 0], np.uint8)
        assert array_error(a, b) == comparison.ArrayError(2)
        assert array_error(a > 1, b > 1) == comparison.ArrayError(2)

    def test_of_nothing_and_of_zeros_the_ratio_is_infinite(self):
        zeros, ones = np.zeros(4, np.float32), np.ones(4, np.float32)
        assert array_error(zeros, zeros) == comparison.ArrayError(0, 0.0, math.inf)
        assert array_error(zeros, ones) == comparison.ArrayError(4, 1.0, -math.inf)

    def test_two_shapes_have_none(self):
        with pytest.raises(ValueError, match="shapes"):
            array_error(np.zeros(4), np.zeros((2, 2)))


class TestCompare:
    @pytest.mark.parametrize("name", LAYOUTS)
    def test_a_file_and_itself_are_identical_and_the_same(self, name):
        found = compare(changed(name), changed(name))
        assert found.identical
        assert found.same_content
        assert (found.header, found.arrays) == ((), {})

    def test_header_fields_by_their_paths(self):
        a = changed("pixels", provenance={"seed": 1, "set": ["x=1", "y=2"], "quick": True})
        b = changed("pixels", provenance={"set": ["x=1", "y=3"], "quick": 1, "note": {"by": "hand"}})
        found = compare(a, b)
        assert {field.path: field.values for field in found.header} == {
            "provenance.seed": {"a": 1},
            "provenance.set[1]": {"a": "y=2", "b": "y=3"},
            "provenance.quick": {"a": True, "b": 1},
            "provenance.note": {"b": {"by": "hand"}},
        }
        assert not found.identical
        assert not found.same_content
        assert found.arrays == {}
        assert found.images.differing == 0
        assert found.labels == comparison.LabelError(0)

    def test_values_of_arrays(self):
        name = "product, own kernels"
        arrays = arrays_for(LAYOUTS[name])
        other = arrays | {"height_kernel": arrays["height_kernel"].copy()}
        other["height_kernel"][2, 1, 3] += 2
        a, b = (read(pack(header_for(LAYOUTS[name]), values)) for values in (arrays, other))
        found = compare(a, b)
        assert list(found.arrays) == ["height_kernel"]
        assert found.arrays["height_kernel"].error.differing == 1
        assert found.arrays["height_kernel"].error.largest == pytest.approx(2)
        assert not found.same_content
        assert found.images.differing == 2 * 5  # the images of the third of three kernels, by two spectra

    def test_an_array_in_another_type_or_shape_or_absent(self):
        found = compare(changed("halves"), changed("soft labels"))
        assert found.arrays["spectrum"].error is None
        assert found.arrays["spectrum"].a.spec.shape == (3, 2, 2, 4, 4)
        assert found.arrays["spectrum"].b.spec.shape == (2, 2, 2, 3, 5)
        found = compare(changed("pixels"), changed("haar"))
        assert found.images is None
        assert found.labels is None
        found = compare(changed("one block"), changed("pixels"))
        assert found.arrays["batch_kernel"].b is None

    def test_labels_of_another_class(self):
        name = "mask a spectrum"
        arrays = arrays_for(LAYOUTS[name])
        other = arrays | {"labels": (arrays["labels"] + np.array([1, 0, 0, 2, 0, 0])) % 3}
        a, b = (read(pack(header_for(LAYOUTS[name]), values)) for values in (arrays, other))
        found = compare(a, b)
        assert found.labels == comparison.LabelError(2)
        assert found.arrays["labels"].error == comparison.ArrayError(2)
        assert found.images.differing == 0

    def test_classes_by_their_names(self):
        """As in deit#130: equal numbers are another class where the names stand in another order."""
        name = "mask a spectrum"
        layout, arrays = LAYOUTS[name], arrays_for(LAYOUTS[name])
        turned = np.array([2, 0, 1])
        a = read(pack(header_for(layout, classes=("a", "b", "c")), arrays))
        same_numbers = pack(header_for(layout, classes=("b", "c", "a")), arrays)
        assert compare(a, read(same_numbers)).labels == comparison.LabelError(layout.images)
        same_names = pack(
            header_for(layout, classes=("b", "c", "a")), arrays | {"labels": turned[arrays["labels"]].astype(np.uint8)}
        )
        found = compare(a, read(same_names))
        assert found.labels == comparison.LabelError(0)
        assert not found.same_content
        some_renamed = compare(a, read(pack(header_for(layout, classes=("a", "b", "x")), arrays))).labels
        assert some_renamed == comparison.LabelError(int((arrays["labels"] == 2).sum())) != comparison.LabelError(0)
        numbered = pack(header_for(layout, classes=("0", "1", "2")), arrays)
        assert compare(a, read(numbered)).labels == comparison.LabelError(0)

    def test_soft_labels_by_the_names_of_their_columns(self):
        name = "soft labels"
        arrays = arrays_for(LAYOUTS[name])
        a = read(pack(header_for(LAYOUTS[name], classes=("a", "b", "c")), arrays))
        turned = arrays | {"labels": arrays["labels"][:, [1, 2, 0]]}
        found = compare(a, read(pack(header_for(LAYOUTS[name], classes=("b", "c", "a")), turned))).labels
        assert found.differing == 0
        assert found.largest == pytest.approx(0, abs=1e-6)

    def test_soft_labels_by_their_probabilities(self):
        name = "soft labels"
        arrays = arrays_for(LAYOUTS[name])
        other = arrays | {"labels": arrays_for(LAYOUTS[name], seed=3)["labels"]}
        a, b = (read(pack(header_for(LAYOUTS[name]), values)) for values in (arrays, other))

        def softmax(scores):
            return np.exp(scores.astype(float)) / np.exp(scores.astype(float)).sum(axis=1, keepdims=True)

        found = compare(a, b).labels
        first, second = softmax(arrays["labels"]), softmax(other["labels"])
        assert found.differing == (first.argmax(axis=1) != second.argmax(axis=1)).sum() > 0
        assert found.largest == pytest.approx(np.abs(first - second).max(), rel=1e-5)

    def test_the_same_in_other_bytes(self):
        spaced = edited(file_of("pixels"), header=lambda header: header | {"a later field": 1})
        found = compare(read(file_of("pixels")), read(spaced))
        assert not found.identical
        assert found.same_content


class TestCommand:
    @pytest.fixture
    def paths(self, tmp_path):
        data = {
            "a": file_of("pixels"),
            "same": edited(file_of("pixels"), header=lambda header: header | {"a later field": 1}),
            "other": file_of("pixels", provenance={"ipc": 1, "source": "elsewhere"}),
            "kernels": file_of("one block"),
            "broken": file_of("pixels")[:-1],
        }
        for name, content in data.items():
            (tmp_path / f"{name}.nsd").write_bytes(content)
        return {name: tmp_path / f"{name}.nsd" for name in data}

    def test_the_same_bytes(self, paths):
        ran = diff(paths["a"], paths["a"])
        assert ran.code == 0
        assert ran.out == f"identical: {paths['a'].stat().st_size:,} bytes\n"

    def test_the_same_content_in_other_bytes(self, paths):
        ran = diff(paths["a"], paths["same"])
        assert ran.code == 0
        assert ran.out.startswith("same content, other bytes\n")
        assert f"{paths['same'].stat().st_size:,}" in ran.out
        assert diff(paths["a"], paths["same"], "--json").json["same_content"] is True

    def test_what_differs(self, paths):
        ran = diff(paths["a"], paths["other"])
        assert ran.code == 1
        assert re.search(r"provenance\.source +random numbers +elsewhere", ran.out)
        assert "the same 5" in ran.out
        ran = diff(paths["a"], paths["kernels"])
        assert ran.code == 1
        assert "5 images of 2 x 4 x 8 and 7 images of 2 x 4 x 8" in ran.out

    def test_as_json(self, paths):
        ran = diff(paths["a"], paths["other"], "--json")
        assert ran.code == 1
        assert ran.json["files"] == {"a": str(paths["a"]), "b": str(paths["other"])}
        assert ran.json["header"] == [{"path": "provenance.source", "a": "random numbers", "b": "elsewhere"}]
        assert ran.json["images"] == {"differing": 0, "largest_normalized": 0.0, "largest": 0.0, "psnr": None}
        assert ran.json["labels"] == {"differing": 0, "largest": None}
        assert ran.json["identical"] is ran.json["same_content"] is False
        ran = diff(paths["a"], paths["kernels"], "--json")
        assert ran.json["images"] is None
        assert ran.json["image_shapes"] == {"a": [5, 2, 4, 8], "b": [7, 2, 4, 8]}
        assert ran.json["arrays"]["batch_kernel"]["a"] is None
        assert ran.json["arrays"]["batch_kernel"]["b"]["shape"] == [1, 3, 7]

    def test_a_file_that_cannot_be_used_is_named(self, paths, tmp_path):
        ran = diff(paths["a"], paths["broken"])
        assert ran.code == 3
        assert "broken.nsd: NSD-F01" in ran.err
        ran = diff(tmp_path / "missing.nsd", paths["a"])
        assert ran.code == 7
        assert "missing.nsd" in ran.err


def diff(*arguments):
    pytest.importorskip("typer")
    from test_cli import nsdc

    return nsdc("diff", *arguments)

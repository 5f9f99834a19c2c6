"""Files in other stored types: what stays, what it costs, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from builders import LAYOUTS, SMALL, arrays_for, file_of, floats, header_for

from nsdcodec import NSDDataset
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.comparison import image_error
from nsdcodec.format.container.file import pack, read
from nsdcodec.format.container.values import Stored
from nsdcodec.format.conversion import convert as convert_file
from nsdcodec.format.conversion import converted
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.stored_types import FLOATS, SCALED, VALUES, ArraySpec


def convert(data: bytes, *arguments) -> bytes:
    return pack(*converted(read(data), *arguments))


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("dtype", VALUES)
def test_all_values_have_the_type_and_small_kernels_never_integers(name, dtype):
    before, after = read(file_of(name)), read(convert(file_of(name), dtype))
    assert after.header.layout.images == before.header.layout.images
    assert after.header.layout.labels == before.header.layout.labels
    for role, spec in after.header.layout.arrays.items():
        was = before.header.layout.arrays[role].dtype
        if was.startswith("uint"):
            assert role == "mask" or spec.dtype == "uint8"  # 3 classes
        elif dtype in SCALED and role in ("channel_kernel", "height_kernel", "width_kernel"):
            assert spec.dtype == "float16"
        else:
            assert spec.dtype == dtype
    for field in ("classes", "normalization", "recipe", "parameterization", "provenance", "optional"):
        assert getattr(after.header, field) == getattr(before.header, field)


def test_finer_types_cost_less_error_and_more_bytes():
    data = pack(header_for(PIXELS), {"spectrum": np.random.default_rng(1).standard_normal((1, 300, 2, 4, 8))})
    files = [read(convert(data, dtype)) for dtype in VALUES]
    errors = [image_error(read(data), file).psnr for file in files]
    sizes = [file.nbytes for file in files]
    assert errors == sorted(errors, reverse=True)
    assert sizes == sorted(sizes, reverse=True)
    assert errors[0] == np.inf
    # An error of uniform rounding by steps of 2 max / 255: its mean square is step^2 / 12.
    values = read(data).arrays["spectrum"].astype(np.float64).reshape(300, 64)
    std = np.repeat(header_for(PIXELS).normalization.std, 32)
    # A slice is one image here: one scale for all its values.
    steps = np.abs(values).max(axis=1, keepdims=True) / 127
    assert errors[3] == pytest.approx(10 * np.log10(255**2 / np.mean(np.square(steps * std * 255) / 12)), abs=0.3)


PIXELS = Layout(SMALL, Synthesis(), {"spectrum": floats(1, 300, 2, 4, 8)})


@pytest.mark.parametrize("dtype", SCALED)
@pytest.mark.parametrize("wanted", [None, "its own"])
def test_integers_of_any_scale_stay_as_they_are(dtype, wanted):
    """Scales that a writer chose so that values are clipped, or that the largest integer is not used."""
    spec = ArraySpec(dtype, (1, 300, 2, 4, 8), 2)
    rng, most = np.random.default_rng(1), (1 << spec.bits - 1) - 1
    largest = rng.integers(0, most + 1, (300, 1))
    integers = rng.integers(-largest, largest + 1, (300, 64)).astype(np.int8).reshape(-1)
    scales = rng.uniform(0, 2, 300).astype("<f2")
    header = header_for(Layout(SMALL, Synthesis(), {"spectrum": spec}))
    before = pack(header, {"spectrum": Stored(integers, scales)})
    assert read(before).integers["spectrum"].tobytes() == integers.tobytes()
    assert read(before).scales["spectrum"].tobytes() == scales.tobytes()
    assert convert(before, wanted and dtype) == before
    assert read(convert(before, wanted and dtype, "row")).scales["spectrum"].size == (300 if wanted is None else 2400)


def test_more_scales_leave_less_error():
    values = np.random.default_rng(1).standard_normal((1, 300, 2, 4, 8)) * np.array([1, 5, 0.2, 3])[:, None]
    before = read(pack(header_for(PIXELS), {"spectrum": values}))
    errors = {scale: image_error(before, read(pack(*converted(before, "int6", scale)))).psnr for scale in SCALES}
    assert errors["row"] > errors["slice"] > errors["tensor"]
    scales = {scale: converted(before, "int6", scale)[0].layout.arrays["spectrum"].scales for scale in SCALES}
    assert scales == {"row": 300 * 2 * 4, "slice": 300, "tensor": 1}


SCALES = ("tensor", "slice", "row")


def test_converting_again_changes_nothing():
    for dtype in SCALED:
        once = convert(file_of("product, own kernels"), dtype)
        assert convert(once, dtype) == once


def test_nothing_is_changed_where_no_type_is_given():
    for name in LAYOUTS:
        before, after = read(file_of(name)), read(convert(file_of(name), None))
        for role in set(before.arrays) - {"labels"}:
            assert after.header.layout.arrays[role] == before.header.layout.arrays[role]
            np.testing.assert_array_equal(after.arrays[role], before.arrays[role])


def _labelled(labels, dtype="uint16"):
    layout = Layout(SMALL, Synthesis(), {"spectrum": floats(1, 7, 2, 4, 8), "labels": ArraySpec(dtype, (7,))}, "stored")
    return pack(header_for(layout), arrays_for(layout) | {"labels": np.array(labels)})


def test_classes_by_the_rule_cost_nothing_and_others_as_few_bits_as_hold_them():
    # 7 images of 3 classes: floor(3 n / 7).
    by_rule = read(convert(_labelled([0, 0, 0, 1, 1, 2, 2]), None))
    assert "labels" not in by_rule.header.layout.arrays
    assert by_rule.header.layout.labels == "balanced"
    assert NSDDataset(convert(_labelled([0, 0, 0, 1, 1, 2, 2]), None)).labels.tolist() == [0, 0, 0, 1, 1, 2, 2]
    other = convert(_labelled([0, 0, 0, 1, 1, 2, 1]), None)
    assert read(other).header.layout.arrays["labels"] == ArraySpec("uint8", (7,))
    assert NSDDataset(other).labels.tolist() == [0, 0, 0, 1, 1, 2, 1]


def test_optional_bytes_are_kept(tmp_path):
    data = pack(header_for(PIXELS), arrays_for(PIXELS), optional={"thumbnail": b"a picture"})
    result = convert_file(data, tmp_path / "a.nsd", "int8")
    assert result.after.optional == read(tmp_path / "a.nsd").optional == {"thumbnail": b"a picture"}


def test_an_unknown_type_or_scale_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match=r"dtype 'int7': did you mean 'int\d'"):
        converted(read(file_of("pixels")), "int7")
    with pytest.raises(UnknownName, match="did you mean 'slice'"):
        converted(read(file_of("pixels")), "int8", "slize")


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_array(dtype):
    layout = Layout(SMALL, Synthesis(), {"spectrum": floats(1, 5, 2, 4, 8)})
    file = read(pack(header_for(layout), {"spectrum": np.full((1, 5, 2, 4, 8), 1e8)}))
    with pytest.raises(InvalidSetting, match=r"spectrum: a value does not fit .*bfloat16"):
        converted(file, dtype)
    assert converted(file, "bfloat16")[0].layout.arrays["spectrum"].dtype in FLOATS

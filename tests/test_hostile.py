"""Hostile bytes: reading gives a checked file or an error of a type, and no damage goes unnoticed."""

from __future__ import annotations

from pathlib import Path
from random import Random

import hypothesis.strategies as st
import numpy as np
import pytest
import references
import safetensors
import torch
from builders import LAYOUTS, arrays_for, edited, file_of, header_for, seal
from hypothesis import HealthCheck, given, settings
from malformed import BFLOAT, KERNELS, MASKED, PACKED, PADDED, PLAIN, SCALED, SOFT
from mutations import mutate

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import DigestMismatch, MalformedFile, NsdError
from nsdcodec.format import synthesis
from nsdcodec.format.bases import BASES
from nsdcodec.format.container import strict_json
from nsdcodec.format.container.codings import CODINGS
from nsdcodec.format.container.file import pack, read
from nsdcodec.format.container.strict_json import MAX_VALUES
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.stored_types import BITS, UNSIGNED, VALUES, ArraySpec
from nsdcodec.format.stored_types import SCALED as SCALED_TYPES

VECTORS = Path(__file__).parent.parent / "spec" / "vectors"
ALWAYS_THE_SAME = {"deadline": None, "derandomize": True, "database": None, "suppress_health_check": list(HealthCheck)}


# Every layout that the format can hold.


@st.composite
def layouts(draw):
    """Valid layouts of all axes, pairings, masks, label rules and stored types; a set of at most some hundred images of
    at most 3 x 6 x 6."""
    size = st.integers(1, 6)
    geometry = Geometry(draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(size), draw(size))
    pairing = draw(st.sampled_from(["product", "zip"]))
    spectra = draw(st.integers(1, 3))
    kernels = draw(st.sampled_from([1, spectra]) if pairing == "zip" else st.integers(1, 3))
    kinds, lengths, arrays = {}, {}, {}
    for axis, end in (
        ("batch", None),
        ("channel", geometry.channels),
        ("height", geometry.height),
        ("width", geometry.width),
    ):
        kind = draw(st.sampled_from(["stored", "identity"] if end is None else ["stored", *BASES]))
        whole = kind == "identity" and end is not None
        lengths[axis] = end if whole else draw(st.integers(1, 4 if kind == "stored" or end is None else end))
        kinds[axis] = kind
        if kind == "stored":
            shape = (draw(st.sampled_from([1, kernels])), lengths[axis], end or draw(st.integers(1, 5)))
            arrays[f"{axis}_kernel"] = draw(specs(shape))
    shape = (spectra, *lengths.values())
    if draw(st.booleans()):
        arrays["mask"] = ArraySpec("uint1", (draw(st.sampled_from([1, spectra])), *shape[3:]))
        shape = (*shape[:3], draw(st.integers(1, shape[3] * shape[4])))
    arrays["spectrum"] = draw(specs(shape))
    layout = Layout(geometry, Synthesis(**kinds, pairing=pairing), arrays)
    rule = draw(st.sampled_from(["balanced", "stored", "soft"]))
    if rule == "soft":
        arrays = arrays | {"labels": draw(specs((layout.images, geometry.classes)))}
    elif rule == "stored":
        fitting = [name for name in UNSIGNED if 1 << BITS[name] >= geometry.classes]
        arrays = arrays | {"labels": ArraySpec(draw(st.sampled_from(fitting)), (layout.images,))}
    return Layout(layout.geometry, layout.synthesis, arrays, rule)


@st.composite
def specs(draw, shape):
    dtype = draw(st.sampled_from(VALUES))
    return ArraySpec(dtype, shape, draw(st.integers(0, len(shape) - 1)) if dtype in SCALED_TYPES else None)


@settings(max_examples=300, **ALWAYS_THE_SAME)
@given(layouts(), st.sampled_from([*CODINGS, "auto"]), st.integers(0, 99))
def test_any_valid_layout_comes_back_exactly_and_decodes_by_the_equation(layout, coding, seed):
    header, arrays = header_for(layout), arrays_for(layout, seed)
    data = pack(header, arrays, coding)
    safetensors.deserialize(data)
    file = read(data)
    assert file.header.layout == layout
    assert set(file.arrays) == set(arrays)
    for role, values in arrays.items():
        np.testing.assert_array_equal(file.arrays[role], values, strict=True)
    assert pack(file.header, file.arrays, coding) == pack(file.header, file.as_stored, coding) == data
    tensors = {role: synthesis.to_torch(values, torch.float64) for role, values in file.arrays.items()}
    wanted = references.images(layout, arrays)
    made = synthesis.images(layout, tensors).numpy()
    np.testing.assert_allclose(made, wanted, rtol=0, atol=1e-12 * max(1, np.abs(wanted).max()))


# Random edits.


def reads_or_refuses(data):
    """The file, or None where it was refused by type. What is accepted, safetensors accepts too, and it decodes."""
    try:
        file = read(data)
    except NsdError:
        return None
    safetensors.deserialize(data)
    layout = file.header.layout
    if layout.images * layout.geometry.classes + layout.image_values * layout.coefficient_shape[0] < 1 << 20:
        dataset = NSDDataset(data)
        images, labels = dataset.batch([0, -1])
        assert images.shape == (2, layout.geometry.channels, layout.geometry.height, layout.geometry.width)
        assert labels.shape == ((2, layout.geometry.classes) if layout.labels == "soft" else (2,))
        assert 0 <= int(dataset.hard_labels.min()) <= int(dataset.hard_labels.max()) < layout.geometry.classes
    return file


FILES = [file_of(name, coding) for name in LAYOUTS for coding in CODINGS]


@settings(max_examples=2000, **ALWAYS_THE_SAME)
@given(st.integers(0, 1 << 32))
def test_files_changed_at_any_depth_are_read_or_refused_by_type(seed):
    random = Random(seed)
    reads_or_refuses(mutate(random.choice(FILES), random))


def test_the_edits_get_past_the_digest_to_every_rule():
    found = set()
    for seed in range(3000):
        random = Random(seed)
        try:
            read(mutate(random.choice(FILES), random))
            found.add("accepted")
        except NsdError as error:
            found.add(getattr(error, "rule", type(error).__name__))
    assert found >= {"accepted", "DigestMismatch", "UnsupportedVersion"}
    assert found >= {
        f"NSD-{rule}" for rule in ("F01", "F03", "F04", "F05", "F06", "F07", "F08", "H01", "H02", "H03", "H04")
    }
    assert found >= {f"NSD-{rule}" for rule in ("A01", "A02", "A03", "A04", "A05", "S01", "S02", "S03", "L01", "L02")}


SOURCES = st.sampled_from([PLAIN, PADDED, PACKED, KERNELS, SOFT, SCALED, MASKED, BFLOAT])


@settings(max_examples=300, **ALWAYS_THE_SAME)
@given(SOURCES, st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4), st.booleans())
def test_random_bytes_are_read_or_refused_by_type(data, changes, resealed):
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(data)] = value
    result = reads_or_refuses(seal(bytes(changed)) if resealed else bytes(changed))
    if result is not None and not resealed:
        assert bytes(changed) == data


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 62), 1 << 62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["stored", "dct", "zip", "float16", "int4", "plain", "uint16", "mask", 1, 2, 1 << 31]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, **ALWAYS_THE_SAME)
@given(SOURCES, st.booleans(), st.data())
def test_random_fields_are_read_or_refused_by_type(data, of_framing, draw):
    def change(document):
        while True:
            steps = list(document) if isinstance(document, dict) else list(range(len(document)))
            if not steps:
                return
            step = draw.draw(st.sampled_from(steps))
            if not isinstance(document[step], dict | list) or draw.draw(st.booleans()):
                document[step] = draw.draw(JSON)
                return
            document = document[step]

    reads_or_refuses(edited(data, **{"entries" if of_framing else "header": change}))


@settings(max_examples=200, **ALWAYS_THE_SAME)
@given(st.binary(max_size=300))
def test_bytes_of_no_file_at_all_are_malformed(data):
    with pytest.raises(MalformedFile):
        read(data)


@pytest.mark.parametrize("text", ["[" + "1," * (MAX_VALUES - 2) + "1]", "[" + "[]," * (MAX_VALUES // 2 - 1) + "1]"])
def test_a_json_text_has_the_most_values_and_no_more(text):
    assert len(strict_json.parse(text)) in (MAX_VALUES - 1, MAX_VALUES // 2)
    assert strict_json.parse('"' + text + '"') == text  # in a string they are no values
    with pytest.raises(ValueError, match="more than 131,072 values"):
        strict_json.parse(text[:-1] + ",1]")


# Damage that no one sealed again: every place of three golden files.

# Raw arrays; coded arrays; a mask and labels.
GOLDEN = {"raw": "layout-one-block", "coded": "nsd-int8", "mask and labels": "layout-scaled-and-masked-bitwise"}


@pytest.fixture(params=GOLDEN)
def golden(request):
    return (VECTORS / f"{GOLDEN[request.param]}.nsd").read_bytes()


def test_the_golden_files_are_the_three_kinds():
    coded = {kind: read(VECTORS / f"{name}.nsd").is_coded for kind, name in GOLDEN.items()}
    assert coded == {"raw": False, "coded": True, "mask and labels": True}
    assert {"mask", "labels"} <= set(read(VECTORS / f"{GOLDEN['mask and labels']}.nsd").arrays)


# The longer files, coded like others or simpler, where there is time.
@pytest.mark.parametrize(
    "golden",
    [pytest.param(kind, marks=[pytest.mark.release] * (kind != "mask and labels")) for kind in GOLDEN],
    indirect=True,
)
def test_every_change_of_one_byte_is_noticed(golden):
    text_end = 8 + int.from_bytes(golden[:8], "little")
    reads = 0
    for place, byte in enumerate(golden):
        for value in {*range(256)} - {byte}:
            with pytest.raises(NsdError) as caught:
                read(golden[:place] + bytes([value]) + golden[place + 1 :])
            reads += 1
            if place >= text_end:
                assert caught.type is DigestMismatch
    assert reads == 255 * len(golden)


def test_every_truncation_and_extension_is_noticed(golden):
    for length in range(len(golden)):
        with pytest.raises(MalformedFile) as caught:
            read(golden[:length])
        assert caught.value.rule == "NSD-F01"
    for more in (b"\0", b" ", golden):
        with pytest.raises(MalformedFile) as caught:
            read(golden + more)
        assert caught.value.rule == "NSD-F06"

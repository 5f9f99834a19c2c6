"""Files of version 0.1, which `nsdc convert` lifts: the same images and labels, and what is refused.

tests/made_by_0.1/vectors/ holds golden files of 0.1, one layout in its codings, with the images and labels of each
layout as an einsum in binary64 made them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import references
from builders import file_of

from nsdcodec.errors import DigestMismatch, MalformedFile
from nsdcodec.format.container.file import read
from nsdcodec.format.conversion import convert
from nsdcodec.format.lifting import lifted

OLD = Path(__file__).parent / "made_by_0.1" / "vectors"
FILES = sorted(OLD.glob("*.nsd"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_lifted_file_has_the_same_images_and_labels(path):
    file = read(lifted(path.read_bytes()))
    (layout,) = [
        name for name in OLD.glob("*.labels.npy") if path.stem.startswith(name.name.removesuffix(".labels.npy"))
    ]
    images, labels = np.load(str(layout).replace(".labels", "")), np.load(layout)
    made = references.images(file.header.layout, file.arrays)
    np.testing.assert_allclose(made, images, rtol=0, atol=1e-12 * np.abs(images).max())
    np.testing.assert_allclose(references.labels(file.header.layout, file.arrays), labels, rtol=0, atol=1e-12)


def test_every_coding_of_0_1_is_among_them():
    assert {path.stem.rpartition("-")[2] for path in FILES} >= {"bitshuffle", "shuffle", "zstd"}


def test_convert_lifts_and_the_reader_says_so(tmp_path):
    with pytest.raises(MalformedFile, match=r"NSD-F08.*version 0\.1 is lifted by nsdc convert"):
        read(FILES[0])
    result = convert(FILES[0], tmp_path / "new.nsd")
    assert result.error.differing == 0
    assert read(tmp_path / "new.nsd").digest == result.after.digest


def test_a_damaged_file_is_not_lifted():
    data = FILES[0].read_bytes()
    with pytest.raises(DigestMismatch):
        lifted(data[:-1] + bytes([data[-1] ^ 1]))


def test_other_bytes_stay_as_they_are():
    for data in (b"", b"no file", file_of("pixels")):
        assert lifted(data) == data

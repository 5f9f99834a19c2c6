"""Images as viewers show them: by the definition of EXIF's orientation, and blended over white by arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from nsdcodec.errors import InvalidSource
from nsdcodec.sources import load

Image = pytest.importorskip("PIL.Image")
pytestmark = pytest.mark.usefixtures("nothing_of_this_machine")

# EXIF 2.32, tag 0112: the sides of the shown image that the first stored row and the first stored column are at.
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def shown_by_definition(stored, orientation):
    """Each stored pixel [h, w] at its place between the sides."""
    h, w = stored.shape
    rows_at, columns_at = SIDES[orientation]
    shown = np.zeros((h, w) if rows_at in ("top", "bottom") else (w, h), stored.dtype)
    for r in range(h):
        for c in range(w):
            at = {rows_at: r, columns_at: c}
            y = at["top"] if "top" in at else shown.shape[0] - 1 - at["bottom"]
            x = at["left"] if "left" in at else shown.shape[1] - 1 - at["right"]
            shown[y, x] = stored[r, c]
    return shown


def with_orientation(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def blocks(h=2, w=3):
    """Different greys in blocks of 8 x 8, which JPEG keeps apart."""
    greys = np.arange(h * w, dtype=np.uint8).reshape(h, w) * 40
    return np.kron(greys, np.ones((8, 8), np.uint8))


class TestOrientation:
    """datumaro#1756: photographs whose orientation is in their EXIF were read lying on their sides."""

    @pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
    @pytest.mark.parametrize("orientation", sorted(SIDES))
    def test_an_image_is_turned_as_viewers_show_it(self, tmp_path, kind, orientation):
        (tmp_path / "set/ape").mkdir(parents=True)
        exif = with_orientation(orientation)
        options = {"jpg": {"quality": 95}, "webp": {"lossless": True}}.get(kind, {})
        for i in range(2):
            Image.fromarray(blocks()).save(tmp_path / f"set/ape/{i}.{kind}", exif=exif, **options)
        found = load(str(tmp_path / "set")).train.images
        expected = shown_by_definition(blocks(), orientation).astype(int)
        assert found.shape[2:] == expected.shape
        assert np.abs(found[:, 0].numpy() - expected).max() <= 2

    def test_photographs_that_show_in_one_size_are_one_set(self, tmp_path):
        (tmp_path / "set/ape").mkdir(parents=True)
        Image.fromarray(blocks(3, 2)).save(tmp_path / "set/ape/0.jpg")
        Image.fromarray(blocks(2, 3)).save(tmp_path / "set/ape/1.jpg", exif=with_orientation(6))
        assert load(str(tmp_path / "set")).train.images.shape == (2, 1, 24, 16)

    def test_sizes_that_differ_are_named_as_shown(self, tmp_path):
        (tmp_path / "set/ape").mkdir(parents=True)
        Image.fromarray(blocks(2, 3)).save(tmp_path / "set/ape/0.jpg")
        Image.fromarray(blocks(2, 3)).save(tmp_path / "set/ape/1.jpg", exif=with_orientation(6))
        with pytest.raises(InvalidSource, match=r"is 24 x 16 and .*1\.jpg is 16 x 24; .* mogrify -auto-orient"):
            load(str(tmp_path / "set"))

    @pytest.mark.filterwarnings("ignore:.*EXIF:UserWarning")
    @pytest.mark.parametrize(
        "exif", [b"Exif\0\0no tiff", b"Exif\0\0MM\0*\0\0\0\x08\xff", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff"]
    )
    def test_an_image_whose_exif_cannot_be_read_is_as_stored(self, tmp_path, exif):
        (tmp_path / "set/ape").mkdir(parents=True)
        Image.fromarray(blocks()).save(tmp_path / "set/ape/0.jpg", exif=exif, quality=95)
        found = load(str(tmp_path / "set")).train.images
        assert np.abs(found[0, 0].numpy() - blocks().astype(int)).max() <= 2

    def test_an_orientation_that_is_none_changes_nothing(self, tmp_path):
        (tmp_path / "set/ape").mkdir(parents=True)
        for i, value in enumerate((0, 9, 1000)):
            Image.fromarray(blocks()).save(tmp_path / f"set/ape/{i}.png", exif=with_orientation(value))
        found = load(str(tmp_path / "set")).train.images
        assert np.array_equal(found[:, 0], np.stack([blocks()] * 3))

"""Images as viewers show them: by the definition of EXIF's orientation, and blended over white by arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

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

    def test_sizes_that_differ_as_shown_are_told_apart(self, tmp_path):
        (tmp_path / "set/ape").mkdir(parents=True)
        Image.fromarray(blocks(2, 3)).save(tmp_path / "set/ape/0.jpg")
        Image.fromarray(blocks(2, 3)).save(tmp_path / "set/ape/1.jpg", exif=with_orientation(6))
        found = load(str(tmp_path / "set"))
        assert found.train.images.shape[2:] == (16, 16)
        assert "images of 2 sizes" in found.notes[0]

    @pytest.mark.parametrize("exif", [b"Exif\0\0no tiff", b"Exif\0\0MM\0*\0\0"])
    def test_an_image_whose_exif_cannot_be_read_is_as_stored(self, tmp_path, exif):
        (tmp_path / "set/ape").mkdir(parents=True)
        Image.fromarray(blocks()).save(tmp_path / "set/ape/0.png", exif=exif)
        assert np.array_equal(load(str(tmp_path / "set")).train.images[0, 0], blocks())

    def test_an_orientation_that_is_none_changes_nothing(self, tmp_path):
        (tmp_path / "set/ape").mkdir(parents=True)
        for i, value in enumerate((0, 9, 1000)):
            Image.fromarray(blocks()).save(tmp_path / f"set/ape/{i}.png", exif=with_orientation(value))
        found = load(str(tmp_path / "set")).train.images
        assert np.array_equal(found[:, 0], np.stack([blocks()] * 3))


def alone(path, image, **options):
    """A set of one class and one image."""
    (path / "set/ape").mkdir(parents=True)
    image.save(path / "set/ape/0.png", **options)
    return load(str(path / "set"))


class TestTransparency:
    """vision#561: the black icons of a transparent picture became all black, as the hidden pixels of the others are."""

    def test_colours_are_blended_over_white(self, tmp_path):
        pixels = np.random.default_rng(3).integers(0, 256, (9, 7, 4), dtype=np.uint8)
        found = alone(tmp_path, Image.fromarray(pixels))
        colour, alpha = pixels[..., :3].astype(float), pixels[..., 3:] / 255
        expected = (colour * alpha + 255 * (1 - alpha)).transpose(2, 0, 1)
        assert np.abs(found.train.images[0].numpy() - expected).max() <= 1
        assert found.notes == ("set: 1 image is transparent in places and was laid on white",)

    def test_grey_with_alpha_stays_grey(self, tmp_path):
        pixels = np.random.default_rng(3).integers(0, 256, (9, 7, 2), dtype=np.uint8)
        found = alone(tmp_path, Image.fromarray(pixels, "LA")).train.images
        grey, alpha = pixels[..., 0].astype(float), pixels[..., 1] / 255
        assert found.shape == (1, 1, 9, 7)
        assert np.abs(found[0, 0].numpy() - (grey * alpha + 255 * (1 - alpha))).max() <= 1

    @pytest.mark.parametrize("mode", ["L", "RGB", "P"])
    def test_a_colour_that_stands_for_transparent_becomes_white(self, tmp_path, mode):
        image = Image.new(mode, (3, 2), 0)
        image.putpixel((1, 0), (9, 9, 9) if mode == "RGB" else 1)
        if mode == "P":
            image.putpalette([0, 0, 0, 9, 9, 9])
        found = alone(tmp_path, image, transparency=(0, 0, 0) if mode == "RGB" else 0).train.images
        assert found[0, 0].tolist() == [[255, 1 if mode == "L" else 9, 255], [255, 255, 255]]

    def test_an_opaque_picture_with_alpha_keeps_its_pixels_and_nothing_is_said(self, tmp_path):
        pixels = np.random.default_rng(3).integers(0, 256, (9, 7, 4), dtype=np.uint8)
        pixels[..., 3] = 255
        found = alone(tmp_path, Image.fromarray(pixels))
        assert np.array_equal(found.train.images[0], pixels[..., :3].transpose(2, 0, 1))
        assert found.notes == ()

    def test_train_and_test_are_said_at_once_and_those_of_one_colour_are_counted(self, tmp_path):
        icon = np.zeros((4, 4, 4), np.uint8)
        icon[1:3, 1:3, 3] = 255
        (tmp_path / "set/train/ape").mkdir(parents=True)
        (tmp_path / "set/test/ape").mkdir(parents=True)
        Image.fromarray(icon).save(tmp_path / "set/train/ape/0.png")
        Image.fromarray(icon | np.uint8([255, 255, 255, 0])).save(tmp_path / "set/train/ape/1.png")
        Image.fromarray(icon).save(tmp_path / "set/test/ape/0.png")
        found = load(str(tmp_path / "set"))
        assert found.train.images[0, 0].tolist() == (255 - icon[..., 3]).tolist()
        assert found.notes == (
            "set: 3 images are transparent in places and were laid on white; 1 of them became all white: lay them on "
            "another colour yourself if that hides what they show",
        )

"""The size of a set of image files: their own, the one that is asked for, or a square that all of them fill."""

from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from nsdcodec.errors import InvalidSetting, InvalidSource
from nsdcodec.sources import load

Image = pytest.importorskip("PIL.Image")
arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine")

# Width and height of each image; the label is the place, modulo 2.
MIXED = [(40, 20), (17, 30), (64, 64), (33, 16), (50, 51)]


def picture(width, height, seed=0):
    """Smooth, as JPEG would have it."""
    rows, columns = np.mgrid[0:height, 0:width]
    levels = 127 + 60 * np.sin(rows / 5 + seed) + 60 * np.cos(columns / 7)
    return Image.fromarray(np.stack([levels, levels[::-1], 255 - levels], 2).astype(np.uint8))


def encoded(image, kind="PNG"):
    memory = io.BytesIO()
    image.save(memory, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return memory.getvalue()


def write_folder(root, sizes):
    for i, size in enumerate(sizes):
        (root / "set" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        content = encoded(picture(*size, seed=i), "JPEG" if i % 3 == 1 else "PNG")
        (root / "set" / "ab"[i % 2] / f"{i}.{'jpg' if i % 3 == 1 else 'png'}").write_bytes(content)
    return root / "set"


def write_parquet(root, sizes):
    pictures = [encoded(picture(*size, seed=i)) for i, size in enumerate(sizes)]
    table = arrow.table({"image": pictures, "label": [i % 2 for i in range(len(sizes))]})
    parquet.write_table(table, root / "set.parquet")
    return root / "set.parquet"


def write_tar(root, sizes):
    with tarfile.open(root / "set.tar", "w") as tar:
        for i, size in enumerate(sizes):
            for extension, content in (("png", encoded(picture(*size, seed=i))), ("cls", str(i % 2).encode())):
                member = tarfile.TarInfo(f"{i}.{extension}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return root / "set.tar"


every_kind = pytest.mark.parametrize("write", [write_folder, write_parquet, write_tar])


@every_kind
class TestEveryKindOfImageFiles:
    def test_of_several_sizes_get_the_largest_side_that_none_is_smaller_than_and_it_is_said(self, tmp_path, write):
        found = load(str(write(tmp_path, MIXED)))
        assert found.train.images.shape == (5, 3, 16, 16)
        (note,) = found.notes
        assert note.startswith("set: images of 5 sizes were cut to the largest part in their middle of the shape 16 x ")
        assert "has only 33 x 16); --size N chooses another" in note
        assert "enlarges" not in note

    def test_never_more_than_128_unasked(self, tmp_path, write):
        found = load(str(write(tmp_path, [(300, 200), (201, 190)])))
        assert found.train.images.shape[2:] == (128, 128)
        assert "(the most that is taken unasked)" in found.notes[0]

    def test_of_one_size_stay_as_they_are_without_a_word(self, tmp_path, write):
        found = load(str(write(tmp_path, [(200, 150)] * 2)))
        assert (found.train.images.shape[2:], found.notes) == ((150, 200), ())

    def test_are_brought_to_the_size_that_is_asked_for(self, tmp_path, write):
        path = str(write(tmp_path, MIXED))
        assert load(path, size=(24, 12)).train.images.shape == (5, 3, 12, 24)
        found = load(path, size=20)
        assert found.train.images.shape == (5, 3, 20, 20)
        (note,) = found.notes
        assert note.endswith("20 x 20 and resized to it, which enlarges 2 of them")


class TestPixels:
    @pytest.mark.parametrize("size", [(64, 40), (40, 64), (96, 32)])
    def test_are_those_of_the_middle_square_with_antialiasing(self, tmp_path, size):
        """As PyTorch resizes with antialiasing: it averages over all pixels that fall into one."""
        image = picture(*size)
        (tmp_path / "set/ape").mkdir(parents=True)
        image.save(tmp_path / "set/ape/0.png")
        side = min(size)
        left, top = (size[0] - side) // 2, (size[1] - side) // 2
        middle = torch.from_numpy(np.asarray(image).copy())[top : top + side, left : left + side].permute(2, 0, 1)
        wanted = interpolate(middle[None].double(), (16, 16), mode="bilinear", antialias=True)[0]
        found = load(str(tmp_path / "set"), size=16).train.images[0]
        assert (found - wanted).abs().max() <= 1
        # Without antialiasing it would be another image, so that this test can fail.
        assert (interpolate(middle[None].double(), (16, 16), mode="bilinear")[0] - wanted).abs().max() > 3

    def test_a_turned_photograph_is_cropped_as_it_shows(self, tmp_path):
        (tmp_path / "set/ape").mkdir(parents=True)
        exif = Image.Exif()
        exif[0x0112] = 6  # a quarter clockwise
        picture(64, 32).save(tmp_path / "set/ape/0.png", exif=exif)
        picture(64, 32).rotate(-90, expand=True).save(tmp_path / "set/ape/1.png")
        found = load(str(tmp_path / "set"), size=(8, 16)).train.images
        assert torch.equal(found[0], found[1])


class TestRefused:
    def test_a_tiny_image_among_others_is_named_and_both_remedies_work(self, tmp_path):
        path = write_folder(tmp_path, [*MIXED, (5, 4)])
        with pytest.raises(InvalidSource, match=r"5\.png is 5 x 4, .* of 6 sizes; .* remove it, or give --size 32"):
            load(str(path))
        assert load(str(path), size=32).geometry.height == 32
        (path / "b/5.png").unlink()
        assert load(str(path)).geometry.height == 16

    def test_an_image_above_the_limit_of_a_file_can_be_had_smaller(self, tmp_path):
        (tmp_path / "set/ape").mkdir(parents=True)
        Image.new("L", (4097, 9)).save(tmp_path / "set/ape/0.png")
        with pytest.raises(InvalidSource, match=r"4097 x 9; the limit is 4096 x 4096: .* such as --size 128"):
            load(str(tmp_path / "set"))
        assert load(str(tmp_path / "set"), size=128).geometry.width == 128

    @pytest.mark.parametrize("size", [1, 0, -32, 4097, (32, 1)])
    def test_a_size_that_no_file_or_network_takes(self, tmp_path, size):
        with pytest.raises(InvalidSetting, match="the side of an image is 2 to 4,096 pixels"):
            load(str(write_folder(tmp_path, MIXED)), size=size)

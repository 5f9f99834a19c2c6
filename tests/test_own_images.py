"""Images of one's own as people have them, from folder to accuracy: what `nsdc` makes of them unasked, and says."""

from __future__ import annotations

import numpy as np
import pytest
from test_cli import TINY, nsdc

from nsdcodec import NSDDataset

Image = pytest.importorskip("PIL.Image")

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread")

EVAL = ["--networks", "1", "--epochs", "1", "--width", "8"]


@pytest.fixture
def folder(tmp_path):
    """Sixty pictures in three class folders, of sizes from 12 to 40 pixels, PNG and JPEG."""
    generator = np.random.default_rng(0)
    for label, name in enumerate(("apple", "bike", "cup")):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for i in range(20):
            width, height = generator.integers(12, 40, 2)
            pixels = generator.integers(80 * label, 80 * label + 90, (height, width, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "mine" / name / f"{i:02}.{('png', 'jpg')[i % 2]}")
    return tmp_path / "mine"


def encode(folder, *arguments):
    out = folder.parent / "mine.nsd"
    ran = nsdc("encode", folder, "-o", out, *TINY, "--parameterization", "pixel", "--iterations", 2, *arguments)
    assert ran.code == 0, ran.err
    return out, ran


class TestSize:
    def test_mixed_sizes_are_encoded_and_the_note_stands_on_stderr(self, folder):
        out, ran = encode(folder)
        assert "note: mine: images of " in ran.err
        geometry = NSDDataset(out).geometry
        assert geometry.height == geometry.width == min(min(Image.open(file).size) for file in folder.glob("*/*"))

    def test_only_image_files_are_resized(self, tmp_path):
        ran = nsdc("encode", "digits", "-o", tmp_path / "a.nsd", "--size", 16)
        assert ran.code == 2
        assert "--size 16: digits has images of 8 x 8 that are no image files" in ran.err
        assert nsdc("encode", "digits", "-o", tmp_path / "a.nsd", "--size", 8, *TINY, "--iterations", 1).code == 0

"""Images of one's own as people have them, from folder to accuracy: what `nsdc` makes of them unasked, and says."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from test_cli import TINY, nsdc

from nsdcodec import NSDDataset
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.layout_plan import plan
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS
from nsdcodec.encoding.recipes import settings_for
from nsdcodec.encoding.task import Task
from nsdcodec.learning.compute import Compute
from nsdcodec.sources import Source, Split, load

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


class TestTestSet:
    def test_a_fifth_of_each_class_is_split_off_and_encode_and_eval_take_the_same(self, folder):
        found = load(str(folder))
        assert found.test is None
        split = found.with_test_set()
        for label in range(3):
            assert int((split.test.labels == label).sum()) == 4
            assert int((split.train.labels == label).sum()) == 16
        parts = [{image.numpy().tobytes() for image in part.images} for part in (split.train, split.test, found.train)]
        assert parts[0] | parts[1] == parts[2]
        assert not parts[0] & parts[1]
        out, ran = encode(folder, "--seed", 3)
        assert "note: mine: no test set is there, so 12 of the 60 images are it, a random fifth of each" in ran.err
        assert NSDDataset(out).header.provenance["source"] == f"mine {split.sha256[:16]}"
        ran = nsdc("eval", out, folder, *EVAL)
        assert ran.code == 0
        assert "mine test set of 12 images" in ran.out
        assert "note: mine: no test set is there, so 12 of the 60" in ran.err
        assert "was not distilled" not in ran.err

    def test_by_size_too(self, folder):
        out, _ = encode(folder, "--size", 20)
        ran = nsdc("eval", out, folder, *EVAL)
        assert (ran.code, "was not distilled" in ran.err) == (0, False)
        assert "of the shape 20 x 20" in ran.err

    def test_all_can_be_trained_on_and_eval_then_warns(self, folder):
        out, ran = encode(folder, "--no-test")
        assert "test set" not in ran.err
        ran = nsdc("eval", out, folder, *EVAL)
        assert ran.code == 0
        assert "mine.nsd was not distilled from the other images of mine: if it was from any" in ran.err

    def test_one_that_is_there_is_left_alone(self, folder):
        (folder / "test").mkdir()
        (folder / "train").mkdir()
        for name in ("apple", "bike", "cup"):
            (folder / "test" / name).mkdir()
            (folder / name / "00.png").rename(folder / "test" / name / "00.png")
            (folder / name).rename(folder / "train" / name)
        found = load(str(folder))
        assert found.with_test_set() is found
        assert len(found.test) == 3

    @pytest.mark.parametrize(("count", "test"), [(1, 0), (2, 0), (3, 1), (7, 1), (8, 2), (12, 2), (13, 3)])
    def test_classes_of_few_images_keep_what_encoding_needs(self, count, test):
        labels = torch.tensor([0] * count + [1] * 2)
        images = torch.arange(count + 2, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)
        found = Source("few", ("a", "b"), Split(images, labels), None, "none").with_test_set()
        assert (0 if found.test is None else len(found.test)) == test
        if count > 1:
            found.hold_out(1, 0)

    def test_without_a_class_of_three_there_is_none_and_one_image_more_helps(self, folder):
        for name in ("apple", "bike", "cup"):
            for file in sorted((folder / name).iterdir())[2:]:
                file.rename(folder.parent / f"{name}-{file.name}")
        out, ran = encode(folder)
        assert "test set" not in ran.err
        ran = nsdc("eval", out, folder, *EVAL)
        assert ran.code == 7
        assert "mine has no test set; name a source that has one, or one that has at least 3 images of a" in ran.err
        (folder.parent / "cup-02.png").rename(folder / "cup/02.png")
        assert nsdc("eval", out, folder, *EVAL).code == 0


class TestFewImages:
    @pytest.mark.parametrize("form", PARAMETERIZATIONS)
    def test_a_set_of_more_images_than_there_are_real_ones_is_encoded_and_it_is_said(self, folder, form):
        out = folder.parent / "many.nsd"
        ran = nsdc("encode", folder, "-o", out, *TINY, "--iterations", 1, "--parameterization", form, "--ipc", 30)
        assert ran.code == 0, ran.err
        dataset = NSDDataset(out)
        assert len(dataset) > 3 * 13
        assert dataset.all()[0].isfinite().all()
        assert re.search(r"class '\w+' has 13 training images .*, and \d+ of the set begin as real ones", ran.err)

    @pytest.mark.parametrize("name", ["nsd", "svd", "memory", "fred"])
    @pytest.mark.parametrize("ipc", [1, 10])
    def test_no_more_are_planned_than_three_times_as_many(self, folder, name, ipc):
        """Of 60, 12 are split off."""
        source = load(str(folder), size=40).with_test_set()
        settings = settings_for(source, parameterization=name)
        free = settings.parameterization.layout(source.geometry, Budget.of(source.geometry, ipc))
        layout = plan(Task(source, settings, Budget.of(source.geometry, ipc)), Compute()).layout
        assert layout.images <= 3 * 48
        assert free.images == layout.images or free.images > 3 * 48
        assert layout.elements > 0.65 * Budget.of(source.geometry, ipc).elements

    def test_more_are_taken_where_they_are_asked_for(self, folder):
        source = load(str(folder), size=16).with_test_set()
        settings = settings_for(source, changes=["parameterization.images_per_class=70"])
        assert plan(Task(source, settings, Budget.of(source.geometry, 5)), Compute()).layout.images == 210


class TestOverwrite:
    QUICK = ("--objective", "none", "--parameterization", "pixel", *TINY)

    @pytest.mark.parametrize("content", [b"a thesis", None], ids=["another file", "an nsd file"])
    @pytest.mark.parametrize("more", [(), ("--restart",)])
    def test_a_file_that_is_there_is_replaced_only_when_told(self, tmp_path, content, more):
        out = tmp_path / "a.nsd"
        assert nsdc("encode", "digits", "-o", out, *self.QUICK, "--seed", 1).code == 0
        out.write_bytes(before := content or out.read_bytes())
        ran = nsdc("encode", "digits", "-o", out, *self.QUICK, *more)
        assert (ran.code, out.read_bytes()) == (7, before)
        assert f"{out} is there already; give another name, or --overwrite to replace it" in ran.err
        assert nsdc("encode", "digits", "-o", out, *self.QUICK, "--overwrite").code == 0
        assert NSDDataset(out).header.provenance["seed"] == 0
        ran = nsdc("encode", "digits", "-o", tmp_path / "b.nsd", *self.QUICK)
        assert (tmp_path / "b.nsd").read_bytes() == out.read_bytes()

    def test_it_is_said_before_the_source_is_looked_for(self, tmp_path):
        (tmp_path / "a.nsd").write_bytes(b"a thesis")
        assert "is there already" in nsdc("encode", tmp_path / "nowhere", "-o", tmp_path / "a.nsd").err

    @pytest.mark.parametrize("option", ["--resume", "--restart"])
    def test_the_run_of_the_checkpoint_replaces_its_own_file_and_no_other(self, tmp_path, option):
        out = tmp_path / "a.nsd"
        assert nsdc("encode", "digits", "-o", out, *TINY, "--iterations", 2, "--keep-checkpoint").code == 0
        made = out.read_bytes()
        out.write_bytes(b"a thesis")
        ran = nsdc("encode", "digits", "-o", out, *TINY, "--iterations", 2, option)
        assert (ran.code, out.read_bytes()) == (7, b"a thesis")
        assert "--overwrite" in ran.err
        assert out.with_name("a.nsd.checkpoint").exists()
        out.write_bytes(made)
        assert nsdc("encode", "digits", "-o", out, *TINY, "--iterations", 2, option).code == 0

    def test_resume_without_a_checkpoint_says_so_and_leaves_the_file(self, tmp_path):
        out = tmp_path / "a.nsd"
        out.write_bytes(b"a thesis")
        ran = nsdc("encode", "digits", "-o", out, *self.QUICK, "--resume")
        assert (ran.code, out.read_bytes()) == (7, b"a thesis")
        assert "no checkpoint to resume" in ran.err

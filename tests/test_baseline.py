"""Random real images of the same bytes and of the same count, with which `nsdc eval --baseline` compares a file."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from contexts import toy_source
from test_cli import nsdc

from nsdcodec import NSDDataset
from nsdcodec.evaluation.baseline import random_files, same_bytes, same_count
from nsdcodec.format.container import file as nsd_file
from nsdcodec.format.container.header import Header
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.recipe import TrainingRecipe
from nsdcodec.format.stored_types import ArraySpec
from nsdcodec.sources.base import Split, normalize

GEOMETRY = Geometry(3, 1, 8, 8)
SOURCE = toy_source(GEOMETRY, train=7)

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread")


def dataset(labels, probabilities=None, source=SOURCE, classes=None) -> NSDDataset:
    """A file of random pixels with these classes, or with soft labels of these probabilities."""
    count = len(labels if probabilities is None else probabilities)
    specs = {"spectrum": ArraySpec("float16", (1, count, 1, 8, 8)), "labels": ArraySpec("uint8", (count,))}
    arrays = {"spectrum": np.random.default_rng(0).normal(size=specs["spectrum"].shape).astype(np.float32)}
    rule = "stored"
    if probabilities is None:
        arrays["labels"] = np.array(labels, np.uint8)
    else:
        specs["labels"], rule = ArraySpec("float16", (count, 3)), "soft"
        arrays["labels"] = np.log(np.array(probabilities, np.float32))
    layout = Layout(GEOMETRY, Synthesis(), specs, rule)
    normalization = replace(source.normalization, mean=(0.25,), std=(0.5,))
    header = Header(
        layout, classes or source.classes, normalization, TrainingRecipe(batch_size=7), "pixel", provenance={"seed": 0}
    )
    return NSDDataset(io.BytesIO(nsd_file.pack(header, arrays)))


def places(found: NSDDataset, file: NSDDataset, source=SOURCE, tolerance=0.0) -> list[int]:
    """Of each image the number of the training image that it is, in the units of the file."""
    real = normalize(source.train.images, file.normalization)
    distances = (found.all()[0][:, None] - real[None]).abs().flatten(2).amax(dim=2)
    assert (distances.amin(dim=1) <= tolerance).all()
    return distances.argmin(dim=1).tolist()


class TestSameCount:
    def test_has_as_many_of_each_class_each_once_before_any_comes_again(self):
        file = dataset([2, 0, 2, 2, 0, 1] + [2] * 7)
        found = same_count(file, SOURCE)
        assert found.labels.tolist() == file.labels.tolist()
        chosen = places(found, file)
        assert [SOURCE.train.labels[place].item() for place in chosen] == file.labels.tolist()
        times = Counter(place for place in chosen if SOURCE.train.labels[place] == 2)
        assert sorted(times.values()) == [1, 1, 1, 1, 2, 2, 2]

    def test_what_is_trained_by_is_the_files(self):
        file = dataset([0, 1, 2])
        found = same_count(file, SOURCE)
        assert (found.recipe, found.normalization, found.classes) == (file.recipe, file.normalization, file.classes)

    def test_the_seed_decides(self):
        file = dataset([0, 1, 2] * 3)
        for kind in ("same bytes", "same count"):
            made = [random_files(file, SOURCE, seed)[kind].all()[0] for seed in (3, 3, 4)]
            assert torch.equal(made[0], made[1])
            assert not torch.equal(made[0], made[2])

    def test_labels_go_by_the_names_of_the_classes(self):
        file = dataset([0, 0, 1], classes=SOURCE.classes[::-1])
        chosen = places(same_count(file, SOURCE), file)
        assert [SOURCE.train.labels[place].item() for place in chosen] == [2, 2, 1]

    def test_soft_labels_are_those_of_the_files_images_of_the_class_in_turn(self):
        own = [[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]
        found = same_count(dataset(None, own), SOURCE)
        wanted = torch.tensor([own[0], own[1], own[2], own[3], own[4]])
        assert torch.allclose(found.labels, wanted, atol=1e-3)


class TestSameBytes:
    @pytest.mark.parametrize("count", [3, 8, 15])
    def test_one_more_would_not_fit(self, count):
        file, source = dataset([0] * count), toy_source(GEOMETRY, train=20)
        found, nbytes = same_bytes(file, source), file.nbytes
        assert found.nbytes <= nbytes
        more = same_bytes(_of_bytes(file, nbytes + 90), source)
        assert nbytes < more.nbytes <= nbytes + 90
        assert len(more) > len(found)

    def test_images_are_real_in_8_bits_and_shared_out_among_the_classes(self):
        file = dataset([0] * 8)
        found = same_bytes(file, SOURCE)
        assert {spec.dtype for spec in found.header.layout.arrays.values()} == {"int8"}
        assert found.header.layout.arrays["spectrum"].scales == len(found)
        step = 2 * found.all()[0].abs().max().item() / 254
        chosen = places(found, file, tolerance=step)
        assert len(set(chosen)) == len(chosen)
        counts = Counter(SOURCE.train.labels[place].item() for place in chosen)
        assert max(counts.values()) - min(counts.values()) <= 1
        assert found.labels.tolist() == [SOURCE.train.labels[place].item() for place in chosen]

    def test_soft_labels_take_bytes(self):
        own = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]] * 4
        soft = same_bytes(dataset(None, own), SOURCE)
        assert soft.labels.shape == (len(soft), 3)
        assert torch.allclose(soft.labels.sum(dim=1), torch.ones(len(soft)))
        assert soft.header.layout.arrays["labels"].dtype == "float16"

    def test_none_fits_a_file_whose_header_alone_takes_its_bytes(self):
        file = _of_bytes(dataset([0] * 3), 700)
        assert same_bytes(file, SOURCE) is None
        assert list(random_files(file, SOURCE)) == ["same count"]

    def test_there_are_no_more_than_all_real_images(self):
        assert len(same_bytes(_of_bytes(dataset([0]), 1_000_000), SOURCE)) == len(SOURCE.train)

    def test_of_few_images_of_a_class_the_others_come_again(self):
        few = Split(SOURCE.train.images[5:], SOURCE.train.labels[5:])
        file = dataset([0] * 15)
        found = same_bytes(file, replace(SOURCE, train=few))
        assert torch.bincount(found.labels).tolist() == [len(found) // 3 + (i < len(found) % 3) for i in range(3)]


def _of_bytes(file, nbytes):
    file.nbytes = nbytes
    return file


class TestCommand:
    QUICK = ("--networks", 2, "--epochs", 2, "--width", 4, "--device", "cpu", "--baseline")

    @pytest.fixture(scope="class")
    @staticmethod
    def file(tmp_path_factory):
        path = tmp_path_factory.mktemp("baseline") / "digits.nsd"
        more = ("--objective", "none", "--set", "validation.epochs=1", "--set", "validation.width=4")
        assert nsdc("encode", "digits", "--parameterization", "idc", "-o", path, "--device", "cpu", *more).code == 0
        return path

    def test_json_has_both_with_the_gain(self, file):
        found = nsdc("eval", file, "digits", *self.QUICK, "--json").json
        for kind in ("same_bytes", "same_count"):
            one = found["baseline"][kind]
            assert len(one["accuracies"]) == 2
            assert one["gain"] == pytest.approx(found["mean"] - sum(one["accuracies"]) / 2)
        assert found["baseline"]["same_count"]["images"] == found["images"] == 40
        assert found["baseline"]["same_bytes"]["bytes"] <= found["bytes"]
        plain = nsdc("eval", file, "digits", *self.QUICK[:-1], "--json").json
        assert "baseline" not in plain
        assert plain["accuracies"] == found["accuracies"]

    def test_the_table_has_a_row_for_each_below_the_file(self, file):
        lines = nsdc("eval", file, "digits", *self.QUICK).out.splitlines()
        assert lines[0].split()[-2:] == ["accuracy", "gain"]
        assert [line.split("  ")[1].strip() for line in lines[2:4]] == [
            "random real images, same bytes",
            "random real images, same count",
        ]
        assert all(line.split()[-1][0] in "+-" for line in lines[2:4])
        assert "random real" not in nsdc("eval", file, "digits", *self.QUICK[:-1]).out

    def test_each_kind_of_network_has_its_own(self, file):
        lines = nsdc("eval", file, "digits", *self.QUICK, "--nets", "convnet,convnet3", "--depth", 1).out.splitlines()
        assert lines[2].startswith("  random real images, same bytes")
        assert lines[3].startswith("  random real images, same count")
        assert lines[2].count("(") == 2

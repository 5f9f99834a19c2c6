"""Images that stay in their file: the same images, digits and files as when they are held."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from contexts import CPU, seeded

pytest.importorskip("h5py")
pytest.importorskip("sklearn")

import h5py

from nsdcodec import NSDDataset
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.encoder import Output, Task, encode
from nsdcodec.encoding.recipes import recipe
from nsdcodec.encoding.settings import for_geometry
from nsdcodec.errors import InvalidSource
from nsdcodec.evaluation import analysis
from nsdcodec.evaluation.accuracy import evaluate
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe
from nsdcodec.learning import networks, training
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.real import Normalized, RealData, normalized
from nsdcodec.sources import Source, load, normalize
from nsdcodec.sources import streamed as streamed_module
from nsdcodec.sources.streamed import Streamed
from nsdcodec.system.free_memory import resident_bytes

RNG = np.random.default_rng(3)
PATTERNS = RNG.integers(0, 256, (4, 3, 8, 8))
LABELS = np.arange(120) % 4
IMAGES = np.clip(PATTERNS[LABELS] + RNG.normal(0, 60, (120, 3, 8, 8)), 0, 255).astype(np.uint8)
TINY = ("network.width=8", "validation.width=8", "validation.epochs=2", "validation.checks=1", "validation.per_class=5")
MTT = ("objective.experts=1", "objective.student_steps=2", "objective.expert_epochs=1", "objective.last_start=1")
# Of an array in HDF5: as one run of bytes; in chunks of some images; of parts of images, packed.
STORAGE = [{}, {"chunks": (7, 3, 8, 8)}, {"chunks": (5, 1, 4, 8), "compression": "gzip"}]


def write(path: Path, images=IMAGES, labels=LABELS, **storage) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["classes"] = ["ape", "bee", "cat", "dog"]
        for part, some in (("train", slice(None)), ("test", slice(40))):
            file.create_dataset(f"{part}/images", data=images[some], **storage)
            file[f"{part}/labels"] = labels[some]
    return path


@pytest.fixture(params=STORAGE, ids=["contiguous", "chunks", "packed"])
def path(request, tmp_path):
    return write(tmp_path / "toy.h5", **request.param)


@pytest.fixture
def held(tmp_path) -> Source:
    source = load(str(write(tmp_path / "toy.h5")))
    assert isinstance(source.train.images, torch.Tensor)
    return source


@pytest.fixture
def streamed(held, tmp_path) -> Source:
    source = load(str(tmp_path / "toy.h5"), memory=1)
    assert isinstance(source.train.images, Streamed)
    assert isinstance(source.test.images, Streamed)
    return source


class TestImages:
    @pytest.mark.parametrize("gap", [1, 1 << 10, 1 << 16])
    def test_are_those_of_the_array_in_any_order_and_as_often_as_asked(self, path, gap, monkeypatch):
        monkeypatch.setattr(streamed_module, "GAP_BYTES", gap)
        monkeypatch.setattr(streamed_module, "PART_BYTES", 20 * IMAGES[0].nbytes)
        images = load(str(path), memory=1).train.images
        for index in ([5], [], [0, 119], [3, 3, 1], list(range(120)), RNG.integers(0, 120, 300), [118, 0, 60, 61, 62]):
            found = images[torch.as_tensor(index, dtype=torch.int64)]
            np.testing.assert_array_equal(found.numpy(), IMAGES[np.asarray(index, dtype=int)])

    def test_a_selection_of_a_selection_is_that_of_the_array(self, path):
        images = load(str(path), memory=1).train.images
        some = images.select(torch.arange(10, 110, 3)).select(torch.tensor([0, 4, 9, 33]))
        assert some.shape == (4, 3, 8, 8)
        np.testing.assert_array_equal(some[torch.tensor([2, 0])].numpy(), IMAGES[[37, 10]])

    def test_chunks_are_all_of_them_and_few_at_a_time(self, path, monkeypatch):
        monkeypatch.setattr(streamed_module, "PART_BYTES", 20 * IMAGES[0].nbytes)
        chunks = [chunk.numpy() for chunk in load(str(path), memory=1).train.images.chunks()]
        assert max(map(len, chunks)) <= 20 < len(IMAGES)
        np.testing.assert_array_equal(np.concatenate(chunks), IMAGES)

    @pytest.mark.parametrize("index", [-1, 120])
    def test_a_place_outside_is_an_index_error(self, streamed, index):
        with pytest.raises(IndexError, match="there are 120"):
            streamed.train.images[torch.tensor([3, index])]

    def test_another_process_opens_the_file_for_itself(self, streamed):
        images = streamed.train.images
        first = images[torch.tensor([0])]
        child = os.fork()
        if child == 0:
            os._exit(0 if torch.equal(images[torch.tensor([0])], first) and images._process == os.getpid() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        copy = pickle.loads(pickle.dumps(images))
        assert copy._array is None
        assert torch.equal(copy[torch.tensor([0])], first)

    @pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts Linux's open files")
    def test_the_file_is_closed_when_it_is_asked_for_and_when_nobody_reads_any_more(self, streamed):
        def opened() -> int:
            links = [os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
            return links.count(str(path))

        images, path = streamed.train.images, streamed.train.images.path
        images[torch.tensor([0])]
        assert opened() == 1
        images.close()
        assert opened() == 0
        images.select(torch.tensor([1]))[torch.tensor([0])]
        assert opened() == 0


class TestSource:
    def test_is_streamed_where_it_takes_more_than_an_eighth_of_what_is_left(self, tmp_path, monkeypatch):
        path = write(tmp_path / "toy.h5")
        monkeypatch.setattr("nsdcodec.sources.hdf5.resident_bytes", lambda: 1000)
        nbytes = 160 * IMAGES[0].nbytes
        for memory, kind in ((1000 + 8 * nbytes, torch.Tensor), (1000 + 8 * nbytes - 1, Streamed)):
            assert isinstance(load(str(path), memory=memory).train.images, kind)
        monkeypatch.setattr("nsdcodec.sources.hdf5.free_memory", lambda device: 8 * nbytes - 1)
        assert isinstance(load(str(path)).train.images, Streamed)

    def test_has_the_digests_and_normalization_of_the_held_one(self, held, streamed, monkeypatch):
        monkeypatch.setattr(streamed_module, "PART_BYTES", 7 * IMAGES[0].nbytes)
        for a, b in ((held, streamed), (held.hold_out(3, 1)[0], streamed.hold_out(3, 1)[0])):
            assert (a.sha256, a.test_sha256, a.normalization) == (b.sha256, b.test_sha256, b.normalization)
        assert held.sha256 != held.hold_out(3, 1)[0].sha256

    def test_digest_and_normalization_take_one_pass(self, streamed, monkeypatch):
        passes = []
        whole = Streamed.chunks
        monkeypatch.setattr(Streamed, "chunks", lambda images: passes.append(1) or whole(images))
        _ = streamed.normalization, streamed.sha256
        assert len(passes) == 1

    def test_holds_out_without_reading(self, held, streamed, monkeypatch):
        rest, out = streamed.hold_out(3, 1)
        wanted = [split.images for split in (held.hold_out(3, 1)[0].train, held.hold_out(3, 1)[1])]
        assert isinstance(rest.train.images, Streamed)
        for found, images in zip((rest.train, out), wanted, strict=True):
            assert torch.equal(found.held().images, images)

    @pytest.mark.parametrize(
        ("images", "labels"),
        [
            (IMAGES.astype(np.float32), LABELS),
            (IMAGES[:, 0, 0], LABELS),
            (IMAGES, LABELS[:100]),
            (IMAGES, LABELS.astype(np.float32)),
            (IMAGES, LABELS + 1),
            (IMAGES[:0], LABELS[:0]),
        ],
    )
    def test_what_cannot_be_distilled_is_refused_as_if_held(self, tmp_path, images, labels):
        path = write(tmp_path / "bad.h5", images, labels)
        said = []
        for memory in (None, 1):
            with pytest.raises(InvalidSource) as refused:
                load(str(path), memory=memory)
            said.append(str(refused.value))
        assert said[0] == said[1]

    @pytest.mark.parametrize("what", ["replaced", "truncated", "gone"])
    @pytest.mark.parametrize("opened", [False, True])
    def test_one_that_changes_while_it_is_used_is_refused(self, tmp_path, what, opened):
        path = write(tmp_path / "toy.h5")
        images = load(str(path), memory=1).train.images
        if opened:
            images[torch.tensor([0])]
        if what == "replaced":
            os.replace(write(tmp_path / "other.h5", IMAGES[::-1]), path)
        elif what == "truncated":
            os.truncate(path, path.stat().st_size // 2)
        else:
            path.unlink()
        with pytest.raises(InvalidSource, match=r"toy\.h5: (changed while|cannot be read any more)"):
            images[torch.arange(100)]


class TestUse:
    @pytest.mark.parametrize(
        ("form", "objective", "pairs"),
        [
            ("nsd", "dm", ("objective.real_per_class=4", "objective.pool=2", "objective.pool_batch=16")),
            ("fred", "dc", ("objective.real_per_class=4",)),
            ("pixel", "none", ("parameterization.init=herding", "coreset.epochs=1")),
            ("pixel", "none", ("parameterization.init=forgetting", "coreset.epochs=2")),
            (
                "nsd",
                "mtt",
                (*MTT, "guidance.weight=0.1", "guidance.real_batch=8"),
            ),
        ],
        ids=["dm", "fred", "herding", "forgetting", "mtt"],
    )
    def test_a_file_is_the_same_bytes_as_of_the_held_source(self, held, streamed, tmp_path, form, objective, pairs):
        written = []
        for name, source in (("held", held), ("streamed", streamed)):
            fitted = for_geometry(recipe("cpu"), source.geometry, source.augmentation).with_names(form, objective)
            settings = fitted.with_values([*TINY, "iterations=2", *pairs])
            task = Task(source, settings, Budget.of(source.geometry, 3), recipe_name="cpu")
            encode(task, Output(tmp_path / f"{name}.nsd"), experts_folder=tmp_path / name)
            written.append((tmp_path / f"{name}.nsd").read_bytes())
        assert written[0] == written[1]

    def test_evaluation_and_robustness_find_the_same(self, held, streamed, tmp_path):
        from nsdcodec.evaluation.robustness import robustness

        fitted = for_geometry(recipe("cpu"), held.geometry, held.augmentation).with_names("pixel", "none")
        encode(Task(held, fitted.with_values(list(TINY)), Budget.of(held.geometry, 3)), Output(tmp_path / "a.nsd"))
        dataset = NSDDataset(tmp_path / "a.nsd")
        short = replace(dataset.recipe, epochs=3)
        found = [evaluate(dataset, one, 1, recipe=short, keep_networks=True) for one in (held, streamed)]
        assert found[0] == found[1]
        bounded = evaluate(dataset, streamed, 1, Compute(memory=resident_bytes() + (1 << 30)), recipe=short)
        assert bounded.accuracies == found[0].accuracies
        tables = [robustness(found[:1], one, severities=[3]) for one in (held, streamed)]
        assert tables[0] == tables[1]

    def test_the_images_that_are_analysed_are_the_same(self, held, streamed):
        assert torch.equal(analysis.class_images(streamed, "bee", 9), analysis.class_images(held, "bee", 9))


class TestRealData:
    @pytest.mark.parametrize("most_bytes", [0, 10**9])
    def test_everything_is_the_normalised_images_whether_kept_or_not(self, held, streamed, most_bytes):
        wanted = normalize(held.train.images, held.normalization)
        for source in (held, streamed):
            images = normalized(source.train, source.normalization, CPU, most_bytes)
            assert isinstance(images, Normalized if most_bytes == 0 else torch.Tensor)
            assert torch.equal(images[torch.tensor([4, 2, 4])], wanted[[4, 2, 4]])
            assert torch.equal(images[100:130], wanted[100:130])
            assert torch.equal(images[:], wanted)
            real = RealData(source.train, 4, source.normalization, CPU, most_bytes)
            everything, labels = real.take(torch.arange(len(real)))
            assert torch.equal(everything, wanted)
            assert torch.equal(labels, held.train.labels)

    def test_a_network_learns_the_same_of_images_that_are_not_kept(self, held, streamed):
        weights, accuracies = [], []
        for source, most_bytes in ((held, 10**9), (streamed, 0)):
            real = RealData(source.train, 4, source.normalization, CPU, most_bytes)
            network = networks.build(NetworkSpec(depth=1, width=4), source.geometry, 1)
            training.train_on([network], real, TrainingRecipe(epochs=2, batch_size=32), [seeded(1)])
            weights.append(networks.flatten(network))
            images = normalized(source.train, source.normalization, CPU, most_bytes)
            accuracies.append(training.accuracy(network, images, source.train.labels))
        assert torch.equal(*weights)
        assert accuracies[0] == accuracies[1]

    def test_batches_are_the_same(self, held, streamed):
        real = [RealData(source.train, 4, held.normalization, CPU, 0) for source in (held, streamed)]
        for draw in (
            lambda one: one.batch(7, seeded(1))[0],
            lambda one: one.of_class(2),
            lambda one: one.of_labels(torch.tensor([0, 3, 3]), seeded(1)),
            lambda one: one.take(one.places_per_class(3, seeded(1)).view(-1))[0],
        ):
            assert torch.equal(draw(real[0]), draw(real[1]))


def test_a_source_with_other_labels_is_another_source(streamed):
    changed = replace(streamed, train=replace(streamed.train, labels=streamed.train.labels.flip(0)))
    assert changed.sha256 != streamed.sha256

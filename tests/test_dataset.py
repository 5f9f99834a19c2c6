"""NSDDataset as a PyTorch user meets it: against the einsum reference, through loaders, pickles and transforms."""

from __future__ import annotations

import io
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import references
import torch
from builders import LAYOUTS, arrays_for, file_of, floats, header_for
from torch.utils.data import DataLoader

from nsdcodec import NSDDataset
from nsdcodec.data.collation import Sample, Samples, collate_whole
from nsdcodec.errors import FileAccess, MalformedFile
from nsdcodec.format.container.file import pack, read
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import ArraySpec, Layout, Synthesis
from nsdcodec.format.recipe import Normalization, TrainingRecipe

NAME = "product, own kernels"
WANTED = references.images(LAYOUTS[NAME], arrays_for(LAYOUTS[NAME]))
LABELS = [n * 3 // 30 for n in range(30)]


@pytest.fixture
def ds():
    return NSDDataset(file_of(NAME))


def close(images, wanted):
    np.testing.assert_allclose(np.asarray(images), wanted, rtol=0, atol=1e-5 * np.abs(WANTED).max())


def test_length_and_items_are_those_of_the_reference(ds):
    assert len(ds) == 30
    for n in range(30):
        image, label = ds[n]
        assert image.dtype == torch.float32
        assert image.shape == (2, 4, 8)
        assert type(label) is int
        assert label == LABELS[n]
        close(image, WANTED[n])


def test_a_negative_index_counts_from_the_end(ds):
    close(ds[-1][0], WANTED[29])
    close(ds[-30][0], WANTED[0])
    assert ds[np.int64(-1)][1] == LABELS[29]


@pytest.mark.parametrize("index", [30, -31, 1 << 40])
def test_an_index_outside_is_an_index_error(ds, index):
    with pytest.raises(IndexError, match="30 images"):
        ds[index]
    with pytest.raises(IndexError, match="30 images"):
        ds.__getitems__([0, index])


def test_a_loop_without_a_loader_ends(ds):
    assert [label for _, label in ds] == LABELS


@pytest.mark.parametrize("index", [1.0, "1", slice(2), None])
def test_what_is_no_integer_is_a_type_error(ds, index):
    with pytest.raises(TypeError):
        ds[index]


def test_a_batch_is_its_single_items(ds):
    order = [29, 3, 3, -2, 0]
    for (image, label), n in zip(ds.__getitems__(order), order, strict=True):
        close(image, WANTED[n])
        assert label == LABELS[n]
    images, labels = ds.batch(torch.tensor(order))
    close(images, WANTED[order])
    assert labels.dtype == torch.int64
    assert labels.tolist() == [LABELS[n] for n in order]
    assert list(ds.__getitems__([])) == []


def test_all_is_every_image_and_a_copy_of_the_labels(ds):
    images, labels = ds.all()
    close(images, WANTED)
    assert labels.tolist() == LABELS
    labels[0] = 2
    assert ds[0][1] == 0


@pytest.mark.parametrize("name", ["mask a spectrum", "halves"])
def test_stored_labels_are_the_labels(name):
    wanted = arrays_for(LAYOUTS[name])["labels"].tolist()
    assert NSDDataset(file_of(name)).all()[1].tolist() == wanted


def test_soft_labels_are_the_softmax_of_the_stored_scores():
    ds = NSDDataset(file_of("soft labels"))
    scores = arrays_for(LAYOUTS["soft labels"])["labels"].astype(np.float64)
    wanted = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ds.all()[1].numpy(), wanted, atol=1e-6)
    np.testing.assert_allclose(ds[3][1].numpy(), wanted[3], atol=1e-6)
    assert ds.hard_labels.tolist() == scores.argmax(axis=1).tolist()
    images, labels = next(iter(DataLoader(ds, batch_size=8)))
    assert labels.shape == (8, 3)
    loss = torch.nn.functional.cross_entropy(images.flatten(1)[:, :3], labels)
    picked = images.flatten(1)[:, :3].double().log_softmax(dim=1).numpy()
    assert loss.item() == pytest.approx(-(picked * wanted).sum(axis=1).mean(), rel=1e-5)


def test_hard_labels_are_the_largest_scores_though_their_softmax_be_equal():
    layout = Layout(
        Geometry(2, 1, 1, 1), Synthesis(), {"spectrum": floats(1, 2, 1, 1, 1), "labels": floats(2, 2)}, "soft"
    )
    scores = np.array([[1e-9, 2e-9], [5.0, 5.0]], np.float32)
    ds = NSDDataset(pack(header_for(layout), {"spectrum": np.zeros((1, 2, 1, 1, 1)), "labels": scores}))
    assert ds.hard_labels.tolist() == [1, 0]


def test_hard_labels_of_a_set_without_soft_ones_are_its_labels(ds):
    assert ds.hard_labels.tolist() == LABELS


@pytest.mark.parametrize("part", ["whole", "subset", "renumbered", "joined"])
@pytest.mark.parametrize("name", ["soft labels", "mask a spectrum"])
def test_what_is_done_in_place_to_what_it_gives_is_not_done_to_the_set(name, part):
    ds = NSDDataset(file_of(name))
    chosen = torch.tensor([1, 0, 3])
    made = {
        "whole": lambda: ds,
        "subset": lambda: ds.subset(chosen),
        "renumbered": lambda: ds.of_classes([2, 0], renumber=True),
        "joined": lambda: ds + ds,
    }[part]()
    images, labels = made.all()
    hard, targets = made.hard_labels, made.targets
    for given in (made.labels, made.hard_labels, made.all()[0], made.all()[1], *next(iter(made.loader(2)))):
        given.add_(10)
    made.targets.append(4)
    made.class_to_idx["horse"] = 0
    if part in ("subset", "renumbered"):
        made.index.zero_()
        chosen.zero_()
    with pytest.raises(AttributeError):
        made.labels += 10
    for before, after in zip((images, labels, hard), (*made.all(), made.hard_labels), strict=True):
        torch.testing.assert_close(after, before, rtol=0, atol=0)
    assert made.targets == targets == hard.tolist()
    assert "horse" not in made.class_to_idx


def test_it_has_the_names_that_torchvision_gives_to_labels_and_classes():
    ds = NSDDataset(file_of("mask a spectrum", classes=("cat", "ape", "bee")))
    assert ds.targets == arrays_for(LAYOUTS["mask a spectrum"])["labels"].tolist()
    assert type(ds.targets[0]) is int
    assert ds.class_to_idx == {"cat": 0, "ape": 1, "bee": 2}
    assert ds.of_classes(["bee", "cat"], renumber=True).class_to_idx == {"bee": 0, "cat": 1}
    soft = NSDDataset(file_of("soft labels"))
    assert soft.targets == soft.labels.argmax(dim=1).tolist()


def test_a_loader_in_this_process_serves_the_set_once(ds):
    images, labels = zip(*DataLoader(ds, batch_size=8), strict=True)
    assert [len(batch) for batch in images] == [8, 8, 8, 6]
    close(torch.cat(images), WANTED)
    assert torch.cat(labels).tolist() == LABELS


@pytest.mark.parametrize("soft", [False, True], ids=["classes", "soft"])
def test_a_loader_serves_the_same_batches_where_pytorch_takes_none_whole(monkeypatch, soft):
    ds, taken_apart, of = NSDDataset(file_of("soft labels" if soft else NAME)), [], Samples.__getitem__
    monkeypatch.setattr(Samples, "__getitem__", lambda self, index: taken_apart.append(index) or of(self, index))
    assert collate_whole()
    whole = list(DataLoader(ds, batch_size=8))
    # Its first sample is looked at, for its type.
    assert taken_apart == [0] * len(whole)
    # As if the private module were gone, and nothing registered in it.
    monkeypatch.delitem(sys.modules["torch.utils.data._utils.collate"].default_collate_fn_map, Sample)
    monkeypatch.setitem(sys.modules, "torch.utils.data._utils.collate", None)
    assert not collate_whole()
    apart = list(DataLoader(ds, batch_size=8))
    assert len(taken_apart) > len(ds)
    assert len(apart) == len(whole)
    for one, other in zip(apart, whole, strict=True):
        assert type(one) is type(other) is list
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_loader_with_workers_serves_the_set_once(ds, start):
    images, labels = zip(*DataLoader(ds, batch_size=8, num_workers=2, multiprocessing_context=start), strict=True)
    close(torch.cat(images), WANTED)
    assert torch.cat(labels).tolist() == LABELS


def test_it_pickles_with_its_transforms(ds):
    ds.target_transform = str
    again = pickle.loads(pickle.dumps(ds))
    close(again.all()[0], WANTED)
    assert again[29][1] == "2"
    assert again.header == ds.header


def test_path_bytes_and_stream_are_the_same_set(tmp_path, ds):
    path = tmp_path / "a.nsd"
    path.write_bytes(file_of(NAME))
    with path.open("rb") as stream:
        for source in (path, str(path), io.BytesIO(file_of(NAME)), stream):
            again = NSDDataset(source)
            torch.testing.assert_close(again.all(), ds.all(), rtol=0, atol=0)


def test_it_reads_the_file_once(tmp_path):
    path = tmp_path / "a.nsd"
    path.write_bytes(file_of(NAME))
    again = NSDDataset(path)
    path.unlink()
    close(again[7][0], WANTED[7])


def test_a_bad_file_is_refused_when_opened(tmp_path):
    with pytest.raises(FileAccess):
        NSDDataset(tmp_path / "absent.nsd")
    with pytest.raises(MalformedFile):
        NSDDataset(file_of(NAME)[:-1])


def test_transforms_are_applied_to_single_images_and_labels():
    ds = NSDDataset(file_of(NAME), transform=lambda image: image.flip(-1), target_transform=lambda label: -label)
    image, label = ds[29]
    close(image, WANTED[29][..., ::-1])
    assert label == -2
    images, labels = next(iter(DataLoader(ds, batch_size=30)))
    close(images, WANTED[..., ::-1])
    assert labels.tolist() == [-label for label in LABELS]


def test_what_training_needs_is_in_the_file():
    recipe = TrainingRecipe(learning_rate=0.034, momentum=0.5, epochs=11, augmentation="none")
    ds = NSDDataset(file_of(NAME, recipe=recipe, classes=("cat", "dog", "été")))
    assert ds.classes == ("cat", "dog", "été")
    assert ds.recipe == recipe
    assert ds.normalization == Normalization((0.5, 0.25), (0.25, 0.5))


def test_pixels_invert_the_normalization():
    layout = Layout(Geometry(2, 2, 16, 8), Synthesis(), {"spectrum": ArraySpec("float32", (1, 2, 2, 16, 8))})
    pixels = np.arange(512).reshape(2, 2, 16, 8) // 2
    mean, std = np.array([0.5, 0.25])[:, None, None], np.array([0.25, 0.5])[:, None, None]
    ds = NSDDataset(pack(header_for(layout), {"spectrum": ((pixels / 255 - mean) / std)[None]}))
    made = ds.to_pixels(ds.all()[0])
    assert made.dtype == torch.uint8
    np.testing.assert_array_equal(made.numpy(), pixels)


def test_exact_pixels_are_rounded_from_float64():
    zoo = Path(__file__).parents[1] / "zoo/cifar10-ipc1-cpu.nsd"
    arrays = {role: values[0].astype(np.float64) for role, values in read(zoo).arrays.items()}
    images = np.einsum("pqrs,pb->bqrs", arrays["spectrum"], arrays["batch_kernel"])
    for axis, role in enumerate(("channel_kernel", "height_kernel", "width_kernel"), 1):
        images = np.moveaxis(np.tensordot(images, arrays[role], (axis, 0)), -1, axis)
    ds = NSDDataset(zoo)
    mean, std = (np.array(values)[:, None, None] for values in (ds.normalization.mean, ds.normalization.std))
    wanted = np.clip(np.rint((images * std + mean) * 255), 0, 255)
    made = ds.exact_pixels(range(len(ds)))
    assert made.dtype == torch.uint8
    np.testing.assert_array_equal(made.numpy(), wanted)
    np.testing.assert_array_equal(ds.exact_pixels([-1, 3]).numpy(), wanted[[-1, 3]])


def test_pixels_outside_the_range_are_clipped(ds):
    far = torch.stack([torch.full((2, 4, 8), 100.0), torch.full((2, 4, 8), -100.0)])
    assert ds.to_pixels(far).flatten(1).unique(dim=1).tolist() == [[255], [0]]


def test_no_gradient_is_recorded(ds):
    assert not ds.all()[0].requires_grad

"""Parts of a set and joined sets, against the einsum reference and plain selection; torch's own Subset and
ConcatDataset over ours."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import references
import torch
from builders import LAYOUTS, arrays_for, file_of, header_for
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset, random_split

from nsdcodec import NSDDataset
from nsdcodec.data.subsets import Joined, Part
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.container.file import pack
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import ArraySpec, Layout, Synthesis
from nsdcodec.format.recipe import Normalization

NAME, STORED, SOFT = "product, own kernels", "mask a spectrum", "soft labels"
PETS = ("cat", "dog", "été")


def set_of(name: str, **changes) -> NSDDataset:
    return NSDDataset(file_of(name, **changes), cache="none")


def wanted(name: str):
    return references.images(LAYOUTS[name], arrays_for(LAYOUTS[name]))


def close(images, expected):
    np.testing.assert_allclose(np.asarray(images), expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def soft_rows():
    scores = arrays_for(LAYOUTS[SOFT])["labels"].astype(np.float64)
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


@pytest.fixture
def ds():
    return set_of(NAME, classes=PETS)


def test_a_subset_is_the_images_at_its_indices_in_their_order(ds):
    index = [29, 3, 3, -30, 12]
    part = ds.subset(index)
    assert len(part) == 5
    images, labels = part.all()
    close(images, wanted(NAME)[[29, 3, 3, 0, 12]])
    assert labels.tolist() == [2, 0, 0, 0, 1]
    close(part[-1][0], wanted(NAME)[12])
    with pytest.raises(IndexError, match="5 images"):
        part[5]
    with pytest.raises(IndexError, match="30 images"):
        ds.subset([30])


@pytest.mark.parametrize("kind", [torch.tensor, np.array, list])
def test_a_subset_by_a_mask_is_where_it_is_true(ds, kind):
    mask = kind([number % 7 == 1 for number in range(30)])
    close(ds.subset(mask).all()[0], wanted(NAME)[1::7])
    with pytest.raises(IndexError, match="30 images"):
        ds.subset(mask[:-1])


def test_an_empty_part_has_no_batch(ds):
    part = ds.subset([])
    assert len(part) == 0
    assert part.all()[0].shape == (0, 2, 4, 8)
    assert list(part.loader(4)) == []


def test_classes_are_chosen_by_name_or_number_and_keep_their_numbers():
    labels = arrays_for(LAYOUTS[STORED])["labels"]
    part = set_of(STORED, classes=PETS).of_classes(["été", 0])
    kept = np.isin(labels, [0, 2])
    assert 0 < kept.sum() < len(labels)
    images, found = part.all()
    close(images, wanted(STORED)[kept])
    assert found.tolist() == labels[kept].tolist()
    assert part.classes == PETS
    assert part.class_numbers == (2, 0)
    assert part.class_names == ("été", "cat")


def test_renumbered_classes_are_those_given_in_their_order():
    labels = arrays_for(LAYOUTS[STORED])["labels"].tolist()
    part = set_of(STORED, classes=PETS).of_classes(["été", 0], renumber=True)
    assert part.classes == ("été", "cat")
    assert part.labels.tolist() == [{2: 0, 0: 1}[label] for label in labels if label != 1]
    assert part.hard_labels.tolist() == part.labels.tolist()
    again = part.of_classes(["cat"], renumber=True)
    assert again.classes == ("cat",)
    close(again.all()[0], wanted(STORED)[np.array(labels) == 0])


def test_soft_labels_are_chosen_by_the_likeliest_class_and_renormalised():
    rows = soft_rows()
    kept = rows.argmax(axis=1) != 1
    assert 0 < kept.sum() < len(rows)
    part = set_of(SOFT, classes=PETS).of_classes([2, 0])
    np.testing.assert_allclose(part.labels, rows[kept], atol=1e-6)
    renumbered = set_of(SOFT, classes=PETS).of_classes([2, 0], renumber=True)
    chosen = rows[kept][:, [2, 0]]
    np.testing.assert_allclose(renumbered.labels, chosen / chosen.sum(axis=1, keepdims=True), atol=1e-6)
    assert renumbered.hard_labels.tolist() == chosen.argmax(axis=1).tolist()


def test_classes_that_are_not_there_are_refused(ds):
    with pytest.raises(UnknownName, match="unknown class 'cta': did you mean 'cat'"):
        ds.of_classes(["cta"])
    for classes, message in (([3], "0 to the last"), ([-1], "class -1"), (["cat", 0], "each once"), ([], "at least")):
        with pytest.raises(InvalidSetting, match=message):
            ds.of_classes(classes)


@pytest.mark.parametrize(("tasks", "sizes"), [(1, [10]), (3, [4, 3, 3]), (5, [2] * 5), (10, [1] * 10)])
def test_tasks_have_each_class_once_as_evenly_as_can_be(tasks, sizes):
    layout = Layout(Geometry(10, 1, 2, 2), Synthesis(), {"spectrum": ArraySpec("float32", (1, 20, 1, 2, 2))})
    ds = NSDDataset(pack(header_for(layout), arrays_for(layout)))
    parts = ds.class_splits(tasks)
    assert [part.labels.unique().numel() for part in parts] == sizes
    assert [number for part in parts for number in part.class_numbers] == list(range(10))
    assert torch.equal(torch.cat([part.all()[0] for part in parts]), ds.all()[0])
    drawn = [ds.class_splits(tasks, seed=seed) for seed in (3, 3, 4)]
    orders = [[number for part in parts for number in part.class_numbers] for parts in drawn]
    assert sorted(orders[0]) == list(range(10))
    assert orders[0] == orders[1] != orders[2]
    for part in drawn[0]:
        assert set(part.labels.tolist()) == set(part.class_numbers)


def test_a_set_says_what_it_is(ds):
    whole = repr(set_of(STORED, classes=PETS))
    count = len(arrays_for(LAYOUTS[STORED])["labels"])
    assert whole.startswith(f"NSDDataset({count} images of ")
    assert "3 classes ('cat', 'dog', 'été')" in whole
    part = set_of(STORED, classes=PETS).of_classes(["été"])
    assert repr(part) == f"Part({len(part)} of {count} images, 1 class ('été'), of {whole})"
    assert repr(Joined([part, part])) == f"Joined({part!r}, {part!r})"


@pytest.mark.parametrize("tasks", [0, 4, -1])
def test_more_tasks_than_classes_are_refused(ds, tasks):
    with pytest.raises(InvalidSetting, match="there must be 1 to 3"):
        ds.class_splits(tasks)


def test_a_part_has_recipe_normalisation_and_transforms_of_its_set():
    ds = NSDDataset(file_of(NAME), transform=lambda image: image + 1, target_transform=str)
    part = ds.subset([5]).of_classes([0])
    assert (part.recipe, part.normalization, part.image_shape) == (ds.recipe, ds.normalization, (2, 4, 8))
    image, label = part[0]
    close(image, wanted(NAME)[5] + 1)
    assert label == "0"
    close(part.batch([0])[0][0], wanted(NAME)[5])


@pytest.mark.parametrize("cache", ["none", "auto"])
def test_a_part_is_loaded_in_an_order_that_goes_on(cache):
    part = NSDDataset(file_of(NAME), cache=cache).of_classes([0, 2])
    expected = wanted(NAME)[[*range(10), *range(20, 30)]]
    whole = [images for images, _ in part.loader(6, seed=1)]
    seen = torch.cat(whole).numpy()
    close(seen[seen[:, 0, 0, 0].argsort()], expected[expected[:, 0, 0, 0].argsort()])
    assert not np.allclose(seen, expected)
    other = part.loader(6, seed=1)
    for images, _ in other:
        assert torch.equal(images, whole[0])
        state = other.state_dict()
        break
    resumed = part.loader(6, seed=1)
    resumed.load_state_dict(state)
    assert all(torch.equal(*pair) for pair in zip([images for images, _ in resumed], whole[1:], strict=True))
    shares = [torch.cat([labels for _, labels in part.loader(5, rank=rank, world_size=2)]) for rank in range(2)]
    assert torch.cat(shares).sort().values.tolist() == [0] * 10 + [2] * 10


def test_parts_share_the_cache_of_their_set():
    ds = NSDDataset(file_of(NAME), cache="float32")
    first, second = ds.of_classes([0]), ds.of_classes([1])
    first.prepare(torch.device("cpu"))
    ds._decoder = None  # type: ignore[method-assign,assignment]
    with pytest.raises(TypeError):
        ds.prepare(torch.device("cpu"))
    ds._decoder = lambda device: None  # type: ignore[method-assign,assignment,return-value]
    close(second.all()[0], wanted(NAME)[10:20])


def test_parts_and_joined_sets_pickle_and_are_served_by_workers(ds):
    joined = ds.of_classes([1]) + ds.subset([0])
    again = pickle.loads(pickle.dumps(joined))
    for found in (again.all()[0], torch.cat([images for images, _ in DataLoader(joined, 4, num_workers=1)])):
        close(found, wanted(NAME)[[*range(10, 20), 0]])


def test_joined_sets_follow_one_another():
    first, second = set_of(NAME), set_of(STORED)
    joined = first + second
    assert isinstance(joined, Joined)
    everything = np.concatenate([wanted(NAME), wanted(STORED)])
    images, labels = joined.all()
    close(images, everything)
    assert labels.tolist() == first.labels.tolist() + arrays_for(LAYOUTS[STORED])["labels"].tolist()
    order = [35, 0, 30, 29, 35, 7]
    close(joined.batch(order)[0], everything[order])
    assert len(joined) == 36
    assert joined.recipe == first.recipe
    close(joined[-1][0], everything[35])
    close((joined + first).batch([36, 35])[0], everything[[0, 35]])
    assert isinstance(joined.of_classes([1]), Part)
    loader = joined.loader(7, seed=4)
    order = loader.order.epoch(0)
    assert order.sort().values.tolist() == list(range(36)) != order.tolist()
    close(torch.cat([images for images, _ in loader]), everything[order])


def test_classes_are_merged_by_name_where_that_is_asked_for():
    first, second = set_of(NAME, classes=("a", "b", "c")), set_of(STORED, classes=("c", "d", "a"))
    with pytest.raises(InvalidSetting, match=r"set 1 has the classes c, d, a, set 0 a, b, c; .*merge_classes=True"):
        first + second
    joined = Joined([first, second], merge_classes=True)
    assert joined.classes == ("a", "b", "c", "d")
    names = [joined.classes[label] for label in joined.labels]
    assert names[:30] == [first.classes[label] for label in first.labels]
    assert names[30:] == [second.classes[label] for label in second.labels]


def test_sets_with_the_same_classes_in_another_order_are_joined_by_name():
    """As in torchxrayvision#130, where sets are merged: labels, and columns of soft labels, go by the class names."""
    first, second = set_of(NAME, classes=("a", "b", "c")), set_of(SOFT, classes=("c", "a", "b"))
    joined = first + second
    assert joined.classes == ("a", "b", "c")
    np.testing.assert_allclose(joined.labels[30:], soft_rows()[:, [1, 2, 0]], atol=1e-6)
    assert [joined.classes[label] for label in joined.hard_labels[30:]] == [
        second.classes[label] for label in second.hard_labels
    ]
    numbered = set_of(STORED, classes=("0", "1", "2"))  # which names nothing
    assert (first + numbered).labels[30:].tolist() == numbered.labels.tolist()


def test_hard_labels_beside_soft_ones_become_distributions():
    first, second = set_of(NAME, classes=("a", "b", "c")), set_of(SOFT, classes=("c", "d", "a"))
    joined = Joined([first, second], merge_classes=True)
    assert joined.labels.dtype == torch.float32
    np.testing.assert_array_equal(joined.labels[:30], np.eye(4)[first.labels])
    expected = np.zeros((8, 4))
    for old, new in enumerate((2, 3, 0)):
        expected[:, new] = soft_rows()[:, old]
    np.testing.assert_allclose(joined.labels[30:], expected, atol=1e-6)
    assert joined.hard_labels.tolist() == joined.labels.argmax(dim=1).tolist()


def test_sets_that_differ_are_not_joined():
    ds = set_of(NAME)
    layout = Layout(Geometry(3, 2, 4, 4), Synthesis(), {"spectrum": ArraySpec("float32", (1, 3, 2, 4, 4))})
    narrow = NSDDataset(pack(header_for(layout), arrays_for(layout)))
    other_units = set_of(STORED, normalization=Normalization((0.5, 0.25), (0.25, 0.4)))
    turned = NSDDataset(file_of(STORED), transform=torch.t)
    for other, difference in (
        (narrow, r"image_shape \(2, 4, 4\), set 0 \(2, 4, 8\)"),
        (other_units, "normalization .*0.4"),
        (turned, "transform"),
    ):
        with pytest.raises(InvalidSetting, match=difference):
            Joined([ds, ds, other])
    with pytest.raises(InvalidSetting, match="at least one"):
        Joined([])


def test_torchs_subset_takes_whole_batches(ds, monkeypatch):
    batches = []
    monkeypatch.setattr(
        NSDDataset, "batch", lambda self, index, batch=NSDDataset.batch: batches.append(index) or batch(self, index)
    )
    subset = Subset(ds, [4, 29, 0])
    (batch,) = DataLoader(subset, batch_size=3)
    close(batch[0], wanted(NAME)[[4, 29, 0]])
    assert batch[1].tolist() == [0, 2, 0]
    assert batches == [[4, 29, 0]]
    assert sum(len(part) for part in random_split(ds, [0.5, 0.5])) == 30


def test_torchs_concatdataset_takes_ours_beside_any_other(ds):
    real = TensorDataset(torch.zeros(2, 2, 4, 8), torch.tensor([7, 8]))
    for joined in (ConcatDataset([ds, real]), ds + real):
        assert isinstance(joined, ConcatDataset)
        batches = list(DataLoader(joined, batch_size=16))
        close(torch.cat([images for images, _ in batches])[:30], wanted(NAME))
        assert torch.cat([labels for _, labels in batches]).tolist()[-3:] == [2, 7, 8]

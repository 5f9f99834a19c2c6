"""Transforms of batches in the loader: the augmentation of the file, torchvision v2, MixUp and CutMix, their chance."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from builders import file_of
from contexts import seeded
from torchvision.transforms import v2

from nsdcodec import NSDDataset
from nsdcodec.data.transforms import DSA, Seeded
from nsdcodec.errors import UnknownName
from nsdcodec.format.recipe import TrainingRecipe

NAME, SOFT = "product, own kernels", "soft labels"


@pytest.fixture
def ds():
    return NSDDataset(file_of(NAME, recipe=TrainingRecipe(augmentation="flip")))


def in_order(ds, **options):
    return list(ds.loader(8, shuffle=False, **options))


def test_the_augmentation_is_that_of_the_recipe(ds):
    assert DSA.of(ds) == DSA.of(ds.of_classes([1])) == DSA("flip")
    plain, turned = in_order(ds), in_order(ds, transform=DSA.of(ds))
    mirrored = 0
    for (before, labels), (after, kept) in zip(plain, turned, strict=True):
        assert torch.equal(labels, kept)
        for image, found in zip(before.numpy(), after.numpy(), strict=True):
            is_turned = not np.array_equal(found, image)
            np.testing.assert_array_equal(found, image[:, :, ::-1] if is_turned else image)
            mirrored += is_turned
    assert 5 < mirrored < 25  # of 30, each by one toss


def test_an_unknown_operation_is_refused_when_the_transform_is_made():
    with pytest.raises(UnknownName, match="did you mean 'cutout'"):
        DSA("flip_cutuot")


def test_no_augmentation_leaves_the_images_alone(ds):
    for (plain, _), (same, _) in zip(in_order(ds), in_order(ds, transform=DSA("none")), strict=True):
        assert torch.equal(plain, same)


@pytest.mark.parametrize("transform", [DSA("color_crop_flip"), Seeded(v2.RandomErasing(1.0))])
def test_chance_is_of_the_seed_and_the_place_alone(ds, transform):
    def images(seed=1, **options):
        return [images for images, _ in ds.loader(8, seed=seed, transform=transform, **options)]

    first = images()
    torch.rand(100)  # the global generator has no part in it
    for same in (images(), images(workers=2)):
        assert all(torch.equal(*pair) for pair in zip(first, same, strict=True))
    ordered = dict(shuffle=False)
    assert not all(torch.equal(*pair) for pair in zip(images(**ordered), images(2, **ordered), strict=True))
    loader = ds.loader(8, seed=1, transform=transform)
    next(iter(loader))
    resumed = ds.loader(8, seed=1, transform=transform)
    resumed.load_state_dict(loader.state_dict())
    assert all(torch.equal(*pair) for pair in zip(first[1:], [images for images, _ in resumed], strict=True))
    second = list(resumed)
    assert not all(torch.equal(new, old) for (new, _), old in zip(second, first, strict=True))


def test_a_seeded_transform_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = Seeded(torch.rand_like)(torch.zeros(3), seeded(1))
    with pytest.raises(ZeroDivisionError):
        Seeded(lambda: torch.rand(1) / 0 and 1 / 0)(seeded(1))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert torch.equal(first, torch.rand(3))


def test_transforms_pickle():
    for transform in (DSA("crop"), Seeded(v2.RandomHorizontalFlip())):
        again = pickle.loads(pickle.dumps(transform))
        images = torch.randn(4, 2, 4, 8)
        assert torch.equal(again(images, seeded(3)), transform(images, seeded(3)))


def test_torchvision_transforms_take_whole_batches(ds):
    plain = torch.cat([images for images, _ in in_order(ds)]).numpy()

    def with_transform(transform):
        return torch.cat([images for images, _ in in_order(ds, transform=transform)]).numpy()

    np.testing.assert_array_equal(with_transform(v2.RandomHorizontalFlip(1.0)), plain[..., ::-1])
    mean, std = [1.0, 2.0], [0.5, 4.0]
    expected = (plain - np.array(mean)[:, None, None]) / np.array(std)[:, None, None]
    np.testing.assert_allclose(with_transform(v2.Normalize(mean, std)), expected, rtol=1e-5, atol=1e-5)
    padded = np.pad(plain, ((0, 0), (0, 0), (1, 1), (1, 1)))
    cropped = with_transform(v2.RandomCrop((4, 8), padding=1))
    for start in range(0, 30, 8):  # one place a batch
        places = [(y, x) for y in range(3) for x in range(3)]
        found = [
            np.array_equal(cropped[start : start + 8], padded[start : start + 8, :, y : y + 4, x : x + 8])
            for y, x in places
        ]
        assert sum(found) == 1
    assert with_transform(v2.Compose([v2.Resize(6), v2.CenterCrop(6)])).shape == (30, 2, 6, 6)


def test_mixup_mixes_images_and_labels_by_one_share(ds):
    plain = in_order(ds)
    mixed = in_order(ds, joint_transform=v2.MixUp(num_classes=3), dtype=torch.float64)
    for (images, labels), (found, soft) in zip(plain, mixed, strict=True):
        assert soft.shape == (len(images), 3)
        one_hot = torch.eye(3)[labels]
        # Solve for the share on the images, and see that it is that of the labels.
        difference = (images - images.roll(1, 0)).double()
        share = float(((found - images.roll(1, 0)) * difference).sum() / difference.square().sum())
        assert 0 <= share <= 1
        torch.testing.assert_close(found, images.roll(1, 0) + share * difference, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(soft, share * one_hot + (1 - share) * one_hot.roll(1, 0), rtol=1e-4, atol=1e-5)
        assert found.dtype == torch.float64


@pytest.mark.parametrize("workers", [0, 1])
def test_cutmix_works_on_soft_labels_and_by_workers_after_the_augmentation(workers):
    ds = NSDDataset(file_of(SOFT))
    loader = ds.loader(
        8, transform=torch.zeros_like, joint_transform=Seeded(v2.CutMix(alpha=1.0)), workers=workers, seed=2
    )
    images, labels = next(iter(loader))
    assert not images.any()
    share = [share for share in np.linspace(0, 1, 33) if np.allclose(labels, mix(ds, loader, share), atol=1e-5)]
    assert len(share) == 1  # of 32 pixels


def mix(ds, loader, share):
    labels = ds.labels[loader.order.epoch(0)]
    return share * labels + (1 - share) * labels.roll(1, 0)


def test_a_seeded_joint_transform_gets_the_generator_last(ds):
    class Shuffled:
        seeded = True

        def __call__(self, images, labels, generator):
            order = torch.randperm(len(labels), generator=generator)
            return images[order], labels[order]

    first, second = (list(ds.loader(30, shuffle=False, seed=3, joint_transform=Shuffled())) for _ in range(2))
    assert torch.equal(first[0][1], second[0][1])
    assert first[0][1].tolist() != ds.labels.tolist()
    assert first[0][1].sort().values.tolist() == ds.labels.tolist()

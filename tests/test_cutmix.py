"""CutMix: rectangles of other images, and labels in the shares of the pixels."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from contexts import seeded

from nsdcodec.learning import batches
from nsdcodec.learning.batches import InMemory
from nsdcodec.learning.cutmix import Cut, distributions

CLASSES = 4


def flat_images(n: int, size: int = 12) -> torch.Tensor:
    """Image i has the value i everywhere."""
    return torch.arange(float(n))[:, None, None, None].expand(n, 3, size, size).clone()


def cuts(n: int, count: int) -> list[Cut | None]:
    generator = seeded(3)
    return [Cut.drawn(n, generator) for _ in range(count)]


def test_half_of_the_batches_are_mixed_and_areas_are_uniform_but_where_the_edge_cuts_them():
    drawn = cuts(5, 4000)
    mixed = [cut for cut in drawn if cut]
    assert len(mixed) / len(drawn) == pytest.approx(0.5, abs=0.03)
    for cut in mixed:
        assert 0 <= cut.top <= cut.top + cut.height <= 1
        assert 0 <= cut.left <= cut.left + cut.width <= 1
        assert sorted(cut.others.tolist()) == list(range(5))
    areas = torch.tensor([cut.height * cut.width for cut in mixed])
    # Of a square of area a about a uniform centre, (1 - sqrt(a) / 4)^2 is within the image.
    share = torch.linspace(0, 1, 10_001)
    assert areas.mean().item() == pytest.approx((share * (1 - share.sqrt() / 4) ** 2).mean().item(), abs=0.01)


def test_an_image_has_one_rectangle_of_its_other_and_the_label_says_how_much():
    images, labels = flat_images(6), F.one_hot(torch.tensor([0, 1, 2, 3, 0, 1]), CLASSES).float()
    checked = 0
    for cut in filter(None, cuts(6, 60)):
        mixed, theirs = cut.applied(images, labels)
        assert torch.equal(images, flat_images(6))  # as they were
        for i, other in enumerate(cut.others.tolist()):
            given = mixed[i] != i
            share = 0.0 if other == i else given.float().mean().item()
            assert set(mixed[i][given].tolist()) <= {float(other)}
            rows, columns = given[0].any(dim=1).sum().item(), given[0].any(dim=0).sum().item()
            assert given.sum().item() == 3 * rows * columns
            wanted = (1 - share) * labels[i] + share * labels[other]
            torch.testing.assert_close(theirs[i], wanted if other != i else labels[i])
            checked += 0 < share < 1
    assert checked > 50


def test_labels_are_distributions_soft_ones_as_they_are():
    soft = torch.rand(2, 3, CLASSES)
    assert distributions(soft, CLASSES) is soft
    assert distributions(torch.tensor([[1, 3]]), CLASSES).tolist() == [[[0, 1, 0, 0], [0, 0, 0, 1]]]


@pytest.mark.parametrize("strategy", ["none", "color_crop_cutout_flip_scale_rotate"])
def test_networks_at_once_have_the_batches_that_each_would_have_alone(strategy):
    examples = InMemory(torch.rand(83, 3, 8, 8, generator=seeded(1)), torch.arange(83) % CLASSES)
    alone = [list(batches.epoch(examples, 5, strategy, [seeded(seed)], CLASSES)) for seed in (4, 5)]
    together = list(batches.epoch(examples, 5, strategy, [seeded(4), seeded(5)], CLASSES))
    mixed = 0
    for (images, labels), *own in zip(together, *alone, strict=True):
        torch.testing.assert_close(images, torch.cat([some for some, _ in own], dim=1))
        torch.testing.assert_close(labels, torch.cat([theirs for _, theirs in own]))
        torch.testing.assert_close(labels.sum(dim=-1), torch.ones(2, labels.shape[1]))
        mixed += int((labels.max(dim=-1).values < 1).any())
    assert mixed > 2


def test_without_it_an_epoch_is_what_it_was():
    examples = InMemory(torch.rand(9, 3, 8, 8, generator=seeded(1)), torch.arange(9) % CLASSES)
    generator, other = seeded(2), seeded(2)
    for images, labels in batches.epoch(examples, 4, "none", [generator]):
        assert not labels.is_floating_point()
        assert len(images) in (1, 4)
    order = torch.randperm(9, generator=other)
    assert torch.equal(torch.rand(3, generator=generator), torch.rand(3, generator=other))
    assert len(order) == 9

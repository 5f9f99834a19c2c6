"""Training and testing a network: the schedule seen from outside, accuracy by hand, reproducibility."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from contexts import CPU, TINY, real_data, seeded, toy_source
from torch import Tensor, nn

from nsdcodec.data import augmentation
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import TrainingRecipe
from nsdcodec.learning.batches import InMemory
from nsdcodec.learning.compute import Compute, pick_device, pick_precision
from nsdcodec.learning.networks import build, flatten
from nsdcodec.learning.training import accuracy, train, train_on
from nsdcodec.system import instructions

TOY = Geometry(3, 1, 8, 8)
PLAIN = TrainingRecipe(0.05, 0.9, 0.0, 8, 6, "none", TINY)


def everything(source) -> tuple[Tensor, Tensor]:
    real = real_data(source)
    return real.take(torch.arange(len(real)))


def rates_seen(epochs: int, decay_at_half: bool = True, batches: int = 2) -> list[float]:
    """The rate of every step, told by a model whose gradient is the same at every step: steps are rate x gradient."""

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
            self.places: list[float] = []

        def forward(self, images: Tensor) -> Tensor:
            self.places.append(float(self.weight.detach()))
            # Cross-entropy's gradient at two equal logits is -1/2 and 1/2, whatever the weight.
            step = self.weight - self.weight.detach()
            return torch.stack([step, -step], dim=1).expand(len(images), 2)

    model = Constant()
    recipe = TrainingRecipe(1.0, 0.0, 0.0, 3, epochs, "none", TINY)
    count = 3 * batches
    examples = InMemory(torch.zeros(count, 1), torch.zeros(count, dtype=torch.int64))
    train_on([model], examples, recipe, [seeded(0)], decay_at_half=decay_at_half)
    return np.diff([*model.places, float(model.weight.detach())]).tolist()


def test_training_separates_an_easy_set():
    source = toy_source(TOY)
    images, labels = everything(source)
    network = build(TINY, TOY, 0)
    untrained = accuracy(network, images, labels)
    train(network, images, labels, PLAIN, seeded(1))
    assert accuracy(network, images, labels) == 1.0 > untrained


@pytest.mark.parametrize(("epochs", "full"), [(1, 1), (2, 1), (3, 2), (4, 2), (10, 5)])
def test_the_rate_falls_to_a_tenth_once_half_of_the_epochs_are_done(epochs, full):
    np.testing.assert_allclose(rates_seen(epochs), [1.0] * 2 * full + [0.1] * 2 * (epochs - full))


def test_the_rate_stays_where_it_is_told_to():
    np.testing.assert_allclose(rates_seen(4, decay_at_half=False), [1.0] * 8)


def test_one_epoch_is_sgd_with_momentum_and_weight_decay_over_every_image_once():
    images, labels = everything(toy_source(TOY, train=3))
    recipe = TrainingRecipe(0.05, 0.9, 0.1, 4, 1, "none", TINY)
    network, reference = build(TINY, TOY, 0), build(TINY, TOY, 0)
    train(network, images, labels, recipe, seeded(7))
    order = torch.randperm(9, generator=seeded(7))
    velocity = [torch.zeros_like(weight) for weight in reference.parameters()]
    for index in (order[:4], order[4:8], order[8:]):
        logits = reference(images[index])
        loss = -logits.log_softmax(dim=1)[range(len(index)), labels[index]].mean()
        gradients = torch.autograd.grad(loss, list(reference.parameters()))
        with torch.no_grad():
            for weight, gradient, speed in zip(reference.parameters(), gradients, velocity, strict=True):
                speed.mul_(0.9).add_(gradient + 0.1 * weight)
                weight.sub_(0.05 * speed)
    torch.testing.assert_close(flatten(network), flatten(reference))


def test_every_batch_is_augmented_by_an_operation_of_the_recipe():
    class Watching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))
            self.batches: list[Tensor] = []

        def forward(self, images: Tensor) -> Tensor:
            self.batches.append(images)
            return images.flatten(1)[:, :3] * self.weight

    images = torch.randn(12, 1, 8, 8, generator=seeded(1))
    model = Watching()
    train(model, images, torch.arange(12) % 3, TrainingRecipe(0.1, 0.0, 0.0, 6, 3, "flip", TINY), seeded(2))
    both = {image.numpy().tobytes(): False for image in images} | {
        image.flip(2).numpy().tobytes(): True for image in images
    }
    mirrored = [both[image.numpy().tobytes()] for batch in model.batches for image in batch]
    assert len(mirrored) == 3 * 12
    assert 9 <= sum(mirrored) <= 27


def test_training_is_the_same_for_the_same_generator_and_differs_for_another():
    images, labels = everything(toy_source(TOY))
    recipe = TrainingRecipe(0.05, 0.9, 0.0, 8, 2, "color_crop_cutout_flip_scale_rotate", TINY)
    results = []
    for seed in (1, 1, 2):
        network = build(TINY, TOY, 0)
        train(network, images, labels, recipe, seeded(seed))
        results.append(flatten(network))
    assert torch.equal(results[0], results[1])
    assert not torch.allclose(results[0], results[2])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_one_network_learns_bit_for_bit_as_in_a_plain_loop_from_floats_or_from_bytes(precision):
    real = real_data(toy_source(TOY))
    images, labels = real.take(torch.arange(len(real)))
    recipe = TrainingRecipe(0.05, 0.9, 5e-4, 8, 3, "color_crop_cutout_flip_scale_rotate", TINY)
    reference, from_floats, from_bytes = (build(TINY, TOY, 0) for _ in range(3))
    compute = Compute(precision=precision)
    train(from_floats, images, labels, recipe, seeded(3), compute)
    train_on([from_bytes], real, recipe, [seeded(3)], compute)
    generator = seeded(3)
    optimizer = torch.optim.SGD(reference.parameters(), 0.05, 0.9, weight_decay=5e-4)
    for epoch in range(3):
        optimizer.param_groups[0]["lr"] = 0.05 if epoch < 2 else 0.05 * 0.1
        for index in torch.randperm(len(labels), generator=generator).split(8):
            batch = augmentation.apply(images[index], augmentation.draw(recipe.augmentation, len(index), generator))
            with compute.autocast():
                logits = reference(batch)
            optimizer.zero_grad()
            F.cross_entropy(logits.float(), labels[index]).backward()
            optimizer.step()
    assert torch.equal(flatten(from_floats), flatten(reference))
    assert torch.equal(flatten(from_bytes), flatten(reference))


def test_each_epoch_is_heard_of_once_and_in_order():
    images, labels = everything(toy_source(TOY, train=2))
    heard: list[int] = []
    train_on([build(TINY, TOY, 0)], InMemory(images, labels), PLAIN, [seeded(1)], after_epoch=heard.append)
    assert heard == [0, 1, 2, 3, 4, 5]


def test_accuracy_is_the_share_of_largest_logits_that_are_the_label():
    class Fixed(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images

    logits = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 1.0], [1.0, 0.0, 9.0], [4.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    assert accuracy(Fixed(), logits, torch.tensor([0, 1, 0, 2, 2])) == 3 / 5
    # More than one batch of the test, the last one partly filled.
    many, wanted = logits.repeat(250, 1), torch.tensor([0, 1, 0, 2, 2]).repeat(250)
    wanted[-1] = 0
    assert accuracy(Fixed(), many, wanted) == (250 * 3 - 1) / 1250


def test_bfloat16_rounds_products_and_float32_does_not():
    values = torch.tensor([[1.0, 2**-10]])
    with Compute(precision="bfloat16").autocast():
        assert (values @ values.T).item() == 1.0
        assert (values @ values.T).dtype == torch.bfloat16
    with Compute().autocast():
        assert (values @ values.T).item() == 1 + 2**-20


def test_named_devices_and_precisions_are_taken_as_they_are():
    assert pick_device("cpu") == CPU
    assert [pick_precision(name, CPU) for name in ("float32", "bfloat16")] == ["float32", "bfloat16"]
    assert pick_precision("auto", CPU) == ("bfloat16" if instructions.multiplies_bfloat16() else "float32")
    with pytest.raises(InvalidSetting, match=r"--precision float64: it can be auto, float32, bfloat16"):
        pick_precision("float64", CPU)


@pytest.mark.parametrize("wrong", ["float16", "auto", ""])
def test_an_unknown_precision_is_refused(wrong):
    with pytest.raises(InvalidSetting, match=f"precision is '{wrong}'; it can be float32 or bfloat16"):
        Compute(precision=wrong)


@pytest.mark.parametrize("wrong", [0, -2])
def test_less_than_a_network_at_once_is_refused(wrong):
    with pytest.raises(InvalidSetting, match=f"{wrong} networks together; at least 1 is needed"):
        Compute(networks_at_once=wrong)


def test_how_it_is_computed_is_checked_again_where_it_changes():
    compute = Compute(precision="bfloat16", memory=5, networks_at_once=2)
    assert compute.at_once(7) == replace(compute, images_at_once=7)
    with pytest.raises(InvalidSetting, match="0 networks together"):
        replace(compute, networks_at_once=0)


@pytest.mark.skipif(not instructions.LINUX.exists(), reason="compares with what Linux says")
def test_without_pytorchs_word_on_bfloat16_linux_has_it(monkeypatch, tmp_path):
    told = instructions.multiplies_bfloat16()
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert instructions.multiplies_bfloat16() == told
    for flags, wanted in (("fpu avx512_bf16 sse", True), ("fpu avx512_bf16x sse", False)):
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
        monkeypatch.setattr(instructions, "LINUX", tmp_path / "cpuinfo")
        assert instructions.multiplies_bfloat16() == wanted
    monkeypatch.setattr(instructions, "LINUX", tmp_path / "no such file")
    assert not instructions.multiplies_bfloat16()

"""Networks trained at once: each becomes what it becomes alone, and how many are taken at once."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from contexts import TINY, real_data, seeded, toy_source
from torch import Tensor, nn

from nsdcodec.errors import OutOfMemory
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe
from nsdcodec.learning import networks, stacked
from nsdcodec.learning.base import Network
from nsdcodec.learning.batches import InMemory
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.networks import FIXED, flatten
from nsdcodec.learning.training import accuracy, train, train_on

TOY = Geometry(3, 2, 8, 8)
DSA = "color_crop_cutout_flip_scale_rotate"
RECIPE = TrainingRecipe(0.05, 0.9, 5e-4, 5, 3, DSA, NetworkSpec(depth=2, width=6))


def in_memory(geometry: Geometry, per_class: int = 4, soft: bool = False) -> InMemory:
    """float64, so that what is wrong stands out from rounding."""
    real = real_data(toy_source(geometry, per_class))
    images, labels = real.take(torch.arange(len(real)))
    if soft:
        labels = torch.rand(len(labels), geometry.classes, generator=seeded(8), dtype=torch.float64).softmax(dim=1)
    return InMemory(images.double(), labels)


def built(spec: NetworkSpec, geometry: Geometry, count: int) -> list[Network]:
    return [networks.build(spec, geometry, seed).double() for seed in range(count)]


def check_same(models: list[Network], examples: InMemory, recipe: TrainingRecipe) -> None:
    """Trained at once they have the weights that each has after it was trained alone."""
    alone = copy.deepcopy(models)
    for seed, network in enumerate(alone):
        train(network, examples.images, examples.labels, recipe, seeded(seed))
    train_on(models, examples, recipe, [seeded(seed) for seed in range(len(models))])
    for network, other in zip(models, alone, strict=True):
        torch.testing.assert_close(flatten(network), flatten(other), rtol=1e-10, atol=1e-10)
    assert not torch.allclose(flatten(models[0]), flatten(models[1]))


@pytest.fixture(params=["in turn", "grouped"])
def convolutions(request, monkeypatch) -> None:
    monkeypatch.setitem(stacked.GROUPED_UP_TO, "cpu", 0 if request.param == "in turn" else 10**12)


@pytest.mark.parametrize("soft", [False, True])
def test_each_has_its_own_weights_order_and_augmentation_as_if_alone(soft, convolutions):
    check_same(built(RECIPE.network, TOY, 4), in_memory(TOY, soft=soft), RECIPE)


# The least sizes that each takes, and one step: they are large, and it shows all that a stack is made of.
@pytest.mark.parametrize(("name", "side"), [("resnet18", 9), ("vgg11", 28), ("alexnet", 8)])
def test_every_other_architecture_too(name, side):
    geometry = Geometry(2, 1, side, side)
    recipe = replace(RECIPE, batch_size=2, epochs=1, augmentation="flip")
    check_same(built(FIXED[name], geometry, 2), in_memory(geometry, 1), recipe)


def test_every_network_of_the_registry_can_be_stacked():
    geometry = Geometry(2, 1, 32, 32)
    for name in networks.NETWORKS:
        spec = FIXED.get(name, NetworkSpec())
        assert stacked.at_once(spec, geometry, 4, Compute(networks_at_once=3)) == 3


def test_bfloat16_rounds_a_stack_as_little_as_it_does_one_alone(convolutions):
    """The stack differs from networks alone by less than bfloat16 from float32."""
    real = real_data(toy_source(TOY, 8))
    recipe = replace(RECIPE, epochs=2, learning_rate=0.02)

    def weights(precision: str, together: bool) -> Tensor:
        models = [networks.build(recipe.network, TOY, seed) for seed in range(3)]
        generators = [seeded(seed) for seed in range(3)]
        if together:
            train_on(models, real, recipe, generators, Compute(precision=precision))
        else:
            for model, generator in zip(models, generators, strict=True):
                train_on([model], real, recipe, [generator], Compute(precision=precision))
        return torch.stack([flatten(model) for model in models])

    start = torch.stack([flatten(networks.build(recipe.network, TOY, seed)) for seed in range(3)])
    exact, alone, together = weights("float32", False), weights("bfloat16", False), weights("bfloat16", True)
    moved, rounding = (exact - start).norm(), (alone - exact).norm()
    assert 0 < (together - alone).norm() < 2 * rounding < 0.2 * moved
    assert 0 < (together - exact).norm() < 2 * rounding


def test_the_networks_that_were_stacked_are_trained_and_can_be_tested_alone():
    real = real_data(toy_source(TOY))
    images, labels = real.take(torch.arange(len(real)))
    models = [networks.build(TINY, TOY, seed) for seed in range(2)]
    untrained = [accuracy(model, images, labels) for model in models]
    heard: list[int] = []
    recipe = replace(RECIPE, network=TINY, epochs=6, augmentation="none", batch_size=8)
    train_on(models, real, recipe, [seeded(1), seeded(2)], after_epoch=heard.append)
    assert [accuracy(model, images, labels) for model in models] == [1.0, 1.0]
    assert max(untrained) < 0.7
    assert heard == [0, 1, 2, 3, 4, 5]


class Normed(Network):
    """Batch norm mixes the images, and nobody has stacked it."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(geometry.channels)
        self.classifier = nn.Linear(geometry.channels * geometry.height * geometry.width, geometry.classes)

    def embed(self, images: Tensor) -> Tensor:
        return self.norm(images).flatten(1)


def test_a_network_that_cannot_be_stacked_is_trained_alone(monkeypatch):
    monkeypatch.setitem(networks.NETWORKS, "normed", lambda geometry, spec: Normed(geometry))
    assert stacked.at_once(NetworkSpec("normed"), TOY, 4, Compute(networks_at_once=8)) == 1


def test_how_many_at_once_is_as_asked_or_what_suits_the_device(monkeypatch):
    cuda = Compute(torch.device("cuda"))
    spec = NetworkSpec(depth=1, width=4)
    # Convolution, norm and ReLU 4 x 8 x 8 each, pooled 4 x 4 x 4, logits 3.
    values = 3 * 4 * 64 + 64 + 3
    assert stacked.values_an_image(networks.build(spec, TOY, 0), TOY) == values
    needed = 4 * 3 * 100 * values
    for free, wanted in ((2 * 1000 * needed, 8), (2 * 5 * needed, 5), (2 * 5 * needed - 2, 4), (10, 1)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free: (free, 10**12))
        assert stacked.at_once(spec, TOY, 100, cuda) == wanted
    assert stacked.at_once(spec, TOY, 100, Compute()) == 1
    for compute in (Compute(), cuda):
        assert stacked.at_once(spec, TOY, 100, replace(compute, networks_at_once=20)) == 20


def test_what_has_no_room_on_the_device_is_named_with_the_remedy(monkeypatch):
    def full(*_: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB")

    examples = in_memory(TOY)
    monkeypatch.setattr(torch.Tensor, "backward", full)
    with pytest.raises(OutOfMemory, match=r"train 2 networks at once: CUDA out of memory.*lower --together"):
        train_on(built(TINY, TOY, 2), examples, RECIPE, [seeded(0), seeded(1)])
    with pytest.raises(torch.OutOfMemoryError):
        train_on(built(TINY, TOY, 1), examples, RECIPE, [seeded(0)])

"""The networks of the field: their sizes, their norm, their weights as one vector, their seeds, their names."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from contexts import TINY, seeded
from torch import nn
from torch.func import functional_call

from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning.base import Network
from nsdcodec.learning.networks import FIXED, NETWORKS, MeanPool, build, check, flatten, named, unflatten, widened

CIFAR10 = Geometry(10, 3, 32, 32)
TOY = Geometry(4, 2, 9, 11)


def test_convnet3_of_128_channels_has_the_parameters_that_papers_report():
    network = build(NetworkSpec("convnet", 3, 128), CIFAR10, 0)
    assert sum(weight.numel() for weight in network.parameters()) == 320_010
    by_hand = (3 * 9 + 1) * 128 + 2 * (128 * 9 + 1) * 128 + 3 * 2 * 128 + (128 * 4 * 4 + 1) * 10
    assert by_hand == 320_010


def test_forward_is_convolution_instance_norm_relu_and_mean_pool_then_linear():
    network = build(NetworkSpec("convnet", 2, 5), TOY, 1)
    with torch.no_grad():
        for weight in network.parameters():  # the norm's affine part starts at 1 and 0, which would hide it
            weight.add_(0.3 * torch.randn(weight.shape, generator=seeded(2)))
    images = torch.randn(3, 2, 9, 11, generator=seeded(3))
    weights = dict(network.named_parameters())
    values = images
    for block in (0, 4):
        values = F.conv2d(
            values, weights[f"features.{block}.weight"], weights[f"features.{block}.bias"], padding="same"
        )
        mean = values.mean(dim=(2, 3), keepdim=True)
        variance = (values - mean).square().mean(dim=(2, 3), keepdim=True)
        scale, shift = (weights[f"features.{block + 1}.{name}"][:, None, None] for name in ("weight", "bias"))
        values = ((values - mean) / (variance + 1e-5).sqrt() * scale + shift).clamp(min=0)
        rows, columns = values.shape[2] // 2, values.shape[3] // 2
        values = values[:, :, : 2 * rows, : 2 * columns]
        values = sum(values[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4
    features = values.reshape(3, -1)
    torch.testing.assert_close(network.embed(images), features)
    wanted = features @ weights["classifier.weight"].T + weights["classifier.bias"]
    torch.testing.assert_close(network(images), wanted)


def test_norm_makes_each_channel_of_each_image_zero_mean_and_unit_variance():
    network = build(TINY, TOY, 0)
    norm = network.features[1]
    assert isinstance(norm, nn.Module)
    channels = torch.randn(3, 4, 9, 11, generator=seeded(1)) * torch.tensor([1.0, 5.0, 9.0])[:, None, None, None] + 7
    normed = norm(channels)
    torch.testing.assert_close(normed.mean(dim=(2, 3)), torch.zeros(3, 4), atol=1e-5, rtol=0)
    torch.testing.assert_close(normed.var(dim=(2, 3), unbiased=False), torch.ones(3, 4), atol=1e-3, rtol=0)
    torch.testing.assert_close(norm(channels[1:2]), normed[1:2])


def test_flatten_and_unflatten_are_inverse_in_the_order_of_named_parameters():
    network = build(TINY, TOY, 0)
    vector = torch.arange(sum(weight.numel() for weight in network.parameters()), dtype=torch.float32)
    weights = unflatten(network, vector)
    assert list(weights) == [name for name, _ in network.named_parameters()]
    assert {name: weight.shape for name, weight in weights.items()} == {
        name: weight.shape for name, weight in network.named_parameters()
    }
    network.load_state_dict(weights)
    assert torch.equal(flatten(network), vector)


def test_a_network_called_with_the_vector_of_another_computes_as_that_one():
    one, other = build(TINY, TOY, 1), build(TINY, TOY, 2)
    images = torch.randn(3, 2, 9, 11, generator=seeded(3))
    assert not torch.allclose(one(images), other(images))
    torch.testing.assert_close(functional_call(one, unflatten(one, flatten(other)), (images,)), other(images))


def test_the_seed_decides_the_weights_and_the_global_random_state_stays():
    torch.manual_seed(123)
    before = torch.get_rng_state()
    first, again, other = (flatten(build(TINY, TOY, seed)) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(5)
    assert torch.equal(first, again)
    assert torch.equal(first, flatten(build(TINY, TOY, 1)))
    assert not torch.allclose(first, other)


@pytest.mark.parametrize(("side", "deepest"), [(8, 3), (9, 3), (28, 4), (32, 5)])
def test_pooling_may_leave_one_pixel_and_no_less(side, deepest):
    geometry = Geometry(2, 1, side, 32)
    assert build(NetworkSpec("convnet", deepest, 2), geometry, 0)(torch.zeros(1, 1, side, 32)).shape == (1, 2)
    with pytest.raises(InvalidSetting, match=rf"{deepest + 1} poolings.*{side} x 32.*lower the depth"):
        build(NetworkSpec("convnet", deepest + 1, 2), geometry, 0)


def test_an_unknown_network_names_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'convnet'"):
        build(NetworkSpec("convnett"), TOY, 0)


def conv(inputs: int, outputs: int, size: int, bias: bool = True) -> int:
    return outputs * (inputs * size * size + bias)


def test_resnet18_has_the_weights_of_its_table():
    def block(inputs: int, outputs: int) -> int:
        branch = conv(inputs, outputs, 3, False) + conv(outputs, outputs, 3, False) + 2 * 2 * outputs
        return branch + (conv(inputs, outputs, 1, False) + 2 * outputs if inputs != outputs else 0)

    stages = [(64, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    by_hand = conv(3, 64, 3, False) + 2 * 64 + sum(block(*stage) for stage in stages) + 513 * 10
    assert by_hand == 11_173_962
    assert flatten(build(FIXED["resnet18"], CIFAR10, 0)).numel() == by_hand


def test_vgg11_has_the_weights_of_its_table():
    pairs = [(3, 64), (64, 128), (128, 256), (256, 256), (256, 512), (512, 512), (512, 512), (512, 512)]
    by_hand = sum(conv(inputs, outputs, 3) + 2 * outputs for inputs, outputs in pairs) + 513 * 10
    assert by_hand == 9_231_114
    assert flatten(build(FIXED["vgg11"], CIFAR10, 0)).numel() == by_hand


def test_alexnet_has_the_weights_of_its_table():
    layers = [(3, 128, 5), (128, 192, 5), (192, 256, 3), (256, 192, 3), (192, 192, 3)]
    by_hand = sum(conv(*layer) for layer in layers) + (192 * 4 * 4 + 1) * 10
    assert by_hand == 1_872_202
    assert flatten(build(FIXED["alexnet"], CIFAR10, 0)).numel() == by_hand


# D by side: (h, w) left by the poolings, times channels.
EMBEDDED = {
    "resnet18": {28: 512, 32: 512, 64: 512, 128: 512},
    "vgg11": {28: 512, 32: 512, 64: 512 * 2 * 2, 128: 512 * 4 * 4},
    "alexnet": {28: 192 * 4 * 4, 32: 192 * 4 * 4, 64: 192 * 8 * 8, 128: 192 * 16 * 16},
}


@pytest.mark.parametrize("channels", [pytest.param(1, marks=pytest.mark.release), 3])
@pytest.mark.parametrize(("name", "side"), [(name, side) for name, sizes in EMBEDDED.items() for side in sizes])
def test_fixed_architectures_take_every_size_of_the_field(name, side, channels):
    network = build(FIXED[name], Geometry(7, channels, side, side), 0)
    images = torch.randn(1, channels, side, side, generator=seeded(1))
    with torch.no_grad():
        embedded = network.embed(images)
        assert embedded.shape == (1, EMBEDDED[name][side])
        assert network.classifier.in_features == EMBEDDED[name][side]
        torch.testing.assert_close(network(images), network.classifier(embedded))
    assert network(images).shape == (1, 7)


@pytest.mark.parametrize(("name", "least"), [("resnet18", 9), ("vgg11", 28), ("alexnet", 8)])
def test_images_too_small_for_an_architecture_are_refused(name, least):
    small = Geometry(2, 1, least, least)
    images = torch.randn(2, 1, least, least, generator=seeded(1))
    embedded = build(FIXED[name], small, 0).embed(images)
    assert not torch.allclose(embedded[0], embedded[1])  # something of the image is left
    with pytest.raises(InvalidSetting, match=rf"{name} needs.*{least} x {least}.*not {least} x {least - 1}.*convnet"):
        build(FIXED[name], Geometry(2, 1, least, least - 1), 0)


def test_an_architecture_at_28_pixels_is_that_of_32_with_a_border_of_zeros():
    for name in ("vgg11", "alexnet"):
        one, other = (build(FIXED[name], Geometry(3, 1, side, side), 4) for side in (28, 32))
        images = torch.randn(2, 1, 28, 28, generator=seeded(1))
        torch.testing.assert_close(one(images), other(F.pad(images, (2, 2, 2, 2))))


@pytest.mark.parametrize("spec", [NetworkSpec("convnet", 3, 8), *FIXED.values()])
class TestEveryNetwork:
    def test_a_gradient_reaches_every_weight_and_there_are_no_buffers(self, spec):
        network = build(spec, CIFAR10, 0)
        assert isinstance(network, Network)
        assert list(network.buffers()) == []
        images = torch.randn(8, 3, 32, 32, generator=seeded(1))
        F.cross_entropy(network(images), torch.arange(8)).backward()
        assert all(bool(weight.grad.abs().sum() > 0) for weight in network.parameters())

    def test_it_computes_with_flat_weights_as_with_its_own_and_the_seed_decides_them(self, spec):
        one, other = build(spec, CIFAR10, 1), build(spec, CIFAR10, 2)
        images = torch.randn(2, 3, 32, 32, generator=seeded(3))
        with torch.no_grad():
            assert not torch.allclose(one(images), other(images))
            torch.testing.assert_close(functional_call(one, unflatten(one, flatten(other)), (images,)), other(images))
        assert torch.equal(flatten(one), flatten(build(spec, CIFAR10, 1)))

    def test_each_image_is_judged_alone_in_training_as_in_testing(self, spec):
        network = build(spec, CIFAR10, 1)
        images = torch.randn(2, 3, 32, 32, generator=seeded(3))
        with torch.no_grad():
            torch.testing.assert_close(network.eval()(images[:1]), network.train()(images)[:1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "blocks"), [("convnet", 3), ("resnet18", 5), ("vgg11", 5), ("alexnet", 3)])
def test_layers_are_what_the_blocks_put_out_and_the_last_is_the_embedding(name, blocks):
    geometry = Geometry(10, 3, 32, 32)
    network = build(named(name, NetworkSpec()), geometry, 1)
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    layers = network.layers(images)
    assert len(layers) == blocks
    torch.testing.assert_close(layers[-1].flatten(1), network.embed(images))
    sizes = [layer[0].numel() for layer in layers]
    assert sizes == sorted(sizes, reverse=True)


def test_a_step_of_training_is_differentiable_in_the_images():
    """Trajectory matching needs it, through max-pools too. Along a direction, against a central difference."""
    network = build(FIXED["alexnet"], Geometry(2, 1, 8, 8), 1).double()
    vector, labels = flatten(network), torch.arange(2)
    images, direction = (torch.randn(2, 1, 8, 8, generator=seeded(i), dtype=torch.float64) for i in (3, 4))

    def moved(images: torch.Tensor) -> torch.Tensor:
        weights = vector.clone().requires_grad_()
        loss = F.cross_entropy(functional_call(network, unflatten(network, weights), (images,)), labels)
        return torch.autograd.grad(loss, weights, create_graph=True)[0].square().sum()

    images.requires_grad_()
    (gradient,) = torch.autograd.grad(moved(images), images)
    step = 1e-8  # so short that it crosses no kink of a ReLU
    slope = (moved(images + step * direction) - moved(images - step * direction)) / (2 * step)
    torch.testing.assert_close((gradient * direction).sum(), slope.detach(), rtol=1e-4, atol=0)


def test_resnet18_starts_from_the_weights_that_pytorch_gives():
    for module in build(FIXED["resnet18"], CIFAR10, 0).modules():
        if isinstance(module, nn.Conv2d):
            bound = (module.in_channels * module.kernel_size[0] ** 2) ** -0.5  # uniform, of one over the fan-in's root
            assert 0.98 * bound < float(module.weight.detach().abs().max()) <= bound


def test_a_fixed_architecture_has_no_other_size():
    with pytest.raises(InvalidSetting, match="resnet18 has depth 18 and width 64, not 3 and 128"):
        build(NetworkSpec("resnet18"), CIFAR10, 0)
    for spec in FIXED.values():
        check(spec)
    assert set(FIXED) < set(NETWORKS)


def test_names_of_networks_beside_a_files_own():
    own = NetworkSpec("convnet", 4, 50)
    assert named("convnet", own) == own
    assert named("convnet2", own) == NetworkSpec("convnet", 2, 50)
    assert named("vgg11", own) == NetworkSpec("vgg11", 9, 64)
    assert named("convnet", FIXED["vgg11"]) == NetworkSpec("convnet", 3, 128)
    assert named("convnet5", FIXED["vgg11"]) == NetworkSpec("convnet", 5, 128)
    assert widened(own, 7) == NetworkSpec("convnet", 4, 7)
    assert widened(FIXED["vgg11"], 7) == FIXED["vgg11"]
    for name, near in (("resnet19", "resnet18"), ("convnt", "convnet"), ("convnet0", "convnet"), ("vgg", "vgg11")):
        with pytest.raises(UnknownName, match=f"did you mean '{near}"):
            named(name, own)


@pytest.mark.parametrize("size", [(8, 8), (6, 10), (5, 8)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_mean_pooling_is_that_of_torch_in_every_type(size, dtype):
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0)).to(dtype)
    wanted = torch.nn.functional.avg_pool2d(images.float(), 2)
    torch.testing.assert_close(
        MeanPool()(images).float(), wanted, atol=2e-2 if dtype is torch.bfloat16 else 1e-6, rtol=0
    )

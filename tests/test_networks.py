"""The ConvNet of the field: its size, its norm, its weights as one vector, its seed."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call
from worlds import TINY, seeded

from nsdcodec.container.header import NetworkSpec
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.geometry import Geometry
from nsdcodec.learning.networks import MeanPool, build, flatten, unflatten

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


@pytest.mark.parametrize("size", [(8, 8), (6, 10), (5, 8)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_mean_pooling_is_that_of_torch_in_every_type(size, dtype):
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0)).to(dtype)
    wanted = torch.nn.functional.avg_pool2d(images.float(), 2)
    torch.testing.assert_close(
        MeanPool()(images).float(), wanted, atol=2e-2 if dtype is torch.bfloat16 else 1e-6, rtol=0
    )

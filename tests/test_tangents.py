"""Tangents of networks: against PyTorch's forward mode, its double backward, and finite differences, in float64."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from contexts import seeded
from torch import Tensor, nn
from torch.func import functional_call

from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network, instance_norm
from nsdcodec.learning.derivatives import tangents
from nsdcodec.learning.derivatives.tangents import Tangent

DOUBLE = torch.float64


class MaxPooled(Network):
    """Layers as VGG has them, and few of them."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        layers = [nn.Conv2d(geometry.channels, 3, 3, padding=2), instance_norm(3), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Conv2d(3, 4, 3, padding=1, bias=False), instance_norm(4), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(4 * (geometry.height + 2 >> 1) * (geometry.width + 2 >> 1), geometry.classes)

    def embed(self, images: Tensor) -> Tensor:
        return self.features(images).flatten(1)


@dataclass
class Case:
    """A network in float64 with weights, a direction, images and labels, none of them special."""

    network: Network
    weights: Tensor
    direction: Tensor
    images: Tensor
    labels: Tensor

    @property
    def tangent(self) -> Tangent:
        return self.tangent_in(DOUBLE)

    def tangent_in(self, dtype: torch.dtype) -> Tangent:
        return Tangent(self.network, self.images.shape[1:], torch.device("cpu"), dtype)

    @classmethod
    def of(cls, spec: NetworkSpec | None, geometry: Geometry, soft: bool = False, images: int = 3) -> Case:
        network = (networks.build(spec, geometry, 1) if spec else MaxPooled(geometry)).double()
        weights = networks.flatten(network)
        # Scales and shifts of norms begin at 1 and 0, where a forgotten factor would not show.
        weights = weights + 0.1 * torch.randn(weights.shape, generator=seeded(2), dtype=DOUBLE)
        direction = torch.randn(weights.shape, generator=seeded(3), dtype=DOUBLE)
        size = (images, geometry.channels, geometry.height, geometry.width)
        batch = torch.randn(size, generator=seeded(4), dtype=DOUBLE)
        labels = torch.arange(images) % geometry.classes
        if soft:
            labels = torch.randn(images, geometry.classes, generator=seeded(5), dtype=DOUBLE).softmax(dim=1)
        return cls(network, weights, direction, batch, labels)

    def loss(self, weights: Tensor, images: Tensor, labels: Tensor) -> Tensor:
        """Plain PyTorch, without fused kernels that have no forward mode."""
        logits = functional_call(self.network, networks.unflatten(self.network, weights), (images,))
        logged = logits - logits.exp().sum(dim=1, keepdim=True).log()
        wanted = labels if labels.is_floating_point() else F.one_hot(labels, logits.shape[1]).to(DOUBLE)
        return -(wanted * logged).sum()

    def jvp(self, weights: list[Tensor], images: Tensor, labels: Tensor) -> Tensor:
        direction = self.tangent.leaves(self.direction)
        return self.tangent.jvp(weights, direction, images, labels)


CONVNET = NetworkSpec(depth=2, width=4)
CASES = {
    "one block": (NetworkSpec(depth=1, width=3), Geometry(3, 2, 6, 6), False),
    "two blocks, soft labels": (CONVNET, Geometry(3, 1, 8, 8), True),
    "three blocks, odd sizes": (NetworkSpec(depth=3, width=5), Geometry(4, 3, 13, 9), False),
    "wide": (NetworkSpec(depth=3, width=64), Geometry(3, 2, 16, 12), True),
    "max pools, no norm": (networks.FIXED["alexnet"], Geometry(3, 1, 8, 8), True),
    "max pools and norms": (None, Geometry(3, 2, 9, 6), False),
}
# Few enough ReLUs that none changes its side on the way.
SMALL = [name for name in CASES if name not in ("wide", "max pools, no norm")]


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return Case.of(*CASES[request.param])


def test_the_loss_is_that_of_the_network_itself(case):
    found = case.tangent.loss(case.tangent.leaves(case.weights), case.images, case.labels)
    torch.testing.assert_close(found, case.loss(case.weights, case.images, case.labels), rtol=1e-12, atol=0)


def test_its_gradient_is_that_of_the_network_itself(case):
    weights = case.weights.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(case.loss(weights, case.images, case.labels), weights)
    leaves = [leaf.requires_grad_() for leaf in case.tangent.leaves(case.weights)]
    loss = case.tangent.loss(leaves, case.images, case.labels)
    assert_near(case.tangent.flat(torch.autograd.grad(loss, leaves, materialize_grads=True)), wanted)


def test_the_derivative_along_a_direction_is_that_of_forward_mode(case):
    _, wanted = torch.func.jvp(
        lambda weights: case.loss(weights, case.images, case.labels), (case.weights,), (case.direction,)
    )
    found = case.jvp(case.tangent.leaves(case.weights), case.images, case.labels)
    torch.testing.assert_close(found, wanted, rtol=1e-11, atol=0)


def test_its_gradients_are_those_of_double_backward(case):
    inputs = [case.weights.clone().requires_grad_(), case.images.clone().requires_grad_()]
    inputs += [case.labels.clone().requires_grad_()] if case.labels.is_floating_point() else []
    weights, images, *labels = inputs
    (gradient,) = torch.autograd.grad(case.loss(weights, images, *labels or [case.labels]), weights, create_graph=True)
    wanted = torch.autograd.grad((gradient * case.direction).sum(), inputs)
    leaves = [leaf.requires_grad_() for leaf in case.tangent.leaves(case.weights)]
    jvp = case.jvp(leaves, images, *labels or [case.labels])
    found = torch.autograd.grad(jvp, [*leaves, images, *labels], materialize_grads=True)
    assert_near(case.tangent.flat(found[: len(leaves)]), wanted[0])
    for one, other in zip(found[len(leaves) :], wanted[1:], strict=True):
        assert_near(one, other)


@pytest.mark.parametrize("name", SMALL)
def test_its_gradients_are_finite_differences_of_it(name):
    case = Case.of(*CASES[name])
    leaves = [leaf.requires_grad_() for leaf in case.tangent.leaves(case.weights)]
    images = case.images.clone().requires_grad_()
    found = torch.autograd.grad(case.jvp(leaves, images, case.labels), [*leaves, images], materialize_grads=True)
    step = (
        torch.randn(case.weights.shape, generator=seeded(6), dtype=DOUBLE),
        torch.randn(images.shape, generator=seeded(7), dtype=DOUBLE),
    )
    ends = [
        case.jvp(
            case.tangent.leaves(case.weights + sign * 1e-6 * step[0]),
            case.images + sign * 1e-6 * step[1],
            case.labels,
        )
        for sign in (1, -1)
    ]
    wanted = (ends[0] - ends[1]) / 2e-6
    product = (case.tangent.flat(found[:-1]) * step[0]).sum() + (found[-1] * step[1]).sum()
    torch.testing.assert_close(product, wanted, rtol=1e-5, atol=1e-7)


def test_bfloat16_rounds_products_only():
    case = Case.of(CONVNET, Geometry(3, 1, 8, 8))
    weights, images = case.tangent.leaves(case.weights.float()), case.images.float()
    direction = case.tangent.leaves(case.direction.float())
    exact, rounded = (
        case.tangent_in(dtype).jvp(weights, direction, images, case.labels) for dtype in (torch.float32, torch.bfloat16)
    )
    assert exact.dtype == rounded.dtype == torch.float32
    assert rounded.item() == pytest.approx(exact.item(), rel=0.1)
    assert rounded.item() != exact.item()


class Softly(nn.ReLU):
    def forward(self, values: Tensor) -> Tensor:
        return F.softplus(values)


def test_a_layer_that_nobody_wrote_the_tangent_of_is_seen():
    geometry = Geometry(3, 1, 8, 8)
    assert tangents.has_tangent(networks.build(CONVNET, geometry, 0))
    assert tangents.has_tangent(networks.build(networks.FIXED["vgg11"], Geometry(3, 1, 28, 28), 0))
    assert not tangents.has_tangent(networks.build(networks.FIXED["resnet18"], Geometry(3, 1, 9, 9), 0))
    assert not tangents.has_tangent(nn.Linear(2, 2))
    for i, layer in enumerate(
        (
            nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular"),
            nn.GroupNorm(2, 4),
            Softly(),
            nn.AvgPool2d(2, ceil_mode=True),
        )
    ):
        network = networks.build(CONVNET, geometry, 0)
        network.features[i] = layer
        assert not tangents.has_tangent(network), layer


def assert_near(found: Tensor, wanted: Tensor, relative: float = 1e-12) -> None:
    """By the norm of the difference."""
    assert found.shape == wanted.shape
    assert float((found - wanted).detach().norm()) <= relative * float(wanted.detach().norm())

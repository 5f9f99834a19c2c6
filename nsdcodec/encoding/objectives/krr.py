"""krr: kernel ridge regression on the features of a pool of networks (FRePo: Zhou, Nezhadarya and Ba, NeurIPS 2022).

A linear layer that is fitted to the features of the synthetic images, exactly and at once, should tell the classes of
real images. The features are those of networks that learn from the synthetic images meanwhile, so that they have all
the ages that a network has that trains on the set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.data.augmentation import Draw
from nsdcodec.encoding.objectives.base import Context, Match, MemoryNeed, Objective, State
from nsdcodec.encoding.objectives.embeddings import weights
from nsdcodec.encoding.objectives.student import gradients
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network
from nsdcodec.learning.chunks import Rowwise, in_chunks
from nsdcodec.learning.memory_plan import image_bytes
from nsdcodec.system.devices import on_device

# Of the mean of the kernel's diagonal, what is added to each of its entries.
RIDGE = 1e-6
# Of Adam, by which the pooled networks learn: PyTorch's defaults, which are FRePo's.
BETAS, EPSILON = (0.9, 0.999), 1e-8


@dataclass
class Pooled:
    """A network of the pool, the `number`-th that was made for it, after `uses` uses. `moments` are two vectors [P],
    the running means of its gradients and of their squares."""

    network: Network
    moments: tuple[Tensor, Tensor]
    number: int
    uses: int = 0

    @classmethod
    def new(cls, context: Context, number: int) -> Pooled:
        network = context.new_network("krr", number)
        flat = networks.flatten(network)
        return cls(network, (torch.zeros_like(flat), torch.zeros_like(flat)), number)

    def learn(self, found: list[Tensor], rate: float) -> None:
        """A step of Adam, in place: one for each use that is behind it."""
        (first, second), (mean, spread) = BETAS, (networks.unflatten(self.network, one) for one in self.moments)
        with torch.no_grad():
            for (name, weight), gradient in zip(self.network.named_parameters(), found, strict=True):
                mean[name].lerp_(gradient, 1 - first)
                spread[name].mul_(second).addcmul_(gradient, gradient, value=1 - second)
                size = (spread[name] / (1 - second**self.uses)).sqrt_().add_(EPSILON)
                weight.addcdiv_(mean[name], size, value=-rate / (1 - first**self.uses))


class RegressionState(State):
    """The pool. `born` networks were made for it so far."""

    def __init__(self, context: Context, size: int) -> None:
        super().__init__(context)
        self.pool = [Pooled.new(context, number) for number in range(size)]
        self.born = size

    def tensors(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for i, one in enumerate(self.pool):
            found |= {f"network{i}": networks.flatten(one.network)}
            found |= {f"moment{i}.{order}": moment for order, moment in enumerate(one.moments, start=1)}
            found |= {f"age{i}": torch.tensor([one.number, one.uses, self.born])}
        return found

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for i, one in enumerate(self.pool):
            flat = tensors[f"network{i}"].to(self.context.device)
            one.network.load_state_dict(networks.unflatten(one.network, flat))
            for order, moment in enumerate(one.moments, start=1):
                moment.copy_(tensors[f"moment{i}.{order}"])
            one.number, one.uses, self.born = tensors[f"age{i}"].tolist()


@dataclass(frozen=True)
class KernelRegression(Objective[RegressionState]):
    """The mean squared error on `real` real images of the ridge regression that is fitted to `synthetic` synthetic ones
    (0: all), each augmented by its own numbers, as they are for who trains on them; labels have their mean taken off.
    K is the product of embeddings: ||K_ts (K_ss + 1e-6 tr(K_ss)/n I)^-1 y_s - y_t||^2, Eq. 3 of the paper.

    The network is a random one of a pool of `pool`. Before it is used again it takes a step of Adam at `pool_rate` on
    the same synthetic images: before, because backward still needs the weights of the features. After `pool_age` uses a
    new one takes its place; those at the beginning go earlier, one after another.

    With a pool of 0 there is a new random network each time, which never learns: the row of KIP (Nguyen et al., NeurIPS
    2021) in tables. It is not KIP's kernel, that of an infinitely wide network: a random one of finite width stands for
    it, as a Monte Carlo estimate of the kernel of its last layer alone.

    Departures from the paper: the pool learns by cross-entropy, since labels are distributions; images are augmented by
    the file's augmentation, in place of the mean with mirrored ones; no loss keeps the largest label apart.
    """

    name: ClassVar[str] = "krr"

    real: int = 1024
    synthetic: int = 0
    pool: int = 10
    pool_age: int = 100
    pool_rate: float = 3e-4

    def __post_init__(self) -> None:
        for name, least in (("real", 1), ("synthetic", 0), ("pool", 0), ("pool_age", 1)):
            if getattr(self, name) < least:
                raise InvalidSetting(f"krr: {name} is {getattr(self, name)}; it must be at least {least}")
        if not self.pool_rate > 0:
            raise InvalidSetting(f"krr: pool_rate is {self.pool_rate}; it must be above 0")

    def prepare(self, context: Context) -> RegressionState:
        return RegressionState(context, self.pool)

    def loss(self, state: RegressionState, images: Tensor, labels: Tensor, iteration: int) -> Match:
        context, most, classes = state.context, state.context.compute.images_at_once, state.context.geometry.classes
        generator = context.stream("krr", iteration)
        taken = torch.randperm(len(images), generator=generator)[: self.synthetic or len(images)]
        index = on_device(taken, context.device)
        network = self._network(state, images.detach()[index], labels.detach()[index], iteration, generator)
        chosen = augmentation.draw(context.augmentation, len(index), generator)

        def embed(some: Tensor) -> Tensor:
            with context.compute.autocast():
                embedded = network.embed(some)
            # A ridge of 1e-6 is lost in the rounding of float32.
            return embedded.double()

        def part(start: int, some: Tensor) -> Tensor:
            own = None if chosen is None else Draw(chosen.operation, chosen.uniform[start : start + len(some)])
            return embed(augmentation.apply(some, own))

        whole = len(index) <= (most or len(index))
        ours = part(0, images[index]) if whole else Rowwise.apply(part, most, index, images)
        real, wanted = context.real.batch(self.real, generator)
        with torch.no_grad():
            theirs = torch.cat([embed(some) for (some,) in in_chunks(most, real)])
        predicted = theirs @ (ours.T @ _solved(ours, _centred(labels[index], classes, ours)))
        error = (predicted - _centred(wanted, classes, ours)).square().sum(dim=1).mean()
        return Match(error.to(images.dtype), network=network)

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        taken = min(self.synthetic or images, images)
        features = 8 * 3 * (taken + self.real) * network.classifier.in_features
        return MemoryNeed(
            networks=3 * self.pool,
            real_images=self.real,
            bytes={
                "features": features,
                "the kernel": 8 * 5 * taken * taken,
                "real images": self.real * image_bytes(geometry),
            },
            remedies={
                "features": "lower objective.real, objective.synthetic or network.width",
                "the kernel": "set objective.synthetic, or lower it",
                "real images": "lower objective.real",
            },
        )

    def _network(
        self, state: RegressionState, images: Tensor, labels: Tensor, iteration: int, generator: torch.Generator
    ) -> Network:
        """One of the pool, after its step on these images; where there is no pool, a new one."""
        context = state.context
        if not self.pool:
            return context.new_network("krr", iteration)
        slot = int(torch.randint(self.pool, (1,), generator=generator))
        pooled = state.pool[slot]
        # As if born one after another, so that they do not all make place at once.
        life = max(1, self.pool_age * min(pooled.number + 1, self.pool) // self.pool)
        if pooled.uses >= life:
            pooled = state.pool[slot] = Pooled.new(context, state.born)
            state.born += 1
        if pooled.uses:
            pooled.learn(gradients(context, pooled.network, images, labels, generator), self.pool_rate)
        pooled.uses += 1
        return pooled.network


def _centred(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    return weights(labels, classes, like) - 1 / classes


def _solved(features: Tensor, labels: Tensor) -> Tensor:
    """(K + ridge I)^-1 labels, of features [n, D] and labels [n, classes]."""
    kernel = features @ features.T
    ridge = RIDGE * kernel.diagonal().mean() * torch.eye(len(kernel), dtype=kernel.dtype, device=kernel.device)
    # Not `solve`, which waits for the device to say that there is a solution.
    solution: Tensor = torch.linalg.solve_ex(kernel + ridge, labels)[0]
    return solution

"""dm: distribution matching (Zhao and Bilen, WACV 2023). Means of embeddings, real against synthetic, class by class.

The paper draws a new random network at each iteration. With `pool`, networks that learn from real data meanwhile are
matched instead, as in IDM (Zhao et al., CVPR 2023): their features tell classes apart, which random ones hardly do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.data.augmentation import Draw
from nsdcodec.encoding.objectives.base import Context, Match, MemoryNeed, Objective, State
from nsdcodec.encoding.objectives.student import learn
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network
from nsdcodec.learning.chunks import KnownGradient, ranges


@dataclass
class PoolState(State):
    pool: list[Network] = field(default_factory=list)
    ages: list[int] = field(default_factory=list)
    born: int = 0

    def tensors(self) -> dict[str, Tensor]:
        kept = {f"network{i}": networks.flatten(network) for i, network in enumerate(self.pool)}
        return kept | {"ages": torch.tensor([*self.ages, self.born])} if self.pool else {}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for i, network in enumerate(self.pool):
            network.load_state_dict(networks.unflatten(network, tensors[f"network{i}"].to(self.context.device)))
        if self.pool:
            *self.ages, self.born = tensors["ages"].tolist()


@dataclass(frozen=True)
class DistributionMatching(Objective[PoolState]):
    """`real_per_class` real images stand for each class. `pool` networks (0: a new random one each iteration) take
    `pool_steps` SGD steps on real data before each use, and make place for a new one after `pool_age` uses."""

    name: ClassVar[str] = "dm"

    real_per_class: int = 64
    pool: int = 0
    pool_age: int = 60
    pool_steps: int = 2
    pool_batch: int = 128
    pool_rate: float = 0.02

    def __post_init__(self) -> None:
        for name, least in (("real_per_class", 1), ("pool", 0), ("pool_age", 1), ("pool_steps", 0), ("pool_batch", 1)):
            if getattr(self, name) < least:
                raise InvalidSetting(f"dm: {name} is {getattr(self, name)}; it must be at least {least}")
        if not self.pool_rate > 0:
            raise InvalidSetting(f"dm: pool_rate is {self.pool_rate}; it must be above 0")

    def prepare(self, context: Context) -> PoolState:
        state = PoolState(context)
        for i in range(self.pool):
            state.pool.append(context.new_network("pool", i))
            # As if born one after another, so that they do not all make place at once.
            state.ages.append(i * self._life // self.pool)
            state.born += 1
        return state

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        real = geometry.classes * self.real_per_class
        embeddings = 2 * 4 * (images + real) * network.classifier.in_features
        return MemoryNeed(
            networks=self.pool,
            real_images=max(real, self.pool_batch if self.pool else 0),
            bytes={"embeddings": embeddings},
            remedies={"embeddings": "lower objective.real_per_class or network.width"},
        )

    @property
    def _life(self) -> int:
        """Steps that a pooled network takes before it makes place."""
        return self.pool_age * max(1, self.pool_steps)

    def loss(self, state: PoolState, images: Tensor, labels: Tensor, iteration: int) -> Match:
        context = state.context
        generator = context.stream("dm", iteration)
        slot = int(torch.randint(max(1, self.pool), (1,), generator=generator))
        for _ in range(self.pool_steps if self.pool else 0):
            self._learn(state, slot)
        network = state.pool[slot] if self.pool else context.new_network("dm", iteration)
        places = context.real.places_per_class(self.real_per_class, generator)
        classes = len(places)
        order, counts = context.by_class(labels)
        # Siamese: the real and the synthetic images of a class are augmented alike, each class in its own way.
        chosen = [augmentation.draw(context.augmentation, 1, generator) for _ in range(classes)]
        embed = partial(_embedded, context, network, chosen)
        with torch.no_grad():
            real = [
                embed([self.real_per_class] * classes, start, context.real.take(places.view(-1)[start:stop])[0])
                for start, stop in ranges(places.numel(), context.compute.images_at_once)
            ]
            wanted = torch.cat(real).to(images.dtype).view(classes, self.real_per_class, -1).mean(dim=1)
        if len(images) <= (context.compute.images_at_once or len(images)):
            loss = _distance(embed(counts, 0, images[order]).to(images.dtype), labels[order], wanted)
        else:
            loss = _distance_in_chunks(
                partial(embed, counts), context.compute.images_at_once, images, labels, order, wanted
            )
        return Match(loss, network=network)

    def _learn(self, state: PoolState, slot: int) -> None:
        """One SGD step on real data. A network at the end of its life has made place for a new one before."""
        context = state.context
        if state.ages[slot] >= self._life:
            state.pool[slot] = context.new_network("pool", state.born)
            state.ages[slot] = 0
            state.born += 1
        generator = context.stream("pool", state.born, slot, state.ages[slot])
        images, labels = context.real.batch(self.pool_batch, generator)
        learn(context, state.pool[slot], images, labels, self.pool_rate, generator)
        state.ages[slot] += 1


def _distance(embedded: Tensor, labels: Tensor, wanted: Tensor) -> Tensor:
    return (class_means(embedded, labels, len(wanted)) - wanted).square().sum()


def _distance_in_chunks(
    embed: Callable[[int, Tensor], Tensor],
    most: int | None,
    images: Tensor,
    labels: Tensor,
    order: Tensor,
    wanted: Tensor,
) -> Tensor:
    """The same with its gradient, by a pass for the embeddings and, where the distance wants them to go, another back
    to the images; each in chunks. Means of classes need all embeddings, which are small, and no more than a chunk of
    graphs."""
    chunks = list(ranges(len(images), most))
    pixels, own = images.detach(), labels.detach()
    with torch.no_grad():
        embedded = torch.cat([embed(start, pixels[order[start:stop]]).to(images.dtype) for start, stop in chunks])
    inputs = [embedded.requires_grad_(), *([own.requires_grad_()] if own.is_floating_point() else [])]
    loss = _distance(embedded, own[order], wanted)
    of_embeddings, *of_labels = torch.autograd.grad(loss, inputs)
    gradient = torch.empty_like(pixels)
    for start, stop in chunks:
        some = pixels[order[start:stop]].requires_grad_()
        found = embed(start, some)
        (gradient[order[start:stop]],) = torch.autograd.grad(found, some, of_embeddings[start:stop].to(found.dtype))
    given: Tensor = KnownGradient.apply(loss.detach(), [gradient, *of_labels], images, *([labels] if of_labels else []))
    return given


def _embedded(
    context: Context,
    network: Network,
    chosen: Sequence[Draw | None],
    counts: Sequence[int],
    start: int,
    images: Tensor,
) -> Tensor:
    """Embeddings [n, D] of images [n, C, H, W], those from `start` of images in the order of their classes, `counts[c]`
    of class c, each class augmented by its draw."""
    ends = torch.tensor(counts).cumsum(0).clamp(start, start + len(images)) - start
    sizes = ends.diff(prepend=ends.new_zeros(1)).tolist()
    there = [(size, how) for size, how in zip(sizes, chosen, strict=True) if size]
    by_class = images.split([size for size, _ in there])
    with context.compute.autocast():
        augmented = [augmentation.apply(one, how) for one, (_, how) in zip(by_class, there, strict=True)]
        return network.embed(torch.cat(augmented))


def class_means(values: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Means [classes, D] of the rows of values [n, D] with each label; by soft labels [n, classes], weighted means."""
    weights = (labels if labels.ndim == 2 else F.one_hot(labels, classes)).to(values.dtype)
    return (weights.T @ values) / weights.sum(dim=0)[:, None]

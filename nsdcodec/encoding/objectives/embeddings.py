"""Statistics of features, class by class, real images against synthetic ones: what distribution matching compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.data.augmentation import Draw
from nsdcodec.encoding.objectives.base import Context, MemoryNeed
from nsdcodec.errors import UnknownName
from nsdcodec.learning import passes
from nsdcodec.learning.base import Network
from nsdcodec.learning.chunks import WeightedSums, ranges
from nsdcodec.system.devices import on_device

Statistics = Literal["mean", "characteristic"]
# NCFM (CVPR 2025): frequencies at which characteristic functions are compared, and the weight of their distance.
FREQUENCIES, CHARACTERISTIC = 4096, 300.0
# Under the root of that distance, whose slope has no bound at 0.
LEAST_SQUARE = 1e-12

# Values [n, D] of images [n, C, H, W], each of its own image alone.
Features = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Siamese:
    """Real images and synthetic ones of an iteration, class by class, of the classes that the context takes. Those of a
    class are augmented alike on both sides, each class in its own way (`chosen`). `places` int64 [classes, n] are those
    of the real images; `order` int64 [n] names the synthetic ones by class, and `counts` says how many each class has.
    `classes` int64 on the device are those that are taken, where it is not all."""

    context: Context
    places: Tensor
    order: Tensor
    counts: list[int]
    chosen: list[Draw | None]
    classes: Tensor | None

    @classmethod
    def drawn(cls, context: Context, labels: Tensor, real_per_class: int, generator: torch.Generator) -> Siamese:
        places = context.real.places_per_class(real_per_class, generator, context.classes)
        chosen = [augmentation.draw(context.augmentation, 1, generator) for _ in places]
        classes = None if context.classes is None else on_device(context.classes, context.device)
        return cls(context, places, *context.by_class(labels), chosen, classes)

    @property
    def of_all(self) -> float:
        """By what a sum over the classes that are taken becomes, on average, that over all."""
        return self.context.geometry.classes / len(self.counts)

    def weights(self, labels: Tensor, like: Tensor) -> Tensor:
        """[n, classes], as `weights` has them of all classes."""
        found = weights(labels, self.context.geometry.classes, like)
        return found if self.classes is None else found[:, self.classes]

    def numbered(self, labels: Tensor) -> Tensor:
        """int64 [n]: which of the classes that are taken each label of theirs is."""
        return labels if self.classes is None else torch.searchsorted(self.classes, labels)

    def real(self, features: Features) -> Iterator[tuple[Tensor, Tensor]]:
        """Labels int64 [n] of real images, in the order of the classes, and their features [n, D] without a graph, as
        many at a time as the memory allows."""
        context, counts = self.context, [self.places.shape[1]] * len(self.places)
        for start, stop in ranges(self.places.numel(), context.compute.images_at_once):
            images, labels = context.real.take(self.places.view(-1)[start:stop])
            with torch.no_grad():
                found = features(self._augmented(counts, start, images))
            yield labels, found

    def real_means(self, features: Features) -> Tensor:
        """[classes, D], without a graph."""
        parts = (self.weights(labels, found).T @ found for labels, found in self.real(features))
        total = next(parts)
        for part in parts:
            total += part
        return total / self.places.shape[1]

    def synthetic_means(self, features: Features, images: Tensor, labels: Tensor) -> Tensor:
        """[classes, D], differentiable once in images [n, C, H, W] and soft labels [n, classes], which weigh them."""

        def part(start: int, some: Tensor) -> Tensor:
            return features(self._augmented(self.counts, start, some))

        most, each = self.context.compute.images_at_once, self.weights(labels[self.order], images)
        if len(images) <= (most or len(images)):
            sums = each.T @ part(0, images[self.order])
        else:
            sums = WeightedSums.apply(part, most, self.order, each, images)
        return sums / each.sum(dim=0)[:, None]

    def _augmented(self, counts: list[int], start: int, images: Tensor) -> Tensor:
        """Images from `start` on of those in the order of their classes, `counts[c]` of class c."""
        ends = torch.tensor(counts).cumsum(0).clamp(start, start + len(images)) - start
        sizes = ends.diff(prepend=ends.new_zeros(1)).tolist()
        there = [(size, how) for size, how in zip(sizes, self.chosen, strict=True) if size]
        by_class = images.split([size for size, _ in there])
        return torch.cat([augmentation.apply(one, how) for one, (_, how) in zip(by_class, there, strict=True)])


def weights(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    """[n, classes]: soft labels as they are, 1 at a hard one."""
    return (labels if labels.ndim == 2 else F.one_hot(labels, classes)).to(like.dtype)


def distance(
    context: Context,
    network: Network,
    images: Tensor,
    labels: Tensor,
    real_per_class: int,
    generator: torch.Generator,
    statistics: Statistics,
) -> Tensor:
    """How far apart real and synthetic images are in a network's embeddings, summed over classes; where the context
    takes some of these, what that sum is on average. Of all synthetic images [n, C, H, W], with their graph, and their
    labels.

    By their means, the squared distance (DM, Eq. 5). By their characteristic functions, at frequencies drawn from
    N(0, I) for embeddings of length 1, the mean of |F real - F synthetic| / sqrt 2: NCFM's distance, with amplitude and
    phase weighted alike as in its published settings.
    """
    pair = Siamese.drawn(context, labels, real_per_class, generator)

    def embed(some: Tensor) -> Tensor:
        with context.compute.autocast():
            embedded = passes.embeddings(network, some)
        return embedded.to(images.dtype)

    if statistics == "mean":
        if context.drawn_of is not None and not labels.is_floating_point():
            return _distance_of_all(pair, context.drawn_of, embed, images, labels)
        return pair.of_all * (pair.synthetic_means(embed, images, labels) - pair.real_means(embed)).square().sum()
    size = network.classifier.in_features, FREQUENCIES
    frequencies = on_device(torch.randn(size, generator=generator), context.device).to(images.dtype)

    def waves(some: Tensor) -> Tensor:
        phase = F.normalize(embed(some)) @ frequencies
        return torch.cat([phase.cos(), phase.sin()], dim=1)

    apart = pair.synthetic_means(waves, images, labels) - pair.real_means(waves)
    squares = apart.unflatten(1, (2, FREQUENCIES)).square().sum(dim=1)
    apart_at_each: Tensor = (squares / 2 + LEAST_SQUARE).sqrt()
    return pair.of_all * CHARACTERISTIC * apart_at_each.mean(dim=1).sum()


def _distance_of_all(
    pair: Siamese, drawn_of: tuple[int, ...], embed: Features, images: Tensor, labels: Tensor
) -> Tensor:
    """The squared distance that the means of all images have, without bias, from those that were drawn. Their own means
    are further from the real ones by what chance does to a mean of m of n without replacement: s^2 (1 / m - 1 / n),
    with s^2 the variance within the class. Gradients of that would draw the images of a class together."""

    def with_squares(some: Tensor) -> Tensor:
        found = embed(some)
        return torch.cat([found, found.square().sum(dim=1, keepdim=True)], dim=1)

    found = pair.synthetic_means(with_squares, images, labels)
    means, squares = found[:, :-1], found[:, -1]
    m, n = (torch.tensor(counts, dtype=found.dtype) for counts in (pair.counts, drawn_of))
    # Of one image there is no variance, and where all are there no chance.
    share = torch.where((m > 1) & (m < n), (1 / m - 1 / n) * m / (m - 1).clamp(min=1), 0.0)
    spread = squares - means.square().sum(dim=1)
    apart = (means - pair.real_means(embed)).square().sum()
    return pair.of_all * (apart - (on_device(share, found.device) * spread).sum())


def check(objective: str, statistics: str) -> None:
    """Raises UnknownName."""
    if statistics not in get_args(Statistics):
        raise UnknownName(f"{objective}: statistics", statistics, get_args(Statistics))


def distance_need(network: Network, images: int, real: int, statistics: Statistics) -> MemoryNeed:
    """What `distance` takes of so many synthetic and real images."""
    values = network.classifier.in_features
    remedy = "lower objective.real_per_class or network.width, or set objective.classes_at_once"
    taken, remedies = {"embeddings": 2 * 4 * (images + real) * values}, {"embeddings": remedy}
    if statistics == "characteristic":
        # The frequencies, and of each image phases, waves and their gradients.
        taken["characteristic functions"] = 4 * FREQUENCIES * (values + 6 * (images + real))
        remedies["characteristic functions"] = f"{remedy}, or set objective.statistics=mean"
    return MemoryNeed(real_images=real, bytes=taken, remedies=remedies)

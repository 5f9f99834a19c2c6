"""Means of embeddings, class by class, real images against synthetic ones: what distribution matching compares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.data.augmentation import Draw
from nsdcodec.encoding.objectives.base import Context, MemoryNeed
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import passes
from nsdcodec.learning.base import Network
from nsdcodec.learning.chunks import KnownGradient, ranges


def mean_distance(
    context: Context, network: Network, images: Tensor, labels: Tensor, real_per_class: int, generator: torch.Generator
) -> Tensor:
    """The squared distance of the mean embeddings of each class, real images against synthetic ones, summed over
    classes (DM, Eq. 5). Of all synthetic images [n, C, H, W], with their graph, and their labels."""
    places = context.real.places_per_class(real_per_class, generator)
    classes = len(places)
    order, counts = context.by_class(labels)
    # Siamese: the real and the synthetic images of a class are augmented alike, each class in its own way.
    chosen = [augmentation.draw(context.augmentation, 1, generator) for _ in range(classes)]
    embed = partial(_embedded, context, network, chosen)
    most = context.compute.images_at_once
    with torch.no_grad():
        real = [
            embed([real_per_class] * classes, start, context.real.take(places.view(-1)[start:stop])[0])
            for start, stop in ranges(places.numel(), most)
        ]
        wanted = torch.cat(real).to(images.dtype).view(classes, real_per_class, -1).mean(dim=1)
    if len(images) <= (most or len(images)):
        return _distance(embed(counts, 0, images[order]).to(images.dtype), labels[order], wanted)
    return _distance_in_chunks(partial(embed, counts), most, images, labels, order, wanted)


def embeddings_need(network: Network, geometry: Geometry, images: int, real_per_class: int) -> MemoryNeed:
    """What `mean_distance` takes."""
    real = geometry.classes * real_per_class
    return MemoryNeed(
        real_images=real,
        bytes={"embeddings": 2 * 4 * (images + real) * network.classifier.in_features},
        remedies={"embeddings": "lower objective.real_per_class or network.width"},
    )


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
        return passes.embeddings(network, torch.cat(augmented))


def class_means(values: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Means [classes, D] of the rows of values [n, D] with each label; by soft labels [n, classes], weighted means."""
    weights = (labels if labels.ndim == 2 else F.one_hot(labels, classes)).to(values.dtype)
    return (weights.T @ values) / weights.sum(dim=0)[:, None]

"""dc: gradient matching (Zhao, Mopuri and Bilen, ICLR 2021), with the siamese augmentation of DSA (ICML 2021).

For each class, the synthetic images should pull a network's weights in the direction in which real images pull them.
A network drawn at random is matched some times, learns from the synthetic images in between, and makes place for a new
one: the loops of the paper's Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.data import augmentation
from nsdcodec.data.augmentation import Draw
from nsdcodec.encoding.objectives.base import Context, Match, MemoryNeed
from nsdcodec.encoding.objectives.learner import LearnerState, WithLearner
from nsdcodec.encoding.objectives.student import SECOND_ORDER
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning.base import Network
from nsdcodec.learning.chunks import KnownGradient, in_chunks

# Rows of the gradient with a smaller norm count for less: the direction of almost nothing is noise, and its derivative
# is large. As in the authors' code, which adds 1e-6 to the product of two norms; here each is held at 1e-3 or above.
LEAST_NORM = 1e-3


@dataclass(frozen=True)
class GradientMatching(WithLearner):
    """The distance of the gradients that real and synthetic images of a class give the network's weights.

    The paper has 256 real images a class and, for 1, 10 and 50 synthetic ones, a life of 1, 10 and 50, with 50 and 10
    epochs of batches of 256 in between: 50 and 20 steps (a life of 1 has no in between).
    """

    name: ClassVar[str] = "dc"

    def loss(self, state: LearnerState, images: Tensor, labels: Tensor, iteration: int) -> Match:
        """The sum over classes of `distance`; over some of them, what that is on average. Labels are int64 [n], or
        probabilities [n, classes]; which class an image stands for, the context says; a class that no image stands for
        adds nothing."""
        network = self.renew(state, images.detach(), labels.detach(), iteration)
        weights = [weight for weight in network.parameters() if weight.dim() > 1]
        generator = state.context.stream("dc", iteration)
        context, images, labels = state.context.some(images, labels, 0, generator, self.classes_at_once)
        real = context.real.places_per_class(self.real_per_class, generator, context.classes)
        order, counts = context.by_class(labels)
        inputs = [images, labels] if labels.is_floating_point() else [images]
        gradients = [torch.zeros_like(values) for values in inputs]
        total = images.new_zeros(())
        classes = range(len(real)) if context.classes is None else context.classes.tolist()
        for label, theirs, ours in zip(classes, real, order.split(counts), strict=True):
            # Siamese: the real and the synthetic images of a class are augmented alike, each class in its own way.
            chosen = augmentation.draw(context.augmentation, 1, generator)
            if not len(ours):
                continue
            same = torch.full((len(theirs),), label, device=context.device)
            target = _mean_gradients(context, network, weights, context.real.take(theirs)[0], same, chosen)
            own = images.detach()[ours], labels.detach()[ours]
            value, found = _matched(context, network, weights, *own, chosen, target)
            total = total + value
            for gradient, one in zip(gradients, found, strict=True):
                gradient[ours] = one
        known: Tensor = KnownGradient.apply(total, gradients, *inputs)
        return Match(context.geometry.classes / len(real) * known, network=network)

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        return MemoryNeed(networks=1, real_images=self.real_per_class, an_image=SECOND_ORDER)


def distance(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> Tensor:
    """1 - cosine of each output node's gradient, summed over nodes and layers: D of the paper's section 3.4, for
    gradients of weights [out, ...]. Biases and the norms' scales have one value a node: left out, as in its code."""
    rows = [
        1 - F.cosine_similarity(one.flatten(1), other.flatten(1), dim=1, eps=LEAST_NORM)
        for one, other in zip(ours, theirs, strict=True)
    ]
    return torch.cat(rows).sum()


def _matched(
    context: Context,
    network: nn.Module,
    weights: Sequence[Tensor],
    images: Tensor,
    labels: Tensor,
    chosen: Draw | None,
    target: Sequence[Tensor],
) -> tuple[Tensor, list[Tensor]]:
    """The distance of one class, and its gradients in images and, where they are soft, labels. Taken now, so that the
    graph of a gradient never lives for more than a class; nor, where memory is bounded, for more than some images: by a
    pass for their mean gradient, and another along the distance's gradient back to the images."""
    most = None if context.compute.images_at_once is None else max(1, context.compute.images_at_once // SECOND_ORDER)
    of_mean: Sequence[Tensor] | None = None
    if len(images) > (most or len(images)):
        mean = _mean_gradients(context, network, weights, images, labels, chosen)
        value = distance([one.requires_grad_() for one in mean], target)
        of_mean = torch.autograd.grad(value, mean)
    gradients: list[tuple[Tensor, ...]] = []
    for part in in_chunks(most, images, labels):
        own = [values.requires_grad_() for values in part if values.is_floating_point()]
        augmented = augmentation.apply(part[0], chosen)
        found = _gradients(context, network, weights, augmented, part[1], graph=True)
        if of_mean is None:
            value = distance(found, target)
            gradients.append(torch.autograd.grad(value, own))
        else:
            share = len(augmented) / len(images)
            gradients.append(torch.autograd.grad(found, own, [share * one for one in of_mean]))
    return value.detach(), [torch.cat(each) for each in zip(*gradients, strict=True)]


def _mean_gradients(
    context: Context,
    network: nn.Module,
    weights: Sequence[Tensor],
    images: Tensor,
    labels: Tensor,
    chosen: Draw | None,
) -> list[Tensor]:
    """Of all images, augmented, in memory that is bounded as the context says."""
    sums: list[Tensor] = []
    for some, wanted in in_chunks(context.compute.images_at_once, images, labels):
        found = _gradients(context, network, weights, augmentation.apply(some, chosen), wanted, graph=False)
        if len(some) == len(images):
            return list(found)
        share = len(some) / len(images)
        sums = [share * one for one in found] if not sums else [a + share * b for a, b in zip(sums, found, strict=True)]
    return sums


def _gradients(
    context: Context, network: nn.Module, weights: Sequence[Tensor], images: Tensor, labels: Tensor, graph: bool
) -> tuple[Tensor, ...]:
    """Of the mean cross-entropy, with respect to the weights; with `graph` they can be differentiated again."""
    with context.compute.autocast():
        logits = network(images)
    return torch.autograd.grad(F.cross_entropy(logits.to(images.dtype), labels), weights, create_graph=graph)

"""cafe: features aligned layer by layer, and told apart by class (CAFE: Wang et al., CVPR 2022).

In each layer of a network, the mean features of the synthetic images of a class should be those of the real ones; and
the mean embeddings of the synthetic images should classify the real ones, as the rows of a linear classifier do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from nsdcodec.encoding.objectives.base import Match, MemoryNeed, taken_classes
from nsdcodec.encoding.objectives.embeddings import Siamese
from nsdcodec.encoding.objectives.learner import LearnerState, WithLearner
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning.base import Network


@dataclass(frozen=True)
class FeatureAlignment(WithLearner):
    """The squared distance of class means of features, summed over layers and classes (Eq. 3), and `discrimination`
    times the cross-entropy of the real images, summed over classes, whose logits are the products of their embeddings
    with the mean embeddings of the synthetic classes (Eq. 5 to 7), of those that an iteration takes. The paper's 0.01
    for each of 256 real images a class is 2.56 here.

    Departures from the paper: a network is matched, and learns in between, a set number of times, not by how its
    accuracy changes; all layers weigh alike, where the authors' code gives some a tenth.
    """

    name: ClassVar[str] = "cafe"

    discrimination: float = 2.56

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.discrimination >= 0:
            raise InvalidSetting(f"cafe: discrimination is {self.discrimination}; it must be at least 0")

    def loss(self, state: LearnerState, images: Tensor, labels: Tensor, iteration: int) -> Match:
        network = self.renew(state, images.detach(), labels.detach(), iteration)
        generator = state.context.stream("cafe", iteration)
        context, images, labels = state.context.some(images, labels, 0, generator, self.classes_at_once)
        pair = Siamese.drawn(context, labels, self.real_per_class, generator)
        classes, size = context.geometry.classes, network.classifier.in_features

        def features(some: Tensor) -> Tensor:
            with context.compute.autocast():
                layers = network.layers(some)
            return torch.cat([layer.flatten(1) for layer in layers], dim=1).to(images.dtype)

        total: Tensor | None = None
        embedded, wanted = [], []
        for real_labels, found in pair.real(features):
            part = pair.weights(real_labels, found).T @ found
            total = part if total is None else total + part
            # The last layer's; the others are many, and are needed as means alone.
            embedded.append(found[:, -size:].clone())
            wanted.append(pair.numbered(real_labels))
        assert total is not None
        centres = pair.synthetic_means(features, images, labels)
        apart = pair.of_all * (centres - total / self.real_per_class).square().sum()
        entropy = classes * F.cross_entropy(torch.cat(embedded) @ centres[:, -size:].T, torch.cat(wanted))
        terms = {"distance": apart.detach(), "entropy": entropy.detach()}
        return Match(apart + self.discrimination * entropy, network=network, terms=terms)

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        classes = taken_classes(geometry, self.classes_at_once)
        real, remedy = classes * self.real_per_class, "lower network.width, or set objective.classes_at_once"
        size = 1, geometry.channels, geometry.height, geometry.width
        with torch.no_grad():
            layers = network.layers(torch.zeros(size, dtype=network.classifier.weight.dtype))
        values = sum(layer.numel() for layer in layers)
        return MemoryNeed(
            networks=1,
            real_images=real,
            # Their layers side by side, and the gradient of that.
            an_image=2,
            bytes={
                "means of features": 6 * 4 * classes * values,
                "embeddings": 4 * real * network.classifier.in_features,
            },
            remedies={"means of features": remedy, "embeddings": f"{remedy} or objective.real_per_class"},
        )

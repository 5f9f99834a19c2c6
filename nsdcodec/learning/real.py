"""Batches of real images on a device: kept as bytes, normalised as they are drawn."""

from __future__ import annotations

import torch
from torch import Tensor

from nsdcodec.container.header import Normalization
from nsdcodec.sources.base import Split, normalize


class RealData:
    """Real images and labels, drawn with a generator. Normalised images are float32."""

    def __init__(self, split: Split, classes: int, normalization: Normalization, device: torch.device) -> None:
        self.images = split.images.to(device)
        self.labels = split.labels.to(device)
        self.normalization = normalization
        self.device = device
        order = torch.argsort(split.labels, stable=True)
        self.members = list(order.split(torch.bincount(split.labels, minlength=classes).tolist()))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Images [n, C, H, W] and labels [n] at these places."""
        index = index.to(self.device)
        return normalize(self.images[index], self.normalization), self.labels[index]

    def batch(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """n images drawn uniformly, with repetition; all of them, in order, where n is as many or more."""
        if n >= len(self):
            return self.take(torch.arange(len(self)))
        return self.take(torch.randint(len(self), (n,), generator=generator))

    def per_class(self, n: int, generator: torch.Generator) -> Tensor:
        """Images [classes, n, C, H, W]; with repetition where a class has fewer than n."""
        index = torch.stack([_choose(members, n, generator) for members in self.members])
        images, _ = self.take(index.reshape(-1))
        return images.view(len(self.members), n, *images.shape[1:])

    def of_class(self, label: int) -> Tensor:
        """All images [n, C, H, W] of a class."""
        return self.take(self.members[label])[0]

    def of_labels(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        """An image [n, C, H, W] for each label [n], no image twice where a class has enough."""
        index = torch.empty_like(labels)
        for label in labels.unique().tolist():
            wanted = labels == label
            index[wanted] = _choose(self.members[label], int(wanted.sum()), generator)
        return self.take(index)[0]

    def ranked(self, labels: Tensor, ranking: list[Tensor]) -> Tensor:
        """An image [n, C, H, W] for each label [n]: the first with a label is the first of that class's ranking (places
        int64, as `coresets.ranking` gives them), and so on, from its start again where there are no more."""
        index = torch.empty_like(labels)
        for label in labels.unique().tolist():
            wanted = labels == label
            order = ranking[label].to(labels.device)
            index[wanted] = order[torch.arange(int(wanted.sum()), device=labels.device) % len(order)]
        return self.take(index)[0]


def _choose(members: Tensor, n: int, generator: torch.Generator) -> Tensor:
    if n <= len(members):
        return members[torch.randperm(len(members), generator=generator)[:n]]
    return members[torch.randint(len(members), (n,), generator=generator)]

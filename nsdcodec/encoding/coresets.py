"""Coresets: the real images that represent a class best, in order.

With random images they are the baselines in the tables of DC, DM and NSD. A network is trained on all real images; the
images of each class are ranked by its features (herding), or by how often it forgot them during training (forgetting).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from nsdcodec.encoding.objectives.base import Context
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.recipe import TrainingRecipe
from nsdcodec.learning import networks, training
from nsdcodec.learning.base import Network
from nsdcodec.system.randomness import seed_of, stream

BATCH = 512  # images that go through the trained network at once


@dataclass(frozen=True)
class Coreset:
    """How the network that judges is trained: SGD with momentum 0.9 and weight decay 5e-4, its rate falling to a tenth
    at half of the epochs. `width` None is that of the context's network.

    No augmentation, so that an image is judged as it is, and fewer epochs than the 200 of Toneva et al.:
    what two CPU cores do in minutes.
    """

    epochs: int = 20
    batch_size: int = 256
    learning_rate: float = 0.01
    width: int | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "width"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidSetting(f"coreset: {name} is {value}; it must be at least 1")
        if not self.learning_rate > 0:
            raise InvalidSetting(f"coreset: learning_rate is {self.learning_rate}; it must be above 0")


def ranking(kind: str, context: Context, most: int, settings: Coreset | None = None) -> list[Tensor]:
    """For each class the places in `context.real` of at most `most` of its images, int64, the best first; all of a
    smaller class. `kind` is a name in `KINDS`. The same for the same seed of the context.

    Raises UnknownName; InvalidSetting where `most` is below 1.
    """
    if kind not in KINDS:
        raise UnknownName("coreset", kind, KINDS)
    if most < 1:
        raise InvalidSetting(f"coreset: {most} images a class asked for; at least 1 is needed")
    return KINDS[kind](context, most, settings or Coreset())


def herding(context: Context, most: int, settings: Coreset) -> list[Tensor]:
    """Herding (Welling, ICML 2009) in the features of the trained network, the input of its linear layer: `herd`.

    The greedy variant that the tables have (Rebuffi et al., iCaRL, CVPR 2017), though features keep their lengths;
    where all have the same length it is Welling's.
    """
    network = _trained(context, settings, "herding")
    return [members[herd(_features(context, network, members), most)] for members in context.real.members]


def forgetting(context: Context, most: int, settings: Coreset) -> list[Tensor]:
    """The images that are forgotten most often while a network learns (Toneva et al., ICLR 2019): `forgotten`. Ties are
    broken by the seed.

    The paper tests an image when its batch is presented; here all are tested at the end of each epoch, by one network.
    """
    history: list[Tensor] = []
    _trained(context, settings, "forgetting", lambda network: history.append(_right(context, network)))
    counts = forgotten(torch.stack(history))
    # Shuffled before a stable sort: which of two that are forgotten as often comes first is chance.
    shuffled = [
        members[torch.randperm(len(members), generator=stream(context.seed, "forgetting", label))]
        for label, members in enumerate(context.real.members)
    ]
    return [members[counts[members].argsort(descending=True, stable=True)][:most] for members in shuffled]


KINDS: dict[str, Callable[[Context, int, Coreset], list[Tensor]]] = {"herding": herding, "forgetting": forgetting}


def herd(features: Tensor, most: int) -> Tensor:
    """Places int64 [min(most, n)] of rows of features [n, D], each the one that, with those before it, has its mean
    nearest to the mean of all; none twice. Distances are Euclidean, in float64."""
    features = features.double()
    mean = features.mean(dim=0)
    # Against rounding: with the mean at the origin, what is subtracted below is small.
    features = features - mean
    squares = features.square().sum(dim=1)
    total = torch.zeros_like(mean)
    chosen = torch.zeros(min(most, len(features)), dtype=torch.int64)
    for i in range(len(chosen)):
        # |total + row|^2 without |total|^2, which all rows share.
        distance = squares + 2 * (features @ total)
        distance[chosen[:i]] = torch.inf
        chosen[i] = distance.argmin()
        total += features[chosen[i]]
    return chosen


def forgotten(right: Tensor) -> Tensor:
    """How often each image went from right to wrong, int64 [n], of a history bool [epochs, n]. One that never was right
    counts as forgotten in every epoch, which is more than any other can, as in the authors' code."""
    events = (right[:-1] & ~right[1:]).sum(dim=0)
    return torch.where(right.any(dim=0), events, len(right))


def _trained(
    context: Context, settings: Coreset, kind: str, after_epoch: Callable[[Network], None] = lambda network: None
) -> Network:
    """A network trained on all real images; `after_epoch` sees it at the end of each epoch."""
    spec = networks.widened(context.network, settings.width or context.network.width)
    network = networks.build(spec, context.geometry, seed_of(context.seed, "network", kind)).to(context.compute.device)
    recipe = TrainingRecipe(
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        augmentation="none",
        network=spec,
    )

    def tell(epoch: int) -> None:
        after_epoch(network)
        context.on_prepare(f"{kind}, epoch {epoch + 1} of {settings.epochs}", (epoch + 1) / settings.epochs)

    training.train_on(
        [network],
        context.real,
        recipe,
        [stream(context.seed, kind)],
        context.compute,
        after_epoch=tell,
    )
    return network


def _batch(context: Context) -> int:
    return min(BATCH, context.compute.images_at_once or BATCH)


def _features(context: Context, network: Network, index: Tensor) -> Tensor:
    """[n, D] on the CPU of the images at these places."""
    network.eval()
    with torch.no_grad(), context.compute.autocast():
        parts = [network.embed(context.real.take(part)[0]).float() for part in index.split(_batch(context))]
    return torch.cat(parts).cpu()


def _right(context: Context, network: Network) -> Tensor:
    """bool [n] on the CPU: which of all real images the network classifies right."""
    parts = []
    network.eval()
    with torch.no_grad(), context.compute.autocast():
        for index in torch.arange(len(context.real)).split(_batch(context)):
            images, labels = context.real.take(index)
            parts.append(network(images).argmax(dim=1) == labels)
    network.train()
    return torch.cat(parts).cpu()

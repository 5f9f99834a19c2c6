"""Train networks on a file by its recipe and test them on real images: how a distilled set is judged."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import InvalidSetting, InvalidSource
from nsdcodec.format.recipe import NetworkSpec, Normalization, TrainingRecipe
from nsdcodec.learning import networks, stacked, training
from nsdcodec.learning.base import Network
from nsdcodec.learning.batches import Held
from nsdcodec.learning.memory_plan import MemoryPlan
from nsdcodec.learning.real import normalized
from nsdcodec.sources.base import Source
from nsdcodec.system.randomness import seed_of, stream


@dataclass(frozen=True)
class Evaluation:
    """Top-1 accuracies, 0 to 1, of networks trained from different initial weights on one file. `networks` are these,
    where they were kept, for images in the units of `normalization`."""

    accuracies: tuple[float, ...]
    recipe: TrainingRecipe
    test_images: int
    normalization: Normalization
    networks: tuple[Network, ...] = field(default=(), compare=False, repr=False)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.accuracies)

    @property
    def deviation(self) -> float:
        """Of the sample (n - 1); 0 for one network."""
        return statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0


def evaluate(
    dataset: NSDDataset,
    source: Source,
    count: int = 5,
    epochs: int | None = None,
    network: NetworkSpec | None = None,
    seed: int = 0,
    device: torch.device | None = None,
    precision: str = "float32",
    progress: Callable[[int, int], None] = lambda network, epoch: None,
    keep_networks: bool = False,
    together: int | None = None,
    memory: int | None = None,
) -> Evaluation:
    """Trains `count` networks by the file's recipe, but for `epochs` and `network` where given, and tests each once on
    the source's test set: NSD section 4.1, and with networks of other architectures (`networks.named`) section 4.3. The
    learning rate is the recipe's for each of them, though it was chosen for, or learned with, the file's own network.
    `together` of them are trained at once (None: `stacked.at_once`), which changes them by rounding alone. `progress`
    hears of each epoch that a network has done. `memory` in bytes bounds what is taken (`memory_plan`), also by fewer
    networks at once.

    Raises InvalidSource where the source has no test set or other images than the file.
    """
    if count < 1 or (epochs is not None and epochs < 1):
        raise InvalidSetting(f"{count} networks and {epochs} epochs to evaluate with; at least 1 of each is needed")
    if network is not None:
        networks.check(network)
    if source.test is None:
        raise InvalidSource(f"{source.name} has no test set; name a source that has one")
    if source.geometry != dataset.header.layout.geometry:
        raise InvalidSource(
            f"the file has {dataset.header.layout.geometry}, {source.name} has {source.geometry}; "
            "evaluate on the source that the file was made from"
        )
    device = device or torch.device("cpu")
    recipe = replace(dataset.recipe, epochs=epochs or dataset.recipe.epochs, network=network or dataset.recipe.network)
    images, labels = (part.to(device) for part in dataset.all())
    plan = MemoryPlan.of_evaluation(memory, recipe.network, source.geometry, len(dataset), recipe.batch_size, device)
    real = normalized(source.test, dataset.normalization, device, plan.real_bytes)
    real_labels = source.test.labels.to(device)
    batch, most = min(recipe.batch_size, len(labels)), plan.validated_at_once
    size = stacked.at_once(together, recipe.network, source.geometry, batch, device, most)
    accuracies: list[float] = []
    kept: list[Network] = []
    for start in range(0, count, size):
        numbers = range(start, min(start + size, count))
        seeds = [seed_of(seed, "evaluation", number) for number in numbers]
        models = [networks.build(recipe.network, source.geometry, one).to(device) for one in seeds]
        generators = [stream(seed, "evaluation", number) for number in numbers]

        def tell(epoch: int, numbers: range = numbers) -> None:
            for number in numbers:
                progress(number, epoch + 1)

        examples = Held(images, labels)
        training.train_on(models, examples, recipe, generators, precision, tell, images_at_once=most)
        accuracies += [training.accuracy(model, real, real_labels, precision, most) for model in models]
        kept += models if keep_networks else []
    return Evaluation(tuple(accuracies), recipe, len(source.test), dataset.normalization, tuple(kept))

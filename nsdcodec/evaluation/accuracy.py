"""Train networks on a file by its recipe and test them on real images: how a distilled set is judged."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import InvalidSetting, InvalidSource
from nsdcodec.format.recipe import Normalization, TrainingRecipe
from nsdcodec.learning import networks, passes, stacked, training
from nsdcodec.learning.base import Network
from nsdcodec.learning.batches import InMemory
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.memory_plan import MemoryPlan
from nsdcodec.learning.real import normalized
from nsdcodec.sources.base import Source, Split
from nsdcodec.system.randomness import seed_of, stream


@dataclass(frozen=True)
class Evaluation:
    """Top-1 accuracies, 0 to 1, of networks trained from different initial weights on one file. `networks` are these,
    where they were kept, for images in the units of `normalization`; output c is for class c of `classes`."""

    accuracies: tuple[float, ...]
    recipe: TrainingRecipe
    test_images: int
    normalization: Normalization
    classes: tuple[str, ...]
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
    compute: Compute | None = None,
    *,
    recipe: TrainingRecipe | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda network, epoch: None,
    keep_networks: bool = False,
) -> Evaluation:
    """Trains `count` networks by `recipe` (None: the file's) and tests each once on the source's test set: NSD section
    4.1, and with networks of other architectures (`networks.named`) section 4.3. The learning rate is the recipe's for
    each of them, though it was chosen for, or learned with, the file's own network. Networks that are trained at once
    differ by rounding alone. `progress` hears of each epoch that a network has done. `compute.memory` bounds what is
    taken, also by fewer networks at once. A recipe `learning.cutmix.WithCutMix` is that of IDC's evaluation.

    Raises InvalidSource where the source has no test set or other images than the file, and InvalidSetting where it has
    other classes.
    """
    compute, recipe = compute or Compute(), recipe or dataset.recipe
    if count < 1 or recipe.epochs < 1:
        raise InvalidSetting(
            f"{count} networks and {recipe.epochs} epochs to evaluate with; at least 1 of each is needed"
        )
    networks.check(recipe.network)
    test, geometry = images_to_test(dataset, source), dataset.geometry
    device = compute.device
    images, labels = (part.to(device) for part in dataset.all())
    examples = InMemory(images, labels)
    plan = MemoryPlan.of_evaluation(compute, recipe.network, geometry, len(dataset), recipe.batch_size)
    compute = compute.at_once(plan.validated_at_once)
    real = normalized(test, dataset.normalization, device, plan.real_bytes)
    real_labels = test.labels.to(device)
    size = stacked.at_once(recipe.network, geometry, min(recipe.batch_size, len(examples)), compute)
    accuracies: list[float] = []
    kept: list[Network] = []
    for start in range(0, count, size):
        numbers = range(start, min(start + size, count))
        seeds = [seed_of(seed, "evaluation", number) for number in numbers]
        models = [networks.build(recipe.network, geometry, one).to(device) for one in seeds]
        generators = [stream(seed, "evaluation", number) for number in numbers]

        def tell(epoch: int, numbers: range = numbers) -> None:
            for number in numbers:
                progress(number, epoch + 1)

        with passes.compiled_if_it_pays(recipe.network, geometry, count * recipe.epochs * len(examples), compute):
            training.train_on(models, examples, recipe, generators, compute, after_epoch=tell)
            accuracies += [training.accuracy(model, real, real_labels, compute) for model in models]
        kept += models if keep_networks else []
    return Evaluation(tuple(accuracies), recipe, len(test), dataset.normalization, dataset.classes, tuple(kept))


def images_to_test(dataset: NSDDataset, source: Source, name: str = "the file") -> Split:
    """The test images of the source, with the labels that the names of their classes have in the file. Raises what
    `evaluate` does for a source that does not fit; `name` is what messages call the file."""
    if source.test is None:
        raise InvalidSource(
            f"{source.name} has no test set; name a source that has one, or one that has at least 3 images of a class: "
            "nsdc eval splits a test set off, and a program by source.with_test_set()"
        )
    if source.geometry != dataset.geometry:
        raise InvalidSource(
            f"{name} has {dataset.geometry}, {source.name} has {source.geometry}; "
            "evaluate on the source that the file was made from"
        )
    test = source.numbered_as(dataset.classes, name).test
    assert test is not None
    return test

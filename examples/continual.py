"""Class-incremental learning: real images come task by task, and a file is the memory from which earlier classes are
replayed. The same without replay is run for comparison: it forgets.

    python examples/continual.py c10.nsd --source cifar10 --tasks 5
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from nsdcodec import DSA, NSDDataset, Part, Split, build_network, load_source, normalize


def accuracies(
    dataset: NSDDataset, tasks: list[Part], train: Split, test: Split, epochs: int, replay: bool
) -> list[float]:
    """Trains a network on the real images of one task after the other; with `replay`, also on the file's images of all
    earlier tasks. Returns, for each task, the accuracy after it on the real test images of all classes so far."""
    recipe = dataset.recipe
    network = build_network(recipe.network, dataset.geometry, seed=0)
    optimizer = torch.optim.SGD(network.parameters(), recipe.learning_rate, recipe.momentum)
    seen: list[int] = []
    after_each = []
    for task in tasks:
        # Labels keep their numbers: the network has an output for every class from the beginning.
        replayed: Iterator[Any] = itertools.repeat(None)
        if replay and seen:
            memory = dataset.of_classes(seen).loader(recipe.batch_size, transform=DSA.of(dataset))
            replayed = itertools.chain.from_iterable(itertools.repeat(memory))  # epoch after epoch
        images, labels = of_classes(train, task.class_numbers)
        real = TensorDataset(normalize(images, dataset.normalization), labels)
        order = torch.Generator().manual_seed(len(seen))
        for _ in range(epochs):
            new = DataLoader(real, recipe.batch_size, shuffle=True, generator=order)
            for (images, labels), old in zip(new, replayed, strict=False):
                loss = F.cross_entropy(network(images), labels)
                if old is not None:
                    old_images, old_labels = old
                    loss = loss + F.cross_entropy(network(old_images), old_labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        seen += task.class_numbers
        images, labels = of_classes(test, seen)
        with torch.no_grad():
            logits = [network(normalize(batch, dataset.normalization)) for batch in images.split(512)]
        after_each.append(float((torch.cat(logits).argmax(1) == labels).float().mean()))
    return after_each


def of_classes(split: Split, numbers: Sequence[int]) -> tuple[Tensor, Tensor]:
    chosen = torch.isin(split.labels, torch.tensor(numbers))
    return split.images[chosen], split.labels[chosen]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="a .nsd file, or a URL of one")
    parser.add_argument("--source", default="digits", help="the real images (default digits)")
    parser.add_argument("--tasks", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10, help="over the real images of each task (default 10)")
    parser.add_argument("--seed", type=int, help="shuffles the classes")
    options = parser.parse_args(argv)

    dataset = NSDDataset(options.file)
    source = load_source(options.source).numbered_as(dataset.classes)
    if source.test is None:
        parser.error(f"{options.source} has no test images")
    tasks = dataset.class_splits(options.tasks, seed=options.seed)
    with_replay, without = (
        accuracies(dataset, tasks, source.train, source.test, options.epochs, replay) for replay in (True, False)
    )
    for task, kept, forgot in zip(tasks, with_replay, without, strict=True):
        names = ", ".join(dataset.classes[number] for number in task.class_numbers)
        print(f"after {names}: accuracy {kept:.1%} with replay from the file, {forgot:.1%} without")


if __name__ == "__main__":
    main()

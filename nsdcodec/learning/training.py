"""Train a network by a recipe, or several networks at once, and test it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.errors import OutOfMemory
from nsdcodec.format.recipe import TrainingRecipe
from nsdcodec.learning import batches, passes, stacked
from nsdcodec.learning.batches import Examples, InMemory
from nsdcodec.learning.chunks import in_chunks
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.cutmix import WithCutMix
from nsdcodec.learning.flat import Flat
from nsdcodec.learning.real import Normalized

# Images that are tested at once.
TESTED = 512
CPU = Compute()


def train(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    recipe: TrainingRecipe,
    generator: torch.Generator,
    compute: Compute = CPU,
) -> None:
    """One network on normalised images [n, C, H, W] and labels [n], or soft ones [n, classes], as `train_on` does."""
    train_on([network], InMemory(images, labels), recipe, [generator], compute)


def train_on(
    networks: Sequence[nn.Module],
    examples: Examples,
    recipe: TrainingRecipe,
    generators: Sequence[torch.Generator],
    compute: Compute = CPU,
    *,
    after_epoch: Callable[[int], None] = lambda epoch: None,
    decay_at_half: bool = True,
    flat: Flat | None = None,
) -> None:
    """SGD over all examples: the protocol of MTT and NSD section 4.1 (rate x 0.1 once, when half of the epochs are
    done; one DSA operation a batch, parameters for each image). A batch goes through the network whole, or
    `compute.images_at_once` at a time, their gradients added: no layer mixes images.

    With `flat`, the steps seek flat minima. A recipe `WithCutMix` has its batches mixed.

    Several networks, of one architecture of `stacked.STACKABLE`, learn at once, each with its own generator: each
    becomes what it would have become alone, up to rounding; `compute.images_at_once` counts the images of all of them.
    Raises OutOfMemory where they do not fit the device together.
    """
    together = networks[0] if len(networks) == 1 else stacked.stack(networks)
    mixed_classes = recipe.classes if isinstance(recipe, WithCutMix) else None
    optimizer = torch.optim.SGD(
        together.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
    )
    milestones = [(recipe.epochs + 1) // 2] if decay_at_half else []
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, 0.1)
    together.train()
    most = compute.images_at_once
    most = None if most is None else max(1, most // len(networks))
    for epoch in range(recipe.epochs):
        for images, labels in batches.epoch(
            examples, recipe.batch_size, recipe.augmentation, generators, mixed_classes
        ):
            backward = partial(_backward, together, len(networks), images, labels, compute.at_once(most))
            if flat is None:
                backward()
            else:
                flat.differentiate(networks, backward)
            optimizer.step()
        schedule.step()
        after_epoch(epoch)


def _backward(together: nn.Module, count: int, images: Tensor, labels: Tensor, compute: Compute) -> None:
    """Leaves the gradient of a batch, the sum of the mean losses of so many networks, in the weights' `grad`."""
    together.zero_grad(set_to_none=True)
    for some, wanted in in_chunks(compute.images_at_once, images, labels.transpose(0, 1)):
        with _fewer_where_out_of_memory(count), compute.autocast():
            logits = passes.logits(together, some)
        # Logits [n, classes] of one network, [S, n, classes] of several.
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32)).flatten(0, -2)
        mean = F.cross_entropy(logits, wanted.transpose(0, 1).flatten(0, 1))
        with _fewer_where_out_of_memory(count):
            (mean * (count * len(some) / len(images))).backward()


@contextlib.contextmanager
def _fewer_where_out_of_memory(count: int) -> Iterator[None]:
    """Of one network the caller knows better what to change."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        if count == 1:
            raise
        raise OutOfMemory(f"no memory to train {count} networks at once: {error}; lower --together") from error


def accuracy(
    network: nn.Module,
    images: Tensor | Normalized,
    labels: Tensor,
    compute: Compute = CPU,
) -> float:
    """The share of images whose largest logit is their label, 0 to 1."""
    network.eval()
    right = torch.zeros((), dtype=torch.int64, device=images.device)
    with torch.no_grad(), compute.autocast():
        size = min(compute.images_at_once or TESTED, TESTED)
        for start in range(0, len(labels), size):
            found = passes.logits(network, images[start : start + size]).argmax(dim=1)
            right += (found == labels[start : start + size]).sum()
    return int(right) / len(labels)

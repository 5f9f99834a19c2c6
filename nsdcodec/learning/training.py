"""Train a network by a recipe, or several at once, and test it. It reads straight down."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.errors import OutOfMemory
from nsdcodec.format.recipe import TrainingRecipe
from nsdcodec.learning import batches, stacked
from nsdcodec.learning.batches import Examples, Held
from nsdcodec.learning.chunks import parts
from nsdcodec.learning.real import Normalized
from nsdcodec.system.instructions import multiplies_bfloat16

# Images that are tested at once.
TESTED = 512


def train(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    recipe: TrainingRecipe,
    generator: torch.Generator,
    precision: str = "float32",
    after_epoch: Callable[[int], None] = lambda epoch: None,
    decay_at_half: bool = True,
    images_at_once: int | None = None,
) -> None:
    """One network on normalised images [n, C, H, W] and labels [n], or soft ones [n, classes], as `train_on` does."""
    train_on(
        [network], Held(images, labels), recipe, [generator], precision, after_epoch, decay_at_half, images_at_once
    )


def train_on(
    networks: Sequence[nn.Module],
    examples: Examples,
    recipe: TrainingRecipe,
    generators: Sequence[torch.Generator],
    precision: str = "float32",
    after_epoch: Callable[[int], None] = lambda epoch: None,
    decay_at_half: bool = True,
    images_at_once: int | None = None,
) -> None:
    """SGD over all examples: the protocol of MTT and NSD section 4.1 (rate x 0.1 once, when half of the epochs are
    done; one DSA operation a batch, parameters for each image). A batch goes through the network whole, or
    `images_at_once` at a time, their gradients added: no layer mixes images.

    Several networks, of one architecture of `stacked.STACKABLE`, learn at once, each with its own generator: each
    becomes what it would have become alone, up to rounding; `images_at_once` counts the images of all of them. Raises
    OutOfMemory where they do not fit the device together.
    """
    together = networks[0] if len(networks) == 1 else stacked.stack(networks)
    optimizer = torch.optim.SGD(
        together.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
    )
    milestones = [(recipe.epochs + 1) // 2] if decay_at_half else []
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, 0.1)
    together.train()
    most = None if images_at_once is None else max(1, images_at_once // len(networks))
    for epoch in range(recipe.epochs):
        for images, labels in batches.epoch(examples, recipe.batch_size, recipe.augmentation, generators):
            optimizer.zero_grad(set_to_none=True)
            for some, wanted in parts(most, images, labels.transpose(0, 1)):
                with _fewer_where_out_of_memory(len(networks)), autocast(examples.device, precision):
                    logits = together(some)
                # Logits [n, classes] of one network, [S, n, classes] of several: the sum of each one's mean loss.
                logits = logits.to(torch.promote_types(logits.dtype, torch.float32)).flatten(0, -2)
                mean = F.cross_entropy(logits, wanted.transpose(0, 1).flatten(0, 1))
                with _fewer_where_out_of_memory(len(networks)):
                    (mean * (len(networks) * len(some) / len(images))).backward()
            optimizer.step()
        schedule.step()
        after_epoch(epoch)


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
    precision: str = "float32",
    images_at_once: int | None = None,
) -> float:
    """The share of images whose largest logit is their label, 0 to 1."""
    network.eval()
    right = torch.zeros((), dtype=torch.int64, device=images.device)
    with torch.no_grad(), autocast(images.device, precision):
        size = min(images_at_once or TESTED, TESTED)
        for start in range(0, len(labels), size):
            found = network(images[start : start + size]).argmax(dim=1)
            right += (found == labels[start : start + size]).sum()
    return int(right) / len(labels)


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[None]:
    """bfloat16 in convolutions and linear layers, weights float32; or nothing."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


@contextlib.contextmanager
def tf32(device: torch.device) -> Iterator[None]:
    """Within it, float32 products and convolutions on CUDA are taken in TF32, with 10 bits after the point; on a CPU
    nothing changes."""
    if device.type != "cuda":
        yield
        return
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def pick_device(name: str) -> torch.device:
    """ "auto" is CUDA where there is a device, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def pick_precision(name: str, device: torch.device) -> str:
    """ "auto" is bfloat16 on a CPU that multiplies it faster than float32, else float32: on CUDA with products in TF32
    (`tf32`), which costs the gradient of a student less than bfloat16 does."""
    if name != "auto":
        return name
    return "bfloat16" if device.type == "cpu" and multiplies_bfloat16() else "float32"

"""Train a network by a recipe, and test it. It reads straight down."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec import augmentation
from nsdcodec.container.header import TrainingRecipe
from nsdcodec.learning.chunks import parts
from nsdcodec.learning.real import Normalized

# Images that are tested at once.
TESTED = 512


def train(
    network: nn.Module,
    images: Tensor | Normalized,
    labels: Tensor,
    recipe: TrainingRecipe,
    generator: torch.Generator,
    precision: str = "float32",
    after_epoch: Callable[[int], None] = lambda epoch: None,
    decay_at_half: bool = True,
    images_at_once: int | None = None,
) -> None:
    """SGD over normalised images [n, C, H, W] and labels [n]: the protocol of MTT and NSD section 4.1 (rate x 0.1 once,
    when half of the epochs are done; one DSA operation a batch, parameters for each image). A batch goes through the
    network whole, or `images_at_once` at a time, their gradients added: no layer mixes images."""
    optimizer = torch.optim.SGD(
        network.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
    )
    milestones = [(recipe.epochs + 1) // 2] if decay_at_half else []
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, 0.1)
    network.train()
    for epoch in range(recipe.epochs):
        for index in torch.randperm(len(labels), generator=generator).split(recipe.batch_size):
            batch = images[index.to(images.device)]
            batch = augmentation.apply(batch, augmentation.draw(recipe.augmentation, len(batch), generator))
            optimizer.zero_grad(set_to_none=True)
            for some, wanted in parts(images_at_once, batch, labels[index.to(labels.device)]):
                with autocast(images.device, precision):
                    logits = network(some)
                loss = F.cross_entropy(logits.float(), wanted)
                (loss if len(some) == len(batch) else loss * (len(some) / len(batch))).backward()
            optimizer.step()
        schedule.step()
        after_epoch(epoch)


def accuracy(
    network: nn.Module,
    images: Tensor | Normalized,
    labels: Tensor,
    precision: str = "float32",
    images_at_once: int | None = None,
) -> float:
    """The share of images whose largest logit is their label, 0 to 1."""
    network.eval()
    right = 0
    with torch.no_grad(), autocast(images.device, precision):
        size = min(images_at_once or TESTED, TESTED)
        for start in range(0, len(labels), size):
            found = network(images[start : start + size]).argmax(dim=1)
            right += int((found == labels[start : start + size]).sum())
    return right / len(labels)


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[None]:
    """bfloat16 in convolutions and linear layers, weights float32; or nothing."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def pick_device(name: str) -> torch.device:
    """ "auto" is CUDA where there is a device, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def pick_precision(name: str, device: torch.device) -> str:
    """ "auto" is bfloat16 where the hardware multiplies it faster than float32, else float32."""
    if name != "auto":
        return name
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return "bfloat16" if device.type == "cpu" and supported() else "float32"

"""Soft labels that begin as what trained networks, the teachers, say of the images: knowledge distillation (Hinton et
al. 2015), with the labels in the file. DATM (ICLR 2024) begins with such labels and learns them; here they may also
stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nsdcodec.encoding.experts import Experts, ExpertSettings
from nsdcodec.encoding.objectives.base import Context
from nsdcodec.errors import InvalidSetting
from nsdcodec.format import synthesis
from nsdcodec.format.layout import Layout
from nsdcodec.learning import networks, passes
from nsdcodec.learning.training import TESTED
from nsdcodec.system.devices import on_device

# Probabilities below it are stored as it, which is a score of 0: nearly all of them, so that they take few bytes.
LEAST = 0.01


@dataclass(frozen=True)
class Teachers:
    """So many networks, of the kind that distils, are trained on the real images: SGD with momentum 0.9 and weight
    decay 5e-4, its rate falling to a tenth at half of the epochs. They know more than the experts of an objective,
    whose rate does not fall. What they say is softened by a `temperature`, by which their logits are divided. Raises
    InvalidSetting."""

    networks: int = 3
    epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 0.02
    temperature: float = 2.0

    def __post_init__(self) -> None:
        for name in ("networks", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise InvalidSetting(f"teachers: {name} is {getattr(self, name)}; it must be at least 1")
        for name in ("learning_rate", "temperature"):
            if not getattr(self, name) > 0:
                raise InvalidSetting(f"teachers: {name} is {getattr(self, name)}; it must be above 0")

    def missing(self, context: Context) -> int:
        """How many of them are still to be trained."""
        return len(Experts(context.experts_folder, self._settings(context)).missing(self.networks))

    def trained(self, context: Context) -> Experts:
        """Their weights after the last epoch; those that are missing are made. They are kept among the experts."""
        return context.trained(self._settings(context), self.networks, "teacher")

    def _settings(self, context: Context) -> ExpertSettings:
        return ExpertSettings(
            context.source_sha256,
            context.network,
            context.augmentation,
            self.epochs,
            learning_rate=self.learning_rate,
            momentum=0.9,
            weight_decay=5e-4,
            batch_size=self.batch_size,
            seed=context.seed,
            precision=context.compute.precision,
            kept=(self.epochs,),
            decay_at_half=True,
        )


def scores(teachers: Teachers, context: Context, layout: Layout, arrays: Mapping[str, Tensor]) -> Tensor:
    """Scores float32 [n, classes], on the CPU, of which the softmax is the mean of the distributions that the teachers
    have for each image of the arrays; with LEAST at the least, before they are divided by their sum. Teachers that are
    missing are made."""
    trained = teachers.trained(context)
    network = context.new_network("teacher").requires_grad_(False).eval()
    size = min(context.compute.images_at_once or TESTED, TESTED)
    said = torch.zeros(layout.images, layout.geometry.classes)
    for teacher in range(teachers.networks):
        weights = on_device(trained.weights(teacher, teachers.epochs), context.device)
        network.load_state_dict(networks.unflatten(network, weights))
        for start in range(0, layout.images, size):
            index = torch.arange(start, min(start + size, layout.images))
            images = on_device(synthesis.images(layout, arrays, index), context.device)
            with torch.no_grad(), context.compute.autocast():
                logits = passes.logits(network, images)
            said[index] += (logits.float() / teachers.temperature).softmax(dim=1).cpu()
            context.on_prepare("labels by teachers", (teacher + start / layout.images) / teachers.networks)
    return (said / teachers.networks).clamp(min=LEAST).div(LEAST).log()

"""Soft labels that begin as what trained networks say of the images: knowledge distillation (Hinton et al. 2015), with
the labels in the file. DATM (ICLR 2024) begins with such labels and learns them; here they may also stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nsdcodec.encoding.objectives.base import Context, Objective
from nsdcodec.format import synthesis
from nsdcodec.format.layout import Layout
from nsdcodec.learning import networks, passes
from nsdcodec.learning.training import TESTED
from nsdcodec.system.devices import on_device

# Probabilities below it are stored as it, which is a score of 0: nearly all of them, so that they take few bytes.
LEAST = 0.01


def scores(objective: Objective[Any], context: Context, layout: Layout, arrays: Mapping[str, Tensor]) -> Tensor:
    """Scores float32 [n, classes], on the CPU, of which the softmax is the mean of the distributions that the
    objective's experts have for each image of the arrays, after the last of their epochs that is kept; with LEAST at
    the least, before they are divided by their sum. Experts that are missing are made. Raises InvalidSetting where the
    objective has none."""
    experts = objective.expert_trajectories(context)
    network = context.new_network("teacher").requires_grad_(False).eval()
    size = min(context.compute.images_at_once or TESTED, TESTED)
    said = torch.zeros(layout.images, layout.geometry.classes)
    for expert in range(objective.expert_count):
        weights = on_device(experts.weights(expert, experts.settings.rows[-1]), context.device)
        network.load_state_dict(networks.unflatten(network, weights))
        for start in range(0, layout.images, size):
            index = torch.arange(start, min(start + size, layout.images))
            images = on_device(synthesis.images(layout, arrays, index), context.device)
            with torch.no_grad(), context.compute.autocast():
                logits = passes.logits(network, images)
            said[index] += logits.float().softmax(dim=1).cpu()
            context.on_prepare("labels by experts", (expert + start / layout.images) / objective.expert_count)
    return (said / objective.expert_count).clamp(min=LEAST).div(LEAST).log()

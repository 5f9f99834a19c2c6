"""A network that is matched some times, learns from the synthetic images in between, and makes place for a new one: the
loops of DC's Algorithm 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.encoding.objectives.base import Context, Objective, State
from nsdcodec.encoding.objectives.student import learn
from nsdcodec.errors import InvalidSetting
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network
from nsdcodec.system.devices import on_device


class LearnerState(State):
    """The network that is being matched; how often it was, the iteration tells."""

    def __init__(self, context: Context, network: Network) -> None:
        super().__init__(context)
        self.network = network

    def tensors(self) -> dict[str, Tensor]:
        return {"network": networks.flatten(self.network)}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        weights = tensors["network"].to(self.context.device)
        self.network.load_state_dict(networks.unflatten(self.network, weights))


@dataclass(frozen=True)
class WithLearner(Objective[LearnerState]):
    """`real_per_class` real images stand for each class; an iteration takes `classes_at_once` classes, drawn anew (0:
    all). A network is matched `network_life` times; before each time but the first it takes `inner_steps` plain SGD
    steps of `inner_rate` on batches of `inner_batch` synthetic images.
    """

    name: ClassVar[str]

    real_per_class: int = 64
    network_life: int = 1
    inner_steps: int = 50
    inner_batch: int = 256
    inner_rate: float = 0.01
    classes_at_once: int = 0

    def __post_init__(self) -> None:
        for name, least in (
            ("real_per_class", 1),
            ("network_life", 1),
            ("inner_steps", 0),
            ("inner_batch", 1),
            ("classes_at_once", 0),
        ):
            if getattr(self, name) < least:
                raise InvalidSetting(f"{self.name}: {name} is {getattr(self, name)}; it must be at least {least}")
        if not self.inner_rate > 0:
            raise InvalidSetting(f"{self.name}: inner_rate is {self.inner_rate}; it must be above 0")

    def prepare(self, context: Context) -> LearnerState:
        return LearnerState(context, context.new_network(self.name, 0))

    def renew(self, state: LearnerState, images: Tensor, labels: Tensor, iteration: int) -> Network:
        """A new network at the end of the life of one; else the same after its inner steps. Images and labels have no
        graph."""
        context = state.context
        if iteration % self.network_life == 0:
            state.network = context.new_network(self.name, iteration // self.network_life)
            return state.network
        generator = context.stream(self.name, "inner", iteration)
        for _ in range(self.inner_steps):
            index = on_device(torch.randperm(len(images), generator=generator)[: self.inner_batch], images.device)
            learn(context, state.network, images[index], labels[index], self.inner_rate, generator)
        return state.network

"""dm: distribution matching (Zhao and Bilen, WACV 2023). Means of embeddings, real against synthetic, class by class.

The paper draws a new random network at each iteration. With `pool`, networks that learn from real data meanwhile are
matched instead, as in IDM (Zhao et al., CVPR 2023): their features tell classes apart, which random ones hardly do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.encoding.objectives.base import Context, Match, MemoryNeed, Objective, State, taken, taken_classes
from nsdcodec.encoding.objectives.embeddings import Statistics, check, distance, distance_need
from nsdcodec.encoding.objectives.student import learn
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network


@dataclass
class PoolState(State):
    pool: list[Network] = field(default_factory=list)
    ages: list[int] = field(default_factory=list)
    born: int = 0

    def tensors(self) -> dict[str, Tensor]:
        kept = {f"network{i}": networks.flatten(network) for i, network in enumerate(self.pool)}
        return kept | {"ages": torch.tensor([*self.ages, self.born])} if self.pool else {}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for i, network in enumerate(self.pool):
            network.load_state_dict(networks.unflatten(network, tensors[f"network{i}"].to(self.context.device)))
        if self.pool:
            *self.ages, self.born = tensors["ages"].tolist()


@dataclass(frozen=True)
class DistributionMatching(Objective[PoolState]):
    """`real_per_class` real images stand for each class, and at most `synthetic_per_class` synthetic ones, drawn anew
    (0: all); an iteration takes `classes_at_once` classes, drawn anew (0: all). `pool` networks (0: a new random one
    each iteration) take `pool_steps` SGD steps on real data before each use, and make place for a new one after
    `pool_age` uses. Compared are means of embeddings, or their characteristic functions (NCFM, CVPR 2025), as
    `statistics` says."""

    name: ClassVar[str] = "dm"

    real_per_class: int = 64
    synthetic_per_class: int = 0
    pool: int = 0
    pool_age: int = 60
    pool_steps: int = 2
    pool_batch: int = 128
    pool_rate: float = 0.02
    statistics: Statistics = "mean"
    classes_at_once: int = 0

    def __post_init__(self) -> None:
        for name, least in (
            ("real_per_class", 1),
            ("synthetic_per_class", 0),
            ("classes_at_once", 0),
            ("pool", 0),
            ("pool_age", 1),
            ("pool_steps", 0),
            ("pool_batch", 1),
        ):
            if getattr(self, name) < least:
                raise InvalidSetting(f"dm: {name} is {getattr(self, name)}; it must be at least {least}")
        if not self.pool_rate > 0:
            raise InvalidSetting(f"dm: pool_rate is {self.pool_rate}; it must be above 0")
        check(self.name, self.statistics)

    def prepare(self, context: Context) -> PoolState:
        state = PoolState(context)
        for i in range(self.pool):
            state.pool.append(_fixed(context.new_network("pool", i)))
            # As if born one after another, so that they do not all make place at once.
            state.ages.append(i * self._life // self.pool)
            state.born += 1
        return state

    def passed_images(self, geometry: Geometry, images: int) -> int:
        learned = self.pool_steps * self.pool_batch if self.pool else 0
        return self._real(geometry) + self._synthetic(geometry, images) + learned

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        need = distance_need(network, self._synthetic(geometry, images), self._real(geometry), self.statistics)
        return need | MemoryNeed(networks=self.pool, real_images=self.pool_batch if self.pool else 0)

    def _real(self, geometry: Geometry) -> int:
        """Images of an iteration; so below."""
        return taken_classes(geometry, self.classes_at_once) * self.real_per_class

    def _synthetic(self, geometry: Geometry, images: int) -> int:
        return taken(geometry, images, self.synthetic_per_class, self.classes_at_once)

    @property
    def _life(self) -> int:
        """Steps that a pooled network takes before it makes place."""
        return self.pool_age * max(1, self.pool_steps)

    def loss(self, state: PoolState, images: Tensor, labels: Tensor, iteration: int) -> Match:
        generator = state.context.stream("dm", iteration)
        context, images, labels = state.context.some(
            images, labels, self.synthetic_per_class, generator, self.classes_at_once
        )
        slot = int(torch.randint(max(1, self.pool), (1,), generator=generator))
        for _ in range(self.pool_steps if self.pool else 0):
            self._learn(state, slot)
        network = state.pool[slot] if self.pool else _fixed(context.new_network("dm", iteration))
        apart = distance(context, network, images, labels, self.real_per_class, generator, self.statistics)
        return Match(apart, network=network)

    def _learn(self, state: PoolState, slot: int) -> None:
        """One SGD step on real data. A network at the end of its life has made place for a new one before."""
        context = state.context
        if state.ages[slot] >= self._life:
            state.pool[slot] = _fixed(context.new_network("pool", state.born))
            state.ages[slot] = 0
            state.born += 1
        generator = context.stream("pool", state.born, slot, state.ages[slot])
        images, labels = context.real.batch(self.pool_batch, generator)
        network = state.pool[slot].requires_grad_(True)
        learn(context, network, images, labels, self.pool_rate, generator)
        _fixed(network)
        state.ages[slot] += 1


def _fixed(network: Network) -> Network:
    """A network that is matched. A compiled pass takes all gradients that can be, wanted or not."""
    return network.requires_grad_(False)

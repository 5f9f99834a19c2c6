"""The order in which a loader serves the images of a set: the same for any number of ranks and workers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from nsdcodec.errors import InvalidSetting
from nsdcodec.system.randomness import stream


@dataclass(frozen=True)
class Order:
    """The order of `count` images in each epoch: a permutation drawn from (seed, epoch) alone, or 0 to count - 1. Each
    step takes `batch_size` of them for each of `world_size` ranks, in the order of the ranks. Raises InvalidSetting.

    The ranks together thus serve one sequence, whatever their number, and a position in it means the same to all.
    """

    count: int
    batch_size: int
    shuffle: bool = True
    seed: int = 0
    drop_last: bool = False
    rank: int = 0
    world_size: int = 1

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InvalidSetting(f"batch_size is {self.batch_size}; it must be at least 1")
        if not 0 <= self.rank < self.world_size:
            raise InvalidSetting(f"rank {self.rank} of {self.world_size}; it must be 0 to world_size - 1")

    @property
    def step(self) -> int:
        """Images that all ranks take together at once."""
        return self.batch_size * self.world_size

    def epoch(self, epoch: int) -> Tensor:
        """int64 [count]: the image at each position of this epoch."""
        if not self.shuffle:
            return torch.arange(self.count)
        return torch.randperm(self.count, generator=stream(self.seed, "order", epoch))

    def batches(self, epoch: int, position: int = 0) -> Iterator[tuple[int, Tensor]]:
        """For each step from `position` on: the position after it, and the images of this rank, int64 [n].

        Every rank has the same number of steps. The images of the last step are divided evenly among the ranks; if
        they do not divide, the first images of the epoch fill it up, as in DistributedSampler. With `drop_last` the
        last step is left out unless it is complete."""
        order = self.epoch(epoch)
        for start in range(position, self.end, self.step):
            stop = min(start + self.step, self.count)
            together = order[start:stop]
            if missing := -len(together) % self.world_size:
                together = torch.cat([together, order.repeat(-(-missing // self.count))[:missing]])
            each = len(together) // self.world_size
            yield stop, together[self.rank * each : (self.rank + 1) * each]

    def steps(self, position: int = 0) -> int:
        """How many steps an epoch has from this position on."""
        return len(range(position, self.end, self.step))

    @property
    def end(self) -> int:
        """Positions at which a step can begin are below this."""
        return self.count - self.step + 1 if self.drop_last else self.count

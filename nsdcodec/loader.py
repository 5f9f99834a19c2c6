"""The batch loader: whole batches from a set, on a device, in an order that can be stopped and gone on with anywhere.

It skips the single samples of a DataLoader; with workers, a DataLoader makes its batches in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from nsdcodec.errors import InvalidSetting
from nsdcodec.order import Order
from nsdcodec.randomness import stream

# Images [n, C, H, W], and of a seeded one a generator for its chance -> images.
BatchTransform = Callable[..., Tensor]
# Images and labels, and of a seeded one a generator -> images and labels.
JointTransform = Callable[..., tuple[Tensor, Tensor]]


class Batches(Protocol):
    """What a loader needs of a set: see `image_set.ImageSet`, which has it."""

    @property
    def labels(self) -> Tensor: ...

    def images(self, index: Tensor, device: torch.device) -> Tensor: ...

    def prepare(self, device: torch.device) -> None: ...

    def __len__(self) -> int: ...


class Loader:
    """Iterating is an epoch of (images [n, C, H, W] in `dtype`, labels) on `device`; the next iteration is the next
    epoch, also where the one before was left early.

    The order of an epoch depends on (seed, epoch) alone: not on the number of ranks, of workers, or of the batches so
    far. `state_dict` in the middle of an epoch says where it is, at no cost; after `load_state_dict` the next iteration
    is the rest of that epoch, or where nothing is left of it the next one, with any number of ranks or workers, and any
    batch size. `rank` and `world_size` are those of torch.distributed where it is in use, else 0 of 1.

    `transform` works on the batch, on its device: images -> images, as those of torchvision v2 do; one with a true
    attribute `seeded` is called as transform(images, generator), with a generator for (seed, epoch, position, rank)
    alone. `joint_transform` follows it and takes (images, labels) to both, as torchvision's MixUp and CutMix do; of a
    seeded one the generator is the third argument. `transforms` has the augmentation of the file, and makes any seeded.
    """

    def __init__(
        self,
        images: Batches,
        batch_size: int,
        *,
        device: torch.device,
        shuffle: bool = True,
        seed: int = 0,
        transform: BatchTransform | None = None,
        joint_transform: JointTransform | None = None,
        drop_last: bool = False,
        workers: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        dtype: torch.dtype = torch.float32,
        channels_last: bool = False,
    ) -> None:
        here, all_ranks = _distributed()
        self.order = Order(
            len(images),
            batch_size,
            shuffle,
            seed,
            drop_last,
            here if rank is None else rank,
            all_ranks if world_size is None else world_size,
        )
        if workers < 0:
            raise InvalidSetting(f"workers is {workers}; it must be at least 0")
        self.images, self.device, self.workers = images, device, workers
        self.transform, self.joint_transform = transform, joint_transform
        self.dtype = dtype
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self._begun = False
        self.set_epoch(0)
        self._labels = images.labels.to(device)

    def __len__(self) -> int:
        """Steps of a whole epoch, also where `load_state_dict` left fewer: trainers count on from where they were."""
        return self.order.steps()

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Raises what decoding raises."""
        if self._begun:
            self.set_epoch(self.epoch + 1)
        self._begun = True
        batches = self._with_workers() if self.workers else self._here()
        for position, images, labels in batches:
            # Before the batch is out: a state that is taken while it is trained on counts it as done.
            self.position = position
            yield images, labels
        self.set_epoch(self.epoch + 1)

    def set_epoch(self, epoch: int) -> None:
        """Goes to the beginning of this epoch."""
        self.epoch, self.position, self._begun = epoch, 0, False

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers: the epoch, the position in its order, and what makes the order."""
        return {
            "epoch": self.epoch,
            "position": self.position,
            "seed": self.order.seed,
            "shuffle": self.order.shuffle,
            "count": self.order.count,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Raises InvalidSetting where the state is of another order: its set, seed or shuffling differ."""
        mine = self.state_dict()
        for name in ("count", "seed", "shuffle"):
            if state.get(name) != mine[name]:
                raise InvalidSetting(
                    f"the state of the loader has {name}={state.get(name)}, this loader {mine[name]}; "
                    "make the loader with what the other had"
                )
        epoch, position = int(state["epoch"]), int(state["position"])
        if self.order.steps(position):
            self.set_epoch(epoch)
            self.position = position
        else:  # taken at the last batch of its epoch: an epoch of no batches would end a trainer's next one at once
            self.set_epoch(epoch + 1)

    def _here(self) -> Iterator[tuple[int, Tensor, Tensor]]:
        self.images.prepare(self.device)
        for position, index in self.order.batches(self.epoch, self.position):
            with torch.no_grad():
                images = self.images.images(index, self.device)
            labels = self._labels.index_select(0, index.to(self.device))
            yield position, *self._finished(images, labels, self.epoch, position)

    def _with_workers(self) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Decoded and transformed on the CPU by workers, which each take whole batches in turn."""
        steps = list(self.order.batches(self.epoch, self.position))
        source = _Batches(self, self.epoch)
        for position, images, labels in DataLoader(
            source, batch_size=None, sampler=steps, num_workers=self.workers, pin_memory=self.device.type == "cuda"
        ):
            yield position, images.to(self.device, non_blocking=True), labels.to(self.device, non_blocking=True)

    def _finished(self, images: Tensor, labels: Tensor, epoch: int, position: int) -> tuple[Tensor, Tensor]:
        if self.transform is not None:
            images = self.transform(images, *self._chance("transform", self.transform, epoch, position))
        if self.joint_transform is not None:
            chance = self._chance("joint transform", self.joint_transform, epoch, position)
            images, labels = self.joint_transform(images, labels, *chance)
        return images.to(dtype=self.dtype, memory_format=self.memory_format), labels

    def _chance(self, purpose: str, transform: object, epoch: int, position: int) -> tuple[torch.Generator, ...]:
        if not getattr(transform, "seeded", False):
            return ()
        return (stream(self.order.seed, purpose, epoch, position, self.order.rank),)


class _Batches(Dataset[tuple[int, Tensor, Tensor]]):
    """For the workers of a DataLoader: a step of the order -> its batch."""

    def __init__(self, loader: Loader, epoch: int) -> None:
        self.loader, self.epoch = loader, epoch

    def __getitem__(self, step: tuple[int, Tensor]) -> tuple[int, Tensor, Tensor]:
        position, index = step
        with torch.no_grad():
            images = self.loader.images.images(index, torch.device("cpu"))
        return position, *self.loader._finished(images, self.loader.images.labels[index], self.epoch, position)


def _distributed() -> tuple[int, int]:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1

"""The batch loader: whole batches of a set on a device, in a reproducible order that can be resumed at any batch.

Without workers it makes whole batches itself, and never single samples as a DataLoader does. With workers, a DataLoader
makes the same batches in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from nsdcodec.data.order import Order
from nsdcodec.errors import InvalidSetting, WorkerDied
from nsdcodec.system.devices import on_device
from nsdcodec.system.randomness import stream

# Images [n, C, H, W], and of a seeded one a generator for its chance -> images.
BatchTransform = Callable[..., Tensor]
# Images and labels, and of a seeded one a generator -> images and labels.
JointTransform = Callable[..., tuple[Tensor, Tensor]]


class Batches(Protocol):
    """What a loader needs of a set: see `image_set.ImageSet`, which has it."""

    @property
    def labels(self) -> Tensor: ...

    def images(self, index: Tensor, device: torch.device) -> Tensor: ...

    def __len__(self) -> int: ...


class Loader:
    """Batches of a set: (images [n, C, H, W] in `dtype`, labels) on `device`. Iterating over it is one epoch. The next
    iteration is the next epoch, even if the one before was left early.

    The order of an epoch depends on the seed and the number of the epoch alone, not on the number of ranks or workers.
    `state_dict` can be called in the middle of an epoch. After `load_state_dict` the next iteration is the rest of that
    epoch, or the next epoch if nothing is left of it, with any number of ranks and workers and any batch size. `rank`
    and `world_size` are those of torch.distributed if it is initialised, else 0 of 1.

    `transform` takes the images of a batch to images, on the batch's device (on the CPU, if there are workers), as the
    transforms of torchvision v2 do. If it has a true attribute `seeded`, it is called as transform(images, generator),
    with a generator that depends on (seed, epoch, position, rank) alone. `joint_transform` is called after it and takes
    (images, labels) to both, as MixUp and CutMix do; if it is seeded, the generator is its third argument.

    If a worker is killed, WorkerDied is raised. (If that is noticed while a batch is being trained on, PyTorch raises
    its RuntimeError there.) `state_dict` is then that of the last batch that was served; loading it goes on there.
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
            bool(shuffle),
            int(seed),  # of NumPy, it would not be JSON
            drop_last,
            here if rank is None else rank,
            all_ranks if world_size is None else world_size,
        )
        if workers < 0:
            raise InvalidSetting(f"workers is {workers}; it must be at least 0")
        if not dtype.is_floating_point:
            raise InvalidSetting(f"dtype is {dtype}; images are of float32, bfloat16, float16 or float64")
        self.images, self.device, self.workers = images, device, workers
        memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self._finish = _Finish(transform, joint_transform, self.order.seed, self.order.rank, dtype, memory_format)
        self._labels = images.labels.to(device)
        self._iteration: object | None = None
        self.epoch = self.position = 0

    def __len__(self) -> int:
        """Steps of a whole epoch, even if `load_state_dict` left fewer: trainers count on from where they were."""
        return self.order.steps()

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Raises what decoding raises, and WorkerDied."""
        if self._iteration is not None:
            self.set_epoch(self.epoch + 1)
        epoch, iteration = self.epoch, object()
        self._iteration = iteration
        for position, images, labels in (self._with_workers if self.workers else self._here)(epoch, self.position):
            if self._iteration is iteration:  # no other has begun since, and no state was loaded
                # Before the batch is out: a state that is taken while it is trained on counts it as done.
                self.position = position
            yield images, labels
        if self._iteration is iteration:
            self.set_epoch(epoch + 1)

    def set_epoch(self, epoch: int) -> None:
        """Goes to the beginning of this epoch. Raises InvalidSetting below 0."""
        if epoch < 0:
            raise InvalidSetting(f"epoch is {epoch}; it must be at least 0")
        self.epoch, self.position = int(epoch), 0
        self._iteration = None

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
        """Goes on where `state_dict` was taken. Raises InvalidSetting if the state is that of another number of images,
        seed or shuffling, or is no state at all."""
        mine = self.state_dict()
        for name in ("count", "seed", "shuffle"):
            if state.get(name) != mine[name]:
                raise InvalidSetting(
                    f"the state of the loader has {name}={state.get(name)}, this loader {mine[name]}; "
                    "make the loader with what the other had"
                )
        epoch, position = state.get("epoch"), state.get("position")
        if not isinstance(epoch, int) or not isinstance(position, int) or not 0 <= position <= self.order.count:
            raise InvalidSetting(
                f"the state of the loader has epoch={epoch}, position={position}; they must be whole numbers, "
                f"the position 0 to {self.order.count}"
            )
        if position and not self.order.steps(position):
            # Taken at the last batch of its epoch: an epoch of no batches would end a trainer's next one at once.
            epoch, position = epoch + 1, 0
        self.set_epoch(epoch)
        self.position = position

    def _here(self, epoch: int, position: int) -> Iterator[tuple[int, Tensor, Tensor]]:
        for stop, index in self.order.batches(epoch, position):
            with torch.no_grad():
                images = self.images.images(index, self.device)
            labels = self._labels.index_select(0, on_device(index, self.device))
            yield stop, *self._finish(images, labels, epoch, stop)

    def _with_workers(self, epoch: int, position: int) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Decoded and transformed on the CPU by workers, which each take whole batches in turn."""
        batches = DataLoader(
            _Batches(self.images, self._finish, epoch),
            batch_size=None,
            # As numbers: a tensor would go to a worker through shared memory.
            sampler=((stop, index.tolist()) for stop, index in self.order.batches(epoch, position)),
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            generator=stream(self.order.seed, "workers", epoch),  # else it would draw from the global one
        )
        try:
            for stop, images, labels in batches:
                yield stop, images.to(self.device, non_blocking=True), labels.to(self.device, non_blocking=True)
            return
        except RuntimeError as error:
            reason = str(error)
            if not reason.startswith("DataLoader worker (pid"):
                raise
        # Not in the handler: PyTorch's error holds the frames that hold the other workers, which are to end now.
        raise WorkerDied(
            f"{reason} With {self.workers} workers and batches of {self.order.batch_size} the machine may be out of "
            "memory: lower one of them. load_state_dict(state_dict()) goes on after the last batch"
        )


@dataclass(frozen=True)
class _Finish:
    """Transforms decoded images, in this process or in a worker."""

    transform: BatchTransform | None
    joint_transform: JointTransform | None
    seed: int
    rank: int
    dtype: torch.dtype
    memory_format: torch.memory_format

    def __call__(self, images: Tensor, labels: Tensor, epoch: int, position: int) -> tuple[Tensor, Tensor]:
        if self.transform is not None:
            images = self.transform(images, *self._chance("transform", self.transform, epoch, position))
        if self.joint_transform is not None:
            chance = self._chance("joint transform", self.joint_transform, epoch, position)
            images, labels = self.joint_transform(images, labels, *chance)
        return images.to(dtype=self.dtype, memory_format=self.memory_format), labels

    def _chance(self, purpose: str, transform: object, epoch: int, position: int) -> tuple[torch.Generator, ...]:
        if not getattr(transform, "seeded", False):
            return ()
        return (stream(self.seed, purpose, epoch, position, self.rank),)


class _Batches(Dataset[tuple[int, Tensor, Tensor]]):
    """For the workers of a DataLoader: a step of the order -> its batch."""

    def __init__(self, images: Batches, finish: _Finish, epoch: int) -> None:
        self._images, self._labels, self._finish, self._epoch = images, images.labels, finish, epoch

    def __getitem__(self, step: tuple[int, list[int]]) -> tuple[int, Tensor, Tensor]:
        position, index = step[0], torch.tensor(step[1], dtype=torch.int64)
        with torch.no_grad():
            images = self._images.images(index, torch.device("cpu"))
        return position, *self._finish(images, self._labels[index], self._epoch, position)


def _distributed() -> tuple[int, int]:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1

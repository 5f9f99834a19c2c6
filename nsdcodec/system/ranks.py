"""The processes that work together, over torch.distributed: gloo between CPUs, nccl between GPUs.

`Ranks()` is a single process: its methods return what they are given. That another rank was lost is noticed at the next
call of a method: at once if its connections were closed, else after the timeout.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor
from torch import distributed as dist

from nsdcodec.errors import InvalidSetting, MissingData, NsdError, RankLost
from nsdcodec.system import launch

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

T = TypeVar("T")
TIMEOUT = 1800.0  # seconds; above what the longest wait for rank 0 takes, which is a check or a coreset

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Ranks:
    """Every method must be called by all ranks, in the same order. Raises RankLost if one is lost."""

    rank: int = 0
    world: int = 1

    def gather(self, values: Tensor) -> Tensor:
        """[world, n, ...] of the values [n, ...] of all, by rank: same shape, dtype and kind of device."""
        if self.world == 1:
            return values[None]
        gathered = values.new_empty(self.world, *values.shape)
        with _met():
            dist.all_gather_into_tensor(gathered.flatten(0, 1), values.contiguous())
        return gathered

    def from_first(self, make: Callable[[], T]) -> T:
        """Calls `make` on rank 0 alone, and returns its result, or raises the NsdError that it raised, on all ranks.
        Tensors in the result must be on the CPU."""
        if self.world == 1:
            return make()
        told: list[Any] = [None, None]
        if self.rank == 0:
            try:
                told = [make(), None]
            except NsdError as error:
                told = [None, error]
        with _met():
            dist.broadcast_object_list(told, src=0, device=CPU)
        made, failed = told
        if failed is not None:
            raise failed
        return made  # type: ignore[no-any-return]

    def to_first(self, value: T) -> list[T]:
        """The values of all ranks, in their order, on rank 0; nothing on the others. Tensors in them must be on the
        CPU."""
        if self.world == 1:
            return [value]
        gathered: list[Any] | None = [None] * self.world if self.rank == 0 else None
        with _met():
            dist.gather_object(value, gathered, dst=0)
        return gathered or []


@contextlib.contextmanager
def joined(device: torch.device, timeout: float = TIMEOUT) -> Iterator[Ranks]:
    """The ranks that were launched together, connected on entry and parted on exit; a single process if none were. A
    rank that does not answer for `timeout` seconds counts as lost. Raises RankLost, and MissingData if PyTorch was
    built without torch.distributed."""
    if launch.world() == 1:
        yield Ranks()
        return
    if not timeout > 0:
        raise InvalidSetting(f"the timeout for a rank is {timeout} seconds; it must be above 0")
    if not dist.is_available():
        raise MissingData("this PyTorch has no torch.distributed; start one process, without torchrun")
    # Only here, for a PyTorch without them.
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    import_optimizers()
    if device.type == "cuda":
        torch.cuda.set_device(device)
        # Or a lost rank ends this process from another thread, with no error that could be caught.
        os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
    # Objects go over gloo in either case, so that they never wait for what the GPU does.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    rank, world, patience = launch.rank(), launch.world(), timedelta(seconds=timeout)
    with _met():
        store, _, _ = next(rendezvous("env://", rank, world, timeout=patience))
        store = PrefixStore(_round(store, rank, world, timeout), store)
        dist.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=patience)
    try:
        yield Ranks(rank, world)
    finally:
        dist.destroy_process_group()


def import_optimizers() -> None:
    """All that PyTorch imports when its first optimizer is made. Imported while the ranks are joined, that holds on to
    their connections; then the threads of these outlive the interpreter, and now and then abort the process at its end.
    """
    torch.optim.SGD([torch.zeros(1)])


def _round(store: Store, rank: int, world: int, timeout: float) -> str:
    """A name that rank 0 gives these processes, each of which has asked for it and has it.

    torchrun keeps one store for all its restarts, and what the dead said of their addresses stands in it (PyTorch issue
    135712); its count of restarts is each machine's own, and does not count machines that come or go.
    """
    if rank:
        asking = secrets.token_hex(8)
        store.set(f"rank {rank} asks", asking)
        name: str = store.get(f"name for {asking}").decode()
        store.set(f"{name} has {rank}", "")
        return name
    name, end = secrets.token_hex(8), time.monotonic() + timeout
    absent = set(range(1, world))
    while absent:
        for other in tuple(absent):
            if store.check([f"rank {other} asks"]):  # one of these, or a dead one that these will replace
                store.set("name for " + store.get(f"rank {other} asks").decode(), name)
            if store.check([f"{name} has {other}"]):
                absent.remove(other)
        if time.monotonic() > end:
            raise RuntimeError(f"ranks {sorted(absent)} did not come within {timeout:g} seconds")
        time.sleep(0.01)
    return name


@contextlib.contextmanager
def _met() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        text = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise RankLost(f"another process of this run is gone, or does not answer ({text[:200]})") from error

"""The batch loader, and PyTorch's own over a set: order, stops, workers and ranks, against the reference's images."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import random
import signal
import time

import numpy as np
import psutil
import pytest
import references
import torch
from builders import LAYOUTS, SMALL, arrays_for, file_of, floats, fresh_python, header_for
from processes import serve
from torch.utils.data import DataLoader, DistributedSampler, Subset

from nsdcodec import NSDDataset
from nsdcodec.data.order import Order
from nsdcodec.data.transforms import Seeded
from nsdcodec.errors import InvalidSetting, NsdError, WorkerDied
from nsdcodec.format.container.file import pack
from nsdcodec.format.layout import Layout, Synthesis

NAME = "product, own kernels"
COUNT = 30
WANTED = references.images(LAYOUTS[NAME], arrays_for(LAYOUTS[NAME]))
LABELS = [n * 3 // COUNT for n in range(COUNT)]
# Image n is n everywhere, so that a batch says which images it has.
NUMBERED = Layout(SMALL, Synthesis(), {"spectrum": floats(1, 53, 2, 4, 8)})


@pytest.fixture
def ds():
    return NSDDataset(file_of(NAME))


@pytest.fixture
def numbered():
    return NSDDataset(numbered_file())


def numbered_file():
    return pack(header_for(NUMBERED), {"spectrum": np.ones((1, 53, 2, 4, 8)) * np.arange(53.0)[:, None, None, None]})


@pytest.fixture
def start_method():
    serve()  # which has imported what a worker of "forkserver" needs
    before = multiprocessing.get_start_method()
    yield lambda name: multiprocessing.set_start_method(name, force=True)
    multiprocessing.set_start_method(before, force=True)


def close(images, wanted):
    np.testing.assert_allclose(images.float().numpy(), wanted, rtol=0, atol=1e-5 * np.abs(WANTED).max())


def numbers(batches):
    """The numbers of the images of `numbered`, batch after batch."""
    return [image for images, _ in batches for image in images[:, 0, 0, 0].int().tolist()]


def order_of(epoch, seed=0, count=53):
    return Order(count, 1, seed=seed).epoch(epoch).tolist()


def noise(images):
    """A transform of PyTorch's global chance, as those of torchvision."""
    return images + torch.randn_like(images)


class Noise:
    seeded = True

    def __call__(self, images, generator):
        return images + torch.randn(images.shape, generator=generator)


class Dies:
    """Kills its process by SIGKILL at the batch that has this image."""

    def __init__(self, image):
        self.image, self.home = image, os.getpid()

    def __call__(self, images):
        if os.getpid() != self.home and self.image in images[:, 0, 0, 0]:
            time.sleep(0.2)  # so that the batch before it is out, and this process waits for the next
            os.kill(os.getpid(), signal.SIGKILL)
        return images


@pytest.fixture
def no_processes_are_left():
    """What holds after the test, but for the helpers that multiprocessing keeps."""
    before = set(psutil.Process().children())
    yield
    for _ in range(100):
        if not [child for child in set(psutil.Process().children()) - before if child.status() != "zombie"]:
            return
        time.sleep(0.05)
    raise AssertionError("worker processes are left")


# An epoch.


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", [NAME, "soft labels", "mask a spectrum"])
def test_an_epoch_is_the_images_and_labels_of_the_order(name, workers):
    layout, arrays = LAYOUTS[name], arrays_for(LAYOUTS[name])
    wanted, labels = references.images(layout, arrays), references.labels(layout, arrays)
    loader = NSDDataset(file_of(name)).loader(4, seed=2, workers=workers)
    batches = list(loader)
    order = order_of(0, 2, layout.images)
    assert len(batches) == len(loader) == -(-layout.images // 4)
    assert [len(images) for images, _ in batches[:-1]] == [4] * (len(loader) - 1)
    close(torch.cat([images for images, _ in batches]), wanted[order])
    found = torch.cat([labels for _, labels in batches])
    assert found.dtype == (torch.float32 if layout.labels == "soft" else torch.int64)
    np.testing.assert_allclose(found.numpy(), labels[order], rtol=0, atol=1e-6)


def test_each_iteration_is_the_next_epoch_also_where_one_was_left(numbered):
    loader = numbered.loader(10)
    assert numbers(loader) == order_of(0)
    assert loader.epoch == 1
    for _ in loader:
        break
    assert numbers(loader) == order_of(2)
    loader.set_epoch(7)
    assert numbers(loader) == order_of(7)
    assert numbers(loader) == order_of(8)


def test_two_iterations_at_once_are_two_epochs_and_the_later_has_the_state(numbered):
    loader = numbered.loader(10)
    first, second = iter(loader), iter(loader)
    served = [next(first), next(second), next(first)]
    assert numbers(served) == order_of(0)[:10] + order_of(1)[:10] + order_of(0)[10:20]
    assert (loader.epoch, loader.position) == (1, 10)
    assert numbers(first) == order_of(0)[20:]
    assert (loader.epoch, loader.position) == (1, 10)
    assert numbers(second) == order_of(1)[10:]
    assert (loader.epoch, loader.position) == (2, 0)


def test_drop_last_leaves_out_what_is_not_whole(numbered):
    loader = numbered.loader(10, drop_last=True)
    assert numbers(loader) == order_of(0)[:50]
    assert len(loader) == 5
    assert list(numbered.loader(54, drop_last=True)) == []
    assert len(numbered.loader(54, drop_last=True)) == 0


def test_images_come_in_the_type_and_memory_format_asked_for(ds):
    for workers in (0, 1):
        for dtype in (torch.bfloat16, torch.float16, torch.float64):
            images, labels = next(iter(ds.loader(5, shuffle=False, dtype=dtype, workers=workers)))
            assert (images.dtype, labels.dtype) == (dtype, torch.int64)
            wanted = torch.from_numpy(WANTED[:5]).to(dtype).double()
            torch.testing.assert_close(images.double(), wanted, rtol=2**-6, atol=1e-4)
        images, _ = next(iter(ds.loader(5, shuffle=False, channels_last=True, workers=workers)))
        assert images.is_contiguous(memory_format=torch.channels_last)
        assert not images.is_contiguous()
        close(images, WANTED[:5])


@pytest.mark.parametrize("cached", [False, True])
def test_no_gradient_is_recorded_nor_forbidden(ds, cached):
    ds = NSDDataset(file_of(NAME), cache="auto" if cached else "none")
    factor = torch.ones((), requires_grad=True)
    images, _ = next(iter(ds.loader(5, transform=lambda images: images * factor)))
    assert images.requires_grad
    assert not next(iter(ds.loader(5)))[0].requires_grad


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"workers": -1}, "workers is -1"),
        ({"dtype": torch.uint8}, "dtype is torch.uint8"),
        ({"rank": 2, "world_size": 2}, "rank 2 of 2"),
    ],
)
def test_what_cannot_be_is_refused(ds, changes, message):
    with pytest.raises(InvalidSetting, match=message):
        ds.loader(**{"batch_size": 4, **changes})
    with pytest.raises(InvalidSetting, match="epoch is -1"):
        ds.loader(4).set_epoch(-1)


@pytest.mark.parametrize("indices", [torch.tensor([0.0]), torch.tensor([True]), torch.zeros(1, 1).long(), [0.5], 3])
def test_what_are_no_indices_is_a_type_error(ds, indices):
    with pytest.raises(TypeError):
        ds.batch(indices)


@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor, lambda i: torch.tensor(i, dtype=torch.int32)])
def test_indices_may_be_of_any_kind(ds, kind):
    images, labels = ds.batch(kind([29, 0, -1]))
    close(images, WANTED[[29, 0, 29]])
    assert labels.tolist() == [2, 0, 2]


# Stopping and going on.


def test_a_state_is_a_small_json(numbered):
    loader = numbered.loader(10, seed=np.int64(3))
    next(iter(loader))
    loader.set_epoch(np.int64(5))
    text = json.dumps(loader.state_dict())
    assert json.loads(text) == {"epoch": 5, "position": 0, "seed": 3, "shuffle": True, "count": 53}


def test_a_state_counts_the_batch_that_is_trained_on(numbered):
    loader = numbered.loader(10)
    positions = [loader.state_dict()["position"] for _ in loader]
    assert positions == [10, 20, 30, 40, 50, 53]
    assert loader.state_dict()["position"] == 0
    assert loader.state_dict()["epoch"] == 1


@pytest.mark.parametrize("stop", range(7))
def test_the_rest_of_an_epoch_follows_a_state(numbered, stop):
    """After the last batch that is the next epoch."""
    loader = numbered.loader(10)
    batches = iter(loader)
    served = numbers(next(batches) for _ in range(stop))
    again = NSDDataset(numbered_file()).loader(10)
    again.load_state_dict(json.loads(json.dumps(loader.state_dict())))
    assert len(again) == 6
    assert numbers(again) == (order_of(0)[len(served) :] or order_of(1))
    assert numbers(again) == order_of(1 if stop < 6 else 2)


def test_a_state_loaded_in_the_body_takes_the_loader_back(numbered):
    loader = numbered.loader(10)
    for step, _ in enumerate(loader):
        if step == 0:
            state = loader.state_dict()
        if step == 3:
            loader.load_state_dict(state)
            break
    assert numbers(loader) == order_of(0)[10:]
    assert loader.epoch == 1


def test_the_state_of_another_order_is_refused(numbered, ds):
    state = numbered.loader(10).state_dict()
    for other, name in (
        (numbered.loader(10, seed=1), "seed=0, this loader 1"),
        (ds.loader(10), "count=53, this loader 30"),
        (numbered.loader(10, shuffle=False), "shuffle=True, this loader False"),
    ):
        with pytest.raises(InvalidSetting, match=name):
            other.load_state_dict(state)
    for wrong in ({"position": 54}, {"position": -1}, {"epoch": -1}, {"position": None}, {"epoch": "1"}):
        with pytest.raises(InvalidSetting, match=next(iter(wrong))):
            numbered.loader(10).load_state_dict({**state, **wrong})


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("transform", [Seeded(noise), Noise()])
def test_resumed_images_are_bit_for_bit_the_uninterrupted_ones(ds, transform, workers):
    whole = [images for _ in range(2) for images, _ in ds.loader(8, transform=transform)]
    whole = whole[:4]
    torch.manual_seed(11)  # the chance of elsewhere is other after a resumption
    loader = ds.loader(8, transform=transform)
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()
    before = torch.get_rng_state()
    again = NSDDataset(file_of(NAME)).loader(8, transform=transform, workers=workers)
    again.load_state_dict(state)
    for images, wanted in zip([images for images, _ in again], whole[1:], strict=True):
        # Images decoded in other numbers at once may differ in the last bit.
        torch.testing.assert_close(images, wanted, rtol=0, atol=0 if workers == 0 else 1e-5)
    assert torch.equal(torch.get_rng_state(), before)


def test_chance_is_another_for_each_batch_epoch_seed_and_rank():
    layout = Layout(SMALL, Synthesis(), {"spectrum": floats(1, 8, 2, 4, 8)})
    ds = NSDDataset(pack(header_for(layout), {"spectrum": np.zeros((1, 8, 2, 4, 8))}))
    for transform in (Seeded(noise), Noise()):
        made = []
        for seed, rank in ((0, 0), (0, 1), (1, 0)):
            loader = ds.loader(2, seed=seed, transform=transform, rank=rank, world_size=2)
            made += [images.sum().item() for _ in range(2) for images, _ in loader]
        assert len(set(made)) == len(made) == 12


def test_a_hundred_jobs_with_real_images_are_one_epoch_after_another(numbered):
    chance = random.Random(1)
    for seed in range(100):
        state = None
        served = {}
        while True:
            ranks, batch = chance.choice([1, 2, 4, 8]), chance.choice([1, 3, 8, 32])
            loaders = [numbered.loader(batch, seed=seed, rank=rank, world_size=ranks) for rank in range(ranks)]
            for loader in loaders:
                if state:
                    loader.load_state_dict(state)
            epoch = loaders[0].epoch
            if epoch == 2:
                break
            batches = [iter(loader) for loader in loaders]
            for _ in range(chance.randint(1, 60)):
                step = [next(each, None) for each in batches]
                if step[0] is None:
                    break
                served.setdefault(epoch, []).extend(numbers(step))
            assert len({json.dumps(loader.state_dict()) for loader in loaders}) == 1
            state = loaders[0].state_dict()
        for epoch in range(2):
            order = order_of(epoch, seed)
            assert served[epoch][:53] == order
            assert served[epoch][53:] == order[: len(served[epoch]) - 53]
            assert len(served[epoch]) - 53 < 8


@pytest.mark.parametrize("stopped", [0, 2, pytest.param(8, marks=pytest.mark.release)])
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.usefixtures("no_processes_are_left")
def test_workers_go_on_where_others_stopped(numbered, stopped):
    for seed, went_on in enumerate((0, 2, 8)):
        loader = numbered.loader(4, seed=seed, workers=stopped)
        batches = iter(loader)
        served = numbers(next(batches) for _ in range(5))
        again = numbered.loader(7, seed=seed, workers=went_on)
        again.load_state_dict(loader.state_dict())
        assert served + numbers(again) == order_of(0, seed)
        assert numbers(again) == order_of(1, seed)
        del batches


# Workers of every kind.


# With spawn: test_workers_that_are_spawned_after_the_file_is_gone_have_it.
@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.release), "forkserver"])
def test_workers_of_every_kind_serve_the_order(ds, start_method, method):
    start_method(method)
    loader = ds.loader(8, transform=Noise(), workers=2)
    wanted = [images for images, _ in ds.loader(8, transform=Noise())]
    for (images, _), expected in zip(loader, wanted, strict=True):
        torch.testing.assert_close(images, expected, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("no_processes_are_left")
def test_a_loader_left_early_leaves_no_processes(numbered):
    for _ in numbered.loader(1, workers=2):
        break
    batches = iter(numbered.loader(1, workers=2))
    next(batches)
    del batches


def test_workers_do_not_draw_from_the_global_generator(numbered):
    before = torch.get_rng_state()
    list(numbered.loader(10, workers=1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("victim", [0, 3, 5])
@pytest.mark.usefixtures("no_processes_are_left")
def test_a_killed_worker_is_an_error_and_the_rest_can_follow(numbered, victim):
    order = order_of(0)
    loader = numbered.loader(10, workers=2, transform=Dies(order[10 * victim]))
    served = []
    with pytest.raises(WorkerDied, match="lower one of them") as caught:
        served.extend(image for batch in loader for image in numbers([batch]))
    assert isinstance(caught.value, NsdError)
    assert isinstance(caught.value, RuntimeError)
    assert len(served) <= 10 * victim
    assert loader.state_dict()["position"] == len(served)
    again = numbered.loader(10, workers=1)
    again.load_state_dict(loader.state_dict())
    assert served + numbers(again) == order
    # The same loader goes on as well; its worker would only die again.
    loader.load_state_dict(loader.state_dict())
    loader.workers = 0
    assert served + numbers(loader) == order


def fails(images):
    raise RuntimeError("no such augmentation")


def test_an_error_in_a_worker_is_that_error(numbered):
    # Kept by pytest.raises, the error would keep the worker.
    try:
        list(numbered.loader(10, workers=1, transform=fails))
    except RuntimeError as error:
        found = (type(error), str(error))
    assert found[0] is RuntimeError
    assert "no such augmentation" in found[1]


# PyTorch's own loader.


def test_a_batch_is_collated_whole(ds, monkeypatch):
    monkeypatch.setattr(torch, "stack", None)
    (images, labels), *_ = DataLoader(ds, batch_size=8)
    close(images, WANTED[:8])
    assert labels.tolist() == LABELS[:8]


def test_a_collation_of_ones_own_is_given_samples(ds):
    def collate(batch):
        images, labels = zip(*batch, strict=True)
        assert len(batch) == len(images) == 8
        assert type(labels[0]) is int
        assert batch[-1][1] == labels[-1]
        assert [label for _, label in batch[2:4]] == list(labels[2:4])
        with pytest.raises(IndexError):
            batch[8]
        return {"pixel_values": torch.stack(images), "labels": torch.tensor(labels)}

    batch = next(iter(DataLoader(ds, batch_size=8, collate_fn=collate)))
    close(batch["pixel_values"], WANTED[:8])
    assert batch["labels"].tolist() == LABELS[:8]


def test_samples_inside_of_others_are_collated_too(ds):
    class Numbered(torch.utils.data.Dataset):
        def __len__(self):
            return len(ds)

        def __getitem__(self, i):
            return {"sample": ds[i], "number": i}

    batch = next(iter(DataLoader(Numbered(), batch_size=4)))
    close(batch["sample"][0], WANTED[:4])
    assert batch["sample"][1].tolist() == LABELS[:4]
    assert batch["number"].tolist() == [0, 1, 2, 3]


def test_without_batches_it_gives_single_samples(ds):
    samples = list(DataLoader(ds, batch_size=None))
    close(torch.stack([image for image, _ in samples]), WANTED)
    assert [label for _, label in samples] == LABELS


def test_a_subset_and_a_concatenation_of_pytorch(ds):
    index = [29, 3, 3, 0]
    images, labels = next(iter(DataLoader(Subset(ds, index), batch_size=4)))
    close(images, WANTED[index])
    assert labels.tolist() == [LABELS[n] for n in index]
    images, labels = next(iter(DataLoader(ds + ds, batch_size=60)))
    close(images, np.concatenate([WANTED, WANTED]))
    assert labels.tolist() == LABELS * 2


@pytest.mark.filterwarnings("ignore:.*pin_memory")
def test_pinned_memory_is_harmless_without_a_device(ds):
    images, _ = next(iter(DataLoader(ds, batch_size=8, pin_memory=True)))
    close(images, WANTED[:8])


@pytest.mark.usefixtures("no_processes_are_left")
def test_persistent_workers_serve_epoch_after_epoch(ds):
    loader = DataLoader(ds, batch_size=8, num_workers=2, persistent_workers=True)
    for _ in range(3):
        close(torch.cat([images for images, _ in loader]), WANTED)
    del loader


@pytest.mark.parametrize("workers", [0, 2])
def test_a_distributed_sampler_has_its_own_order(ds, workers):
    parts = []
    for rank in range(2):
        sampler = DistributedSampler(ds, 2, rank, shuffle=True, seed=5)
        sampler.set_epoch(3)
        index = torch.randperm(30, generator=torch.Generator().manual_seed(5 + 3))[rank::2]
        images, labels = zip(*DataLoader(ds, batch_size=4, sampler=sampler, num_workers=workers), strict=True)
        close(torch.cat(images), WANTED[index.numpy()])
        assert torch.cat(labels).tolist() == [LABELS[n] for n in index]
        parts += index.tolist()
    assert sorted(parts) == list(range(30))


RANK = """
import sys, torch, torch.distributed as dist
from nsdcodec import NSDDataset
rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method="file://" + sys.argv[2], rank=rank, world_size=2)
loader = NSDDataset(sys.argv[3]).loader(4, seed=6, workers=int(sys.argv[4]))
for epoch in range(2):
    mine = torch.cat([images[:, 0, 0, 0] for images, _ in loader])
    all = [torch.empty_like(mine) for _ in range(2)]
    dist.all_gather(all, mine)
    if rank == 0:
        print(*(int(n) for part in zip(*(part.split(4) for part in all)) for n in torch.cat(part)))
dist.destroy_process_group()
"""


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch has no torch.distributed")
def test_two_processes_of_torch_distributed_serve_the_set_together(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    (tmp_path / "a.nsd").write_bytes(numbered_file())
    arguments = [str(tmp_path / "meeting"), str(tmp_path / "a.nsd"), "2"]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda rank: fresh_python(RANK, str(rank), *arguments), range(2)))
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr[-800:] + runs[1].stderr[-800:]
    # PyTorch 2.10 says there that the processes have met.
    said = [line for line in runs[0].stdout.splitlines() if not line.startswith("[Gloo]")]
    lines = [[int(n) for n in line.split()] for line in said]
    for epoch, line in enumerate(lines):
        order = order_of(epoch, 6)
        assert line == order + order[:1]
    assert len(lines) == 2


# The file under it.


def _replaced(path):
    other = path.with_suffix(".new")
    other.write_bytes(file_of(NAME))
    os.replace(other, path)


def _overwritten(path):
    with path.open("r+b") as file:
        file.write(file_of(NAME))


def _truncated(path):
    os.truncate(path, 100)


def _deleted(path):
    path.unlink()


@pytest.mark.parametrize("change", [_replaced, _overwritten, _truncated, _deleted])
def test_what_happens_to_the_file_changes_nothing(tmp_path, change):
    path = tmp_path / "a.nsd"
    path.write_bytes(numbered_file())
    for cache in ("none", "auto"):
        ds = NSDDataset(path, cache=cache)
        loader = ds.loader(10)
        batches = iter(loader)
        served = numbers([next(batches)])
        change(path)
        assert served + numbers(batches) == order_of(0)
        assert numbers(ds.loader(10, workers=2)) == order_of(0)
        assert numbers(pickle.loads(pickle.dumps(ds)).loader(10)) == order_of(0)
        path.write_bytes(numbered_file())


def test_workers_that_are_spawned_after_the_file_is_gone_have_it(tmp_path, start_method):
    start_method("spawn")
    path = tmp_path / "a.nsd"
    path.write_bytes(numbered_file())
    ds = NSDDataset(path)
    path.unlink()
    assert numbers(ds.loader(10, workers=1)) == order_of(0)


def test_a_set_of_bytes_or_a_url_pickles(numbered):
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://numbered.nsd", "wb") as file:
        file.write(numbered_file())
    for ds in (numbered, NSDDataset("memory://numbered.nsd")):
        again = pickle.loads(pickle.dumps(ds))
        assert numbers(again.loader(10)) == order_of(0)
        assert again.header == ds.header
        assert again.nbytes == ds.nbytes

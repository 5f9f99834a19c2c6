"""What is kept of decoded images, and when: limits to the byte, precision, copies, and how much memory is free."""

from __future__ import annotations

import pickle
import threading
from typing import get_args

import numpy as np
import pytest
import references
import torch
from builders import LAYOUTS, arrays_for, file_of, floats, header_for
from torch.utils.data import DataLoader

from nsdcodec import NSDDataset
from nsdcodec.data import cache
from nsdcodec.data.decoder import Decoder
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.container.file import pack
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.system import free_memory

NAME = "zip, own kernels"
LAYOUT = LAYOUTS[NAME]
COUNT, VALUES = 6, 6 * 2 * 4 * 8
WANTED = references.images(LAYOUT, arrays_for(LAYOUT))
CPU = torch.device("cpu")


@pytest.fixture
def decoded(monkeypatch):
    """How many images were decoded, in each call."""
    counts = []
    images = Decoder.images

    def counting(self, index):
        counts.append(len(index))
        return images(self, index)

    monkeypatch.setattr(Decoder, "images", counting)
    return counts


def close(images, wanted=WANTED, tolerance=1e-5):
    np.testing.assert_allclose(images.numpy(), wanted, rtol=0, atol=tolerance * np.abs(WANTED).max())


@pytest.mark.parametrize(("kind", "size"), [("auto", 4), ("float32", 4), ("float16", 2), ("uint8", 1)])
def test_images_are_kept_where_they_fit_to_the_byte(decoded, kind, size):
    for limit, kept in ((VALUES * size, True), (VALUES * size - 1, False), (0, False)):
        ds = NSDDataset(file_of(NAME), cache=kind, cache_limit=limit)
        ds.prepare(CPU)
        decoded.clear()
        ds.batch([0, 1])
        assert decoded == ([] if kept else [2])


def test_nothing_is_kept_unless_wanted(decoded):
    ds = NSDDataset(file_of(NAME), cache="none")
    ds.prepare(CPU)
    for _ in range(4):
        ds.all()
    assert decoded == [COUNT] * 4


def test_images_are_kept_after_about_an_epoch_and_decoded_no_more(decoded):
    ds = NSDDataset(file_of(NAME))
    for _ in range(4):
        for index in ([0, 1, 2, 3], [4, 5]):
            images, _ = ds.batch(index)
            close(images, WANTED[index])
    assert decoded == [4, 2, COUNT]


def test_the_limit_is_a_quarter_of_what_is_free_and_is_looked_at_once(decoded, monkeypatch):
    asked = []
    for free, kept in ((VALUES * 16, True), (VALUES * 16 - 1, False)):
        monkeypatch.setattr(cache, "free_memory", lambda device, free=free: asked.append(device) or free)
        ds = NSDDataset(file_of(NAME))
        decoded.clear()
        for _ in range(4):
            ds.all()
        assert decoded == ([COUNT, COUNT] if kept else [COUNT] * 4)
    assert asked == [CPU, CPU]


def test_many_images_are_decoded_a_few_at_a_time(decoded, monkeypatch):
    monkeypatch.setattr(cache, "CHUNK", 4)
    ds = NSDDataset(file_of(NAME))
    ds.prepare(CPU)
    assert decoded == [4, 2]
    close(ds.all()[0])


@pytest.mark.parametrize("kind", ["float32", "float16", "uint8"])
def test_each_type_keeps_what_it_can_hold(kind):
    ds = NSDDataset(file_of(NAME), cache=kind)
    ds.prepare(CPU)
    index = [5, 0, 0, 3]
    images, labels = ds.batch(index)
    assert images.dtype == torch.float32
    assert labels.tolist() == [2, 0, 0, 1]
    if kind == "float16":
        np.testing.assert_array_equal(images.half().float().numpy(), images.numpy())
        close(images, WANTED[index], 2**-11 + 1e-5)
    elif kind == "uint8":
        mean, std = np.array([0.5, 0.25])[:, None, None], np.array([0.25, 0.5])[:, None, None]
        pixels = np.rint((WANTED[index] * std + mean) * 255).clip(0, 255)
        assert {0, 255} < set(pixels.flat)
        np.testing.assert_allclose(images.numpy(), (pixels / 255 - mean) / std, rtol=0, atol=1e-6)
    else:
        close(images, WANTED[index])


@pytest.mark.parametrize("kind", get_args(cache.CacheKind))
def test_an_image_is_the_same_in_every_epoch_kept_or_not_and_of_a_worker(kind):
    ds = NSDDataset(file_of(NAME), cache=kind)
    first, second = ds.all()[0], ds.all()[0]
    without = NSDDataset(file_of(NAME), cache=kind, cache_limit=0).all()[0]
    ((worker, _),) = DataLoader(NSDDataset(file_of(NAME), cache=kind), COUNT, num_workers=1)
    assert [len(kept) for kept in ds._cache._kept.values() if kept is not None] == ([] if kind == "none" else [COUNT])
    for images in (second, without, worker):
        torch.testing.assert_close(images, first, rtol=0, atol=0)


@pytest.mark.parametrize("kind", get_args(cache.CacheKind))
def test_what_is_written_into_a_batch_stays_there(kind):
    ds = NSDDataset(file_of(NAME), cache=kind)
    ds.prepare(CPU)
    before = [tensor.clone() for tensor in ds.all()]
    for images, labels in (ds.all(), ds.batch([0, 1]), next(iter(ds.loader(COUNT))), next(iter(DataLoader(ds, 6)))):
        images.fill_(1e6)
        labels.fill_(-1)
    ds[0][0].fill_(1e6)
    torch.testing.assert_close(ds.all(), tuple(before), rtol=0, atol=0)


def test_a_worker_keeps_nothing():
    seen = DataLoader(_Seen(NSDDataset(file_of(NAME))), batch_size=None, num_workers=1)
    assert [int(kept) for kept in seen] == [0] * 24


class _Seen(torch.utils.data.Dataset):
    """How many sets of images are kept in the process where each is decoded."""

    def __init__(self, ds):
        self.ds = ds

    def __len__(self):
        return 24

    def __getitem__(self, i):
        self.ds.batch([i % COUNT])
        return len(self.ds._cache._kept)


def test_what_is_kept_is_not_pickled():
    layout = Layout(Geometry(2, 1, 8, 8), Synthesis("stored"), {
        "spectrum": floats(1, 1, 1, 8, 8), "batch_kernel": floats(1, 1, 1000),
    })  # fmt: skip
    ds = NSDDataset(pack(header_for(layout), arrays_for(layout)))
    small = len(pickle.dumps(ds))
    wanted = ds.all()[0]
    ds.prepare(CPU)
    assert len(pickle.dumps(ds)) == small < 1000 * 64
    torch.testing.assert_close(pickle.loads(pickle.dumps(ds)).all()[0], wanted)


def test_two_threads_at_once_get_what_one_gets():
    ds = NSDDataset(file_of("product, own kernels"))
    wanted = references.images(LAYOUTS["product, own kernels"], arrays_for(LAYOUTS["product, own kernels"]))
    failures = []

    def train(seed):
        try:
            loader = ds.loader(7, seed=seed)
            for epoch in range(20):
                served = torch.cat([images for images, _ in loader])
                wanted_order = wanted[loader.order.epoch(epoch).numpy()]
                np.testing.assert_allclose(served.numpy(), wanted_order, rtol=0, atol=1e-5 * np.abs(wanted).max())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=train, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_a_cache_that_is_none_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'float16'"):
        NSDDataset(file_of(NAME), cache="float61")
    with pytest.raises(InvalidSetting, match="cache_limit is -1"):
        NSDDataset(file_of(NAME), cache_limit=-1)


# Free memory.


def test_free_memory_is_some_and_no_more_than_there_is():
    psutil = pytest.importorskip("psutil")
    assert 1 << 20 < free_memory.free_memory(CPU) <= psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("machine", "most", "taken", "wanted"),
    [
        ("MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable:   5 kB\n", None, None, 5120),
        ("MemAvailable: 5 kB\n", "4096\n", "1024\n", 3072),
        ("MemAvailable: 5 kB\n", "max\n", "1024\n", 5120),
        ("MemAvailable: 5 kB\n", "9223372036854771712\n", "1024\n", 5120),
        ("MemAvailable: 5 kB\n", "1024\n", "4096\n", 0),
        ("MemFree: 1 kB\n", None, None, free_memory.ASSUMED),
        (None, None, None, free_memory.ASSUMED),
    ],
)
def test_free_memory_is_what_the_system_says(tmp_path, monkeypatch, machine, most, taken, wanted):
    files = {"machine": machine, "most": most, "taken": taken}
    for name, text in files.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    monkeypatch.setattr(free_memory, "MACHINE", tmp_path / "machine")
    monkeypatch.setattr(free_memory, "CONTAINER", ((tmp_path / "most", tmp_path / "taken"),))
    assert free_memory.free_memory(CPU) == wanted

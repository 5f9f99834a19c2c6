"""`benchmarks/loading.py`: contenders serve the same images, figures are of what was timed, all are in the report."""

from __future__ import annotations

import importlib.util
import json
import statistics
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import file_of
from processes import serve

pytest.importorskip("PIL")

from test_cli import called

import loading
from loading_bench import contenders, probe, report, rounds, run, targets
from loading_bench.contenders import CONTENDERS, contender
from loading_bench.forms import write
from loading_bench.made import made
from loading_bench.run import LoadingBench, execute
from measurement import command
from nsdcodec import NSDDataset, read
from nsdcodec.data import image_set
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.recipe import NetworkSpec

IMAGES = 70
INSTALLED = [
    name for name, found in CONTENDERS.items() if all(importlib.util.find_spec(package) for package in found.packages)
]
TINY = {"form": "dct", "images": (IMAGES,), "seconds": 0.5, "rounds": 2, "batch_size": 32, "workers": 1, "threads": 1}


def benchmark(*arguments):
    """`python benchmarks/loading.py`, in this process."""
    return called(lambda: command.start(loading.loading), loading.__file__, *arguments)


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """Probes are forked off one that has imported it all: what they measure is not what is tested."""
    serve()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe, "START", "forkserver")
        yield


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory):
    """(forms, dataset) of a small set, in every form that an installed contender reads."""
    bench = LoadingBench(**TINY)
    forms, dataset = run._on_disk(bench, made("dct", IMAGES), tmp_path_factory.mktemp("forms"))
    write(forms, dataset, {contender(name).form for name in INSTALLED})
    return forms, dataset


@pytest.fixture(scope="module")
def document():
    """A whole measurement of the contenders that need no package beyond decoding's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "NETWORK", NetworkSpec("convnet", 1, 2))
        return execute(LoadingBench(**TINY, contenders=tuple(n for n in CONTENDERS if not CONTENDERS[n].packages)))


def reference(file):
    """The images of a made file, float64, by scipy's transform or plain products."""
    arrays = {role: values.astype(np.float64) for role, values in file.arrays.items()}
    if file.header.parameterization == "dct":
        scipy_fft = pytest.importorskip("scipy.fft")
        coefficients = np.zeros((*arrays["spectrum"].shape[1:3], 32, 32))
        coefficients[..., :8, :8] = arrays["spectrum"][0]
        return scipy_fft.idctn(coefficients, axes=(2, 3), norm="ortho")
    channel, height, width = (arrays[f"{axis}_kernel"][0] for axis in ("channel", "height", "width"))
    slices = height.T @ arrays["spectrum"][0] @ width
    mixed = np.tensordot(arrays["batch_kernel"][0].T, slices, 1)
    return np.einsum("nqhw,qc->nchw", mixed, channel)


def identified(batches, dataset):
    """The number of each image served, found by its pixels, and the batches joined."""
    epoch = list(batches)
    images, labels = (torch.cat([torch.as_tensor(batch[part]) for batch in epoch]) for part in (0, 1))
    known = {pixels.tobytes(): n for n, pixels in enumerate(dataset.to_pixels(dataset.all()[0]).numpy())}
    assert len(known) == len(dataset)
    return [known[pixels.tobytes()] for pixels in dataset.to_pixels(images).numpy()], images, labels, epoch


@pytest.mark.parametrize("name", INSTALLED)
def test_a_contender_serves_every_image_once_an_epoch_shuffled_with_its_label(name, on_disk):
    forms, dataset = on_disk
    opened = contender(name).open(forms)
    first, images, labels, epoch = identified(opened, dataset)
    second = identified(opened, dataset)[0]
    assert sorted(first) == sorted(second) == list(range(IMAGES))
    assert first != second
    assert first != sorted(first)
    assert images.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert labels.tolist() == [n * 10 // IMAGES for n in first]
    assert max(len(batch[1]) for batch in epoch) == 32


@pytest.mark.parametrize("name", INSTALLED)
def test_a_contender_normalises_as_the_file_says(name, on_disk):
    """Of pixels to rounding; of floats to half a pixel, where no pixel is cut off."""
    forms, dataset = on_disk
    numbers, images, _, _ = identified(contender(name).open(forms), dataset)
    file = read(forms.file)
    wanted = reference(file)[numbers]
    pixels = np.clip(np.rint((wanted * 0.25 + 0.5) * 255), 0, 255)
    exact = (pixels / 255 - 0.5) / 0.25 if contender(name).of_pictures else wanted
    # A value that lies on the border of two pixels may be rounded to either.
    assert np.isclose(images.numpy(), exact, rtol=0, atol=1e-4).mean() > 0.9999


@pytest.mark.parametrize("name", [name for name in INSTALLED if not name.endswith("workers")])
def test_grey_images_stay_grey(name, tmp_path):
    vector = Path(__file__).parent.parent / "spec" / "vectors" / "nsd-soft-labels.nsd"
    forms, dataset = run._on_disk(LoadingBench(**TINY), str(vector), tmp_path)
    write(forms, dataset, {contender(name).form})
    found = [image.numpy() for images, _ in contender(name).open(forms) for image in dataset.to_pixels(images)]
    wanted = list(dataset.to_pixels(dataset.all()[0]).numpy())
    assert found[0].shape == (1, 8, 8)
    assert sorted(image.tobytes() for image in found) == sorted(image.tobytes() for image in wanted)


@pytest.mark.parametrize("form", ["nsd", "dct"])
def test_a_made_file_has_the_pixels_of_photographs_and_is_always_the_same(form):
    data = made(form, 220)
    assert data == made(form, 220)
    file = read(data)
    images = reference(file)
    assert images.shape == (220, 3, 32, 32)
    assert 0.4 < images.std() < 0.6
    assert (np.abs(images) > 2).mean() < 0.002  # cut off as pixels
    # Neighbours are alike, or PNGs would be larger, and slower to read, than those of photographs.
    assert np.corrcoef(images[..., :-1].ravel(), images[..., 1:].ravel())[0, 1] > 0.7
    if form == "nsd":
        assert file.header.layout.elements == 30 * 3 * 16 * 16 + 30 * 220 + 9 + 2 * 16 * 32


def test_impossible_settings_are_refused():
    with pytest.raises(UnknownName, match="'loader-cached'"):
        LoadingBench(contenders=("loader-cache",))
    with pytest.raises(UnknownName, match="known: dct, nsd"):
        made("pixels", 3)
    for name in ("rounds", "batch_size", "workers", "threads"):
        with pytest.raises(InvalidSetting, match=f"{name} is 0"):
            LoadingBench(**{name: 0})
    with pytest.raises(InvalidSetting, match="seconds is 0"):
        LoadingBench(seconds=0)
    with pytest.raises(InvalidSetting, match="a set of 0 images"):
        made("nsd", 0)


class Fake:
    """Epochs of `images` images that take `ticks` on the clock of the test."""

    def __init__(self, clock, images, ticks):
        self.clock, self.images, self.ticks, self.epochs = clock, images, ticks, 0

    def __iter__(self):
        self.epochs += 1
        for count in (self.images - 1, 1):
            self.clock[0] += self.ticks / 2
            yield torch.zeros(count, 1, 2, 2), torch.zeros(count, dtype=torch.int64)


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(rounds.time, "perf_counter", lambda: now[0])
    return now


def test_rates_are_images_by_time_in_whole_epochs(clock):
    opened = {"quick": Fake(clock, 10, 1.0), "slow": Fake(clock, 10, 40.0)}
    rates = rounds.laps(opened, 4, 0.0, 5.0, lambda done, text: None)
    assert rates == {"quick": [10.0] * 4, "slow": [0.25] * 4}
    assert opened["quick"].epochs == 1 + 4 * 5
    assert opened["slow"].epochs == 1 + 4


def test_rounds_are_as_many_as_the_seconds_hold(clock):
    for seconds, expected in ((1.0, rounds.FEWEST_ROUNDS), (210.0, 9), (9999.0, rounds.MOST_ROUNDS)):
        opened = {"a": Fake(clock, 2, 1.0), "b": Fake(clock, 2, 20.0)}
        assert len(rounds.laps(opened, None, seconds, 1.0, lambda done, text: None)["a"]) == expected


def test_a_ratio_is_the_median_of_rounds_against_the_fastest_other():
    rates = {"ours": [10.0, 40.0, 90.0], "a": [5.0, 1.0, 30.0], "b": [1.0, 10.0, 1.0]}
    assert rounds.ratio(rates, "ours", ("a", "b")) == statistics.median([2.0, 4.0, 3.0])
    assert rounds.ratio(rates, "ours", ("b", "absent")) == 10.0
    assert rounds.ratio(rates, "ours", ("absent",)) is None
    assert rounds.ratio(rates, "absent", ("a",)) is None


def test_the_wait_of_a_step_is_the_time_of_its_batch(clock):
    class Slow(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 2)

        def forward(self, images):
            clock[0] += 3.0
            return self.layer(images.flatten(1))

    found = rounds.steps({"a": Fake(clock, 8, 2.0)}, Slow(), 4, 0.0, lambda done, text: None)["a"]
    assert (found.wait, found.whole, found.wait_share) == (1.0, 4.0, 0.25)


def test_every_target_is_judged_and_none_in_silence():
    rates = {name: [100.0] for name in ("loader-cached", "loader", "indexing", "tensordataset", "imagefolder")}
    rates |= {"loader-cached": [94.9], "imagefolder": [5.0]}
    met = {verdict.target: verdict.met for verdict in targets.compared("a set", rates)}
    assert met == {
        "loader-cached against indexing": False,
        "loader-cached against tensordataset": False,
        "loader against tensordataset": True,
        "loader against imagefolder or imagefolder-workers": True,
        "dataloader-cached against tensordataset": None,
    }
    assert [verdict.met for verdict in targets.started("a set", 30_000, 0.0051)] == [False]
    assert [verdict.met for verdict in targets.started("a set", 30_000, None)] == [None]
    assert targets.started("a set", 300_000, 0.001) == []
    assert targets.imported(0.09).met is True


def test_the_document_is_plain_and_has_every_figure(document):
    assert json.loads(json.dumps(document)) == document
    (of_set,) = document["sets"]
    assert (of_set["images"], of_set["rounds"], of_set["skipped"]) == (IMAGES, 2, {})
    assert [row["name"] for row in of_set["contenders"]] == [n for n in CONTENDERS if not CONTENDERS[n].packages]
    for row in of_set["contenders"]:
        assert row["images_per_second"] == statistics.median(row["by_round"]) > 0
        assert row["first_batch"] == statistics.median(row["first_batches"]) > 0
        assert 0 < row["step"]["wait"] < row["step"]["whole"]
        assert 0 < row["step"]["wait_share"] < 1
        if sys.platform.startswith("linux"):
            # Of what it serves, a batch at least: 32 images.
            assert 32 * 3 * 32 * 32 * 4 < row["memory"] < 1 << 30
    assert len(document["targets"]) == 7
    assert document["import_seconds"] > 0


def test_the_markdown_has_a_row_a_contender_and_a_target(document, tmp_path):
    paths = report.write(document, tmp_path / "out")
    markdown, plain = (path.read_text() for path in paths)
    assert [path.name for path in paths] == ["loader.md", "loader.json"]
    assert json.loads(plain) == document
    table = [[cell.strip() for cell in line.split("|")] for line in markdown.splitlines()]
    rates = [float(cells[3].replace(",", "")) for cells in table if len(cells) > 3 and cells[1] in CONTENDERS]
    assert len(rates) == len(document["sets"][0]["contenders"])
    assert rates == sorted(rates, reverse=True)
    for row in document["sets"][0]["contenders"]:
        assert f"| {row['name']} | {row['about']} | {row['images_per_second']:,.0f} |" in markdown
    for target in document["targets"]:
        assert f"| {target['target']} | {target['of']} | {target['wanted']} |" in markdown
    assert ("Meanwhile others took" in markdown) is (document["load"] is not None)
    assert "| not measured |" in markdown  # ImageFolder was not asked for


def test_a_missing_package_is_named_and_its_contenders_are_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "webdataset", None)
    monkeypatch.setattr(probe, "import_seconds", lambda: 0.01)
    found = execute(LoadingBench(**TINY, steps=0, contenders=("indexing", "webdataset", "webdataset-workers")))
    assert [row["name"] for row in found["sets"][0]["contenders"]] == ["indexing"]
    assert set(found["missing"]) == {"webdataset", "webdataset-workers"}
    assert any(note.startswith("Skipped: webdataset: ") for note in report.notes(found))


def test_channels_that_are_no_picture_leave_pictures_out(tmp_path, monkeypatch):
    pytest.importorskip("torchvision")
    monkeypatch.setattr(probe, "import_seconds", lambda: 0.01)
    (tmp_path / "two.nsd").write_bytes(file_of("pixels"))
    tiny = TINY | {"images": (), "files": (str(tmp_path / "two.nsd"),), "steps": 0}
    found = execute(LoadingBench(**tiny, contenders=("loader", "imagefolder")))
    assert found["sets"][0]["skipped"] == {"imagefolder": "2 channels are no picture"}
    assert found["sets"][0]["name"] == "two.nsd"
    with pytest.raises(InvalidSetting, match=r"two\.nsd.*4 x 8 pixels.*--steps 0"):  # too small to train on
        execute(LoadingBench(**tiny | {"steps": 1}, contenders=("loader",)))


def test_a_contender_that_fails_on_its_own_is_an_error_that_names_it(on_disk):
    import dataclasses

    forms, _ = on_disk
    with pytest.raises(InvalidSetting, match="indexing failed"):
        probe.probe("indexing", dataclasses.replace(forms, folder=forms.folder / "absent"), 1, memory=False)


def test_the_command_prints_the_table_the_targets_and_writes_the_report(tmp_path):
    options = "--form dct --images 40 --rows loader,tensordataset --seconds 0.2 --rounds 2 --steps 0 --threads 1"
    ran = benchmark(*options.split(), "-o", tmp_path)
    assert ran.code == 0
    assert "loader against tensordataset" in ran.out
    line = f"`python benchmarks/loading.py {options} -o {tmp_path}`"
    assert line in ran.out
    assert line in (tmp_path / "loader.md").read_text()
    assert benchmark("--images", "many").code == 2
    assert benchmark("--rows", "loaded").code == 2


@pytest.mark.parametrize("cache", ["none", "float32"])
def test_a_loader_runs_no_code_for_each_image(cache, monkeypatch):
    """What a batch takes in Python does not grow with its images: the calls are counted."""

    def calls(batch_size: int) -> int:
        dataset = NSDDataset(made("nsd", 512), cache=cache)
        dataset.prepare(torch.device("cpu"))
        loader = dataset.loader(batch_size)
        list(loader)
        batches, count = iter(loader), [0]

        def count_calls(frame, event, argument):
            count[0] += event in ("call", "c_call")

        sys.setprofile(count_calls)
        try:
            next(batches)
        finally:
            sys.setprofile(None)
        return count[0]

    assert calls(512) == calls(8) > 0


def test_a_data_loader_takes_a_batch_whole(monkeypatch):
    """Without transforms one sample of a batch is made, which collation asks for its type; no more."""
    taken = []
    one = image_set.Samples.__getitem__
    monkeypatch.setattr(image_set.Samples, "__getitem__", lambda self, index: taken.append(index) or one(self, index))
    dataset = NSDDataset(made("nsd", 70))
    assert sum(len(labels) for _, labels in torch.utils.data.DataLoader(dataset, 32, shuffle=True)) == 70
    assert len(taken) <= 3


def test_contenders_are_set_up_only_where_they_are_opened():
    """Their packages are not imported with the registry: the others would pay, in time and in memory."""
    source = contenders.__file__
    with open(source) as file:
        top = [line for line in file.read().splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in top if any(name in line for name in ("torchvision", "datasets", "webdataset", "PIL"))]

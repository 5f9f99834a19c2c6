"""Exports: read back by the libraries that they are for, and by the sources, with every pixel and label the same."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tarfile

import numpy as np
import pytest
import torch
from builders import file_of, floats, header_for

from nsdcodec import NSDDataset
from nsdcodec.errors import FileAccess, InvalidSetting, MissingData, UnknownName
from nsdcodec.export import base, imagefolder, webdataset
from nsdcodec.export.formats import FORMATS, export
from nsdcodec.format.container.file import pack
from nsdcodec.format.folder_names import ABOUT_FILE
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.stored_types import ArraySpec
from nsdcodec.sources import load

h5py = pytest.importorskip("h5py")
Image = pytest.importorskip("PIL.Image")
pytest.importorskip("pyarrow")
pytest.importorskip("webdataset")

SUFFIX = {"parquet": ".parquet", "npz": ".npz", "hdf5": ".h5", "safetensors": ".safetensors"}
CLASSES = ("cat", "ape", "bee")  # not in the order of the alphabet
HARD = np.array([2, 0, 1, 0, 2, 0, 1], dtype=np.uint8)
SOFT = np.random.default_rng(1).standard_normal((7, 3)).astype(np.float32)
IMAGES = np.random.default_rng(0).standard_normal((7, 3, 5, 4)).astype(np.float32)
MEAN, STD = (0.5, 0.25, 0.125), (0.25, 0.5, 0.2)  # of builders.header_for


def a_set(channels=3, soft=False, classes=CLASSES) -> NSDDataset:
    geometry = Geometry(3, channels, 5, 4)
    labels = ArraySpec("float32", (7, 3)) if soft else ArraySpec("uint8", (7,))
    specs = {"spectrum": floats(1, 7, channels, 5, 4), "labels": labels}
    layout = Layout(geometry, Synthesis(), specs, "soft" if soft else "stored")
    arrays = {"spectrum": IMAGES[None, :, :channels], "labels": SOFT if soft else HARD}
    return NSDDataset(pack(header_for(layout, classes=classes), arrays))


def wanted_pixels(channels=3) -> np.ndarray:
    """In float64, by the definition of the normalization."""
    mean, std = (np.array(values[:channels])[:, None, None] for values in (MEAN, STD))
    return np.rint(np.clip((IMAGES[:, :channels].astype(np.float64) * std + mean) * 255, 0, 255)).astype(np.uint8)


def wanted_labels(soft=False) -> np.ndarray:
    return SOFT.argmax(1) if soft else HARD.astype(np.int64)


def probabilities() -> np.ndarray:
    powers = np.exp(SOFT.astype(np.float64))
    return powers / powers.sum(1, keepdims=True)


def exported(tmp_path, to, dataset=None, **options):
    path = tmp_path / f"out{SUFFIX.get(to, '')}"
    export(dataset or a_set(), to, path, **options)
    return path


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize(("channels", "soft"), [(3, False), (1, False), (3, True)])
def test_the_sources_read_back_every_pixel_and_label(tmp_path, to, channels, soft):
    found = load(str(exported(tmp_path, to, a_set(channels, soft))))
    pixels, labels = wanted_pixels(channels), wanted_labels(soft)
    order = np.argsort(labels, kind="stable") if to == "imagefolder" else np.arange(7)
    np.testing.assert_array_equal(found.train.images, pixels[order])
    np.testing.assert_array_equal(found.train.labels, labels[order])
    assert found.classes == CLASSES
    assert found.test is None


class TestByOtherLibraries:
    """Each by the library that people read the form with."""

    def test_torchvisions_image_folder(self, tmp_path):
        folder = pytest.importorskip("torchvision.datasets").ImageFolder(str(exported(tmp_path, "imagefolder")))
        order = np.argsort(HARD, kind="stable")
        for (image, label), number in zip(folder, order, strict=True):
            np.testing.assert_array_equal(np.asarray(image).transpose(2, 0, 1), wanted_pixels()[number])
            assert label == HARD[number]

    @pytest.mark.parametrize("soft", [False, True])
    def test_datasets_sees_images_and_class_labels_in_parquet(self, tmp_path, monkeypatch, soft):
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
            monkeypatch.setenv(name, "1")
        for name in ("HF_HOME", "HF_DATASETS_CACHE"):
            monkeypatch.setenv(name, str(tmp_path / "hf"))
        datasets = pytest.importorskip("datasets")
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)  # it may have been imported before
        path = exported(tmp_path, "parquet", a_set(soft=soft))
        found = datasets.load_dataset(
            "parquet", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
        )  # fmt: skip
        assert isinstance(found.features["image"], datasets.Image)
        assert found.features["label"].names == list(CLASSES)
        assert found["label"][:] == wanted_labels(soft).tolist()
        for image, pixels in zip(found["image"], wanted_pixels(), strict=True):
            np.testing.assert_array_equal(np.asarray(image).transpose(2, 0, 1), pixels)
        if soft:
            np.testing.assert_allclose(np.array(found["soft_label"][:]), probabilities(), atol=1e-6)

    @pytest.mark.parametrize("soft", [False, True])
    def test_webdataset(self, tmp_path, monkeypatch, soft):
        wds = pytest.importorskip("webdataset")
        monkeypatch.setattr(webdataset, "SHARD_IMAGES", 3)
        folder = exported(tmp_path, "webdataset", a_set(soft=soft))
        shards = sorted(map(str, folder.glob("*.tar")))
        assert [path.rpartition("/")[2] for path in shards] == [f"train-00000{i}.tar" for i in range(3)]
        samples = list(wds.WebDataset(shards, shardshuffle=False).decode("rgb8"))
        assert [sample["cls"] for sample in samples] == wanted_labels(soft).tolist()
        np.testing.assert_array_equal([s["png"].transpose(2, 0, 1) for s in samples], wanted_pixels())
        assert (folder / "classnames.txt").read_text() == "cat\nape\nbee\n"
        assert all(("json" in sample) == soft for sample in samples)
        if soft:
            found = [sample["json"]["soft_label"] for sample in samples]
            np.testing.assert_allclose(found, probabilities(), atol=1e-6)
        np.testing.assert_array_equal(load(str(folder)).train.images, wanted_pixels())

    @pytest.mark.parametrize("soft", [False, True])
    def test_numpy(self, tmp_path, soft):
        with np.load(exported(tmp_path, "npz", a_set(soft=soft)), allow_pickle=False) as found:
            np.testing.assert_array_equal(found["images"], IMAGES)
            np.testing.assert_array_equal(found["pixels"], wanted_pixels())
            np.testing.assert_array_equal(found["labels"], wanted_labels(soft))
            assert found["classes"].tolist() == list(CLASSES)
            assert (tuple(found["mean"]), tuple(found["std"])) == (MEAN, STD)
            assert json.loads(str(found["recipe"]))["epochs"] == 7
            assert ("soft_labels" in found) == soft
            if soft:
                np.testing.assert_allclose(found["soft_labels"], probabilities(), atol=1e-6)

    @pytest.mark.parametrize("soft", [False, True])
    def test_h5py(self, tmp_path, soft):
        with h5py.File(exported(tmp_path, "hdf5", a_set(soft=soft))) as found:
            np.testing.assert_array_equal(found["train/normalized"], IMAGES)
            np.testing.assert_array_equal(found["train/images"], wanted_pixels())
            assert list(found.attrs["classes"]) == list(CLASSES)
            assert (tuple(found.attrs["mean"]), tuple(found.attrs["std"])) == (MEAN, STD)
            assert json.loads(found.attrs["recipe"])["learning_rate"] == 0.0123
            assert ("train/soft_labels" in found) == soft
            if soft:
                np.testing.assert_allclose(found["train/soft_labels"], probabilities(), atol=1e-6)

    @pytest.mark.parametrize("soft", [False, True])
    def test_safetensors(self, tmp_path, soft):
        from safetensors import safe_open

        with safe_open(exported(tmp_path, "safetensors", a_set(soft=soft)), "pt") as found:
            assert torch.equal(found.get_tensor("images"), torch.from_numpy(IMAGES))
            np.testing.assert_array_equal(found.get_tensor("labels"), wanted_labels(soft))
            metadata = {name: json.loads(text) for name, text in found.metadata().items()}
            assert ("soft_labels" in found.keys()) == soft  # noqa: SIM118
        assert metadata["classes"] == list(CLASSES)
        assert (metadata["mean"], metadata["std"]) == ([*MEAN], [*STD])
        assert metadata["recipe"]["network"]["name"] == "convnet"


@pytest.mark.parametrize("to", FORMATS)
def test_small_chunks_write_the_same_set(tmp_path, monkeypatch, to):
    monkeypatch.setattr(base, "CHUNK_BYTES", 2 * IMAGES[0].nbytes)
    assert len(list(base.chunks(a_set()))) == 4
    order = np.argsort(HARD, kind="stable") if to == "imagefolder" else np.arange(7)
    np.testing.assert_array_equal(load(str(exported(tmp_path, to))).train.images, wanted_pixels()[order])


@pytest.mark.parametrize("to", ["imagefolder", "parquet", "webdataset", "npz", "hdf5"])
def test_the_same_set_gives_the_same_bytes(tmp_path, to):
    def content(folder):
        folder.mkdir()
        path = exported(folder, to)
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        return [(file.relative_to(folder), file.read_bytes()) for file in files if file.is_file()]

    assert content(tmp_path / "a") == content(tmp_path / "b")


class TestImageFolderNames:
    def test_in_the_order_of_the_labels_they_are_the_classes(self):
        assert imagefolder.folder_names(("ape", "bee", "cat")) == ["ape", "bee", "cat"]

    @pytest.mark.parametrize(
        ("classes", "folders"),
        [
            (("b", "a"), ["0-b", "1-a"]),
            (("A", "a"), ["0-A", "1-a"]),
            (("a/b", "a_b"), ["0-a_b", "1-a_b"]),
            (("", "x"), ["0-", "1-x"]),
            (("..", "/etc"), ["0-__", "1-_etc"]),
            (tuple(str(i) for i in range(11)), [f"{i:02}-{i}" for i in range(11)]),
            (("x" * 256,), ["0-" + "x" * 40]),
            (("__x", "y"), ["0-__x", "1-y"]),
        ],
    )
    def test_else_they_are_made_safe_and_numbered(self, classes, folders):
        assert imagefolder.folder_names(classes) == folders
        assert folders == sorted(set(folders))

    def test_true_names_stand_beside_the_folders(self, tmp_path):
        path = exported(tmp_path, "imagefolder", a_set(classes=("../up", "b\nc", "ä")))
        assert {entry.name for entry in path.iterdir()} == {"0-___up", "1-b_c", "2-ä", ABOUT_FILE}
        assert json.loads((path / ABOUT_FILE).read_text())["classes"] == ["../up", "b\nc", "ä"]

    def test_and_are_read_again(self, tmp_path):
        """As in torchxrayvision#130: what is encoded from an export has the class names of the file."""
        path = exported(tmp_path, "imagefolder", a_set(classes=("../up", "b\nc", "ä")))
        assert load(str(path)).classes == ("../up", "b\nc", "ä")
        shutil.rmtree(path / "1-b_c")
        found = load(str(path))
        assert found.classes == ("../up", "ä")
        assert set(found.train.labels.tolist()) == {0, 1}
        (path / ABOUT_FILE).write_text('{"classes": [["a"], ["b"]]}')
        assert load(str(path)).classes == ("0-___up", "2-ä")

    def test_a_class_without_images_has_a_folder(self, tmp_path):
        layout = Layout(Geometry(3, 1, 2, 2), Synthesis(), {"spectrum": floats(1, 2, 1, 2, 2)})
        data = pack(header_for(layout), {"spectrum": np.zeros((1, 2, 1, 2, 2), np.float32)})
        path = exported(tmp_path, "imagefolder", NSDDataset(data))
        assert sorted(len(list(entry.iterdir())) for entry in path.iterdir() if entry.is_dir()) == [0, 1, 1]

    def test_soft_labels_go_with_the_file_names(self, tmp_path):
        path = exported(tmp_path, "imagefolder", a_set(soft=True))
        lines = [json.loads(line) for line in (path / "metadata.jsonl").read_text().splitlines()]
        np.testing.assert_allclose([line["soft_label"] for line in lines], probabilities(), atol=1e-6)
        for number, line in enumerate(lines):
            pixels = np.asarray(Image.open(path / line["file_name"])).transpose(2, 0, 1)
            np.testing.assert_array_equal(pixels, wanted_pixels()[number])


def test_a_line_break_in_a_class_name_does_not_shift_the_names_of_a_webdataset(tmp_path):
    path = exported(tmp_path, "webdataset", a_set(classes=("a\nb", "c\r\nd", "e")))
    assert load(str(path)).classes == ("a b", "c d", "e")


def test_names_of_many_classes_fit_into_hdf5(tmp_path):
    geometry = Geometry(6000, 1, 1, 1)
    layout = Layout(geometry, Synthesis(), {"spectrum": floats(1, 6000, 1, 1, 1)})
    data = pack(header_for(layout), {"spectrum": np.zeros((1, 6000, 1, 1, 1), np.float32)})
    assert load(str(exported(tmp_path, "hdf5", NSDDataset(data)))).classes[5999] == "class 5999"


@pytest.mark.parametrize("to", ["imagefolder", "parquet", "webdataset"])
def test_images_of_two_channels_are_refused(tmp_path, to):
    with pytest.raises(InvalidSetting, match="images of 2 channels cannot be image files"):
        export(NSDDataset(file_of("pixels")), to, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_suggests_the_nearest(tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'parquet'"):
        export(a_set(), "parket", tmp_path / "out")


@pytest.mark.parametrize(
    ("to", "module"),
    [("parquet", "pyarrow"), ("webdataset", "webdataset"), ("hdf5", "h5py"), ("imagefolder", "PIL.Image")],
)
def test_a_missing_package_says_what_to_install(tmp_path, monkeypatch, to, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingData, match=r"pip install nsdcodec\[export\]"):
        exported(tmp_path, to)
    assert list(tmp_path.iterdir()) == []


class TestWhatStoodThere:
    @pytest.mark.parametrize("to", FORMATS)
    def test_a_failure_leaves_nothing_new(self, tmp_path, monkeypatch, to):
        chunk = NSDDataset.batch
        monkeypatch.setattr(base, "CHUNK_BYTES", 2 * IMAGES[0].nbytes)
        calls = []

        def full(dataset, indices):
            calls.append(indices)
            if len(calls) == 3:
                raise OSError(28, "No space left on device")
            return chunk(dataset, indices)

        monkeypatch.setattr(NSDDataset, "batch", full)
        with pytest.raises(FileAccess, match=r"cannot write .*out.*No space left"):
            exported(tmp_path, to)
        assert list(tmp_path.iterdir()) == []

    def test_a_file_is_replaced(self, tmp_path):
        exported(tmp_path, "npz", a_set(channels=1))
        assert load(str(exported(tmp_path, "npz"))).geometry.channels == 3

    def test_an_empty_folder_is_filled(self, tmp_path):
        (tmp_path / "out").mkdir()
        assert len(load(str(exported(tmp_path, "imagefolder"))).train) == 7

    def test_a_former_export_is_replaced_only_when_told(self, tmp_path):
        path = exported(tmp_path, "imagefolder")
        with pytest.raises(FileAccess, match="--overwrite"):
            exported(tmp_path, "webdataset")
        assert len(list(path.rglob("*.png"))) == 7
        exported(tmp_path, "webdataset", overwrite=True)
        assert {entry.name for entry in path.iterdir()} == {"train-000000.tar", "classnames.txt", ABOUT_FILE}
        assert list(tmp_path.iterdir()) == [path]

    def test_another_folder_is_never_replaced(self, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.tex").write_text("years of work")
        with pytest.raises(FileAccess, match="no former export"):
            exported(tmp_path, "imagefolder", overwrite=True)
        assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"

    def test_a_file_in_the_place_of_a_folder_and_a_missing_folder_are_refused(self, tmp_path):
        (tmp_path / "out").write_text("a file")
        with pytest.raises(FileAccess, match="is a file"):
            exported(tmp_path, "imagefolder")
        with pytest.raises(FileAccess, match="make it first"):
            export(a_set(), "imagefolder", tmp_path / "missing" / "out")

    def test_a_link_to_a_folder_stays_a_link(self, tmp_path):
        (tmp_path / "real").mkdir()
        (tmp_path / "out").symlink_to("real")
        path = exported(tmp_path, "webdataset")
        assert path.is_symlink()
        with tarfile.open(tmp_path / "real" / "train-000000.tar") as tar:
            assert len(tar.getmembers()) == 14
            content = tar.extractfile("000002.png")
            assert content is not None
            pixels = np.asarray(Image.open(io.BytesIO(content.read())))
        np.testing.assert_array_equal(pixels.transpose(2, 0, 1), wanted_pixels()[2])

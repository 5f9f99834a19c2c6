"""Sources in Parquet, WebDataset tars and safetensors, and of the hub: written here by the libraries themselves."""

from __future__ import annotations

import io
import json
import sys
import tarfile

import numpy as np
import pytest

from nsdcodec.errors import InvalidSource, MissingData
from nsdcodec.sources import load

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
Image = pytest.importorskip("PIL.Image")
hub = pytest.importorskip("huggingface_hub")

RNG = np.random.default_rng(7)
IMAGES = RNG.integers(0, 256, (12, 3, 5, 4), dtype=np.uint8)
LABELS = np.arange(12) % 3
CLASSES = ("cat", "bee", "ape")


def class_label(names, column="label"):
    """What `datasets` writes into a file about the column of labels."""
    features = {column: {"names": names, "_type": "ClassLabel"}}
    return {"huggingface": json.dumps({"info": {"features": features}})}


NAMES = class_label(CLASSES, "y")


pytestmark = pytest.mark.usefixtures("nothing_of_this_machine")


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def png(image) -> bytes:
    memory = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)).squeeze()).save(memory, "png")
    return memory.getvalue()


def structs(images=IMAGES):
    return [{"bytes": png(image), "path": None} for image in images]


def write_parquet(path, images=None, labels=LABELS, metadata=None, names=("image", "label")):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = arrow.table(dict(zip(names, (structs() if images is None else images, labels), strict=True)))
    parquet.write_table(table.replace_schema_metadata(metadata), path, row_group_size=5)
    return path


def write_turned(folder):
    """The toy set in two files, and as a test set, with the class names in three orders."""
    for name, part, names in (
        ("train-0", slice(0, 6), CLASSES),
        ("train-1", slice(6, 12), CLASSES[::-1]),
        ("test-0", slice(0, 12), CLASSES[1:] + CLASSES[:1]),
    ):
        labels = [names.index(CLASSES[label]) for label in LABELS[part]]
        write_parquet(folder / f"{name}.parquet", structs()[part], labels, class_label(names))


def same(found, classes, images=IMAGES, labels=LABELS):
    np.testing.assert_array_equal(found.train.images, images)
    np.testing.assert_array_equal(found.train.labels, labels)
    assert found.classes == tuple(classes)


class TestParquet:
    @pytest.mark.parametrize(
        "images",
        [
            structs(),
            [png(image) for image in IMAGES],
            IMAGES.tolist(),
            IMAGES.transpose(0, 2, 3, 1).tolist(),
        ],
        ids=["structs", "bytes", "lists", "lists, channels last"],
    )
    def test_images_in_every_form_are_the_same(self, tmp_path, images):
        found = load(str(write_parquet(tmp_path / "toy.parquet", images)))
        same(found, ("0", "1", "2"))
        assert (found.name, found.test) == ("toy", None)

    def test_what_datasets_writes_is_read(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        datasets = pytest.importorskip("datasets")
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)  # it may have been imported before
        features = datasets.Features({"img": datasets.Image(), "fine_label": datasets.ClassLabel(names=list(CLASSES))})
        pictures = [Image.fromarray(image.transpose(1, 2, 0)) for image in IMAGES]
        set_ = datasets.Dataset.from_dict({"img": pictures, "fine_label": LABELS}, features=features)
        set_.to_parquet(tmp_path / "toy.parquet")
        same(load(str(tmp_path / "toy.parquet")), CLASSES)

    def test_class_names_are_those_of_the_class_label_whatever_its_column(self, tmp_path):
        write_parquet(tmp_path / "toy.parquet", metadata=NAMES, names=("image", "y"))
        same(load(str(tmp_path / "toy.parquet")), CLASSES)

    def test_labels_that_are_names_become_classes_in_alphabetical_order(self, tmp_path):
        write_parquet(tmp_path / "toy.parquet", labels=[CLASSES[label] for label in LABELS])
        same(load(str(tmp_path / "toy.parquet")), sorted(CLASSES), labels=2 - LABELS)

    def test_grayscale_stays_so(self, tmp_path):
        write_parquet(tmp_path / "toy.parquet", structs(IMAGES[:, :1]))
        same(load(str(tmp_path / "toy.parquet")), ("0", "1", "2"), IMAGES[:, :1])

    @pytest.mark.parametrize("root", [".", "data"])
    def test_files_of_a_folder_are_sorted_into_train_and_test(self, tmp_path, root):
        folder = tmp_path / "toy" / root
        for i in range(2):
            part = slice(6 * i, 6 * i + 6)
            write_parquet(folder / f"train-0000{i}-of-00002.parquet", structs()[part], LABELS[part])
        write_parquet(folder / "test-00000-of-00001.parquet", structs()[::-1], LABELS[::-1])
        write_parquet(folder / "validation-00000-of-00001.parquet", structs()[:2], LABELS[:2])
        found = load(str(tmp_path / "toy"))
        same(found, ("0", "1", "2"))
        np.testing.assert_array_equal(found.test.images, IMAGES[::-1])
        assert found.name == "toy"

    def test_folders_may_be_named_so_instead_and_validation_stand_for_the_test(self, tmp_path):
        write_parquet(tmp_path / "toy/train/0000.parquet")
        write_parquet(tmp_path / "toy/validation/0000.parquet", structs()[:3], LABELS[:3])
        found = load(str(tmp_path / "toy"))
        same(found, ("0", "1", "2"))
        assert len(found.test) == 3

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"images": [{"bytes": None, "path": "a.png"}] * 12}, r"row 0: `image` has no image in it"),
            ({"images": [b"no image"] * 12}, r"toy\.parquet, row 0: not a readable image"),
            ({"images": (IMAGES + 0.5).tolist()}, "neither image files nor pixels.*float64"),
            ({"images": (IMAGES.astype(int) + 1).tolist()}, "neither .*from 1 to 256|neither .* to 256"),
            ({"images": [[1], [1, 2]] * 6}, "neither image files nor pixels"),
            ({"images": [*structs(IMAGES[:11]), {"bytes": png(IMAGES[0, :, :, :3]), "path": None}]}, "11 is 3 x 5"),
            ({"labels": LABELS - 1}, r"row 0: `label` is '-1'; store a class number"),
            ({"labels": [None, *LABELS[1:]]}, r"row 0: `label` is 'None'"),
            ({"labels": LABELS / 2}, r"row 0: `label` is '0\.0'"),
            ({"labels": [1 << 40] * 12}, "store a class number"),
            ({"labels": np.zeros(12, int) + 2}, "no training image of '0', '1'"),
            ({"names": ("foto", "label")}, "no column image or img .*it has foto, label"),
            ({"names": ("image", "kind")}, "no column label or labels .*it has image, kind"),
            ({"metadata": {"huggingface": "{"}, "labels": LABELS - 1}, "-1"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_used_is_refused_by_row_and_column(self, tmp_path, changed, message):
        write_parquet(tmp_path / "toy.parquet", **changed)
        with pytest.raises(InvalidSource, match=message):
            load(str(tmp_path / "toy.parquet"))

    def test_labels_of_several_files_go_by_the_class_names_of_each(self, tmp_path):
        """datasets#2083: the names of the first file were taken for all, and half of the labels were others."""
        write_turned(tmp_path / "toy")
        found = load(str(tmp_path / "toy"))
        same(found, CLASSES)
        np.testing.assert_array_equal(found.test.labels, LABELS)

    def test_class_names_of_several_files_are_put_together(self, tmp_path):
        write_parquet(tmp_path / "toy/train-0.parquet", structs()[:6], [0, 1] * 3, class_label(["b", "a"]))
        write_parquet(tmp_path / "toy/train-1.parquet", structs()[6:], [0, 1] * 3, class_label(["c", "b"]))
        write_parquet(tmp_path / "toy/test.parquet", structs()[:2], ["c", "a"])
        found = load(str(tmp_path / "toy"))
        same(found, "bac", labels=[0, 1, 0, 1, 0, 1, 2, 0, 2, 0, 2, 0])
        assert found.test.labels.tolist() == [2, 1]

    @pytest.mark.parametrize("without", ["train-1", "test-0"])
    def test_numbers_without_names_beside_names_are_refused(self, tmp_path, without):
        write_turned(tmp_path / "toy")
        write_parquet(tmp_path / "toy" / f"{without}.parquet")
        message = (
            rf"train-0\.parquet names its classes, and .*{without}\.parquet has numbers without names; store the names"
        )
        with pytest.raises(InvalidSource, match=message):
            load(str(tmp_path / "toy"))

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            (["cat", "bee"], r"row 2: `label` is '2'; store a class number, 0 to 1"),
            (["a", "b", "a"], "2 classes are na"),
        ],
    )
    def test_names_that_do_not_fit_are_refused_by_file(self, tmp_path, names, message):
        write_parquet(tmp_path / "toy/train.parquet", metadata=class_label(CLASSES))
        write_parquet(tmp_path / "toy/test.parquet", metadata=class_label(names))
        with pytest.raises(InvalidSource, match=rf"test\.parquet.*{message}"):
            load(str(tmp_path / "toy"))

    def test_a_class_only_in_the_test_set_is_refused(self, tmp_path):
        write_parquet(tmp_path / "toy/train.parquet", labels=["a", "b", "c"] * 4)
        write_parquet(tmp_path / "toy/test.parquet", labels=["a", "b", "d"] * 4)
        with pytest.raises(InvalidSource, match=r"row 2: the training set has no class 'd'"):
            load(str(tmp_path / "toy"))

    @pytest.mark.parametrize("content", [b"", b"PAR1 no PAR1"])
    def test_what_is_no_parquet_is_refused(self, tmp_path, content):
        (tmp_path / "toy.parquet").write_bytes(content)
        with pytest.raises(InvalidSource, match=r"toy\.parquet: not a readable Parquet file"):
            load(str(tmp_path / "toy.parquet"))

    def test_without_pyarrow_the_error_says_what_to_install(self, tmp_path, monkeypatch):
        write_parquet(tmp_path / "toy.parquet")
        monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
        with pytest.raises(MissingData, match=r"pip install nsdcodec\[export\]"):
            load(str(tmp_path / "toy.parquet"))


def write_tar(path, members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def members(numbers=range(12), folder=""):
    for i in numbers:
        yield from ((f"{folder}{i:03}.png", png(IMAGES[i])), (f"{folder}{i:03}.cls", str(LABELS[i]).encode()))


class TestWebDataset:
    def test_a_tar_is_read_and_its_classes_are_numbers(self, tmp_path):
        found = load(str(write_tar(tmp_path / "toy.tar", members())))
        same(found, ("0", "1", "2"))
        assert (found.name, found.test) == ("toy", None)

    def test_what_webdataset_writes_is_read(self, tmp_path):
        writer = pytest.importorskip("webdataset").TarWriter
        with writer(str(tmp_path / "toy.tar")) as tar:
            for i in range(12):
                picture = IMAGES[i].transpose(1, 2, 0).astype(np.float32) / 255
                tar.write({"__key__": f"a/{i:03}", "png": picture, "cls": int(LABELS[i])})
        same(load(str(tmp_path / "toy.tar")), ("0", "1", "2"))

    def test_a_folder_has_shards_of_train_and_test_and_names(self, tmp_path):
        for i in range(2):
            write_tar(tmp_path / f"toy/train-00000{i}.tar", members(range(6 * i, 6 * i + 6)))
        write_tar(tmp_path / "toy/test-000000.tar", members(range(4)))
        (tmp_path / "toy/classnames.txt").write_text("\ufeffcat\nbee\nape\n\n", encoding="utf-8")
        found = load(str(tmp_path / "toy"))
        same(found, CLASSES)
        np.testing.assert_array_equal(found.test.images, IMAGES[:4])

    def test_names_that_cannot_be_had_are_told_instead_of_numbers(self, tmp_path):
        write_tar(tmp_path / "toy/train.tar", members())
        (tmp_path / "toy/classnames.txt").symlink_to("nowhere.txt")
        with pytest.raises(InvalidSource, match=r"classnames\.txt: no such file"):
            load(str(tmp_path / "toy"))

    def test_a_pattern_names_shards(self, tmp_path):
        for i in range(3):
            write_tar(tmp_path / f"toy-{8 + i:02}.tar", members(range(4 * i, 4 * i + 4)))
        found = load(str(tmp_path / "toy-{08..10}.tar"))
        same(found, ("0", "1", "2"))
        assert found.name == "toy"
        with pytest.raises(InvalidSource, match=r"-1 files; a range is of 1 to 100,000"):
            load(str(tmp_path / "toy-{10..08}.tar"))

    def test_a_label_may_be_in_json_and_other_files_are_passed_over(self, tmp_path):
        rows = [("./", b""), ("README", b"about")]
        for i in range(12):
            sample = json.dumps({"label": int(LABELS[i]), "caption": "x"}).encode()
            rows += [(f"./{i:03}.json", sample), (f"./{i:03}.image.png", png(IMAGES[i])), (f"./._{i:03}.png", b"junk")]
        path = write_tar(tmp_path / "toy.tar", rows[2:])
        same(load(str(path)), ("0", "1", "2"))

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([("a.png", png(IMAGES[0]))], r"toy\.tar: a: no label"),
            ([("a.png", png(IMAGES[0])), ("a.cls", b"cat")], r"toy\.tar: a: no label .*cat"),
            ([("a.png", png(IMAGES[0])), ("a.cls", b"9" * 30)], "no label"),
            ([("a.png", png(IMAGES[0])), ("a.json", b'{"label": true}')], "no label .*True"),
            ([("a.cls", b"0")], r"0 pictures among \.cls"),
            ([("a.png", b"x"), ("a.jpg", b"x"), ("a.cls", b"0")], r"2 pictures among \.cls, \.jpg, \.png"),
            ([("a.png", b"no image"), ("a.cls", b"0")], r"toy\.tar: a\.png: not a readable image"),
            ([], "no samples"),
        ],
    )
    def test_what_is_no_sample_is_named(self, tmp_path, rows, message):
        with pytest.raises(InvalidSource, match=message):
            load(str(write_tar(tmp_path / "toy.tar", rows)))

    def test_a_damaged_tar_is_refused(self, tmp_path):
        path = write_tar(tmp_path / "toy.tar", members())
        path.write_bytes(path.read_bytes()[:700])
        with pytest.raises(InvalidSource, match=r"toy\.tar: not a readable tar file|no samples"):
            load(str(path))
        path.write_bytes(b"no tar at all, " * 100)
        with pytest.raises(InvalidSource, match=r"toy\.tar: not a readable tar file"):
            load(str(path))

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda data, start: data[: start + 200], r"not a whole tar file: at byte 6,144 of 6,344"),
            (lambda data, start: data[:start], "not a whole tar file: at byte 6,144 of 6,144"),
            (
                lambda data, start: data[: start + 148] + b"x" + data[start + 149 :],
                "not a whole tar file: at byte 6,144 of 30,720",
            ),
            (lambda data, start: data[:start] + bytes(512), "not a whole tar file"),
            (lambda data, start: data[:start] + bytes(1 << 17), "130,048 bytes .* a download that stopped"),
            (lambda data, start: data + data, "several tar files, one after the other"),
        ],
        ids=["in a header", "between samples", "a wrong header", "one block of zeros", "zeros", "two tar files"],
    )
    def test_a_tar_that_is_not_read_to_its_end_is_refused(self, tmp_path, damage, message):
        """cpython#120740: tarfile ends without a word at what it cannot read, with the samples up to there."""
        path = write_tar(tmp_path / "toy.tar", members())
        data = path.read_bytes()
        assert len(load(str(path)).train) == 12
        path.write_bytes(damage(data, data.index(b"003.png")))
        with pytest.raises(InvalidSource, match=message):
            load(str(path))

    def test_a_tar_in_longer_records_is_whole(self, tmp_path):
        path = write_tar(tmp_path / "toy.tar", members())
        path.write_bytes(path.read_bytes().ljust(1 << 16, b"\0"))
        assert len(load(str(path)).train) == 12


class TestSafetensors:
    def write(self, path, metadata=None, **arrays):
        from safetensors.numpy import save_file

        save_file({name: np.ascontiguousarray(values) for name, values in arrays.items()}, path, metadata)
        return str(path)

    @pytest.mark.parametrize("stored", [IMAGES, IMAGES.transpose(0, 2, 3, 1)])
    def test_images_labels_and_names(self, tmp_path, stored):
        metadata = {"classes": json.dumps(CLASSES)}
        same(load(self.write(tmp_path / "toy.safetensors", metadata, images=stored, labels=LABELS)), CLASSES)

    def test_a_test_set_and_numbers_for_names(self, tmp_path):
        arrays = {"test_images": IMAGES[:2], "test_labels": LABELS[:2]}
        path = self.write(tmp_path / "toy.safetensors", train_images=IMAGES, train_labels=LABELS, **arrays)
        found = load(path)
        same(found, ("0", "1", "2"))
        np.testing.assert_array_equal(found.test.images, IMAGES[:2])

    @pytest.mark.parametrize(
        ("metadata", "arrays", "message"),
        [
            (None, {"images": IMAGES}, "no array labels; it has images"),
            (None, {"images": IMAGES / 255, "labels": LABELS}, "images are float64, not uint8"),
            (None, {"images": IMAGES, "labels": LABELS + (1 << 40)}, "a label is 1,099,511,627,7"),
            ({"classes": "cat, bee"}, {"images": IMAGES, "labels": LABELS}, "`classes` is not JSON"),
            ({"classes": "[1]"}, {"images": IMAGES, "labels": LABELS}, "not a list of texts"),
        ],
    )
    def test_what_cannot_be_used_is_refused(self, tmp_path, metadata, arrays, message):
        with pytest.raises(InvalidSource, match=message):
            load(self.write(tmp_path / "toy.safetensors", metadata, **arrays))

    def test_what_is_no_safetensors_is_refused(self, tmp_path):
        (tmp_path / "toy.safetensors").write_bytes(b"\xff" * 40)
        with pytest.raises(InvalidSource, match="not a readable safetensors file"):
            load(str(tmp_path / "toy.safetensors"))


class TestHub:
    """With a stand-in for snapshot_download: what it is asked for, and what is made of the folder that it gives."""

    @pytest.fixture
    def snapshot(self, tmp_path, monkeypatch):
        asked = []

        def download(repository, **options):
            asked.append((repository, options))
            return str(tmp_path / "snapshot")

        monkeypatch.setattr(hub, "snapshot_download", download)
        return tmp_path / "snapshot", asked

    @pytest.mark.parametrize(
        ("name", "revision", "pattern", "place"),
        [
            ("hf:user/toy", None, "*.parquet", "data/train-00000-of-00001.parquet"),
            ("hf://datasets/user/toy", None, "*.parquet", "data/train-00000-of-00001.parquet"),
            ("hf:user/toy", None, "*.parquet", "plain_text/train-00000-of-00001.parquet"),
            ("hf:user/toy@v1/fine", "v1", "fine/*.parquet", "fine/train-00000-of-00001.parquet"),
            ("hf:user/toy@~parquet/a", "refs/convert/parquet", "a/*.parquet", "a/train/0000.parquet"),
        ],
    )
    def test_the_parquet_files_of_a_name_are_asked_for_and_read(self, snapshot, name, revision, pattern, place):
        folder, asked = snapshot
        write_parquet(folder / place)
        found = load(name)
        same(found, ("0", "1", "2"))
        assert found.name == "toy"
        assert asked == [("user/toy", {"repo_type": "dataset", "revision": revision, "allow_patterns": pattern})]

    def test_labels_go_by_the_class_names_of_each_file(self, snapshot):
        write_turned(snapshot[0])
        found = load("hf:user/toy")
        same(found, CLASSES)
        np.testing.assert_array_equal(found.test.labels, LABELS)

    def test_of_several_sets_one_must_be_chosen(self, snapshot):
        for name in ("fine", "coarse"):
            write_parquet(snapshot[0] / name / "train.parquet")
        with pytest.raises(InvalidSource, match=r"several sets: coarse, fine; choose one, such as hf:user/toy/coarse"):
            load("hf:user/toy")

    def test_a_set_of_other_files_points_to_the_hubs_conversion(self, snapshot):
        snapshot[0].mkdir()
        with pytest.raises(InvalidSource, match=r"no Parquet files .*hf:user/toy@~parquet"):
            load("hf:user/toy")

    @pytest.mark.parametrize("name", ["hf:toy", "hf:", "hf:a/b@", "hf://models/a/b@c@d"])
    def test_what_is_no_name_of_the_hub_is_refused(self, snapshot, name):
        with pytest.raises(InvalidSource, match="a data set of the hub is hf:USER/NAME"):
            load(name)
        assert snapshot[1] == []

    def test_what_the_client_raises_is_told_with_the_remedy(self, monkeypatch):
        def refuse(*_, **__):
            raise hub.errors.LocalEntryNotFoundError("not in the cache,\nand offline")

        monkeypatch.setattr(hub, "snapshot_download", refuse)
        with pytest.raises(MissingData, match=r"hf:user/toy \(not in the cache, and offline\).*HF_TOKEN"):
            load("hf:user/toy")

    def test_without_the_client_the_error_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "huggingface_hub", None)
        with pytest.raises(MissingData, match=r"pip install nsdcodec\[hub\]"):
            load("hf:user/toy")


class TestMissingShards:
    """A set that is smaller than it says is refused by the name of what it lacks."""

    @pytest.mark.parametrize(
        ("names", "missing"),
        [
            (["train-00000-of-00003", "train-00002-of-00003"], "train-00001-of-00003"),
            (["train-00000-of-00003", "train-00001-of-00003"], "train-00002-of-00003"),
            (["train-00001-of-00003", "train-00003-of-00003"], "train-00002-of-00003"),
            (["train-00000-of-00002-0a1b", "train-00000-of-00001"], "train-00001-of-00002"),
            (["data/train-00000-of-00001", "data/test-00001-of-00002"], "test-00000-of-00002"),
            (["train/0000", "train/0002"], "train/0001"),
            (["train-000002", "train-000003"], "train-000001"),
            (["train-000000", "train-000009", "train-000010"], "train-000001.parquet and 7 more are missing"),
        ],
    )
    def test_one_that_is_missing_is_named(self, tmp_path, names, missing):
        for name in names:
            write_parquet(tmp_path / "toy" / f"{name}.parquet")
        with pytest.raises(InvalidSource, match=rf"toy.*: {missing}.* by the names of the others"):
            load(str(tmp_path / "toy"))

    def test_of_tars_too_and_when_it_is_there_again_they_load(self, tmp_path):
        for i in (0, 2):
            write_tar(tmp_path / f"toy/train-00000{i}.tar", members(range(6)))
        with pytest.raises(InvalidSource, match=r"train-000001\.tar is missing"):
            load(str(tmp_path / "toy"))
        write_tar(tmp_path / "toy/train-000001.tar", members(range(6)))
        assert len(load(str(tmp_path / "toy")).train) == 18

    @pytest.mark.parametrize(
        "names", [["train-00001-of-00002", "train-00002-of-00002"], ["birds-2019", "birds-2021"], ["part-7", "part-9"]]
    )
    def test_what_numbers_nothing_that_is_missing_loads(self, tmp_path, names):
        for name in names:
            write_parquet(tmp_path / "toy" / f"{name}.parquet")
        assert len(load(str(tmp_path / "toy")).train) == 24

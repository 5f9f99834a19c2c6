"""The split that a name says, alone and in every kind of source; what is left out is named, and a doubt refused.

datasets#5021: set-test.parquet beside set-train.parquet was trained on, since the words did not begin the names. Names
with valid, validation and dev were not seen in folders, HDF5 and arrays.
"""

from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest

from nsdcodec.errors import InvalidSource
from nsdcodec.sources import load
from nsdcodec.sources.splits import one_of_each, sorted_out

h5py = pytest.importorskip("h5py")
arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
Image = pytest.importorskip("PIL.Image")

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine")

# How many images of each of two classes a part has, so that a part is known by its size.
SIZES = {"train": 4, "test": 3, "validation": 2, "other": 1}
LABELS = {part: np.arange(2 * n) % 2 for part, n in SIZES.items()}
IMAGES = {part: np.zeros((2 * n, 1, 3, 4), np.uint8) for part, n in SIZES.items()}


def png() -> bytes:
    memory = io.BytesIO()
    Image.new("L", (4, 3)).save(memory, "png")
    return memory.getvalue()


def write_folders(root, parts):
    for name, part in parts.items():
        for i, label in enumerate(LABELS[part]):
            (root / name / "ab"[label]).mkdir(parents=True, exist_ok=True)
            (root / name / "ab"[label] / f"{i}.png").write_bytes(png())
    return root


def write_parquet(root, parts):
    for name, part in parts.items():
        file = root / f"{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(arrow.table({"image": [png() for _ in LABELS[part]], "label": LABELS[part]}), file)
    return root


def write_tars(root, parts):
    for name, part in parts.items():
        file = root / f"{name}.tar"
        file.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(file, "w") as tar:
            for i, label in enumerate(LABELS[part]):
                for extension, content in (("png", png()), ("cls", str(label).encode())):
                    member = tarfile.TarInfo(f"{i:03}.{extension}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    return root


def write_h5(root, parts):
    root.mkdir()
    with h5py.File(root / "toy.h5", "w") as file:
        file.attrs["classes"] = ("a", "b")
        for name, part in parts.items():
            file[f"{name}/images"], file[f"{name}/labels"] = IMAGES[part], LABELS[part]
    return root / "toy.h5"


def arrays(parts):
    for name, part in parts.items():
        yield from ((f"{name}_images", IMAGES[part]), (f"{name}_labels", LABELS[part]))


def write_npz(root, parts):
    root.mkdir()
    np.savez(root / "toy.npz", classes=np.array(["a", "b"]), **dict(arrays(parts)))
    return root / "toy.npz"


def write_safetensors(root, parts):
    from safetensors.numpy import save_file

    root.mkdir()
    save_file(dict(arrays(parts)), root / "toy.safetensors")
    return root / "toy.safetensors"


WRITERS = [write_folders, write_parquet, write_tars, write_h5, write_npz, write_safetensors]
every_source = pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__.removeprefix("write_"))


def sizes(found):
    return len(found.train), len(found.test) if found.test else None


@every_source
class TestEverySource:
    @pytest.mark.parametrize(
        ("train", "test", "part"),
        [
            ("train", "test", "test"),
            ("set-train", "set-test", "test"),
            ("Training", "TESTING", "test"),
            ("cifar10_train", "val", "validation"),
            ("train", "valid", "validation"),
            ("train", "my-Validation-2", "validation"),
            ("train2017", "dev", "validation"),
        ],
    )
    def test_the_words_stand_anywhere_in_any_case(self, tmp_path, write, train, test, part):
        found = load(str(write(tmp_path / "toy", {train: "train", test: part})))
        assert sizes(found) == (8, 2 * SIZES[part])
        assert found.notes == ()

    def test_test_goes_before_validation_and_what_is_left_out_is_named(self, tmp_path, write):
        parts = {"train": "train", "test": "test", "val": "validation", "extra": "other"}
        found = load(str(write(tmp_path / "toy", parts)))
        assert sizes(found) == (8, 6)
        (note,) = found.notes
        assert note.startswith("toy: not read, being neither the training nor the test set by name: ")
        assert "val" in note
        assert "extra" in note

    @pytest.mark.parametrize(
        ("parts", "message"),
        [
            ({"train-test": "train", "train": "train"}, "train-test.* says test and train; rename it"),
            ({"train": "train", "val": "test", "dev": "test"}, "dev.* and val.* say one split by different words"),
            ({"train": "train", "training": "train"}, "train.* and training.* say one split by different words"),
        ],
    )
    def test_a_doubt_is_refused(self, tmp_path, write, parts, message):
        with pytest.raises(InvalidSource, match=message):
            load(str(write(tmp_path / "toy", parts)))


class TestFiles:
    @pytest.mark.parametrize("write", [write_parquet, write_tars])
    @pytest.mark.parametrize(
        ("names", "message"),
        [
            (("set", "set-test"), "no name says train beside set-test"),
            (("trainset", "testset"), "testset.* may say a split by 'testset'; say it by a word of its own"),
            (("cifar", "cifarTest"), "cifarTest.* may say a split by 'cifartest'"),
        ],
    )
    def test_names_that_may_say_a_split_are_refused(self, tmp_path, write, names, message):
        with pytest.raises(InvalidSource, match=message):
            load(str(write(tmp_path / "toy", dict.fromkeys(names, "train"))))

    @pytest.mark.parametrize("names", [("0000", "0001"), ("cats", "dogs"), ("latest-0", "latest-1")])
    def test_files_whose_names_say_nothing_are_all_train(self, tmp_path, names):
        found = load(str(write_parquet(tmp_path / "toy", dict.fromkeys(names, "train"))))
        assert sizes(found) == (16, None)

    def test_a_file_that_is_given_by_itself_is_train_whatever_its_name(self, tmp_path):
        write_tars(tmp_path / "toy", {"set-test-0": "test", "set-test-1": "test"})
        assert sizes(load(str(tmp_path / "toy/set-test-0.tar"))) == (6, None)
        assert sizes(load(str(tmp_path / "toy/set-test-{0..1}.tar"))) == (12, None)

    def test_a_folder_says_it_for_its_files_and_one_that_says_nothing_is_named(self, tmp_path):
        parts = {"my-train/0": "train", "my-train/1": "train", "VAL/0": "validation", "more/0": "other"}
        found = load(str(write_parquet(tmp_path / "toy", parts)))
        assert sizes(found) == (16, 4)
        assert found.left_out == ("more/",)

    def test_a_folder_and_its_file_that_say_different_splits_are_refused(self, tmp_path):
        with pytest.raises(InvalidSource, match=r"train/test-0\.parquet says test and train"):
            load(str(write_parquet(tmp_path / "toy", {"train/test-0": "test", "train/train-0": "train"})))

    def test_suffixes_may_be_in_upper_case(self, tmp_path):
        write_parquet(tmp_path / "toy", {"train": "train", "test": "test"})
        (tmp_path / "toy/test.parquet").rename(tmp_path / "toy/TEST.PARQUET")
        assert sizes(load(str(tmp_path / "toy"))) == (8, 6)


class TestFolders:
    @pytest.mark.parametrize("name", ["train", "Test", "bullet train", "crash-test"])
    def test_a_class_may_have_such_a_name(self, tmp_path, name):
        for folder in ("bus", name):
            (tmp_path / "toy" / folder).mkdir(parents=True)
            (tmp_path / "toy" / folder / "0.png").write_bytes(png())
        assert load(str(tmp_path / "toy")).classes == tuple(sorted(("bus", name)))

    @pytest.mark.parametrize(
        ("parts", "message"),
        [
            (
                {"animals": "train"},
                r"toy/animals/a: .*if its folders are the classes, give .*toy/animals itself",
            ),
            (
                {"learn": "train", "prove": "test"},
                r"learn/, prove/ hold no images: if they are the splits .*, call them train/",
            ),
            ({"val": "train", "test": "test"}, r"test/, val/ hold no images: .* call them train/ and test/"),
        ],
    )
    def test_folders_that_may_be_classes_are_never_to_be_emptied(self, tmp_path, parts, message):
        with pytest.raises(InvalidSource, match=message) as caught:
            load(str(write_folders(tmp_path / "toy", parts)))
        assert "move" not in str(caught.value)

    def test_a_folder_among_images_is_to_be_moved_out(self, tmp_path):
        write_folders(tmp_path / "toy", {".": "train", "a/more": "other"})
        with pytest.raises(InvalidSource, match=r"a/more: a folder inside .*/a has images beside it: move it out"):
            load(str(tmp_path / "toy"))

    def test_a_test_set_without_classes_is_told_as_such(self, tmp_path):
        write_folders(tmp_path / "toy", {"train": "train"})
        (tmp_path / "toy/test").mkdir()
        (tmp_path / "toy/test/0.png").write_bytes(png())
        with pytest.raises(InvalidSource, match=r"toy/test: no class folders, .* sort them .*, or give .*toy/train"):
            load(str(tmp_path / "toy"))

    def test_what_systems_leave_behind_is_no_class_and_no_image(self, tmp_path):
        write_folders(tmp_path / "toy", {".": "train", "__MACOSX": "other"})
        (tmp_path / "toy/__MACOSX/a/._0.png").write_bytes(b"x")
        for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
            (tmp_path / "toy/a" / name).write_bytes(b"x")
        found = load(str(tmp_path / "toy"))
        assert (found.classes, len(found.train), found.notes) == (("a", "b"), 8, ())


class TestArrays:
    @pytest.mark.parametrize("write", [write_npz, write_safetensors])
    def test_other_labels_beside_those_of_a_split_are_passed_over(self, tmp_path, write, monkeypatch):
        more = [("train_coarse_labels", LABELS["train"]), ("train_id", LABELS["train"])]
        every = arrays
        monkeypatch.setitem(globals(), "arrays", lambda parts: [*every(parts), *more])
        found = load(str(write(tmp_path / "toy", {"train": "train", "val": "validation"})))
        assert (sizes(found), found.left_out) == ((8, 4), ())

    def test_words_may_stand_behind_and_images_without_one_are_left_out_beside_train(self, tmp_path):
        named = {"Images_Train": IMAGES["train"], "Labels_Train": LABELS["train"], "images": IMAGES["other"]}
        np.savez(tmp_path / "toy.npz", classes=np.array(["a", "b"]), **named)
        found = load(str(tmp_path / "toy.npz"))
        assert (sizes(found), found.left_out) == ((8, None), ("images",))

    def test_images_without_a_word_are_train_beside_a_test_set(self, tmp_path):
        named = {"images": IMAGES["train"], "labels": LABELS["train"], "val_images": IMAGES["validation"]}
        np.savez(tmp_path / "toy.npz", classes=np.array(["a", "b"]), **named)
        with pytest.raises(InvalidSource, match="no array val_labels; it has"):
            load(str(tmp_path / "toy.npz"))
        np.savez(tmp_path / "toy.npz", classes=np.array(["a", "b"]), val_labels=LABELS["validation"], **named)
        assert sizes(load(str(tmp_path / "toy.npz"))) == (8, 4)


class TestRule:
    def test_parts_of_words_say_nothing(self):
        found = sorted_out("toy", ["train-0", "contest", "interval", "devices", "tests", "trainer", "retrain"])
        assert (found.train, found.test) == (("train-0",), ())
        assert found.left_out == ("contest", "interval", "devices", "tests", "trainer", "retrain")

    def test_two_of_one_split_are_refused_where_one_is_needed(self):
        with pytest.raises(InvalidSource, match="toy: train-1, train-2 could each be the train set"):
            one_of_each("toy", ["train-1", "train-2"])
        with pytest.raises(InvalidSource, match="toy: test-1, test-2 could each be the test set"):
            one_of_each("toy", ["train", "test-1", "test-2"])

"""Sources: what each kind of real data becomes, and what is refused. Nothing here needs a network or a download."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import re
import struct
import sys
import zipfile
from collections import Counter
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch

import nsdcodec.sources as sources
from nsdcodec.errors import InvalidSetting, InvalidSource, MissingData, UnknownName
from nsdcodec.sources import Source, Split, load, normalize

h5py = pytest.importorskip("h5py")
Image = pytest.importorskip("PIL.Image")
datasets = pytest.importorskip("torchvision.datasets")

RNG = np.random.default_rng(7)
IMAGES = RNG.integers(0, 256, (12, 3, 5, 4), dtype=np.uint8)
LABELS = np.arange(12) % 3
CLASSES = ("ape", "bee", "cat")


pytestmark = pytest.mark.usefixtures("nothing_of_this_machine")


@pytest.fixture(autouse=True)
def _in_folders_of_its_own(tmp_path, monkeypatch):
    """Each test puts into the cache folder what it wants there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def split(images=IMAGES, labels=LABELS) -> Split:
    return Split(torch.from_numpy(np.array(images)), torch.from_numpy(np.array(labels)))


def source(train=None, test=None, classes=CLASSES) -> Source:
    return Source("toy", classes, split() if train is None else train, test, "color")


def write_h5(path, images=IMAGES, labels=LABELS, classes=CLASSES, test=True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for part in ("train", "test") if test else ("train",):
            file[f"{part}/images"], file[f"{part}/labels"] = images, labels
        if classes is not None:
            file.attrs["classes"] = classes
    return path


def write_npz(path, **changed) -> Path:
    arrays = {"train_images": IMAGES, "train_labels": LABELS, "classes": np.array(CLASSES)} | changed
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def npy_header(shape: str) -> bytes:
    """An array of .npy that promises this shape, and holds 100 bytes."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(100)


def write_image(path, colour=(1, 2, 3), size=(4, 5), mode="RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


class TestSource:
    def test_geometry_is_the_classes_and_one_image(self):
        geometry = source().geometry
        assert (geometry.classes, geometry.channels, geometry.height, geometry.width) == (3, 3, 5, 4)

    def test_normalization_is_numpys_mean_and_deviation_in_0_to_1_units(self):
        scaled = IMAGES.astype(np.float64) / 255
        found = source().normalization
        np.testing.assert_allclose(found.mean, scaled.mean((0, 2, 3)), atol=5.1e-5)
        np.testing.assert_allclose(found.std, scaled.std((0, 2, 3)), atol=5.1e-5)
        assert all(round(number, 4) == number for number in found.mean + found.std)

    def test_a_constant_channel_gets_a_deviation_that_can_be_divided_by(self):
        found = source(split(np.full_like(IMAGES, 255))).normalization
        assert found.mean == (1.0, 1.0, 1.0)
        assert found.std == (0.001, 0.001, 0.001)

    def test_normalize_gives_zero_mean_and_unit_deviation(self):
        toy = source()
        images = normalize(toy.train.images, toy.normalization)
        assert images.dtype == torch.float32
        np.testing.assert_allclose(images.mean((0, 2, 3)), 0, atol=5e-4)
        np.testing.assert_allclose(images.std((0, 2, 3), correction=0), 1, atol=5e-4)

    def test_normalize_refuses_another_number_of_channels(self):
        with pytest.raises(InvalidSource, match="images of 1 channels, and a normalization of 3"):
            normalize(torch.zeros(2, 1, 5, 4, dtype=torch.uint8), source().normalization)

    def test_sha256_is_over_shape_bytes_and_labels(self):
        content = b"(12, 3, 5, 4)" + IMAGES.tobytes() + struct.pack("<12q", *LABELS.tolist())
        assert source().sha256 == hashlib.sha256(content).hexdigest()

    def test_sha256_does_not_depend_on_strides(self):
        turned = torch.from_numpy(IMAGES).to(memory_format=torch.channels_last)
        assert source(Split(turned, torch.from_numpy(LABELS))).sha256 == source().sha256

    @pytest.mark.parametrize(
        ("train", "message"),
        [
            (split(IMAGES.astype(np.float32)), "images are torch.float32, not uint8"),
            (split(IMAGES[0]), r"shape \[3, 5, 4\]"),
            (split(labels=LABELS.astype(np.int32)), "labels are torch.int32"),
            (split(labels=LABELS[:, None]), r"shape \[12, 1\]"),
            (split(labels=LABELS[:11]), "12 images and 11 labels"),
            (split(IMAGES[:0], LABELS[:0]), "no images"),
            (
                split(labels=LABELS + 1),
                "image 2 has label 3; 3 classes.*begin at 1, and numbering begins at 0: subtract 1",
            ),
            (split(labels=LABELS % 2 + 1), "no training image of 'ape'.*begin at 1, and numbering begins at 0"),
            (split(labels=LABELS % 2), "no training image of 'cat'.*remove the class$"),
            (split(labels=LABELS - 1), "image 0 has label -1.*name its class$"),
            (split(np.zeros((12, 17, 1, 1), np.uint8)), "channels is 17"),
        ],
    )
    def test_what_cannot_be_distilled_is_refused(self, train, message):
        with pytest.raises(InvalidSource, match=f"toy.*{message}"):
            source(train)

    @pytest.mark.parametrize("name", ["bee", "x" * 257, "\udce9"])
    def test_class_names_that_a_file_cannot_hold_are_refused(self, name):
        with pytest.raises(InvalidSource, match="toy"):
            source(classes=(name, "bee", "cat"))

    def test_train_and_test_images_have_one_shape(self):
        with pytest.raises(InvalidSource, match=r"\[3, 5, 4\] in train and \[3, 4, 4\] in test"):
            source(test=split(IMAGES[:, :, :4]))

    def test_a_test_set_may_lack_a_class(self):
        assert len(source(test=split(labels=LABELS * 0)).test) == 12


class TestHoldOut:
    def test_it_is_balanced_and_every_image_is_on_one_side_with_its_label(self):
        rest, held = source().hold_out(3, seed=1)
        assert Counter(held.labels.tolist()) == {0: 3, 1: 3, 2: 3}
        together = [
            (image.numpy().tobytes(), label)
            for part in (rest.train, held)
            for image, label in zip(part.images, part.labels.tolist(), strict=True)
        ]
        whole = [(image.tobytes(), label) for image, label in zip(IMAGES, LABELS.tolist(), strict=True)]
        assert sorted(together) == sorted(whole)

    def test_it_is_the_same_for_the_same_seed_only(self):
        draws = [source().hold_out(2, seed)[0].sha256 for seed in (5, 5, 6)]
        assert draws[0] == draws[1] != draws[2]

    def test_it_leaves_the_test_set_alone(self):
        toy = source(test=split(IMAGES[::-1].copy()))
        rest, _ = toy.hold_out(1, seed=0)
        assert rest.test is toy.test

    def test_unbalanced_classes_give_the_same_number_each(self):
        labels = [0] * 2 + [1] * 3 + [2] * 7
        random.Random(0).shuffle(labels)
        rest, held = source(split(labels=labels)).hold_out(1, seed=0)
        assert Counter(held.labels.tolist()) == {0: 1, 1: 1, 2: 1}
        assert Counter(rest.train.labels.tolist()) == {0: 1, 1: 2, 2: 6}

    def test_a_class_left_without_an_image_is_refused(self):
        with pytest.raises(InvalidSource, match=r"class 'ape' has 4 .* at most 3 a class"):
            source().hold_out(4, seed=0)

    def test_a_class_of_one_image_says_that_two_are_needed(self):
        with pytest.raises(InvalidSource, match="class 'cat' has 1 training image; at least 2"):
            source(split(labels=[0, 1] * 5 + [0, 2])).hold_out(1, seed=0)

    def test_nothing_to_hold_out_is_refused(self):
        with pytest.raises(InvalidSetting, match="at least 1"):
            source().hold_out(0, seed=0)


class TestDigits:
    def test_they_are_scikit_learns_scaled_to_255_and_one_in_five_is_for_testing(self):
        from sklearn.datasets import load_digits

        bunch = load_digits()
        digits = load("digits")
        found = torch.cat([digits.train.images, digits.test.images]).numpy()
        # 0 to 16 comes back exactly: the scaling has lost nothing.
        back = [(np.rint(image[0] / 255 * 16).tolist()) for image in found]
        assert sorted(back) == sorted(bunch.images.tolist())
        assert found.max() == 255
        whole, test = Counter(bunch.target.tolist()), Counter(digits.test.labels.tolist())
        assert test == {digit: count // 5 for digit, count in whole.items()}
        assert (len(digits.train), len(digits.test)) == (1442, 355)
        assert digits.classes == tuple("0123456789")
        assert "flip" not in digits.augmentation

    def test_the_split_never_changes(self):
        # Written down once: reported accuracies on the digits depend on it.
        assert load("digits").sha256 == "d2f755badb86c7c09dd43640bdd54ddba59782a3aaacc9584235fd44f03f51e3"

    def test_without_scikit_learn_the_error_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
        with pytest.raises(MissingData, match=r"pip install nsdcodec\[encode\]"):
            load("digits")


class TestHDF5:
    @pytest.mark.parametrize("dtype", [np.uint8, np.int64, ">i4"])
    def test_it_is_read_as_it_was_written(self, tmp_path, dtype):
        toy = load(str(write_h5(tmp_path / "toy.h5", labels=LABELS.astype(dtype))))
        assert (toy.name, toy.classes) == ("toy", CLASSES)
        for part in (toy.train, toy.test):
            assert np.array_equal(part.images, IMAGES)
            assert part.labels.dtype == torch.int64
            assert np.array_equal(part.labels, LABELS)

    @pytest.mark.parametrize("memory", [None, 1])
    def test_labels_in_a_column_and_no_class_names_are_read(self, tmp_path, memory):
        toy = load(str(write_h5(tmp_path / "toy.h5", labels=LABELS[:, None], classes=None)), memory=memory)
        assert toy.classes == ("0", "1", "2")
        assert toy.train.labels.tolist() == toy.test.labels.tolist() == LABELS.tolist()

    def test_the_test_set_may_be_absent(self, tmp_path):
        assert load(str(write_h5(tmp_path / "toy.hdf5", test=False))).test is None

    def test_class_names_may_be_bytes(self, tmp_path):
        assert load(str(write_h5(tmp_path / "toy.h5", classes=np.array([b"ape", b"bee", b"cat"])))).classes == CLASSES

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"labels": np.stack([LABELS, LABELS], 1)}, r"shape \[12, 2\]"),
            ({"labels": LABELS / 1}, "labels are float64, not integers"),
            ({"images": IMAGES / 255}, "images are float64, not uint8"),
            ({"images": IMAGES[:, 0, 0]}, r"shape \[12, 4\]"),
            ({"classes": 3}, "not a list of texts"),
            ({"classes": np.array([b"\xff", b"b", b"c"])}, "UTF-8"),
        ],
    )
    def test_another_layout_is_refused_by_name(self, tmp_path, changed, message):
        path = write_h5(tmp_path / "toy.h5", **changed)
        with pytest.raises(InvalidSource, match=message):
            load(str(path))

    def test_a_missing_array_is_named(self, tmp_path):
        with h5py.File(tmp_path / "toy.h5", "w") as file:
            file["train/images"], file.attrs["classes"] = IMAGES, CLASSES
        with pytest.raises(InvalidSource, match="no array train/labels"):
            load(str(tmp_path / "toy.h5"))

    def test_a_corrupt_file_is_refused(self, tmp_path):
        path = write_h5(tmp_path / "toy.h5")
        path.write_bytes(path.read_bytes()[:-900])
        with pytest.raises(InvalidSource, match=r"toy\.h5: not a readable HDF5 file"):
            load(str(path))

    def test_without_h5py_the_error_says_what_to_install(self, tmp_path, monkeypatch):
        path = write_h5(tmp_path / "toy.h5")
        monkeypatch.setitem(sys.modules, "h5py", None)
        with pytest.raises(MissingData, match=r"pip install nsdcodec\[encode\]"):
            load(str(path))


class TestNpz:
    @pytest.mark.parametrize("stored", [IMAGES, IMAGES.transpose(0, 2, 3, 1)])
    def test_channels_first_and_last_become_the_same(self, tmp_path, stored):
        toy = load(str(write_npz(tmp_path / "toy.npz", train_images=stored)))
        assert np.array_equal(toy.train.images, IMAGES)
        assert (toy.classes, toy.test) == (CLASSES, None)

    def test_it_has_a_test_set_where_one_is_stored(self, tmp_path):
        toy = load(str(write_npz(tmp_path / "toy.npz", test_images=IMAGES[:2], test_labels=np.uint8([2, 1]))))
        assert toy.test.labels.tolist() == [2, 1]

    def test_labels_in_a_column_and_no_class_names_are_read(self, tmp_path):
        """As MedMNIST publishes its sets (MedMNIST#38)."""
        column = {"train_labels": LABELS[:, None].astype(np.uint8), "test_labels": LABELS[:2, None]}
        toy = load(str(write_npz(tmp_path / "toy.npz", classes=None, test_images=IMAGES[:2], **column)))
        assert toy.classes == ("0", "1", "2")
        assert toy.train.labels.tolist() == LABELS.tolist()
        assert toy.test.labels.tolist() == [0, 1]

    def test_labels_that_begin_at_1_are_told_so(self, tmp_path):
        path = write_npz(tmp_path / "toy.npz", classes=None, train_labels=LABELS + 1)
        with pytest.raises(InvalidSource, match=r"no training image of '0'.*numbering begins at 0: subtract 1"):
            load(str(path))

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"train_labels": None}, "no array train_labels"),
            ({"test_labels": LABELS}, "no array test_images"),
            ({"classes": np.array(CLASSES, dtype=object)}, "allow_pickle=False"),
            ({"train_images": np.array([None] * 12)}, "allow_pickle=False"),
        ],
    )
    def test_missing_and_pickled_arrays_are_refused(self, tmp_path, changed, message):
        path = write_npz(tmp_path / "toy.npz", **changed)
        with pytest.raises(InvalidSource, match=message):
            load(str(path))

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x93NUMPY", b"\x80\x04."])
    def test_what_is_no_archive_is_refused(self, tmp_path, content):
        (tmp_path / "toy.npz").write_bytes(content)
        with pytest.raises(InvalidSource, match=r"toy\.npz: not a readable"):
            load(str(tmp_path / "toy.npz"))

    def test_an_encrypted_archive_is_refused(self, tmp_path):
        content = bytearray(write_npz(tmp_path / "toy.npz").read_bytes())
        for sign, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
            for found in re.finditer(re.escape(sign), content):
                content[found.start() + flags] |= 1
        (tmp_path / "toy.npz").write_bytes(content)
        with pytest.raises(InvalidSource, match=r"toy\.npz: not a readable .*encrypted"):
            load(str(tmp_path / "toy.npz"))

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("train_images", b"x", "train_images is no array"),
            ("train_images.npy", npy_header("(10**7, 3, 1000, 1000)"), "not a readable"),
            ("train_images.npy", npy_header(f"({10**7}, 3, 1000, 1000)"), "27.3 TiB"),
            ("train_images.npy", npy_header("("), "not a readable"),
        ],
        ids=["no .npy", "no shape", "27 TiB", "no header"],
    )
    def test_members_that_are_no_sound_arrays_are_refused(self, tmp_path, name, content, message):
        write_npz(tmp_path / "toy.npz", train_images=None)
        with zipfile.ZipFile(tmp_path / "toy.npz", "a") as archive:
            archive.writestr(name, content)
        with pytest.raises(InvalidSource, match=message):
            load(str(tmp_path / "toy.npz"))

    def test_any_damage_is_an_invalid_source_or_does_no_harm(self, tmp_path):
        path, draw = write_npz(tmp_path / "toy.npz"), random.Random(0)
        whole = path.read_bytes()
        for _ in range(300):
            content = bytearray(whole)
            for _ in range(draw.choice((1, 3))):
                content[draw.randrange(len(content))] = draw.randrange(256)
            path.write_bytes(content)
            with contextlib.suppress(InvalidSource):
                assert np.array_equal(load(str(path)).train.images, IMAGES)

    def test_a_damaged_array_is_refused(self, tmp_path):
        path = write_npz(tmp_path / "toy.npz")
        content = bytearray(path.read_bytes())
        content[300] ^= 255
        path.write_bytes(content)
        with pytest.raises(InvalidSource, match="not a readable"):
            load(str(path))


class TestFolder:
    def test_classes_are_the_sorted_folders_and_images_keep_their_pixels(self, tmp_path):
        for name, colour in (("bee", (9, 8, 7)), ("ape", (1, 2, 3))):
            for number in range(2):
                write_image(tmp_path / f"set/{name}/{number}.png", colour)
        (tmp_path / "set/ape/.DS_Store").write_bytes(b"hidden")
        (tmp_path / "set/.cache").mkdir()
        (tmp_path / "set/README.md").write_text("beside the class folders")
        toy = load(str(tmp_path / "set"))
        assert (toy.name, toy.classes, toy.test) == ("set", ("ape", "bee"), None)
        assert str(toy.geometry) == "2 classes of 3 x 5 x 4"
        assert toy.train.labels.tolist() == [0, 0, 1, 1]
        assert toy.train.images[:, :, 4, 3].tolist() == [[1, 2, 3], [1, 2, 3], [9, 8, 7], [9, 8, 7]]

    @pytest.mark.parametrize("held", ["test", "val"])
    def test_train_and_test_folders_become_the_splits(self, tmp_path, held):
        for part, value in (("train", 10), (held, 20)):
            for name in ("ape", "bee"):
                write_image(tmp_path / f"set/{part}/{name}/1.png", value, mode="L")
        toy = load(str(tmp_path / "set"))
        assert toy.classes == ("ape", "bee")
        assert toy.train.images.shape == (2, 1, 5, 4)
        assert (int(toy.train.images[0, 0, 0, 0]), int(toy.test.images[0, 0, 0, 0])) == (10, 20)

    def test_a_class_may_be_called_train(self, tmp_path):
        for name in ("bus", "train"):
            write_image(tmp_path / f"set/{name}/1.png")
        assert load(str(tmp_path / "set")).classes == ("bus", "train")

    def test_grayscale_among_colours_becomes_colour(self, tmp_path):
        write_image(tmp_path / "set/ape/1.png", 5, mode="L")
        write_image(tmp_path / "set/bee/1.png", (1, 2, 3))
        assert load(str(tmp_path / "set")).train.images[:, :, 0, 0].tolist() == [[5, 5, 5], [1, 2, 3]]

    @pytest.mark.parametrize("content", [b"not an image", b""])
    def test_an_unreadable_file_is_named(self, tmp_path, content):
        write_image(tmp_path / "set/ape/1.png")
        (tmp_path / "set/ape/2.png").write_bytes(content)
        with pytest.raises(InvalidSource, match=r"2\.png: not a readable image"):
            load(str(tmp_path / "set"))

    def test_a_truncated_file_is_named(self, tmp_path):
        path = write_image(tmp_path / "set/ape/1.png", size=(64, 64))
        path.write_bytes(path.read_bytes()[:60])
        with pytest.raises(InvalidSource, match=r"1\.png: not a readable image"):
            load(str(tmp_path / "set"))

    def test_sixteen_bits_are_not_clipped_to_eight(self, tmp_path):
        write_image(tmp_path / "set/ape/1.png", 4000, mode="I;16")
        with pytest.raises(InvalidSource, match=r"1\.png: pixels of mode I;16; convert"):
            load(str(tmp_path / "set"))

    def test_an_image_over_the_limit_is_refused(self, tmp_path):
        write_image(tmp_path / "set/ape/1.png", 0, size=(5000, 1), mode="L")
        with pytest.raises(InvalidSource, match="5000 x 1; the limit is 4096 x 4096"):
            load(str(tmp_path / "set"))

    def test_an_empty_class_a_nested_folder_and_a_stray_test_class_are_refused(self, tmp_path):
        write_image(tmp_path / "empty/ape/1.png")
        (tmp_path / "empty/bee").mkdir()
        write_image(tmp_path / "nested/ape/images/1.png")
        for part, name in (("train", "ape"), ("test", "bee")):
            write_image(tmp_path / f"stray/{part}/{name}/1.png")
        for name, message in (
            ("empty", "no training image of 'bee'"),
            ("nested", "a folder inside a class folder"),
            ("stray", "no class of this name"),
            ("here", "no class folders"),
        ):
            with pytest.raises(InvalidSource, match=message):
                load(str(tmp_path / name))


class Fake:
    """Stands in for torchvision's MNIST: tensors without a channel axis."""

    classes = ("0 - zero", "1 - one")

    def __init__(self, root, train, download):
        assert download
        self.data = torch.full((20, 28, 28), 1 if train else 2, dtype=torch.uint8)
        self.targets = torch.arange(20) % 10


class TestTorchvision:
    def test_mnist_gets_a_channel_and_plain_names(self, monkeypatch):
        monkeypatch.setattr(datasets, "MNIST", Fake)
        mnist = load("mnist")
        assert mnist.classes == tuple("0123456789")
        assert (mnist.train.images.shape, mnist.train.images.max(), mnist.test.images.max()) == ((20, 1, 28, 28), 1, 2)
        assert mnist.augmentation == "color_crop_cutout_scale_rotate"

    def test_cifar_comes_channels_last_with_labels_in_a_list(self, monkeypatch, tmp_path):
        roots = []

        class Cifar:
            classes = list(CLASSES)  # noqa: RUF012

            def __init__(self, root, train, download):
                roots.append(root)
                self.data, self.targets = IMAGES.transpose(0, 2, 3, 1), LABELS.tolist()

        monkeypatch.setattr(datasets, "CIFAR10", Cifar)
        cifar = load("cifar10")
        assert np.array_equal(cifar.train.images, IMAGES)
        assert cifar.classes == CLASSES
        assert cifar.augmentation == "color_crop_cutout_flip_scale_rotate"
        assert roots == [tmp_path / "cache/nsdcodec"] * 2

    def test_svhn_is_asked_for_by_split(self, monkeypatch):
        pytest.importorskip("scipy.io")

        class Svhn:
            def __init__(self, root, split, download):
                self.data = np.zeros((10, 3, 32, 32), np.uint8) + (split == "test")
                self.labels = np.arange(10)

        monkeypatch.setattr(datasets, "SVHN", Svhn)
        svhn = load("svhn")
        assert (int(svhn.train.images.max()), int(svhn.test.images.max())) == (0, 1)
        assert "flip" not in svhn.augmentation

    def test_svhns_files_become_images_and_their_tens_zeros(self, monkeypatch, tmp_path):
        savemat = pytest.importorskip("scipy.io").savemat
        folder = tmp_path / "cache/nsdcodec"
        folder.mkdir(parents=True)
        images = RNG.integers(0, 256, (11, 3, 32, 32), dtype=np.uint8)
        labels = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10])
        listed = {}
        for part, name in (("train", "train_32x32.mat"), ("test", "test_32x32.mat")):
            savemat(folder / name, {"X": images.transpose(2, 3, 1, 0), "y": labels[:, None]})
            # Torchvision downloads again what has another checksum.
            listed[part] = ["unused", name, hashlib.md5((folder / name).read_bytes()).hexdigest()]
        monkeypatch.setattr(datasets.SVHN, "split_list", listed)
        svhn = load("svhn")
        assert np.array_equal(svhn.train.images, images)
        assert svhn.test.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0]

    @pytest.mark.parametrize(
        "failure", [URLError("no route"), RuntimeError("Error:\ntried both"), ConnectionResetError("reset")]
    )
    def test_without_a_network_both_ways_to_provide_the_data_are_told(self, monkeypatch, tmp_path, failure):
        def fail(**_):
            raise failure

        monkeypatch.setattr(datasets, "CIFAR100", fail)
        with pytest.raises(MissingData) as caught:
            load("cifar100")
        for part in ("cifar100.h5", "train/images", "--data-dir", "$NSDC_DATA", "network", str(tmp_path / "cache")):
            assert part in str(caught.value)
        assert "\n" not in str(caught.value)
        assert caught.value.__cause__ is failure

    def test_without_torchvision_the_error_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
        with pytest.raises(MissingData, match=r"pip install nsdcodec\[encode\]"):
            load("cifar10")

    def test_every_name_is_a_class_that_torchvision_has(self):
        from nsdcodec.sources.vision import DATASETS

        assert all(hasattr(datasets, dataset.torchvision) for dataset in DATASETS.values())


class TestLoad:
    def test_the_registry_lists_the_names_and_cannot_be_changed(self):
        assert set(sources.SOURCES) == {
            "digits", "cifar10", "cifar100", "svhn", "mnist", "fashionmnist", "tinyimagenet",
            "imagenette", "imagewoof", "imagefruit", "imagemeow", "imagesquawk", "imageyellow",
        }  # fmt: skip
        with pytest.raises(TypeError):
            sources.SOURCES["more"] = ""

    def test_a_source_of_ones_own_takes_one_line(self, tmp_path, monkeypatch):
        own, data = load("digits"), tmp_path / "data"
        (data / "marked").mkdir(parents=True)
        monkeypatch.setattr(sources, "_NAMED", {"own": ("a set of one's own", lambda places: own)})
        assert load("own", data) is own
        line = ("a marked folder", lambda path: path.name == "marked", lambda path, size: own)
        monkeypatch.setattr(sources, "_FOLDERS", (line, *sources._FOLDERS))
        assert load(str(data / "marked")) is own
        (tmp_path / "other").mkdir()
        with pytest.raises(InvalidSource, match="no class folders"):
            load(str(tmp_path / "other"))

    def test_a_file_in_the_data_folder_comes_before_a_download(self, tmp_path):
        write_h5(tmp_path / "data/mnist.h5")
        mnist = load("mnist", tmp_path / "data")
        assert mnist.classes == CLASSES
        assert "flip" not in mnist.augmentation

    def test_a_file_of_any_name_is_found_in_the_data_folder_then_in_the_cache(self, tmp_path, monkeypatch):
        write_h5(tmp_path / "cache/nsdcodec/toy.h5", IMAGES // 2)
        assert np.array_equal(load("toy").train.images, IMAGES // 2)
        write_h5(tmp_path / "data/toy.h5")
        monkeypatch.setenv("NSDC_DATA", str(tmp_path / "data"))
        assert np.array_equal(load("toy").train.images, IMAGES)

    def test_without_a_home_only_what_needs_the_cache_folder_is_an_error(self, tmp_path, monkeypatch):
        """As in a container that runs as a user id without an entry in /etc/passwd."""
        for name in ("HOME", "XDG_CACHE_HOME", "NSDC_DATA"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(os, "getuid", lambda: 54321)
        write_h5(tmp_path / "data/mnist.h5")
        assert load("mnist", tmp_path / "data").classes == CLASSES
        assert load(str(tmp_path / "data/mnist.h5")).classes == CLASSES
        assert len(load("digits").classes) == 10
        with pytest.raises(UnknownName):
            load("cifr10")
        with pytest.raises(MissingData, match="set HOME or XDG_CACHE_HOME"):
            load("cifar10")

    def test_an_unknown_name_gets_the_nearest_one(self, tmp_path):
        write_h5(tmp_path / "data/flowers.h5")
        with pytest.raises(UnknownName, match="did you mean 'cifar10'"):
            load("cifr10")
        with pytest.raises(UnknownName, match="unknown source 'flower': did you mean 'flowers'"):
            load("flower", tmp_path / "data")

    @pytest.mark.parametrize("name", ["nowhere.h5", "nowhere.NPZ", f"no{os.sep}where"])
    def test_a_path_that_does_not_exist_is_missing_data(self, name):
        with pytest.raises(MissingData, match="no such file or folder"):
            load(name)

    @pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000])
    def test_an_odd_name_is_unknown(self, name):
        with pytest.raises(UnknownName):
            load(name)

    def test_a_data_folder_that_does_not_exist_is_told(self, tmp_path):
        with pytest.raises(MissingData, match="no such folder of data"):
            load("cifar10", tmp_path / "nowhere")

    def test_a_file_of_another_kind_is_refused(self, tmp_path):
        (tmp_path / "toy.csv").write_text("1")
        with pytest.raises(InvalidSource, match=r"cannot be read from a \.csv file"):
            load(str(tmp_path / "toy.csv"))


# Absolute, because the tests change the working folder.
DATA = Path(os.environ.get("NSDC_DATA", "")).resolve()


@pytest.mark.skipif(not (DATA / "cifar10.h5").is_file(), reason="needs $NSDC_DATA/cifar10.h5")
def test_cifar10_has_the_normalization_that_the_field_uses():
    cifar = load("cifar10", DATA)
    assert (len(cifar.train), len(cifar.test)) == (50_000, 10_000)
    assert cifar.normalization.mean == pytest.approx((0.4914, 0.4822, 0.4465), abs=2e-4)
    assert cifar.normalization.std == pytest.approx((0.2470, 0.2435, 0.2616), abs=2e-4)

"""TinyImageNet and the subsets of ImageNet, from small folders laid out as the published ones are."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from nsdcodec.errors import InvalidSource, MissingData
from nsdcodec.sources import SOURCES, load
from nsdcodec.sources.imagenet import SUBSETS

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("torchvision")

# As MTT's repository lists them: places in the 1,000 classes of ImageNet, in label order.
MTT = {
    "imagenette": [0, 217, 482, 491, 497, 566, 569, 571, 574, 701],
    "imagewoof": [193, 182, 258, 162, 155, 167, 159, 273, 207, 229],
    "imagefruit": [953, 954, 949, 950, 951, 957, 952, 945, 943, 948],
    "imagemeow": [281, 282, 283, 284, 285, 291, 292, 290, 289, 287],
    "imagesquawk": [84, 130, 88, 144, 145, 22, 96, 9, 100, 89],
    "imageyellow": [309, 986, 954, 951, 987, 779, 599, 291, 72, 11],
}
CRANES = {"n02012849": "crane", "n03126707": "crane", "n02124075": "Egyptian cat, Felis"}


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """The folder that sources are looked for in; nothing of this machine."""
    monkeypatch.setenv("NSDC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def write(path, value=0, size=(64, 64), mode="RGB"):
    """A JPEG of one grey, or of random pixels where `value` is None."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if value is None:
        pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, "JPEG")
    else:
        Image.new("L", size, value).convert(mode).save(path, "JPEG")
    return path


def tiny(root, words=CRANES):
    """Three classes, listed in another order than that of their ids; one train image of each, two for testing."""
    for grey, wnid in ((10, "n02012849"), (20, "n02124075"), (30, "n03126707")):
        write(root / f"train/{wnid}/images/{wnid}_0.JPEG", grey, mode="L" if grey == 20 else "RGB")
        (root / f"train/{wnid}/{wnid}_boxes.txt").write_text("not an image")
    write(root / "val/images/val_0.JPEG", 40)
    write(root / "val/images/val_1.JPEG", 50)
    write(root / "test/images/test_0.JPEG", size=(3, 3))
    lines = ["val_1.JPEG\tn02012849\t0\t0\t62\t57", "val_0.JPEG\tn03126707\t1\t2\t3\t4"]
    (root / "val/val_annotations.txt").write_text("\n".join(lines) + "\n")
    (root / "wnids.txt").write_text("\ufeffn03126707\nn02124075\nn02012849\n\n", encoding="utf-8")
    (root / "words.txt").write_text("".join(f"{wnid}\t{words[wnid]}\n" for wnid in words))
    return root


class TestTinyImageNet:
    @pytest.mark.parametrize("by", ["name", "path"])
    def test_the_published_folders_become_splits(self, data, by):
        root = tiny(data / "tiny-imagenet-200")
        found = load("tinyimagenet" if by == "name" else str(root))
        assert (found.name, found.test is not None) == ("tinyimagenet", True)
        assert str(found.geometry) == "3 classes of 3 x 64 x 64"
        assert found.classes == ("crane (n02012849)", "Egyptian cat", "crane (n03126707)")
        assert found.train.labels.tolist() == [0, 1, 2]
        assert found.train.images[:, :, 9, 9].tolist() == [[10] * 3, [20] * 3, [30] * 3]
        assert (found.test.labels.tolist(), found.test.images[:, 0, 0, 0].tolist()) == ([2, 0], [40, 50])

    def test_its_h5_comes_before_its_folders(self, data):
        h5py = pytest.importorskip("h5py")
        tiny(data / "tiny-imagenet-200")
        with h5py.File(data / "tinyimagenet.h5", "w") as file:
            file["train/images"], file["train/labels"] = np.zeros((1, 3, 2, 2), np.uint8), [0]
            file.attrs["classes"] = ["one"]
        assert load("tinyimagenet").classes == ("one",)

    def test_where_it_is_not_the_error_says_what_to_fetch_and_where_to_put_it(self, data):
        with pytest.raises(MissingData) as caught:
            load("tinyimagenet")
        for part in ("tiny-imagenet-200.zip", "--data-dir", "wnids.txt", str(data)):
            assert part in str(caught.value)

    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda root: (root / "val/val_annotations.txt").unlink(), "val_annotations.txt: no such file"),
            (lambda root: write(root / "val/images/val_2.JPEG"), "no annotation for images/val_2.JPEG"),
            (lambda root: (root / "wnids.txt").write_text("n02124075\n"), "the class n03126707, which wnids.txt"),
            (lambda root: (root / "wnids.txt").write_text("n02124075\nn1\n"), "n1.images: no such folder"),
            (lambda root: (root / "wnids.txt").write_text("\n"), "wnids.txt: no line"),
            (lambda root: (root / "words.txt").write_text("n02124075\tcat\n"), "no name for n02012849, n03126707"),
            (lambda root: (root / "words.txt").write_bytes(b"\xff"), "words.txt: not UTF-8"),
            (lambda root: (root / "train/n02124075/images/n02124075_0.JPEG").unlink(), "no training image of 'Egypt"),
            (lambda root: write(root / "train/n02124075/images/x.JPEG", size=(64, 65)), "is 64 x 65, not 64 x 64"),
            (lambda root: (root / "val/images/val_0.JPEG").write_bytes(b"no"), "val_0.JPEG: not a readable image"),
        ],
    )
    def test_what_is_incomplete_is_refused_by_name(self, data, spoil, message):
        spoil(tiny(data / "tiny-imagenet-200"))
        with pytest.raises(InvalidSource, match=message):
            load("tinyimagenet")


def subset(root, name="imagefruit", parts=("train", "val"), size=(130, 140)):
    """An image of each class in each part, of a grey that is its label's, and a class that is not of the subset."""
    for part in parts:
        for label, wnid in enumerate(SUBSETS[name].classes):
            write(root / part / wnid / "1.JPEG", label * 20 + (part == "val"), size)
        write(root / part / "n00000000/1.JPEG")
    return root


class TestSubsets:
    @pytest.mark.parametrize("name", MTT)
    def test_the_classes_are_mtts_in_its_order(self, name):
        from torchvision.models import ResNet18_Weights

        known = ResNet18_Weights.DEFAULT.meta["categories"]
        categories = [known[index].lower() for index in MTT[name]]
        short = {"english springer": "english springer spaniel"}
        ours = [short.get(text.lower(), text.lower()) for text in SUBSETS[name].classes.values()]
        # Torchvision renames some: "tabby cat", "siamese", "granny smith apple", "yellow garden spider".
        assert all(set(a.split()) & set(b.split()) for a, b in zip(ours, categories, strict=True)), (ours, categories)
        # ImageNet numbers its classes in the order of their ids.
        assert np.argsort(list(SUBSETS[name].classes)).tolist() == np.argsort(MTT[name]).tolist()

    def test_the_ids_never_change(self):
        # Written down once, when each was compared with ImageNet's own list of ids and names.
        ids = " ".join(wnid for name in sorted(SUBSETS) for wnid in SUBSETS[name].classes)
        assert hashlib.sha256(ids.encode()).hexdigest() == (
            "093255450f24f6517de88d4beeb3b1eee903b4f756e70576e39b719a3c3348d8"
        )

    def test_imagenettes_ids_are_torchvisions(self, tmp_path):
        from torchvision.datasets import Imagenette

        for wnid in SUBSETS["imagenette"].classes:
            write(tmp_path / "imagenette2/train" / wnid / "1.JPEG")
        theirs = Imagenette(tmp_path)
        names = dict(zip(theirs.wnids, theirs.classes, strict=True))
        assert len(names) == 10
        for wnid, name in SUBSETS["imagenette"].classes.items():
            assert name in names[wnid]

    @pytest.mark.parametrize("folder", ["imagenet", "imagefruit"])
    def test_it_is_found_in_imagenet_or_in_a_folder_of_its_name(self, data, folder):
        subset(data / folder)
        fruit = load("imagefruit")
        assert str(fruit.geometry) == "10 classes of 3 x 128 x 128"
        assert fruit.classes[:2] == ("pineapple", "banana")
        assert fruit.train.labels.tolist() == fruit.test.labels.tolist() == list(range(10))
        assert fruit.train.images[:, 1, 60, 60].tolist() == [20 * label for label in range(10)]
        assert fruit.test.images[:, 1, 60, 60].tolist() == [20 * label + 1 for label in range(10)]

    def test_the_published_archive_is_found_as_it_unpacks(self, data):
        subset(data / "imagenette2-320", "imagenette", ("train",))
        nette = load("imagenette")
        assert (nette.classes[0], nette.test) == ("tench", None)

    @pytest.mark.parametrize(
        ("size", "scaled", "corner"), [((200, 150), (170, 128), (21, 0)), ((50, 60), (128, 153), (0, 12))]
    )
    def test_the_shorter_side_becomes_128_and_the_middle_is_kept(self, data, size, scaled, corner):
        root = subset(data / "imagefruit", parts=("train",))
        file = write(root / "train/n07753275/1.JPEG", None, size)
        whole = Image.open(file).resize(scaled, Image.Resampling.BILINEAR)  # Pillow's is always antialiased
        wanted = np.asarray(whole.crop((*corner, corner[0] + 128, corner[1] + 128)))
        assert np.array_equal(load("imagefruit").train.images[0].permute(1, 2, 0), wanted)

    def test_folders_of_splits_that_are_not_read_are_named(self, data):
        subset(data / "imagenet", "imagewoof", ("train",))
        for name in ("validation", "test", "annotations"):
            (data / "imagenet" / name).mkdir()
        found = load("imagewoof")
        assert (found.test, found.left_out) == (None, ("test/", "validation/"))

    def test_a_class_without_a_folder_and_an_unsorted_val_are_refused(self, data):
        root = subset(data / "imagenet", parts=("train",))
        (root / "train/n07749582/1.JPEG").unlink()
        with pytest.raises(InvalidSource, match="no training image of 'lemon'"):
            load("imagefruit")
        (root / "train/n07749582").rmdir()
        with pytest.raises(InvalidSource, match=r"no folder n07749582 \(lemon\) \(1 of 10 classes"):
            load("imagefruit")
        write(root / "val/ILSVRC2012_val_00000001.JPEG")
        with pytest.raises(InvalidSource, match=r"val: no folder n07753275 \(pineapple\).*\(10 of 10"):
            load("imagefruit")

    @pytest.mark.parametrize("name", SUBSETS)
    def test_where_it_is_not_the_error_says_where_to_put_it(self, data, name):
        assert name in SOURCES
        with pytest.raises(MissingData) as caught:
            load(name)
        for part in (name, "imagenet/train/ID/", next(iter(SUBSETS[name].classes)), "--data-dir", str(data)):
            assert part in str(caught.value)

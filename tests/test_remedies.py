"""What errors about one's own images tell to do: each remedy is done, and the source then loads."""

from __future__ import annotations

import io

import numpy as np
import pytest

from nsdcodec.errors import InvalidSource, MissingData
from nsdcodec.sources import load

h5py = pytest.importorskip("h5py")
Image = pytest.importorskip("PIL.Image")

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine")

IMAGES, LABELS = np.zeros((4, 3, 8, 8), np.uint8), np.array([0, 1, 0, 1])
ARRAYS = {"train_images": IMAGES, "train_labels": LABELS, "classes": np.array(["a", "b"])}


def picture(mode="RGB"):
    memory = io.BytesIO()
    Image.new(mode, (8, 8)).save(memory, "TIFF" if mode == "F" else "PNG")
    return memory.getvalue()


def write(root, *names, content=None):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(picture() if content is None else content)


def moved(root, *pairs):
    for old, new in pairs:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / new)


# What makes the folder, what the message says, what is done about it, and what is then loaded.
FOLDERS = {
    "no class folders": (
        lambda root: write(root, "0.png"),
        "put the images of each class into a folder of its own",
        lambda root: moved(root, ("0.png", "ape/0.png")),
        ".",
    ),
    "no image": (lambda root: (root / "ape").mkdir(), "add images", lambda root: write(root, "ape/0.png"), "."),
    "an empty class": (
        lambda root: (write(root, "ape/0.png"), (root / "bee").mkdir()),
        "add images or remove the class",
        lambda root: (root / "bee").rmdir(),
        ".",
    ),
    "no image file": (
        lambda root: (write(root, "ape/0.png"), write(root, "ape/notes.txt", content=b"x")),
        "replace or remove it",
        lambda root: (root / "ape/notes.txt").unlink(),
        ".",
    ),
    "a mode that is no colour": (
        lambda root: write(root, "ape/0.tif", content=picture("F")),
        "convert it to 8-bit grayscale or RGB",
        lambda root: Image.open(root / "ape/0.tif").convert("L").save(root / "ape/0.tif"),
        ".",
    ),
    "classes a folder deeper": (
        lambda root: write(root, "all/ape/0.png", "all/bee/0.png"),
        "give .*all itself",
        lambda root: None,
        "all",
    ),
    "splits by other words": (
        lambda root: write(root, "learn/ape/0.png", "prove/ape/0.png"),
        "call them train/ and test/",
        lambda root: moved(root, ("learn", "train"), ("prove", "test")),
        ".",
    ),
    "a folder among images": (
        lambda root: write(root, "ape/0.png", "ape/more/1.png"),
        "move it out of",
        lambda root: moved(root, ("ape/more", "../more")),
        ".",
    ),
    "a test set without classes": (
        lambda root: write(root, "train/ape/0.png", "test/1.png"),
        "sort them into folders",
        lambda root: moved(root, ("test/1.png", "test/ape/1.png")),
        ".",
    ),
    "the same, given alone": (
        lambda root: write(root, "train/ape/0.png", "test/1.png"),
        "or give .*train itself",
        lambda root: None,
        "train",
    ),
    "a class that only the test set has": (
        lambda root: write(root, "train/ape/0.png", "test/ape/1.png", "test/bee/1.png"),
        "add it there or remove this one",
        lambda root: write(root, "train/bee/0.png"),
        ".",
    ),
    "two test sets": (
        lambda root: write(root, "train/ape/0.png", "test-1/ape/1.png", "test-2/ape/1.png"),
        "give one of them a name with the word test, and the others names without it",
        lambda root: moved(root, ("test-2", "more")),
        ".",
    ),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_of_a_folder(tmp_path, case):
    make, message, mend, path = FOLDERS[case]
    root = tmp_path / "set"
    root.mkdir()
    make(root)
    with pytest.raises(InvalidSource, match=message):
        load(str(root))
    mend(root)
    assert len(load(str(root / path)).train) > 0


@pytest.mark.parametrize("lacking", ["train_images", "train_labels"])
def test_of_an_npz_whose_keys_are_other_ones(tmp_path, lacking):
    file = tmp_path / "set.npz"
    np.savez(file, **{("x" if name == lacking else name): values for name, values in ARRAYS.items()})
    with pytest.raises(InvalidSource, match=f"no array {lacking}; it has .*x.*, and needs .*train_images.*train_lab"):
        load(str(file))
    np.savez(file, **ARRAYS)
    assert len(load(str(file)).train) == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"train_images": IMAGES / 255}, "scale to 0 to 255, round and convert"),
        ({"train_labels": LABELS.astype(float)}, "store class numbers from 0 up"),
        ({"train_labels": LABELS[:3]}, "give one label for each image"),
        ({"train_labels": LABELS + 1}, "correct the label or name its class"),
    ],
)
def test_of_an_npz_whose_arrays_are_other_ones(tmp_path, wrong, message):
    np.savez(tmp_path / "set.npz", **(ARRAYS | wrong))
    with pytest.raises(InvalidSource, match=message):
        load(str(tmp_path / "set.npz"))
    np.savez(tmp_path / "set.npz", **ARRAYS)
    assert len(load(str(tmp_path / "set.npz")).train) == 4


@pytest.mark.parametrize("lacking", ["train/images", "train/labels"])
def test_of_an_hdf5_file_that_lacks_an_array(tmp_path, lacking):
    arrays = {"train/images": IMAGES, "train/labels": LABELS}
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.attrs["classes"] = ["a", "b"]
        for name in arrays.keys() - {lacking}:
            file[name] = arrays[name]
    with pytest.raises(InvalidSource, match=rf"no array {lacking}; the layout is train/images uint8 \[N, C, H, W\]"):
        load(str(tmp_path / "set.h5"))
    with h5py.File(tmp_path / "set.h5", "a") as file:
        file[lacking] = arrays[lacking]
    assert len(load(str(tmp_path / "set.h5")).train) == 4


def test_of_a_path_that_is_nothing(tmp_path):
    with pytest.raises(
        MissingData, match=r"no such file or folder; give a \.h5, .* a folder of class folders of images"
    ):
        load(str(tmp_path / "set/nothing"))

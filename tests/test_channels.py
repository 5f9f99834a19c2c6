"""Which axis holds the channels: the same images from every kind of file with arrays, however they are stored."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nsdcodec.errors import InvalidSource
from nsdcodec.sources import load
from nsdcodec.sources.channels import channels_first
from nsdcodec.sources.streamed import Streamed

h5py = pytest.importorskip("h5py")
arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
safetensors = pytest.importorskip("safetensors.numpy")

LABELS = np.arange(6) % 2


def write_h5(path, images):
    with h5py.File(path, "w") as file:
        file.attrs["classes"] = ["0", "1"]
        file["train/images"], file["train/labels"] = images, LABELS


def write_npz(path, images):
    np.savez(path, train_images=images, train_labels=LABELS, classes=np.array(["0", "1"]))


def write_safetensors(path, images):
    safetensors.save_file({"images": np.ascontiguousarray(images), "labels": LABELS}, path)


def write_parquet(path, images):
    parquet.write_table(arrow.table({"images": images.tolist(), "label": LABELS}), path)


WRITERS = {".h5": write_h5, ".npz": write_npz, ".safetensors": write_safetensors, ".parquet": write_parquet}


def images(*shape):
    return np.random.default_rng(1).integers(0, 256, (6, *shape), dtype=np.uint8)


@pytest.mark.parametrize("suffix", WRITERS)
class TestEveryKindOfFile:
    """TensorFlow and Keras store channels last. HDF5 was read as [N, C, H, W] whatever the shape, npz was not."""

    @pytest.mark.parametrize("shape", [(3, 16, 16), (3, 32, 32), (1, 8, 8), (3, 5, 4), (13, 64, 64), (4, 8, 8)])
    def test_channels_last_are_the_same_images_as_channels_first(self, tmp_path, suffix, shape):
        first = images(*shape)
        for stored in (first, first.transpose(0, 2, 3, 1)):
            WRITERS[suffix](tmp_path / f"toy{suffix}", stored)
            found = load(str(tmp_path / f"toy{suffix}")).train.images
            np.testing.assert_array_equal(found, first)

    def test_without_an_axis_of_channels_there_is_one(self, tmp_path, suffix):
        WRITERS[suffix](tmp_path / f"toy{suffix}", images(3, 5))
        found = load(str(tmp_path / f"toy{suffix}")).train.images
        np.testing.assert_array_equal(found, images(3, 5)[:, None])

    @pytest.mark.parametrize("shape", [(3, 32, 3), (8, 12, 4), (16, 16, 16)])
    def test_what_can_be_read_in_two_ways_is_refused(self, tmp_path, suffix, shape):
        WRITERS[suffix](tmp_path / f"toy{suffix}", images(*shape))
        a, b, c = shape
        with pytest.raises(InvalidSource) as caught:
            load(str(tmp_path / f"toy{suffix}"))
        assert f"[N, C, H, W], {a} channels of {b} x {c} pixels" in str(caught.value)
        assert f"[N, H, W, C], {c} channels of {a} x {b} pixels" in str(caught.value)

    @pytest.mark.parametrize("shape", [(3, 32, 3), (8, 12, 4), (16, 16, 16)])
    def test_the_remedy_of_the_message_helps(self, tmp_path, suffix, shape):
        first = images(shape[0], *(max(17, side) for side in shape[1:]))
        WRITERS[suffix](tmp_path / f"toy{suffix}", first)
        np.testing.assert_array_equal(load(str(tmp_path / f"toy{suffix}")).train.images, first)


@pytest.mark.parametrize(("stored", "first"), [((5, 4, 3), (3, 5, 4)), ((5, 4), (1, 5, 4)), ((3, 5, 4), (3, 5, 4))])
def test_images_that_stay_in_their_file_are_turned_as_they_are_read(tmp_path, stored, first):
    write_h5(tmp_path / "toy.h5", images(*stored))
    held, streamed = load(str(tmp_path / "toy.h5")), load(str(tmp_path / "toy.h5"), memory=1)
    assert isinstance(streamed.train.images, Streamed)
    assert streamed.train.images.shape == held.train.images.shape == (6, *first)
    np.testing.assert_array_equal(np.concatenate(list(streamed.train.chunks())), held.train.images)
    odd = streamed.train.images.select(torch.tensor([1, 3, 5]))
    np.testing.assert_array_equal(odd[torch.tensor([2, 0])], held.train.images[[5, 1]])
    assert streamed.sha256 == held.sha256


def test_shapes_that_are_no_images_are_left_to_the_source():
    assert channels_first("toy", np.zeros((6, 5), np.uint8)).shape == (6, 5)
    assert channels_first("toy", np.zeros((6, 1, 1, 1), np.uint8)).shape == (6, 1, 1, 1)
    assert channels_first("toy", np.zeros((6, 20, 32, 32), np.uint8)).shape == (6, 20, 32, 32)

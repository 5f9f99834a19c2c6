"""What was told of a large file's images is not told again while the file is the same, and never of another one."""

from __future__ import annotations

import os

import numpy as np
import pytest

from nsdcodec.sources import base, facts, load

h5py = pytest.importorskip("h5py")

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine")


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Of a size from which facts are kept."""
    monkeypatch.setattr(facts, "LEAST_BYTES", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return write(tmp_path / "data" / "toy.h5", 0)


def write(path, seed):
    images = np.random.default_rng(seed).integers(0, 256, (12, 3, 4, 4), dtype=np.uint8)
    with h5py.File(path, "w") as made:
        made["train/images"], made["train/labels"] = images, np.arange(12) % 3
    return path


def told(source):
    return source.sha256, source.normalization


def by_a_pass(file, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(facts, "LEAST_BYTES", 1 << 40)
        return told(load(str(file)))


def test_the_images_are_not_passed_through_again(file, monkeypatch):
    first = told(load(str(file)))
    assert first == by_a_pass(file, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(base, "_digest", lambda *_: pytest.fail("the images were hashed again"))
        assert told(load(str(file))) == first
    assert [entry.name for entry in file.parent.iterdir() if entry != file] == [".toy.h5.nsdc.json"]


@pytest.mark.parametrize("same", ["size", "time"])
def test_a_file_that_was_changed_is(file, monkeypatch, same):
    first, before = told(load(str(file))), file.stat()
    write(file, 1)
    if same == "time":
        with file.open("ab") as longer:
            longer.write(b" ")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        assert file.stat().st_size == before.st_size
    again = told(load(str(file)))
    assert again != first
    assert again == by_a_pass(file, monkeypatch)


def test_one_that_changes_after_it_was_read_gets_no_facts(file, monkeypatch):
    source = load(str(file))
    write(file, 1)
    assert told(source) != by_a_pass(file, monkeypatch)
    assert told(load(str(file))) == by_a_pass(file, monkeypatch)


def test_where_the_folder_takes_no_file_the_cache_folder_does(file, tmp_path, monkeypatch):
    (file.parent / ".toy.h5.nsdc.json").mkdir()
    first = told(load(str(file)))
    assert len(list((tmp_path / "cache/nsdcodec/facts").iterdir())) == 1
    monkeypatch.setattr(base, "_digest", lambda *_: pytest.fail("the images were hashed again"))
    assert told(load(str(file))) == first


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"identity": 1}', '{"identity": [1, 2, 3], "sha256": "00"}'])
def test_what_else_stands_there_is_replaced(file, monkeypatch, content):
    (file.parent / ".toy.h5.nsdc.json").write_text(content)
    assert told(load(str(file))) == by_a_pass(file, monkeypatch)
    assert len((file.parent / ".toy.h5.nsdc.json").read_text()) > 100


@pytest.mark.parametrize(
    "part",
    [
        lambda source: source.with_test_set(),
        lambda source: source.hold_out(1, 0)[0],
        lambda source: source.numbered_as(("cat", "bee", "ape")),
    ],
)
def test_a_part_of_the_images_has_facts_of_its_own(file, monkeypatch, part):
    told(load(str(file)))
    own = told(part(load(str(file))))
    monkeypatch.setattr(facts, "LEAST_BYTES", 1 << 40)
    assert own == told(part(load(str(file))))


def test_a_small_file_leaves_nothing_behind(file, monkeypatch):
    by_a_pass(file, monkeypatch)
    assert list(file.parent.iterdir()) == [file]

"""Files and folders of sources: what is no regular file is refused and never waited for."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from nsdcodec.errors import InvalidSource
from nsdcodec.sources import load

Image = pytest.importorskip("PIL.Image")
pytestmark = pytest.mark.usefixtures("nothing_of_this_machine")


def write_image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (4, 5), 9).save(path)


def listening(path):
    # A path of a socket is short: relative to a folder that this goes into.
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


KINDS = [
    pytest.param(os.mkfifo, "a named pipe", id="pipe"),
    pytest.param(lambda path: path.symlink_to("/dev/zero"), "a device", id="device"),
    pytest.param(listening, "a socket", id="socket"),
]


@pytest.mark.skipif(os.name != "posix", reason="POSIX names its pipes and devices by files")
class TestWhatIsNoFile:
    """A named pipe x.png in a class folder was waited for without end; and everything else that one can find there."""

    @pytest.fixture(autouse=True)
    def _never_waited_for(self):
        def fail(*_):
            raise TimeoutError("still waiting")

        before = signal.signal(signal.SIGALRM, fail)
        signal.alarm(20)
        yield
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)

    @pytest.mark.parametrize(("make", "kind"), KINDS)
    def test_in_a_class_folder_it_is_refused_at_once(self, tmp_path, make, kind):
        write_image(tmp_path / "set/cat/0.png")
        make(tmp_path / "set/cat/x.png")
        with pytest.raises(InvalidSource, match=rf"x\.png: {kind}, not a regular file; remove it"):
            load(str(tmp_path / "set"))

    @pytest.mark.parametrize("suffix", [".h5", ".npz", ".safetensors", ".parquet", ".tar"])
    def test_as_a_file_of_any_format_it_is_refused(self, tmp_path, suffix):
        os.mkfifo(tmp_path / f"toy{suffix}")
        with pytest.raises(InvalidSource, match="a named pipe, not a regular file"):
            load(str(tmp_path / f"toy{suffix}"))

    @pytest.mark.parametrize("name", ["set", "set/train-{00..00}.tar"])
    def test_among_shards_it_is_refused(self, tmp_path, name):
        (tmp_path / "set").mkdir()
        os.mkfifo(tmp_path / "set/train-00.tar")
        with pytest.raises(InvalidSource, match=r"train-00\.tar: a named pipe, not a regular file"):
            load(str(tmp_path / name))

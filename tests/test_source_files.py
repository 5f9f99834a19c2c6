"""Files and folders of sources: what is no regular file is refused and never waited for, and names in text files."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from nsdcodec.errors import FileAccess, InvalidSource
from nsdcodec.sources import load
from nsdcodec.sources.files import names_in, text_lines

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

    def test_as_a_file_of_names_it_is_refused(self, tmp_path):
        os.mkfifo(tmp_path / "classnames.txt")
        with pytest.raises(InvalidSource, match="a named pipe, not a regular file"):
            names_in(tmp_path / "classnames.txt")


class TestTextLines:
    @pytest.mark.parametrize(
        "content",
        [b"cat\ndog\n", b"cat\ndog", b"\xef\xbb\xbfcat\r\ndog\r\n", b"cat\ndog\n\n", b"cat\r\ndog\r\n \r\n\r\n"],
        ids=["plain", "no end", "byte order mark", "blank last line", "several blank last lines"],
    )
    def test_what_an_editor_adds_is_no_name(self, tmp_path, content):
        (tmp_path / "classnames.txt").write_bytes(content)
        assert names_in(tmp_path / "classnames.txt") == ("cat", "dog")

    def test_spaces_within_a_name_and_separators_of_unicode_stay(self, tmp_path):
        (tmp_path / "classnames.txt").write_text("sea lion\nba\u2028t\n", encoding="utf-8")
        assert names_in(tmp_path / "classnames.txt") == ("sea lion", "ba\u2028t")

    def test_a_blank_line_between_names_is_refused_since_it_moves_those_after_it(self, tmp_path):
        (tmp_path / "classnames.txt").write_text("cat\n\ndog\n")
        with pytest.raises(InvalidSource, match=r"classnames\.txt, line 2: blank, and line 2 names class 1"):
            names_in(tmp_path / "classnames.txt")

    def test_a_file_without_a_name_is_refused(self, tmp_path):
        (tmp_path / "classnames.txt").write_text("\n")
        with pytest.raises(InvalidSource, match=r"classnames\.txt: no name; write a class name a line"):
            names_in(tmp_path / "classnames.txt")

    def test_another_encoding_is_refused(self, tmp_path):
        (tmp_path / "classnames.txt").write_text("Katze\n", encoding="utf-16")
        with pytest.raises(InvalidSource, match=r"classnames\.txt: not UTF-8 text .* save it in UTF-8"):
            text_lines(tmp_path / "classnames.txt")

    def test_what_is_missing_or_cannot_be_read_is_named(self, tmp_path):
        with pytest.raises(InvalidSource, match="no such file"):
            text_lines(tmp_path / "classnames.txt")
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(FileAccess, match=r"cannot read .*loop"):
            text_lines(tmp_path / "loop")

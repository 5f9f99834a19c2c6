"""What the commands show of how far they are: at any width, in every phase, on a terminal and in a pipe."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import time

import pytest

pytest.importorskip("typer")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

from nsdcodec_cli import forecasts, output, progress  # noqa: E402


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def made(estimated=False):
    clock = Clock()
    return progress.Line("encode", "starting", estimated, clock), clock


class TestLine:
    def test_what_is_left_stands_before_the_phase_and_what_is_gone_at_the_end(self):
        line, clock = made()
        clock.now += 130
        line(0.45, "distilling, loss 0.5", 65.0)
        assert line.fitted(None) == "encode  45%, 1 min 5 s left, distilling, loss 0.5, 2 min 10 s gone"

    @pytest.mark.parametrize(
        ("width", "shown"),
        [
            (66, "encode  45%, 1 min 5 s left, distilling, loss 0.5, 2 min 10 s gone"),
            (65, "encode  45%, 1 min 5 s left, distilling, loss 0.5"),
            (40, "encode  45%, 1 min 5 s left, distilling"),
            (38, "encode  45%, 1 min 5 s left"),
            (8, "encode  "),
        ],
    )
    def test_a_narrow_line_leaves_out_whole_parts_from_its_end(self, width, shown):
        line, clock = made()
        clock.now += 130
        line(0.45, "distilling, loss 0.5", 65.0)
        assert line.fitted(width) == shown

    def test_both_clocks_move_while_a_phase_says_nothing(self):
        line, clock = made()
        line(0.5, "validating", 30.0)
        clock.now += 10
        assert line.fitted(None) == "encode  50%, 20 s left, validating, 10 s gone"
        clock.now += 30
        assert line.fitted(None) == "encode  50%, validating, 40 s gone"

    def test_without_seconds_left_they_are_reckoned_from_what_was_done_here(self):
        """Half was done before, by an earlier command."""
        line, clock = made(estimated=True)
        line(0.5, "one")
        clock.now += 20
        line(0.6, "two")
        assert line.fitted(None) == "encode  60%, 1 min 20 s left, two, 20 s gone"

    def test_loading_does_not_count(self):
        line, clock = made(estimated=True)
        line(0.0, "loading")
        clock.now += 60
        line(0.1, "one")
        clock.now += 10
        line(0.2, "two")
        assert "1 min 20 s left" in line.fitted(None)

    def test_a_file_name_cannot_obey(self):
        line, _ = made()
        line(0.5, "\x1b[2J.nsd")
        assert "\\x1b[2J.nsd" in line.fitted(None)


class TestPipe:
    def test_a_line_every_ten_seconds_in_a_phase_that_says_nothing(self, monkeypatch, capsys):
        monkeypatch.setattr(progress, "LINE_SECONDS", 0.05)
        with progress.shown("encode", "loading PyTorch") as tell:
            assert capsys.readouterr().err.startswith("encode   0%, loading PyTorch")
            tell(0.3, "hashing")
            time.sleep(0.5)
        lines = capsys.readouterr().err.splitlines()
        assert 4 <= len(lines) <= 11
        assert all(line.startswith("encode  30%, hashing") for line in lines)

    def test_a_change_of_phase_is_no_line(self, capsys):
        with progress.shown("encode") as tell:
            for phase in range(100):
                tell(phase / 100, f"phase {phase}")
        assert len(capsys.readouterr().err.splitlines()) == 1

    def test_the_first_line_comes_before_pytorch(self):
        code = (
            "import sys, time\nstarted = time.monotonic()\n"
            "class Slow:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name == 'torch':\n"
            "            print('PyTorch is imported', file=sys.stderr)\n"
            "sys.meta_path.insert(0, Slow())\n"
            "from nsdcodec_cli import main; main()"
        )
        words = ["encode", "digits", "-o", "unused.nsd", "--recipe", "none"]
        ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
        assert ran.stderr.splitlines()[:2] == ["encode   0%, loading PyTorch, 0 s gone", "PyTorch is imported"]

    def test_another_process_says_nothing(self, monkeypatch, capsys):
        monkeypatch.setattr(output, "first", lambda: False)
        with progress.shown("encode") as tell:
            tell(0.5, "distilling")
        assert capsys.readouterr().err == ""


def on_terminal(code: str, columns: int) -> str:
    """What a program wrote to a terminal of this width."""
    own, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=its, stdout=its, stderr=its, env=environment | {"TERM": "xterm"}
    )
    os.close(its)
    seen = b""
    while True:
        try:
            part = os.read(own, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(own)
    assert child.wait(60) == 0
    return seen.decode()


def plain(text: str) -> list[str]:
    return [line for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)) if line.strip()]


SHOW = """
import time
from nsdcodec_cli import progress
with progress.shown("encode", estimated=False) as tell:
    tell(0.45, "distilling, loss 0.1234, held-out 31.0%, 1,234 images/s", 65.0)
    time.sleep(0.6)
"""


@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_terminal_it_is_one_line_of_its_width(columns):
    lines = plain(on_terminal(SHOW, columns))
    assert any(line.strip().endswith("left, distilling") for line in lines) == (columns == 40)
    assert any("loss 0.1234" in line for line in lines) == (columns == 80)
    assert all(len(line.rstrip()) <= columns for line in lines)


TABLE = """
from nsdcodec_cli import output
output.print_table(["file", "bytes", "accuracy on the test set"], [["a/long/path/to/a.nsd", "1,234", "51.8% ± 0.1"]])
output.print_table(["file", *(f"corruption {i}" for i in range(15))], [["a.nsd", *(f"{i}.5" for i in range(15))]])
output.print_pairs([("recipe", "convnet 3 x 128, 300 epochs of SGD 0.01 " * 2), ("a", "")])
"""


@pytest.mark.parametrize("columns", [40, 80])
def test_tables_fit_the_terminal_and_lose_nothing(columns):
    lines = plain(on_terminal(TABLE, columns))
    assert all(len(line.rstrip()) <= columns for line in lines)
    words = " ".join(lines).split()
    assert {"1,234", "51.8%", "14.5", "300", "epochs"} <= set(words)
    assert ("a/long/path/to/a.nsd  1,234               51.8% ± 0.1" in lines) == (columns == 80)
    assert [words[i + 2] for i, word in enumerate(words) if word == "corruption"] == [f"{i}.5" for i in range(15)]
    assert words[-3:] == ["SGD", "0.01", "a"]


ROW = """
from nsdcodec_cli import output
output.print_table(["column of 18 here.", "b" * 20, "c" * 20], [["one", "two", "three"]])
"""


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        (62, f"column of 18 here.  {'b' * 20}  {'c' * 20}"),
        (60, f"column of 18 here. {'b' * 20} {'c' * 20}"),
        (59, "column of 18"),
        (55, "one"),
    ],
)
def test_a_table_gives_up_blanks_before_it_folds_and_folds_before_it_falls_apart(columns, first):
    assert plain(on_terminal(ROW, columns))[0].startswith(first)


def test_a_pipe_has_no_width():
    ran = subprocess.run([sys.executable, "-c", TABLE], capture_output=True, text=True, timeout=60)
    assert [len(line) > 80 for line in ran.stdout.splitlines()] == [False, False, True, True, True, False]


@pytest.mark.parametrize(
    ("networks", "seconds", "said"),
    [
        (5, 1.0, ""),
        # Of 1,000 epochs; the first epoch took a minute.
        (
            5,
            5.0,
            "note: this takes about 1 h 23 min here; --epochs 100 takes some 10 minutes, and may reach less; "
            "--networks 1 trains one network\n",
        ),
        (1, 15.0, "note: this takes about 50 min 0 s here; --epochs 200 takes some 10 minutes, and may reach less\n"),
        (5, 0.24, ""),
    ],
)
def test_an_evaluation_of_hours_says_so_within_its_first_epochs_with_what_would_take_minutes(
    networks, seconds, said, capsys
):
    clock = Clock()
    warned = forecasts.Warned(networks * 1000 * 220, networks * 220, networks, clock)
    for epoch in range(1, 1001):
        clock.now += 60 if epoch == 1 else seconds / 5
        warned(220 * epoch)
        if epoch == 30:
            early = capsys.readouterr().err
    assert early.startswith(said)
    assert bool(early) == bool(said)
    assert capsys.readouterr().err == ""

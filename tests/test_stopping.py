"""Ctrl-C and SIGTERM, in every phase of a command: said at once, over within seconds, and no error."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("typer")

from nsdcodec import NSDDataset

SOON, LONG = 10.0, 180.0
# A call of a library that lasts some minutes, in which Python handles no signal.
STUCK = """
import hashlib, sys
def stuck(*_, **__):
    print("stuck", file=sys.stderr, flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 1_000_000_000)
"""
LOADING = STUCK + "from nsdcodec import sources\nsources.load = stuck\n"
# In the third step.
STEPPING = (
    STUCK
    + """
from nsdcodec.encoding.draws import Draws
averaged = Draws.averaged
def third(self, images, labels, iteration, *rest):
    return stuck() if iteration == 2 else averaged(self, images, labels, iteration, *rest)
Draws.averaged = third
"""
)
TESTING = STUCK + "from nsdcodec.learning import training\ntraining.accuracy = stuck\n"
EXPERTS = STUCK + "from nsdcodec.encoding.objectives.tgdd import TrajectoryGuided\n"
EXPERTS += "TrajectoryGuided.expert_trajectories = stuck\n"
# The disk does not answer when the file is written.
WRITING = STEPPING + "from nsdcodec.encoding import encoder\nencoder._write = stuck\n"

QUICK = ["--device", "cpu", "--set", "validation.epochs=1", "--set", "network.width=4"]
ENCODE = ["encode", "digits", "-o", "a.nsd", "--objective", "dm", *QUICK]


class Command:
    """A command in a process of its own, and what it says on stderr."""

    def __init__(self, code: str, words: list[str], folder) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"{code}\nfrom nsdcodec_cli import main; main()", *words],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            # Of a shell in the background, children ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.said = ""
        # What never says what is waited for ends so.
        self.watch = threading.Timer(LONG, self.process.kill)
        self.watch.daemon = True
        self.watch.start()

    def wait_for(self, text: str) -> None:
        assert self.process.stderr is not None
        while text not in self.said:
            line = self.process.stderr.readline()
            assert line, self.said
            self.said += line

    def end(self, seconds: float) -> int:
        """Its exit code."""
        _, rest = self.process.communicate(timeout=seconds)
        self.said += rest
        return self.process.returncode


@pytest.fixture
def command(tmp_path):
    made: list[Command] = []

    def start(code, *words):
        made.append(Command(code, list(words), tmp_path))
        return made[-1]

    yield start
    for one in made:
        one.watch.cancel()
        one.process.kill()
        one.process.wait()


PHASES = {
    "loading": (LOADING, ["encode", "digits", "-o", "a.nsd"], signal.SIGINT),
    "experts": (EXPERTS, ["experts", "digits"], signal.SIGTERM),
    "a step": (STEPPING, ENCODE, signal.SIGINT),
    "a check": (TESTING, ENCODE, signal.SIGTERM),
    "eval": (TESTING, ["eval", "a.nsd", "digits", "--epochs", "1"], signal.SIGINT),
    "bench": (LOADING, ["bench", "table1", "--source", "digits"], signal.SIGINT),
}


@pytest.mark.parametrize("phase", [pytest.param(name, marks=[pytest.mark.release] * (i > 2)) for i, name in
                                   enumerate(PHASES)])  # fmt: skip
def test_a_signal_is_answered_at_once_and_ends_the_command_in_seconds(command, tmp_path, phase):
    code, words, number = PHASES[phase]
    if phase == "eval":
        assert command("", *ENCODE, "--iterations", "1").end(120) == 0
    stopped = command(code, *words)
    stopped.wait_for("stuck")
    sent = time.monotonic()
    stopped.process.send_signal(number)
    stopped.wait_for("stopping...")
    # On a machine of its own 0.1 and 3 seconds; whatever else it does, far less than the call would last.
    assert time.monotonic() - sent < SOON
    assert stopped.end(2 * SOON) == 130
    assert "error" not in stopped.said
    if phase == "a step":
        assert "stopped at iteration 2; a.nsd holds the best so far" in stopped.said
        assert NSDDataset(tmp_path / "a.nsd").header.provenance["iterations"] == 0


def test_while_the_file_is_written_the_process_stays_until_another_signal(command):
    stopped = command(WRITING, *ENCODE)
    stopped.wait_for("stuck")
    stopped.process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        stopped.process.wait(5)
    stopped.process.send_signal(signal.SIGINT)
    assert stopped.end(SOON) == 130


def test_one_that_can_end_by_itself_says_what_that_means(command):
    """A loop in Python heeds signals, and nothing is saved by another thread."""
    waiting = "import sys, time\nfrom nsdcodec import sources\ndef load(*_):\n    print('stuck', file=sys.stderr)\n"
    stopped = command(waiting + "    time.sleep(60)\nsources.load = load\n", "encode", "digits", "-o", "a.nsd")
    stopped.wait_for("stuck")
    stopped.process.send_signal(signal.SIGTERM)
    assert stopped.end(2 * SOON) == 130
    assert stopped.said.splitlines()[-2:] == ["stopping...", "nsdc encode was stopped before it was done"]


def test_one_that_is_done_ends_with_its_result(command):
    """Also where Ctrl-C comes when the last file is being written."""
    late = "import os, signal\nfrom nsdcodec.encoding import encoder\nwrite = encoder._write\n"
    late += "def then(run):\n    os.kill(os.getpid(), signal.SIGINT)\n    return write(run)\nencoder._write = then\n"
    ended = command(late, *ENCODE, "--iterations", "2")
    assert ended.end(60) == 0
    assert ended.said.splitlines()[-1] == "stopping..."

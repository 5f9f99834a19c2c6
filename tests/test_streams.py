"""Standard output and error that are closed, full or of another encoding: nothing is lost, and no traceback shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("typer")

CLASSES = ["caf\u00e9", "\u65e5\u672c\u8a9e", "na\u00efve \u2013 dash"]
COMMAND = (sys.executable, "-c", "from nsdcodec_cli import main; main()")
pytestmark = [
    pytest.mark.usefixtures("nothing_of_this_machine", "one_thread"),
    pytest.mark.skipif(not os.path.exists("/dev/full"), reason="asks the devices of Linux"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    import numpy as np

    folder = tmp_path_factory.mktemp("streams")
    pixels, labels = np.random.default_rng(0).integers(0, 256, (30, 1, 8, 8), dtype=np.uint8), np.arange(30) % 3
    arrays = {"train_images": pixels, "train_labels": labels, "test_images": pixels[:6], "test_labels": labels[:6]}
    np.savez(folder / "names.npz", **arrays, classes=np.array(CLASSES))
    assert shell(folder, ENCODE.format("n.nsd")).returncode == 0
    return folder


TINY = "--device cpu --precision float32 --set network.width=8 --set validation.epochs=1 --set validation.checks=1"
ENCODE = f"$NSDC encode names.npz --iterations 1 {TINY} -o {{}}"


def shell(folder: Path, line: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    """A line of the shell, in which $NSDC is the command."""
    line = line.replace("$NSDC", '"$0" "$1" "$2"')
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUNBUFFERED": ""}
    done = subprocess.run(["bash", "-c", line, *COMMAND], cwd=folder, env=environment, capture_output=True, timeout=60)
    assert b"Traceback" not in done.stdout + done.stderr
    return done


class TestEncodings:
    """A pipe on Windows is cp1252, and PYTHONIOENCODING can be anything: eval lost its result to the sign of ±."""

    @pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
    def test_what_cannot_be_encoded_is_escaped(self, folder, encoding):
        done = shell(folder, "$NSDC info n.nsd", encoding)
        assert done.returncode == 0
        for name in CLASSES:
            assert name.encode(encoding, "backslashreplace") in done.stdout

    @pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
    def test_json_stays_json(self, folder, encoding):
        done = shell(folder, "$NSDC info n.nsd --json", encoding)
        assert json.loads(done.stdout.decode(encoding))["classes"] == CLASSES

    def test_the_result_of_a_training_is_printed(self, folder):
        done = shell(folder, "$NSDC eval n.nsd names.npz --networks 2 --epochs 1 --device cpu", "ascii")
        assert done.returncode == 0
        assert b"% \\xb1 " in done.stdout

    def test_a_name_that_is_no_unicode_is_printed(self, folder):
        (folder / os.fsdecode(b"\xff.nsd")).write_bytes((folder / "n.nsd").read_bytes())
        assert b"\\udcff.nsd is sound" in shell(folder, "$NSDC verify $'\\xff.nsd'").stdout
        (document,) = json.loads(shell(folder, "$NSDC verify --json $'\\xff.nsd'").stdout)
        assert document["file"] == "\udcff.nsd"


class TestStreamsThatTakeNothing:
    def test_a_full_stdout_is_an_error_and_what_it_did_not_take_goes_to_stderr(self, folder):
        wanted = shell(folder, "$NSDC info n.nsd").stdout
        done = shell(folder, "$NSDC info n.nsd >/dev/full")
        assert done.returncode == 7
        assert done.stderr.startswith(wanted)
        assert b"error: cannot write stdout (No space left on device)" in done.stderr[len(wanted) :]

    def test_a_closed_stdout_is_an_error_before_anything_is_done(self, folder):
        done = shell(folder, ENCODE.format("closed.nsd") + " >&-")
        assert done.returncode == 7
        assert done.stderr.decode().splitlines() == [
            "error: stdout is closed, and results are printed there; redirect it to a file, or to /dev/null"
        ]
        assert list(folder.glob("closed*")) == []

    @pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "2> >(true)", "2>&- <&-"])
    def test_no_stderr_ends_a_run(self, folder, stderr):
        done = shell(folder, ENCODE.format("silent.nsd --overwrite") + f" {stderr}")
        assert done.returncode == 0
        assert done.stdout.startswith(b"silent.nsd: ")
        assert (folder / "silent.nsd").read_bytes() == (folder / "n.nsd").read_bytes()

    def test_no_file_gets_the_number_of_a_closed_stream(self, folder):
        code = "import os; from nsdcodec_cli.streams import guarded; guarded(lambda: print(os.open('new', 65)))"
        done = shell(folder, f'{sys.executable} -c "{code}" <&- 2>&-')
        assert int(done.stdout) > 2

    @pytest.mark.parametrize("command", ["from nsdcodec_cli.main import run", "run = lambda: print(1)"])
    def test_a_reader_that_left_ends_a_command_without_a_word(self, folder, command):
        code = f"import time; time.sleep(0.2); from nsdcodec_cli.streams import guarded; {command}; guarded(run)"
        done = shell(folder, f"{sys.executable} -c '{code}' verify n.nsd > >(true)")
        assert (done.returncode, done.stderr) == (1, b"")


class TestOutputs:
    @pytest.mark.parametrize(
        ("output", "message"),
        [
            ("/dev/stdout | cat; exit ${PIPESTATUS[0]}", "/dev/stdout is a device or a pipe"),
            (f"{'a' * 250}.nsd", "name has 265 bytes, the limit is 255; shorten it"),
            ("/dev/full", "/dev/full is a device or a pipe"),
        ],
    )
    def test_what_cannot_hold_the_file_is_refused_before_training(self, folder, output, message):
        done = shell(folder, ENCODE.format(output))
        assert done.returncode == 7
        assert message in done.stderr.decode()
        assert b"validating" not in done.stderr
        assert not os.path.exists("/dev/stdout.log.jsonl")
        assert list(folder.glob("aaa*")) == []

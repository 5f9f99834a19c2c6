"""A sitting at a GPU, rehearsed on a CPU: all its stages, killed in the middle and started again; and its parcels."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import lines, wait

pytest.importorskip("h5py")
pytest.importorskip("PIL")

import h5py
import safetensors.torch

import gpu_parcel
from nsdcodec import NSDDataset
from nsdcodec.encoding.checkpoint import Checkpoint
from sitting import process

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
TINY = (
    "parameterization.dtype=int8", "parameterization.images_per_class=2", "network.width=4", "network.depth=1",
    "training.network.width=4", "training.network.depth=1", "objective.student_steps=1", "objective.last_start=1",
    "objective.expert_epochs=1", "objective.student_batch=4", "guidance.real_batch=4", "validation.width=4",
    "validation.epochs=1", "validation.per_class=2", "validation.checks=40",
)  # fmt: skip


def write_images(path: Path, train: int = 8, test: int = 3) -> None:
    """As many of each of ten classes of 3 x 32 x 32, smooth as photographs."""
    chance = np.random.default_rng(5)
    with h5py.File(path, "w") as file:
        for split, count in (("train", train), ("test", test)):
            coarse = chance.integers(0, 256, (10 * count, 3, 8, 8))
            file[f"{split}/images"] = coarse.repeat(4, 2).repeat(4, 3).astype(np.uint8)
            file[f"{split}/labels"] = np.arange(10 * count) % 10
        file.attrs["classes"] = [f"class {number}" for number in range(10)]


@pytest.fixture
def sit(tmp_path, monkeypatch):
    """sit(**variables): gpu_sitting.sh in a process group of its own, with tiny settings; its results in results/."""
    write_images(tmp_path / "cifar10.h5")
    (tmp_path / "start").mkdir()
    tiny = {
        "PYTHON": sys.executable, "DEVICE": "cpu", "OMP_NUM_THREADS": "1", "BUDGET": "3000", "SET": " ".join(TINY),
        "DATA": tmp_path, "WORK": tmp_path / "work", "START": tmp_path / "start", "EXPERTS": "2", "NETWORKS": "2",
        "EPOCHS": "2", "BITS": "16000", "RECIPE": "gpu-mtt", "STEP_WORKS": "2x1", "ENCODE_SECONDS": "4",
        "STEP_OPTIONS": "--width 4 --rounds 1 --rows ours",
    }  # fmt: skip
    started = []

    def start(**variables: str) -> subprocess.Popen[bytes]:
        command = [BENCHMARKS / "gpu_sitting.sh", tmp_path / "results"]
        environment = os.environ | {name: str(value) for name, value in (tiny | variables).items()}
        started.append(subprocess.Popen(command, env=environment, process_group=0))
        return started[-1]

    yield start
    for sitting in started:
        if sitting.poll() is None:
            os.killpg(sitting.pid, signal.SIGKILL)
            sitting.wait()


def found(results: Path) -> dict[str, dict]:
    path = results / "sitting.json"
    return json.loads(path.read_text())["stages"] if path.exists() else {}


def iterations(checkpoint: Path) -> int:
    return Checkpoint.read(checkpoint).counters["iteration"]


def kill_in_the_encode(sitting: subprocess.Popen[bytes], checkpoint: Path) -> None:
    """When it has saved some iterations: however slow the machine is."""
    wait(lambda: sitting.poll() is not None or (checkpoint.exists() and iterations(checkpoint) > 0), 900)
    os.killpg(sitting.pid, signal.SIGKILL)
    sitting.wait()


@pytest.mark.release
def test_killed_in_the_middle_it_goes_on_where_it_was(sit, tmp_path):
    results = tmp_path / "results"
    checkpoint, log = results / "cifar10.nsd.checkpoint", results / "cifar10.nsd.log.jsonl"
    kill_in_the_encode(sit(ENCODE_SECONDS="100"), checkpoint)
    before, saved = found(results), Checkpoint.read(checkpoint).counters
    assert {name: stage["status"] for name, stage in before.items()} == dict.fromkeys(
        ("tests", "step", "experts", "initial"), "done"
    )

    assert sit().wait(900) == 0
    after = found(results)
    assert list(after) == ["tests", "step", "experts", "initial", "encode", "eval"]
    assert {name: after[name] for name in before} == before
    # The encode that was killed with the sitting wrote no more, and the next one went on from what it had saved.
    starts = [event for event in map(json.loads, lines(log)) if event["event"] == "start"]
    assert [event["iteration"] for event in starts] == [0, saved["iteration"]]
    assert after["encode"]["status"] == after["eval"]["status"] == "done"
    assert after["encode"]["before"] == {"iterations": saved["iteration"], "seconds": saved["seconds"]}
    assert after["encode"]["iterations"] >= saved["iteration"] > 0
    assert iterations(checkpoint) == after["encode"]["iterations"]

    assert after["tests"]["skipped"] + after["tests"].get("passed", 0) > 100
    assert after["step"]["works"]["2x1"]["works"][0]["contenders"][0]["seconds"] > 0
    assert after["experts"]["experts"] == 2
    assert after["experts"]["groups"][0]["seconds"] > 0
    assert after["initial"]["eval"]["images"] == after["eval"]["images"] == len(NSDDataset(results / "cifar10.nsd"))
    assert len(after["eval"]["accuracies"]) == 2
    snapshots = safetensors.torch.load_file(results / "snapshots.safetensors")
    assert {name: str(weights.dtype) for name, weights in snapshots.items()} == dict.fromkeys(
        ("0000/1", "0001/1", "0000/2", "0001/2"), "torch.float16"
    )
    back = list(results.iterdir())
    assert len(back) <= 8
    assert max(path.stat().st_size for path in back) <= 16e6


@pytest.mark.release
def test_a_checkpoint_of_an_earlier_sitting_goes_on(sit, tmp_path):
    results, start = tmp_path / "results", tmp_path / "start" / "cifar10.nsd.checkpoint"
    kill_in_the_encode(sit(STAGES="encode", ENCODE_SECONDS="100", EXPERTS="2"), results / start.name)
    (results / start.name).rename(start)
    results.rename(tmp_path / "earlier")
    # With the experts of the run that it goes on from, whatever is asked for now.
    assert sit(STAGES="encode", EXPERTS="1").wait(900) == 0
    encode, saved = found(results)["encode"], Checkpoint.read(start).counters
    assert encode["status"] == "done"
    assert encode["before"] == {"iterations": saved["iteration"], "seconds": saved["seconds"]}
    assert encode["iterations"] >= saved["iteration"] > 0
    assert encode["seconds"] > saved["seconds"] + 2
    assert Checkpoint.read(results / start.name).identity["objective.experts"] == 2
    results.rename(tmp_path / "later")
    # One of other settings costs a moment, and not the encode.
    assert sit(STAGES="encode", SEED="1").wait(900) == 0
    encode = found(results)["encode"]
    assert encode["status"] == "done"
    assert (encode["refused"], encode["before"]) == (str(start), {"iterations": 0, "seconds": 0.0})


@pytest.mark.release
def test_a_stage_that_fails_costs_no_other(sit, tmp_path):
    (tmp_path / "test_of_none.py").write_text("def test_a():\n    pass\ndef test_b():\n    assert False\n")
    wanted = {"STAGES": "tests step experts", "TESTS": tmp_path / "test_of_none.py"}
    assert sit(**wanted, STEP_OPTIONS="--rows nobody").wait(900) == 0
    stages = found(tmp_path / "results")
    assert stages["tests"]["status"] == "done"
    assert (stages["tests"]["passed"], stages["tests"]["failed"]) == (1, 1)
    assert [name.rpartition("::")[2] for name in stages["tests"]["failures"]] == ["test_b"]
    assert "2x1: exit code 2" in stages["step"]["status"]
    assert stages["experts"]["status"] == "done"


@pytest.mark.release
def test_a_command_that_outlasts_its_limit_ends_with_its_children_and_says_what_it_said(tmp_path):
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(99)"
    command = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    ended = process.run([sys.executable, "-c", command], 5.0, tmp_path, tmp_path / "log")
    assert ended.code is None
    assert 5 <= ended.seconds < 60
    wait(lambda: not Path(f"/proc/{int(ended.output)}").exists(), 30)
    assert (tmp_path / "log").read_text().endswith(ended.output)  # after what it said of being interrupted


@pytest.mark.parametrize("most", [10**9, 300_000])
def test_parcels_hold_the_images_without_loss(tmp_path, most):
    source, folder = tmp_path / "cifar10.h5", tmp_path / "parcels"
    write_images(source, train=130, test=7)
    count = gpu_parcel.pack(source, folder, most)
    assert (count > 1) == (most < 10**9)
    for number in range(1, count + 1):
        parcel = folder / str(number)
        assert sum(path.stat().st_size for path in parcel.iterdir()) <= most
        made = gpu_parcel.unpack(parcel, tmp_path / "data")
        assert (made is None) == (number < count)
    with h5py.File(source) as wanted, h5py.File(tmp_path / "data" / "cifar10.h5") as there:
        for name in ("train/images", "train/labels", "test/images", "test/labels"):
            np.testing.assert_array_equal(there[name][()], wanted[name][()])
        assert list(there.attrs["classes"]) == list(wanted.attrs["classes"])

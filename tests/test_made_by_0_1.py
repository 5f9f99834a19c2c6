"""What 0.1 left behind: a run that was stopped goes on, to what 0.1 itself would have made of it, in the format of now.

tests/made_by_0.1/ holds, for each command of COMMANDS, what `nsdc encode digits -o NAME.nsd` with its options left when
it was stopped by Ctrl-C at iteration 6 (NAME.checkpoint, NAME.log.jsonl), and the file that it wrote when it went on by
--resume (NAME.nsd), all by the code of commit f59254b with OMP_NUM_THREADS=1. There as here `training.accuracy` was
replaced, so that the set of the last iteration is the file's.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

pytest.importorskip("typer")
pytest.importorskip("sklearn")
pytest.importorskip("h5py")

from test_cli import nsdc

from nsdcodec import NSDDataset
from nsdcodec.format.lifting import lifted
from nsdcodec.learning import training

MADE = Path(__file__).parent / "made_by_0.1"
EACH = [
    "--recipe", "cpu", "--iterations", 12, "--seed", 3, "--device", "cpu", "--precision", "float32",
    "--set", "network.width=8", "--set", "parameterization.dtype=float32", "--set", "validation.width=8",
    "--set", "validation.epochs=1", "--set", "validation.checks=1", "--set", "validation.per_class=5",
    "--set", "optimizer.learning_rate=0.02",
]  # fmt: skip
COMMANDS = {
    "dm": [
        *EACH, "--objective", "dm", "--labels", "soft", "--set", "objective.pool=2", "--set", "objective.pool_age=3",
        "--set", "objective.real_per_class=16", "--set", "objective.pool_rate=0.05", "--set", "objective.pool_steps=1",
    ],
    "mtt": [
        *EACH, "--objective", "mtt", "--bits-per-class", 4000, "--set", "guidance.weight=0.1",
        "--set", "guidance.real_batch=32", "--set", "objective.experts=2", "--set", "objective.student_steps=3",
        "--set", "objective.expert_epochs=1", "--set", "objective.last_start=1", "--set", "objective.student_rate=0.05",
        "--set", "objective.rate_learning_rate=0.001",
    ],
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread")


@pytest.fixture(autouse=True)
def _the_last_set_is_the_best(monkeypatch):
    monkeypatch.setattr(training, "accuracy", lambda *_: 0.5)


@pytest.fixture(params=COMMANDS)
def name(request, tmp_path):
    shutil.copy(MADE / f"{request.param}.checkpoint", tmp_path / "out.nsd.checkpoint")
    shutil.copy(MADE / f"{request.param}.log.jsonl", tmp_path / "out.nsd.log.jsonl")
    return request.param


@pytest.mark.parametrize("name", ["dm"], indirect=True)
def test_a_stopped_run_goes_on_to_the_file_that_0_1_would_have_made(name, tmp_path):
    ran = nsdc("encode", "digits", "-o", tmp_path / "out.nsd", *COMMANDS[name], "--resume")
    assert ran.code == 0, ran.err
    ours, theirs = NSDDataset(tmp_path / "out.nsd"), NSDDataset(lifted((MADE / f"{name}.nsd").read_bytes()))
    for one, other in zip(ours.all(), theirs.all(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)
    a, b = ours.header, theirs.header
    assert a.recipe.learning_rate == pytest.approx(b.recipe.learning_rate, rel=0.01)
    recipe = replace(b.recipe, learning_rate=a.recipe.learning_rate)
    # What the recipe was then is set by hand now.
    provenance = b.provenance | {name: a.provenance[name] for name in ("encoder", "set")}
    assert a == replace(b, plain=a.plain, recipe=recipe, provenance=provenance)
    events = [json.loads(line) for line in (tmp_path / "out.nsd.log.jsonl").read_text().splitlines()]
    assert [event["iteration"] for event in events if event["event"] == "start"] == [0, 6]
    assert not (tmp_path / "out.nsd.checkpoint").exists()


@pytest.mark.parametrize("name", ["mtt"], indirect=True)
def test_one_whose_budget_of_bytes_buys_other_arrays_now_is_refused(name, tmp_path):
    """The header of 1.0 is larger: a slice less fits 4,000 bits a class."""
    ran = nsdc("encode", "digits", "-o", tmp_path / "out.nsd", *COMMANDS[name], "--resume")
    assert ran.code == 2
    assert "start anew by --restart" in ran.err
    assert (tmp_path / "out.nsd.checkpoint").read_bytes() == (MADE / f"{name}.checkpoint").read_bytes()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--ipc", 2], "elements of the budget"),
        (["--bits-per-class", 9000], "bytes of the budget"),
        (["--set", "optimizer.learning_rate=0.5"], "optimizer.learning_rate 0.02, this run has 0.5"),
    ],
)
def test_another_run_than_the_stopped_one_is_refused_by_name(name, options, named, tmp_path):
    ran = nsdc("encode", "digits", "-o", tmp_path / "out.nsd", *COMMANDS[name], *options, "--resume")
    assert ran.code == 2
    assert named in ran.err
    assert (tmp_path / "out.nsd.checkpoint").read_bytes() == (MADE / f"{name}.checkpoint").read_bytes()

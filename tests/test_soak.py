"""The soak tests in small: `make soak` runs them at length."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip("sklearn")
pytest.importorskip("h5py")

SOAK = Path(__file__).parent / "soak"
sys.path.insert(0, str(SOAK))

from tiny import OBJECTIVES, run, tiny  # noqa: E402

from nsdcodec.encoding import progress  # noqa: E402


@pytest.mark.release
@pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forks")
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_run_killed_at_random_moments_and_resumed_ends_with_the_same_file(objective):
    paths = os.pathsep.join(path for path in sys.path if path)
    campaign = subprocess.run(
        [sys.executable, SOAK / "kills.py", "--rounds", "1", "--kills", "3", "--seed", "2", "--objective", objective],
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert campaign.returncode == 0, campaign.stderr[-2000:]
    assert "1 rounds, 3 kills" in campaign.stdout


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_iterations_leave_no_tensor_behind(objective, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    counts = {}

    def count(at):
        iteration = round(at.done * 20)
        if at.loss is not None and at.phase == "distilling" and iteration in (4, 19):
            gc.collect()
            counts[iteration] = sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())

    run(*tiny(objective, tmp_path, iterations=20, checks=2, checkpoint_seconds=0.0), count)
    assert 0 < counts[19] <= counts[4]

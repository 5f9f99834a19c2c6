"""What make says before it installs: nothing of this needs the network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
ROOT = Path(__file__).parent.parent


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", f"VENV={folder}/venv", f"PYTHON={sys.executable}", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("words", "said"), [(["TORCH=cpu"], "needs TORCH_INDEX"), (["TORCH=gpu"], "TORCH=gpu: it can be cpu or nothing")]
)
def test_a_pytorch_that_it_cannot_find_is_refused_before_anything_is_made(tmp_path, words, said):
    done = make(tmp_path, "demo", *words)
    assert done.returncode == 2
    assert said in done.stderr + done.stdout
    assert list(tmp_path.iterdir()) == []


def test_pytorch_without_cuda_comes_first_and_from_its_index(tmp_path):
    lines = make(tmp_path, "--dry-run", "install", "TORCH=cpu", "TORCH_INDEX=https://index.example/cpu").stdout
    first = lines.index('torch torchvision --index-url "https://index.example/cpu"')
    assert first < lines.index('--editable ".[dev]"')


@pytest.mark.parametrize("target", ["demo", "test"])
def test_it_says_what_it_does_and_how_long_that_takes(tmp_path, target):
    lines = make(tmp_path, "--dry-run", target).stdout
    said = [line for line in lines.splitlines() if line.startswith('echo "---') and "minute" in line]
    assert len(said) == 2  # the install, and what is run after it

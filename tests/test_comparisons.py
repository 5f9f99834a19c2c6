"""benchmarks/comparisons.py: one change at a time, many encodes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "benchmarks/comparisons.py"
TINY = ["digits", "--iterations", "2", "--device", "cpu"] + [
    part
    for pair in ("network.width=8", "validation.width=8", "validation.epochs=2", "validation.checks=1", "per_class=5")
    for part in ("--set", pair)
]


def compared(folder: Path, *options: str) -> tuple[int, dict[str, list[str]], str]:
    """The exit code, the cells of each change's row, and what was said beside."""
    command = [sys.executable, SCRIPT, folder / "changes", "-o", folder / "made", *options, "--", *TINY]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in ran.stdout.splitlines()[2:]]
    return ran.returncode, {name: cells for name, *cells in rows}, ran.stderr


def test_each_change_has_its_gain_over_the_first_and_what_is_done_is_not_done_again(tmp_path):
    (tmp_path / "changes").write_text("base:\nother rate: --set optimizer.learning_rate=0.5\nwrong: --set none=1\n")
    code, rows, said = compared(tmp_path, "--at-once", "2")
    assert code == 1
    assert "failed: wrong, seed 0" in said
    base, other = (float(rows[name][0]) for name in ("base", "other rate"))
    assert rows["base"][1] == "+0.0"
    assert abs(float(rows["other rate"][1]) - (other - base)) < 0.11
    assert rows["wrong"] == ["not done", ""]
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").glob("*.nsd")}
    assert {path.name for path in times} == {"base-0.nsd", "other-rate-0.nsd"}
    (tmp_path / "changes").write_text("base:\nother rate: --set optimizer.learning_rate=0.5\n")
    assert compared(tmp_path) == (0, {name: rows[name] for name in ("base", "other rate")}, "")
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_what_runs_when_the_time_is_over_is_stopped(tmp_path):
    (tmp_path / "changes").write_text("base:\n")
    code, rows, said = compared(tmp_path, "--seconds", "1")
    assert (code, rows, said) == (0, {"base": ["not done", ""]}, "")

"""What the measurements of speed share: how busy the machine was, the words of a verdict, and scripts as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("typer")

from measurement import machine, report
from measurement.machine import Load, LoadMeter
from measurement.verdict import Verdict, verdict_cells

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def clock(monkeypatch, tmp_path):
    """clock(seconds, ticks of all by kind, own processor seconds): as the system would tell from then on. A tick is a
    hundredth of a second."""
    stat = tmp_path / "stat"
    monkeypatch.setattr(machine, "PROCESSOR_TIMES", stat)
    monkeypatch.setattr(machine.os, "sysconf", {"SC_CLK_TCK": 100}.__getitem__)
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 2)

    def at(seconds, kinds, user, system, children_user, children_system):
        stat.write_text(f"cpu  {' '.join(map(str, kinds))} 0 0\ncpu0 1 2 3\n")
        times = (user, system, children_user, children_system)
        own = SimpleNamespace(**dict(zip(("user", "system", "children_user", "children_system"), times, strict=True)))
        monkeypatch.setattr(machine.os, "times", lambda: own)
        monkeypatch.setattr(machine.time, "perf_counter", lambda: seconds)

    return at


def test_the_load_is_what_all_took_without_ours_and_without_idling(clock):
    clock(100.0, (1000, 10, 500, 9000, 70, 1, 2, 3), 5.0, 1.0, 2.0, 0.5)
    meter = LoadMeter()
    # In 20 s: 21 s of work and 3 s that another virtual machine took, of which 10 s and 4 s of children are ours.
    clock(120.0, (2000, 210, 1100, 9999, 99, 101, 202, 303), 14.0, 2.0, 5.0, 1.5)
    found = meter.load()
    assert found == Load(pytest.approx((24.0 - 14.0) / 20), 2)
    assert found.busy
    assert found.text == "others took 0.5 of 2 cores"


def test_a_machine_is_busy_above_a_tenth_of_its_cores(clock):
    assert not Load(0.2, 2).busy
    assert Load(0.21, 2).busy
    assert not Load(1.5, 16).busy


def test_without_the_systems_times_nothing_is_said_of_the_load(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "PROCESSOR_TIMES", tmp_path / "absent")
    assert LoadMeter().load() is None


def test_a_missed_target_of_speed_says_that_the_machine_was_busy():
    targets = [
        Verdict("quick", "a set", "< 1 s", "2 s", False),
        Verdict("met", "a set", "< 3 s", "2 s", True),
        Verdict("small", "a set", "< 1 MB", "2 MB", False, of_time=False),
        Verdict("open", "a set", "< 1 s", None, None),
    ]
    plain = [asdict(target) for target in targets]

    def met(load):
        header, rows = verdict_cells(plain, "set", load)
        assert header == ["target", "set", "wanted", "measured", "met"]
        return [row[4] for row in rows]

    busy = "no (the machine was busy: others took 1.3 of 2 cores)"
    assert met(asdict(Load(1.3, 2))) == [busy, "yes", "no", "not measured"]
    assert met(asdict(Load(0.1, 2))) == met(None) == ["no", "yes", "no", "not measured"]


def test_a_table_keeps_bars_within_its_cells():
    assert report.markdown_table((["a", "b"], [["1|2", "3"]])) == ["| a | b |", "| --- | --- |", "| 1\\|2 | 3 |"]


def started(script, *arguments, folder):
    """A script as anybody starts it: from another folder, without help of the tests' own paths."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.release
def test_loading_is_measured_by_a_script_and_processes_that_it_starts(tmp_path):
    options = "--form dct --images 8 --rows indexing --seconds 0.1 --rounds 1 --steps 0 --threads 1 --json"
    ran = started("loading.py", *options.split(), folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["command"] == f"python benchmarks/loading.py {options}"
    assert found["sets"][0]["contenders"][0]["first_batch"] > 0


@pytest.mark.release
def test_a_step_is_measured_by_a_script_whose_errors_are_messages(tmp_path):
    ran = started("step.py", "--rows", "their", "--device", "cpu", folder=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: ")
    assert "their" in ran.stderr
    assert not ran.stdout

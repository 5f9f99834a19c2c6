"""`encode --plan`: what it foretells is what the encode then makes, and it leaves nothing behind."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("h5py")
pytest.importorskip("typer")

from contexts import toy_source
from test_cli import TINY, encode, nsdc

from nsdcodec import read
from nsdcodec.encoding import forecast as forecasts
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.forecast import forecast
from nsdcodec.encoding.recipes import settings_for
from nsdcodec.encoding.task import Task
from nsdcodec.format.geometry import Geometry

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread")
MTT = ["--set", "objective.experts=2", "--set", "objective.student_steps=2"]
MTT += ["--set", "objective.last_start=1", "--set", "objective.expert_epochs=1"]
TGDD = ["--set", "objective.experts=2", "--set", "objective.epochs=1"]


def plan(*arguments):
    return nsdc("encode", "digits", "--plan", "--json", *TINY, *arguments)


def test_what_it_foretells_is_what_is_made(tmp_path):
    told = plan("--ipc", 2).json
    assert encode(tmp_path / "a.nsd", "--ipc", 2, "--iterations", 2).code == 0
    file = read(tmp_path / "a.nsd")
    layout = file.header.layout
    assert (told["images"], told["elements"]) == (layout.images, layout.elements)
    assert set(told["arrays"]) == set(layout.arrays)
    assert file.nbytes <= told["most_bytes"] <= file.nbytes + 1000
    assert told["bytes"] == pytest.approx(file.nbytes, rel=0.03)


def test_of_a_budget_in_bytes_the_file_takes_nearly_all():
    told = plan("--ipc", 2, "--count", "bytes", "--set", "dtype=int4").json
    assert told["most_bytes"] == 2 * 10 * 64 * 4
    assert 0.97 <= told["bytes"] / told["most_bytes"] <= 1


def test_it_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert plan("-o", tmp_path / "a.nsd").code == 0
    assert plan("--objective", "mtt", "--experts-dir", tmp_path / "experts", *MTT).code == 0
    assert list(tmp_path.iterdir()) == []


def test_the_total_is_the_sum_of_its_parts():
    times = plan("--iterations", 500).json["times"]
    assert (times["iterations"], times["checks"]) == (500, 2)
    assert min(times["preparing"], times["iteration"], times["check"], times["memory"]) > 0
    assert times["seconds"] == pytest.approx(times["preparing"] + 500 * times["iteration"] + 2 * times["check"])


def test_of_a_time_limit_the_iterations_are_told():
    times = plan("--time", "1h").json["times"]
    assert times["seconds"] == 3600
    assert times["iterations"] * times["iteration"] == pytest.approx(3600, rel=0.1)


def test_a_limit_that_is_too_short_is_refused_as_by_the_run():
    ran = plan("--time", "0.001s")
    assert (ran.code, "give at least" in ran.err) == (2, True)


@pytest.mark.parametrize("objective", ["mtt", "tgdd"])
def test_missing_experts_are_counted_and_no_time_is_told_before_they_are_there(tmp_path, objective):
    keys = {"mtt": MTT, "tgdd": TGDD}[objective]
    told = plan("--objective", objective, "--experts-dir", tmp_path, *keys).json
    assert (told["missing_experts"], told["times"]) == (2, None)
    made = nsdc(
        "experts", "digits", "--recipe", "cpu", "--objective", objective, "--experts-dir", tmp_path, *TINY, *keys
    )
    assert made.code == 0
    told = plan("--objective", objective, "--experts-dir", tmp_path, *keys).json
    assert told["missing_experts"] == 0
    assert told["times"]["iteration"] > 0


def test_without_training_there_is_nothing_to_iterate():
    times = plan("--objective", "none", "--parameterization", "pixel").json["times"]
    assert (times["iterations"], times["checks"]) == (0, 1)


def test_the_first_step_does_not_count(monkeypatch):
    """A clock by which the first step takes 100 seconds, and each of the others 7."""
    now = [0.0]
    monkeypatch.setattr(forecasts.time, "monotonic", lambda: now[0])

    def step(run, done, status):
        now[0] += 100 if run.steps == 0 else 7

    monkeypatch.setattr(forecasts, "iterate", step)
    monkeypatch.setattr(forecasts, "seconds_of_a_check", lambda run: 30.0)
    source = toy_source(Geometry(3, 1, 8, 8))
    pairs = ["network.width=8", "iterations=50", "validation.checks=3"]
    task = Task(source, settings_for(source, objective="dm", changes=pairs), Budget.of(source.geometry, 1.0))
    times = forecast(task).times
    assert times.iteration == 7
    assert times.seconds == pytest.approx(50 * 7 + 4 * 30, abs=5)


def test_it_is_shown_in_words(tmp_path):
    ran = nsdc("encode", "digits", "--plan", *TINY)
    shown = dict(line.split("  ", 1) for line in ran.out.splitlines())
    assert list(shown) == ["images", "arrays", "elements", "file", "memory", "iterations", "checks", "time", "written"]
    assert "of at most 640" in shown["elements"]


def test_without_output_and_plan_it_says_what_to_give():
    ran = nsdc("encode", "digits")
    assert (ran.code, "-o FILE.nsd" in ran.err) == (2, True)

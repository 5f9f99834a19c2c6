"""`benchmarks/step.py`: contenders do the same work, products are counted right, and the report has every figure."""

from __future__ import annotations

import functools
import json
import math
import os
import signal
import statistics
import sys
import time
from typing import ClassVar

import pytest
import torch
from processes import serve
from test_cli import called
from torch.utils.flop_counter import FlopCounterMode

import step
from measurement import command
from nsdcodec.errors import Interrupted, InvalidSetting, UnknownName
from nsdcodec.format import synthesis
from nsdcodec.learning.derivatives import compiled
from step_bench import contenders, floor, gradients, process, published, rounds, run, targets
from step_bench import hardware as speeds
from step_bench.contenders import CONTENDERS, StepContender, contender
from step_bench.floor import Hardware
from step_bench.process import Failed, Process
from step_bench.rounds import Conditions, Timings
from step_bench.run import StepBench, execute
from step_bench.timed import Lap, timed
from step_bench.work import Work, problem

CPU = torch.device("cpu")
TINY = Work(images=4, steps=2, width=8)
# Compiling takes longer than all that is tested here; `test_compiled` holds it to the same numbers.
PLAIN = [name for name in CONTENDERS if "compiled" not in name]
MACHINE = Hardware({"float32": 1e9, "bfloat16": 4e9}, 1e8)


def benchmark(*arguments):
    """`python benchmarks/step.py`, in this process."""
    return called(lambda: command.start(step.step), step.__file__, *arguments)


@pytest.fixture
def quick(monkeypatch):
    """Processes that are forked off one that has imported it all; what they measure is not what is tested."""
    serve()
    monkeypatch.setattr(process, "START", "forkserver")
    monkeypatch.setattr(run, "_hardware", lambda conditions: MACHINE)


def iteration(name, work, number=1, dtype=torch.float32):
    """The gradients of coefficients and rate that a contender leaves."""
    made = problem(work, CPU, contender(name).precision, dtype)
    contender(name).open(made)(number)
    return [leaf.grad for leaf in made.leaves]


@pytest.mark.parametrize("work", [TINY, Work(10, 3, 4, depth=2)])
def test_the_published_loop_and_ours_have_one_gradient(work):
    for number in range(4):
        found, wanted = (iteration(name, work, number, torch.float64) for name in ("ours", "published"))
        assert all(bool((one != 0).any()) for one in wanted)
        for one, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-13)
    assert not torch.equal(wanted[0], iteration("published", work, 0, torch.float64)[0])


def test_the_published_gradient_is_that_of_finite_differences():
    made = problem(TINY, CPU, dtype=torch.float64)
    spectrum = made.arrays["spectrum"]
    direction = torch.randn(spectrum.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    losses = []
    distance = published._distance
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            published, "_distance", lambda *given: losses.append(distance(*given).detach()) or distance(*given)
        )
        for step in (0.0, 1e-5, -1e-5):
            with torch.no_grad():
                moved = problem(TINY, CPU, dtype=torch.float64)
                moved.arrays["spectrum"] += step * direction
            published.published(moved)(3)
            if step == 0.0:
                slope = float((moved.arrays["spectrum"].grad * direction).sum())
    assert slope == pytest.approx(float(losses[1] - losses[2]) / 2e-5, rel=1e-4)


def test_all_precisions_are_near_the_exact_gradient(quick):
    small = gradients.small(TINY)
    assert small == TINY
    exact = gradients.exact(small, "cpu", 1)
    near = {name: gradients.nearness(name, small, "cpu", 1, exact) for name in PLAIN}
    for name, found in near.items():
        most = 1e-4 if contender(name).precision == "float32" else 0.2
        assert 0 < found.coefficients < most, name
        assert 0 < found.rate < most, name
        assert 1 - most < found.cosine <= 1 + 1e-12, name


def test_nearness_is_relative_distance_and_cosine():
    import numpy as np

    found = gradients.compared((np.array([[3.0, 0.0]]), np.array(2.2)), (np.array([[3.0, 4.0]]), np.array(2.0)))
    assert found.coefficients == pytest.approx(4 / 5)
    assert found.cosine == pytest.approx(9 / 15)
    assert found.rate == pytest.approx(0.1)


@pytest.mark.parametrize("work", [Work(4, 3, 8), Work(10, 1, 4, depth=1), Work(3, 2, 6, depth=4), Work(2, 2, 64)])
@pytest.mark.parametrize("name", PLAIN)
def test_products_are_those_that_torch_counts(name, work):
    made = problem(work, CPU, contender(name).precision)
    with FlopCounterMode(display=False) as decoding:
        images = synthesis.images(made.layout, made.arrays)
        images.sum().backward()
    iterate = contender(name).open(made)
    # Which it does not know in place.
    batched = {torch.ops.aten.baddbmm_: lambda total, left, right, **rest: 2 * math.prod(left) * right[2]}
    with FlopCounterMode(display=False, custom_mapping=batched) as whole:
        iterate(1)
    assert whole.get_total_flops() - decoding.get_total_flops() == contender(name).flops(work)


def test_the_convnet_has_the_published_size():
    assert sum(floor.layer_flops(Work())) == 101_490_688  # 101.5 MFLOP an image
    assert len(problem(Work(20, 1), CPU).start) == 320_010
    assert floor.published_flops(Work(160, 50)) == 8000 * (9 * 101_490_688 - 3 * 7_077_888)


def test_activations_are_the_outputs_of_convolutions_and_poolings():
    work = Work(4, 1, 8)
    network = published.network(work)
    sizes = [3 * 32 * 32]
    for layer in network:
        if isinstance(layer, torch.nn.Conv2d | torch.nn.AvgPool2d):
            layer.register_forward_hook(lambda layer, given, out: sizes.append(out[0].numel()))
    network(torch.zeros(2, 3, 32, 32))
    assert len(sizes) == 7
    assert floor.activation_values(work) == sum(sizes)


def test_the_floor_is_the_slower_of_products_and_bytes():
    work = Work(10, 7, 4)
    bytes_ = 2 * 4 * 10 * 7 * floor.activation_values(work)  # written and read in four passes, values
    flops = floor.published_flops(work)
    fast_memory = Hardware({"float32": 1e9, "bfloat16": 4e9}, 1e15)
    assert floor.seconds(work, "float32", fast_memory) == flops / 1e9
    assert floor.seconds(work, "bfloat16", fast_memory) == flops / 4e9
    fast_products = Hardware({"float32": 1e18, "bfloat16": 1e18}, 1e9)
    assert floor.seconds(work, "float32", fast_products) == bytes_ * 4 / 1e9
    assert floor.seconds(work, "bfloat16", fast_products) == bytes_ * 2 / 1e9
    assert MACHINE.better(Hardware({"float32": 2e9, "bfloat16": 1e9}, 1e7)) == Hardware(
        {"float32": 2e9, "bfloat16": 4e9}, 1e8
    )


def test_speeds_are_of_the_quickest_run(monkeypatch):
    monkeypatch.setitem(speeds.ROWS, "cpu", 16)
    monkeypatch.setitem(speeds.VALUES, "cpu", 32)
    ticks = iter([0.0, 0.01] + 100 * [0.0, 2.0, 0.0, 0.5, 0.0, 4.0])  # the first, which is dropped, by far
    monkeypatch.setattr(speeds.time, "perf_counter", lambda: next(ticks))
    assert speeds._product(CPU, "float32", 2.0) == 2 * 16**3 / 0.5
    assert speeds._triad(CPU, 2.0) == 3 * 32 * 4 / 0.5


def test_the_machine_is_measured_in_a_process(monkeypatch):
    serve()
    monkeypatch.setattr(process, "START", "forkserver")
    monkeypatch.setattr(run, "HARDWARE_SECONDS", 0.0)
    found = run._hardware(Conditions("cpu", 1, 1))
    # From a slow core to a large machine.
    assert 1e8 < found.flops["float32"] < 1e14
    assert 1e8 < found.bandwidth < 1e13


def test_what_memory_would_not_hold_is_left_out_before_it_runs(monkeypatch):
    started = []
    monkeypatch.setattr(rounds, "Process", lambda *given: started.append(given) or pytest.fail("it ran"))
    conditions = Conditions("cpu", 1, 1)
    monkeypatch.setattr(rounds, "free_memory", lambda device: 1 << 20)
    timings = rounds.measure(Work(20, 50), ("published", "published-bfloat16"), conditions, lambda done, text: None)
    assert set(timings.skipped) == {"published", "published-bfloat16"}
    assert "of 3 steps" in timings.skipped["published"]
    assert "0.0 GB are free" in timings.skipped["published"]
    # Three steps would fit: their memory is measured and drawn out to 50.
    monkeypatch.setattr(rounds, "free_memory", lambda device: int(20e9))
    monkeypatch.setattr(rounds, "_memory", lambda name, work, conditions: int(1e9 + 0.5e9 * work.steps))
    timings = rounds.measure(Work(20, 50), ("published",), conditions, lambda done, text: None)
    assert timings.foretold == {"published": int(26e9)}
    assert timings.skipped == {"published": "the graph would take about 26.0 GB, and 20.0 GB are free"}
    assert started == []


def test_memory_of_more_steps_lies_on_the_line_through_few():
    assert rounds.extrapolated({1: 900, 3: 1900}, 50) == 900 + 49 * 500


@pytest.mark.release
def test_the_graph_grows_with_the_steps_and_the_sweep_does_not(quick):
    """Measured: the foretold memory of the published loop is near its own, and ours stays."""
    if not sys.platform.startswith("linux"):
        pytest.skip("measures by Linux's /proc")
    conditions = Conditions("cpu", 1, 1)

    def memory(name, steps):
        return rounds._memory(name, Work(20, steps, 64), conditions)

    graph = {steps: memory("published", steps) for steps in (1, 3, 12)}
    assert graph[12] > 3 * graph[1]
    assert rounds.extrapolated({1: graph[1], 3: graph[3]}, 12) == pytest.approx(graph[12], rel=0.5)
    assert graph[12] == pytest.approx(floor.graph_bytes(Work(20, 12, 64), "float32"), rel=0.5)
    assert memory("ours", 12) < 1.3 * memory("ours", 3)


class Fake:
    """Stands in for `Process`: its contender takes the seconds that `TICKS` names, or fails in this lap."""

    TICKS: ClassVar = {"ours": 2.0, "published": 4.0, "ours-bfloat16": 1.0}
    FAILS: ClassVar = {"ours-bfloat16": 2}
    asked: ClassVar[list[tuple[str, int]]] = []

    def __init__(self, threads, make, name, work, device):
        self.name = name

    def ask(self, number):
        self.asked.append((self.name, number))
        if self.FAILS.get(self.name) == number:
            raise Failed("it broke")
        return Lap(self.TICKS[self.name] * (100 if number == 0 else number), 7 * (number + 1))

    def __enter__(self):
        return self

    def __exit__(self, *given):
        pass


def test_contenders_take_turns_and_one_that_fails_is_out(monkeypatch):
    monkeypatch.setattr(rounds, "Process", Fake)
    monkeypatch.setattr(Fake, "asked", [])
    told = []
    names = ("published", "ours", "ours-bfloat16")
    timings = rounds.measure(TINY, names, Conditions("cpu", 1, 3), lambda done, text: told.append(done))
    assert Fake.asked == [
        *(("ours", 0), ("ours-bfloat16", 0), ("published", 0)),
        *(("ours", 1), ("ours-bfloat16", 1), ("published", 1)),
        *(("ours-bfloat16", 2), ("published", 2), ("ours", 2)),
        *(("ours", 3), ("published", 3)),
    ]
    assert timings.skipped == {"ours-bfloat16": "it broke"}
    assert {name: timings.seconds(name) for name in timings.laps} == {"ours": [2.0, 4.0, 6.0], "published": [4, 8, 12]}
    assert timings.memory("ours") == 28
    assert told == sorted(told)
    assert told[-1] < 1


def test_ratios_are_medians_of_the_rounds_and_judged():
    def of(seconds, memory):
        return [Lap(99.0, memory - 1), *(Lap(one, memory) for one in seconds)]

    few = Timings({"ours": of([1.0, 6.0, 3.0], 100), "published": of([4.0, 10.0, 5.0], 900)})
    many = Timings({"ours": of([9.0], 131)})
    assert rounds.ratio({"a": [1.0, 6.0, 3.0], "b": [4.0, 10.0, 5.0]}, "a", "b") == statistics.median([0.25, 0.6, 0.6])
    assert rounds.ratio({"a": [1.0]}, "a", "b") is None
    names = ("published", "ours", "ours-bfloat16")
    found = {
        (verdict.target, verdict.of): (verdict.measured, verdict.met)
        for verdict in targets.judged({Work(160, 5): few, Work(160, 50): many}, names, "cpu")
    }
    assert found == {
        ("ours against published", "160 x 5"): ("0.6 x", False),
        ("ours-bfloat16 against published", "160 x 5"): (None, None),
        ("ours-bfloat16 against published-bfloat16", "160 x 5"): (None, None),
        ("ours: memory against that of 160 x 5", "160 x 50"): ("1.31 x", False),
        ("ours-bfloat16: memory against that of 160 x 5", "160 x 50"): (None, None),
    }
    few.laps["ours"] = of([2.0, 5.0, 2.5], 101)
    found = targets.judged({Work(160, 5): few, Work(160, 50): many}, ("ours",), "cpu")
    assert [verdict.met for verdict in found] == [True, True]
    on_gpu = targets.judged({Work(160, 50): few}, ("published", "ours"), "cuda")
    assert [(verdict.of, verdict.wanted, verdict.met) for verdict in on_gpu] == [
        ("160 x 50", "<= 0.2 x", False),
        ("300 x 60", "<= 0.2 x", None),
        ("160 x 50", "<= 1.3 x", None),
    ]
    # Of another width no target speaks.
    other = targets.judged({Work(160, 5, 64): few}, ("ours",), "cpu")
    assert [verdict.met for verdict in other] == [None, None]


def test_a_process_that_ends_is_an_error_that_says_why(quick):
    with Process(1, timed, "ours", TINY, "cpu") as running:
        assert running.ask(0).seconds > 0
        assert running.ask(1).seconds > 0
    assert not running._process.is_alive()
    with Process(1, math.sqrt, "two") as running, pytest.raises(Failed, match="exit code 1"):
        running.ask()
    with Process(1, bytearray, 1 << 62) as running, pytest.raises(Failed, match=r"out of memory \(MemoryError\)"):
        running.ask()
    with Process(1, timed, "ours", TINY, "cpu") as running:
        running.ask(0)
        os.kill(running._process.pid, 9)
        with pytest.raises(Failed, match="killed: perhaps for its memory"):
            running.ask(1)


def test_a_process_without_work_ends_by_itself_and_one_at_work_is_killed(quick):
    """So what it began is ended too; but nobody waits for work that nobody wants."""
    with Process(1, functools.partial, time.sleep) as idle:
        idle.ask(0)
    assert idle._process.exitcode == 0

    def press(*given):
        raise KeyboardInterrupt

    def interrupted():
        with busy:
            busy.ask(0)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            busy.ask(600)

    before, started = signal.signal(signal.SIGALRM, press), time.monotonic()
    busy = Process(1, functools.partial, time.sleep)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert busy._process.exitcode == -signal.SIGKILL
    assert time.monotonic() - started < process.PATIENCE


def test_impossible_settings_are_refused():
    for change, message in (
        ({"images": 12}, "images is 12.*multiple of 10"),
        ({"images": 1}, "images is 1"),
        ({"steps": 0}, "steps is 0"),
        ({"width": 0}, "width is 0"),
        ({"depth": 6}, "depth is 6"),
    ):
        with pytest.raises(InvalidSetting, match=message):
            Work(**change)
    with pytest.raises(UnknownName, match="did you mean 'ours'"):
        StepBench(contenders=("our",))
    for change, message in (
        ({"rounds": 0}, "rounds is 0"),
        ({"threads": 0}, "threads is 0"),
        ({"works": (TINY, TINY)}, "each once"),
        ({"contenders": ()}, "at least one"),
        ({"device": "meta"}, "device is meta"),
    ):
        with pytest.raises(InvalidSetting, match=message):
            StepBench(**change)


def test_ctrl_c_is_the_error_of_an_interrupted_run(quick, monkeypatch):
    def press(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_hardware", press)
    with pytest.raises(Interrupted, match="nothing was written"):
        execute(StepBench((TINY,), ("ours",)))


def test_compiled_contenders_run_within_compiled_kernels(monkeypatch):
    seen = []
    kernels = compiled.kernels
    monkeypatch.setattr(compiled, "kernels", lambda compile: seen.append(compile) or kernels(False))
    monkeypatch.setattr(compiled, "missing", lambda device: None)
    found = iteration("ours-compiled", Work(4, 2, 64))
    assert [torch.equal(a, b) for a, b in zip(found, iteration("ours", Work(4, 2, 64)), strict=True)] == [True] * 2
    assert seen == [True]
    monkeypatch.setattr(compiled, "missing", lambda device: "no compiler")
    with pytest.raises(InvalidSetting, match="no compiler"):
        iteration("ours-compiled", TINY)


def test_a_contender_needs_but_a_line_in_the_registry(quick, monkeypatch):
    again = StepContender("ours again", contenders._ours, "float32", True, False, floor.sweep_flops)
    monkeypatch.setitem(CONTENDERS, "ours-again", again)
    assert contender("ours-again") is again
    assert targets.others("ours-again") == ["published"]
    assert targets.others("ours-bfloat16") == ["published", "published-bfloat16"]


@pytest.mark.parametrize("names", [["published", "ours"], pytest.param(PLAIN, marks=pytest.mark.release, id="all")])
def test_the_command_prints_and_writes_every_figure(names, quick, tmp_path):
    tiny = ("--images", "4", "--width", "8", "--rounds", "2", "--threads", "1", "--device", "cpu")
    ran = benchmark(*tiny, "--steps", "2", "--steps", "3", "--rows", ",".join(names), "--json", "-o", tmp_path / "out")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert json.loads((tmp_path / "out" / "step.json").read_text()) == found
    assert found["hardware"] == {"flops": MACHINE.flops, "bandwidth": MACHINE.bandwidth}
    assert [(work["images"], work["steps"], work["width"]) for work in found["works"]] == [(4, 2, 8), (4, 3, 8)]
    markdown = (tmp_path / "out" / "step.md").read_text()
    for work in found["works"]:
        assert [row["name"] for row in work["contenders"]] == names
        reference = work["contenders"][0]["by_round"]
        for row in work["contenders"]:
            assert len(row["by_round"]) == 2
            assert row["seconds"] == statistics.median(row["by_round"]) > 0
            ratios = [mine / other for mine, other in zip(row["by_round"], reference, strict=True)]
            assert row["against_published"] == statistics.median(ratios)
            lowest = floor.seconds(Work(4, work["steps"], 8), row["precision"], MACHINE)
            assert row["floor_share"] == pytest.approx(lowest / row["seconds"])
            assert row["flops"] == contender(row["name"]).flops(Work(4, work["steps"], 8)) / row["seconds"]
            assert f"| {row['name']} | {row['about']} | {row['seconds']:.3g} s |" in markdown
            if sys.platform.startswith("linux"):
                assert 0 < row["memory"] < 1 << 30
    assert set(found["gradients"]["contenders"]) == set(names)
    assert found["gradients"]["contenders"]["ours"]["coefficients"] < 1e-4
    assert {target["met"] for target in found["targets"]} == {None}
    assert "| ours against published | 160 x 5 | <= 0.5 x |  | not measured |" in markdown
    assert ("Meanwhile others took" in markdown) is (found["load"] is not None)
    assert found["command"].startswith("python benchmarks/step.py --images 4")
    assert f"Command: `{found['command']}`" in markdown


def test_the_command_prints_tables_and_names_what_it_left_out(quick, monkeypatch):
    tiny = ("--images", "4", "--width", "8", "--rounds", "1", "--threads", "1", "--device", "cpu")
    monkeypatch.setattr(rounds, "free_memory", lambda device: 0)
    ran = benchmark(*tiny, "--steps", "2", "--rows", "ours,published")
    assert ran.code == 0, ran.err
    assert "a sweep back over the steps" in ran.out
    assert "Skipped: 4 x 2: published: the graph of 2 steps would take about" in ran.out
    assert benchmark("--images", "12").code == 2
    assert benchmark("--rows", "their").code == 2
    assert "--rounds" in benchmark("--help").out

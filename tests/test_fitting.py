"""Files that fill their budget of bytes: the layout is planned by trial codings, the rounding fitted at each check."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import torch
from encodes import Encode

pytest.importorskip("sklearn")

from nsdcodec import read, sources
from nsdcodec.encoding import fitting, validation
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.encoder import Output, Task
from nsdcodec.encoding.forecast import forecast
from nsdcodec.encoding.layout_plan import plan
from nsdcodec.encoding.recipes import settings_for
from nsdcodec.encoding.task import plan_packed
from nsdcodec.errors import Interrupted, OverBudget
from nsdcodec.learning import training

SMALL = ("validation.epochs=1", "validation.width=4", "validation.checks=2", "network.width=8", "real_per_class=8")
COMBINATIONS = [
    ("nsd", "int4", 6_000, "dm"),
    ("pixel", "int2", 6_000, "dm"),
    ("idc", "float16", 6_000, "none"),
    ("nsd", "int2", 4_000, "dm"),
    ("nsd", "float16", 4_000, "dm"),
    ("nsd", "int8", 4_000, "none"),
    ("idc", "int4", 10_000, "dm"),
    ("idc", "int3", 3_000, "none"),
    ("pixel", "float16", 6_000, "dm"),
    ("pixel", "int6", 6_000, "dm"),
    ("fred", "int3", 6_000, "dm"),
    ("fred", "bfloat16", 6_000, "none"),
    ("ldct", "int4", 8_000, "dm"),
    ("svd", "float32", 8_000, "dm"),
    ("memory", "int8", 6_000, "dm"),
]


pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread", "every_iteration_logged")


@pytest.fixture(scope="module")
def digits():
    return sources.load("digits")


@pytest.fixture
def tiny(digits, tmp_path):
    """tiny(form, dtype, bits a class, objective, *pairs): a tiny encode of digits."""

    def make(form, dtype, bits, objective="dm", *pairs) -> Encode:
        pairs = (*(SMALL if objective == "dm" else SMALL[:-2]), f"dtype={dtype}", "iterations=6", *pairs)
        settings = settings_for(digits, "cpu", parameterization=form, objective=objective, changes=pairs)
        task = Task(digits, settings, Budget.of(digits.geometry, None, bits))
        return Encode(task, Output(tmp_path / "out.nsd"))

    return make


@pytest.fixture
def the_last_is_the_best(monkeypatch):
    monkeypatch.setattr(training, "accuracy", lambda *_: 0.9)


@pytest.mark.usefixtures("the_last_is_the_best")
@pytest.mark.parametrize(
    ("form", "dtype", "bits", "objective"),
    [*COMBINATIONS[:3], *(pytest.param(*each, marks=pytest.mark.release) for each in COMBINATIONS[3:])],
)
def test_a_file_uses_its_budget_and_no_more(tiny, form, dtype, bits, objective):
    made = tiny(form, dtype, bits, objective)
    made.run()
    assert 0.97 * bits * 10 / 8 <= made.path.stat().st_size <= bits * 10 / 8


@pytest.mark.usefixtures("the_last_is_the_best")
def test_a_file_holds_what_was_judged(tiny, monkeypatch):
    """By a rounding that clips, which a file of these values alone would not have."""
    judged = []
    stored = validation._stored

    def spy(run):
        judged.append((run.coarseness, stored(run)))
        return judged[-1][1]

    monkeypatch.setattr(validation, "_stored", spy)
    made = tiny("nsd", "int3", 6_000)
    made.run()
    assert judged[-1][0] != 1
    for role, values in read(made.path).arrays.items():
        np.testing.assert_array_equal(values.astype(np.float32), judged[-1][1][role].numpy())


def test_a_stopped_run_goes_on_to_the_same_file(tiny, tmp_path):
    """Stopped between two checks, of a rounding that was fitted at the first."""
    whole, stopped = (tiny("nsd", "int4", 6_000).at(name) for name in ("whole.nsd", "stopped.nsd"))
    whole.run()

    def stop(progress):
        if progress.phase == "distilling" and progress.loss is not None:
            stop.steps += 1
            if stop.steps == 5:
                os.kill(os.getpid(), signal.SIGINT)

    stop.steps = 0
    with pytest.raises(Interrupted):
        stopped.run(stop)
    stopped.but(resume=True).run()
    assert stopped.path.read_bytes() == whole.path.read_bytes()


def test_the_iterations_are_rounded_as_the_set_was_fitted(tiny, monkeypatch):
    from nsdcodec.encoding import encoder

    seen, straight_through = set(), encoder.straight_through

    def spy(values, spec, coarseness):
        seen.add(coarseness)
        return straight_through(values, spec, coarseness)

    monkeypatch.setattr(encoder, "straight_through", spy)
    monkeypatch.setattr(validation, "fitted", lambda *arguments: 1.25 + arguments[5] / 1000)
    tiny("nsd", "int4", 6_000).run()
    assert seen == {1.25, 1.253}  # from the start, and from the check after 3 of 6 iterations


def test_without_a_budget_of_bytes_nothing_is_clipped(tiny, digits):
    made = tiny("nsd", "int4", 6_000).but(budget=Budget.of(digits.geometry, 2))
    made.run()
    file = read(made.path)
    assert file.header.layout == plan_packed(made.task, made.compute, made.task.budget)[0]
    for integers in file.integers.values():
        assert (np.abs(integers).reshape(len(file.scales), -1).max(axis=1) == 7).all()


@pytest.mark.parametrize("objective", ["none", "dm"])
def test_what_a_file_will_take_is_told(tiny, objective):
    made = tiny("nsd", "int4", 6_000, objective)
    told = forecast(made.task)
    nbytes = made.run().nbytes
    assert told.layout == read(made.path).header.layout
    assert abs(told.file_bytes / nbytes - 1) < 0.03
    assert nbytes <= told.most_bytes == 7_500


def test_what_compresses_buys_more_and_the_elements_bound_it(tiny, digits):
    made = tiny("nsd", "int4", 6_000)
    packed, _ = plan_packed(made.task, made.compute, made.task.budget)
    planned = plan(made.task, made.compute)
    assert planned.layout.nbytes > 1.1 * packed.nbytes
    both = made.but(budget=Budget(elements=packed.elements, file_bytes=7_500))
    assert 0.9 * packed.elements < plan(both.task, made.compute).layout.elements <= packed.elements
    both.run()
    assert both.path.stat().st_size <= 7_500


def test_what_compresses_buys_no_larger_images(tiny):
    """nsd stores half of the resolution up to IPC 10: here 9.4 by the budget, and more by the bytes packed."""
    made = tiny("nsd", "int4", 2_400)
    planned = plan(made.task, made.compute)
    assert planned.packed_bytes * 8 / 4 / 640 > 10
    assert planned.layout.coefficient_shape[2:] == (4, 4)


class TestSearch:
    """For the coarseness, on sizes that are known."""

    def found(self, size, start=1.0, finest=0.5, most=1_000) -> float:
        return fitting._search(size, most, 8 * 300, start, finest)

    @pytest.mark.parametrize("start", [0.5, 1.0, 8.0, 1024.0])
    @pytest.mark.parametrize("per_bit", [30, 300, 900])
    def test_it_fills_the_budget_whatever_a_bit_saves(self, per_bit, start):
        def size(coarseness):
            return max(0, 1_700 - per_bit * np.log2(coarseness))

        assert 985 <= size(self.found(size, start, 1.0, 1_650)) <= 1_650
        if per_bit > 80:
            assert 970 <= size(self.found(size, start)) <= 1_000

    def test_what_fits_already_stays(self):
        assert self.found(lambda coarseness: 990, 1.7) == pytest.approx(1.7, rel=1e-12)

    def test_it_is_no_finer_than_pays(self):
        assert self.found(lambda coarseness: 10) == 0.5

    def test_dents_never_lead_above_the_budget(self):
        """zstd may find less in somewhat coarser integers."""

        def size(coarseness):
            return 1_300 - 300 * np.log2(coarseness) + 60 * np.sin(40 * coarseness)

        for start in np.linspace(0.5, 4, 30):
            assert size(self.found(size, start)) <= 1_000

    def test_what_no_rounding_fits_is_refused(self):
        with pytest.raises(OverBudget, match="1,200 bytes at least exceed the budget of 1,000"):
            self.found(lambda coarseness: 1_200)


def test_a_set_that_is_not_finite_is_fitted_to_nothing(tiny):
    made = tiny("pixel", "float16", 6_000)
    layout = made.layout
    arrays = {"spectrum": torch.full(layout.arrays["spectrum"].shape, torch.inf)}
    assert fitting.fitted(made.task, made.compute, layout, arrays, 1.5) == 1.5

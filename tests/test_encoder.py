"""The encoder's loop: what it writes, that it repeats and resumes bit for bit, and how it ends when it cannot go on."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from contexts import Striped, toy_source
from encodes import Encode
from processes import started, wait

pytest.importorskip("sklearn")
pytest.importorskip("h5py")


from nsdcodec import NSDDataset, read, sources
from nsdcodec.encoding import compilation, coresets, encoder, progress, validation
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.draws import Draws
from nsdcodec.encoding.encoder import Output, Task
from nsdcodec.encoding.experts import Experts
from nsdcodec.encoding.memory_plan import plan_memory
from nsdcodec.encoding.objectives import OBJECTIVES, student
from nsdcodec.encoding.objectives.distribution import DistributionMatching
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS
from nsdcodec.encoding.recipes import recipe
from nsdcodec.encoding.run import context as context_of
from nsdcodec.encoding.settings import for_geometry
from nsdcodec.encoding.task import hold_out
from nsdcodec.errors import Diverged, FileAccess, Interrupted, InvalidSetting, OverBudget
from nsdcodec.evaluation.accuracy import evaluate
from nsdcodec.format.container import file as nsd_file
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.format.synthesis import check_finite
from nsdcodec.learning import training
from nsdcodec.learning.derivatives import compiled
from nsdcodec.system import atomic

TINY = ("network.width=8", "validation.width=8", "validation.epochs=2", "validation.checks=1", "validation.per_class=5")
MTT = ("objective.experts=2", "objective.student_steps=2", "objective.expert_epochs=1", "objective.last_start=1")


pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread", "every_iteration_logged")


@pytest.fixture(scope="module")
def digits():
    return sources.load("digits")


@pytest.fixture(scope="module")
def experts_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("experts")


@pytest.fixture
def tiny(digits, tmp_path, experts_folder):
    """tiny(*pairs, field=value): a tiny encode of digits to tmp_path/out.nsd."""

    def make(
        *pairs,
        source=digits,
        parameterization=None,
        objective="dm",
        iterations=3,
        ipc=1.0,
        bits_per_class=None,
        **fields,
    ) -> Encode:
        pairs = (*TINY, "parameterization.dtype=float16", f"iterations={iterations}", *pairs)
        fitted = for_geometry(recipe("cpu"), source.geometry, source.augmentation)
        settings = fitted.with_names(parameterization, objective).with_values(list(pairs))
        budget = Budget.of(source.geometry, ipc, bits_per_class)
        task = Task(source, settings, budget, recipe_name="cpu", overrides=pairs)
        made = Encode(task, Output(tmp_path / "out.nsd"), experts_folder=experts_folder)
        return made.but(**fields)

    return make


def small(objective: str) -> tuple[str, ...]:
    """Settings that make an iteration of an objective quick; guidance where there is any to guide."""
    quick = {
        "mtt": MTT,
        "dm": ("real_per_class=4",),
        "dc": ("real_per_class=4", "inner_steps=1", "network_life=2"),
        "cafe": ("real_per_class=4", "inner_steps=1", "network_life=2"),
        "krr": ("objective.real=20", "objective.pool=1"),
    }
    return (*quick.get(objective, ()), "guidance.weight=0.1", "guidance.real_batch=8", "validation.epochs=1")


class TestAnyWithAny:
    """Each form by each objective: what it stores is optimised, counted, read back, and trained on."""

    @pytest.mark.parametrize("labels", ["hard", "soft"])
    @pytest.mark.parametrize("objective", OBJECTIVES)
    @pytest.mark.parametrize("form", PARAMETERIZATIONS)
    def test_a_form_is_encoded_and_reads_as_its_layout_says(self, tiny, digits, form, objective, labels):
        pairs = (*small(objective), f"parameterization.labels={labels}", "parameterization.dtype=float32")
        made = tiny(*pairs, parameterization=form, objective=objective, iterations=2, ipc=3)
        result = made.run()
        file, layout = read(made.path), made.layout
        assert file.header.layout == layout
        assert file.header.parameterization == form
        assert result.nbytes == made.path.stat().st_size == file.nbytes
        check_finite(file)
        images, found = NSDDataset(made.path).all()
        assert len(images) == layout.images >= 10
        assert found.shape == ((layout.images, 10) if labels == "soft" else (layout.images,))
        dataset = NSDDataset(made.path)
        brief = dataclasses.replace(dataset.recipe, epochs=1, network=made.settings.network)
        (accuracy,) = evaluate(dataset, digits, 1, recipe=brief).accuracies
        assert 0 <= accuracy <= 1

    @pytest.mark.parametrize("labels", ["hard", "soft"])
    @pytest.mark.parametrize("form", PARAMETERIZATIONS)
    def test_only_what_a_form_fixes_stays_as_it_began(self, tiny, form, labels, monkeypatch):
        pairs = (*small("dm"), f"parameterization.labels={labels}", "parameterization.dtype=float32")
        made = tiny(*pairs, parameterization=form, iterations=3, ipc=3)
        before = read(_written(made.but("iterations=0"), "before.nsd"))
        monkeypatch.setattr(training, "accuracy", lambda *rest, seen=[]: seen.append(0) or float(len(seen)))
        after = read(_written(made, "after.nsd"))
        fixed = {role for role in before.arrays if np.array_equal(before.arrays[role], after.arrays[role])}
        assert fixed == made.settings.parameterization.fixed & set(before.arrays)

    @pytest.mark.parametrize("labels", ["hard", "soft"])
    def test_a_form_of_ones_own_takes_one_class_and_one_registration(self, tiny, monkeypatch, labels):
        monkeypatch.setitem(PARAMETERIZATIONS, "striped", Striped)
        source = toy_source(Geometry(4, 1, 8, 8), train=20, test=8)
        pairs = (f"parameterization.labels={labels}", "a_class=3")
        made = tiny(*pairs, source=source, parameterization="striped", iterations=4, ipc=2)
        result = made.run()
        dataset = NSDDataset(made.path)
        assert dataset.header.parameterization == "striped"
        images, _ = dataset.all()
        assert images.shape == (12, 1, 8, 8)
        factors = images[:, :, 1:] / images[:, :, :1]  # of each row to the first: the same in all images and columns
        assert factors.std(dim=(0, 3)).max() < 1e-2 < (factors - 1).abs().max()
        assert result.validation == dataset.header.provenance["validation"] > 0
        judge = replace(dataset.recipe, epochs=20, network=NetworkSpec(depth=1, width=8))
        assert evaluate(dataset, source, count=1, recipe=judge).mean > 0.3

    def test_soft_labels_under_sgd_need_a_rate_and_learn_by_it(self, tiny):
        pairs = ("optimizer.kind=sgd", "optimizer.learning_rate=1e-9", "optimizer.decay=false", "real_per_class=4")
        pairs += ("parameterization.labels=soft", "parameterization.dtype=float32")
        with pytest.raises(InvalidSetting, match=r"soft labels under sgd .* optimizer\.label_rate=1"):
            tiny(*pairs, parameterization="pixel", ipc=3)
        before, after = (
            read(_written(tiny(*pairs, f"optimizer.label_rate={rate}", parameterization="pixel", ipc=3), f"{rate}.nsd"))
            for rate in (1e-12, 1.0)
        )
        moved = [np.abs(after.arrays[role] - before.arrays[role]).max() for role in ("spectrum", "labels")]
        assert moved[0] < 1e-3 < moved[1]

    @pytest.mark.parametrize("kind", ["herding", "forgetting"])
    def test_a_coreset_is_the_images_that_it_ranks_first(self, tiny, kind):
        pairs = (f"init={kind}", "coreset.epochs=2", "parameterization.dtype=float32")
        made = tiny(*pairs, parameterization="pixel", objective="none", ipc=2)
        made.run()
        source, _ = hold_out(made.task)
        plan = plan_memory(made.compute, made.settings, source, made.layout)
        context = context_of(made.task, made.compute, source, plan, made.experts_folder, lambda progress: None)
        ranks = coresets.ranking(kind, context, 2, made.settings.coreset)
        wanted = torch.cat([context.real.take(index)[0] for index in ranks])
        assert torch.equal(NSDDataset(made.path).all()[0], wanted)

    @pytest.mark.parametrize("form", ["fred", "dwt", "svd"])
    def test_a_stopped_run_goes_on_to_the_same_file(self, tiny, form):
        pairs = (*small("dm"), "parameterization.labels=soft")
        made = tiny(*pairs, parameterization=form, iterations=6, ipc=3, checkpoint_seconds=0.0)
        whole = _written(made, "whole.nsd").read_bytes()
        stopping = made.at("resumed.nsd")
        with pytest.raises(Interrupted):
            stopping.run(stop_at(3))
        stopping.but(resume=True).run()
        assert stopping.path.read_bytes() == whole


def _written(encoding: Encode, name: str) -> Path:
    made = encoding.at(name)
    made.run()
    return made.path


def stop_at(iteration: int):
    """A listener that interrupts the process when the run is there."""

    def listen(progress):
        if progress.phase == "distilling" and progress.loss is not None:
            listen.steps += 1
            if listen.steps == iteration:
                os.kill(os.getpid(), signal.SIGINT)

    listen.steps = 0
    return listen


class TestAFinishedRun:
    def test_logs_its_start_checks_steps_and_end(self, tiny):
        made = tiny(iterations=4)
        made = made.but("validation.checks=2")
        result = made.run()
        assert [event["event"] for event in made.events()] == [
            "start", "check", "step", "step", "check", "step", "step", "check", "end",
        ]  # fmt: skip
        assert [event["iteration"] for event in made.events("check")] == [0, 2, 4]
        assert made.events("start")[0]["settings"]["network.width"] == 8
        assert made.events("end")[0]["bytes"] == result.nbytes == made.path.stat().st_size
        assert result.validation == max(event["accuracy"] for event in made.events("check"))
        assert result.iterations == 4

    def test_leaves_a_sound_file_and_no_checkpoint(self, tiny):
        made = tiny(checkpoint_seconds=0.0)
        made.run()
        assert sorted(path.name for path in made.path.parent.glob("*.nsd*")) == ["out.nsd", "out.nsd.log.jsonl"]
        check_finite(read(made.path))

    def test_the_header_has_recipe_and_provenance(self, tiny, digits):
        made = tiny("training.epochs=12", seed=3, ipc=1.5)
        result = made.run()
        header = NSDDataset(made.path).header
        assert header.provenance == result.header.provenance
        assert header.layout.elements <= 960
        assert header.recipe.epochs == 12
        assert header.recipe.network.depth == 2  # 8 pixels
        assert header.recipe.augmentation == digits.augmentation
        assert header.classes == digits.classes
        assert header.normalization == digits.normalization
        assert header.provenance["seed"] == 3
        assert header.provenance["source"] == f"digits {digits.sha256[:16]}"
        assert header.provenance["set"] == list(made.task.overrides)
        assert header.provenance["encoder"].endswith(f"torch {torch.__version__.split('+')[0]}")

    @pytest.mark.parametrize(
        ("channels", "size", "form"), [(1, 28, "nsd"), (3, 24, "dwt"), (3, 24, "fred"), (1, 28, "memory")]
    )
    def test_images_may_be_grey_or_coloured_and_of_sides_that_are_no_powers_of_two(
        self, tiny, tmp_path, channels, size, form
    ):
        source = toy_source(Geometry(2, channels, size, size), train=50)
        made = tiny(source=source, parameterization=form, iterations=2)
        result = made.run()
        images, labels = NSDDataset(made.path).all()
        assert images.shape[1:] == (channels, size, size)
        assert set(labels.tolist()) == {0, 1}
        assert (result.iterations, result.skipped) == (2, 0)
        assert made.events("step")[-1]["loss"] > 0

    @pytest.mark.parametrize("form", ["nsd", "pixel"])
    def test_the_labels_are_balanced(self, tiny, form):
        made = tiny(parameterization=form, ipc=2)
        made.run()
        counts = Counter(NSDDataset(made.path).labels.tolist())
        assert set(counts) == set(range(10))
        assert len(set(counts.values())) == 1

    def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(self, tiny, tmp_path):
        data = []
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            made = tiny(seed=seed, path=tmp_path / f"{name}.nsd")
            torch.manual_seed(len(data))  # the global generator is nobody's business
            made.run()
            data.append(made.path.read_bytes())
        assert data[0] == data[1]
        images = [NSDDataset(content).all()[0] for content in data[1:]]
        assert not torch.equal(*images)

    def test_the_best_check_is_kept_and_not_the_last(self, tiny, monkeypatch):
        accuracies = iter([0.2, 0.9, 0.5])
        monkeypatch.setattr(training, "accuracy", lambda *_: next(accuracies))
        made = tiny("validation.checks=2", iterations=4)
        result = made.run()
        assert result.validation == 0.9
        assert result.header.provenance["iterations"] == 2

    def test_a_set_that_overflows_its_stored_type_is_never_the_best(self, tiny, monkeypatch):
        accuracies = iter([0.2, 0.9])
        monkeypatch.setattr(training, "accuracy", lambda *_: next(accuracies))
        made = tiny("optimizer.learning_rate=1e9", parameterization="pixel", iterations=1)
        assert made.run().header.provenance["iterations"] == 0
        assert NSDDataset(made.path).all()[0].isfinite().all()

    def test_the_objective_none_changes_nothing(self, tiny, digits):
        made = tiny(parameterization="pixel", objective="none")
        made.run()
        dataset = NSDDataset(made.path)
        real = {image.numpy().tobytes() for image in digits.train.images}
        assert all(image.numpy().tobytes() in real for image in dataset.to_pixels(dataset.all()[0]))
        assert made.events("step") == []

    def test_progress_rises_from_0_to_1(self, tiny):
        heard = []
        tiny(iterations=5).run(heard.append)
        done = [entry.done for entry in heard]
        assert done[0] == 0
        assert done == sorted(done)
        assert done[-1] == 1
        assert {"validating", "distilling"} <= {entry.phase for entry in heard}


class TestObjectivesOfFeaturesAndGradients:
    @pytest.mark.parametrize("objective", ["dc", "cafe", "krr"])
    def test_its_images_teach_more_than_the_real_ones_it_began_with(self, tiny, tmp_path, objective):
        pairs = (
            "network.width=16", "validation.width=16", "validation.epochs=100", "validation.per_class=30",
            "training.learning_rate=0.05", "optimizer.learning_rate=0.05",
        )  # fmt: skip
        found = {}
        for each in ("none", objective):
            path = tmp_path / f"{each}.nsd"
            made = tiny(*pairs, parameterization="pixel", objective=each, iterations=25, path=path, seed=1)
            found[each] = made.run().validation
        assert found[objective] > found["none"] + 0.1


class TestTrajectoryMatching:
    def test_its_loss_falls(self, tiny):
        made = tiny(
            "objective.experts=1", "objective.student_steps=4", "objective.expert_epochs=1", "objective.last_start=0",
            "objective.student_rate=0.05", "optimizer.learning_rate=0.1", objective="mtt", iterations=30, ipc=4,
        )  # fmt: skip
        made.run()
        losses = [event["loss"] for event in made.events("step")]
        assert len(losses) == 30
        assert sum(losses[-5:]) < 0.97 * sum(losses[:5])

    def test_the_learned_rate_is_the_rate_of_the_files_recipe(self, tiny, monkeypatch):
        monkeypatch.setattr(training, "accuracy", lambda *_: 0.5)  # the last check is the best
        made = tiny(*MTT, "objective.student_rate=0.037", "objective.rate_learning_rate=1.0", objective="mtt")
        made.run()
        rate = NSDDataset(made.path).recipe.learning_rate
        assert rate == made.events("check")[-1]["student_rate"]
        assert rate != made.events("check")[0]["student_rate"] == 0.037

    def test_experts_are_made_once(self, tiny, tmp_path, monkeypatch):
        first = tiny(*MTT, objective="mtt", iterations=1, experts_folder=tmp_path / "experts")
        first.run()
        made = []
        monkeypatch.setattr(Experts, "_make", lambda self, expert, *rest: made.append(expert))
        first.but(path=tmp_path / "second.nsd").run()
        assert made == []
        assert (tmp_path / "second.nsd").read_bytes() == first.path.read_bytes()


class TestBudget:
    @pytest.mark.parametrize("form", ["nsd", "pixel"])
    def test_the_real_file_fits_the_bits_and_uses_them(self, tiny, form):
        # Noise, since real images compress, and that is not planned with.
        made = tiny("parameterization.init=noise", parameterization=form, ipc=None, bits_per_class=16_000)
        made.run()
        assert 0.8 * 20_000 <= made.path.stat().st_size <= 20_000

    def test_a_header_above_what_the_planner_reserves_is_planned_for(self, tiny, digits):
        source = replace(digits, classes=tuple(f"{name:é>200}" for name in digits.classes))
        made = tiny(source=source, ipc=None, bits_per_class=8_000)
        made.run()
        assert 0.8 * 10_000 <= made.path.stat().st_size <= 10_000

    def test_figures_known_only_at_the_end_do_not_break_it(self, tiny, digits, monkeypatch):
        """Iterations, accuracy and learned rate lengthen the header after the layout was accepted."""
        monkeypatch.setattr(training, "accuracy", lambda *_: 0.1234)
        monkeypatch.setattr(nsd_file.zstd, "compress", lambda data: data + bytes(1_000))  # as if nothing compressed
        source = replace(digits, classes=tuple(f"{name:x>250}" for name in digits.classes))
        pairs = (*MTT, "objective.student_rate=0.0123", "training.learning_rate=1.0")
        made = tiny(*pairs, source=source, parameterization="pixel", objective="mtt", iterations=10)

        def size_within(bits_per_class):
            return made.but(budget=Budget.of(source.geometry, None, bits_per_class)).run().nbytes

        size = size_within(6400.8)
        for nbytes in range(size - 8, size + 1):  # the layout fits, its figures do not
            assert size_within(round(nbytes * 0.8, 1)) <= nbytes

    @pytest.mark.parametrize("budget", [{"ipc": 0.1}, {"ipc": None, "bits_per_class": 1_000}])
    def test_one_too_small_is_refused_before_training(self, tiny, budget):
        made = tiny(**budget)
        with pytest.raises(OverBudget, match="raise --ipc" if budget["ipc"] else "raise --bits-per-class"):
            made.run()
        assert made.events() == []
        assert not made.path.exists()

    def test_a_header_that_the_budget_does_not_hold_is_told_with_the_bits_that_do(self, tiny):
        source = toy_source(Geometry(200, 1, 8, 8), train=2)
        source = replace(source, classes=tuple(f"some long class name number {label}" for label in range(200)))

        def planned(bits_per_class):
            return tiny(source=source, parameterization="pixel", ipc=None, bits_per_class=bits_per_class).layout

        with pytest.raises(OverBudget, match=r"the budget of 30,000; raise --bits-per-class to ([\d,]+)") as refused:
            planned(1_200)
        enough = int(str(refused.value).split("raise --bits-per-class to ")[1].replace(",", ""))
        assert enough > 1_200
        assert planned(enough).images >= 200
        with pytest.raises(OverBudget):
            planned(enough - 8)

    @pytest.mark.parametrize("bits_per_class", [10, 100, 200])
    @pytest.mark.parametrize("parameterization", ["pixel", "nsd", "dct"])
    def test_the_bits_that_are_named_are_enough(self, tiny, parameterization, bits_per_class):
        """Whether the set is too small, or the header of many long names, which the planner's reserve does not hold."""
        source = toy_source(Geometry(200, 1, 8, 8), train=2)
        source = replace(source, classes=tuple(f"some long class name number {label}" for label in range(200)))
        made = tiny(source=source, parameterization=parameterization, ipc=None, bits_per_class=bits_per_class)
        with pytest.raises(OverBudget, match=r"raise --bits-per-class to ([\d,]+)") as refused:
            _ = made.layout
        enough = int(str(refused.value).split("raise --bits-per-class to ")[1].split(", or")[0].replace(",", ""))
        assert made.but(budget=Budget.of(source.geometry, None, enough)).layout.images >= 200

    def test_images_that_no_network_takes_are_refused_before_the_budget(self, tiny):
        source = toy_source(Geometry(2, 1, 1, 40), train=8)
        with pytest.raises(InvalidSetting, match="leave nothing of 1 x 40 pixels; bring the images to at least 2 x 2"):
            tiny(source=source)

    def test_slices_above_the_budget_are_refused_with_the_number_that_fits(self, tiny, tmp_path):
        with pytest.raises(OverBudget, match=r"lower slices to (\d+)") as refused:
            tiny("parameterization.slices=50").run()
        fits = str(refused.value).split("lower slices to ")[1].split()[0]
        tiny(f"parameterization.slices={fits}").run()
        assert NSDDataset(tmp_path / "out.nsd").header.layout.elements <= 640


@dataclass
class SlowMachine:
    """A clock that moves by what steps, and epochs of checks, take here: those of the given numbers, twenty times as
    long."""

    step: float
    epoch: float
    long_steps: tuple[int, ...] = ()
    long_epochs: tuple[int, ...] = ()
    now: float = 1000.0
    checks: list[float] = field(default_factory=list)
    steps: int = 0
    epochs: int = 0

    def passes(self, seconds: float, long: bool) -> float:
        seconds *= 20 if long else 1
        self.now += seconds
        return seconds

    def monotonic(self) -> float:
        return self.now

    def install(self, monkeypatch) -> None:
        averaged, train_on = Draws.averaged, training.train_on

        def slow_step(*given):
            self.passes(self.step, self.steps in self.long_steps)
            self.steps += 1
            return averaged(*given)

        def slow_epochs(models, examples, recipe, *given, after_epoch, **named):
            def slow(epoch):
                self.checks[-1] += self.passes(self.epoch, self.epochs in self.long_epochs) - self.epoch
                self.epochs += 1
                after_epoch(epoch)

            self.checks.append(recipe.epochs * self.epoch)
            train_on(models, examples, recipe, *given, after_epoch=slow, **named)

        monkeypatch.setattr(Draws, "averaged", slow_step)
        monkeypatch.setattr(training, "train_on", slow_epochs)
        for module in (encoder, progress, validation):
            monkeypatch.setattr(module, "time", self)


class TestTimeLimit:
    @pytest.mark.parametrize(
        ("step", "epoch", "limit", "checks"),
        [
            pytest.param(1.0, 0.75, 60.0, 0, id="a check would take most of it"),
            pytest.param(1.0, 0.15, 60.0, 1, id="one check fits its share"),
            pytest.param(0.5, 0.19, 180.0, 3, id="three do"),
            pytest.param(0.5, 0.1, 600.0, 4, id="all do"),
            pytest.param(7.0, 0.4, 180.0, 1, id="steps are long"),
        ],
    )
    def test_checks_have_their_share_and_the_limit_is_kept(self, tiny, monkeypatch, step, epoch, limit, checks):
        machine = SlowMachine(step, epoch)
        machine.install(monkeypatch)
        made = tiny("validation.epochs=60", "validation.checks=4", time_limit=limit, iterations=1)
        result = made.run()
        judged = [event["iteration"] for event in made.events("check")]
        assert len(judged) == len(set(judged)) == checks
        assert judged[-1:] in ([], [result.iterations])
        assert abs(machine.now - 1000.0 - limit) <= max(0.05 * limit, 5.0)
        assert sum(machine.checks) <= 0.25 * limit  # with what it takes to foresee them
        assert result.times["checking"] == pytest.approx(sum(machine.checks))
        assert result.times["iterating"] == pytest.approx(result.iterations * step)
        assert sum(result.times.values()) == pytest.approx(machine.now - 1000.0)
        assert (result.validation is None) == (not checks)
        assert ("validation" in result.header.provenance) == bool(checks)
        assert len(NSDDataset(made.path)) == result.header.layout.images

    @pytest.mark.parametrize("busy", [(0, 1, 2), (1, 2, 3)])
    def test_a_moment_in_which_the_machine_is_busy_takes_no_check_and_refuses_no_run(self, tiny, monkeypatch, busy):
        """Twenty times the epoch would be no check, and twenty times the step too few steps."""
        machine = SlowMachine(1.0, 0.1, busy[1:], busy)
        machine.install(monkeypatch)
        result = tiny("validation.epochs=60", "validation.checks=4", time_limit=90.0).run()
        assert result.validation is not None
        assert result.iterations > 10

    @pytest.mark.parametrize("step", [1.5, 40.0])
    def test_one_of_too_few_steps_is_refused_with_one_that_is_not(self, tiny, monkeypatch, step):
        machine = SlowMachine(step, 0.1)
        machine.install(monkeypatch)
        with pytest.raises(InvalidSetting, match=r"give at least (\d+)s") as refused:
            tiny(time_limit=12.0, restart=True).run()
        assert machine.now - 1000.0 <= max(3.0 * step, 5.0)
        enough = float(str(refused.value).split("give at least ")[1].split("s,")[0])
        assert tiny(time_limit=enough, restart=True).run().iterations >= 10

    def test_ctrl_c_ends_a_check_within_an_epoch_and_writes_what_is_there(self, tiny, monkeypatch):
        machine = SlowMachine(1.0, 0.1)
        machine.install(monkeypatch)
        made = tiny("validation.epochs=60", time_limit=100.0)

        def listen(at):
            if at.phase == "validating, epoch 3 of 60":
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(Interrupted, match=r"holds the best so far \(not judged yet\)"):
            made.run(listen)
        assert machine.checks[-1] == pytest.approx(60 * 0.1)
        assert made.events("check") == []
        assert len(NSDDataset(made.path)) == made.layout.images
        assert made.but(resume=True).run().validation is not None

    def test_a_step_that_lasts_is_left_soon_after_ctrl_c(self, tiny, monkeypatch):
        monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.2)

        def long(*given):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(30)

        monkeypatch.setattr(Draws, "averaged", long)
        began = time.monotonic()
        with pytest.raises(Interrupted):
            tiny().run()
        assert time.monotonic() - began < 25

    def test_the_run_ends_within_it_and_uses_it(self, tiny):
        made = tiny(time_limit=3.0, iterations=1)
        started = time.monotonic()
        result = made.run()
        assert 1.9 < time.monotonic() - started < 6.0
        assert result.iterations > 10  # the settings' one iteration does not count
        assert len(NSDDataset(made.path)) == result.header.layout.images

    def test_none_at_all_is_refused(self, tiny):
        with pytest.raises(InvalidSetting, match="above 0"):
            tiny(time_limit=0.0)


def _never_done(encoding: Encode) -> None:
    """In a process of its own, which is killed before the end, however slow the one who kills."""
    progress.LOG_SECONDS = 0.0
    training.accuracy = lambda *_: 0.5
    encoding.run(lambda at: time.sleep(60 if at.phase == "distilling" and at.done >= 0.5 else 0.0))


def test_a_network_whose_students_keep_their_graph_is_told_of(tiny, monkeypatch):
    told = tiny(*MTT, objective="mtt").run()
    monkeypatch.setattr(student.tangents, "has_tangent", lambda network: False)
    plain = tiny(*MTT, objective="mtt")
    result = plain.but(restart=True).run()
    assert told.notes == ()
    assert len(result.notes) == 1
    assert "convnet has no tangent" in result.notes[0]
    assert [one["notes"] for one in plain.events("start")] == [list(result.notes)]


class TestResume:
    @pytest.mark.parametrize(
        ("form", "objective", "pairs"),
        [
            pytest.param("nsd", "dm", (), marks=pytest.mark.release),
            pytest.param(*("nsd", "dm", ("objective.pool=2", "objective.pool_age=3")), marks=pytest.mark.release),
            pytest.param(*("pixel", "dm", ("optimizer.kind=sgd", "validation.checks=10")), marks=pytest.mark.release),
            ("nsd", "mtt", (*MTT, "objective.rate_learning_rate=0.01")),
            ("nsd", "dm", ("guidance.weight=0.1",)),
            pytest.param(
                *("nsd", "dm", ("objective.classes_at_once=1", "objective.synthetic_per_class=2")),
                marks=pytest.mark.release,
            ),
            pytest.param(
                *("pixel", "dc", ("objective.network_life=50", "objective.inner_steps=1")), marks=pytest.mark.release
            ),
        ],
        ids=["dm", "pool", "pixel", "mtt", "guided", "some", "dc"],
    )
    def test_after_a_kill_the_file_is_that_of_an_uninterrupted_run(
        self, tiny, tmp_path, monkeypatch, form, objective, pairs
    ):
        # Ties, so that the arrays of the last iteration are the file's, and not those from before the kill.
        monkeypatch.setattr(training, "accuracy", lambda *_: 0.5)
        whole = tiny(*pairs, parameterization=form, objective=objective, iterations=40, path=tmp_path / "whole.nsd")
        whole.run()
        cut = whole.but(path=tmp_path / "cut.nsd")
        with started(1, _never_done, cut.but(checkpoint_seconds=0.0)) as (child,):
            wait(lambda: not child.is_alive() or (len(cut.events("step")) >= 4 and cut.output.checkpoint.exists()))
            assert child.is_alive()
            child.kill()
            child.join()
        assert not cut.path.exists()
        cut.but(resume=True).run()
        resumed_at = cut.events("start")[1]["iteration"]
        assert 0 < resumed_at < 40
        assert NSDDataset(cut.path).header.provenance["iterations"] == 40
        assert cut.path.read_bytes() == whole.path.read_bytes()

    def test_after_ctrl_c_the_command_says_how_and_does(self, tmp_path, monkeypatch):
        pytest.importorskip("typer")
        whole, cut = tmp_path / "whole.nsd", tmp_path / "cut.nsd"
        pairs = (*TINY, "parameterization.init=noise", "optimizer.learning_rate=0.1", "iterations=200")
        options = ["--device", "cpu", "--precision", "float32", *(word for pair in pairs for word in ("--set", pair))]
        code = "from nsdcodec_cli import main; main()"
        child = subprocess.Popen(
            [sys.executable, "-c", code, "encode", "digits", "-o", cut, *options], stderr=subprocess.PIPE, text=True
        )
        log = cut.with_name("cut.nsd.log.jsonl")
        _wait(lambda: log.exists() and '"check"' in log.read_text(), child)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
        assert child.returncode == 130
        assert "--resume" in said
        assert "Traceback" not in said
        assert len(NSDDataset(cut)) > 0
        assert _command("encode", "digits", "-o", whole, *options) == 0
        assert whole.read_bytes() != cut.read_bytes()
        assert _command("encode", "digits", "-o", cut, *options, "--resume") == 0
        assert cut.read_bytes() == whole.read_bytes()
        assert not cut.with_name("cut.nsd.checkpoint").exists()

    def test_a_second_ctrl_c_does_not_save_half_a_step(self, stopped, monkeypatch):
        saved = stopped.output.checkpoint.read_bytes()

        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(DistributionMatching, "loss", interrupted)
        with pytest.raises(Interrupted, match="--resume"):
            stopped.but(resume=True).run()
        assert stopped.output.checkpoint.read_bytes() == saved
        assert len(NSDDataset(stopped.path)) > 0

    @pytest.mark.parametrize("objective", ["dm", "mtt"])
    def test_stopped_before_its_first_iteration_it_speaks_of_experts_where_there_are_any(
        self, tiny, objective, monkeypatch
    ):
        def interrupted(*_, **named):
            raise KeyboardInterrupt

        monkeypatch.setattr(encoder, "start", interrupted)
        with pytest.raises(Interrupted, match="nothing was written") as stopped:
            tiny(objective=objective).run()
        assert ("experts that were finished are kept in" in str(stopped.value)) == (objective == "mtt")

    def test_a_run_that_is_done_goes_on_with_a_longer_time(self, tiny):
        made = tiny("validation.checks=4", "validation.epochs=1", time_limit=2.0, keep_checkpoint=True)
        first = made.run()
        assert made.output.checkpoint.exists()
        second = made.but(time_limit=first.seconds + 2.0, resume=True, keep_checkpoint=False).run()
        assert second.iterations > first.iterations
        assert second.seconds > first.seconds + 1.0
        # What the second run did is judged too, at its end and before.
        later = [event["iteration"] for event in made.events("check") if event["iteration"] > first.iterations]
        assert len(later) >= 2
        assert later[-1] == second.iterations
        assert not made.output.checkpoint.exists()

    @pytest.fixture
    def stopped(self, tiny, monkeypatch) -> Encode:
        """A run that ended at its second iteration, as by a kill: its checkpoint is there."""
        made = tiny(checkpoint_seconds=0.0)

        def listen(at):
            if at.phase == "distilling" and at.done > 0.5:
                raise MemoryError

        with pytest.raises(MemoryError):
            made.run(listen)
        assert made.output.checkpoint.exists()
        return made

    @pytest.mark.parametrize(
        ("pair", "named"),
        [("optimizer.learning_rate=0.5", "optimizer.learning_rate"), ("iterations=9", "iterations")],
    )
    def test_other_settings_are_refused_by_name(self, stopped, pair, named):
        with pytest.raises(InvalidSetting, match=named):
            stopped.but(pair, resume=True).run()

    @pytest.mark.parametrize(
        ("field", "value", "named"), [("seed", 1, "seed"), ("budget", Budget(elements=1280), "elements of the budget")]
    )
    def test_another_seed_or_budget_is_refused_by_name(self, stopped, field, value, named):
        with pytest.raises(InvalidSetting, match=named):
            stopped.but(resume=True, **{field: value}).run()

    def test_other_real_images_are_refused(self, stopped, digits):
        images = digits.train.images.clone()
        images[0, 0, 0, 0] ^= 1
        with pytest.raises(InvalidSetting, match="source"):
            stopped.but(resume=True, source=replace(digits, train=sources.Split(images, digits.train.labels))).run()

    def test_without_a_checkpoint_it_is_refused_before_anything_is_made(self, tiny, tmp_path):
        made = tiny(*MTT, objective="mtt", resume=True, experts_folder=tmp_path / "experts")
        with pytest.raises(FileAccess, match="leave --resume out"):
            made.run()
        assert not made.experts_folder.exists()
        assert not made.output.log.exists()

    def test_a_leftover_checkpoint_needs_a_word(self, stopped):
        before = stopped.output.checkpoint.read_bytes()
        with pytest.raises(InvalidSetting, match=r"--resume.*--restart"):
            stopped.run()
        assert stopped.output.checkpoint.read_bytes() == before

    def test_restart_drops_it(self, stopped, tmp_path):
        fresh = stopped.but(path=tmp_path / "fresh.nsd")
        fresh.run()
        stopped.but(restart=True).run()
        assert stopped.path.read_bytes() == fresh.path.read_bytes()
        assert [event["iteration"] for event in stopped.events("start")] == [0]
        assert not stopped.output.checkpoint.exists()

    def test_restart_drops_it_at_once(self, stopped):
        """Or a kill before the first new checkpoint would leave the old run to be resumed."""

        def listen(at):
            raise MemoryError

        with pytest.raises(MemoryError):
            stopped.but(restart=True).run(listen)
        assert not stopped.output.checkpoint.exists()

    @pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-5], lambda data: b"\xff" * 64])
    def test_a_corrupt_checkpoint_is_refused(self, stopped, damage):
        stopped.output.checkpoint.write_bytes(damage(stopped.output.checkpoint.read_bytes()))
        with pytest.raises(FileAccess, match="not a checkpoint"):
            stopped.but(resume=True).run()

    def test_another_safetensors_file_is_no_checkpoint(self, stopped, tiny, tmp_path):
        other = tiny(path=tmp_path / "other.nsd")
        other.run()
        stopped.output.checkpoint.write_bytes(other.path.read_bytes())
        with pytest.raises(FileAccess, match="not a checkpoint"):
            stopped.but(resume=True).run()


class TestDivergence:
    @pytest.fixture
    def spoil(self, monkeypatch):
        """spoil(which): the loss is not finite at these iterations."""
        true = DistributionMatching.loss

        def spoil(which, value=float("nan")):
            def loss(self, state, images, labels, iteration):
                step = true(self, state, images, labels, iteration)
                return replace(step, loss=step.loss * value) if which(iteration) else step

            monkeypatch.setattr(DistributionMatching, "loss", loss)

        return spoil

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_a_step_that_is_not_finite_changes_nothing_and_is_counted(self, tiny, spoil, value):
        spoil(lambda iteration: iteration in (1, 3), value)
        made = tiny(iterations=6)
        result = made.run()
        assert result.skipped == 2
        assert result.iterations == 6
        assert made.events("step")[-1]["skipped"] == 2
        assert made.events("step")[1]["loss"] in ("nan", "inf")
        assert NSDDataset(made.path).all()[0].isfinite().all()

    def test_only_bad_steps_leave_the_initial_images(self, tiny, spoil, tmp_path, monkeypatch):
        monkeypatch.setattr(training, "accuracy", lambda *_: 0.5)
        tiny(objective="none", path=tmp_path / "initial.nsd").run()
        spoil(lambda iteration: True)
        tiny(iterations=3).run()
        initial, kept = (NSDDataset(tmp_path / name).all()[0] for name in ("initial.nsd", "out.nsd"))
        assert torch.equal(initial, kept)

    def test_20_in_a_row_end_the_run_with_advice(self, tiny, spoil):
        spoil(lambda iteration: iteration >= 2)
        made = tiny("optimizer.learning_rate=0.04", iterations=100)
        with pytest.raises(Diverged, match=r"20 steps.*--set optimizer.learning_rate=0.01"):
            made.run()
        assert len(made.events("step")) == 21

    def test_19_in_a_row_do_not(self, tiny, spoil):
        spoil(lambda iteration: iteration % 20 != 0)
        assert tiny(iterations=60).run().skipped == 57


class TestScaledIntegers:
    @pytest.mark.parametrize("dtype", ["int8", "int4"])
    @pytest.mark.parametrize(("form", "labels"), [("nsd", "soft"), ("fred", "hard")])
    def test_the_file_holds_what_was_validated_and_training_saw_the_rounding(
        self, tiny, form, labels, dtype, monkeypatch
    ):
        seen = []
        loss = DistributionMatching.loss

        def spy(self, state, images, labels, iteration):
            seen.append(images.detach().clone())
            return loss(self, state, images, labels, iteration)

        monkeypatch.setattr(DistributionMatching, "loss", spy)
        pairs = (f"parameterization.dtype={dtype}", f"parameterization.labels={labels}", "validation.checks=1")
        made = tiny(*pairs, *small("dm"), parameterization=form, objective="dm", ipc=4)
        made.run()
        file = read(made.path)
        assert file.header.layout.arrays["spectrum"].dtype == dtype
        assert file.header.layout.arrays["spectrum"].scale_axes == 2
        # The first images seen are those of the initial arrays as a file would hold them.
        made.but(settings=made.settings.with_names(None, "none"), restart=True).run()
        # (Small kernels are trained as they are, and stored in float16.)
        torch.testing.assert_close(seen[0], NSDDataset(made.path).all()[0], rtol=0, atol=3e-3)

    def test_a_fourth_of_the_bits_holds_more_images_in_the_same_bytes(self, tiny):
        # Of normal values: real digits have so few different ones that even as floats they compress to less.
        made = tiny("init=noise", parameterization="pixel", objective="none", ipc=None, bits_per_class=8 * 640)
        floats, coarse = made.layout, made.but("dtype=int4").layout
        assert coarse.images > 3 * floats.images


class TestAFullDisk:
    """An earlier output stays as it was, nothing half-written stays behind, and the error says so."""

    @pytest.fixture
    def earlier(self, tmp_path) -> bytes:
        content = b"an earlier output"
        (tmp_path / "out.nsd").write_bytes(content)
        return content

    def _check(self, made: Encode, earlier: bytes) -> None:
        assert made.path.read_bytes() == earlier
        assert list(made.path.parent.glob(".*")) == []

    def test_while_writing_the_output(self, tiny, earlier):
        made = tiny(objective="none")
        with limited(2_000), pytest.raises(FileAccess, match="unchanged"):
            made.run()
        self._check(made, earlier)

    def test_the_output_is_written_though_neither_checkpoint_nor_log_fit(self, tiny, earlier):
        made = tiny(checkpoint_seconds=0.0, keep_checkpoint=True)
        made.run()
        whole = made.path.read_bytes()
        made.output.checkpoint.unlink()
        made.path.write_bytes(earlier)
        with limited(len(whole)):
            result = made.run()
        assert made.path.read_bytes() == whole
        assert not made.output.checkpoint.exists()
        assert list(made.path.parent.glob(".*")) == []
        unsaved, incomplete = result.notes[-2:]
        assert "out.nsd.checkpoint" in unsaved
        assert "File too large" in unsaved
        assert "out.nsd.log.jsonl" in incomplete
        assert not made.events("end")
        assert made.output.log.read_bytes().endswith(b"}\n")

    def test_what_was_reached_is_written_at_an_interrupt_though_the_checkpoint_does_not_fit(self, tiny):
        made, told = tiny(iterations=1000), []

        def stop(progress):
            told.append(progress.phase)
            if told.count("distilling") == 1:
                os.kill(os.getpid(), signal.SIGINT)

        with limited(4_000), pytest.raises(Interrupted, match=r"holds the best so far.*no checkpoint.*File too large"):
            made.run(stop)
        assert read(made.path).header.layout == made.layout

    def test_while_the_last_checkpoint_is_replaced_the_one_before_stays(self, tiny, monkeypatch):
        made = tiny(checkpoint_seconds=0.0, iterations=10)
        calls, true = [], os.fsync

        def fsync(descriptor):
            calls.append(descriptor)
            if len(calls) > 6:  # two a checkpoint: the file and its folder
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            true(descriptor)

        monkeypatch.setattr(atomic.os, "fsync", fsync)
        with pytest.raises(FileAccess, match="No space left"):
            made.run()
        monkeypatch.undo()
        made.but(resume=True).run()
        assert [event["iteration"] for event in made.events("start")] == [0, 3]

    def test_a_log_that_cannot_be_written_is_an_error_too(self, tiny, tmp_path):
        made = tiny()
        made.output.log.mkdir()
        with pytest.raises(FileAccess, match="log"):
            made.run()


@contextlib.contextmanager
def limited(nbytes: int):
    """No file of this process may grow above this many bytes: to `write` it is as a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _wait(until, child: subprocess.Popen, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert child.poll() is None, "the process ended by itself"
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.003)


def _command(*arguments) -> int:
    """The exit code of nsdc, run in this process."""
    from nsdcodec_cli.main import run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["nsdc", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            run()
    return end.value.code or 0


def test_compiling_is_left_to_where_it_saves_minutes(tiny, monkeypatch):
    monkeypatch.setattr(compiled, "missing", lambda device: None)
    made = tiny(*MTT, objective="mtt")

    def settled(one):
        return compilation.settled(one.task, one.compute, made.layout)

    long = tiny(*MTT, objective="mtt", iterations=100_000_000)
    assert settled(made) == (False, ())
    assert settled(long) == (True, ())
    assert settled(long.but(compile=False)) == (False, ())
    assert settled(made.but(compile=True)) == (True, ())
    assert settled(made.but(time_limit=3600.0)) == (True, ())
    # A guiding student, or passes alone.
    assert settled(tiny("guidance.weight=1", objective="dc", time_limit=3600.0)) == (True, ())
    assert settled(tiny(objective="dc", time_limit=3600.0)) == (False, ())
    assert settled(tiny(time_limit=3600.0)) == (True, ())
    assert settled(tiny(time_limit=300.0)) == settled(tiny(iterations=100)) == (False, ())
    assert settled(tiny(iterations=100_000_000)) == (True, ())
    monkeypatch.setattr(compiled, "missing", lambda device: "g++ is not there")
    told = "networks are not compiled, and take longer: g++ is not there"
    assert settled(long) == (False, (told,))
    with pytest.raises(InvalidSetting, match=r"g\+\+ is not there"):
        settled(made.but(compile=True))


def test_a_compiled_run_goes_on_compiled_unless_it_is_told_otherwise(tiny, monkeypatch):
    monkeypatch.setattr(compiled, "missing", lambda device: None)
    seen = []
    kernels = compiled.kernels
    monkeypatch.setattr(encoder, "kernels", lambda wanted: seen.append(wanted) or kernels(False))
    made = tiny(*MTT, objective="mtt", iterations=6)
    for wanted in (True, False, None):
        made.but(compile=wanted, restart=True).run()
    assert seen == [True, False, False]
    stopped(made.but(compile=True))
    seen.clear()
    made.but(resume=True).run()
    assert seen == [True]
    stopped(made)
    made.but(resume=True, compile=True).run()
    assert seen == [True, False, True]


@pytest.mark.parametrize(
    ("asked", "time_limit", "wanted"), [(None, None, False), (None, 1e6, True), (True, None, True)]
)
def test_a_run_never_leaves_open_whether_it_is_compiled(tiny, monkeypatch, asked, time_limit, wanted):
    monkeypatch.setattr(compiled, "missing", lambda device: None)
    kernels, start, runs = compiled.kernels, encoder.start, []
    monkeypatch.setattr(encoder, "kernels", lambda wanted: kernels(False))
    monkeypatch.setattr(encoder, "start", lambda *rest, **named: runs.append(start(*rest, **named)) or runs[0])
    with pytest.raises(Interrupted):
        tiny(*MTT, objective="mtt", compile=asked, time_limit=time_limit).run(stop_at(1))
    (run,) = runs
    assert run.compute.compile is run.context.compute.compile is wanted


def stopped(encoding: Encode) -> None:
    with pytest.raises(Interrupted):
        encoding.but(restart=True).run(stop_at(2))


def test_bfloat16_students_tell_how_near_their_gradient_is(tiny):
    made = tiny(*MTT, objective="mtt")
    (note,) = made.but(precision="bfloat16").run().notes
    cosine = float(re.search(r"cosine of (0\.\d+|1\.0000)", note)[1])
    assert 0.9 < cosine <= 1
    (logged,) = [event["bfloat16_cosine"] for event in made.events() if "bfloat16_cosine" in event]
    assert logged == pytest.approx(cosine, abs=1e-4)
    assert not made.but(restart=True).run().notes

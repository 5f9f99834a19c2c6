"""`--start`: an encode that begins from the arrays of a file, whatever made it, with the layout of that file."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from contexts import toy_source
from encodes import Encode
from test_cli import TINY as QUICK
from test_cli import nsdc
from test_encoder import SlowMachine

from nsdcodec import NSDDataset, convert, read
from nsdcodec.encoding import encoder, starting
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.draws import Draws
from nsdcodec.encoding.encoder import Output, Task
from nsdcodec.encoding.forecast import forecast
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS
from nsdcodec.encoding.recipes import settings_for
from nsdcodec.errors import Interrupted, InvalidSetting, OverBudget
from nsdcodec.format.container import file as nsd_file
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.stored_types import ArraySpec
from nsdcodec.learning import training
from nsdcodec.sources.base import Split

TINY = ("network.width=4", "validation.width=4", "validation.epochs=2", "validation.checks=2", "validation.per_class=4")
DM = ("objective.pool=0", "objective.real_per_class=4")
MTT = ("experts=2", "student_steps=2", "expert_epochs=1", "last_start=1", "rate_learning_rate=1e-9")
SOURCE = toy_source(Geometry(4, 1, 8, 8), train=20)

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread", "every_iteration_logged")


@pytest.fixture(scope="module")
def experts_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("experts")


@pytest.fixture
def make(tmp_path, experts_folder):
    """make(*pairs, ...): a tiny encode of the toy source to tmp_path/out.nsd, from `start` where that is given."""

    def made(*pairs, start=None, source=SOURCE, objective="dm", parameterization=None, iterations=3, **fields):
        pairs = (*TINY, f"iterations={iterations}", *({"dm": DM, "mtt": MTT}.get(objective, ())), *pairs)
        settings = settings_for(
            source, parameterization=parameterization, objective=objective, changes=pairs, start=start
        )
        budget = Budget.of(source.geometry, 3.0) if start is None else starting.budget(start, settings)
        task = Task(source, settings, budget, recipe_name="cpu", overrides=pairs, start=start)
        return Encode(task, Output(tmp_path / "out.nsd"), experts_folder=experts_folder).but(**fields)

    return made


@pytest.fixture
def distilled(make):
    """distilled(*pairs, ...): the file of such an encode, as it was read."""

    def made(*pairs, **fields):
        encoding = make(*pairs, **fields).at("start.nsd")
        encoding.but(overwrite=True, restart=True).run()
        return read(encoding.path)

    return made


def with_labels(file, labels, tmp_path, name="labelled.nsd"):
    """The file with the class of each image stored."""
    specs = {**file.header.layout.arrays, "labels": ArraySpec("uint8", (len(labels),))}
    layout = replace(file.header.layout, arrays=specs, labels="stored")
    arrays = {**file.arrays, "labels": np.array(labels, np.uint8)}
    nsd_file.write(tmp_path / name, replace(file.header, layout=layout), arrays)
    return read(tmp_path / name)


def same_arrays(one, other):
    return one.arrays.keys() == other.arrays.keys() and all(
        np.array_equal(one.arrays[role], other.arrays[role]) for role in one.arrays
    )


def stop_at(iteration):
    def listen(progress):
        if progress.phase == "distilling" and progress.loss is not None:
            listen.steps += 1
            if listen.steps == iteration:
                os.kill(os.getpid(), signal.SIGINT)

    listen.steps = 0
    return listen


class TestWhatItBeginsAs:
    @pytest.mark.parametrize("form", PARAMETERIZATIONS)
    def test_every_parameterization_begins_as_the_file_whatever_its_own_plan_is(self, make, distilled, form):
        start = distilled(parameterization=form)
        made = make(start=start, objective="none", budget=Budget.of(SOURCE.geometry, 50))
        assert made.layout == start.header.layout
        made.run()
        file = read(made.path)
        assert same_arrays(file, start)
        assert file.header.layout == start.header.layout
        assert file.header.parameterization == form

    @pytest.mark.parametrize("objective", ["mtt", "dc"])
    def test_another_objective_goes_on_from_it(self, make, distilled, objective, monkeypatch):
        start = distilled(parameterization="idc")
        quick = ("inner_steps=1",) if objective == "dc" else ()
        made = make(*quick, "guidance.weight=0.1", "guidance.real_batch=8", start=start, objective=objective)
        seen = []
        averaged = Draws.averaged
        monkeypatch.setattr(
            Draws, "averaged", lambda self, images, *rest: (seen.append(images), averaged(self, images, *rest))[1]
        )
        monkeypatch.setattr(training, "accuracy", lambda *rest, seen=[]: seen.append(0) or float(len(seen)))
        made.run()
        before = read_images(start)
        assert torch.equal(seen[0].detach(), before)
        assert not torch.equal(seen[1].detach(), before)
        assert [event["iteration"] for event in made.events("check")] == [0, 2, 3]

    def test_another_stored_type_is_what_convert_rounds_to(self, make, distilled, tmp_path):
        start = distilled(parameterization="nsd")
        convert(tmp_path / "start.nsd", tmp_path / "converted.nsd", "int4")
        made = make("dtype=int4", start=start, objective="none")
        made.run()
        converted = read(tmp_path / "converted.nsd")
        assert read(made.path).header.layout == converted.header.layout != start.header.layout
        assert same_arrays(read(made.path), converted)

    def test_granularity_and_type_of_the_file_are_kept_unless_a_type_is_asked_for(self, make, distilled, tmp_path):
        distilled(parameterization="nsd")
        convert(tmp_path / "start.nsd", tmp_path / "rows.nsd", "int4", scale="row")
        start = read(tmp_path / "rows.nsd")
        assert make(start=start).layout == start.header.layout
        assert make("dtype=int6", start=start).layout.arrays["spectrum"].dtype == "int6"

    def test_a_value_too_large_for_the_type_is_refused(self, make, distilled):
        start = distilled("dtype=float32", parameterization="pixel")
        start = replace(start, arrays={"spectrum": start.arrays["spectrum"] * 1e6})
        with pytest.raises(InvalidSetting, match=r"spectrum has values up to .* float16 cannot hold.*bfloat16"):
            make("dtype=float16", start=start, objective="none").run()

    def test_soft_labels_begin_near_the_hard_ones_of_the_file(self, make, distilled, tmp_path):
        hard = distilled(parameterization="pixel")
        order = [3, 1, 2, 0] * 3
        for start, classes in (
            (hard, [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3),
            (with_labels(hard, order, tmp_path), order),
        ):
            made = make("labels=soft", "dtype=float32", start=start, objective="none")
            made.but(restart=True, overwrite=True).run()
            _, found = NSDDataset(made.path).all()
            assert torch.allclose(found[range(12), classes], torch.tensor(0.9), atol=1e-5)
            assert read(made.path).header.layout.elements == 12 * 64 + 12 * 4

    def test_images_stand_for_the_classes_that_the_file_gives_them(self, make, distilled, tmp_path, monkeypatch):
        """By the balanced rule, objectives would match them with real images of other classes."""
        order = [3, 1, 2, 0] * 3
        start = with_labels(distilled(parameterization="pixel"), order, tmp_path)
        seen, prepare = [], Draws.prepare
        monkeypatch.setattr(
            Draws,
            "prepare",
            lambda objective, context, *rest: (seen.append(context), prepare(objective, context, *rest))[1],
        )
        made = make(start=start)
        made.run()
        assert seen[0].stands_for.tolist() == order
        assert NSDDataset(made.path).labels.tolist() == order


def read_images(file):
    from nsdcodec.format import synthesis

    return synthesis.images(file.header.layout, {role: synthesis.to_torch(each) for role, each in file.arrays.items()})


class TestSettings:
    def test_type_labels_and_rate_are_the_files_unless_others_are_asked_for(self, make, distilled):
        start = distilled("dtype=float32", "labels=soft", "training.learning_rate=0.0321", parameterization="pixel")
        taken = make(start=start, objective="mtt").settings
        assert (taken.parameterization.dtype, taken.parameterization.labels) == ("float32", "soft")
        assert (taken.training.learning_rate, taken.objective.student_rate) == (0.0321, 0.0321)
        pairs = ("dtype=int8", "training.learning_rate=0.5", "student_rate=0.25")
        asked = make(*pairs, start=start, objective="mtt").settings
        assert (asked.parameterization.dtype, asked.parameterization.labels) == ("int8", "soft")
        assert (asked.training.learning_rate, asked.objective.student_rate) == (0.5, 0.25)

    def test_a_learned_rate_goes_on_from_what_was_learned(self, make, distilled):
        start = distilled("student_rate=0.0456", objective="mtt")
        assert start.header.recipe.learning_rate == pytest.approx(0.0456, rel=0.01)
        made = make(start=start, objective="mtt")
        made.run()
        rates = [event["student_rate"] for event in made.events("check")]
        assert rates[0] == pytest.approx(start.header.recipe.learning_rate)

    def test_an_objective_named_among_the_settings_has_the_rate_too(self, distilled):
        start = distilled("training.learning_rate=0.0321")
        settings = settings_for(SOURCE, changes=["objective.name=mtt"], start=start)
        assert settings.objective.student_rate == 0.0321

    @pytest.mark.parametrize("pair", ["slices=3", "parameterization.reading=C", "init=noise"])
    def test_what_would_change_the_arrays_is_refused(self, make, distilled, pair):
        start = distilled()
        with pytest.raises(InvalidSetting, match=f"arrays are those of --start; leave {pair} out"):
            make(pair, start=start)

    def test_what_a_parameterization_does_in_training_may_be_set(self, make, distilled):
        start = distilled(parameterization="dwt")
        assert make("band_share=0.75", start=start).settings.parameterization.band_share == 0.75


class TestRefused:
    def test_another_parameterization_by_both_names(self, make, distilled):
        start = distilled(parameterization="idc")
        with pytest.raises(InvalidSetting, match="'idc', and 'pixel' was asked for; give --parameterization idc"):
            make(start=start, parameterization="pixel")

    def test_another_geometry_by_both(self, make, distilled):
        start = distilled()
        with pytest.raises(InvalidSetting, match="4 classes of 1 x 8 x 8, and toy has 4 classes of 3 x 8 x 8"):
            make(start=start, source=toy_source(Geometry(4, 3, 8, 8), train=20))

    def test_other_classes_by_their_names(self, make, distilled):
        start = distilled()
        names = ("class 0", "class 1", "class 2", "bee")
        with pytest.raises(InvalidSetting, match="only the file has 'class 3' and only toy has 'bee'"):
            make(start=start, source=replace(SOURCE, classes=names))
        with pytest.raises(InvalidSetting, match="in another order"):
            make(start=start, source=replace(SOURCE, classes=SOURCE.classes[::-1]))

    def test_but_not_names_that_only_number_the_same_classes(self, make, distilled):
        assert make(start=distilled(), source=replace(SOURCE, classes=("0", "1", "2", "3"))).layout.images

    def test_another_normalisation(self, make, distilled):
        start = distilled()
        darker = Split(SOURCE.train.images // 2, SOURCE.train.labels)
        with pytest.raises(InvalidSetting, match=r"normalised by mean 0\.507 .* and toy has 0\.253"):
            make(start=start, source=replace(SOURCE, train=darker))

    def test_hard_labels_for_soft_ones(self, make, distilled):
        start = distilled("labels=soft")
        with pytest.raises(InvalidSetting, match="soft labels, and hard ones were asked for; give --labels soft"):
            make("labels=hard", start=start)

    @pytest.mark.parametrize("kind", ["elements", "file_bytes"])
    def test_a_budget_that_does_not_hold_it_with_one_that_does(self, make, distilled, kind):
        made = make(start=distilled(parameterization="pixel"))
        with pytest.raises(OverBudget, match=r"--start: .*raise it to") as refused:
            made.but(budget=Budget(**{kind: 700})).run()
        raised = float(str(refused.value).rpartition("raise it to ")[2].replace(",", ""))
        given = {"ipc": raised} if kind == "elements" else {"bits_per_class": raised}
        assert made.but(budget=Budget.of(SOURCE.geometry, **given)).layout == made.task.start.header.layout
        assert not made.path.exists()


class TestNeverWorse:
    def test_the_file_is_judged_first_and_kept_where_nothing_better_comes(self, make, distilled, monkeypatch):
        start = distilled()
        accuracies = iter([0.9, 0.8, 0.7])
        monkeypatch.setattr(training, "accuracy", lambda *_: next(accuracies))
        made = make(start=start)
        result = made.run()
        assert [event["accuracy"] for event in made.events("check")] == [0.9, 0.8, 0.7]
        assert result.validation == 0.9
        assert same_arrays(read(made.path), start)
        assert read(made.path).header.provenance["iterations"] == 0

    @pytest.mark.parametrize(
        ("epoch", "limit", "checks"),
        [
            pytest.param(0.15, 60.0, 0, id="one check would fit its share, and two are needed"),
            pytest.param(0.19, 130.0, 2, id="two fit"),
            pytest.param(0.19, 190.0, 3, id="three do"),
            pytest.param(0.1, 600.0, 5, id="all do"),
        ],
    )
    def test_by_a_time_limit_too_within_the_share_of_checks(self, make, distilled, monkeypatch, epoch, limit, checks):
        start = distilled()
        machine = SlowMachine(0.5, epoch)
        machine.install(monkeypatch)
        made = make("validation.epochs=60", "validation.checks=4", start=start, time_limit=limit)
        result = made.run()
        judged = [event["iteration"] for event in made.events("check")]
        assert len(judged) == len(set(judged)) == checks
        assert judged == [] or (judged[0], judged[-1]) == (0, result.iterations)
        assert (result.validation is None) == (not checks)
        assert abs(machine.now - 1000.0 - limit) <= max(0.05 * limit, 5.0)
        assert sum(machine.checks) <= 0.25 * limit

    def test_the_plan_counts_the_check_of_the_start(self, make, distilled, monkeypatch):
        start = distilled()
        SlowMachine(0.5, 0.19).install(monkeypatch)
        made = make("validation.epochs=60", "validation.checks=4", start=start, time_limit=190.0)
        told = forecast(made.task, made.compute)
        assert told.layout == start.header.layout
        assert told.times.checks == 3

    def test_a_judged_start_is_compared_with_the_end_though_the_check_took_longer_than_foreseen(
        self, make, distilled, monkeypatch
    ):
        start = distilled()
        foreseen = iter([0.3, 9.0])
        monkeypatch.setattr(encoder, "forecast", lambda run: next(foreseen))
        made = make(start=start, time_limit=4.0)
        result = made.run()
        judged = [event["iteration"] for event in made.events("check")]
        assert (judged[0], judged[-1]) == (0, result.iterations)


class TestResume:
    def test_goes_on_to_the_bytes_of_a_run_that_was_not_stopped(self, make, distilled, monkeypatch):
        monkeypatch.setattr(training, "accuracy", lambda *_: 0.5)
        start = distilled("labels=soft")
        made = make(start=start, objective="mtt", iterations=6, checkpoint_seconds=0.0)
        whole = made.at("whole.nsd")
        whole.run()
        with pytest.raises(Interrupted):
            made.run(stop_at(3))
        made.but(resume=True).run()
        assert made.path.read_bytes() == whole.path.read_bytes()
        assert not np.array_equal(read(made.path).arrays["spectrum"], start.arrays["spectrum"])

    @pytest.mark.parametrize("other", ["another file", "none"])
    def test_with_another_start_it_is_refused(self, make, distilled, other):
        start = distilled()
        made = make(start=start, checkpoint_seconds=0.0)
        with pytest.raises(Interrupted):
            made.run(stop_at(2))
        changed = distilled("optimizer.learning_rate=0.3") if other == "another file" else None
        with pytest.raises(InvalidSetting, match=f"was made with start '{start.digest}', this run has"):
            made.but(start=changed, resume=True).run()


class TestProvenance:
    def test_names_the_file_and_its_iterations(self, make, distilled, monkeypatch):
        monkeypatch.setattr(training, "accuracy", lambda *_: 0.5)
        start = distilled(iterations=3)
        made = make(start=start, iterations=2)
        made.run()
        provenance = read(made.path).header.provenance
        assert provenance["start"] == f"{start.digest[:16]}, 3 iterations"
        assert provenance["iterations"] == 2
        assert "start" not in start.header.provenance

    def test_another_seed_is_told_of(self, make, distilled):
        start = distilled(seed=7)
        assert "learned from some of those that judge it now" in make(start=start).run().notes[0]
        assert make(start=start, seed=7).but(overwrite=True).run().notes == ()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("command") / "start.nsd"
    more = ("--iterations", 1, "--parameterization", "idc", "--ipc", 2)
    assert nsdc("encode", "digits", "-o", path, *QUICK, *more).code == 0
    return path


class TestCommand:
    def test_goes_on_from_a_file_without_a_budget(self, file, tmp_path):
        path = tmp_path / "out.nsd"
        ran = nsdc("encode", "digits", "--start", file, "--objective", "none", "-o", path, *QUICK, "--json")
        assert ran.code == 0
        assert same_arrays(read(path), read(file))
        assert ran.json["elements"] == read(file).header.layout.elements == 1280
        shown = " ".join(nsdc("info", path).out.split())
        assert (
            f"started from {read(file).digest[:16]}, {read(file).header.provenance['iterations']} iterations" in shown
        )
        assert "started from" not in nsdc("info", file).out

    def test_in_another_type_the_scales_do_not_break_the_files_own_budget(self, file, tmp_path):
        more = ("--set", "dtype=int4", "--objective", "none", "-o", tmp_path / "out.nsd", "--json")
        ran = nsdc("encode", "digits", "--start", file, *QUICK, *more)
        assert (ran.code, ran.json["elements"]) == (0, 1280 + 80)

    def test_its_plan_is_of_the_file(self, file):
        ran = nsdc("encode", "digits", "--start", file, "--plan", "--iterations", 2, *QUICK, "--json")
        assert ran.json["arrays"] == {"spectrum": "float16 1x80x1x4x4"}

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            (("--parameterization", "nsd"), "'idc', and 'nsd' was asked for"),
            (("--init", "noise"), "leave parameterization.init=noise out"),
            (("--ipc", 1), "1,280 elements exceed the budget of 640"),
            (("--bits-per-class", 500), "the budget is 625"),
        ],
    )
    def test_what_does_not_go_with_the_file_is_refused(self, file, tmp_path, more, said):
        ran = nsdc("encode", "digits", "--start", file, "-o", tmp_path / "out.nsd", *QUICK, *more)
        assert ran.code in (2, 6)
        assert said in ran.err
        assert list(tmp_path.iterdir()) == []

    def test_the_file_is_not_the_output(self, file, monkeypatch):
        monkeypatch.chdir(file.parent)
        before = file.read_bytes()
        ran = nsdc("encode", "digits", "--start", file, "-o", "start.nsd", "--overwrite", *QUICK)
        assert (ran.code, file.read_bytes()) == (2, before)
        assert "give -o another name" in ran.err

"""Soft labels that begin as what teachers say of the images: what they are, when they stay, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from contexts import toy_source
from encodes import Encode
from test_encoder import stop_at

from nsdcodec import NSDDataset, read
from nsdcodec.encoding import starting
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.encoder import Output, Task
from nsdcodec.encoding.forecast import forecast
from nsdcodec.encoding.memory_plan import plan_memory
from nsdcodec.encoding.recipes import settings_for
from nsdcodec.encoding.run import context
from nsdcodec.encoding.task import hold_out
from nsdcodec.encoding.taught_labels import LEAST
from nsdcodec.errors import Interrupted, InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import networks, training

TINY = ("network.width=4", "validation.width=4", "validation.epochs=2", "validation.checks=2", "validation.per_class=4")
TAUGHT = ("parameterization.labels=soft", "parameterization.label_init=teachers", "teachers.networks=2")
TAUGHT += ("teachers.epochs=3", "teachers.batch_size=16", "teachers.temperature=3")
SOURCE = toy_source(Geometry(4, 1, 8, 8), train=40)

pytestmark = pytest.mark.usefixtures("nothing_of_this_machine", "one_thread", "every_iteration_logged")


@pytest.fixture(scope="module")
def experts_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("experts")


@pytest.fixture
def make(tmp_path, experts_folder):
    """make(*pairs, ...): a tiny encode of the toy source, from `start` where that is given."""

    def made(*pairs, objective="dm", parameterization="pixel", iterations=0, start=None, **fields):
        pairs = (*TINY, f"iterations={iterations}", *pairs)
        settings = settings_for(
            SOURCE, parameterization=parameterization, objective=objective, changes=pairs, start=start
        )
        budget = Budget.of(SOURCE.geometry, 6.0) if start is None else starting.budget(start, settings)
        task = Task(SOURCE, settings, budget, start=start)
        return Encode(task, Output(tmp_path / "out.nsd"), experts_folder=experts_folder).but(**fields)

    return made


def said(encoding, images):
    """The mean of what the teachers of the encode say of images, [n, classes], each at the least LEAST."""
    task = encoding.task
    source, _ = hold_out(task)
    plan = plan_memory(encoding.compute, task.settings, source, None)
    own = context(task, encoding.compute, source, plan, encoding.experts_folder, lambda progress: None)
    teachers, network = task.settings.teachers, own.new_network("any")
    assert teachers.missing(own) == 0
    of_each = []
    for teacher in range(teachers.networks):
        weights = teachers.trained(own).weights(teacher, teachers.epochs)
        network.load_state_dict(networks.unflatten(network, weights))
        with torch.no_grad():
            of_each.append((network(images) / 3.0).softmax(dim=1))
    mean = torch.stack(of_each).mean(dim=0).clamp(min=LEAST)
    return mean / mean.sum(dim=1, keepdim=True)


@pytest.mark.parametrize("objective", ["none", "dm"])
def test_they_are_the_mean_of_what_the_teachers_say(make, objective):
    made = make(*TAUGHT, "parameterization.dtype=float32", objective=objective)
    made.run()
    assert len(made.events("check")) == 1, "a set that nothing changes is judged once"
    images, labels = NSDDataset(made.path).all()
    torch.testing.assert_close(labels, said(made, images), rtol=1e-4, atol=1e-6)
    assert labels.std(dim=0).min() > 1e-3, "teachers that say the same of all images test nothing"


def test_they_stay_at_a_rate_of_nothing_and_are_learned_at_another(make, monkeypatch):
    # The last set is the best.
    monkeypatch.setattr(training, "accuracy", lambda *rest, seen=[]: seen.append(0) or float(len(seen)))

    def arrays(rate, iterations):
        pairs = (*TAUGHT, "parameterization.dtype=float32", f"optimizer.label_rate={rate}")
        made = make(*pairs, iterations=iterations).at(f"{rate}.{iterations}.nsd")
        made.run()
        return read(made.path).arrays

    before, kept, learned = arrays(0, 0), arrays(0, 4), arrays(0.1, 4)
    for after in (kept, learned):
        assert not np.array_equal(before["spectrum"], after["spectrum"])
    assert np.array_equal(before["labels"], kept["labels"])
    assert not np.array_equal(before["labels"], learned["labels"])


@pytest.mark.parametrize("form", ["pixel", "nsd"])
def test_a_finished_file_gets_them_and_keeps_its_images(make, form):
    first = make("parameterization.dtype=float32", objective="none", parameterization=form).at("first.nsd")
    first.run()
    file = read(first.path)
    again = make(*TAUGHT, parameterization=form, start=file).at("taught.nsd")
    again.run()
    found = read(again.path)
    for role, values in file.arrays.items():
        assert np.array_equal(found.arrays[role], values)
    images, labels = NSDDataset(again.path).all()
    torch.testing.assert_close(labels, said(again, images), rtol=1e-4, atol=1e-6)


def test_in_integers_that_share_the_error_of_the_images_they_have_one_step_and_take_few_bytes(make):
    made = make(*TAUGHT, "parameterization.dtype=int6", parameterization="nsd")
    made = made.but(budget=Budget.of(SOURCE.geometry, None, 4_000))
    made.run()
    file = read(made.path)
    assert set(file.scales["labels"].tolist()) == {0.5}
    images, labels = NSDDataset(made.path).all()
    wanted = said(made, images).log()
    assert ((labels.log() - wanted) - (labels.log() - wanted).mean(dim=1, keepdim=True)).abs().max() < 0.6
    assert file.nbytes <= 4 * 4_000 / 8


def test_a_stopped_run_goes_on_to_the_same_file(make):
    made = make(*TAUGHT, "optimizer.label_rate=0.01", iterations=6, checkpoint_seconds=0.0)
    whole = made.at("whole.nsd")
    whole.run()
    stopping = made.at("resumed.nsd")
    with pytest.raises(Interrupted):
        stopping.run(stop_at(3))
    stopping.but(resume=True).run()
    assert stopping.path.read_bytes() == whole.path.read_bytes()


def test_their_rate_falls_when_half_of_the_epochs_are_done(make, monkeypatch):
    """All epochs by a rate that cannot move a weight, after one that can."""
    rates = []
    step = torch.optim.SGD.step
    monkeypatch.setattr(
        torch.optim.SGD, "step", lambda self, *rest: rates.append(self.param_groups[0]["lr"]) or step(self, *rest)
    )
    made = make(*TAUGHT, "teachers.epochs=4", "teachers.networks=1", objective="none")
    made.run()
    of_teachers = rates[: 4 * 9]  # 144 images in batches of 16
    assert of_teachers[:18] == [0.02] * 18
    assert of_teachers[18:] == pytest.approx([0.002] * 18)


def test_the_forecast_counts_teachers_that_are_missing(make):
    made = make(*TAUGHT, "teachers.epochs=5", objective="none")
    told = forecast(made.task, made.compute, experts_folder=made.experts_folder)
    assert (told.missing_experts, told.times) == (2, None)
    made.run()
    told = forecast(made.task, made.compute, experts_folder=made.experts_folder)
    assert told.missing_experts == 0


@pytest.mark.parametrize("wrong", ["networks=0", "epochs=0", "batch_size=0", "learning_rate=0.0", "temperature=0.0"])
def test_what_cannot_teach_is_refused(make, wrong):
    key, _, value = wrong.partition("=")
    with pytest.raises(InvalidSetting, match=f"teachers: {key} is {value}"):
        make(*TAUGHT, f"teachers.{wrong}")


def test_hard_labels_are_refused(make):
    with pytest.raises(InvalidSetting, match="label_init is 'teachers', and labels are hard; give --labels soft"):
        make("parameterization.label_init=teachers")
    with pytest.raises(InvalidSetting, match="unknown label_init 'teacher': did you mean 'teachers'"):
        make("parameterization.labels=soft", "parameterization.label_init=teacher")
    with pytest.raises(InvalidSetting, match=r"optimizer\.label_rate is -1\.0; it must be at least 0"):
        make("optimizer.label_rate=-1")

"""The encoder's work on a device that is not there (`rehearsal`): nothing mixes devices, and nothing waits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
import torch
from builders import LAYOUTS, file_of
from contexts import toy_source
from rehearsal import Fault, Rehearsal, Wait, autocast
from torch import Tensor

from nsdcodec import NSDDataset
from nsdcodec.data.cache import Cache, CacheKind
from nsdcodec.data.transforms import DSA as BatchDSA
from nsdcodec.encoding import encoder, resuming, validation
from nsdcodec.encoding import run as running
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.checkpoint import Checkpoint
from nsdcodec.encoding.draws import Draws, StepStatus
from nsdcodec.encoding.experts import Experts, ExpertSettings
from nsdcodec.encoding.layout_plan import plan
from nsdcodec.encoding.objectives import OBJECTIVES
from nsdcodec.encoding.objectives.tgdd import TrajectoryGuided
from nsdcodec.encoding.objectives.trajectory import TrajectoryMatching
from nsdcodec.encoding.parameterizations import PARAMETERIZATIONS
from nsdcodec.encoding.parameterizations.base import Init
from nsdcodec.encoding.progress import Clock, Log, Reporter
from nsdcodec.encoding.recipes import settings_for
from nsdcodec.encoding.task import Output, Task
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe
from nsdcodec.learning import networks, stacked, training
from nsdcodec.learning.batches import InMemory
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.memory_plan import MemoryPlan
from nsdcodec.learning.real import RealData, normalized
from nsdcodec.system.randomness import stream
from nsdcodec.system.ranks import Ranks

META = torch.device("meta")
ON_META = Compute(META)
ALL = MemoryPlan(1 << 30)
DSA = "color_crop_cutout_flip_scale_rotate"
# What images a network takes at the least.
GEOMETRIES = {
    "convnet": Geometry(3, 2, 8, 8),
    "resnet18": Geometry(2, 1, 9, 9),
    "vgg11": Geometry(2, 1, 28, 28),
    "alexnet": Geometry(2, 1, 8, 8),
}
SMALL = ["network.depth=1", "network.width=4", "validation.width=4", "validation.epochs=1", "validation.per_class=1"]
# Each objective with all that an iteration of it can do.
CLASSES = "objective.classes_at_once=2"
SETTINGS: dict[str, list[list[str]]] = {
    "dc": [["objective.network_life=2", "objective.inner_steps=1", "objective.inner_batch=3"], [CLASSES]],
    "dm": [
        [],
        ["objective.pool=2", "objective.pool_age=1"],
        ["objective.statistics=characteristic"],
        [CLASSES, "objective.synthetic_per_class=2"],
    ],
    "tgdd": [["objective.experts=2", "objective.epochs=2", "objective.random=0"], ["objective.random=1", CLASSES]],
    "cafe": [["objective.network_life=2", "objective.inner_steps=1", "objective.inner_batch=3"], [CLASSES]],
    "krr": [
        ["objective.real=5", "objective.pool=0"],
        ["objective.real=5", "objective.synthetic=4", "objective.pool=1"],
    ],
    "mtt": [["objective.student_steps=2", "objective.student_batch=4", "objective.experts=2"]],
    "none": [],
}
RELEASE = pytest.mark.release
# Of the networks, those that are rehearsed each time: without and with layers that the others do not have.
SAMPLED = ("convnet", "resnet18")
NETWORKS = [pytest.param(name, marks=[RELEASE] * (name not in SAMPLED)) for name in GEOMETRIES]
CASES = [(name, *one) for name, cases in SETTINGS.items() for one in enumerate(cases)]

PLANTED = {
    "a product": (Fault, lambda there, here: there @ here.T),
    "a convolution": (Fault, lambda there, here: torch.nn.Conv1d(1, 1, 1)(there[None])),
    "a sum": (Fault, lambda there, here: there + here),
    "a choice": (Fault, lambda there, here: torch.where(there > 0, there, here)),
    "joined": (Fault, lambda there, here: torch.cat([there, here])),
    "a number of the host in a product": (Fault, lambda there, here: torch.dot(there[0], here[0])),
    "an index of the host": (Wait, lambda there, here: there[torch.zeros(1, dtype=torch.int64)]),
    "index_select by the host": (Fault, lambda there, here: there.index_select(0, torch.zeros(1, dtype=torch.int64))),
    "item": (Wait, lambda there, here: there.sum().item()),
    "float": (Wait, lambda there, here: float(there.sum())),
    "bool": (Wait, lambda there, here: 1 if there.sum() > 0 else 0),
    "as text": (Wait, lambda there, here: f"{there.sum():.3f}"),
    "tolist": (Wait, lambda there, here: there.tolist()),
    "cpu": (Wait, lambda there, here: there.cpu()),
    "copied into the host": (Wait, lambda there, here: here.copy_(there)),
    "an index by truth values": (Wait, lambda there, here: there[there > 0]),
    "values put by truth values": (Wait, lambda there, here: there.__setitem__(there > 0, there.new_zeros(0))),
    "nonzero": (Wait, lambda there, here: there.nonzero()),
    "where of one": (Wait, lambda there, here: torch.where(there > 0)),
    "masked_select": (Wait, lambda there, here: there.masked_select(there > 0)),
    "unique": (Wait, lambda there, here: there.unique()),
    "bincount": (Wait, lambda there, here: there[0].long().bincount()),
    "equal": (Wait, lambda there, here: torch.equal(there, there)),
    "repeated by values": (Wait, lambda there, here: there.repeat_interleave(there[:, 0].long(), dim=0)),
    "to the device": (Wait, lambda there, here: here.to(there.device)),
    "copied into the device": (Wait, lambda there, here: there.copy_(here)),
    "torch.tensor": (Wait, lambda there, here: torch.tensor([1.0], device=there.device)),
    "new_tensor": (Wait, lambda there, here: there.new_tensor([1.0])),
}


@pytest.mark.parametrize("device", ["meta", "cuda"])
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name, device):
    error, fault = PLANTED[name]
    with Rehearsal(device).held():
        there, here = torch.zeros(2, 3, device=device), torch.zeros(2, 3)
        with pytest.raises(error):
            fault(there, here)
        there + 1  # and what is no fault is none
        assert here.sum().item() == 0


@dataclass(frozen=True)
class ZeroExperts:
    """Stands in for `Experts`, as their files give them: on the host."""

    size: int
    settings = SimpleNamespace(rows=range(100))

    def weights(self, expert: int, epoch: int) -> Tensor:
        return torch.zeros(self.size)


@pytest.fixture
def without_files(monkeypatch):
    """Experts that nobody has to train, and what `meta` lacks."""

    def experts(self, context):
        return ZeroExperts(networks.flatten(networks.build(context.network, context.geometry, 0)).numel())

    for kind in (TrajectoryMatching, TrajectoryGuided):
        monkeypatch.setattr(kind, "expert_trajectories", experts)
    monkeypatch.setattr(torch, "autocast", autocast)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1 << 30, 1 << 30))


def task_of(objective: str, pairs: list[str], network: str, parameterization: str = "nsd", ipc: float = 1.0) -> Task:
    source = toy_source(GEOMETRIES[network], 24 if network == "convnet" else 8, augmentation=DSA)
    own = SMALL if network == "convnet" else [f"network.name={network}", *SMALL[2:]]
    changes = ["parameterization.init=noise", *own, *pairs]
    settings = settings_for(source, "gpu", parameterization=parameterization, objective=objective, changes=changes)
    return Task(source, settings, Budget.of(source.geometry, ipc))


def run_of(
    task: Task,
    memory: MemoryPlan = ALL,
    compute: Compute = ON_META,
    path: Path = Path("nowhere.nsd"),
    rehearsal: Rehearsal | None = None,
) -> running.Run:
    """At its first iteration. How it begins may wait."""
    reporter = Reporter(Clock(0.0, time.monotonic(), None, 10), Log(None, keep=False), lambda progress: None)
    layout = plan(task, compute).layout
    own = {"output": Output(path), "experts_folder": Path("nowhere"), "reporter": reporter, "ranks": Ranks()}
    with (rehearsal or Rehearsal(below={running.start: 1})).held():
        return running.start(task, compute, layout, memory, **own)


def iterate(run: running.Run, times: int) -> None:
    """Each iteration waits once, and nowhere but where it says so."""
    own = {Draws.averaged: 0}
    if run.compute.precision == "bfloat16":
        own[TrajectoryMatching.loss] = 1  # its note on the first iteration
    for _ in range(times):
        rehearsal = Rehearsal(own=own)
        with rehearsal.held():
            encoder.iterate(run, 0.5, lambda: StepStatus(0, 0, 0.5))
        told = run.iteration == 0 and run.compute.precision == "bfloat16" and run.task.settings.objective.name == "mtt"
        assert rehearsal.waits == {"Draws.averaged": 1} | ({"TrajectoryMatching.loss": 1} if told else {})
        assert rehearsal.operations > 50
        run.iteration += 1
    assert run.skipped == 0


def test_every_objective_is_rehearsed():
    assert SETTINGS.keys() == OBJECTIVES.keys()
    assert [name for name, cases in SETTINGS.items() if not cases] == ["none"]
    assert networks.NETWORKS.keys() == GEOMETRIES.keys()


@pytest.mark.parametrize("labels", ["hard", "soft"])
@pytest.mark.parametrize("weight", [0, 0.5])
@pytest.mark.parametrize(("objective", "case", "pairs"), CASES)
def test_an_iteration_waits_once(objective, case, pairs, weight, labels, without_files):
    pairs = [*pairs, f"guidance.weight={weight}", f"parameterization.labels={labels}"]
    iterate(run_of(task_of(objective, pairs, "convnet")), 2)


@pytest.mark.parametrize("labels", [pytest.param("hard", marks=RELEASE), "soft"])
@pytest.mark.parametrize(
    "network", ["resnet18", *(pytest.param(name, marks=RELEASE) for name in GEOMETRIES if name not in SAMPLED)]
)
@pytest.mark.parametrize(("objective", "case", "pairs"), CASES)
def test_an_iteration_waits_once_with_any_network(objective, case, pairs, network, labels, without_files):
    pairs = [*pairs, "guidance.weight=0.5", f"parameterization.labels={labels}"]
    run = run_of(task_of(objective, pairs, network))
    run.iteration = 1  # in the life of a network
    iterate(run, 1)


@pytest.mark.parametrize(("labels", "precision"), [("hard", "float32"), ("soft", "bfloat16")])
@pytest.mark.parametrize(("objective", "case", "pairs"), CASES)
def test_an_iteration_within_little_memory_waits_once(objective, case, pairs, labels, precision, without_files):
    """Real images stay on the host, and all goes in chunks."""
    pairs = [*pairs, "guidance.weight=0.5", "guidance.real_batch=3", f"parameterization.labels={labels}"]
    pairs += ["objective.real_per_class=2"] if hasattr(OBJECTIVES[objective], "real_per_class") else []
    run = run_of(task_of(objective, pairs, "convnet"), MemoryPlan(0, 2, 2, 2), Compute(META, precision))
    run.iteration = 0 if objective == "mtt" else 1  # the first has a note, the second is in the life of a network
    iterate(run, 1)


@pytest.mark.parametrize(
    ("parameterization", "dtype"),
    [
        pytest.param(name, dtype, marks=[RELEASE] * (dtype == "int8" and name not in ("nsd", "pixel")))
        for name in PARAMETERIZATIONS
        for dtype in ("float16", "int8")
    ],
)
def test_an_iteration_waits_once_with_any_parameterization(parameterization, dtype, without_files):
    kind = "adam" if dtype == "float16" else "sgd"
    pairs = [f"optimizer.kind={kind}", "optimizer.decay=true", "optimizer.draws=2", f"parameterization.dtype={dtype}"]
    pairs += ["objective.real_per_class=2"]
    iterate(run_of(task_of("dm", pairs, "convnet", parameterization, ipc=3)), 2)


@pytest.mark.parametrize("init", get_args(Init))
@pytest.mark.parametrize("parameterization", PARAMETERIZATIONS)
def test_a_run_begins_without_mixing_devices(parameterization, init, without_files):
    pairs = [f"parameterization.init={init}", "coreset.epochs=2"]
    run_of(task_of("dm", pairs, "convnet", parameterization))


@pytest.mark.parametrize("memory", [ALL, MemoryPlan(0, 2, 2, 2)], ids=["all", "in chunks"])
def test_validation_waits_for_its_answer_alone(memory, without_files):
    run = run_of(task_of("mtt", SETTINGS["mtt"][0], "convnet"), memory)
    own = {validation._finite: 1, training.accuracy: 1, TrajectoryMatching.learned_rate: 1}
    rehearsal = Rehearsal(own=own, below={normalized: 1})
    with rehearsal.held():
        validation.validate(run)
    assert run.best.keys() == run.arrays.keys()
    assert rehearsal.waits["accuracy"] == 1


@pytest.mark.parametrize("objective", [name for name, cases in SETTINGS.items() if cases])
def test_a_run_is_saved_and_gone_on_from(objective, tmp_path, without_files):
    task = task_of(objective, SETTINGS[objective][-1], "convnet")
    run = run_of(task, path=tmp_path / "out.nsd")
    iterate(run, 1)
    with Rehearsal(below={resuming.save: 0}).held():
        resuming.save(run)
    again = run_of(task)
    with Rehearsal(below={resuming.load: 0}).held():
        resuming.load(again, Checkpoint.read(run.output.checkpoint))
    assert again.iteration == 1
    iterate(again, 1)


RECIPE = TrainingRecipe(0.01, 0.9, 5e-4, 4, 2, DSA)


@pytest.mark.parametrize(
    ("together", "precision", "rho"),
    [(1, "bfloat16", 0.0), (2, "float32", 0.01), pytest.param(2, "bfloat16", 0.0, marks=RELEASE)],
)
@pytest.mark.parametrize("network", NETWORKS)
def test_experts_wait_between_epochs_alone(network, together, precision, rho, tmp_path, without_files):
    geometry = GEOMETRIES[network]
    source = toy_source(geometry, 3)
    spec = networks.FIXED.get(network, NetworkSpec("convnet", 1, 4))
    settings = ExpertSettings(source.sha256, spec, DSA, 1, batch_size=5, momentum=0.9, precision=precision, rho=rho)
    rehearsal = Rehearsal(own={Experts._make: 0}, below={RealData.__init__: 0})
    with rehearsal.held():
        # On the device; and, of two at once in float32, on the host.
        most = 0 if (together, precision) == (2, "float32") else 1 << 30
        held = RealData(source.train, geometry.classes, source.normalization, META, most)
        experts = Experts(tmp_path, settings)
        experts.fill(2, geometry, held, Compute(META, networks_at_once=together))
    assert experts.count() == 2
    # Of two experts the initial weights and those after each epoch; and their networks, sent to the device.
    weights = len(list(networks.build(spec, geometry, 0).parameters()))
    assert rehearsal.waits["Experts._make.<locals>.record"] == 2 * 2
    assert rehearsal.waits.total() <= 2 * 2 + 2 * weights + 10


@pytest.mark.parametrize("together", [1, 2])
@pytest.mark.parametrize("network", NETWORKS)
def test_evaluation_waits_once_for_each_accuracy(network, together, without_files):
    geometry = GEOMETRIES[network]
    source = toy_source(geometry, 3)
    spec = networks.FIXED.get(network, NetworkSpec("convnet", 1, 4))
    soft = torch.full((7, geometry.classes), 1 / geometry.classes, device=META)
    images = torch.zeros(7, geometry.channels, geometry.height, geometry.width, device=META)
    models = [networks.moved(networks.build(spec, geometry, seed), META) for seed in range(together)]
    with Rehearsal(below={normalized: 0}).held():
        tested = [normalized(source.test, source.normalization, META, most) for most in (0, 1 << 30)]
    labels = torch.zeros(len(source.test), dtype=torch.int64, device=META)
    rehearsal = Rehearsal(own={training.accuracy: 1})
    with rehearsal.held():
        training.train_on(models, InMemory(images, soft), RECIPE, [stream(i) for i in range(together)], ON_META)
        found = [training.accuracy(models[0], each, labels, ON_META) for each in tested]
    assert found == [1 / len(labels)] * 2
    assert rehearsal.waits == {"accuracy": 2}


@pytest.mark.parametrize("device", [pytest.param("meta", marks=RELEASE), "cuda"])
@pytest.mark.parametrize("cache", get_args(CacheKind))
@pytest.mark.parametrize("name", LAYOUTS)
def test_the_loader_never_waits_once_it_is_warm(name, cache, device, without_files):
    dataset = NSDDataset(file_of(name), cache=cache)
    rehearsal = Rehearsal(device, below={NSDDataset._decoder: 0, Cache.fill: 0, type(dataset.loader(1)).__init__: 0})
    with rehearsal.held():
        loader = dataset.loader(len(dataset) // 2, device=device, seed=4, transform=BatchDSA(DSA), dtype=torch.bfloat16)
        list(loader)
        list(loader)
        before = rehearsal.waits.total()
        batches = list(loader)
    assert before > 0
    assert rehearsal.waits.total() == before
    assert sum(len(labels) for _, labels in batches) == len(dataset)
    assert {part.device.type for batch in batches for part in batch} == {device}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("network", NETWORKS)
def test_the_branches_for_cuda_go_forward_without_a_wait(network, precision, without_files):
    """Without backward, which fake tensors of a device that is not there have not."""
    rehearsal = Rehearsal("cuda", below={running.start: 1, normalized: 1}, own={training.accuracy: 1})
    compute, task = Compute(torch.device("cuda"), precision), task_of("dm", [], network)
    run = run_of(task, compute=compute, rehearsal=rehearsal)
    with rehearsal.held(), compute.tf32():
        images = synthesis.images(run.layout, run.arrays)
        labels = synthesis.labels(run.layout, run.arrays, compute.device)
        began = rehearsal.waits.total()
        match = task.settings.objective.loss(run.draws.state, images, labels, 0)
        models = [run.context.new_network("stacked", i) for i in range(2)]
        with compute.autocast():
            logits = stacked.stack(models)(images.repeat(1, 2, 1, 1))
        assert rehearsal.waits.total() == began
        test = normalized(run.held_out, run.context.real.normalization, compute.device)
        found = training.accuracy(models[0], test, torch.zeros(len(test), dtype=torch.int64, device="cuda"), compute)
    assert (match.loss.shape, match.loss.device.type) == ((), "cuda")
    assert logits.shape == (2, len(images), task.source.geometry.classes)
    assert found == 1 / len(test)

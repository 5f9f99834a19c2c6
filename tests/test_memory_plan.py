"""Work in chunks: the same numbers as whole, and no more memory than was given."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from builders import LAYOUTS, file_of, fresh_python
from contexts import TINY, double_context, seeded, toy_source
from encodes import Encode

pytest.importorskip("h5py")
pytest.importorskip("sklearn")

import h5py

from nsdcodec import read
from nsdcodec.encoding import encoder
from nsdcodec.encoding import progress as progress_module
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.draws import Draws, StepStatus
from nsdcodec.encoding.encoder import Output, Task
from nsdcodec.encoding.memory_plan import plan_memory
from nsdcodec.encoding.objectives import Guidance, Guided
from nsdcodec.encoding.objectives.base import MemoryNeed
from nsdcodec.encoding.objectives.cafe import FeatureAlignment
from nsdcodec.encoding.objectives.distribution import DistributionMatching
from nsdcodec.encoding.objectives.gradient import GradientMatching
from nsdcodec.encoding.objectives.krr import KernelRegression
from nsdcodec.encoding.objectives.student import WITH_TANGENT, Student, cross_entropy_in_chunks, learn, unroll
from nsdcodec.encoding.recipes import recipe
from nsdcodec.encoding.settings import for_geometry
from nsdcodec.errors import Interrupted, OverMemory
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe
from nsdcodec.learning import memory_plan, networks, stacked, training
from nsdcodec.learning.batches import InMemory
from nsdcodec.learning.chunks import Rows
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.derivatives.tangents import Tangent
from nsdcodec.learning.memory_plan import MemoryPlan, bytes_an_image
from nsdcodec.system.ranks import Ranks

TOY = Geometry(4, 3, 8, 8)
EVERYTHING = "color_crop_cutout_flip_scale_rotate"


def synthetic(soft: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Images of classes in no order, one of which has none where labels are hard."""
    images = torch.randn(11, 3, 8, 8, generator=seeded(1), dtype=torch.float64).requires_grad_()
    labels = torch.tensor([2, 0, 2, 1, 0, 0, 2, 1, 0, 2, 2])
    if not soft:
        return images, torch.cat([labels[:-1], torch.tensor([3])])
    scores = 3 * torch.nn.functional.one_hot(labels, 4) + torch.randn(11, 4, generator=seeded(2)).double()
    return images, scores.softmax(dim=1).requires_grad_()


class TestChunks:
    @pytest.mark.parametrize("most", [1, 2, 5, 16])
    @pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
    @pytest.mark.parametrize(
        "objective",
        [
            DistributionMatching(real_per_class=5),
            DistributionMatching(real_per_class=3, pool=1, pool_steps=2, pool_batch=10),
            DistributionMatching(real_per_class=5, statistics="characteristic"),
            KernelRegression(real=9, synthetic=8, pool=1),
            FeatureAlignment(real_per_class=5, inner_steps=1, network_life=2),
            GradientMatching(real_per_class=5, inner_steps=1, network_life=2),
            Guided(DistributionMatching(real_per_class=5), Guidance(0.3, real_batch=9)),
            DistributionMatching(real_per_class=5, classes_at_once=3, synthetic_per_class=2),
            FeatureAlignment(real_per_class=5, classes_at_once=2),
            GradientMatching(real_per_class=5, classes_at_once=2),
        ],
        ids=["dm", "pool", "characteristic", "krr", "cafe", "dc", "guided", "some of dm", "some of cafe", "some of dc"],
    )
    def test_give_the_loss_and_the_gradients_of_the_whole(self, objective, soft, most):
        found = []
        for at_once in (None, most):
            context = in_chunks(double_context(TOY, EVERYTHING), at_once)
            state = objective.prepare(context)
            images, labels = synthetic(soft)
            for iteration in (0, 1):  # the second, after whatever is learned in between
                loss = objective.loss(state, images, labels, iteration).loss
            # Scaled, so that the gradient that comes from behind is not 1.
            gradients = torch.autograd.grad(2.5 * loss, [images, labels] if soft else [images])
            found.append((loss.detach(), *gradients))
        for whole, chunked in zip(*found, strict=True):
            torch.testing.assert_close(chunked, whole, rtol=1e-10, atol=1e-10)
            assert whole.abs().max() > 1e-4

    def test_of_a_student_give_its_weights_and_gradient(self):
        found = []
        for at_once in (None, 6):
            context = in_chunks(double_context(TOY, EVERYTHING), at_once)
            network = context.new_network("a")
            start = networks.flatten(network)
            images, labels = synthetic(soft=True)
            rate = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
            student = Student(network, 3, 7, context.augmentation, context.compute)
            weights = unroll(student, start, images, labels, rate, seeded(4))
            real, wanted = context.real.take(torch.arange(20))
            loss = cross_entropy_in_chunks(context.compute, network, weights, real, wanted)
            learn(context, network, real, wanted, 0.1, seeded(5))
            learned = networks.flatten(network)
            found.append((weights.detach(), loss.detach(), learned, *torch.autograd.grad(loss, [images, labels, rate])))
        for whole, chunked in zip(*found, strict=True):
            torch.testing.assert_close(chunked, whole, rtol=1e-10, atol=1e-12)

    def test_of_a_student_hold_no_more_images_than_fit_with_their_tangents(self, monkeypatch):
        seen, jvp = [], Tangent.jvp
        monkeypatch.setattr(Tangent, "jvp", lambda self, *rest: seen.append(len(rest[-1])) or jvp(self, *rest))
        context = in_chunks(double_context(TOY), 2 * WITH_TANGENT + 1)
        network = context.new_network("a")
        images, labels = synthetic(soft=True)
        rate = torch.tensor(0.1, dtype=torch.float64)
        student = Student(network, 1, 7, context.augmentation, context.compute)
        unroll(student, networks.flatten(network), images, labels, rate, seeded(4)).sum().backward()
        assert seen == [2, 2, 2, 1]

    def test_of_training_give_the_same_network(self):
        source = toy_source(TOY, 10)
        images = torch.randn(40, 3, 8, 8, generator=seeded(1), dtype=torch.float64)
        given = TrainingRecipe(epochs=3, batch_size=16, network=TINY, augmentation=EVERYTHING)
        found = []
        for at_once in (None, 5):
            network = networks.build(TINY, TOY, 3).double()
            training.train(network, images, source.train.labels, given, seeded(2), Compute(images_at_once=at_once))
            found.append(networks.flatten(network))
            accuracy = training.accuracy(network, images, source.train.labels, Compute(images_at_once=at_once))
            assert accuracy == float((network(images).argmax(dim=1) == source.train.labels).double().mean())
        torch.testing.assert_close(found[1], found[0], rtol=1e-10, atol=1e-12)

    def test_of_several_networks_at_once_give_the_same_networks(self):
        images = torch.randn(40, 3, 8, 8, generator=seeded(1), dtype=torch.float64)
        examples = InMemory(images, toy_source(TOY, 10).train.labels)
        given = TrainingRecipe(epochs=2, batch_size=16, network=TINY, augmentation=EVERYTHING)
        found = []
        for at_once in (None, 5, 1):
            models = [networks.build(TINY, TOY, seed).double() for seed in (3, 4)]
            training.train_on(models, examples, given, [seeded(5), seeded(6)], Compute(images_at_once=at_once))
            found.append(torch.stack([networks.flatten(model) for model in models]))
        torch.testing.assert_close(found[1], found[0], rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(found[2], found[0], rtol=1e-10, atol=1e-12)
        assert not torch.allclose(found[0][0], found[0][1])

    @pytest.mark.parametrize(
        "objective",
        [
            DistributionMatching(real_per_class=5),
            GradientMatching(real_per_class=5),
            Guided(DistributionMatching(real_per_class=5), Guidance(0.3, real_batch=9, steps=2)),
        ],
        ids=["dm", "dc", "guided"],
    )
    def test_of_several_draws_give_the_mean_gradient_of_the_whole(self, objective):
        found = []
        for most in (None, 3):
            context = in_chunks(double_context(TOY, EVERYTHING), most)
            start, labels = synthetic(soft=True)
            factor = torch.tensor([1.5], dtype=torch.float64, requires_grad=True)
            images = product([start, factor]) if most is None else Rows.apply(product, 11, most, start, factor)
            draws = Draws.prepare(objective, context, 2, Ranks())
            step = draws.averaged(images, labels, 4, [start, factor, labels], lambda: StepStatus(0, 0, 0))
            found.append((torch.tensor(step.loss, dtype=torch.float64), *step.gradients))
        for whole, chunked in zip(*found, strict=True):
            torch.testing.assert_close(chunked, whole, rtol=1e-10, atol=1e-10)
            assert whole.abs().max() > 1e-4

    @pytest.mark.parametrize("name", LAYOUTS)
    def test_of_decoding_give_the_images_and_the_gradients_of_the_arrays(self, name):
        file = read(file_of(name))
        layout = file.header.layout
        found = []
        for most in (None, 1, 2):
            arrays = {role: synthesis.to_torch(values, torch.float64) for role, values in file.arrays.items()}
            arrays = {role: values for role, values in arrays.items() if role != "labels"}
            grown = [values.requires_grad_() for values in arrays.values() if values.is_floating_point()]
            if most is None:
                images = synthesis.images(layout, arrays)
            else:
                images = Rows.apply(partial(decoded, layout, list(arrays)), layout.images, most, *arrays.values())
            weights = torch.randn(images.shape, generator=seeded(1), dtype=torch.float64)
            found.append([images.detach(), *torch.autograd.grad((images * weights).sum(), grown)])
        for chunked in found[1:]:
            for one, whole in zip(chunked, found[0], strict=True):
                torch.testing.assert_close(one, whole, rtol=1e-10, atol=1e-10)


def product(values, index=slice(None)):
    return values[0][index].sin() * values[1]


def decoded(layout, roles, values, index):
    return synthesis.images(layout, dict(zip(roles, values, strict=True)), index)


def in_chunks(context, most):
    return replace(context, compute=context.compute.at_once(most))


def settings(objective="dm", *pairs):
    fitted = for_geometry(recipe("cpu"), TOY, "none").with_names("pixel", objective)
    return fitted.with_values(["network.width=8", "validation.width=8", "validation.epochs=1", *pairs])


class TestPlan:
    def test_no_more_networks_are_trained_at_once_than_their_images_are_let(self):
        let = [Compute(networks_at_once=4, images_at_once=most) for most in (None, 1000, 63, 32, 5)]
        assert [stacked.at_once(TINY, TOY, 16, compute) for compute in let] == [4, 4, 3, 2, 1]

    def test_an_image_takes_what_pytorch_saves_for_it_and_a_little(self):
        network = networks.build(NetworkSpec(depth=1, width=16), TOY, 0)
        pixels = 4 * 8 * 8
        # Saved: the image, the convolution's values (the norm's input), the norm's statistics, the relu's and the
        # pool's values; the linear layer's input is the pool's.
        saved = 3 * pixels + 16 * pixels + 2 * 16 * 4 + 16 * pixels + 16 * pixels // 4
        assert bytes_an_image(network, TOY) == pytest.approx(saved + 3 * 16 * pixels + 4 * 3 * pixels, rel=0.02)

    def test_small_work_is_not_cut_where_nothing_limits_it(self, monkeypatch):
        monkeypatch.setattr(memory_plan, "free_memory", lambda device: 4 << 30)
        source = toy_source(TOY)
        layout = settings().parameterization.layout(TOY, _budget())
        plan = plan_memory(Compute(), settings(), source, layout)
        assert (plan.images_at_once, plan.validated_at_once, plan.decoded_at_once) == (None, None, None)

    def test_less_memory_never_puts_more_together(self, monkeypatch):
        monkeypatch.setattr(memory_plan, "resident_bytes", lambda: 0)
        monkeypatch.setattr(memory_plan, "RESERVE", 0)
        source, made = toy_source(TOY), settings("dm", "objective.real_per_class=50")
        layout = made.parameterization.layout(TOY, _budget(2000))
        before = None
        cut = 0
        for power in range(34, 10, -1):
            try:
                plan = plan_memory(Compute(memory=1 << power), made, source, layout)
            except OverMemory:
                break
            numbers = [
                number or 10**9 for number in (plan.images_at_once, plan.validated_at_once, plan.decoded_at_once)
            ]
            assert before is None or all(now <= then for now, then in zip(numbers, before, strict=True))
            assert plan.real_bytes <= 1 << power
            before, cut = numbers, cut + (plan.images_at_once is not None)
        assert cut >= 2
        assert power > 12

    def test_an_objective_adds_to_what_takes_memory_under_the_same_name(self, monkeypatch):
        monkeypatch.setattr(memory_plan, "resident_bytes", lambda: 0)
        source, made = toy_source(TOY), settings("dm", "network.width=64")
        layout = made.parameterization.layout(TOY, _budget())
        kept = []
        for need in (MemoryNeed(), MemoryNeed(bytes={"weights": 1 << 20})):
            monkeypatch.setattr(DistributionMatching, "memory", lambda *rest, need=need: need)
            kept.append(plan_memory(Compute(memory=1 << 30), made, source, layout).real_bytes)
        assert kept[0] - kept[1] == pytest.approx(memory_plan.REAL_SHARE * (1 << 20), abs=1)

    def test_too_little_says_what_takes_most_and_how_much_would_do(self, monkeypatch):
        monkeypatch.setattr(memory_plan, "resident_bytes", lambda: 500_000_000)
        source, made = toy_source(TOY), settings()
        layout = made.parameterization.layout(TOY, _budget(10_000))
        with pytest.raises(
            OverMemory, match=r"the process itself takes 710MB, the stored arrays .*lower --ipc"
        ) as refused:
            plan_memory(Compute(memory=750_000_000), made, source, layout)
        size = str(refused.value).split("raise --memory to ")[1].split("B,")[0]
        enough = float(size[:-1]) * {"M": 1e6, "G": 1e9}[size[-1]]
        assert plan_memory(Compute(memory=int(enough)), made, source, layout).images_at_once is not None
        with pytest.raises(OverMemory):
            plan_memory(Compute(memory=int(0.95 * enough)), made, source, layout)

    def test_of_an_evaluation_too_little_is_refused_with_a_remedy(self, monkeypatch):
        monkeypatch.setattr(memory_plan, "resident_bytes", lambda: 500_000_000)
        compute = Compute(memory=750_000_000)
        MemoryPlan.of_evaluation(compute, TINY, TOY, 10, 64)
        with pytest.raises(OverMemory, match=r"the decoded images .*or evaluate a set of fewer images"):
            MemoryPlan.of_evaluation(compute, TINY, TOY, 1_000_000, 64)

    def test_a_run_that_goes_on_keeps_its_plan_unless_it_is_given_another_limit(self, tmp_path, monkeypatch):
        source = toy_source(TOY, 20)
        task = Task(source, settings("dm", "iterations=4"), _budget(), recipe_name="cpu")
        made = Encode(task, Output(tmp_path / "a.nsd", checkpoint_seconds=0.0))
        plans = []
        monkeypatch.setattr(
            encoder,
            "plan_memory",
            lambda *rest: plans.append(rest[0].memory) or replace(plan_memory(*rest), images_at_once=3),
        )

        def stop(progress):
            if progress.loss is not None and progress.phase == "distilling":
                os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.setattr(progress_module, "LOG_SECONDS", 0.0)
        with pytest.raises(Interrupted):
            made.run(stop)
        assert plans == [None]
        for memory, planned in ((None, [None]), (1 << 40, [None, 1 << 40])):
            with pytest.raises(Interrupted):
                made.but(resume=True, memory=memory).run(stop)
            assert plans == planned


def _budget(ipc: float = 1.0):
    return Budget.of(TOY, ipc)


# Encodes argv[1] with so many megabytes above what is taken once everything is imported; prints the limit and the most
# that the process ever had.
ENCODE = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
torch.optim.Adam([torch.zeros(1, requires_grad=True)])
from nsdcodec import sources
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.encoder import Compute, Output, Task, encode
from nsdcodec.encoding.recipes import recipe
from nsdcodec.encoding.settings import for_geometry
from nsdcodec.system.free_memory import resident_bytes
import h5py
path, megabytes, output = sys.argv[1:]
limit = resident_bytes() + int(megabytes) * 1_000_000
source = sources.load(path, memory=limit)
settings = for_geometry(recipe("cpu"), source.geometry, "color_crop").with_names("pixel", "dm")
settings = settings.with_values([
    "network.width=8", "network.depth=2", "validation.width=8", "validation.epochs=1", "validation.checks=1",
    "validation.per_class=2", "real_per_class=2", "iterations=3", "training.batch_size=64", "optimizer.draws=2"])
task = Task(source, settings, Budget.of(source.geometry, 1), recipe_name="cpu")
encode(task, Output(Path(output)), Compute(memory=limit))
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(limit, peak)
"""


@pytest.mark.release
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="measures by Linux's /proc")
def test_a_hundred_classes_are_encoded_within_the_memory_that_is_given(tmp_path):
    path = tmp_path / "large.h5"
    with h5py.File(path, "w") as file:
        file.attrs["classes"] = [str(label) for label in range(100)]
        # 491 MB, of which the first are written, and take place on the disk.
        images = file.create_dataset("train/images", (40_000, 3, 64, 64), np.uint8)
        images[:400] = np.random.default_rng(1).integers(0, 256, (400, 3, 64, 64), np.uint8)
        file["train/labels"] = np.arange(40_000) % 100
    run = fresh_python(ENCODE, str(path), "400", str(tmp_path / "out.nsd"), OMP_NUM_THREADS="1")
    assert run.returncode == 0, run.stderr[-1000:]
    limit, peak = map(int, run.stdout.split())
    assert peak < limit


# Prints by how much memory grew at the most while the derivatives of a student's batch were taken, all at once, and
# what is counted for them.
STUDENT = """
import torch
torch.set_num_threads(1)
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.system.free_memory import resident_bytes
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import networks
from nsdcodec.learning.derivatives.tangents import Tangent
from nsdcodec.learning.memory_plan import bytes_an_image
from nsdcodec.learning.derivatives import sweep
from nsdcodec.encoding.objectives.student import WITH_TANGENT
sweep.AT_ONCE["cpu"] = 1 << 40
geometry = Geometry(10, 3, 32, 32)
network = networks.build(NetworkSpec(depth=2, width=64), geometry, 1)
derivatives = sweep.Derivatives(Tangent(network, (3, 32, 32), torch.device("cpu"), torch.float32))
start = networks.flatten(network)
def take(n):
    derivatives.jvp(start, start, torch.randn(n, 3, 32, 32), torch.arange(n) % 10)
take(1)
before = resident_bytes()
take(32)
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak - before, 32 * WITH_TANGENT * bytes_an_image(network, geometry))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="measures by Linux's /proc")
def test_the_derivatives_of_a_student_take_no_more_than_is_counted_for_them():
    run = fresh_python(STUDENT, OMP_NUM_THREADS="1")
    assert run.returncode == 0, run.stderr[-1000:]
    taken, counted = map(int, run.stdout.split())
    assert counted / 3 < taken < counted

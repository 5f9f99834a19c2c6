"""The same work on a CUDA device. Skips without one: everything else in this folder runs on a CPU."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

pytest.importorskip("sklearn")
pytest.importorskip("h5py")

from builders import LAYOUTS, file_of
from contexts import student_of

from nsdcodec import NSDDataset, sources
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.encoder import Compute, Output, Task, encode
from nsdcodec.encoding.objectives import student
from nsdcodec.encoding.objectives.base import Context
from nsdcodec.encoding.recipes import recipe
from nsdcodec.encoding.settings import for_geometry
from nsdcodec.evaluation.accuracy import evaluate
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec, Normalization, TrainingRecipe
from nsdcodec.learning import networks, training
from nsdcodec.learning.derivatives import compiled
from nsdcodec.learning.real import RealData
from nsdcodec.sources.base import Split
from nsdcodec.system.randomness import stream

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]
TINY = ["network.width=8", "validation.width=8", "validation.epochs=2", "validation.checks=1", "validation.per_class=5"]
MTT = ["objective.experts=2", "objective.student_steps=2", "objective.expert_epochs=1", "objective.last_start=1"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_images_are_those_of_the_cpu(name):
    dataset = NSDDataset(file_of(name))
    layout = dataset.header.layout
    on_device = {role: values.cuda() for role, values in dataset._arrays.items()}
    wanted, _ = dataset.all()
    index = torch.arange(0, layout.images, 2)
    scale = float(wanted.abs().max())
    torch.testing.assert_close(synthesis.images(layout, on_device).cpu(), wanted, atol=1e-5 * scale, rtol=0)
    found = synthesis.images(layout, on_device, index.cuda()).cpu()
    torch.testing.assert_close(found, wanted[index], atol=1e-5 * scale, rtol=0)


@pytest.mark.parametrize(
    ("objective", "pairs"),
    [
        ("dc", ["objective.network_life=2", "objective.inner_steps=2"]),
        ("dm", []),
        ("dm", ["objective.pool=2", "objective.pool_age=3"]),
        ("dm", ["objective.statistics=characteristic"]),
        ("cafe", ["objective.network_life=2", "objective.inner_steps=2"]),
        ("tgdd", ["objective.experts=2", "objective.epochs=2", "objective.random=0.3"]),
        ("krr", ["objective.pool=2", "objective.pool_age=3", "objective.real=64"]),
        ("mtt", MTT),
        ("mtt", [*MTT, "guidance.weight=0.1"]),
        ("dm", ["guidance.weight=0.1"]),
    ],
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_file_is_distilled_and_evaluated_on_the_device(tmp_path, objective, pairs, precision):
    digits = sources.load("digits")
    settings = for_geometry(recipe("gpu"), digits.geometry, digits.augmentation)
    settings = settings.with_names(None, objective).with_values([*TINY, "iterations=4", *pairs])
    task = Task(digits, settings, Budget.of(digits.geometry, 1), recipe_name="gpu")
    output, compute = Output(tmp_path / "out.nsd"), Compute(torch.device("cuda"), precision)
    result = encode(task, output, compute, experts_folder=tmp_path / "experts")
    assert (result.iterations, result.skipped) == (4, 0)
    dataset = NSDDataset(output.path)
    assert dataset.header.provenance["device"] == f"{torch.cuda.get_device_name()} {precision}"
    on_device = evaluate(dataset, digits, 1, compute, recipe=replace(dataset.recipe, epochs=5))
    assert 0 <= on_device.mean <= 1


@pytest.fixture
def no_waits():
    """Inside, what makes the host wait for the device is an error, as a copy of images between them would be."""

    @contextlib.contextmanager
    def watched():
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")

    return watched


@pytest.mark.parametrize("cache", ["none", "float32", "float16", "uint8"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_an_epoch_on_the_device_is_that_of_the_cpu_and_never_waits(no_waits, name, cache):
    dataset = NSDDataset(file_of(name), cache=cache)
    loader = dataset.loader(3, device="cuda", seed=4)
    list(loader)  # the arrays are made on the device
    list(loader)  # and what is kept, when more images are asked for than there are
    loader.set_epoch(0)
    with no_waits():
        batches = list(loader)
    images = torch.cat([images for images, _ in batches])
    labels = torch.cat([labels for _, labels in batches])
    assert images.device == labels.device == torch.device("cuda", torch.cuda.current_device())
    wanted_images, wanted_labels = NSDDataset(file_of(name), cache=cache).batch(loader.order.epoch(0))
    scale = float(wanted_images.abs().max())
    # Both round: what is close to a half may go either way, by one step of a float16 or of a pixel, whose largest is in
    # the channel with the smallest deviation.
    tolerance = {"uint8": 1.01 / 255 / 0.2, "float16": 2**-10 * scale}.get(cache, 1e-5 * scale)
    torch.testing.assert_close(images.cpu(), wanted_images, atol=tolerance, rtol=0)
    torch.testing.assert_close(labels.cpu(), wanted_labels, atol=1e-6, rtol=0)


def test_a_batch_on_the_device_holds_neither_file_nor_images_on_the_host(no_waits):
    dataset = NSDDataset(file_of("product, own kernels"), cache="none")
    index = torch.tensor([29, 0, 3, 3])
    dataset.batch(index, "cuda")
    with no_waits():
        images, labels = dataset.batch(index, "cuda")
    torch.testing.assert_close(images.cpu(), dataset.batch(index)[0], atol=1e-4, rtol=0)
    assert labels.cpu().tolist() == dataset.batch(index)[1].tolist()
    (decoder,) = [made for device, made in dataset._decoders.items() if device.type == "cuda"]
    assert {values.device.type for values in decoder._arrays.values()} == {"cuda"}
    assert {device.type for device in dataset._decoders} == {"cuda", "cpu"}
    assert len(dataset._decoders) == 2  # "cuda" is "cuda:0"
    dataset.batch(index, f"cuda:{torch.cuda.current_device()}")
    assert len(dataset._decoders) == 2


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_type_memory_format_and_workers_on_the_device(dtype, workers):
    dataset = NSDDataset(file_of("one block"))
    loader = dataset.loader(7, device="cuda", shuffle=False, dtype=dtype, channels_last=True, workers=workers)
    (images, labels), *_ = loader
    assert (images.dtype, images.device.type, labels.device.type) == (dtype, "cuda", "cuda")
    assert images.is_contiguous(memory_format=torch.channels_last)
    wanted, _ = dataset.all()
    torch.testing.assert_close(images.float().cpu(), wanted, rtol=2**-7, atol=1e-4)


DSA = "color_crop_cutout_flip_scale_rotate"


def bytes_on_the_device(images: int) -> RealData:
    pixels = torch.randint(256, (images, 3, 32, 32), dtype=torch.uint8, generator=stream(0))
    normalization = Normalization((0.5,) * 3, (0.25,) * 3)
    return RealData(Split(pixels, torch.arange(images) % 10), 10, normalization, torch.device("cuda"))


def train_experts(count: int, real: RealData, together: int, recipe: TrainingRecipe, precision: str) -> torch.Tensor:
    """The weights [count, P] of networks trained in groups."""
    models = [networks.build(recipe.network, Geometry(10, 3, 32, 32), seed).cuda() for seed in range(count)]
    for start in range(0, count, together):
        group = models[start : start + together]
        generators = [stream(start + i) for i in range(len(group))]
        training.train_on(group, real, recipe, generators, Compute(real.device, precision))
    return torch.stack([networks.flatten(model) for model in models])


@pytest.mark.parametrize("together", [1, 4])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_never_waits_but_between_epochs(no_waits, together, precision):
    real = bytes_on_the_device(300)
    recipe = TrainingRecipe(0.01, 0.9, 5e-4, 64, 1, DSA, NetworkSpec("convnet", 3, 16))
    models = [networks.build(recipe.network, Geometry(10, 3, 32, 32), seed).cuda() for seed in range(together)]
    compute = Compute(real.device, precision)
    training.train_on(models, real, recipe, [stream(i) for i in range(together)], compute)
    with no_waits():
        training.train_on(models, real, recipe, [stream(i) for i in range(together)], compute)


def test_networks_at_once_are_those_one_after_another(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    real = bytes_on_the_device(200)
    recipe = TrainingRecipe(0.01, 0.9, 5e-4, 64, 2, DSA, NetworkSpec("convnet", 3, 16))
    together, alone = (train_experts(4, real, n, recipe, "float32") for n in (4, 1))
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("width", "batch", "least"),
    [
        pytest.param(32, 32, 2.0, id="launches take the time"),
        # 0.94 in float32 and 1.15 in bfloat16 on an H100.
        pytest.param(128, 256, 0.9, id="as nsdc experts cifar10 makes them"),
    ],
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_eight_experts_at_once_are_as_fast_as_one_after_another(width, batch, least, precision):
    real = bytes_on_the_device(batch * 20)
    recipe = TrainingRecipe(0.01, 0.0, 0.0, batch, 1, DSA, NetworkSpec("convnet", 3, width))

    def seconds(together: int) -> float:
        torch.cuda.synchronize()
        began = time.perf_counter()
        train_experts(8, real, together, recipe, precision)
        torch.cuda.synchronize()
        return time.perf_counter() - began

    times = {n: [seconds(n) for _ in range(4)] for n in (1, 8)}
    assert min(times[1][1:]) >= least * min(times[8][1:]), times


def sweep_on_the_device(dtype: torch.dtype, images: int = 40, width: int = 64, steps: int = 4):
    """A student, and the start, images, labels and rate with which it is unrolled."""
    geometry = Geometry(10, 3, 32, 32)
    real = bytes_on_the_device(20)
    cuda = torch.device("cuda")
    spec = NetworkSpec(depth=3, width=width)
    context = Context(geometry, real, "", spec, DSA, 0, Compute(cuda), Path("nowhere"))
    network = context.new_network("structure").to(dtype)
    given = torch.randn(images, 3, 32, 32, generator=stream(1), dtype=torch.float64).to(cuda, dtype).requires_grad_()
    rate = torch.tensor(0.01, device=cuda, dtype=dtype, requires_grad=True)
    labels = torch.arange(images, device=cuda) % 10
    return student_of(context, network, steps), networks.flatten(network), given, labels, rate


@pytest.mark.parametrize("compile", [False, True])
def test_a_recorded_sweep_has_the_gradient_of_the_graph(no_waits, compile):
    learner, start, images, labels, rate = sweep_on_the_device(torch.float64, width=16)

    def swept(seed: int) -> list[torch.Tensor]:
        last = student.unroll(learner, start, images, labels, rate, stream(seed))
        return [last.detach(), *torch.autograd.grad(last.square().sum(), [images, rate])]

    with compiled.kernels(compile):
        for seed in range(6):  # more often than it takes to be recorded
            found = swept(seed)
            batches = student.draw_batches(learner, labels, stream(seed))
            last = student.unroll_with_graph(learner, start, images, labels, rate, batches)
            wanted = [last.detach(), *torch.autograd.grad(last.square().sum(), [images, rate])]
            for one, other in zip(found, wanted, strict=True):
                assert float((one - other).norm() / other.norm()) < 1e-10
        (derivatives,) = student._known[learner.network].values()
        assert len(derivatives.gradient.recordings) == len(derivatives.jvp.recordings) == 1
        with no_waits():
            swept(7)


def test_a_recorded_sweep_is_quicker_than_the_graph_in_a_tenth_of_its_memory():
    learner, start, images, labels, rate = sweep_on_the_device(torch.float32, 160, 128, 50)

    def cost(iterate) -> tuple[float, int]:
        """Seconds of the quickest lap, and the most bytes taken."""
        laps = []
        torch.cuda.reset_peak_memory_stats()
        for _ in range(5):
            torch.cuda.synchronize()
            started = time.perf_counter()
            iterate().square().sum().backward()
            torch.cuda.synchronize()
            laps.append(time.perf_counter() - started)
        return min(laps), torch.cuda.max_memory_allocated()

    def graph() -> torch.Tensor:
        batches = student.draw_batches(learner, labels, stream(1))
        return student.unroll_with_graph(learner, start, images, labels, rate, batches)

    with learner.compute.tf32():
        ours, our_bytes = cost(lambda: student.unroll(learner, start, images, labels, rate, stream(1)))
        theirs, their_bytes = cost(graph)
    assert ours <= 0.9 * theirs  # 0.82 on an H100, and less with compiled kernels, which take half a minute
    assert our_bytes <= 0.1 * their_bytes

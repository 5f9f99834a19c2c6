"""The sweep back over a student's steps: the gradient of double backward through all of them, in constant memory."""

from __future__ import annotations

import os

import pytest
import torch
from builders import fresh_python
from contexts import double_context, image_shape, real_data, seeded, student_of, toy_source
from torch import Tensor

from nsdcodec.encoding.objectives import student
from nsdcodec.encoding.objectives.base import Context
from nsdcodec.encoding.objectives.student import draw_batches, unroll, unroll_with_graph
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning import networks
from nsdcodec.learning.derivatives import sweep, tangents

GEOMETRY = Geometry(3, 2, 12, 12)
EVERYTHING = "color_crop_cutout_flip_scale_rotate"


def inputs(n: int = 9, soft: bool = False, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Images, labels (int64, or learned) and rate."""
    images = torch.randn(n, *image_shape(GEOMETRY), generator=seeded(1), dtype=dtype).requires_grad_()
    labels = torch.arange(n) % GEOMETRY.classes
    if soft:
        scores = torch.randn(n, GEOMETRY.classes, generator=seeded(2), dtype=dtype)
        labels = scores.softmax(dim=1).requires_grad_()
    return [images, labels, torch.tensor(0.3, dtype=dtype, requires_grad=True)]


def both(context: Context, steps: int, batch: int | None, values: list[Tensor], seed: int = 5) -> list[list[Tensor]]:
    """Student, and gradients of a function of it with respect to all values that have one: by sweep and by graph."""
    network = context.new_network("structure").to(values[0].dtype)
    given = student_of(context, network, steps, batch)
    start = networks.flatten(network)
    end = (start + 0.1 * torch.randn(start.shape, generator=seeded(3), dtype=torch.float64)).to(start.dtype)
    wanted = [value for value in values if value.requires_grad]
    batches = draw_batches(given, values[1], seeded(seed))
    students = [
        unroll(given, start, *values, seeded(seed)),
        unroll_with_graph(given, start, *values, batches),
    ]
    return [
        [one, *torch.autograd.grad((one - end).square().sum() / (start - end).square().sum(), wanted)]
        for one in students
    ]


def farthest(found: list[Tensor], wanted: list[Tensor]) -> float:
    """The largest relative distance, of a tensor from its counterpart."""
    return max(float((a - b).detach().norm() / b.detach().norm()) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("steps", [1, 3, 7])
@pytest.mark.parametrize("soft", [False, True], ids=["classes", "soft"])
@pytest.mark.parametrize("strategy", ["none", EVERYTHING])
@pytest.mark.parametrize("depth", [1, 3])
def test_gradients_are_those_of_the_graph_of_all_steps(depth, strategy, soft, steps):
    context = double_context(GEOMETRY, strategy, NetworkSpec(depth=depth, width=4))
    for batch in (None, 4):
        found, wanted = both(context, steps, batch, inputs(soft=soft))
        assert len(found) == (4 if soft else 3)
        assert farthest(found, wanted) < 1e-10


def test_gradients_of_other_networks_are_those_of_the_graph():
    context = double_context(GEOMETRY, "flip", networks.FIXED["alexnet"])
    found, wanted = both(context, 2, None, inputs(3))
    assert farthest(found, wanted) < 1e-10


def test_parts_of_a_batch_make_no_difference(monkeypatch):
    context = double_context(GEOMETRY, EVERYTHING, NetworkSpec(depth=2, width=4))
    whole, wanted = both(context, 3, 7, inputs(soft=True))
    one_activation = 4 * 12 * 12 * 8
    seen = []
    parts = sweep.Derivatives._parts
    monkeypatch.setattr(
        sweep.Derivatives, "_parts", lambda *given: [seen.append(len(part[1])) or part for part in parts(*given)]
    )
    monkeypatch.setitem(sweep.AT_ONCE, "cpu", 2 * one_activation // torch.get_num_threads())
    found, _ = both(context, 3, 7, inputs(soft=True))
    assert seen == [2, 2, 2, 1] * 6
    assert farthest(found, wanted) < 1e-10
    assert farthest(found, [one.detach() for one in whole]) < 1e-12


@pytest.mark.parametrize(
    ("depth", "width", "steps", "images"),
    [
        (2, 16, 5, 24),
        (3, 16, 5, 24),
        pytest.param(2, 128, 5, 24, marks=pytest.mark.release),
        (3, 16, 2, 6),
        (3, 64, 2, 6),
        pytest.param(3, 128, 2, 6, marks=pytest.mark.release),
    ],
)
def test_in_float32_it_is_as_near_to_the_exact_gradient_as_the_graph_is(depth, width, steps, images):
    exact_context = double_context(GEOMETRY, EVERYTHING, NetworkSpec(depth=depth, width=width))
    context = Context(**(vars(exact_context) | {"real": real_data(toy_source(GEOMETRY, 6))}))
    errors: list[list[float]] = []
    for seed in range(9):
        _, exact = both(exact_context, steps, None, inputs(images), seed)
        single = inputs(images, dtype=torch.float32)
        # The same numbers, so that only the arithmetic differs.
        with torch.no_grad():
            for one, other in zip(single, inputs(images), strict=True):
                one.copy_(other)
        found, graph = both(context, steps, None, single, seed)
        errors.append([farthest(one[1:2], exact[1:2]) for one in (found, graph)])
    # Of either, an error that takes a ReLU to its other side is a thousand times larger: the median leaves it out.
    ours, theirs = torch.tensor(errors).median(dim=0).values.tolist()
    assert ours <= 1.5 * theirs


def test_what_asks_for_no_gradient_gets_none():
    context = double_context(GEOMETRY)
    images, labels, rate = inputs()
    network = context.new_network("structure")
    given, start = student_of(context, network, 2), networks.flatten(network)
    found = unroll(given, start, images.detach(), labels, rate.detach(), seeded(5))
    assert not found.requires_grad
    only = unroll(given, start, images.detach(), labels, rate, seeded(5))
    torch.testing.assert_close(only, found)
    (gradient,) = torch.autograd.grad(only.sum(), rate)
    assert gradient.isfinite()
    images_only = unroll(given, start, images, labels, rate.detach(), seeded(5))
    (gradient,) = torch.autograd.grad(images_only.square().sum(), images)
    assert gradient.abs().sum() > 0


def test_a_network_without_a_tangent_keeps_its_graph(monkeypatch):
    assert student.keeps_graph(double_context(GEOMETRY, network=networks.FIXED["resnet18"]).new_network("structure"))
    context = double_context(GEOMETRY)
    assert not student.keeps_graph(context.new_network("structure"))
    monkeypatch.setattr(tangents, "has_tangent", lambda network: False)
    monkeypatch.setattr(student.Sweep, "apply", None)
    found, wanted = both(context, 3, 4, inputs())
    assert farthest(found, wanted) == 0


MEMORY = """
import sys, torch
from contexts import double_context, seeded, student_of
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import networks
from nsdcodec.encoding.objectives.student import unroll
torch.set_num_threads(1)
def peak(name):
    (line,) = (line for line in open("/proc/self/status") if line.startswith(name))
    return int(line.split()[1]) * 1024
def train(steps):
    context = double_context(Geometry(3, 3, 32, 32), "flip_color", NetworkSpec(depth=3, width=16))
    network = context.new_network("structure").float()
    images = torch.randn(32, 3, 32, 32, generator=seeded(1), requires_grad=True)
    rate = torch.tensor(0.01, requires_grad=True)
    start = networks.flatten(network)
    unroll(student_of(context, network, steps), start, images, torch.arange(32) % 3, rate, seeded(2)).sum().backward()
    return start.nbytes
train(1)
before = peak("VmRSS:")
open("/proc/self/clear_refs", "w").write("5")
weights = train(int(sys.argv[1]))
print(peak("VmHWM:") - before, weights)
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="measures by Linux's /proc")
def test_memory_does_not_grow_with_the_steps_but_for_their_weights():
    peaks = {}
    for steps in (5, 50):
        # What is freed goes back at once: not the holes of a heap are measured.
        ran = fresh_python(MEMORY, str(steps), MALLOC_MMAP_THRESHOLD_="65536", MALLOC_TRIM_THRESHOLD_="65536")
        assert ran.returncode == 0, ran.stderr
        grown, weights = map(int, ran.stdout.split())
        peaks[steps] = grown - steps * weights
    # The graph of one step, 32 images of 16 channels, is over 10 MB.
    assert peaks[50] < 1.3 * peaks[5]

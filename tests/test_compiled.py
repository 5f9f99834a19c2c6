"""Compiled and recorded steps: the numbers of the plain ones, where there is a compiler and where there is none."""

from __future__ import annotations

import pytest
import torch
from builders import fresh_python
from contexts import double_context, seeded, student_of
from torch import Tensor

from nsdcodec.encoding.objectives import student
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning import networks
from nsdcodec.learning.derivatives import compiled
from nsdcodec.learning.derivatives.captured import PLAIN_CALLS, Captured

GEOMETRY = Geometry(3, 2, 12, 12)


def gradients(steps: int = 2) -> list[Tensor]:
    """Student, and gradients of a function of it with respect to images, soft labels and rate."""
    context = double_context(GEOMETRY, "flip", NetworkSpec(depth=3, width=64))
    network = context.new_network("structure")
    start = networks.flatten(network)
    images = torch.randn(5, 2, 12, 12, generator=seeded(1), dtype=torch.float64, requires_grad=True)
    labels = torch.randn(5, 3, generator=seeded(2), dtype=torch.float64).softmax(dim=1).requires_grad_()
    rate = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    last = student.unroll(student_of(context, network, steps), start, images, labels, rate, seeded(3))
    return [last, *torch.autograd.grad(last.square().sum(), [images, labels, rate])]


def assert_same(found: list[Tensor], wanted: list[Tensor]) -> None:
    for one, other in zip(found, wanted, strict=True):
        assert float((one - other).detach().norm()) <= 1e-12 * float(other.detach().norm())


@pytest.fixture
def compiler() -> None:
    """Asked for here, not where tests are collected: the answer takes seconds."""
    if reason := compiled.missing("cpu"):
        pytest.skip(reason)


@pytest.mark.usefixtures("compiler")
def test_compiled_steps_have_the_numbers_of_plain_ones(monkeypatch):
    plain = gradients()
    made = []
    compile = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda function, **how: made.append(function.__name__) or compile(function, **how)
    )
    with compiled.kernels(True):
        assert_same(gradients(), plain)
    assert len(made) == len(set(made)) == 5
    made.clear()
    assert_same(gradients(), plain)
    assert not made


@pytest.mark.release
@pytest.mark.usefixtures("compiler")
def test_compiled_steps_are_as_near_to_the_exact_gradient_as_the_graph_is():
    """In float32, at the size of real images, where a sum over pixels is long."""
    context = double_context(Geometry(4, 3, 32, 32), "none", NetworkSpec(depth=2, width=64))
    errors = []
    for seed in range(3):
        images = torch.randn(4, 3, 32, 32, generator=seeded(seed), dtype=torch.float64)
        found = []
        for dtype, graph in ((torch.float64, True), (torch.float32, True), (torch.float32, False)):
            network = context.new_network("structure").to(dtype)
            given = images.to(dtype).requires_grad_()
            rate = torch.tensor(0.01, dtype=dtype)
            start, labels = networks.flatten(network), torch.arange(4)
            learner = student_of(context, network, 2)
            batches = student.draw_batches(learner, labels, seeded(2))
            with compiled.kernels(True):
                last = (
                    student.unroll_with_graph(learner, start, given, labels, rate, batches)
                    if graph
                    else student.unroll(learner, start, given, labels, rate, seeded(2))
                )
                found.append(torch.autograd.grad(last.square().sum(), given)[0].double())
        exact, *rounded = found
        errors.append([float((one - exact).norm() / exact.norm()) for one in rounded])
    graph, ours = torch.tensor(errors).median(dim=0).values.tolist()
    assert ours <= 1.5 * graph


NO_COMPILER = """
from nsdcodec.learning.derivatives import compiled
from test_compiled import gradients
reason = compiled.missing("cpu")
print(len(gradients()), reason)
"""


@pytest.mark.release
def test_without_a_compiler_it_is_said_why_and_nothing_else_changes(tmp_path):
    ran = fresh_python(NO_COMPILER, CXX="no-such-compiler", TORCHINDUCTOR_CACHE_DIR=str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    count, reason = ran.stdout.strip().split(" ", 1)
    assert count == "4"
    assert "no-such-compiler" in reason or "compiler" in reason.lower()
    assert "\n" not in reason


def test_what_is_said_has_the_reason(monkeypatch):
    """PyTorch says it in its second line."""

    def broken(values: Tensor) -> Tensor:
        raise RuntimeError("backend='inductor' raised:\nAssertionError: no such compiler\n\nSet TORCHDYNAMO_VERBOSE=1")

    monkeypatch.setattr(compiled, "_probe", broken)
    reason = compiled.missing.__wrapped__("cpu")
    assert reason == "RuntimeError: backend='inductor' raised: AssertionError: no such compiler"


def recorder(function, inputs):
    """What a CUDA graph does: the same work on the same memory at every replay."""
    outputs = [one.detach().clone() for one in function(*inputs)]
    times.append(len(inputs))

    def replay() -> None:
        for kept, new in zip(outputs, function(*inputs), strict=True):
            kept.copy_(new)

    return outputs, replay


times: list[int] = []


def test_a_recording_is_made_once_for_each_shape_and_reads_what_it_is_given():
    times.clear()
    captured = Captured(lambda a, b: [a * b, a.sum()], recorder)
    for number in range(PLAIN_CALLS + 3):
        a, b = torch.full((2,), float(number)), torch.full((2,), 3.0)
        product, total = captured(a, b)
        assert product.tolist() == [3.0 * number] * 2
        assert total.item() == 2 * number
        assert len(times) == max(0, min(1, number + 1 - PLAIN_CALLS))
    for _ in range(PLAIN_CALLS + 2):
        assert captured(torch.ones(3), torch.ones(3))[0].shape == (3,)
    assert len(times) == 2


def test_a_sweep_by_recordings_is_that_without(monkeypatch):
    """What is kept of a call must not be overwritten by the next."""
    times.clear()
    plain = gradients(steps=6)
    made = Captured.__init__
    monkeypatch.setattr(Captured, "__init__", lambda self, function: made(self, function, recorder))
    found = gradients(steps=6)
    # Of gradient and along; the sweep's last step back happens but once.
    assert sorted(times) == [3, 4]
    for one, other in zip(found, plain, strict=True):
        assert torch.equal(one, other)

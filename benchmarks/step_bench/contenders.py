"""The registry of iterations that are timed, the published loop and ours. After `published`.

Each does the whole of an iteration but the optimiser's step: images from coefficients, the student, the loss, and the
gradient of coefficients and student rate, left in their `grad`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nsdcodec.encoding.objectives.student import Student, unroll
from nsdcodec.encoding.rounding import straight_through
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format import synthesis
from nsdcodec.learning.compute import Precision
from nsdcodec.learning.derivatives import compiled
from step_bench import floor
from step_bench.published import published
from step_bench.work import Problem, Work


@dataclass(frozen=True)
class StepContender:
    """`open` makes, from a `Problem`, a function of the iteration's number that runs it. `precision` is that of its
    Context. `ours`: judged by the targets. `keeps_graph`: of all steps, so that its memory is foretold before it runs.
    `keeps_memory`: with `keep_freed_memory`, as our commands do. `flops` are those of its products, for a whole
    iteration."""

    about: str
    open: Callable[[Problem], Callable[[int], None]]
    precision: Precision
    ours: bool
    keeps_graph: bool
    flops: Callable[[Work], int]
    keeps_memory: bool = True


def _ours(problem: Problem) -> Callable[[int], None]:
    """An iteration of the encoder."""
    context = problem.context
    network = context.new_network("structure").to(problem.start.dtype)
    student = Student(network, problem.work.steps, None, context.augmentation, context.compute)

    def iterate(iteration: int) -> None:
        with context.compute.tf32():
            step(iteration)

    def step(iteration: int) -> None:
        images = synthesis.images(problem.layout, straight_through(problem.arrays, problem.layout))
        last = unroll(student, problem.start, images, problem.labels, problem.rate, problem.draws(iteration))
        distance = (last - problem.end).square().sum() / (problem.start - problem.end).square().sum()
        distance.backward(inputs=problem.leaves)

    return iterate


def _compiled(problem: Problem) -> Callable[[int], None]:
    """The same with its kernels compiled: not in time, for the first iteration is not timed. Raises InvalidSetting."""
    reason = compiled.missing(problem.context.device.type)
    if reason is not None:
        raise InvalidSetting(f"nothing can be compiled here ({reason}); install a C++ compiler such as g++")
    plain = _ours(problem)

    def iterate(iteration: int) -> None:
        with compiled.kernels(True):
            plain(iteration)

    return iterate


REFERENCE = "published"
CONTENDERS: dict[str, StepContender] = {
    REFERENCE: StepContender("the published loop", published, "float32", False, True, floor.published_flops, False),
    "published-kept": StepContender(
        "the published loop, freed memory kept", published, "float32", False, True, floor.published_flops
    ),
    "published-bfloat16": StepContender(
        "the published loop, autocast", published, "bfloat16", False, True, floor.published_flops, False
    ),
    "ours": StepContender("a sweep back over the steps", _ours, "float32", True, False, floor.sweep_flops),
    "ours-compiled": StepContender(
        "a sweep back, its kernels compiled", _compiled, "float32", True, False, floor.sweep_flops
    ),
    "ours-bfloat16": StepContender(
        "a sweep back, convolutions in bfloat16", _ours, "bfloat16", True, False, floor.sweep_flops
    ),
    "ours-compiled-bfloat16": StepContender(
        "a sweep back, compiled, convolutions in bfloat16", _compiled, "bfloat16", True, False, floor.sweep_flops
    ),
}


def contender(name: str) -> StepContender:
    """Raises UnknownName."""
    if name not in CONTENDERS:
        raise UnknownName("contender", name, CONTENDERS)
    return CONTENDERS[name]

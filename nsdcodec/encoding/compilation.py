"""Whether the networks of a run are compiled: settled before it starts, since it changes how sums are rounded."""

from __future__ import annotations

import math

from nsdcodec.encoding.task import Task
from nsdcodec.format.layout import Layout
from nsdcodec.learning import passes
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.derivatives import compiled

# What compiling saves of a student's step of one image on two CPU cores, in seconds for each channel and pixel of the
# network's first layer: 6.8 against 4.4 s for 160 images, 5 steps, width 128 and 32 x 32 pixels (`benchmarks/step.py`).
SAVED = 2e-8
# Of a run by the clock, whose iterations nobody knows before.
LEAST_TIME = 600.0


def settled(task: Task, compute: Compute, layout: Layout) -> tuple[bool, tuple[str, ...]]:
    """Whether to compile, and what the user should know of it. Raises InvalidSetting where it was asked for, and
    nothing can be compiled."""
    return compiled.settled(compute.compile, _saved(task, compute, layout), compute.device.type)


def _saved(task: Task, compute: Compute, layout: Layout) -> float:
    """Seconds."""
    settings, geometry = task.settings, layout.geometry
    objective, network = settings.guided_objective, settings.network
    first_layer = network.width * geometry.height * geometry.width
    an_iteration = SAVED * first_layer * objective.student_images(layout.images)
    passed = objective.passed_images(geometry, layout.images)
    an_iteration += passes.seconds_saved(network, geometry, passed, compute.device)
    if task.time_limit is not None:
        return math.inf if an_iteration and task.time_limit >= LEAST_TIME else 0.0
    return an_iteration * settings.iterations * settings.optimizer.draws

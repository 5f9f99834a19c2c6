"""Whether a student's steps are compiled: settled before a run starts, since it changes how sums are rounded."""

from __future__ import annotations

from nsdcodec.encoding.task import Task
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.layout import Layout
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.derivatives import compiled

# What compiling saves of a step of one image on two CPU cores, in seconds for each channel and pixel of the network's
# first layer: 6.8 against 4.4 s for 160 images, 5 steps, width 128 and 32 x 32 pixels (`benchmarks/step.py`); and the
# least that is worth the wait of about half a minute.
SAVED, LEAST_SAVED = 2e-8, 120.0
# Of a run by the clock, whose iterations nobody knows before.
LEAST_TIME = 900.0


def settled(task: Task, compute: Compute, layout: Layout) -> tuple[bool, tuple[str, ...]]:
    """Whether to compile, and what the user should know of it. Raises InvalidSetting where it was
    asked for, and nothing can be compiled."""
    if compute.compile is False or (compute.compile is None and not _worth_it(task, layout)):
        return False, ()
    reason = compiled.missing(compute.device.type)
    if reason is None:
        return True, ()
    if compute.compile:
        raise InvalidSetting(
            f"--compile, or a checkpoint of a compiled run: nothing can be compiled here ({reason}); install a C++ "
            "compiler such as g++, or give --no-compile"
        )
    return False, (f"student steps are not compiled, and take longer: {reason}",)


def _worth_it(task: Task, layout: Layout) -> bool:
    settings = task.settings
    images = settings.guided_objective.student_images(layout.images)
    if not images:
        return False
    if task.time_limit is not None:
        return task.time_limit >= LEAST_TIME
    first_layer = settings.network.width * layout.geometry.height * layout.geometry.width
    return SAVED * first_layer * images * settings.iterations * settings.optimizer.draws >= LEAST_SAVED

"""Whether a job's student steps are compiled: settled before it starts, since it changes how sums are rounded."""

from __future__ import annotations

from nsdcodec.encoding.job import Job
from nsdcodec.encoding.objectives.trajectory import TrajectoryMatching
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.layout import Layout
from nsdcodec.learning.derivatives import compiled

# What compiling saves of a step of one image on two CPU cores, in seconds for each channel and pixel of the network's
# first layer: 6.8 against 4.4 s for 160 images, 5 steps, width 128 and 32 x 32 pixels (`benchmarks/step.py`); and the
# least that is worth the wait of about half a minute.
SAVED, LEAST_SAVED = 2e-8, 120.0
# Of a run by the clock, whose iterations nobody knows before.
LEAST_TIME = 900.0


def settled(job: Job, layout: Layout) -> tuple[bool, tuple[str, ...]]:
    """Whether to compile, and what the user should know of it. Raises InvalidSetting where it was asked for, and
    nothing can be compiled."""
    if job.compile is False or (job.compile is None and not _worth_it(job, layout)):
        return False, ()
    reason = compiled.missing(job.device.type)
    if reason is None:
        return True, ()
    if job.compile:
        raise InvalidSetting(
            f"--compile, or a checkpoint of a compiled run: nothing can be compiled here ({reason}); install a C++ "
            "compiler such as g++, or give --no-compile"
        )
    return False, (f"student steps are not compiled, and take longer: {reason}",)


def _worth_it(job: Job, layout: Layout) -> bool:
    settings, objective = job.settings, job.settings.objective
    images = layout.images
    steps = images * settings.guidance.steps if settings.guided else 0
    if isinstance(objective, TrajectoryMatching):
        steps += objective.student_steps * min(objective.student_batch or images, images)
    if not steps:
        return False
    if job.time_limit is not None:
        return job.time_limit >= LEAST_TIME
    first_layer = settings.network.width * layout.geometry.height * layout.geometry.width
    return SAVED * first_layer * steps * settings.iterations * settings.optimizer.draws >= LEAST_SAVED

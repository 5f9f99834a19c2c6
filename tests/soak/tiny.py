"""A tiny encode of the digits, by one thread: what the soak tests kill and repeat."""

from __future__ import annotations

from pathlib import Path

import torch

from nsdcodec import sources
from nsdcodec.encoding.job import Job
from nsdcodec.encoding.recipes import recipe
from nsdcodec.encoding.settings import for_geometry

OBJECTIVES = ("dm", "mtt")
_EACH = (
    "network.width=8",
    "network.depth=2",
    "parameterization.labels=soft",
    "parameterization.dtype=int8",
    "validation.width=8",
    "validation.epochs=1",
    "validation.per_class=5",
)
_OWN = {
    "dm": ("objective.real_per_class=4", "objective.pool=2", "objective.pool_age=5"),
    "mtt": (
        "objective.experts=3",
        "objective.student_steps=2",
        "objective.student_batch=20",
        "objective.expert_epochs=1",
        "objective.last_start=1",
        "guidance.weight=0.1",
        "guidance.real_batch=8",
    ),
}


def job(objective: str, folder: Path, iterations: int, checks: int, checkpoint_seconds: float) -> Job:
    """Its file is folder/out.nsd, its experts are in folder/experts."""
    digits = sources.load("digits")
    fitted = for_geometry(recipe("cpu"), digits.geometry, digits.augmentation).with_names(None, objective)
    pairs = (*_EACH, *_OWN[objective], f"iterations={iterations}", f"validation.checks={checks}")
    return Job(
        digits,
        folder / "out.nsd",
        fitted.with_values(list(pairs)),
        "cpu",
        pairs,
        device=torch.device("cpu"),
        experts_folder=folder / "experts",
        checkpoint_seconds=checkpoint_seconds,
    )

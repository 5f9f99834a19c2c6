"""A tiny encode of the digits, by one thread: what the soak tests kill and repeat."""

from __future__ import annotations

from pathlib import Path

from nsdcodec import sources
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.encoder import EncodeResult, Output, Task, encode
from nsdcodec.encoding.progress import Listener
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


def tiny(objective: str, folder: Path, iterations: int, checks: int, checkpoint_seconds: float) -> tuple[Task, Output]:
    """To the file folder/out.nsd."""
    digits = sources.load("digits")
    fitted = for_geometry(recipe("cpu"), digits.geometry, digits.augmentation).with_names(None, objective)
    pairs = (*_EACH, *_OWN[objective], f"iterations={iterations}", f"validation.checks={checks}")
    settings = fitted.with_values(list(pairs))
    task = Task(digits, settings, Budget.of(digits.geometry, 1), recipe_name="cpu", overrides=pairs)
    return task, Output(folder / "out.nsd", checkpoint_seconds=checkpoint_seconds)


def run(task: Task, output: Output, listen: Listener = lambda progress: None) -> EncodeResult:
    """With its experts in the folder experts beside its file."""
    return encode(task, output, experts_folder=output.path.with_name("experts"), listen=listen)

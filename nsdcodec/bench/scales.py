"""How large the runs of a table are: `paper` as published, `cpu` for two cores in minutes a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from nsdcodec.bench.table import Row
from nsdcodec.encoding.objectives import Guidance
from nsdcodec.encoding.objectives.tgdd import TrajectoryGuided
from nsdcodec.encoding.recipes import CPU, GPU_MTT, published
from nsdcodec.encoding.settings import Settings, for_geometry
from nsdcodec.errors import UnknownName
from nsdcodec.format.geometry import Geometry

# ---- the numbers of the scale "cpu", all of them: the same for every row of a table
CPU_SEEDS = 2
CPU_NETWORKS = 2  # of each kind, for each set
CPU_EPOCHS = 150  # of each
CPU_CORRUPTION_IMAGES = 1000
CPU_CHANGES = (
    "iterations=300",
    "network.width=64",
    "training.network.width=64",
    "validation.checks=1",
    # As many as the recipe cpu-hours holds out: what networks are trained on is then the same.
    "validation.per_class=500",
    # As the papers have them, whose tables these are.
    "parameterization.dtype=float16",
    # So few iterations have far to go (benchmarks/RESULTS.md, "Choosing the scale cpu").
    "optimizer.learning_rate=0.06",
    "coreset.epochs=5",
    "coreset.width=32",
)
CPU_BY_OBJECTIVE = {
    # Trained networks tell from about a thousand iterations on, and so many suit a smaller rate. The networks are those
    # of the recipe cpu-hours, which share 13 minutes of training among all rows of a seed.
    "tgdd": (
        "iterations=1000",
        "optimizer.learning_rate=0.04",
        "objective.real_per_class=32",
        "objective.experts=3",
        "objective.epochs=8",
    ),
    # New random networks, as published: pooled ones pay only in longer runs.
    "dm": ("objective.pool=0",),
    "dc": (),
    "cafe": (),
    # As many real images as dm has.
    "krr": ("objective.real=640",),
    "none": (),
    # Trajectories as short as two cores can afford: 5 experts of 3 epochs, and a student of 10 steps.
    "mtt": (
        "iterations=100",
        "objective.student_steps=10",
        "objective.expert_epochs=1",
        "objective.last_start=2",
        "objective.experts=5",
        "objective.student_batch=64",
    ),
}


# The recipes with the settings of objectives' own papers.
PAPERS = {"dc": "dc", "cafe": "cafe", "krr": "frepo"}


@dataclass(frozen=True)
class Scale:
    """`objective` is used for the rows that name none. `start` gives the settings of a parameterization and an
    objective at an IPC, for a source by its name. For each row, `seeds` sets are made, and `networks` of each kind are
    trained on each set for `epochs` (None: the recipe's number). `every_ipc` means all published budgets, instead of
    the table's small one. `corruption_images` of the test set are corrupted (None: all)."""

    about: str
    objective: str
    start: Callable[[str, str, float, str], Settings]
    seeds: int
    networks: int
    epochs: int | None
    every_ipc: bool
    corruption_images: int | None

    def settings(self, row: Row, source: str, geometry: Geometry, augmentation: str, ipc: float) -> Settings:
        """Of a row, fitted to a source, which is named. Raises UnknownName and InvalidSetting."""
        objective = row.objective or self.objective
        fitted = for_geometry(self.start(row.form, objective, ipc, source), geometry, augmentation)
        weight = GPU_MTT.guidance.weight if row.guided and objective == "mtt" else 0.0
        return fitted.with_values([f"guidance.weight={weight}", *row.changes])


def _cpu(form: str, objective: str, ipc: float, source: str) -> Settings:
    return CPU.with_names(form, objective).with_values([*CPU_CHANGES, *CPU_BY_OBJECTIVE[objective]])


def _published(form: str, objective: str, ipc: float, source: str) -> Settings:
    """The recipe of the objective's paper for the source and the nearest budget that it has; for mtt, the recipe of the
    parameterization's paper. For tgdd, its paper's numbers of real images, networks, epochs and iterations; rates are
    relative, of our own."""
    nsd = published("nsd", source, ipc)
    if objective == "mtt":
        start = published("mtt" if form == "pixel" else "fred" if form == "fred" else "nsd", source, ipc)
    elif objective == "tgdd":
        guided = TrajectoryGuided(128, experts=5, epochs=60, alpha=2.5 if ipc < 25 else 0.5)
        start = replace(GPU_MTT, objective=guided, guidance=Guidance(), iterations=10_000)
    else:
        start = published(PAPERS.get(objective, "dm"), source, ipc)
    start = start.with_names(form, objective)
    if form == "nsd":
        return replace(start, parameterization=nsd.parameterization)
    if objective == "mtt" and form not in ("pixel", "fred"):
        # No rates are published for these, and one for pixels would suit no kernel: relative ones, of our own.
        return replace(start, optimizer=GPU_MTT.optimizer)
    return start


def overridden(settings: Settings, pairs: tuple[str, ...]) -> tuple[Settings, dict[str, UnknownName]]:
    """The settings, with each "key=value" set if they have the key; and the errors of the other pairs. Rows of a table
    have different keys if they have different parameterizations or objectives. Raises InvalidSetting for a value that
    is not possible."""
    missing = {}
    for pair in pairs:
        try:
            settings = settings.with_values([pair])
        except UnknownName as error:
            if error.kind != "setting":
                raise
            missing[pair] = error
    return settings, missing


SCALES: dict[str, Scale] = {
    "cpu": Scale(
        "two CPU cores, minutes a row: few iterations, narrow networks, tgdd in place of mtt (or mtt made short)",
        "tgdd",
        _cpu,
        CPU_SEEDS,
        CPU_NETWORKS,
        CPU_EPOCHS,
        every_ipc=False,
        corruption_images=CPU_CORRUPTION_IMAGES,
    ),
    "paper": Scale(
        "a GPU, hours a row: the settings published for the source, or for CIFAR-10; every published budget",
        "mtt",
        _published,
        seeds=1,
        networks=5,
        epochs=None,
        every_ipc=True,
        corruption_images=None,
    ),
}


def scale(name: str) -> Scale:
    """Raises UnknownName."""
    if name not in SCALES:
        raise UnknownName("scale", name, SCALES)
    return SCALES[name]

"""The recipes: named settings. A comment at each constant names the paper and table that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nsdcodec.encoding import starting
from nsdcodec.encoding.objectives import Guidance
from nsdcodec.encoding.objectives.cafe import FeatureAlignment
from nsdcodec.encoding.objectives.distribution import DistributionMatching
from nsdcodec.encoding.objectives.gradient import GradientMatching
from nsdcodec.encoding.objectives.krr import KernelRegression
from nsdcodec.encoding.objectives.tgdd import TrajectoryGuided
from nsdcodec.encoding.objectives.trajectory import TrajectoryMatching
from nsdcodec.encoding.parameterizations.fred import FreD
from nsdcodec.encoding.parameterizations.nsd import NSD
from nsdcodec.encoding.parameterizations.pixel import Pixel
from nsdcodec.encoding.schedules import FRED, FRED_IMAGES, MTT, Schedule
from nsdcodec.encoding.settings import Optimizer, Settings, Validation, for_geometry
from nsdcodec.errors import UnknownName
from nsdcodec.format.container.file import NSDFile
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe
from nsdcodec.sources.base import Source
from nsdcodec.sources.imagenet import SUBSETS

# On two CPU cores: tgdd, since at equal machine time it leads dm, by far where bytes are few (benchmarks/RESULTS.md,
# "`cpu-hours` against `cpu` at equal machine time"), and 6 bits, in which the slices that tell most have room for more,
# while the coder leaves two or three of a value. Two networks of four epochs take a third of the time that three of
# eight do. Reading B and no guidance, since both reach more in the same minutes ("Choosing the CPU recipe"). Batches of
# 64 in place of the field's 256 take four times as many steps of training in the same time.
CPU = Settings(
    parameterization=NSD(dtype="int6"),
    objective=TrajectoryGuided(real_per_class=32, experts=2, epochs=4),
    network=NetworkSpec(width=64),
    optimizer=Optimizer(learning_rate=0.04),
    training=TrainingRecipe(batch_size=64),
)

# On two CPU cores for an hour or more, after a quarter of an hour for three networks that learn from the real images.
# Its budgets are of bytes, where many images share half-size slices (benchmarks/RESULTS.md, "What tells at 24 and 98
# kbit a class"). As many images need fewer epochs.
CPU_HOURS = replace(
    CPU,
    objective=TrajectoryGuided(real_per_class=32, experts=3, epochs=8),
    validation=Validation(per_class=500, checks=2, epochs=100),
    training=TrainingRecipe(batch_size=64, epochs=300),
    iterations=1000,
)

# On a GPU: the same, whose iterations take a tenth of a second, and is judged as the field does (benchmarks/RESULTS.md,
# "What tells at 24 and 98 kbit a class").
GPU = replace(
    CPU_HOURS,
    validation=Validation(per_class=500, checks=4, epochs=300, width=128),
    iterations=2000,
)

# By trajectories: start epochs up to 10 and 60 steps as SPEED (NeurIPS 2023) has them for CIFAR-10 at IPC 1; batches of
# 100,  since a set of this size does not fit whole; guidance, for which NSD Table 6 reports a gain (gamma is not
# published).
GPU_MTT = Settings(
    objective=TrajectoryMatching(student_steps=60, last_start=10, student_batch=100, experts=60),
    guidance=Guidance(weight=0.1),
    optimizer=Optimizer(learning_rate=0.005),
    validation=Validation(per_class=500, checks=10, epochs=300, width=128),
    iterations=8000,
)


def _matching(schedule: Schedule, batch: int | None = None) -> TrajectoryMatching:
    """With another `batch` than the paper's, where a set has more images than the paper's."""
    return TrajectoryMatching(
        schedule.steps,
        schedule.expert_epochs,
        schedule.last_start,
        schedule.batch if batch is None else batch,
        schedule.student_rate,
        schedule.rate_learning_rate,
    )


def _mtt(ipc: int, source: str = "cifar10") -> Settings:
    schedule = MTT[source][ipc]
    return Settings(
        parameterization=Pixel(),
        objective=_matching(schedule),
        optimizer=Optimizer(kind="sgd", learning_rate=schedule.rate, decay=False, momentum=0.5),
        validation=GPU_MTT.validation,
        iterations=5000,
    )


def _fred(ipc: int, source: str = "cifar10") -> Settings:
    schedule = FRED[source][ipc]
    return Settings(
        # The masks from the first samples, as in its code.
        parameterization=FreD(images_per_class=FRED_IMAGES.get((source, ipc)), mask_from="samples"),
        objective=_matching(schedule),
        optimizer=Optimizer(kind="sgd", learning_rate=schedule.rate, decay=False, momentum=0.5),
        validation=GPU_MTT.validation,
        iterations=15_000,
    )


# FTD (CVPR 2023): its flat experts. Its published command for IPC 10 has the settings of MTT beside them; and an
# average of the images over the iterations, which is left out here.
FLAT = 0.01


def _ftd(ipc: int) -> Settings:
    return replace(_mtt(ipc), objective=replace(_matching(MTT["cifar10"][ipc]), expert_rho=FLAT))


# Of CIFAR-10 at IPC -> first start, last start, student batch. DATM (ICLR 2024): 80 steps, 10k iterations, soft labels,
# FTD's experts.
DATM = {1: (0, 4, 10), 10: (10, 20, 100), 50: (20, 40, 500)}
# SPEED (NeurIPS 2023): 60 steps, 20k iterations; IPC -> last start, student batch.
SPEED = {1: (10, 64), 10: (20, 128), 50: (40, 256)}
# GSDD (2025): 60 steps, last start 30, Adam; IPC -> student batch.
GSDD = {1: 300, 10: 380, 50: 360}


def _datm(ipc: int) -> Settings:
    first, last, batch = DATM[ipc]
    objective = TrajectoryMatching(
        80, 2, last, batch, first_start=first, student_rate=0.01, rate_learning_rate=1e-5, expert_rho=FLAT
    )
    # The rate of the images is MTT's and that of the labels ours; DATM's are not at hand.
    optimizer = replace(_mtt(ipc).optimizer, label_rate=2.0)
    return replace(
        _mtt(ipc),
        parameterization=Pixel(labels="soft", label_init="teachers"),
        objective=objective,
        optimizer=optimizer,
        iterations=10_000,
    )


def _scheduled(last_start: int, student_batch: int, iterations: int) -> Settings:
    """nsd, with the trajectory settings of another paper whose own parameterization is not implemented; the rest is
    that of the recipe gpu-mtt."""
    objective = TrajectoryMatching(60, 2, last_start, student_batch)
    return replace(GPU_MTT, objective=objective, guidance=Guidance(), iterations=iterations)


# NSD (ECCV 2024) leaves the number of kernels open, and how classes share spectra: these fill their budgets. A hundred
# classes with spectra of their own (A) would take 80 % of it with three slices each and more than all with four, so
# that they stand in groups of ten (C).
NSD_FORMS: dict[tuple[str, int], NSD] = {
    ("cifar10", 1): NSD(reading="A", init="noise"),
    ("cifar10", 10): NSD(reading="A", init="noise", kernels=4),
    ("cifar10", 50): NSD(reading="A", init="noise", kernels=4),
    ("cifar100", 1): NSD(reading="C", init="noise"),
    ("cifar100", 10): NSD(reading="C", init="noise"),
    ("tinyimagenet", 1): NSD(reading="C", init="noise"),
    ("subset", 1): NSD(reading="A", init="noise", kernels=7),
}


def _nsd(ipc: int, source: str = "cifar10") -> Settings:
    """NSD section 4.1: SGD, momentum 0.9, 10k iterations, random initial values; the rest as MTT for the same set and
    IPC. The sets of all but the smallest are too large to be one student batch; the size of a batch is not
    published."""
    objective = _matching(MTT[source][ipc], batch=256)
    if (source, ipc) == ("cifar10", 1):
        objective = TrajectoryMatching(student_steps=50, expert_epochs=2, last_start=5, experts=100)
    return replace(
        GPU_MTT,
        parameterization=NSD_FORMS[source, ipc],
        objective=objective,
        optimizer=Optimizer(kind="sgd", learning_rate=1.0, decay=False),
        training=TrainingRecipe(0.01, 0.9, 5e-4, 256, 1000),
        iterations=10_000,
    )


# IPC -> how often a network is matched, and the steps that it learns between two times.
DC_LIFE = {1: (1, 50), 10: (10, 50), 50: (50, 20)}


def _dc(ipc: int) -> Settings:
    """DC (ICLR 2021) with DSA (ICML 2021), the defaults of the authors' code and its --method DSA --init real: 1,000
    networks, each matched 1, 10 or 50 times, with 50 and 10 epochs in batches of 256 between two times, which are 50
    and 20 steps; 256 real images a class; SGD at rate 0.1, momentum 0.5."""
    return Settings(
        parameterization=Pixel(),
        objective=GradientMatching(256, *DC_LIFE[ipc]),
        optimizer=Optimizer(kind="sgd", learning_rate=0.1, decay=False, momentum=0.5),
        validation=GPU_MTT.validation,
        iterations=1000 * ipc,
    )


def _cafe(ipc: int) -> Settings:
    """CAFE (CVPR 2022), the defaults of the authors' code: SGD at rate 0.1, momentum 0.5, 256 real images a class,
    2,000 networks, from noise. How often a network is matched and learns, its accuracy decides there; DC's numbers
    stand here."""
    dc, objective = _dc(ipc), FeatureAlignment(256, *DC_LIFE[ipc])
    optimizer = replace(dc.optimizer, decay=True)
    return replace(
        dc, parameterization=Pixel(init="noise"), objective=objective, optimizer=optimizer, iterations=2000 * ipc
    )


# FRePo (NeurIPS 2022), section 4: 1,024 real images, 10 networks of at most 100 steps of Adam at 3e-4, learned labels,
# up to 500k iterations. Its optimiser is LAMB, which is not here: Adam, at a relative rate of ours.
FREPO = Settings(
    parameterization=Pixel(labels="soft"),
    objective=KernelRegression(),
    optimizer=Optimizer(learning_rate=0.005),
    validation=GPU_MTT.validation,
    iterations=500_000,
)


def _named(paper: str, source: str, ipc: int) -> str:
    """Those for CIFAR-10, which every paper has, are named after the paper alone."""
    return f"{paper}-ipc{ipc}" if source == "cifar10" else f"{paper}-{source}-ipc{ipc}"


# What they are, for people, stands in `recipe_names`.
RECIPES: dict[str, Settings] = {
    "cpu": CPU,
    "cpu-hours": CPU_HOURS,
    "gpu": GPU,
    "gpu-mtt": GPU_MTT,
    **{_named("nsd", source, ipc): _nsd(ipc, source) for source, ipc in NSD_FORMS},
    **{_named("mtt", source, ipc): _mtt(ipc, source) for source in MTT for ipc in MTT[source]},
    **{f"ftd-ipc{ipc}": _ftd(ipc) for ipc in (1, 10, 50)},
    **{_named("fred", source, ipc): _fred(ipc, source) for source in FRED for ipc in FRED[source]},
    **{f"datm-ipc{ipc}": _datm(ipc) for ipc in DATM},
    **{f"speed-ipc{ipc}": _scheduled(*SPEED[ipc], iterations=20_000) for ipc in SPEED},
    **{f"gsdd-ipc{ipc}": _scheduled(30, GSDD[ipc], GPU_MTT.iterations) for ipc in GSDD},
    # DM (WACV 2023), section 4.1: 20k iterations, SGD at rate 1, 256 real images a class, a new network each time;
    # momentum 0.5 as in its code.
    "dm-ipc1": Settings(
        parameterization=Pixel(),
        objective=DistributionMatching(real_per_class=256, pool=0),
        optimizer=Optimizer(kind="sgd", learning_rate=1.0, decay=False, momentum=0.5),
        validation=GPU_MTT.validation,
        iterations=20_000,
    ),
    **{f"dc-ipc{ipc}": _dc(ipc) for ipc in (1, 10, 50)},
    **{f"cafe-ipc{ipc}": _cafe(ipc) for ipc in (1, 10, 50)},
    **{f"frepo-ipc{ipc}": FREPO for ipc in (1, 10, 50)},
}


def recipe(name: str) -> Settings:
    """Raises UnknownName."""
    if name not in RECIPES:
        raise UnknownName("recipe", name, RECIPES)
    return RECIPES[name]


def published(paper: str, source: str, ipc: float) -> Settings:
    """The recipe of a paper ("nsd", "mtt" ...) for a source, by its name, at the largest budget that it has up to the
    published one next to `ipc`; that for CIFAR-10 where the paper has no other for the source. Raises UnknownName."""
    family = "subset" if source in SUBSETS else source
    wanted = 1 if ipc < 5 else 10 if ipc < 25 else 50
    for name in (_named(paper, place, budget) for place in (family, "cifar10") for budget in (50, 10, 1)):
        if name in RECIPES and int(name.rpartition("-ipc")[2]) <= wanted:
            return RECIPES[name]
    raise UnknownName("recipe", f"{paper}-ipc{wanted}", RECIPES)


def settings_for(
    source: Source,
    recipe_name: str = "cpu",
    *,
    parameterization: str | None = None,
    objective: str | None = None,
    changes: Sequence[str] = (),
    start: NSDFile | None = None,
) -> Settings:
    """The settings of a recipe, fitted to a source's images and then changed: what a `Task` takes.

    Arguments:
        source: the real images, as `load_source` gives them.
        recipe_name: one of those that `nsdc recipes` lists.
        parameterization, objective: other ones than the recipe's, by name.
        changes: "key=value" for any key that `nsdc recipes NAME` shows.
        start: the file that the task begins from, as `read` gives it. Where nothing else is asked for, its
            parameterization, stored type, kind of labels and learning rate are taken over.

    Raises:
        UnknownName: no such recipe, parameterization, objective or key.
        InvalidSetting: a value is out of its range, or would change the arrays that `start` has.

    Examples:
        >>> settings = settings_for(load_source("digits"), changes=["iterations=300", "dtype=int8"])
        >>> settings.iterations, settings.parameterization.name, settings.parameterization.dtype
        (300, 'nsd', 'int8')
    """
    fitted = for_geometry(recipe(recipe_name), source.geometry, source.augmentation)
    if start is None:
        return fitted.with_names(parameterization, objective).with_values(changes)
    named = fitted.with_names(parameterization or start.header.parameterization, objective)
    return starting.taken_over(named, start, changes)


def default_recipe(device: str) -> str:
    """The name for a torch device type."""
    return "gpu" if device == "cuda" else "cpu"

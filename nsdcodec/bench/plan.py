"""Plan a bench: the trials that it needs, one for each row, budget and seed, all checked before any work."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from nsdcodec.bench.result import TrialResult
from nsdcodec.bench.scales import Scale, overridden
from nsdcodec.bench.table import Row, Table
from nsdcodec.encoding import task as tasks
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.settings import Settings
from nsdcodec.encoding.task import Task
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.evaluation.corruptions import SEVERITIES
from nsdcodec.evaluation.robustness import check
from nsdcodec.learning import networks
from nsdcodec.learning.compute import Compute
from nsdcodec.sources.base import Source


@dataclass(frozen=True)
class Bench:
    """A table on a source at a scale, in a folder. `rows` are of the table; `overrides` are over all other settings, in
    the rows that have their keys; `ipcs` None: those of the scale. `restart` drops results and checkpoints that were
    made with other settings."""

    name: str
    table: Table
    scale_name: str
    scale: Scale
    source: Source
    folder: Path
    rows: tuple[Row, ...]
    ipcs: tuple[float, ...] | None = None
    overrides: tuple[str, ...] = ()
    compute: Compute = field(default_factory=Compute)
    experts_folder: Path = Path("experts")
    data_dir: Path | None = None
    restart: bool = False
    command: str = ""

    def __post_init__(self) -> None:
        if min(self.scale.seeds, self.scale.networks) < 1 or (self.scale.epochs is not None and self.scale.epochs < 1):
            raise InvalidSetting(
                f"bench: {self.scale.seeds} seeds, {self.scale.networks} networks, {self.scale.epochs} epochs; "
                "at least 1 of each is needed"
            )
        if not self.rows:
            raise InvalidSetting("bench: no rows; name at least one")
        if not any(row.runs for row in self.rows):
            reasons = "; ".join(f"{row.name}: {row.note}" for row in self.rows)
            raise InvalidSetting(f"bench: none of these rows can be run; name others ({reasons})")

    @property
    def budgets(self) -> tuple[float, ...]:
        if self.ipcs is not None:
            return self.ipcs
        return self.table.published_ipcs(self.source.name) if self.scale.every_ipc else (self.table.small_ipc,)

    @property
    def corruption_images(self) -> int | None:
        """Those of the scale, or as many as the test set has; None: all."""
        wanted, test = self.scale.corruption_images, self.source.test
        return wanted if wanted is None or test is None else min(wanted, len(test))


@dataclass(frozen=True, eq=False)
class Trial:
    """One set that is made and judged: a row at a budget with a seed."""

    bench: Bench
    row: Row
    ipc: float
    seed: int

    @property
    def stem(self) -> str:
        return f"{self.row.name}-ipc{self.ipc:g}-seed{self.seed}"

    @property
    def path(self) -> Path:
        return self.bench.folder / f"{self.stem}.json"

    @cached_property
    def settings(self) -> tuple[Settings, dict[str, UnknownName]]:
        """As `scales.overridden` gives them."""
        bench, source = self.bench, self.bench.source
        fitted = bench.scale.settings(self.row, source.name, source.geometry, source.augmentation, self.ipc)
        return overridden(fitted, bench.overrides)

    @property
    def output(self) -> Path:
        """Where its set is written."""
        return self.bench.folder / f"{self.stem}.nsd"

    @cached_property
    def task(self) -> Task:
        bench = self.bench
        return Task(
            bench.source,
            self.settings[0],
            Budget.of(bench.source.geometry, self.ipc),
            self.seed,
            recipe_name=f"bench {bench.name}, {self.row.name}, scale {bench.scale_name}",
            overrides=(*self.row.changes, *(pair for pair in bench.overrides if pair not in self.settings[1])),
        )

    @cached_property
    def identity(self) -> dict[str, Any]:
        scale, table = self.bench.scale, self.bench.table
        judged: dict[str, Any] = {
            "evaluation.kinds": list(table.networks),
            "evaluation.networks": scale.networks,
            "evaluation.epochs": scale.epochs,
            "evaluation.test": self.bench.source.test_sha256,
        }
        if table.corruptions:
            _, published = check(self.bench.source, SEVERITIES, self.bench.corruption_images, self.bench.data_dir)
            judged["evaluation.corruption_images"] = self.bench.corruption_images
            judged["evaluation.corruptions"] = "published" if published else "made"
        identity: dict[str, Any] = json.loads(
            json.dumps({"row": self.row.name, **tasks.identity(self.task, self.bench.compute), **judged})
        )
        return identity

    def finished(self, result: TrialResult | None) -> bool:
        kinds = self.bench.table.networks
        return (
            result is not None
            and all(kind in result.accuracies for kind in kinds)
            and (bool(result.corrupted) or not self.bench.table.corruptions)
        )


def trials(bench: Bench) -> list[Trial]:
    """Every trial, seed by seed, so that a bench that is stopped early has all rows. What cannot be done is refused
    here, before any training: raises OverBudget, InvalidSetting, InvalidSource, UnknownName."""
    found = [
        Trial(bench, row, ipc, seed)
        for seed in range(bench.scale.seeds)
        for ipc in bench.budgets
        for row in bench.rows
        if row.runs
    ]
    for pair in bench.overrides:
        if all(pair in trial.settings[1] for trial in found):
            raise found[0].settings[1][pair]
    for trial in found:
        tasks.plan_packed(trial.task, bench.compute, trial.task.budget)
        for kind in bench.table.networks:
            networks.build(networks.named(kind, trial.task.settings.training.network), bench.source.geometry, 0)
    if bench.source.test is None:
        raise InvalidSetting(f"{bench.source.name} has no test set to judge by; name a source that has one")
    if bench.table.corruptions:
        check(bench.source, SEVERITIES, bench.corruption_images, bench.data_dir)
    return found

"""Expert trajectories: the weights of networks trained on the real data, every epoch of them, kept for `mtt`.

They live in FOLDER/KEY/NNNN.h5, KEY being a hash of all that made them, one HDF5 file an expert. Each file is written
whole or not at all, so a kill loses at most the experts in the making, and several processes fill one folder together
(spec/decisions/0002-one-file-an-expert.md, `claims`). Each holds `weights` [rows, P], a row for each epoch that is
kept, the numbers of these `epochs`, and the settings.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from nsdcodec.errors import Diverged, FileAccess, InvalidSetting, MissingData, UnknownName
from nsdcodec.format.container import strict_json
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec, TrainingRecipe
from nsdcodec.learning import networks, passes, stacked, training
from nsdcodec.learning.compute import Compute, Precision
from nsdcodec.learning.flat import Flat
from nsdcodec.learning.real import RealData
from nsdcodec.system import atomic, claims
from nsdcodec.system.randomness import seed_of, stream

DATASET = "weights"
ExpertType = Literal["float32", "float16"]
DTYPES: dict[str, torch.dtype] = {"float32": torch.float32, "float16": torch.float16}


@dataclass(frozen=True)
class ExpertSettings:
    """What makes a trajectory. MTT (Cazenavette et al., CVPR 2022): SGD at 0.01 without momentum or weight decay,
    batches of 256, DSA on. With a `rho` above 0 they are flat, as in FTD (CVPR 2023): `rho` and `alpha` are those of
    `learning.flat`. `kept`: the epochs whose weights are stored (0: initial weights; None: all of them), in `dtype`,
    float32 or float16. `decay_at_half`: the rate falls to a tenth when half of the epochs are done."""

    source_sha256: str
    network: NetworkSpec
    augmentation: str
    epochs: int
    learning_rate: float = 0.01
    momentum: float = 0.0
    weight_decay: float = 0.0
    batch_size: int = 256
    seed: int = 0
    precision: Precision = "float32"
    kept: tuple[int, ...] | None = None
    dtype: ExpertType = "float32"
    rho: float = 0.0
    alpha: float = 0.3
    decay_at_half: bool = False

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise UnknownName("type of experts", self.dtype, DTYPES)

    @property
    def rows(self) -> tuple[int, ...]:
        """The epochs of the rows of a file."""
        return tuple(range(self.epochs + 1)) if self.kept is None else self.kept

    @property
    def document(self) -> str:
        """All of it as JSON. Without what is not used, those of before there was that are named as they were."""
        settings = asdict(self)
        if not self.rho:
            del settings["rho"], settings["alpha"]
        if not self.decay_at_half:
            del settings["decay_at_half"]
        return strict_json.canonical(settings)

    @property
    def key(self) -> str:
        return hashlib.sha256(self.document.encode()).hexdigest()[:16]

    @property
    def recipe(self) -> TrainingRecipe:
        return TrainingRecipe(
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            epochs=self.epochs,
            augmentation=self.augmentation,
            network=self.network,
        )


class Experts:
    """The trajectories of one setting in a folder. Raises MissingData where h5py is not installed."""

    def __init__(self, folder: Path, settings: ExpertSettings) -> None:
        self.settings = settings
        self.folder = folder / settings.key
        _h5py()

    def count(self) -> int:
        """How many stand without a gap from the first."""
        n = 0
        while self._path(n).exists():
            n += 1
        return n

    def weights(self, expert: int, epoch: int) -> Tensor:
        """float32 [P] after `epoch` epochs (0: initial). Reads no more of the file than that. Raises InvalidSetting for
        an epoch that is not kept."""
        h5py = _h5py()
        if epoch not in self.settings.rows:
            raise InvalidSetting(
                f"epoch {epoch} of the experts is not kept; these are: {', '.join(map(str, self.settings.rows))}"
            )
        try:
            with h5py.File(self._path(expert), "r") as file:
                return torch.from_numpy(file[DATASET][self.settings.rows.index(epoch)]).float()
        except (OSError, KeyError, IndexError, ValueError) as error:
            raise FileAccess(
                f"cannot read expert {self._path(expert)}: {error}; delete the file to make it again"
            ) from error

    def fill(
        self,
        count: int,
        geometry: Geometry,
        real: RealData,
        compute: Compute,
        progress: Callable[[int, int], None] = lambda expert, epoch: None,
        waiting: Callable[[int], None] = lambda count: None,
    ) -> None:
        """Makes what is missing of experts 0 to count - 1, several at once (`stacked.at_once`), which
        changes them by rounding alone, and returns when all are there: other processes may be making some, and
        `waiting` hears how many where it is all. `progress` hears of each epoch that an expert has done.
        Raises InvalidSetting; Diverged where weights are no numbers of `dtype`."""
        if count < 1:
            raise InvalidSetting(f"experts: {count} asked for; at least 1 is needed")
        network, batch = self.settings.network, min(self.settings.batch_size, len(real))
        size = stacked.at_once(network, geometry, batch, compute)
        for experts in claims.unmade(self.folder, lambda: self.missing(count), size, waiting):
            self._make(experts, geometry, real, compute, progress)

    def missing(self, count: int) -> list[int]:
        """Those of experts 0 to count - 1 that do not stand."""
        return [expert for expert in range(count) if not self._path(expert).exists()]

    def _make(
        self,
        experts: list[int],
        geometry: Geometry,
        real: RealData,
        compute: Compute,
        progress: Callable[[int, int], None],
    ) -> None:
        settings = self.settings
        seeds = [seed_of(settings.seed, "expert", expert) for expert in experts]
        models = [networks.build(settings.network, geometry, seed).to(real.device) for seed in seeds]
        size = sum(weight.numel() for weight in models[0].parameters())
        weights = [torch.empty(len(settings.rows), size, dtype=DTYPES[settings.dtype]) for _ in experts]

        def record(epoch: int) -> None:
            if epoch in settings.rows:
                for rows, model in zip(weights, models, strict=True):
                    rows[settings.rows.index(epoch)] = networks.flatten(model)

        def after_epoch(done: int) -> None:
            record(done + 1)
            for expert in experts:
                progress(expert, done + 1)

        record(0)
        generators = [stream(settings.seed, "expert", expert) for expert in experts]
        compute = replace(compute, precision=settings.precision)
        passed = len(experts) * settings.epochs * len(real)
        with passes.compiled_if_it_pays(settings.network, geometry, passed, compute):
            training.train_on(
                models,
                real,
                settings.recipe,
                generators,
                compute,
                after_epoch=after_epoch,
                decay_at_half=settings.decay_at_half,
                flat=Flat(settings.rho, settings.alpha) if settings.rho else None,
            )
        for expert, rows in zip(experts, weights, strict=True):
            self._write(expert, rows)

    def _write(self, expert: int, weights: Tensor) -> None:
        if not weights.isfinite().all():
            raise Diverged(
                f"expert {expert} has weights that no {weights.dtype} holds; train it at a lower rate than "
                f"{self.settings.learning_rate}, or keep float32 (--set objective.expert_dtype=float32)"
            )
        h5py = _h5py()
        memory = io.BytesIO()
        with h5py.File(memory, "w") as file:
            file.create_dataset(DATASET, data=weights.numpy(), chunks=(1, weights.shape[1]))
            file.attrs["epochs"] = self.settings.rows
            file.attrs["settings"] = self.settings.document
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileAccess(f"cannot make the experts' folder {self.folder}: {error.strerror}") from error
        atomic.write(self._path(expert), memory.getvalue())

    def _path(self, expert: int) -> Path:
        return self.folder / f"{expert:04}.h5"


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingData("experts are kept in HDF5: pip install nsdcodec[encode]") from error
    return h5py

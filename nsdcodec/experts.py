"""Expert trajectories: the weights of networks trained on the real data, every epoch of them, kept for `mtt`.

They live in FOLDER/KEY/NNNN.h5, KEY being a hash of all that made them, one HDF5 file an expert. Each file is written
whole or not at all, so a kill loses at most the expert in the making, and several processes can fill one folder
(spec/decisions/0002-one-file-an-expert.md). Each holds `weights`, float32 [epochs + 1, P], and the settings.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nsdcodec.container import atomic, strict_json
from nsdcodec.container.header import NetworkSpec, TrainingRecipe
from nsdcodec.errors import FileAccess, InvalidSetting, MissingData
from nsdcodec.geometry import Geometry
from nsdcodec.learning import networks, training
from nsdcodec.learning.real import RealData
from nsdcodec.randomness import seed_of, stream

DATASET = "weights"


@dataclass(frozen=True)
class ExpertSettings:
    """What makes a trajectory. MTT (Cazenavette et al., CVPR 2022): SGD at 0.01 without momentum or weight decay,
    batches of 256, DSA on; only the epochs up to the last start + the expert epochs are ever used."""

    source_sha256: str
    network: NetworkSpec
    augmentation: str
    epochs: int
    learning_rate: float = 0.01
    momentum: float = 0.0
    weight_decay: float = 0.0
    batch_size: int = 256
    seed: int = 0
    precision: str = "float32"

    @property
    def key(self) -> str:
        text = strict_json.canonical(asdict(self))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

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
        """float32 [P] after `epoch` epochs (0: initial). Reads no more of the file than that."""
        h5py = _h5py()
        try:
            with h5py.File(self._path(expert), "r") as file:
                return torch.from_numpy(file[DATASET][epoch])
        except (OSError, KeyError, IndexError, ValueError) as error:
            raise FileAccess(
                f"cannot read expert {self._path(expert)}: {error}; delete the file to make it again"
            ) from error

    def fill(
        self,
        count: int,
        geometry: Geometry,
        real: RealData,
        progress: Callable[[int, int], None] = lambda expert, epoch: None,
        images_at_once: int | None = None,
    ) -> None:
        """Makes what is missing of experts 0 to count - 1. `progress` hears of each epoch done; `images_at_once` is as
        `training.train` has it."""
        if count < 1:
            raise InvalidSetting(f"experts: {count} asked for; at least 1 is needed")
        for expert in range(count):
            if not self._path(expert).exists():
                self._make(expert, geometry, real, progress, images_at_once)

    def _make(
        self,
        expert: int,
        geometry: Geometry,
        real: RealData,
        progress: Callable[[int, int], None],
        images_at_once: int | None,
    ) -> None:
        settings = self.settings
        network = networks.build(settings.network, geometry, seed_of(settings.seed, "expert", expert)).to(real.device)
        rows = [networks.flatten(network).cpu()]
        images, labels = real.everything()

        def record(epoch: int) -> None:
            rows.append(networks.flatten(network).cpu())
            progress(expert, epoch + 1)

        training.train(
            network,
            images,
            labels,
            settings.recipe,
            stream(settings.seed, "expert", expert),
            settings.precision,
            after_epoch=record,
            decay_at_half=False,
            images_at_once=images_at_once,
        )
        self._write(expert, torch.stack(rows))

    def _write(self, expert: int, weights: Tensor) -> None:
        h5py = _h5py()
        memory = io.BytesIO()
        with h5py.File(memory, "w") as file:
            file.create_dataset(DATASET, data=weights.numpy(), chunks=(1, weights.shape[1]))
            file.attrs["settings"] = strict_json.canonical(asdict(self.settings))
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

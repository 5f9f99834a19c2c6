"""What can be set of a sitting, as environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A text each; "" where that says enough.
VARIABLES = {
    "BUDGET": ("540", "seconds in all"),
    "STAGES": ("tests step experts initial encode eval", ""),
    "DEVICE": ("cuda", ""),
    "SEED": ("0", ""),
    "SOURCE": ("cifar10", ""),
    "DATA": ("", "the folder of SOURCE.h5: where the parcels were unpacked, else NSDC_DATA"),
    "START": (str(ROOT / "benchmarks" / "checkpoints"), "of earlier sittings: SOURCE.nsd.checkpoint"),
    "WORK": (str(ROOT / "build" / "sitting"), "for the experts, and what else need not come back"),
    "RECIPE": ("gpu", "of the encode, and of its experts"),
    "BITS": ("98304", "a class, by themselves those of IPC 1 in float32"),
    "SET": ("", "settings of the encode, by their whole keys"),
    "EXPERTS": ("3", "at most; 0 for an objective that matches none"),
    "ENCODE_SECONDS": ("", "at most"),
    "NETWORKS": ("5", "of an evaluation"),
    "EPOCHS": ("", "of an evaluation, where not the recipe's"),
    "STEP_WORKS": ("160x50", "images x steps, each about 100 s"),
    "STEP_OPTIONS": ("--rows published,published-bfloat16,ours,ours-compiled", ""),
    "TESTS": ("tests/test_cuda.py", ""),
}


@dataclass(frozen=True)
class Options:
    """The texts, by name."""

    texts: dict[str, str]

    @classmethod
    def of_environment(cls) -> Options:
        texts = {name: os.environ.get(name) or value for name, (value, _) in VARIABLES.items()}
        data = ROOT / "data"
        texts["DATA"] = texts["DATA"] or (str(data) if data.is_dir() else os.environ.get("NSDC_DATA", ""))
        return cls(texts)

    def __getitem__(self, name: str) -> str:
        return self.texts[name]

    def words(self, name: str) -> list[str]:
        return self.texts[name].split()

    def path(self, name: str) -> Path:
        return Path(self.texts[name]).resolve()

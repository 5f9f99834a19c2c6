"""A checkpoint of an encode: every number that the rest of the run depends on, in one safetensors file. No pickle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from nsdcodec.errors import FileAccess, InvalidSetting
from nsdcodec.format.container import strict_json
from nsdcodec.system import atomic

METADATA_KEY = "encode"


@dataclass(frozen=True)
class Checkpoint:
    """`tensors` by name; `counters` as plain JSON; `identity` is what a run must share to go on from it."""

    tensors: dict[str, Tensor]
    counters: dict[str, Any]
    identity: dict[str, Any]

    def write(self, path: Path) -> None:
        """Whole or not at all. Raises FileAccess."""
        text = strict_json.canonical({"counters": self.counters, "identity": self.identity})
        cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in self.tensors.items()}
        atomic.write(path, safetensors.torch.save(cpu, {METADATA_KEY: text}))

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Raises FileAccess where there is none, or it is not one."""
        try:
            data = path.read_bytes()
            tensors = safetensors.torch.load(data)
            metadata = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
            document = json.loads(metadata[METADATA_KEY])
            return cls(tensors, document["counters"], document["identity"])
        except OSError as error:
            raise FileAccess(f"no checkpoint to resume: {path}: {error.strerror}; leave --resume out") from error
        except (SafetensorError, ValueError, KeyError) as error:
            raise FileAccess(f"{path} is not a checkpoint ({error}); delete it and leave --resume out") from error

    def require(self, identity: dict[str, Any], path: Path) -> None:
        """Raises InvalidSetting, naming what differs, unless the run is the one that was interrupted."""
        for name in sorted(identity.keys() | self.identity.keys()):
            if identity.get(name) != self.identity.get(name):
                raise InvalidSetting(
                    f"{path} was made with {name} {self.identity.get(name)!r}, this run has {identity.get(name)!r}; "
                    "give the same settings, or leave --resume out to start anew"
                )


def named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = prefix + "/"
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def optimizer_tensors(optimizer: torch.optim.Optimizer, parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """The optimizer's state of each parameter, as "parameter/key"."""
    return {
        f"{name}/{key}": value
        for name, parameter in parameters.items()
        for key, value in optimizer.state[parameter].items()
        if isinstance(value, Tensor)
    }


def load_optimizer(optimizer: torch.optim.Optimizer, parameters: dict[str, Tensor], tensors: dict[str, Tensor]) -> None:
    for name, parameter in parameters.items():
        for key, value in below(name, tensors).items():
            # Adam counts its steps on the CPU, whatever the device.
            optimizer.state[parameter][key] = value if key == "step" else value.to(parameter.device)

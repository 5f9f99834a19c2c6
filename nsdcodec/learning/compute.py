"""How work is computed: the device, the precision, the memory, and whether kernels are compiled."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import torch

from nsdcodec.errors import InvalidSetting
from nsdcodec.system.instructions import multiplies_bfloat16

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Compute:
    """How, not what: results differ by rounding alone.

    `precision` is that of convolutions and linear layers: float32 (on CUDA as TF32 within `tf32`), or bfloat16 with
    weights in float32. `memory` in bytes bounds the process on a CPU, and what is taken of the device elsewhere; None
    is most of what is free. `compile` is whether what networks do is compiled; None: where that saves minutes and a
    compiler is there. `images_at_once` is how many images go through a network together, with what
    backward needs of them, which a plan of the memory decides (`memory_plan`); None is all. `networks_at_once` is how
    many networks are trained at once; None: as `stacked.at_once` chooses. Raises InvalidSetting.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    precision: Precision = "float32"
    memory: int | None = None
    compile: bool | None = None
    images_at_once: int | None = None
    networks_at_once: int | None = None

    def __post_init__(self) -> None:
        if self.precision not in get_args(Precision):
            raise InvalidSetting(f"precision is {self.precision!r}; it can be {' or '.join(get_args(Precision))}")
        if self.networks_at_once is not None and self.networks_at_once < 1:
            raise InvalidSetting(f"{self.networks_at_once} networks together; at least 1 is needed")

    def at_once(self, images: int | None) -> Compute:
        """The same with so many images together."""
        return replace(self, images_at_once=images)

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """bfloat16 in convolutions and linear layers, weights float32; or nothing."""
        if self.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    @contextlib.contextmanager
    def tf32(self) -> Iterator[None]:
        """Within it, float32 products and convolutions on CUDA are taken in TF32, with 10 bits after the point; on a
        CPU nothing changes."""
        if self.device.type != "cuda":
            yield
            return
        before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before[0])
            torch.backends.cudnn.allow_tf32 = before[1]


def pick_device(name: str) -> torch.device:
    """ "auto" is CUDA where there is a device, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def pick_precision(name: str, device: torch.device) -> Precision:
    """ "auto" is bfloat16 on a CPU that multiplies it faster than float32, else float32: on CUDA with products in TF32,
    which costs the gradient of a student less than bfloat16 does. Raises InvalidSetting."""
    if name == "auto":
        return "bfloat16" if device.type == "cpu" and multiplies_bfloat16() else "float32"
    for precision in get_args(Precision):
        if name == precision:
            return precision  # type: ignore[no-any-return]
    raise InvalidSetting(f"--precision {name}: it can be auto, {', '.join(get_args(Precision))}")

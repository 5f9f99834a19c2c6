"""What this machine reaches: the speed of a large product and of memory, in a process of its own. After `floor`."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from step_bench.floor import BYTES, Hardware

# Rows of the square matrices, and values of each vector: far more than caches hold.
ROWS = {"cpu": 2048, "cuda": 8192}
VALUES = {"cpu": 1 << 25, "cuda": 1 << 28}


def hardware(device_name: str, seconds: float) -> Callable[[], Hardware]:
    """A function that measures each speed for so many seconds, of which the best counts."""
    device = torch.device(device_name)

    def measure() -> Hardware:
        flops = {precision: _product(device, precision, seconds) for precision in BYTES}
        return Hardware(flops, _triad(device, seconds))

    return measure


def _product(device: torch.device, precision: str, seconds: float) -> float:
    """Operations a second."""
    # As convolutions are computed, which by default use TF32 where products do not.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    rows = ROWS[device.type]
    left, right = (torch.rand(rows, rows, device=device).to(getattr(torch, precision)) for _ in range(2))
    out = torch.empty_like(left)
    return 2 * rows**3 / _best(device, seconds, lambda: torch.mm(left, right, out=out))


def _triad(device: torch.device, seconds: float) -> float:
    """Bytes a second of a = b + s c: two read and one written."""
    a, b, c = (torch.ones(VALUES[device.type], device=device) for _ in range(3))
    return 3 * a.numel() * a.element_size() / _best(device, seconds, lambda: torch.add(b, c, alpha=3.0, out=a))


def _best(device: torch.device, seconds: float, run: Callable[[], Tensor]) -> float:
    """The fewest seconds of a run, after one that is dropped; two at least."""
    found: list[float] = []
    while len(found) < 3 or sum(found) < seconds:
        started = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        found.append(time.perf_counter() - started)
    return min(found[1:])

"""Weights of experts at some of their epochs, in float16: what comes back of trajectories too large to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import safetensors.torch
import torch

from nsdcodec.system import atomic

MOST_BYTES = 15_000_000


def write_snapshots(experts: Path, path: Path, most: int = MOST_BYTES) -> dict[str, Any]:
    """Tensors "EXPERT/EPOCH" float16 [P], flat as `networks.flatten` has them, as many as `most` bytes hold, spread
    over experts and epochs alike; not the initial weights, which their seeds tell. The metadata `settings` is that of
    the experts. Returns what was written. Raises OSError, ValueError."""
    files = sorted(experts.glob("*.h5"))
    if not files:
        raise ValueError(f"{experts} has no expert")
    with h5py.File(files[0]) as file:
        rows = [row for row, epoch in enumerate(file.attrs["epochs"]) if epoch > 0]
        size, settings = file["weights"].shape[1], file.attrs["settings"]
    # By epochs first: each step along the list is another expert.
    pairs = [(name, row) for row in rows for name in files]
    count = min(len(pairs), most // (2 * size))
    tensors = {}
    for name, row in (pairs[number * len(pairs) // count] for number in range(count)):
        with h5py.File(name) as file:
            weights = torch.from_numpy(file["weights"][row]).half()
            tensors[f"{name.stem}/{file.attrs['epochs'][row]}"] = weights
    atomic.write(path, safetensors.torch.save(tensors, {"settings": str(settings)}))
    return {"snapshots": len(tensors), "weights": size, "bytes": path.stat().st_size}

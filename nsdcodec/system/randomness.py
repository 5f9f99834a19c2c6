"""Random streams by name: a generator for (seed, purpose, iteration), so a resumed run draws what it would have."""

from __future__ import annotations

import hashlib

import torch


def seed_of(seed: int, *path: str | int) -> int:
    """A 63-bit seed that depends on every part of the path."""
    digest = hashlib.sha256("/".join(map(str, (seed, *path))).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def stream(seed: int, *path: str | int) -> torch.Generator:
    """A generator on the CPU for this path. What is drawn is small, and so it is the same for every device."""
    return torch.Generator().manual_seed(seed_of(seed, *path))

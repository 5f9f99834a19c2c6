"""What the processor of this machine can do by itself."""

from __future__ import annotations

from pathlib import Path

import torch

LINUX = Path("/proc/cpuinfo")


def multiplies_bfloat16() -> bool:
    """Whether the CPU has products of bfloat16 (AVX512_BF16), and so takes half the time for them that it takes in
    float32. PyTorch says so from 2.11 on; before that Linux does, and elsewhere it counts as not."""
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        return bool(capabilities().get("avx512_bf16", False))
    return LINUX.exists() and "avx512_bf16" in LINUX.read_text().split()

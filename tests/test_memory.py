"""Freed memory stays with the process, so that a step does not fault its pages in again."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from nsdcodec.system.malloc import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
# Larger than the largest size from which the C library may come to keep what is freed by itself, 32 MB.
for _ in range(30):  # until the heap has found its size
    torch.ones(10 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(10 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.release
@pytest.mark.skipif(
    not (sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "mallopt")),
    reason="the C library is not glibc",
)
def test_a_block_freed_and_asked_for_again_costs_no_page_faults():
    faults = {
        mode: int(
            subprocess.run([sys.executable, "-c", FAULTS, mode], capture_output=True, check=True, text=True).stdout
        )
        for mode in ("keep", "default")
    }
    assert faults["keep"] < faults["default"] / 10

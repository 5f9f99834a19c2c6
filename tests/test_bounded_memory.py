"""Memory: what a file makes a reader hold is what it declares and the limits allow, and 64 MB besides."""

from __future__ import annotations

import os

import pytest
from builders import fresh_python

MEGABYTE = 1 << 20

# Sets a limit on the address space, so many megabytes above what the imports took, before the code that follows.
LIMITED = """
import resource, sys
def limit(megabytes):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, resource.RLIM_INFINITY))
"""
pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux")

# A file of one layout that was never packed: name, geometry, synthesis, shapes.
CHECKED = (
    LIMITED
    + """
import numpy as np, torch
from builders import floats, header_for
from nsdcodec.container.file import NSDFile
from nsdcodec.geometry import Geometry
from nsdcodec.layout import Layout, Synthesis
from nsdcodec.synthesis import check_finite
torch.set_num_threads(1)
layout = {}
arrays = {{role: np.zeros(spec.shape, np.float32) for role, spec in layout.arrays.items()}}
check_finite(NSDFile(header_for(Layout(Geometry(1, 1, 1, 1), Synthesis(), {{"spectrum": floats(1, 1, 1, 1, 1)}})),
                     {{"spectrum": np.zeros((1, 1, 1, 1, 1), np.float32)}}, "", 0, {{}}))
limit({})
check_finite(NSDFile(header_for(layout), arrays, "", 0, {{}}))
print("checked")
"""
)


@pytest.mark.parametrize(
    "layout",
    [
        # Eight images of 64 MB of 2^24 values: 512 MB at once.
        """Layout(Geometry(1, 1, 4096, 4096), Synthesis(height="bilinear", width="bilinear"),
                  {"spectrum": floats(1, 8, 1, 1, 1)})""",
        # 128 images of one value each, whose spectra and kernels copied for each take 608 MB.
        """Layout(Geometry(1, 1, 1, 1), Synthesis(batch="stored"),
                  {"spectrum": floats(2, 1 << 17, 1, 1, 1), "batch_kernel": floats(8, 1 << 17, 8)})""",
    ],
    ids=["large images", "many coefficients"],
)
def test_finite_values_are_checked_in_bounded_memory(layout):
    run = fresh_python(CHECKED.format(layout, 320))
    assert run.stdout == "checked\n", run.stderr[-500:]

"""Seconds of one distribution matching step as the CPU recipe takes it at 32 x 32 colour, on random images.

    dm_step.py [--keep] [--torch-pool]

--keep: with `keep_freed_memory`, as the commands do. --torch-pool: with PyTorch's own mean pooling. Prints the median
of 20 steps after 3, and the page faults of the last one.
"""

import resource
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import nn

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.objectives.base import Context
from nsdcodec.encoding.parameterizations.base import RealImages
from nsdcodec.encoding.recipes import CPU
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import Normalization
from nsdcodec.learning import networks
from nsdcodec.learning.compute import Compute, pick_precision
from nsdcodec.learning.real import RealData
from nsdcodec.sources.base import Split
from nsdcodec.system.malloc import keep_freed_memory
from nsdcodec.system.randomness import stream

if "--keep" in sys.argv:
    keep_freed_memory()
if "--torch-pool" in sys.argv:
    networks.MeanPool = lambda: nn.AvgPool2d(2)  # type: ignore[misc, assignment]
geometry, device = Geometry(10, 3, 32, 32), torch.device("cpu")
pixels = torch.randint(256, (5000, 3, 32, 32), dtype=torch.uint8, generator=stream(0))
normalization = Normalization((0.5,) * 3, (0.25,) * 3)
real = RealData(Split(pixels, torch.arange(5000) % 10), 10, normalization, device)
precision = pick_precision("auto", device)
context = Context(
    geometry, real, "", CPU.network, CPU.training.augmentation, 0, Compute(device, precision), Path("unused")
)
layout = CPU.parameterization.layout(geometry, Budget.of(geometry, 1))
drawn = RealImages(lambda labels: real.of_labels(labels, stream(1)), real.of_class)
start = CPU.parameterization.initial(layout, drawn, stream(2))
arrays = {role: values.requires_grad_() for role, values in start.items()}
labels = synthesis.labels(layout, {})
state = CPU.objective.prepare(context)
seconds = []
for iteration in range(23):
    began, faults = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    loss = CPU.objective.loss(state, synthesis.images(layout, arrays), labels, iteration).loss
    loss.backward(inputs=list(arrays.values()))
    seconds.append(time.perf_counter() - began)
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
what = " ".join(sys.argv[1:]) or "as it is"
print(f"{what:22} {precision}: {statistics.median(seconds[3:]):.3f} s, {faults:,} page faults")

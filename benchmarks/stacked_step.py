"""Milliseconds of a training step for each of 8 networks, one after another and at once, on random images.

    stacked_step.py [DEVICE]

On a CPU processor time and a batch of 32, on another device the clock and the batch of 256 of experts. The lower of two
runs of 4 steps (20) after one that is not counted.
"""

import sys
import time

import torch

from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec, Normalization, TrainingRecipe
from nsdcodec.learning import networks, training
from nsdcodec.learning.compute import Compute, pick_precision
from nsdcodec.learning.real import RealData
from nsdcodec.sources.base import Split
from nsdcodec.system.malloc import keep_freed_memory
from nsdcodec.system.randomness import stream

keep_freed_memory()
device, networks_count = torch.device(sys.argv[1] if len(sys.argv) > 1 else "cpu"), 8
on_cpu = device.type == "cpu"
clock = time.process_time if on_cpu else time.perf_counter


def milliseconds(
    spec: NetworkSpec, geometry: Geometry, batch: int, steps: int, compute: Compute, together: int
) -> float:
    """Of a network and step."""
    size = (batch * steps, geometry.channels, geometry.height, geometry.width)
    pixels = torch.randint(256, size, dtype=torch.uint8, generator=stream(0))
    split = Split(pixels, torch.arange(len(pixels)) % geometry.classes)
    real = RealData(split, geometry.classes, Normalization((0.5,) * 3, (0.25,) * 3), device)
    recipe = TrainingRecipe(0.01, 0.0, 0.0, batch, 1, "color_crop_cutout_flip_scale_rotate", spec)
    models = [networks.build(spec, geometry, seed).to(device) for seed in range(networks_count)]
    seconds = []
    for _ in range(3):
        began = clock()
        for start in range(0, networks_count, together):
            group = models[start : start + together]
            training.train_on(group, real, recipe, [stream(seed) for seed in range(len(group))], compute)
        if not on_cpu:
            torch.cuda.synchronize(device)
        seconds.append(clock() - began)
    return 1000 * min(seconds[1:]) / steps / networks_count


field, small = Geometry(10, 3, 32, 32), Geometry(10, 3, 8, 8)
usual, steps = (32, 4) if on_cpu else (256, 20)
for spec, geometry, batch in (
    (NetworkSpec("convnet", 3, 128), field, usual),
    (NetworkSpec("convnet", 3, 16), field, usual),
    (NetworkSpec("convnet", 2, 16), small, 10),
):
    for precision in ("float32", "bfloat16"):
        compute = Compute(device, pick_precision(precision, device))
        alone, at_once = (milliseconds(spec, geometry, batch, steps, compute, n) for n in (1, networks_count))
        what = f"{spec.depth} x {spec.width}, {geometry.height} px, batch {batch}, {precision}"
        print(f"{what:40} {alone:8.2f} alone {at_once:8.2f} at once: {alone / at_once:.2f} times as fast", flush=True)

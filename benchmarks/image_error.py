"""How far are nsd's images from the real ones that they begin as, in files of as many bytes?

python benchmarks/image_error.py SOURCE BITS_PER_CLASS IMAGES_PER_CLASS --slices 100,140,180 [--dtype int6] [--size 16]

For each number of slices, rounds the initial arrays so that the file fills the budget: by steps that share the error of
the images (`nsdcodec.encoding.rounding`), and by steps that are a share of the largest value of their slice. Prints the
bits that an integer takes and the mean square of the error, as a share of the images' own.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from unittest.mock import patch

import torch
from nsdcodec_cli import options
from torch import Tensor

from nsdcodec.encoding import fitting, rounding
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.encoder import Task
from nsdcodec.encoding.initial_images import real_images
from nsdcodec.encoding.layout_plan import Trials
from nsdcodec.encoding.parameterizations.base import RealImages, initial_arrays
from nsdcodec.encoding.recipes import settings_for
from nsdcodec.format import synthesis
from nsdcodec.learning.compute import Compute
from nsdcodec.system.randomness import stream


def task_of(arguments: argparse.Namespace, slices: int) -> Task:
    source = options.source(arguments.source, None)
    changes = (
        *(f"parameterization.{key}={getattr(arguments, key)}" for key in ("dtype", "size", "images_per_class")),
        f"parameterization.slices={slices}",
    )
    settings = settings_for(source, "cpu-hours", changes=changes)
    return Task(source, settings, Budget.of(source.geometry, None, arguments.bits_per_class), arguments.seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("bits_per_class", type=float)
    parser.add_argument("images_per_class", type=int)
    parser.add_argument("--slices", default="100,140,180")
    parser.add_argument("--dtype", default="int6")
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| slices | rule | bits an integer | error |\n| --- | --- | --- | --- |")
    for slices in map(int, arguments.slices.split(",")):
        task = task_of(arguments, slices)
        # Of more bytes than the budget has packed: what zstd saves pays for them.
        roomy = Budget(file_bytes=100 * (task.budget.file_bytes or 0))
        layout = task.settings.parameterization.layout(task.source.geometry, roomy)
        trials = Trials(task, Compute())
        generator = stream(task.seed, "initial")
        real, drawn = real_images(trials.settings, layout, trials.context, generator), list[Tensor]()

        def draw(labels: Tensor, real: RealImages = real, drawn: list[Tensor] = drawn) -> Tensor:
            drawn.append(real.draw(labels).cpu())
            return drawn[-1]

        arrays = initial_arrays(task.settings.parameterization, layout, replace(real, draw=draw), generator)
        (images,) = drawn
        for name, rule in (("shared error", rounding.shares_error), ("largest value", lambda layout: False)):
            with patch.object(fitting, "shares_error", rule), patch.object(rounding, "shares_error", rule):
                coarseness = fitting.fitted(task, Compute(), layout, arrays, 1.0)
                near = synthesis.images(layout, rounding.rounded(arrays, layout, coarseness))
            error = float(torch.mean((near - images).square()) / torch.mean(images.square()))
            bits = 8 * (task.budget.file_bytes or 0) / layout.elements
            print(f"| {slices} | {name} | {bits:.2f} | {100 * error:.1f} % |", flush=True)


if __name__ == "__main__":
    main()

"""What compiling saves of the passes of a ConvNet3 that `dm`, `tgdd`, experts and evaluation are made of.

python benchmarks/passes.py [--widths 64,128] [--rounds 5]

Processor milliseconds an image of 32 x 32 pixels, plain and compiled in turn, medians over the rounds: a forward pass,
one with the gradient of the images, one with that of the weights. On one thread.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning import networks, passes
from nsdcodec.learning.base import Network
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.derivatives.compiled import kernels

IMAGES = 256


def uses(network: Network, compute: Compute) -> dict[str, Callable[[], object]]:
    images = torch.randn(IMAGES, 3, 32, 32)

    def loss(given: torch.Tensor) -> torch.Tensor:
        with compute.autocast():
            return passes.embeddings(network, given).float().square().sum()

    def forward() -> None:
        with torch.no_grad():
            loss(images)

    def of_images() -> None:
        network.requires_grad_(False)
        loss(images.clone().requires_grad_()).backward()

    def of_weights() -> None:
        network.requires_grad_(True)
        loss(images).backward()

    return {"forward": forward, "gradient of the images": of_images, "gradient of the weights": of_weights}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", default="64,128")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("| width | precision | pass | plain | compiled | ratio | first compiled call |\n" + "| --- " * 7 + "|")
    for width in map(int, arguments.widths.split(",")):
        for precision in ("float32", "bfloat16"):
            passes.forget()
            network = networks.build(NetworkSpec(width=width), Geometry(10, 3, 32, 32), 0)
            for name, use in uses(network, Compute(precision=precision)).items():
                seconds: dict[bool, list[float]] = {False: [], True: []}
                first = 0.0
                for round_ in range(arguments.rounds + 1):
                    for compiled in (False, True):
                        with kernels(compiled):
                            started, taken = time.monotonic(), time.process_time()
                            use()
                        if round_:
                            seconds[compiled].append(time.process_time() - taken)
                        elif compiled:
                            first = time.monotonic() - started
                plain, quick = (1000 / IMAGES * statistics.median(seconds[compiled]) for compiled in (False, True))
                print(
                    f"| {width} | {precision} | {name} | {plain:.2f} ms | {quick:.2f} ms | {quick / plain:.2f} "
                    f"| {first:.0f} s |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
